"""Kept values as earlier releases wrote them, made into what this one writes. What is odd stays as it is."""

from typing import Any

from wsgi_app.base.faces import Box, Landmarks

COORDINATES = {"box": Box.__struct_fields__, "landmarks": Landmarks.__struct_fields__}


def face_with_names(face: Any) -> Any:
    """A visit's face, whose box was a list of four numbers and its landmarks one of five points.

    Raises:
        ValueError: the lists have another length.
    """
    if not isinstance(face, dict):
        return face
    named = {
        key: dict(zip(names, face[key], strict=True))
        for key, names in COORDINATES.items()
        if isinstance(face.get(key), list)
    }
    return face | named


def vitals_with_queue(vitals: Any) -> Any:
    """A device's vitals, which did not tell how many photos waited, for none ever does."""
    return {"queue": 0} | vitals if isinstance(vitals, dict) else vitals
