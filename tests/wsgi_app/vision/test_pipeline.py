import threading
import time
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFilter

from bench.alterations import ALTERATIONS
from bench.framing import FORMS, framed
from tests.networks import SIDE_PX, WEIGHTS, extremes_onnx, nose_onnx, nose_pb, nose_tflite
from wsgi_app.base.errors import (
    PackError,
    RequestError,
    Unavailable,
    Unprocessable,
    UnsupportedMediaType,
    UnusablePhoto,
)
from wsgi_app.base.faces import Quality
from wsgi_app.base.limits import PictureLimits
from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.base.steps import Steps
from wsgi_app.vision.crops import crop_from_png, crop_to_png
from wsgi_app.vision.decode import Picture
from wsgi_app.vision.engines import Blob
from wsgi_app.vision.match import Gallery
from wsgi_app.vision.nose import NoseFile
from wsgi_app.vision.packs import NoseNetworkFile, pack_in
from wsgi_app.vision.pipeline import GuardedNetwork, Pipeline
from wsgi_app.vision.standards import ENROLMENT, PROBE, Standard
from wsgi_app.vision.verdicts import Policy, Verdict

Photo = Callable[[str], bytes]
Pixels = NDArray[np.uint8]
BLOB: Blob = np.zeros((1, 3, 4, 4), np.float32)


class WatchedNetwork:
    """Tells whether the lock was held while it ran; fails when asked to."""

    def __init__(self, lock: threading.Lock, failure: Exception | None = None):
        self.lock, self.failure = lock, failure
        self.was_guarded: list[bool] = []

    def run(self, blob: Blob) -> dict[str, Blob]:
        self.was_guarded.append(self.lock.locked())
        if self.failure:
            raise self.failure
        return {"output": blob + 1}


def test_a_network_runs_under_its_lock_and_gives_it_back() -> None:
    lock = threading.Lock()
    network = WatchedNetwork(lock)

    outputs = GuardedNetwork(network, lock, wait_s=0).run(BLOB)

    np.testing.assert_array_equal(outputs["output"], BLOB + 1)
    assert network.was_guarded == [True]
    assert not lock.locked()


def test_a_busy_network_says_when_to_ask_again() -> None:
    lock = threading.Lock()
    network = WatchedNetwork(lock)

    with lock, pytest.raises(Unavailable) as refusal:
        GuardedNetwork(network, lock, wait_s=0).run(BLOB)

    assert (refusal.value.status, refusal.value.headers) == (503, {"Retry-After": "2"})
    assert network.was_guarded == []


def test_a_refused_caller_does_not_free_the_lock_of_another() -> None:
    lock = threading.Lock()

    with lock:
        with pytest.raises(Unavailable):
            GuardedNetwork(WatchedNetwork(lock), lock, wait_s=0).run(BLOB)
        assert lock.locked()


def test_a_network_that_fails_can_be_used_again() -> None:
    lock = threading.Lock()
    network = WatchedNetwork(lock, failure=ValueError("broken"))
    guarded = GuardedNetwork(network, lock, wait_s=0)

    with pytest.raises(ValueError, match="broken"):
        guarded.run(BLOB)
    network.failure = None

    assert list(guarded.run(BLOB)) == ["output"]


def test_networks_that_share_a_lock_wait_for_each_other() -> None:
    lock = threading.Lock()
    inner = GuardedNetwork(WatchedNetwork(lock), lock, wait_s=0)

    with pytest.raises(Unavailable):
        GuardedNetwork(inner, lock, wait_s=0).run(BLOB)


def pixels_of(photo: bytes) -> Pixels:
    return np.asarray(Image.open(BytesIO(photo)).convert("RGB"))


def file_of(picture: Pixels | Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = BytesIO()
    image.save(file, kind, **({"quality": 95} | options))
    return file.getvalue()


def dimmed(photo: bytes, factor: float) -> bytes:
    return file_of((pixels_of(photo) * factor).astype(np.uint8))


def resized(photo: bytes, factor: float) -> bytes:
    image = Image.open(BytesIO(photo))
    return file_of(image.resize((round(image.width * factor), round(image.height * factor))))


def blurred(photo: bytes, radius_px: float) -> bytes:
    return file_of(Image.open(BytesIO(photo)).filter(ImageFilter.GaussianBlur(radius_px)))


def moved(photo: bytes, px: int) -> bytes:
    """As a camera has it that saw everything move to the side."""
    steps = [np.roll(pixels_of(photo), step, axis=1).astype(np.uint16) for step in range(px)]
    return file_of(np.mean(steps, axis=0).astype(np.uint8))


def covered(photo: bytes) -> bytes:
    """Ana's first photo, with a cloth over mouth and nose."""
    pixels = pixels_of(photo).copy()
    pixels[215:325, 545:700] = (120, 160, 190)
    return file_of(pixels)


def side_by_side(*photos: bytes) -> bytes:
    """The photos in a row, aligned at the top, on gray."""
    images = [Image.open(BytesIO(photo)) for photo in photos]
    row = Image.new("RGB", (sum(i.width for i in images), max(i.height for i in images)), (120, 120, 120))
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width
    return file_of(row)


@pytest.fixture(scope="module")
def gallery(pipeline: Pipeline, photo: Photo) -> Gallery:
    """Ana, Bruno and Chen, two faces each."""
    steps = Steps(time.perf_counter)
    return Gallery.of(
        [
            (name, pipeline.embed(pipeline.single_face(photo(f"{name}-{n}"), ENROLMENT, steps).crop, steps))
            for name in ("ana", "bruno", "chen")
            for n in (1, 2)
        ]
    )


@pytest.fixture(scope="module")
def policy(pipeline: Pipeline) -> Policy:
    return Policy(threshold=pipeline.pack.embedder.thresholds[0].score, margin=0.05)


@pytest.fixture
def judge(pipeline: Pipeline, gallery: Gallery, policy: Policy, steps: Steps) -> Callable[[bytes], Verdict]:
    return lambda photo: pipeline.judge(pipeline.decode(photo, steps), gallery, policy, steps)


Judge = Callable[[bytes], Verdict]


@pytest.mark.parametrize("name", ["ana", "bruno", "chen"])
@pytest.mark.parametrize("n", [3, 4, 5])
def test_an_enrolled_person_is_known_in_every_other_photo(
    name: str, n: int, judge: Judge, photo: Photo, policy: Policy
) -> None:
    verdict = judge(photo(f"{name}-{n}"))

    assert (verdict.outcome, verdict.person) == (Outcome.KNOWN, name)
    assert verdict.score is not None
    assert policy.threshold <= verdict.score <= 1
    assert verdict.quality is not None
    assert PROBE.fault(verdict.quality) is None


def test_the_judged_face_is_told_in_pixels_of_the_photo(judge: Judge, photo: Photo) -> None:
    face = judge(photo("ana-3")).face

    assert face is not None
    np.testing.assert_allclose(face.box, (508, 94, 169, 226), atol=8)
    np.testing.assert_allclose(face.landmarks[2], (590, 227), atol=8)
    assert 0.7 <= face.score <= 1


@pytest.mark.parametrize("name", ["dana", "eun", "fatima", "goro", "hana", "ivo", "jun"])
def test_a_stranger_is_unknown_and_the_likeness_is_told(
    name: str, judge: Judge, photo: Photo, policy: Policy
) -> None:
    verdict = judge(photo(f"{name}-1"))

    assert (verdict.outcome, verdict.person) == (Outcome.UNKNOWN, None)
    assert verdict.score is not None
    assert -1 <= verdict.score < policy.threshold
    assert verdict.face is not None


def test_in_an_empty_house_everybody_is_unknown(
    pipeline: Pipeline, photo: Photo, policy: Policy, steps: Steps
) -> None:
    verdict = pipeline.judge(pipeline.decode(photo("ana-1"), steps), Gallery.of([]), policy, steps)

    assert (verdict.outcome, verdict.person, verdict.score) == (Outcome.UNKNOWN, None, None)
    assert verdict.face is not None


def test_below_the_threshold_in_force_a_friend_stays_unknown(
    pipeline: Pipeline, gallery: Gallery, photo: Photo, policy: Policy, steps: Steps
) -> None:
    verdict = pipeline.judge(
        pipeline.decode(photo("ana-3"), steps), gallery, replace(policy, threshold=1.0), steps
    )

    assert (verdict.outcome, verdict.person) == (Outcome.UNKNOWN, None)
    assert verdict.score is not None
    assert verdict.score > policy.threshold


def test_a_friend_whose_face_is_hidden_in_part_has_to_be_liker(
    pipeline: Pipeline, gallery: Gallery, photo: Photo, policy: Policy, steps: Steps
) -> None:
    whole = pipeline.decode(photo("ana-3"), steps)
    face = pipeline.detect(whole, steps)[0]
    hidden = replace(whole, pixels=ALTERATIONS["hand over the mouth"](whole.pixels, face))

    def reason(picture: Picture, lead: float) -> Reason | None:
        """Why she is refused where she is liker than she has to be by this much."""
        score = pipeline.judge(picture, gallery, policy, steps).score or 0.0
        verdict = pipeline.judge(picture, gallery, replace(policy, threshold=score - lead), steps)
        assert (verdict.outcome is Outcome.KNOWN) is (verdict.reason is None)
        return verdict.reason

    assert [reason(whole, lead) for lead in (0.01, 0.11)] == [None, None]
    assert [reason(hidden, lead) for lead in (0.01, 0.09, 0.11)] == [Reason.UNCLEAR, Reason.UNCLEAR, None]


def test_between_two_people_with_the_same_face_nobody_is_let_in(
    pipeline: Pipeline, photo: Photo, policy: Policy, steps: Steps
) -> None:
    face = pipeline.embed(pipeline.single_face(photo("ana-1"), ENROLMENT, steps).crop, steps)
    twins = Gallery.of([("ana", face), ("her twin", face)])

    verdict = pipeline.judge(pipeline.decode(photo("ana-1"), steps), twins, policy, steps)

    assert (verdict.outcome, verdict.person) == (Outcome.UNKNOWN, None)
    assert verdict.score == pytest.approx(1)


@pytest.mark.parametrize("name", ["nobody-1", "nobody-2", "nobody-3"])
def test_a_photo_without_a_face_has_no_face(name: str, judge: Judge, photo: Photo) -> None:
    assert judge(photo(name)) == Verdict(Outcome.NO_FACE)


def test_a_face_in_the_dark_is_too_dark(judge: Judge, photo: Photo) -> None:
    verdict = judge(dimmed(photo("ana-3"), 0.2))

    assert (verdict.outcome, verdict.person, verdict.score) == (Outcome.TOO_DARK, None, None)
    assert verdict.quality is not None
    assert verdict.quality.brightness < PROBE.least_brightness


@pytest.mark.parametrize("name", ["ana-3", "nobody-1"])
def test_where_nothing_can_be_seen_it_is_too_dark_and_not_empty(
    name: str, judge: Judge, photo: Photo
) -> None:
    assert judge(dimmed(photo(name), 0.02)) == Verdict(Outcome.TOO_DARK)


def test_a_face_far_away_is_too_small(judge: Judge, photo: Photo) -> None:
    verdict = judge(resized(photo("ana-3"), 0.2))

    assert (verdict.outcome, verdict.person, verdict.score) == (Outcome.TOO_SMALL, None, None)
    assert verdict.quality is not None
    assert verdict.quality.size_px == pytest.approx(35, abs=4)


def test_a_face_out_of_focus_is_blurred(judge: Judge, photo: Photo) -> None:
    verdict = judge(blurred(photo("ana-3"), 10))

    assert (verdict.outcome, verdict.person, verdict.score) == (Outcome.BLURRED, None, None)
    assert verdict.quality is not None
    assert verdict.quality.sharpness < PROBE.least_sharpness


@pytest.mark.parametrize(
    "names", [("ana-3", "bruno-3"), ("bruno-3", "ana-3"), ("dana-1", "ana-3"), ("ana-3", "ana-4")]
)
def test_two_people_at_the_door_are_several_even_if_one_is_known(
    names: tuple[str, str], judge: Judge, photo: Photo
) -> None:
    verdict = judge(side_by_side(*(photo(name) for name in names)))

    assert (verdict.outcome, verdict.person, verdict.score) == (Outcome.SEVERAL_PEOPLE, None, None)


def test_a_passer_by_far_behind_is_nobody_at_the_door(judge: Judge, photo: Photo) -> None:
    verdict = judge(side_by_side(photo("ana-3"), resized(photo("bruno-3"), 0.12)))

    assert (verdict.outcome, verdict.person) == (Outcome.KNOWN, "ana")


@pytest.mark.parametrize(
    ("share", "factor", "outcome"),
    [
        (0.2, 0.4, Outcome.SEVERAL_PEOPLE),
        (0.2, 0.12, Outcome.KNOWN),
        (0.5, 0.3, Outcome.KNOWN),
        (0.5, 0.7, Outcome.SEVERAL_PEOPLE),
    ],
)
def test_from_which_size_on_another_is_at_the_door_too_is_the_policys(
    share: float, factor: float, outcome: Outcome, photo: Photo, request: pytest.FixtureRequest
) -> None:
    pipeline, gallery, steps = (request.getfixturevalue(name) for name in ("pipeline", "gallery", "steps"))
    both = pipeline.decode(side_by_side(photo("ana-3"), resized(photo("bruno-3"), factor)), steps)

    assert pipeline.judge(both, gallery, Policy(0.526, 0.05, share), steps).outcome is outcome


def test_the_nearer_of_two_is_judged_wherever_they_stand(judge: Judge, photo: Photo) -> None:
    verdict = judge(side_by_side(resized(photo("bruno-3"), 0.12), photo("ana-3")))

    assert (verdict.outcome, verdict.person) == (Outcome.KNOWN, "ana")


def test_a_photo_taken_with_the_camera_on_its_side_is_judged_upright(judge: Judge, photo: Photo) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    lying = Image.open(BytesIO(photo("ana-3"))).transpose(Image.Transpose.ROTATE_90)

    verdict = judge(file_of(lying, exif=exif))

    assert (verdict.outcome, verdict.person) == (Outcome.KNOWN, "ana")
    assert verdict.face is not None
    np.testing.assert_allclose(verdict.face.box, (508, 94, 169, 226), atol=8)


@pytest.mark.parametrize("factor", [0.5, 2, 3])
def test_a_photo_of_any_size_is_judged_in_its_own_pixels(factor: float, judge: Judge, photo: Photo) -> None:
    verdict = judge(resized(photo("ana-3"), factor))

    assert (verdict.outcome, verdict.person) == (Outcome.KNOWN, "ana")
    assert verdict.face is not None
    assert verdict.quality is not None
    np.testing.assert_allclose(np.array(verdict.face.box) / factor, (512, 96, 166, 225), atol=20)
    assert verdict.quality.size_px == verdict.face.size_px


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_the_kind_of_file_makes_no_difference(kind: str, judge: Judge, photo: Photo) -> None:
    verdict = judge(file_of(Image.open(BytesIO(photo("ana-3"))), kind))

    assert (verdict.outcome, verdict.person) == (Outcome.KNOWN, "ana")
    assert verdict.score == pytest.approx(judge(photo("ana-3")).score, abs=0.05)


@pytest.mark.parametrize(
    ("cut", "error"), [(slice(0, 20_000), Unprocessable), (slice(2, None), UnsupportedMediaType)]
)
def test_what_cannot_be_decoded_is_refused(
    cut: slice, error: type[RequestError], judge: Judge, photo: Photo
) -> None:
    with pytest.raises(error):
        judge(photo("ana-3")[cut])


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("ana-3", ["decode", "detect", "align", "recheck", "embed", "faults", "match"]),
        ("nobody-1", ["decode", "detect"]),
    ],
)
def test_every_step_is_timed(
    name: str, taken: list[str], pipeline: Pipeline, gallery: Gallery, policy: Policy, photo: Photo
) -> None:
    ticks = iter(range(100))
    steps = Steps(lambda: float(next(ticks)))

    pipeline.judge(pipeline.decode(photo(name), steps), gallery, policy, steps)

    assert steps.seconds == dict.fromkeys(taken, 1.0)


CLOSEUPS = Path(__file__).parents[2] / "cases" / "closeup"


@pytest.mark.parametrize("path", sorted(CLOSEUPS.glob("stranger-*.jpg")), ids=lambda path: path.stem)
def test_strangers_close_to_the_camera_stay_strangers(path: Path, judge: Judge) -> None:
    verdict = judge(path.read_bytes())

    assert (verdict.outcome, verdict.person) in (
        (Outcome.UNKNOWN, None),
        (Outcome.KNOWN, path.stem.split("-")[1]),
    )
    assert verdict.person in (None, "chen")  # the others have nothing enrolled


def test_a_friend_close_to_the_camera_is_known(judge: Judge) -> None:
    verdict = judge((CLOSEUPS / "friend-ana-4-3x4.jpg").read_bytes())

    assert (verdict.outcome, verdict.person) == (Outcome.KNOWN, "ana")


@pytest.mark.parametrize("share", [0.5, 0.8, 1.0, 1.1])
@pytest.mark.parametrize("size", FORMS.values(), ids=FORMS)
def test_friends_are_known_up_to_the_size_of_the_frame_and_beyond(
    size: tuple[int, int], share: float, judge: Judge, pipeline: Pipeline, photo: Photo, steps: Steps
) -> None:
    names = [f"{name}-{number}" for name in ("ana", "bruno", "chen") for number in (3, 4, 5)]

    people = [judge(near(photo(name), size, share, pipeline, steps)).person for name in names]

    assert {person for person in people if person is not None} <= {"ana", "bruno", "chen"}
    assert [person == name[:-2] for person, name in zip(people, names, strict=True)].count(True) >= 7


@pytest.mark.parametrize("share", [2.5, 3.0])
@pytest.mark.parametrize("size", FORMS.values(), ids=FORMS)
def test_nobody_is_known_by_an_eye(
    size: tuple[int, int], share: float, judge: Judge, pipeline: Pipeline, photo: Photo, steps: Steps
) -> None:
    outcomes = {judge(near(photo(f"ana-{n}"), size, share, pipeline, steps)).outcome for n in (3, 4, 5)}

    assert outcomes <= {Outcome.TOO_CLOSE, Outcome.NO_FACE}


def near(photo: bytes, size: tuple[int, int], share: float, pipeline: Pipeline, steps: Steps) -> bytes:
    """The photo of a face that has so much of a picture's height."""
    face = pipeline.detect(pipeline.decode(photo, steps), steps)[0]
    return file_of(framed(pixels_of(photo), face, size, share)[0])


Alteration = Callable[[Photo], bytes]

UNFIT: dict[str, tuple[Alteration, str]] = {
    "an empty room": (lambda photo: photo("nobody-2"), "no_face"),
    "a black picture": (lambda photo: dimmed(photo("ana-1"), 0.01), "too_dark"),
    "two people": (lambda photo: side_by_side(photo("ana-1"), photo("bruno-1")), "several_people"),
    "a face of 58 px": (lambda photo: resized(photo("ana-3"), 0.35), "too_small"),
    "a face in the dusk": (lambda photo: dimmed(photo("ana-1"), 0.3), "too_dark"),
    "a face a little out of focus": (lambda photo: blurred(photo("ana-3"), 4), "blurred"),
    "a face that moved": (lambda photo: moved(photo("ana-3"), 25), "blurred"),
    "a face behind a mask": (lambda photo: covered(photo("ana-1")), "obscured"),
    "a face larger than the frame": (lambda _: (CLOSEUPS / "enrolled-ana-2.jpg").read_bytes(), "too_close"),
}


@pytest.mark.parametrize(("alteration", "code"), UNFIT.values(), ids=UNFIT)
def test_a_photo_unfit_for_enrolment_is_refused_with_the_reason(
    alteration: Alteration, code: str, pipeline: Pipeline, photo: Photo, steps: Steps
) -> None:
    with pytest.raises(UnusablePhoto) as refusal:
        pipeline.single_face(alteration(photo), ENROLMENT, steps)

    assert (refusal.value.status, refusal.value.code) == (422, code)


@pytest.mark.parametrize("name", ["a face of 58 px", "a face in the dusk", "a face a little out of focus"])
def test_the_door_is_more_lenient_than_enrolment(
    name: str, pipeline: Pipeline, photo: Photo, steps: Steps
) -> None:
    alteration, _ = UNFIT[name]

    sighting = pipeline.single_face(alteration(photo), PROBE, steps)

    assert ENROLMENT.fault(sighting.quality) is not None


@pytest.mark.parametrize(("yaw", "door", "enrolment"), [(0.3, None, None), (-0.4, None, "turned_away")])
def test_a_visitor_may_look_to_the_side_and_who_enrols_may_not(
    yaw: float, door: str | None, enrolment: str | None
) -> None:
    quality = Quality(
        size_px=200,
        brightness=120,
        sharpness=50,
        roll_degrees=0,
        yaw=yaw,
        outside=0,
        detail=5,
        plain=0,
        aspect=1,
    )

    assert (PROBE.fault(quality), ENROLMENT.fault(quality)) == (door, enrolment)


def test_a_head_turned_too_far_is_refused(pipeline: Pipeline, photo: Photo, steps: Steps) -> None:
    straight_only = Standard(least_size_px=0, least_brightness=0, least_sharpness=0, most_yaw=0.0001)

    with pytest.raises(UnusablePhoto) as refusal:
        pipeline.single_face(photo("ana-4"), straight_only, steps)

    assert refusal.value.code == "turned_away"


@pytest.mark.parametrize("name", [f"{name}-{n}" for name in ("ana", "eun", "ivo") for n in (1, 2)])
def test_a_photo_fit_for_enrolment_gives_an_upright_crop_of_the_one_face(
    name: str, pipeline: Pipeline, photo: Photo, steps: Steps
) -> None:
    sighting = pipeline.single_face(photo(name), ENROLMENT, steps)

    assert sighting.crop.shape == (112, 112, 3)
    assert sighting.crop.dtype == np.uint8
    assert sighting.quality.size_px == sighting.face.size_px


def test_a_kept_crop_embeds_to_the_very_same_vector(pipeline: Pipeline, photo: Photo, steps: Steps) -> None:
    crop = pipeline.single_face(photo("ana-1"), ENROLMENT, steps).crop

    kept = crop_from_png(crop_to_png(crop))

    np.testing.assert_array_equal(pipeline.embed(kept, steps), pipeline.embed(crop, steps))


@pytest.mark.parametrize("turn", ["ROTATE_90", "ROTATE_180", "ROTATE_270"])
def test_a_face_that_is_not_upright_is_not_enrolled(
    turn: str, pipeline: Pipeline, photo: Photo, steps: Steps
) -> None:
    # The detector finds such faces but puts upright landmarks on them, and all crops made from those look
    # alike to an embedder: whoever stands on their head would be let in.
    lying = Image.open(BytesIO(photo("ana-3"))).transpose(Image.Transpose[turn])

    with pytest.raises(UnusablePhoto):
        pipeline.single_face(file_of(lying), ENROLMENT, steps)


def test_photos_of_one_person_are_more_alike_than_the_threshold(
    pipeline: Pipeline, photo: Photo, policy: Policy, steps: Steps
) -> None:
    alike = pipeline.compare(photo("ana-1"), photo("ana-2"), steps)
    others = pipeline.compare(photo("ana-1"), photo("bruno-2"), steps)

    assert -1 <= others < policy.threshold < alike <= 1


def test_comparing_goes_either_way_round(pipeline: Pipeline, photo: Photo, steps: Steps) -> None:
    one, other = photo("eun-1"), photo("goro-1")

    assert pipeline.compare(one, other, steps) == pytest.approx(pipeline.compare(other, one, steps))
    assert pipeline.compare(one, one, steps) == pytest.approx(1)


@pytest.mark.parametrize("names", [("ana-1", "nobody-1"), ("nobody-1", "ana-1")])
def test_a_comparison_needs_a_face_in_both_photos(
    names: tuple[str, str], pipeline: Pipeline, photo: Photo, steps: Steps
) -> None:
    with pytest.raises(UnusablePhoto) as refusal:
        pipeline.compare(photo(names[0]), photo(names[1]), steps)

    assert refusal.value.code == "no_face"


@pytest.fixture(scope="module")
def landmark_pipeline(pack_folder: Path) -> Pipeline:
    """The models without a nose network: the detector's landmark is told."""
    return Pipeline(replace(pack_in(pack_folder), nose=None), pack_folder, None, PictureLimits())


@pytest.mark.parametrize("factor", [0.25, 1, 2])
def test_the_nose_is_told_in_fractions_whatever_the_size(
    factor: float, landmark_pipeline: Pipeline, photo: Photo, steps: Steps
) -> None:
    nose = landmark_pipeline.nose(resized(photo("ana-3"), factor), steps)

    assert nose == pytest.approx((592 / 960, 227 / 540), abs=0.02)


def test_the_nose_of_a_mirrored_photo_is_mirrored(
    landmark_pipeline: Pipeline, photo: Photo, steps: Steps
) -> None:
    mirrored = file_of(np.ascontiguousarray(pixels_of(photo("ana-3"))[:, ::-1]))

    assert landmark_pipeline.nose(mirrored, steps) == pytest.approx((1 - 592 / 960, 227 / 540), abs=0.02)


def test_the_nose_of_the_nearest_face_counts(landmark_pipeline: Pipeline, photo: Photo, steps: Steps) -> None:
    row = side_by_side(resized(photo("bruno-3"), 0.5), photo("ana-3"))

    assert landmark_pipeline.nose(row, steps) == pytest.approx(((480 + 592) / 1440, 227 / 540), abs=0.02)


def test_without_a_face_there_is_no_nose(landmark_pipeline: Pipeline, photo: Photo, steps: Steps) -> None:
    with pytest.raises(UnusablePhoto) as refusal:
        landmark_pipeline.nose(photo("nobody-1"), steps)

    assert refusal.value.code == "no_face"


def with_nose(folder: Path, path: Path, channels: str = "rgb") -> Pipeline:
    return Pipeline(pack_in(folder), folder, NoseFile(path, SIDE_PX, channels), PictureLimits())


NOSES = {"nose.onnx": nose_onnx, "nose.pb": nose_pb, "nose.tflite": nose_tflite}


@pytest.mark.parametrize("name", NOSES)
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
@pytest.mark.parametrize("picture", ["ana-1", "nobody-1"])
def test_a_nose_network_is_asked_instead_of_the_detector(
    name: str,
    channels: str,
    picture: str,
    pack_folder: Path,
    photo: Photo,
    tmp_path: Path,
) -> None:
    ticks = iter(range(100))
    steps = Steps(lambda: float(next(ticks)))
    pipeline = with_nose(pack_folder, NOSES[name](tmp_path / name), channels)

    point = pipeline.nose(photo(picture), steps)

    colour = pixels_of(photo(picture)).mean(axis=(0, 1)) / 255
    expected = (colour if channels == "rgb" else colour[::-1]) @ WEIGHTS
    assert point == pytest.approx(tuple(expected), abs=0.003)
    assert steps.seconds == {"decode": 1.0, "nose": 1.0}


def test_a_packs_own_nose_network_is_asked_unless_the_owner_names_another(
    pack_folder: Path, photo: Photo, steps: Steps, tmp_path: Path
) -> None:
    pack = pack_in(pack_folder)
    for network in (pack.detector, pack.embedder, pack.faults):
        assert network is not None
        (tmp_path / network.file).symlink_to(pack_folder / network.file)
    nose_onnx(tmp_path / "own.onnx")
    own = NoseNetworkFile(
        file="own.onnx",
        sha256="0" * 64,
        size_bytes=1,
        licence="MIT",
        source="a test",
        input_px=SIDE_PX,
        channels="rgb",
    )
    others = NoseFile(
        nose_onnx(tmp_path / "others.onnx", np.asarray(WEIGHTS / 2, np.float32)), SIDE_PX, "rgb"
    )

    def pointed(nose: NoseFile | None) -> tuple[float, float]:
        return Pipeline(replace(pack, nose=own), tmp_path, nose, PictureLimits()).nose(photo("ana-1"), steps)

    x, y = pointed(None)
    assert (x, y) == pytest.approx(
        tuple(pixels_of(photo("ana-1")).mean(axis=(0, 1)) / 255 @ WEIGHTS), abs=0.003
    )
    assert pointed(others) == pytest.approx((x / 2, y / 2), abs=1e-4)


@pytest.mark.parametrize(("name", "sound"), [("ana-1", True), ("nobody-1", False)])
def test_a_check_finds_the_one_face_of_its_picture(
    name: str, sound: bool, pipeline: Pipeline, photo: Photo, steps: Steps
) -> None:
    assert pipeline.check(photo(name), steps) is sound


def test_a_check_that_finds_two_faces_fails(pipeline: Pipeline, photo: Photo, steps: Steps) -> None:
    assert pipeline.check(side_by_side(photo("ana-1"), photo("bruno-1")), steps) is False


def test_a_check_tries_the_nose_network_too(
    pack_folder: Path, photo: Photo, steps: Steps, tmp_path: Path
) -> None:
    sound = with_nose(pack_folder, nose_onnx(tmp_path / "nose.onnx"))
    other = with_nose(pack_folder, extremes_onnx(tmp_path / "extremes.onnx"))

    assert sound.check(photo("ana-1"), steps)
    with pytest.raises(PackError, match=r"^pack:no_nose file=.*extremes\.onnx"):
        other.check(photo("ana-1"), steps)


def test_networks_that_cannot_be_loaded_are_told_by_their_path(pack_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"^pack:unreadable file=.*nose\.onnx"):
        with_nose(pack_folder, tmp_path / "nose.onnx")
    with pytest.raises(PackError, match=pack_in(pack_folder).detector.file):
        Pipeline(pack_in(pack_folder), tmp_path, None, PictureLimits())


def test_a_pack_whose_embedder_is_no_embedder_is_told(
    pack_folder: Path, photo: Photo, steps: Steps, tmp_path: Path
) -> None:
    pack = pack_in(pack_folder)
    nose_onnx(tmp_path / "nose.onnx")
    (tmp_path / pack.detector.file).symlink_to(pack_folder / pack.detector.file)
    wrong = replace(pack, faults=None, embedder=replace(pack.embedder, file="nose.onnx"))

    with pytest.raises(PackError, match=r"^pack:no_embedder file=.*nose\.onnx"):
        Pipeline(wrong, tmp_path, None, PictureLimits()).check(photo("ana-1"), steps)


def test_a_pack_whose_detector_is_no_detector_is_told(
    pack_folder: Path, photo: Photo, steps: Steps, tmp_path: Path
) -> None:
    pack = pack_in(pack_folder)
    nose_onnx(tmp_path / "nose.onnx")
    (tmp_path / pack.embedder.file).symlink_to(pack_folder / pack.embedder.file)
    wrong = replace(pack, faults=None, detector=replace(pack.detector, file="nose.onnx", input_px=SIDE_PX))

    with pytest.raises(PackError, match=r"nose\.onnx"):
        Pipeline(wrong, tmp_path, None, PictureLimits()).check(photo("ana-1"), steps)
