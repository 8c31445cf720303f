from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.training.material import (
    LANDMARKS,
    drawn_face,
    faces_to_learn_from,
    plain,
    through_jpeg,
    write_face_table,
    write_pairs,
    write_shard,
)
from training.faces import Faces, centre, eye_distances, read_faces, read_pairs

LOOKS = {f"fiw/{look:05}.jpg": drawn_face(look) for look in range(4)}


def write(folder: Path, *people: str, clusters: Sequence[int] = (-1, -1, -1, -1)) -> None:
    """The table of the four faces, whoever they are."""
    landmarks = np.stack([LANDMARKS + look for look in range(4)])
    write_face_table(folder, list(LOOKS), people, landmarks, clusters)


def shard(*looks: int) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    return {name: LOOKS[name] for name in (f"fiw/{look:05}.jpg" for look in looks)}


def read(folder: Path, *people: str) -> Faces:
    write(folder, *people)
    return read_faces(folder)


def test_faces_come_in_the_order_of_the_table_from_whichever_shard(tmp_path: Path) -> None:
    write_shard(tmp_path / "faces-0.tar", shard(3, 0))
    write_shard(tmp_path / "faces-1.tar.gz", shard(2, 1))

    faces = read(tmp_path, "Ana", "", "Bruno", "Ana")

    np.testing.assert_array_equal(faces.crops, [through_jpeg(face) for face in LOOKS.values()])
    np.testing.assert_allclose(faces.landmarks, [LANDMARKS + look for look in range(4)], atol=0.05)
    assert (faces.names.tolist(), faces.sources.tolist()) == (list(LOOKS), ["fiw"] * 4)
    dtypes = [array.dtype.name for array in (faces.crops, faces.landmarks, faces.people, faces.clusters)]
    assert dtypes == ["uint8", "float32", "int64", "int64"]


@pytest.mark.parametrize(
    ("names", "numbers", "number_of_people"),
    [
        (("Ana", "Bruno", "Chen", "Dana"), [0, 1, 2, 3], 4),
        (("Bruno", "Ana", "Bruno", "Ana"), [1, 0, 1, 0], 2),
        (("Ana", "", "Bruno", ""), [0, -1, 1, -1], 2),
        (("", "", "", ""), [-1, -1, -1, -1], 0),
    ],
)
def test_people_are_numbered_and_strangers_are_minus_one(
    names: tuple[str, ...], numbers: list[int], number_of_people: int, tmp_path: Path
) -> None:
    write_shard(tmp_path / "faces-0.tar", shard(0, 1, 2, 3))

    faces = read(tmp_path, *names)

    assert (faces.people.tolist(), faces.number_of_people) == (numbers, number_of_people)


def test_who_is_not_named_goes_by_the_faces_much_like_theirs(tmp_path: Path) -> None:
    write_shard(tmp_path / "faces-0.tar", shard(0, 1, 2, 3))
    write(tmp_path, "Ana", "", "", "", clusters=(7, 7, 7, -1))

    faces = read_faces(tmp_path)

    assert (faces.people.tolist(), faces.clusters.tolist()) == ([0, 1, 1, -1], [7, 7, 7, -1])


def test_some_may_be_read_alone_and_their_people_are_numbered_among_themselves(tmp_path: Path) -> None:
    write_shard(tmp_path / "faces-0.tar", shard(0, 2))
    write(tmp_path, "Dana", "Ana", "Bruno", "Chen", clusters=(1, 2, 3, 4))

    faces = read_faces(tmp_path, lambda sources, clusters: (sources == "fiw") & (clusters % 2 == 1))

    assert (faces.names.tolist(), faces.people.tolist()) == (["fiw/00000.jpg", "fiw/00002.jpg"], [1, 0])
    np.testing.assert_array_equal(faces.crops, [through_jpeg(LOOKS[name]) for name in faces.names.tolist()])


def test_how_far_apart_eyes_were_is_found_by_name(tmp_path: Path) -> None:
    write(tmp_path, "", "", "", "")

    assert eye_distances(tmp_path, np.array(["fiw/00003.jpg", "fiw/00000.jpg"])).tolist() == [60, 60]


def test_a_part_has_its_own_numbers_of_people() -> None:
    faces = faces_to_learn_from((4, 2, -1, 4))

    part = faces.part(np.array([True, False, True, True]))

    assert part.people.tolist() == [0, -1, 0]
    assert part.names.tolist() == ["drawn/00000.jpg", "drawn/00002.jpg", "drawn/00003.jpg"]
    np.testing.assert_array_equal(part.crops, faces.crops[[0, 2, 3]])


def test_pixels_are_red_green_and_blue_in_this_order(tmp_path: Path) -> None:
    red = plain(128, 128, 250, 10, 10)
    write_shard(tmp_path / "faces-0.tar", shard(0, 1, 2) | {"fiw/00003.jpg": red})

    np.testing.assert_allclose(read(tmp_path, "", "", "", "").crops[3], red, atol=4)


def test_what_the_table_does_not_name_is_left_out(tmp_path: Path) -> None:
    write_shard(tmp_path / "faces-0.tar", shard(0, 1, 2, 3) | {"fiw/00004.jpg": drawn_face(9)})

    assert len(read(tmp_path, "", "", "", "").crops) == 4


@pytest.mark.parametrize(
    ("shards", "missing"),
    [([(0, 1, 2)], 1), ([(0,), (3,)], 2), ([], 4), ([(0, 1, 2), (0, 1)], 1), ([(0, 1, 2), (2,)], 1)],
)
def test_a_face_in_none_of_the_shards_is_told(
    shards: list[tuple[int, ...]], missing: int, tmp_path: Path
) -> None:
    for number, looks in enumerate(shards):
        write_shard(tmp_path / f"faces-{number}.tar", shard(*looks))

    with pytest.raises(FileNotFoundError, match=rf"^{missing} of 4 faces are in none of the shards"):
        read(tmp_path, "", "", "", "")


def test_nothing_is_learnt_from_the_held_out_shard(tmp_path: Path) -> None:
    write_shard(tmp_path / "faces-val.tar", shard(0, 1, 2, 3))

    with pytest.raises(FileNotFoundError, match=r"^4 of 4 faces"):
        read(tmp_path, "", "", "", "")


def test_pairs_know_their_crops_people_and_families(tmp_path: Path) -> None:
    crops = {
        "F2-MID1/00007.jpg": drawn_face(1),
        "F1-MID2/00001.jpg": drawn_face(2),
        "F1-MID1/00003.jpg": drawn_face(3),
        "F1-MID1/00002.jpg": drawn_face(4),
    }
    write_pairs(
        tmp_path,
        crops,
        [
            ("F1-MID1/00002.jpg", "F1-MID1/00003.jpg", "genuine"),
            ("F1-MID2/00001.jpg", "F1-MID1/00002.jpg", "relative"),
            ("F2-MID1/00007.jpg", "F1-MID1/00003.jpg", "stranger"),
        ],
    )

    pairs = read_pairs(tmp_path)

    np.testing.assert_array_equal(pairs.crops, [through_jpeg(crops[name]) for name in sorted(crops)])
    assert pairs.families.tolist() == ["F1", "F1", "F1", "F2"]
    assert pairs.people.tolist() == ["F1-MID1", "F1-MID1", "F1-MID2", "F2-MID1"]
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([0, 2, 3], [1, 0, 1])
    assert pairs.kinds.tolist() == ["genuine", "relative", "stranger"]


@pytest.mark.parametrize("shape", [(128, 128, 3), (2, 128, 128, 3)])
def test_the_centre_leaves_the_same_margin_on_every_side(shape: tuple[int, ...]) -> None:
    crops = np.random.default_rng(1).integers(0, 256, shape, np.uint8)

    np.testing.assert_array_equal(centre(crops, 112), crops[..., 8:120, 8:120, :])
