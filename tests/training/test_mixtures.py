import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.training.material import drawn_face, form, plain
from training.mixtures import AT_ONCE, Maker, Mixer, Pool, Shown, bent, mirrored, mixed
from training.teacher import Teacher, unit

CROPS = np.stack([drawn_face(look) for look in range(4)])
TARGETS = np.eye(4, 8, dtype=np.float32)
SHOWN = Shown(CROPS, TARGETS, np.array([0, 0, 1, -1]), np.full(4, 0.25))


class ByColour(Teacher):
    """A teacher that goes by a face's mean colour alone."""

    def __init__(self) -> None:
        """It needs no file."""

    def embed(self, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        assert faces.shape[1:] == (112, 112, 3)
        return unit(np.asarray(faces.mean((1, 2)) + 1, np.float32))


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


# A mixture


def test_a_mixture_lies_between_its_two_faces() -> None:
    first, second = drawn_face(1), drawn_face(2)

    for seed in range(20):
        found = mixed(first, second, random(seed)).astype(int)
        assert found.shape == (128, 128, 3)
        assert (found >= np.minimum(first, second).astype(int) - 1).all()
        assert (found <= np.maximum(first, second).astype(int) + 1).all()


def test_the_two_shine_through_each_other_or_share_the_picture() -> None:
    black, white = plain(128, 128, 0, 0, 0), plain(128, 128, 255, 255, 255)

    mixtures = [mixed(white, black, random(seed)) for seed in range(40)]

    through = [picture for picture in mixtures if np.ptp(picture) == 0]
    assert 10 <= len(through) <= 30
    assert all(0.15 < picture.mean() / 255 < 0.85 for picture in through)
    assert all(np.ptp(picture) > 150 for picture in mixtures if np.ptp(picture))


def test_half_of_all_are_mirrored() -> None:
    face = drawn_face(1)

    found = [mirrored(face, random(seed)) for seed in range(40)]

    ways = [np.array_equal(picture, face) for picture in found]
    assert all(
        same or np.array_equal(picture[:, ::-1], face) for same, picture in zip(ways, found, strict=True)
    )
    assert 10 <= sum(ways) <= 30


def test_a_bent_face_has_its_features_a_little_elsewhere() -> None:
    face = drawn_face(1)

    found = bent(face, random())

    assert form(found) == ((128, 128, 3), "uint8")
    assert 0.5 < np.abs(found.astype(int) - face).mean() < 40
    np.testing.assert_allclose(found.mean((0, 1)), face.mean((0, 1)), atol=8)
    assert (bent(plain(128, 128, 9, 8, 7), random()) == [9, 8, 7]).all()


def test_a_mixture_belongs_to_its_random_numbers() -> None:
    once, again, other = (Mixer(SHOWN).mixture(random(seed)) for seed in (1, 1, 2))

    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)


def test_a_face_that_is_never_shown_is_in_no_mixture() -> None:
    crops = np.stack([plain(128, 128, 250, 0, 0), plain(128, 128, 0, 250, 0), plain(128, 128, 0, 0, 250)])
    mixer = Mixer(Shown(crops, TARGETS[:3], np.array([0, 1, 2]), np.array([0.5, 0.0, 0.5])))

    assert all(mixer.mixture(random(seed))[..., 1].max() < 60 for seed in range(30))


# The pool


def test_a_pool_takes_what_is_new_in_the_place_of_the_oldest(tmp_path: Path) -> None:
    pool = Pool(tmp_path, 3, 8)
    assert (pool.made, pool.filled) == (0, 0)

    pool.add(CROPS[:2], TARGETS[:2])
    assert (pool.made, pool.filled) == (2, 2)
    pool.add(CROPS[2:], TARGETS[2:])

    assert (pool.made, pool.filled) == (4, 3)
    np.testing.assert_array_equal(pool.crops, CROPS[[3, 1, 2]])
    np.testing.assert_array_equal(pool.targets, TARGETS[[3, 1, 2]])


def test_a_pool_is_found_again_but_not_one_of_another_size(tmp_path: Path) -> None:
    Pool(tmp_path, 3, 8).add(CROPS[:2], TARGETS[:2])

    assert Pool(tmp_path, 3, 8).made == 2
    assert Pool(tmp_path, 4, 8).made == 0


def test_a_process_fills_it_with_what_the_teacher_says_of_mixtures(tmp_path: Path) -> None:
    pool = Pool(
        tmp_path, 20 * AT_ONCE, 3
    )  # so large that the first ones are not replaced while they are read
    basis = np.eye(3, dtype=np.float32)

    process = Maker(pool, Mixer(SHOWN), ByColour(), basis).start(1, 0.9)
    until = time.monotonic() + 30
    while not pool.filled and time.monotonic() < until:
        time.sleep(0.05)
    process.terminate()
    process.join(10)

    assert pool.filled >= AT_ONCE
    wanted = ByColour().embed(pool.crops[:AT_ONCE, 8:120, 8:120])
    np.testing.assert_allclose(pool.targets[:AT_ONCE], wanted, atol=1e-2)
