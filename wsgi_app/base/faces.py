"""A face as it is kept and shown: one form in the database, in every answer and on the pages."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

Point = tuple[float, float]


class Objection(StrEnum):
    """Why a photo may not be of whom it is said to be; whoever knows better may insist."""

    LIKE_ANOTHER = "like_another"
    """It is as like somebody else."""
    UNLIKE_OWN = "unlike_own"
    """It is not like the photos that the person has already."""


@dataclass(frozen=True)
class Counterpart:
    """The kept face because of which a photo is refused: the likeliest one.

    Attributes:
        person_id: whose.
        face_id: which of theirs.
        score: the cosine of the two.
    """

    person_id: str
    face_id: str
    score: float


class Box(msgspec.Struct, frozen=True):
    """Where a face is, in pixels of the upright picture as sent."""

    left: float
    top: float
    width: float
    height: float


class Landmarks(msgspec.Struct, frozen=True):
    """The five points of a face, each as x and y in the same pixels; left and right are the picture's."""

    left_eye: Point
    right_eye: Point
    nose: Point
    left_mouth_corner: Point
    right_mouth_corner: Point

    @property
    def points(self) -> tuple[Point, Point, Point, Point, Point]:
        """All five, in this order."""
        return (self.left_eye, self.right_eye, self.nose, self.left_mouth_corner, self.right_mouth_corner)


class Quality(msgspec.Struct, frozen=True):
    """What was measured on one face.

    Attributes:
        size_px: shorter side of its box in the photo as sent.
        brightness: mean luma of the aligned crop, 0 to 255.
        sharpness: variance of the Laplacian of the aligned crop's luma.
        roll_degrees: tilt of the line of the eyes; 0 is level.
        yaw: the nose's distance from the middle of the eyes, along their line, in eye distances: 0 looks
            straight ahead, about 0.5 is a profile. Signed: positive looks to the picture's right.
        outside: share of the aligned crop that lies beyond the picture, 0 to 1.
        detail: sharpness in the direction that has the least of it, whatever the contrast: 1000 times the
            variance of the luma's second derivative there, by the luma's own variance. Less than 1 where
            something moved.
        plain: share of the face's blocks of 12 px a side that are plain, 0 to 1: their luma deviates by less
            than 4 % of what that of the whole crop does. More than 0.1 where something hides a part of it.
        aspect: the distance of the eyes by that of their middle from the mouth's: about 1, less with the head
            turned, and outside 0.78 to 1.13 in pictures that were stretched.

    The last four are 0 for faces that earlier releases kept.
    """

    size_px: float
    brightness: float
    sharpness: float
    roll_degrees: float
    yaw: float
    outside: float = 0.0
    detail: float = 0.0
    plain: float = 0.0
    aspect: float = 0.0

    def rounded(self) -> "Quality":
        """The same with as many digits as mean anything: as it is kept and told."""
        return Quality(*(round(value, 3) for value in msgspec.structs.astuple(self)))


class MeasuredFace(msgspec.Struct, frozen=True):
    """One face of a picture; ``score`` is the detector's certainty, 0 to 1."""

    box: Box
    landmarks: Landmarks
    score: float
    quality: Quality
