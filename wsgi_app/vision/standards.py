"""What a face needs to be judged at a door, or to be enrolled."""

from dataclasses import dataclass

from wsgi_app.base.faces import Quality
from wsgi_app.base.outcomes import Outcome
from wsgi_app.vision.recheck import Recheck


@dataclass(frozen=True)
class Standard:
    """What a face needs: each limit with the outcome that a face on its wrong side gets.

    Those that have a default are no limit by it. The last three are for further looks at the crop: by the
    detector, and by the network that sees what is wrong.
    """

    least_size_px: float
    least_brightness: float
    least_sharpness: float
    most_yaw: float
    most_outside: float = 1.0
    least_detail: float = 0.0
    most_plain: float = 1.0
    least_aspect: float = 0.0
    most_aspect: float = float("inf")
    least_score: float = 0.0
    most_shift: float = float("inf")
    most_fault: float = float("inf")

    def is_face(self, again: Recheck) -> bool:
        """Whether a second look at the crop leaves no doubt that it shows a face."""
        return again.score >= self.least_score and again.shift <= self.most_shift

    def fault(self, quality: Quality) -> str | None:
        """The first reason why a face cannot be used, or ``None``."""
        checks = (
            (quality.outside > self.most_outside, Outcome.TOO_CLOSE.value),
            (quality.size_px < self.least_size_px, Outcome.TOO_SMALL.value),
            (quality.brightness < self.least_brightness, Outcome.TOO_DARK.value),
            (quality.sharpness < self.least_sharpness, Outcome.BLURRED.value),
            (abs(quality.yaw) > self.most_yaw, "turned_away"),
            (quality.detail < self.least_detail, Outcome.BLURRED.value),
            (quality.plain > self.most_plain, "obscured"),
            (not self.least_aspect <= quality.aspect <= self.most_aspect, "distorted"),
        )
        return next((outcome for failed, outcome in checks if failed), None)


# A probe is judged leniently: the threshold does the rest. What is enrolled is compared with for years: faces
# that lack something are no more like whole ones than others are, but like each other whoever they show.
# Sizes in px of the photo as sent; brightness 0..255; the rest as ``quality.measure`` gives it. Measured on
# photos blurred, dimmed, moved, covered and cut step by step (``bench/impostors.py``): below sharpness 6
# strangers grow more alike than below it friends stay, below brightness 25 friends are no longer recognised.
PROBE = Standard(
    least_size_px=40,
    least_brightness=25,
    least_sharpness=6,
    most_yaw=float("inf"),
    most_outside=0.62,
    least_score=0.6,
    most_shift=0.35,
)
ENROLMENT = Standard(
    least_size_px=64,
    least_brightness=40,
    least_sharpness=10,
    most_yaw=0.35,
    most_outside=0.15,
    least_detail=0.6,
    most_plain=0.1,
    least_aspect=0.78,
    most_aspect=1.13,
    least_score=0.8,
    most_shift=0.16,
    most_fault=0.2,
)

# Above this of the network that sees what is wrong, a face at a door has to be liker: 3 in 100 good ones are.
UNCLEAR = -1.5
