"""Photos of people, one face on each, to be tried at doors."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from wsgi_app.base.errors import RequestError
from wsgi_app.base.steps import Steps
from wsgi_app.vision.detect import Face
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.standards import ENROLMENT

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True, eq=False)
class Shot:
    """One photo of somebody, and the face on it."""

    person: str
    pixels: NDArray[np.uint8]
    face: Face


def read_shots(pipeline: Pipeline, folder: Path, people: int | None, progress: Progress) -> Iterator[Shot]:
    """The photos of a folder that show exactly one good face: in folders by name, or as NAME-NUMBER."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    names = {path: _name_of(path, folder) for path in files}
    chosen = set(sorted(set(names.values()))[:people])
    steps = Steps(lambda: 0.0)
    for path in progress.track([path for path in files if names[path] in chosen], description="photos"):
        try:
            picture = pipeline.decode(path.read_bytes(), steps)
            pipeline.single_face(path.read_bytes(), ENROLMENT, steps)
        except RequestError:
            continue
        yield Shot(names[path], picture.pixels, pipeline.detect(picture, steps)[0])


def _name_of(path: Path, folder: Path) -> str:
    return path.stem.rpartition("-")[0] if path.parent == folder else path.parent.name
