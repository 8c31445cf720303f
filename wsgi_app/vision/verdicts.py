"""What can be said of a photo: who is on it, or why that cannot be told."""

from dataclasses import dataclass, field
from enum import StrEnum

from wsgi_app.vision.detect import Face
from wsgi_app.vision.embed import Embedding
from wsgi_app.vision.match import Match
from wsgi_app.vision.quality import Quality


class Outcome(StrEnum):
    """What a photo at the door can end in; only ``KNOWN`` opens it.

    ``NOT_NOW`` is no finding of the networks: somebody is known, and their rule does not let them in.
    """

    KNOWN = "known"
    UNKNOWN = "unknown"
    NO_FACE = "no_face"
    TOO_DARK = "too_dark"
    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    SEVERAL_PEOPLE = "several_people"
    NOT_NOW = "not_now"


class Reason(StrEnum):
    """Why somebody is ``UNKNOWN`` although they are like enough to somebody."""

    MARGIN = "margin"
    """A second person is almost as like."""
    BARRED = "barred"
    """A face that is known not to be theirs is as like."""
    NOT_AGREED = "not_agreed"
    """Too few photos of the same moment know the same person."""


@dataclass(frozen=True)
class Policy:
    """When a match is good enough.

    Attributes:
        threshold: least cosine to the person.
        margin: least lead over the second person.
    """

    threshold: float
    margin: float


@dataclass(frozen=True)
class Verdict:
    """Who is at the door.

    Attributes:
        outcome: in one word.
        person: the id of the person recognised; ``None`` for every outcome but ``known`` and ``not_now``.
        score: cosine to the likeliest person, let in or not; ``None`` where no face was compared.
        face: the face judged, in pixels of the photo as sent.
        quality: of that face.
        probe: float32 [size], what the embedder made of it, where it was compared.
        reason: why nobody is known, where somebody is like enough.
    """

    outcome: Outcome
    person: str | None = None
    score: float | None = None
    face: Face | None = None
    quality: Quality | None = None
    probe: Embedding | None = field(default=None, compare=False, repr=False)
    reason: Reason | None = None


def refusal(found: Match, policy: Policy) -> Reason | None:
    """Why a match is not good enough although somebody is like enough; ``None`` where nobody is."""
    if found.barred_score >= max(policy.threshold, found.score):
        return Reason.BARRED
    return Reason.MARGIN if found.person is not None and found.score >= policy.threshold else None
