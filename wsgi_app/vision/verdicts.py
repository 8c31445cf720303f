"""What can be said of a photo, or of several of one moment: who is on it, or why that cannot be told."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from wsgi_app.base.faces import MeasuredFace, Quality
from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.vision.detect import Face
from wsgi_app.vision.embed import Embedding
from wsgi_app.vision.match import Match
from wsgi_app.vision.quality import measured_face

COMPANION_SHARE = 0.2
BUSY_SHARE = 0.5  # at a door where others may be seen
UNCLEAR_LEAD = 0.1  # by which a face has to be liker where something is wrong with it; ``bench/impostors.py``


@dataclass(frozen=True)
class Policy:
    """When a match is good enough.

    Attributes:
        threshold: least cosine to the person.
        margin: least lead over the second person.
        companion_share: another face is a second person from this share of the main one's size on.
        own: least likeness to a person's photos for one more to be taken for theirs.
        sure: least likeness to them for one more to count at once; below it somebody has to look at it.
    """

    threshold: float
    margin: float
    companion_share: float = COMPANION_SHARE
    own: float = -1.0
    sure: float = -1.0


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
        unclear: whether something is wrong with the face that was compared.
    """

    outcome: Outcome
    person: str | None = None
    score: float | None = None
    face: Face | None = None
    quality: Quality | None = None
    probe: Embedding | None = field(default=None, compare=False, repr=False)
    reason: Reason | None = None
    unclear: bool = False

    @property
    def measured(self) -> MeasuredFace | None:
        """The face judged, as it is kept and shown."""
        if self.face is None or self.quality is None:
            return None
        return measured_face(self.face, self.quality)


def needed_score(policy: Policy, *, unclear: bool) -> float:
    """The least cosine to a person.

    Embedders answer alike to faces with which the same is wrong, whoever they show.
    """
    return policy.threshold + unclear * UNCLEAR_LEAD


def refusal(likeliest: Match, policy: Policy) -> Reason | None:
    """Why a match is not good enough although somebody is like enough; ``None`` where nobody is."""
    if likeliest.is_sure(policy.threshold, policy.margin):
        return Reason.UNCLEAR
    if likeliest.barred_score >= max(policy.threshold, likeliest.score):
        return Reason.BARRED
    return Reason.MARGIN if likeliest.person is not None and likeliest.score >= policy.threshold else None


def agreed(first: Verdict, others: Iterable[Verdict], needed: int) -> Verdict:
    """The first photo's verdict, with somebody known only where enough photos know the same person.

    The others are looked at only as far as they are needed, and one that knows somebody else settles it.

    Args:
        first: of the photo that is kept.
        others: of the photos after it, made as they are asked for.
        needed: how many must agree, the first among them.
    """
    if first.outcome is not Outcome.KNOWN:
        return first
    agreeing, looked_at, remaining = 1, 1, iter(others)
    while agreeing < needed:
        other = next(remaining, None)
        if other is None or other.person not in (None, first.person):
            is_short = other is None and agreeing == looked_at
            reason = Reason.FEW_PHOTOS if is_short else Reason.NOT_AGREED
            return replace(first, outcome=Outcome.UNKNOWN, person=None, reason=reason)
        looked_at += 1
        agreeing += other.person == first.person
    return first
