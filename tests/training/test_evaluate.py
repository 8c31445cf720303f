import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from io import BytesIO
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from tests.networks import nose_onnx
from tests.training.material import (
    Pixels,
    faces_to_learn_from,
    nothing_in,
    plain,
    scene,
    write_faces,
    write_material,
    write_pairs,
    write_scenes,
)
from training import evaluate
from training.evaluate import MeasuredPack, main
from training.scenes import Scene
from wsgi_app.vision.align import TEMPLATE, similarity
from wsgi_app.vision.detect import Face, find_faces
from wsgi_app.vision.engines import load_network
from wsgi_app.vision.packs import NoseNetworkFile, Pack, pack_in, sha256_of

Photo = Callable[[str], bytes]

FAMILIES = {"F1-MID1": "ana", "F1-MID2": "bruno", "F2-MID1": "chen", "F3-MID1": "dana"}


@pytest.fixture(autouse=True)
def _timed_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "TIMED_RUNS", 2)


def pixels_of(photo: bytes) -> Pixels:
    small = cv2.resize(np.asarray(Image.open(BytesIO(photo))), (480, 270), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


@pytest.fixture(scope="session")
def found(pack_folder: Path, photo: Photo) -> dict[str, tuple[Pixels, Face]]:
    """Photos, and the one face that the pack finds in each."""
    file = pack_in(pack_folder).detector
    network = load_network(pack_folder / file.file)
    answers = {}
    for name in (f"{person}-{shot}" for person in FAMILIES.values() for shot in (1, 2)):
        pixels = pixels_of(photo(name))
        (face,) = find_faces(network, pixels, file)
        answers[name] = (pixels, face)
    return answers


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, found: dict[str, tuple[Pixels, Face]]) -> Path:
    """Held-out scenes and pairs of the test photos, whose truth is what the pack finds in them."""
    folder = tmp_path_factory.mktemp("data")
    scenes = [nothing_in(32, 32)] * 31
    scenes[0], scenes[10] = (scene_of(*found[name]) for name in ("ana-1", "chen-2"))
    write_scenes(folder, scenes)
    crops = {
        f"{person}/0000{shot}.jpg": crop_of(*found[f"{name}-{shot}"])
        for person, name in FAMILIES.items()
        for shot in (1, 2)
    }
    kinds = [(one, other, kind_of(one, other)) for one, other in combinations(sorted(crops), 2)]
    write_pairs(folder, crops, kinds)
    write_faces(folder, faces_to_learn_from(), ["Ana", "Ana", "Bruno", ""])
    return folder


def scene_of(pixels: Pixels, face: Face) -> Scene:
    return Scene(
        pixels,
        np.array([face.box], np.float32),
        np.array([face.landmarks], np.float32),
        np.array([False]),
    )


def crop_of(pixels: Pixels, face: Face) -> Pixels:
    matrix = similarity(np.array(face.landmarks), TEMPLATE + 8)
    return np.asarray(cv2.warpAffine(pixels, matrix, (128, 128)), np.uint8)


def kind_of(one: str, other: str) -> str:
    if one[:7] == other[:7]:
        return "genuine"
    return "relative" if one[:2] == other[:2] else "stranger"


def measured(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env={"COLUMNS": "200"})


def rows(output: str) -> dict[str, str]:
    """The tables' first column, and what stands beside it."""
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in output.splitlines() if "│" in line]
    return {first: " | ".join(rest) for first, *rest in cells}


@pytest.fixture(scope="session")
def tested(pack_folder: Path) -> Pack:
    """The pack to test with, without its nose network if it has one."""
    return replace(pack_in(pack_folder), name="tested", nose=None)


@pytest.fixture
def pack(tested: Pack, pack_folder: Path, tmp_path: Path) -> Path:
    """Its folder."""
    return written(tested, pack_folder, tmp_path / "tested")


@pytest.fixture
def own_pack(tested: Pack, pack_folder: Path, tmp_path: Path) -> Path:
    """The same pack as somebody's own, with a nose network that points at the mean colour."""
    nose = nose_onnx(tmp_path / "nose.onnx")
    described = NoseNetworkFile(
        file=nose.name,
        sha256=sha256_of(nose),
        size_bytes=nose.stat().st_size,
        licence="MIT",
        source="a test",
        input_px=112,
        channels="rgb",
    )
    detector = replace(tested.detector, score_threshold=0.5)
    folder = written(
        replace(tested, name="own", detector=detector, nose=described), pack_folder, tmp_path / "own"
    )
    nose.rename(folder / nose.name)
    return folder


def written(pack: Pack, networks: Path, folder: Path) -> Path:
    """A folder that holds a pack with its own ``models.toml``."""
    folder.mkdir(parents=True)
    tables = [f"[packs.{pack.name}]", 'summary = "for a test"']
    for kind, network in (("detector", pack.detector), ("embedder", pack.embedder), ("nose", pack.nose)):
        if network is None:
            continue
        tables.append(f"[packs.{pack.name}.{kind}]")
        for key, value in asdict(network).items():
            if key == "strangers":
                continue
            form = '[{ score = 0.5, measured_on = "nothing" }]' if key == "thresholds" else json.dumps(value)
            tables.append(f"{key} = {form}")
        if kind != "nose":
            shutil.copy(networks / network.file, folder / network.file)
    (folder / "models.toml").write_text("\n".join(tables), encoding="utf-8")
    return folder


def test_a_pack_is_measured_on_held_out_scenes_and_pairs(pack: Path, tested: Pack, data: Path) -> None:
    result = measured(pack, "--data", data)

    assert (result.exit_code, result.exception) == (0, None), result.output
    for title in ("Detector, 4 held-out scenes", "Embedder, 28 held-out pairs", "Nose, ", "One core"):
        assert title in result.output
    found = rows(result.output)
    score = f"recall, precision at score {tested.detector.score_threshold:g}"
    expected = {
        "recall over 40 px at precision 0.95": "1.000",
        f"80 to 160 px: {score}": "1.000, 1.000",
        f"24 to 40 px: {score}": "nan, nan",
        "strangers: accuracy": "1.000",
        "strangers: TAR at FAR 0.1": "too few pairs",
        "pairs of strangers, of one person": "20, 4",
        "FAR 0.01: threshold": "too few pairs",
        "pictures, nose found in": "2, 2",
    }
    assert {name: found[name] for name in expected} == expected
    assert float(found["landmark error over 40 px, in eye distances"]) < 0.05
    assert float(found["90 of 100 are below"]) < 0.5
    milliseconds = {name: float(value) for name, value in found.items() if name.endswith(", ms")}
    assert sorted(name[:8] for name in milliseconds) == ["detector", "embedder"]
    assert min(milliseconds.values()) > 0


def test_a_folder_of_photos_is_measured_with_the_faces_that_the_pack_finds(
    pack: Path, data: Path, photo: Photo, tmp_path: Path
) -> None:
    photos = tmp_path / "ours"
    photos.mkdir()
    for name in ("ana-1", "ana-2", "ana-3", "chen-1", "chen-2", "nobody-1"):
        (photos / f"{name}.jpg").write_bytes(photo(name))

    result = measured(pack, "--data", data, "--photos", photos)

    assert (result.exit_code, result.exception) == (0, None), result.output
    (table,) = (part for part in result.output.split("\nEmbedder, ") if part.startswith("photos in ours"))
    assert rows(table)["pairs of strangers, of one person"] == "6, 4"


def test_packs_stand_side_by_side(pack: Path, own_pack: Path, data: Path) -> None:
    result = measured(pack, own_pack, "--data", data)

    assert (result.exit_code, result.exception) == (0, None), result.output
    found = rows(result.output)
    assert found["recall over 40 px at precision 0.95"] == "1.000 | 1.000"
    assert found["80 to 160 px: recall, precision at score 0.5"] == " | 1.000, 1.000"
    assert found["pictures, nose found in"] == "2, 2 | 2, 2"
    assert found["strangers: accuracy"].split(" | ") == ["1.000", "1.000"]
    assert float(found["nose, ms"].removeprefix(" | ")) > 0


def test_a_nose_network_is_asked_instead_of_the_detector(own_pack: Path) -> None:
    grey = Scene(
        plain(120, 160, 51, 51, 51),  # red, green and blue a fifth each: the tiny network says (0.175, 0.18)
        np.array([[60, 40, 40, 40]], np.float32),
        np.full((1, 5, 2), (0.175 * 160, 0.18 * 120 + 20), np.float32),
        np.array([False]),
    )

    assert MeasuredPack(own_pack).nose_rows([grey, nothing_in(120, 160)]) == {
        "pictures, nose found in": "1, 1",
        "median error, % of the diagonal": "10.00",
        "90 of 100 are below": "10.00",
    }


def test_an_altered_file_is_told_before_anything_is_measured(own_pack: Path, data: Path) -> None:
    (own_pack / "nose.onnx").write_bytes(b"altered")

    result = measured(own_pack, "--data", data)

    assert result.exit_code == 1
    assert result.output.startswith(
        f"Error: {own_pack / 'nose.onnx'} is not the file that pack 'own' describes (its sha256 differs)."
    )


@pytest.mark.parametrize("words", [(), ("--data", "."), ("nowhere", "--data", ".")])
def test_without_a_pack_and_data_the_usage_is_shown(words: tuple[str, ...]) -> None:
    result = measured(*words)

    assert (result.exit_code, result.output[:6]) == (2, "Usage:")


def test_data_that_are_incomplete_are_told(pack: Path, tmp_path: Path) -> None:
    write_material(tmp_path)
    (tmp_path / "scenes-0.tar").unlink()

    with pytest.raises(FileNotFoundError, match="18 of 18 scenes are in none of the shards"):
        CliRunner().invoke(main, [str(pack), "--data", str(tmp_path)], catch_exceptions=False)


def test_a_pack_that_finds_no_face_points_at_nothing(pack: Path) -> None:
    unseen = replace(scene(plain(120, 160, 0, 0, 0), (80, 60, 40)), pixels=plain(120, 160, 0, 0, 0))

    assert MeasuredPack(pack).nose_rows([unseen]) == {"pictures, nose found in": "1, 0"}
