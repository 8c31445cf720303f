"""What can be said of a photo: who is on it, or why that cannot be told."""

from dataclasses import dataclass, field

from wsgi_app.base.faces import MeasuredFace, Quality
from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.vision.detect import Face
from wsgi_app.vision.embed import Embedding
from wsgi_app.vision.match import Match
from wsgi_app.vision.quality import measured_face


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

    @property
    def measured(self) -> MeasuredFace | None:
        """The face judged, as it is kept and shown."""
        if self.face is None or self.quality is None:
            return None
        return measured_face(self.face, self.quality)


def refusal(found: Match, policy: Policy) -> Reason | None:
    """Why a match is not good enough although somebody is like enough; ``None`` where nobody is."""
    if found.barred_score >= max(policy.threshold, found.score):
        return Reason.BARRED
    return Reason.MARGIN if found.person is not None and found.score >= policy.threshold else None
