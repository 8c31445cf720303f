"""Strangers at each other's houses, and what alterations do to photos."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image
from rich.progress import Progress

from bench.alterations import ALTERATIONS
from bench.covers import COVERS
from bench.impostors import Looked, Tally, main, measure, tally
from bench.prints import SHARES, PrintRow, measure_prints
from bench.shots import read_shots
from wsgi_app.base.steps import Steps
from wsgi_app.vision.decode import Picture
from wsgi_app.vision.embed import Embedding
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.verdicts import Policy

Photo = Callable[[str], bytes]

POLICY = Policy(threshold=0.53, margin=0.05)

# What no house may have enrolled: it would be like what others look like in the same way.
REFUSED = (
    *(f"lying, {quarters} quarters" for quarters in (1, 2, 3)),
    "stretched, 1.8 times as wide",
    *(f"cut off {side}, 40%" for side in ("left", "right", "top", "bottom")),
    *(f"{half} half grey" for half in ("left", "right", "upper", "lower")),
    "mask",
    "white mask",
    "dark glasses",
    "hand over the mouth",
    *(f"{name}, {cover}" for name in ("mask", "glasses") for cover in COVERS),
    "blurred, 4% of the face",
    "moved, 20% of the face",
    "coarse, 12 px",
    "dark, 0.2",
    "near, 16:9, 150%",
)


def vector(*numbers: float) -> Embedding:
    array = np.array(numbers, np.float32)
    return np.asarray(array / np.linalg.norm(array), np.float32)


def looked(person: str, probe: Embedding | None, enrolled: Embedding | None) -> Looked:
    return Looked(person, probe, unclear=False, enrolled=enrolled)


def test_a_stranger_is_tried_at_every_house_and_a_friend_at_their_own() -> None:
    ana, again, bruno = vector(1, 0), vector(1, 0.1), vector(0, 1)
    gallery = [looked("ana", ana, ana), looked("ana", again, again), looked("bruno", bruno, bruno)]
    probes = [looked("ana", bruno, None), looked("ana", None, None), looked("bruno", bruno, None)]

    assert tally(probes, gallery, Policy(0.9, 0.0), same=False) == Tally(attempts=3, let_in=1)
    assert tally(gallery, gallery, Policy(0.9, 0.0), same=True) == Tally(attempts=2, let_in=2)


def pixels_of(photo: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(photo)).convert("RGB"))


@pytest.mark.parametrize("name", ALTERATIONS)
def test_every_alteration_makes_another_photo(
    name: str, pipeline: Pipeline, photo: Photo, steps: Steps
) -> None:
    pixels = pixels_of(photo("ana-1"))
    face = pipeline.detect(Picture(pixels, 960, 540), steps)[0]
    before = pixels.copy()

    altered = ALTERATIONS[name](pixels, face)

    assert (str(altered.dtype), altered.ndim) == ("uint8", 3)
    assert np.array_equal(pixels, before)
    assert np.array_equal(altered, pixels) is (name == "as it is")


def test_the_command_prints_a_row_for_each_alteration_and_the_sum(
    tmp_path: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ana", "bruno", "chen"):
        folder = tmp_path / name
        folder.mkdir()
        for number in (1, 2):
            (folder / f"{number}.jpg").write_bytes(photo(f"{name}-{number}"))
    (tmp_path / "ana" / "empty.jpg").write_bytes(photo("nobody-1"))
    few = {name: ALTERATIONS[name] for name in ("as it is", "mask")}
    monkeypatch.setattr("bench.impostors.ALTERATIONS", few)

    done = CliRunner().invoke(main, [str(tmp_path), "--people", "2", "--threshold", "0.5"])

    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert done.exit_code == 0
    assert [line for line in lines if line.startswith(("as it is", "mask", "2 ", "0 of"))] == [
        "as it is 100% 100% 0 of 4 0 of 4 0 of 4 4 of 4",
        "mask 100% 0% 0 of 4 - - 2 of 4",
        "2 0 of 2 2",
        "0 of 28 attempts of strangers succeeded.",
    ]


def test_strangers_stay_out_whatever_is_wrong_with_a_photo(
    pipeline: Pipeline, tmp_path: Path, photo: Photo
) -> None:
    for name in ("ana-1", "ana-2", "bruno-1", "bruno-2", "chen-1", "chen-2"):
        (tmp_path / f"{name}.jpg").write_bytes(photo(name))
    progress = Progress(disable=True)
    shots = list(read_shots(pipeline, tmp_path, None, progress))
    assert len(shots) == 6

    rows = {row.name: row for row in measure(pipeline, shots, Policy(0.53, 0.0), progress)}

    let_in = {name: (row.probed.let_in, row.gallery.let_in) for name, row in rows.items()}
    assert let_in == dict.fromkeys(ALTERATIONS, (0, 0))
    assert {name: rows[name].enrolled for name in REFUSED} == dict.fromkeys(REFUSED, 0)


def test_a_friends_print_beside_ones_own_face_opens_nothing_whatever_its_size(
    pipeline: Pipeline, tmp_path: Path, photo: Photo
) -> None:
    for name in ("ana-1", "ana-2", "bruno-1", "bruno-2", "chen-1", "chen-2"):
        (tmp_path / f"{name}.jpg").write_bytes(photo(name))
    progress = Progress(disable=True)

    rows = list(
        measure_prints(pipeline, list(read_shots(pipeline, tmp_path, None, progress)), POLICY, progress)
    )

    assert rows == [PrintRow(share, attempts=6, let_in=0, several=6) for share in SHARES]
