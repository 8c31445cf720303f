"""A friend's picture held up beside a stranger's own face, as large as that or smaller or larger."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress
from rich.table import Table

from bench.shots import Shot
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.steps import Steps
from wsgi_app.vision.decode import Picture
from wsgi_app.vision.match import Gallery
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.standards import ENROLMENT
from wsgi_app.vision.verdicts import Policy

SHARES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)  # of the stranger's face that the face on the print has
MARGIN = 0.4  # around a face on a print, in heights of its box
HIGHEST = 1600  # px of the picture, which becomes as high as the print needs


@dataclass(frozen=True)
class PrintRow:
    """What came of prints of one size.

    Attributes:
        share: of the stranger's face that the printed one has.
        attempts: pictures.
        let_in: those in which the friend was known.
        several: those in which several people were seen.
    """

    share: float
    attempts: int
    let_in: int
    several: int


def measure_prints(
    pipeline: Pipeline, shots: list[Shot], policy: Policy, progress: Progress
) -> Iterator[PrintRow]:
    """Each person comes to the house of each other one with a picture of that one, once for each size."""
    steps = Steps(lambda: 0.0)
    firsts = {shot.person: shot for shot in reversed(shots)}
    seconds = {shot.person: shot for shot in shots if shot is not firsts[shot.person]}
    pairs = [(one, other) for one, other in product(firsts, seconds) if one != other]
    houses = {person: _house(pipeline, firsts[person], steps) for person in seconds}
    for share in progress.track(SHARES, description="prints"):
        outcomes = []
        for stranger, friend in pairs:
            pixels = beside(firsts[stranger], seconds[friend], share)
            picture = Picture(pixels, pixels.shape[1], pixels.shape[0])
            outcomes.append(pipeline.judge(picture, houses[friend], policy, steps).outcome)
        known, several = (outcomes.count(one) for one in (Outcome.KNOWN, Outcome.SEVERAL_PEOPLE))
        yield PrintRow(share, len(pairs), known, several)


def beside(stranger: Shot, friend: Shot, share: float) -> NDArray[np.uint8]:
    """The stranger's photo with a print at its right: uint8 [height, width, 3], RGB."""
    left, top, width, height = friend.face.box
    around = MARGIN * height
    size = (round(width + 2 * around), round(height + 2 * around))
    shift = np.array([[1.0, 0.0, around - left], [0.0, 1.0, around - top]])
    printed = cv2.warpAffine(friend.pixels, shift, size, borderMode=cv2.BORDER_REPLICATE)
    factor = share * stranger.face.box[3] / height
    printed = cv2.resize(printed, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    high = max(len(printed), len(stranger.pixels))
    parts = [
        cv2.copyMakeBorder(part, 0, high - len(part), 0, 0, cv2.BORDER_REPLICATE)
        for part in (stranger.pixels, printed)
    ]
    whole = np.hstack(parts)
    shrink = min(1.0, HIGHEST / max(whole.shape[:2]))
    return np.asarray(cv2.resize(whole, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)


def print_table_of(rows: list[PrintRow]) -> Table:
    """The rows as they are printed."""
    drawn = Table(title="A friend's print beside the stranger's face", box=None)
    for heading in ("size by the face", "let in", "several people"):
        drawn.add_column(heading, justify="right")
    for row in rows:
        drawn.add_row(f"{row.share:g}", f"{row.let_in} of {row.attempts}", str(row.several))
    return drawn


def _house(pipeline: Pipeline, shot: Shot, steps: Steps) -> Gallery:
    picture = Picture(shot.pixels, shot.pixels.shape[1], shot.pixels.shape[0])
    crop = pipeline.single_face_in(picture, ENROLMENT, steps).crop
    return Gallery.of([(shot.person, pipeline.embed(crop, steps))])
