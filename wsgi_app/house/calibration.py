"""What a gallery says about its threshold, in figures and in words."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from wsgi_app.base.config import Config
from wsgi_app.base.people import PersonName
from wsgi_app.house.suggestions import DIGITS, RateBody, SuggestionBody, rate_body, suggestion_body
from wsgi_app.house.thresholds import USUAL_RATE, policy_for, threshold_for_rate, threshold_in_force
from wsgi_app.stores.gallery import GalleryFace, GalleryRows
from wsgi_app.vision.calibration import (
    BINS,
    HIGH,
    LOW,
    Division,
    Doubt,
    Faces,
    Pair,
    Scores,
    compare_all,
    divided,
    doubtful,
    histogram,
    most_alike,
    suggest,
)
from wsgi_app.vision.packs import EmbedderFile
from wsgi_app.vision.rates import false_accepts, false_rejects

MOST_SHOWN = 4  # faces of a group

FaceLinks = Callable[[str, str], dict[str, str]]


@dataclass(frozen=True)
class Question:
    """What is asked of a gallery.

    Attributes:
        config: the settings.
        embedder: what was measured of it.
        wanted_rate: the share of strangers' visits to suggest a threshold for.
        links: where a face and its person are found, by the ids of both.
    """

    config: Config
    embedder: EmbedderFile
    wanted_rate: float
    links: FaceLinks


class Bin(msgspec.Struct):
    """A step of a histogram, from a score to below another."""

    low: float
    high: float
    genuine: int
    impostor: int


class FaceOf(msgspec.Struct):
    """A face, and whose it is."""

    person: PersonName
    face: str
    links: dict[str, str]


class AlikeBody(msgspec.Struct):
    """Two people, by their two most alike faces."""

    score: float
    faces: tuple[FaceOf, FaceOf]


class DoubtBody(msgspec.Struct):
    """A face that its person's other faces do not confirm, and whom it is most like of all others."""

    face: FaceOf
    score: float
    other: str | None
    other_score: float | None


class GroupBody(msgspec.Struct):
    """Some of a person's photos that look like one person's: how many there are, and the first of them."""

    count: int
    faces: list[FaceOf]


class DividedBody(msgspec.Struct):
    """A person whose photos look like several people's; ``score`` is the most that two groups are alike.

    ``advice`` says what to do.
    """

    person: PersonName
    score: float
    groups: list[GroupBody]
    advice: str


class Calibration(msgspec.Struct):
    """How sure the doorman can be of the people in a gallery."""

    people: int
    faces: int
    threshold: float
    measured_on: str
    false_accepts: RateBody
    false_rejects: RateBody
    suggestion: SuggestionBody
    histogram: list[Bin]
    most_alike: list[AlikeBody]
    doubtful: list[DoubtBody]
    divided: list[DividedBody]
    missing: list[str]


def examine(rows: GalleryRows, question: Question) -> Calibration:
    """Compare everybody in a gallery with everybody; what is kept as not somebody's does not count."""
    faces = sorted(
        (face for face in rows.faces if not face.negative), key=lambda face: (face.person_id, face.face_id)
    )
    arrays = _as_arrays(faces)
    scores = compare_all(arrays)
    genuine, impostor = scores.genuine, scores.impostor
    people = len(arrays.starts)
    present = threshold_in_force(question.config, question.embedder, people)
    own = policy_for(question.config, question.embedder, people).own
    usual, pack = (
        threshold_for_rate(question.embedder, rate, people) for rate in (USUAL_RATE, question.wanted_rate)
    )
    return Calibration(
        people=people,
        faces=len(faces),
        threshold=present.score,
        measured_on=present.measured_on,
        false_accepts=rate_body(false_accepts(impostor, present.score)),
        false_rejects=rate_body(false_rejects(genuine, present.score)),
        suggestion=suggestion_body(suggest(scores, question.wanted_rate, pack), usual),
        histogram=_bins(genuine, impostor),
        most_alike=[_alike(faces, pair, question.links) for pair in most_alike(arrays, scores)],
        doubtful=[_doubt(faces, arrays, doubt, question.links) for doubt in doubtful(scores, present.score)],
        divided=[_divided(faces, division, question.links) for division in divided(arrays, own)],
        missing=[*_unseen(rows), *_missing(faces, arrays, scores)],
    )


def _as_arrays(faces: list[GalleryFace]) -> Faces:
    if not faces:
        return Faces(np.zeros((0, 1), np.float32), np.zeros(0, np.int64))
    owners = np.unique([face.person_id for face in faces], return_inverse=True)[1]
    return Faces(np.stack([face.vector for face in faces]).astype(np.float32), owners.astype(np.int64))


def _bins(genuine: NDArray[np.float32], impostor: NDArray[np.float32]) -> list[Bin]:
    edges = np.linspace(LOW, HIGH, BINS + 1).round(DIGITS)
    counts = zip(histogram(genuine), histogram(impostor), strict=True)
    return [
        Bin(float(edges[at]), float(edges[at + 1]), int(same), int(different))
        for at, (same, different) in enumerate(counts)
    ]


def _face(face: GalleryFace, links: FaceLinks) -> FaceOf:
    person = PersonName(face.person_id, face.name)
    return FaceOf(person, face.face_id, links(face.person_id, face.face_id))


def _alike(faces: list[GalleryFace], pair: Pair, links: FaceLinks) -> AlikeBody:
    both = _face(faces[pair.first], links), _face(faces[pair.second], links)
    return AlikeBody(round(pair.score, DIGITS), both)


def _doubt(faces: list[GalleryFace], arrays: Faces, doubt: Doubt, links: FaceLinks) -> DoubtBody:
    face, own = _face(faces[doubt.face], links), round(doubt.own, DIGITS)
    if doubt.other is None:
        return DoubtBody(face, own, None, None)
    return DoubtBody(face, own, faces[arrays.starts[doubt.other]].name, round(doubt.other_score, DIGITS))


def _divided(faces: list[GalleryFace], division: Division, links: FaceLinks) -> DividedBody:
    first = faces[division.groups[0][0]]
    groups = [
        GroupBody(len(group), [_face(faces[at], links) for at in group[:MOST_SHOWN]])
        for group in division.groups
    ]
    return DividedBody(
        PersonName(first.person_id, first.name),
        round(division.score, DIGITS),
        groups,
        f"Is each of them {first.name}? Remove the photos of anybody else, and enrol them under the name "
        f"that is theirs. If all are {first.name}, add a photo that is like both.",
    )


def _unseen(rows: GalleryRows) -> list[str]:
    left_out = sum(not face.negative for face in rows.unseen)
    if not left_out:
        return []
    photos = "1 photo is" if left_out == 1 else f"{left_out} photos are"
    return [f"{photos} left out, not seen by these models: `porteiro prepare` mends that, or says why not."]


def _missing(faces: list[GalleryFace], arrays: Faces, scores: Scores) -> list[str]:
    lacking = [faces[at].name for at in np.flatnonzero(np.isnan(scores.own))]
    sentences = []
    if len(arrays.starts) < 2:  # noqa: PLR2004  strangers take two
        sentences.append("Enrol at least two people: how alike different people are cannot be told yet.")
    if lacking:
        names = ", ".join(sorted(lacking, key=str.casefold)[:10])
        more = f" and {len(lacking) - 10} others" if len(lacking) > 10 else ""  # noqa: PLR2004
        sentences.append(
            f"Enrol at least two photos each: there is one alone of {names}{more}, which cannot be compared."
        )
    return sentences
