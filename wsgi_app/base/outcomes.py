"""What a photo at the door can end in: the words that the database, the wire and the pages have for it."""

from enum import StrEnum


class Outcome(StrEnum):
    """What a photo at the door can end in; only ``KNOWN`` opens it.

    ``NOT_NOW`` is no finding of the networks: somebody is known, and their rule does not let them in.
    """

    KNOWN = "known"
    UNKNOWN = "unknown"
    NO_FACE = "no_face"
    TOO_DARK = "too_dark"
    TOO_SMALL = "too_small"
    TOO_CLOSE = "too_close"
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
    FEW_PHOTOS = "few_photos"
    """All photos that came know the same person, and fewer came than have to."""
    UNCLEAR = "unclear"
    """Something is wrong with the face in the photo, and it is not so like that it could be nobody else."""
