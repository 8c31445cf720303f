"""Another embedder to change to, and very many people who live in a house: both made of what is there."""

import os
import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import chain, islice
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from PIL import Image

from tests.galleries import SHARP
from tests.owners import renamed_pack
from wsgi_app.base.steps import Steps
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.packs import pack_in, sha256_of
from wsgi_app.vision.pipeline import Pipeline

PHOTOS = Path(__file__).parent / "photos"
TURNED = "turned"
TURNED_SIZE = 256
STRICTER = 0.01  # how much higher a turned pack's thresholds are
PHOTOS_EACH = 2

# Who lives in the house, and who does not: nobody is made of a stranger's photos.
FRIENDS = ("ana", "bruno", "chen", "dana", "goro", "hana")
STRANGERS = ("fatima", "ivo", "jun")

Crop = NDArray[np.uint8]


def turned_pack(source: Path, folder: Path) -> Path:
    """A pack of its own name, made of another one; see ``turn``."""
    turn(renamed_pack(source, folder, TURNED))
    return folder


def turn(folder: Path) -> None:
    """Let the embedder of a pack give more numbers, which find people just as alike.

    Its file has another sha256 then, and what it gives can be compared with nothing that it gave before.
    """
    embedder = pack_in(folder).embedder
    file, description = folder / embedder.file, folder / "models.toml"
    model = onnx.load(file)
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(TURNED_SIZE, embedder.embedding_size)))[0].T
    model.graph.initializer.append(numpy_helper.from_array(turned.astype(np.float32), "turn"))
    model.graph.node.append(helper.make_node("MatMul", [model.graph.output[0].name, "turn"], ["turned"]))
    model.graph.output[0].CopyFrom(
        helper.make_tensor_value_info("turned", onnx.TensorProto.FLOAT, [1, TURNED_SIZE])
    )
    file.write_bytes(model.SerializeToString())
    text = description.read_text(encoding="utf-8")
    for before, after in (
        (embedder.sha256, sha256_of(file)),
        (f"size_bytes = {embedder.size_bytes}\n", f"size_bytes = {file.stat().st_size}\n"),
        (f"embedding_size = {embedder.embedding_size}\n", f"embedding_size = {TURNED_SIZE}\n"),
    ):
        text = text.replace(before, after, 1)
    text = re.sub(r"(?<=\{ score = )[0-9.]+", lambda found: f"{float(found[0]) + STRICTER:.3f}", text)
    description.write_text(text, encoding="utf-8")


def fill(stores: Stores, pipeline: Pipeline, people: int, steps: Steps) -> None:
    """Let the friends live in a house, and as many others as make it so many people.

    Each has two photos, as a pack sees them. Nothing waits for the disk, for no test cuts the power.
    """
    friends = [
        [_crop_of(pipeline, f"{name}-{number}", steps) for number in range(1, PHOTOS_EACH + 1)]
        for name in FRIENDS
    ]
    names = chain((name.title() for name in FRIENDS), (f"Resident {number}" for number in range(people)))
    everybody = zip(names, chain(friends, _crowd(friends)), strict=False)
    with patch.object(os, "fsync"), stores.database.write():
        for name, crops in islice(everybody, people):
            person = stores.people.add(name)
            for crop in crops:
                seen = Embedding(pipeline.pack.embedder.key, pipeline.embed(crop, steps))
                stores.faces.add(person.id, _png(crop), SHARP, seen)


def _crop_of(pipeline: Pipeline, name: str, steps: Steps) -> Crop:
    """The aligned face of a test photo."""
    picture = pipeline.decode((PHOTOS / f"{name}.jpg").read_bytes(), steps)
    (face,) = pipeline.detect(picture, steps)
    return pipeline.sight(picture, face, steps).crop


def _crowd(sources: Sequence[Sequence[Crop]]) -> Iterator[list[Crop]]:
    """People without end, each with as many crops as these have.

    Each is two of these mixed, in a tone of their own and bent, so that an embedder takes nobody for another.
    """
    random = np.random.default_rng(1)
    side = sources[0][0].shape[0]
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1)
    while True:
        one, other = random.choice(len(sources), 2, replace=False)
        share, tone = random.uniform(0.35, 0.65), random.uniform(0.7, 1.3, 3)
        bend = cv2.resize(random.normal(size=(4, 4, 2)), (side, side), interpolation=cv2.INTER_CUBIC) * 7
        column, row = cv2.split((places + bend).astype(np.float32))
        crops = []
        for first, second in zip(sources[one], sources[other], strict=True):
            mixed = np.clip((share * first + (1 - share) * second) * tone, 0, 255)
            bent = cv2.remap(mixed, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            crops.append(bent.astype(np.uint8))
        yield crops


def _png(crop: Crop) -> bytes:
    """A crop as it is kept, written faster."""
    file = BytesIO()
    Image.fromarray(crop).save(file, "PNG", compress_level=1)
    return file.getvalue()
