from collections.abc import Callable

import cv2
import numpy as np
import pytest

from tests.training.material import Pixels, drawn_face, form, noise, plain
from training.degradations import (
    DEGRADATIONS,
    Jitter,
    blurred,
    covered,
    degraded,
    grey,
    jittered,
    lit_from_one_side,
    lit_otherwise,
    moved,
    noisy,
    pattern,
    recompressed,
    shrunk,
)

Degradation = Callable[[Pixels, np.random.Generator], Pixels]

NO_JITTER = Jitter(shift_px=0, turn_degrees=0, scale=0)
EVERY = [degradation for _, degradation in DEGRADATIONS] + [covered, degraded]
PICTURES = {
    "black": plain(112, 112, 0, 0, 0),
    "white": plain(112, 112, 255, 255, 255),
    "one colour": plain(112, 112, 200, 30, 90),
    "face": drawn_face(),
    "wide": noise(96, 160),
    "high": noise(200, 40),
}


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def roughness(picture: Pixels) -> float:
    """How much neighbouring pixels differ."""
    return float(np.abs(np.diff(picture.astype(float), axis=1)).mean())


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("degradation", EVERY)
def test_any_picture_keeps_its_shape_and_dtype_and_is_not_written_over(
    degradation: Degradation, picture: Pixels
) -> None:
    before = picture.copy()

    for seed in range(20):
        found = degradation(picture, random(seed))
        assert form(found) == form(picture)

    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("degradation", EVERY)
def test_the_same_random_numbers_give_the_same_picture(degradation: Degradation) -> None:
    once, again = (degradation(PICTURES["face"], random(5)) for _ in range(2))

    np.testing.assert_array_equal(once, again)


@pytest.mark.parametrize("degradation", [d for d in EVERY if d not in (grey, degraded)])
def test_other_random_numbers_give_another_picture(degradation: Degradation) -> None:
    one, other = (degradation(PICTURES["face"], random(seed)) for seed in (1, 2))

    assert not np.array_equal(one, other)


def test_without_jitter_it_is_the_plain_centre_crop() -> None:
    picture = noise(128, 128)

    np.testing.assert_array_equal(jittered(picture, 112, NO_JITTER, random()), picture[8:120, 8:120])


def test_jitter_shifts_by_about_what_it_says_and_no_more() -> None:
    dot = np.zeros((128, 128, 3), np.uint8)
    dot[63:65, 63:65] = 255

    middles = []
    for seed in range(100):
        crop = jittered(dot, 112, Jitter(shift_px=4, turn_degrees=0, scale=0), random(seed))[..., 0]
        down, across = np.indices(crop.shape)
        middles.append([(crop * axis).sum() / crop.sum() for axis in (across, down)])

    away = np.array(middles) - 55.5
    assert np.abs(away).max() < 8
    np.testing.assert_allclose(away.mean(0), 0, atol=0.6)
    np.testing.assert_allclose(away.std(0), 2, atol=0.6)


@pytest.mark.parametrize("jitter", [Jitter(0, 6, 0), Jitter(0, 0, 0.06)], ids=["turn", "scale"])
def test_turns_and_scales_go_around_the_centre(jitter: Jitter) -> None:
    soft = cv2.GaussianBlur(noise(128, 128), (0, 0), 3).astype(float)
    picture = np.asarray((soft - soft.min()) * 255 / np.ptp(soft), np.uint8)

    away = np.abs(jittered(picture, 112, jitter, random()).astype(int) - picture[8:120, 8:120])

    assert away[:10].mean() > 3
    assert away[54:58, 54:58].mean() < 1


def test_nothing_black_comes_in_at_the_edges() -> None:
    white = plain(128, 128, 255, 255, 255)

    for seed in range(20):
        assert jittered(white, 112, Jitter(20, 30, 0.3), random(seed)).min() == 255


def test_other_light_keeps_the_order_of_brightness() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)

    for seed in range(20):
        found = lit_otherwise(ramp, random(seed)).astype(int)
        assert (np.diff(found, axis=1) >= 0).all()
        assert np.ptp(found) > 100


def test_light_from_one_side_only_darkens_and_not_evenly() -> None:
    white = plain(60, 80, 255, 255, 255)

    for seed in range(20):
        found = lit_from_one_side(white, random(seed))
        assert found.min() >= 255 * 0.1 - 1
        assert np.ptp(found) >= 255 * 0.3 * 0.9
        np.testing.assert_array_equal(found[..., 0], found[..., 2])


def test_grey_has_no_colour_and_keeps_what_is_grey() -> None:
    found = grey(noise(20, 30), random())

    np.testing.assert_array_equal(np.ptp(found, axis=2), 0)
    np.testing.assert_array_equal(grey(found, random()), found)


@pytest.mark.parametrize("degradation", [blurred, moved, shrunk])
@pytest.mark.parametrize("seed", range(5))
def test_detail_is_lost_and_brightness_is_not(degradation: Degradation, seed: int) -> None:
    picture = noise(96, 160)

    found = degradation(picture, random(seed))

    assert roughness(found) < 0.7 * roughness(picture)
    assert found.mean() == pytest.approx(picture.mean(), abs=2)


def test_noise_is_as_strong_as_that_of_a_sensor_and_rarely_much_more() -> None:
    strengths = [float(noisy(plain(60, 60, 128, 128, 128), random(seed)).std()) for seed in range(200)]

    assert np.quantile(strengths, [0, 0.8]) == pytest.approx((2.5, 17.5), abs=1.5)
    assert 40 < max(strengths) <= 60


def test_compression_is_seen_but_leaves_the_face() -> None:
    picture = drawn_face()

    away = np.abs(recompressed(picture, random()).astype(int) - picture)

    assert 0.5 < away.mean() < 15


def test_something_hides_a_part() -> None:
    picture = noise(100, 200)

    for seed in range(50):
        hidden = (covered(picture, random(seed)) != picture).any(axis=2)
        assert 0.02 < hidden.mean() < 0.5


def test_what_hides_it_is_plain_shaded_striped_or_woven() -> None:
    spreads = [float(pattern(40, 60, random(seed)).std(axis=(0, 1)).max()) for seed in range(40)]

    assert 5 <= sum(spread == 0 for spread in spreads) <= 15
    assert max(spreads) > 30


def test_a_picture_in_the_wrong_form_is_as_wide_as_it_is_low() -> None:
    disc = np.zeros((128, 128, 3), np.uint8)
    cv2.circle(disc, (63, 63), 30, (255, 255, 255), -1)

    for seed in range(20):
        seen = jittered(disc, 128, Jitter(0, 0, 0, stretch=0.5), random(seed))[..., 0] > 127
        wide, high = int(seen.any(axis=0).sum()), int(seen.any(axis=1).sum())
        assert wide * high == pytest.approx(61 * 61, rel=0.05)
        assert not seen[:, [0, -1]].any()


def test_about_a_fifth_of_the_pictures_stay_as_they_are() -> None:
    picture = drawn_face()

    untouched = [np.array_equal(degraded(picture, random(seed)), picture) for seed in range(300)]

    expected = float(np.prod([1 - frequency for frequency, _ in DEGRADATIONS]))
    assert expected == pytest.approx(0.22, abs=0.01)
    assert np.mean(untouched) == pytest.approx(expected, abs=0.07)
