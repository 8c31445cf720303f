from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from tests.wsgi_app.house.embedders import embedder
from wsgi_app.base.config import load_config
from wsgi_app.house.calibration import Question, examine
from wsgi_app.stores.faces import EnrolledFace
from wsgi_app.stores.gallery import GalleryFace, GalleryRows
from wsgi_app.vision.packs import Threshold
from wsgi_app.web.links import Links

CONFIG = load_config({})
MEASURED = Threshold(score=0.526, measured_on="families", false_accept_rate=0.001)
UNMEASURED = Threshold(score=0.4, measured_on="nothing", false_accept_rate=None)


def face(name: str, *vector: float, negative: bool = False) -> GalleryFace:
    """One face of somebody, as a unit vector in a plane."""
    return GalleryFace(name.lower(), name, np.array(vector, np.float32), negative, f"{name.lower()}-face")


def gallery(*faces: GalleryFace, unseen: Sequence[EnrolledFace] = ()) -> GalleryRows:
    """The gallery of these faces."""
    return GalleryRows(1, list(faces), list(unseen), [])


def question(*measured: Threshold, wanted_rate: float = 0.001) -> Question:
    """What is asked where the first of the pack's thresholds is in force."""
    return Question(CONFIG, embedder(*measured), wanted_rate, Links("/porteiro").of_face)


def test_everybody_is_told_by_name_with_links_below_the_mount() -> None:
    rows = [face("Ana", 1, 0), face("Bruno", 0.6, 0.8), face("Ana", 0, 1), face("Ana", -1, 0, negative=True)]

    found = examine(gallery(*rows), question(MEASURED))

    assert (found.people, found.faces, found.threshold, found.measured_on) == (2, 3, 0.526, "families")
    (pair,) = found.most_alike
    assert (round(pair.score, 2), [each.person.name for each in pair.faces]) == (0.9, ["Ana", "Bruno"])
    assert pair.faces[1].links == {
        "person": "/porteiro/people/bruno",
        "photo": "/porteiro/people/bruno/faces/bruno-face/photo",
    }
    doubts = [
        (doubt.face.person.name, doubt.score, doubt.other, doubt.other_score) for doubt in found.doubtful
    ]
    assert doubts == [("Ana", 0.0, "Bruno", 0.6), ("Ana", 0.0, "Bruno", 0.8)]
    assert found.missing == [
        "Enrol at least two photos each: there is one alone of Bruno, which cannot be compared."
    ]


@pytest.mark.parametrize(
    ("measured", "wanted_rate", "threshold", "why"),
    [
        (
            MEASURED,
            0.001,
            0.601,
            "The 2 comparisons of different people here are too few to tell 1 in 1,000 visits apart. "
            "The pack keeps to 1 in 1,000 comparisons from 0.526 on, measured on families. "
            "Two people here are as alike as 0.600, so it lies just above that.",
        ),
        (
            MEASURED,
            0.0001,
            0.601,
            "The 2 comparisons of different people here are too few to tell 1 in 10,000 visits apart. "
            "The strictest that was measured of this pack is 0.526, for 1 in 1,000 comparisons. "
            "Two people here are as alike as 0.600, so it lies just above that.",
        ),
        (
            UNMEASURED,
            0.001,
            0.601,
            "The 2 comparisons of different people here are too few to tell 1 in 1,000 visits apart. "
            "Nobody measured this pack's rates; its own threshold stands in. "
            "Two people here are as alike as 0.600, so it lies just above that.",
        ),
    ],
    ids=["the rate was measured", "a laxer one was", "none was"],
)
def test_a_suggestion_says_why(measured: Threshold, wanted_rate: float, threshold: float, why: str) -> None:
    rows = [face("Ana", 1, 0), face("Bruno", 0.6, 0.8)]

    suggestion = examine(gallery(*rows), question(measured, wanted_rate=wanted_rate)).suggestion

    assert (suggestion.threshold, suggestion.setting) == (threshold, f"PORTEIRO_THRESHOLD={threshold:g}")
    assert (suggestion.from_gallery, suggestion.reason) == (False, why)


def test_a_suggestion_below_what_was_measured_of_the_pack_comes_with_a_warning() -> None:
    laxer = Threshold(score=0.4, measured_on="families", false_accept_rate=0.01)
    rows = [face("Ana", 1, 0), face("Bruno", 0, 1)]

    strict, lax = (
        examine(gallery(*rows), question(MEASURED, laxer, wanted_rate=rate)).suggestion
        for rate in (0.001, 0.01)
    )

    assert (strict.threshold, strict.warning) == (0.526, None)
    assert (lax.threshold, lax.warning) == (
        0.4,
        "This is below 0.526, from which on the pack keeps to 1 in 1,000 among strangers: whoever is not "
        "enrolled here is let in more easily than the photos here can tell.",
    )


def test_an_empty_house_is_told_what_it_lacks_and_the_pack_s_threshold() -> None:
    found = examine(gallery(), question(MEASURED))

    assert (found.people, found.faces, found.most_alike, found.doubtful) == (0, 0, [], [])
    assert found.suggestion.threshold == 0.526
    assert found.suggestion.reason.endswith("Nobody here can be compared with anybody else yet.")
    assert found.missing == ["Enrol at least two people: how alike different people are cannot be told yet."]


def test_photos_that_the_models_have_not_seen_are_told() -> None:
    unseen = [
        EnrolledFace("face", "ana", "crop", None, datetime(2026, 1, 5, tzinfo=UTC), negative, None)
        for negative in (False, True, False)
    ]

    found = [examine(gallery(unseen=unseen[:faces]), question(MEASURED)).missing[0] for faces in (2, 3)]

    assert found == [
        f"{photos} left out, not seen by these models: `porteiro prepare` mends that, or says why not."
        for photos in ("1 photo is", "2 photos are")
    ]


def test_of_many_who_lack_a_photo_ten_are_named_in_the_order_of_their_names() -> None:
    names = ["bea", "Ana", *(f"Guest {number}" for number in range(10))]

    found = examine(gallery(*(face(name, 1, 0) for name in names)), question(MEASURED))

    listed = "Ana, bea, " + ", ".join(f"Guest {number}" for number in range(8))
    assert found.missing == [
        f"Enrol at least two photos each: there is one alone of {listed} and 2 others, "
        "which cannot be compared."
    ]
