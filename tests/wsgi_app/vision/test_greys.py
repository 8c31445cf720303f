import numpy as np
import pytest
from numpy.typing import NDArray

from wsgi_app.vision.greys import lacks_a_part

NOISE = np.random.default_rng(3).integers(0, 256, (240, 320, 3), np.uint8)
GREY, GREEN = (128, 128, 128), (0, 135, 0)


def with_rest(share: float, colour: tuple[int, int, int], across: float = 0.4) -> NDArray[np.uint8]:
    """A picture of which only so much came; ``across`` says how far in the last row of blocks."""
    pixels = NOISE.copy()
    last = int(len(pixels) * (1 - share)) // 16 * 16
    pixels[last - 16 : last, int(pixels.shape[1] * across) // 16 * 16 :] = colour
    pixels[last:] = colour
    return pixels


@pytest.mark.parametrize("across", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("colour", [GREY, GREEN, (127, 128, 129)])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_rest_that_never_came_is_missed(share: float, colour: tuple[int, int, int], across: float) -> None:
    assert lacks_a_part(with_rest(share, colour, across))


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_a_grey_border_is_part_of_the_picture(share: float) -> None:
    assert not lacks_a_part(with_rest(share, GREY, across=1))


def test_a_plain_grey_background_is_part_of_the_picture() -> None:
    portrait = np.full((400, 500, 3), 128, np.uint8)
    portrait[150:, 100:400] = NOISE[:250, :300].repeat(2, axis=0)[:250]

    assert not lacks_a_part(portrait)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (130, 128, 128), (90, 120, 200)])
def test_an_edge_of_any_other_colour_is_part_of_the_picture(colour: tuple[int, int, int]) -> None:
    assert not lacks_a_part(with_rest(0.4, colour))


def test_a_grey_frame_is_part_of_the_picture() -> None:
    framed = np.full((400, 500, 3), 128, np.uint8)
    framed[80:320, 90:410] = NOISE

    assert not lacks_a_part(framed)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (5, 5)])
def test_small_pictures_and_grey_ones_lack_nothing(shape: tuple[int, int]) -> None:
    assert not lacks_a_part(np.full((*shape, 3), 128, np.uint8))
    assert not lacks_a_part(np.full((200, 200, 3), 128, np.uint8))


def test_a_thin_line_of_grey_is_no_rest() -> None:
    pixels = NOISE.copy()
    pixels[-4:] = 128

    assert not lacks_a_part(pixels)
