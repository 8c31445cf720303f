from collections.abc import Callable

import numpy as np
import pytest

from tests.training.material import (
    Pixels,
    drawn_face,
    faces_to_learn_from,
    form,
    noise,
    placed_box,
    plain,
    scene,
    scenes_to_learn_from,
)
from training import degradations, views
from training.geometry import Matrix, Size, share_inside, similarity
from training.scenes import Scene
from training.views import ViewMaker, pasted, warped
from wsgi_app.vision.detect import overlaps

Only = Callable[..., None]

STAY: Matrix = np.eye(2, 3)
SMALL = Size(160, 120)
RED, BLUE = (255, 0, 0), (0, 0, 255)


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def centred(scale: float) -> Matrix:
    """Scaled around the middle of a small view."""
    middle = np.array([80, 60])
    return similarity(middle, middle, scale=scale, degrees=0)


@pytest.fixture
def undamaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Views are not degraded, so that their pixels can be told."""
    monkeypatch.setattr(degradations, "DEGRADATIONS", ())


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Only:
    """Views of one kind: ``only(with_faces=1)``."""

    def only(*, with_faces: float = 0, without_faces: float = 0, decoys: float = 0) -> None:
        monkeypatch.setattr(views, "WITH_FACES", with_faces)
        monkeypatch.setattr(views, "WITHOUT_FACES", without_faces)
        monkeypatch.setattr(views, "DECOYS", decoys)

    return only


def contents(view: Scene) -> list[object]:
    return [view.pixels.tolist(), view.boxes.tolist(), view.landmarks.tolist(), view.ignored.tolist()]


def test_the_same_random_numbers_give_the_same_view(maker: ViewMaker) -> None:
    once, again, other = (maker.view(SMALL, random(seed)) for seed in (3, 3, 4))

    assert contents(once) == contents(again)
    assert contents(once) != contents(other)


@pytest.mark.parametrize("size", [Size(160, 120), Size(108, 192, least_face=18), Size(256, 256)])
def test_a_view_has_exactly_its_size_and_tells_what_is_in_it(size: Size, maker: ViewMaker) -> None:
    for seed in range(60):
        view = maker.view(size, random(seed))

        faces = len(view.boxes)
        assert form(view.pixels) == ((size.height, size.width, 3), "uint8")
        assert form(view.boxes) == ((faces, 4), "float32")
        assert form(view.landmarks) == ((faces, 5, 2), "float32")
        assert form(view.ignored) == ((faces,), "bool")
        share = share_inside(view.boxes, size)
        assert (share > 0).all()
        assert (share[~view.ignored] >= 0.6).all()
        assert (view.sizes[~view.ignored] >= 10).all()


def test_the_left_eye_stays_on_the_left_and_above_the_mouth(maker: ViewMaker) -> None:
    faces = np.concatenate([maker.view(SMALL, random(seed)).landmarks for seed in range(60)])

    assert len(faces) > 40
    assert (faces[:, 0, 0] < faces[:, 1, 0]).all()
    assert (faces[:, 3, 0] < faces[:, 4, 0]).all()
    assert (faces[:, :2, 1].mean(1) < faces[:, 3:, 1].mean(1)).all()


@pytest.mark.usefixtures("undamaged")
def test_landmarks_stay_on_their_features(only: Only) -> None:
    only(with_faces=1)
    faced = scene(noise(120, 160), (80, 60, 80))
    maker = ViewMaker([faced], faces_to_learn_from())
    eye = faced.pixels[tuple(faced.landmarks[0, 0].round().astype(int)[::-1])]

    seen = 0
    for seed in range(40):
        size = Size(160, 120, least_face=60)
        view = maker.view(size, random(seed))
        for x, y in view.landmarks[~view.ignored, :2].reshape(-1, 2).round().astype(int):
            if 0 <= x < size.width and 0 <= y < size.height:
                np.testing.assert_allclose(view.pixels[y, x], eye, atol=12)
                seen += 1
    assert seen > 40


def test_a_scene_that_stays_is_the_same() -> None:
    faced = scene(noise(120, 160), (40, 40, 30), (110, 70, 50), ignored=[False, True])

    view = warped(faced, STAY, SMALL, mirror=False, random=random())

    np.testing.assert_array_equal(view.pixels, faced.pixels)
    np.testing.assert_allclose(view.boxes, faced.boxes, rtol=1e-6)
    np.testing.assert_allclose(view.landmarks, faced.landmarks, rtol=1e-6)
    np.testing.assert_array_equal(view.ignored, [False, True])


def test_mirrored_the_eyes_and_the_corners_of_the_mouth_change_places() -> None:
    faced = scene(noise(120, 160), (40, 50, 30))
    left_eye, right_eye, nose, left_corner, right_corner = faced.landmarks[0].tolist()

    view = warped(faced, STAY, SMALL, mirror=True, random=random())

    np.testing.assert_array_equal(view.pixels, faced.pixels[:, ::-1])
    np.testing.assert_allclose(view.boxes, [placed_box(120, 50, 30)], atol=1e-4)
    np.testing.assert_allclose(
        view.landmarks,
        [[(160 - x, y) for x, y in (right_eye, left_eye, nose, right_corner, left_corner)]],
        atol=1e-4,
    )


@pytest.mark.parametrize(
    ("place", "scale", "expected"),
    [
        pytest.param((80, 60, 30), 1, [False], id="in the middle"),
        pytest.param((80, 60, 30), 0.34, [False], id="small"),
        pytest.param((80, 60, 30), 0.32, [True], id="too small"),
        pytest.param((3, 60, 30), 1, [False], id="cut a little"),
        pytest.param((1, 60, 30), 1, [True], id="cut too much"),
        pytest.param((80, 117, 30), 1, [True], id="cut by the lower edge"),
        pytest.param((-20, 60, 30), 1, [], id="out of view"),
        pytest.param((30, 60, 30), 3, [], id="enlarged out of view"),
    ],
)
def test_faces_that_end_up_small_or_cut_are_ignored_and_unseen_ones_are_none(
    place: tuple[float, float, float], scale: float, expected: list[bool]
) -> None:
    faced = scene(noise(120, 160), place)

    view = warped(faced, centred(scale), SMALL, mirror=False, random=random())

    assert view.ignored.tolist() == expected
    assert (len(view.boxes), len(view.landmarks)) == (len(expected),) * 2


def test_what_was_ignored_stays_so() -> None:
    faced = scene(noise(120, 160), (80, 60, 30), (120, 60, 30), ignored=[True, False])

    assert warped(faced, STAY, SMALL, mirror=False, random=random()).ignored.tolist() == [True, False]


@pytest.mark.usefixtures("undamaged")
def test_decoys_are_pasted_but_add_no_face(maker: ViewMaker, only: Only) -> None:
    only(without_faces=1)
    backgrounds = [maker.view(SMALL, random(seed)) for seed in range(10)]
    only(without_faces=1, decoys=1)
    with_decoys = [maker.view(SMALL, random(seed)) for seed in range(10)]

    assert [len(view.boxes) for view in backgrounds + with_decoys] == [0] * 20
    pairs = zip(backgrounds, with_decoys, strict=True)
    assert all(not np.array_equal(background.pixels, decoy.pixels) for background, decoy in pairs)


@pytest.mark.usefixtures("undamaged")
def test_decoys_hide_no_face(only: Only) -> None:
    maker = ViewMaker(scenes_to_learn_from(), faces_to_learn_from())
    for seed in range(12):
        only(with_faces=1)
        before = maker.view(SMALL, random(seed))
        only(with_faces=1, decoys=1)
        after = maker.view(SMALL, random(seed))
        assert contents(after)[1:] == contents(before)[1:]
        for left, top, width, height in before.boxes:
            middle = np.s_[
                max(0, round(float(top + height / 3))) : max(0, round(float(top + height * 2 / 3))),
                max(0, round(float(left + width / 3))) : max(0, round(float(left + width * 2 / 3))),
            ]
            np.testing.assert_array_equal(after.pixels[middle], before.pixels[middle])


def test_pasted_faces_are_learnt_and_keep_their_distance(maker: ViewMaker, only: Only) -> None:
    only()
    size = Size(256, 256, largest_face=0.4)

    numbers = set()
    for seed in range(40):
        view = maker.view(size, random(seed))
        assert not view.ignored.any()
        numbers.add(len(view.boxes))
        for number, box in enumerate(view.boxes):
            assert overlaps(box, np.delete(view.boxes, number, axis=0)).max(initial=0) < 0.06
            middle = box[:2] + box[2:] / 2
            assert np.abs(view.landmarks[number] - middle).max() < box[2:].max() / 2
    assert numbers >= {1, 2, 3}


@pytest.mark.usefixtures("undamaged")
def test_a_scene_of_which_nobody_knows_whether_it_has_a_face_is_never_shown(only: Only) -> None:
    known = scene(plain(120, 160, *BLUE), (80, 60, 40))
    unknown = Scene(plain(120, 160, *RED), known.boxes, known.landmarks, np.array([True]))
    maker = ViewMaker([known, unknown, scene(plain(120, 160, *BLUE))], faces_to_learn_from())
    only(with_faces=0.5, without_faces=0.5, decoys=1)

    for seed in range(40):
        assert not (maker.view(SMALL, random(seed)).pixels == RED).all(2).any()


def test_what_is_pasted_has_a_soft_edge() -> None:
    patch, black = plain(128, 128, 255, 255, 255), plain(200, 200, 0, 0, 0)
    shifted = np.array([[1, 0, 36], [0, 1, 36]], float)

    found = [pasted(black, patch, shifted, random(seed))[..., 0].astype(int) for seed in range(5)]

    for picture in found:
        outside = np.ones((200, 200), bool)
        outside[36:164, 36:164] = False
        assert not picture[outside].any()
        assert picture[95:109, 95:105].min() == picture.max() > 70
        for inwards in (picture[100, 37:100], picture[37:100, 100]):
            assert 0 <= np.diff(inwards).min() <= np.diff(inwards).max() < 0.25 * picture.max()
    assert not black.any()


def test_a_pasted_face_takes_some_of_the_light_around_it() -> None:
    grey, bright = plain(200, 200, 60, 60, 60), plain(128, 128, 200, 200, 200)

    middles = [float(pasted(grey, bright, STAY, random(seed))[66, 64, 0]) for seed in range(30)]

    assert min(middles) == pytest.approx(200 - 0.7 * 140, abs=10)
    assert max(middles) == pytest.approx(200, abs=10)


def test_what_lies_outside_is_not_pasted() -> None:
    picture: Pixels = noise(50, 50)

    np.testing.assert_array_equal(
        pasted(picture, drawn_face(), np.array([[1, 0, 300], [0, 1, 0]], float), random()), picture
    )
