import json
from pathlib import Path

import numpy as np
import pytest

from tests.training.material import noise, plain, scene, through_jpeg, write_scenes, write_shard
from training.scenes import Scene, read_scenes


def marked(number: int) -> Scene:
    """A small scene that can be told from others by its number, the size of its only face."""
    return scene(plain(16, 16, 0, 0, 0), (8, 8, number + 1))


def numbers(scenes: list[Scene]) -> list[int]:
    return [round(float(scene.sizes[0])) - 1 for scene in scenes]


def test_a_scene_is_read_as_it_is_described(tmp_path: Path) -> None:
    written = scene(noise(90, 120), (30, 40, 25), (80, 50, 40), ignored=[False, True])
    write_scenes(tmp_path, [written])

    _, (read,) = read_scenes(tmp_path)

    np.testing.assert_array_equal(read.pixels, through_jpeg(written.pixels))
    np.testing.assert_array_equal(read.boxes, written.boxes)
    np.testing.assert_array_equal(read.landmarks, written.landmarks)
    np.testing.assert_array_equal(read.ignored, [False, True])
    assert [array.dtype.name for array in (read.boxes, read.landmarks, read.ignored)] == [
        "float32",
        "float32",
        "bool",
    ]


def test_a_scene_without_faces_has_empty_tables_of_the_same_form(tmp_path: Path) -> None:
    write_scenes(tmp_path, [scene(noise(20, 30))])

    _, (read,) = read_scenes(tmp_path)

    assert (read.boxes.shape, read.landmarks.shape, read.ignored.shape) == ((0, 4), (0, 5, 2), (0,))
    assert read.sizes.tolist() == []


def test_a_faces_size_is_the_root_of_its_area() -> None:
    faces = Scene(
        plain(9, 9, 0, 0, 0),
        np.array([[1, 2, 4, 9], [0, 0, 10, 10]], np.float32),
        np.zeros((2, 5, 2), np.float32),
        np.zeros(2, bool),
    )

    assert faces.sizes.tolist() == [6, 10]


def test_every_tenth_scene_is_held_out(tmp_path: Path) -> None:
    write_scenes(tmp_path, [marked(number) for number in range(22)])

    learnt, held_out = read_scenes(tmp_path)

    assert numbers(held_out) == [0, 10, 20]
    assert numbers(learnt) == [*range(1, 10), *range(11, 20), 21]


def test_the_order_of_the_shards_is_of_no_account(tmp_path: Path) -> None:
    write_scenes(tmp_path, [marked(number) for number in range(12)])
    pictures = {f"{number:05}.jpg": marked(number).pixels for number in range(12)}
    names = list(pictures)
    write_shard(tmp_path / "scenes-0.tar", {name: pictures[name] for name in reversed(names[6:])})
    write_shard(tmp_path / "scenes-1.tar", {f"folder/{name}": pictures[name] for name in names[:6]})

    learnt, held_out = read_scenes(tmp_path)

    assert (numbers(held_out), numbers(learnt)) == ([0, 10], [*range(1, 10), 11])


def test_what_is_not_described_is_left_out(tmp_path: Path) -> None:
    write_scenes(tmp_path, [marked(0)])
    write_shard(tmp_path / "scenes-1.tar", {"99999.jpg": noise(16, 16)})

    learnt, held_out = read_scenes(tmp_path)

    assert (learnt, numbers(held_out)) == ([], [0])


def test_a_scene_in_none_of_the_shards_is_told(tmp_path: Path) -> None:
    write_scenes(tmp_path, [marked(number) for number in range(3)])
    path = tmp_path / "scenes.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    rows |= {"00007.jpg": rows["00000.jpg"], "00008.jpg": rows["00000.jpg"]}
    path.write_text(json.dumps(rows), encoding="utf-8")

    with pytest.raises(FileNotFoundError, match=r"^2 of 5 scenes are in none of the shards"):
        read_scenes(tmp_path)
