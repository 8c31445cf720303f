"""Questions about one picture: where the nose is, which faces there are, whether two are one person."""

from typing import Annotated

import msgspec
from webob import Response

from wsgi_app.base.errors import UnsupportedMediaType
from wsgi_app.base.faces import MeasuredFace
from wsgi_app.base.limits import MEBIBYTE
from wsgi_app.web.base64_text import decoded
from wsgi_app.web.call import Call
from wsgi_app.web.parts import read_photo, read_photos
from wsgi_app.web.rendering import json_answer
from wsgi_app.web.uploads import JSON, declared_type, has_body

JSON_AROUND_BASE64_BYTES = MEBIBYTE // 4
LINE_BREAKS = 1.06  # "\\r\\n" as JSON has it, after each 76 letters


class Base64Image(msgspec.Struct):
    """A picture as JSON; ``image`` is its bytes in base64, as any client writes it, or as a ``data:`` URL."""

    image: Annotated[str, msgspec.Meta(extra_json_schema={"contentEncoding": "base64"})]


class Nose(msgspec.Struct):
    """Where the nose is, as fractions of the picture's width and height."""

    x: float
    y: float


class FoundFaces(msgspec.Struct):
    """Every face of a picture, the largest first."""

    width: int
    height: int
    faces: list[MeasuredFace]


class Comparison(msgspec.Struct):
    """How alike two faces are; ``false_accept_rate`` is ``null`` where nobody measured the threshold's."""

    score: float
    same: bool
    threshold: float
    false_accept_rate: float | None
    measured_on: str


def nose_base64(call: Call) -> Response:
    """``POST /image-64``: JSON ``{"image": "<base64>"}`` to ``{"x", "y"}``."""
    limits, request = call.house.config.limits.uploads, call.request
    if declared_type(request) != JSON and has_body(request):
        raise UnsupportedMediaType("unsupported_media_type:photo_outside_json")
    most_bytes = int(limits.photo_bytes * 4 / 3 * LINE_BREAKS) + JSON_AROUND_BASE64_BYTES
    return _nose(call, decoded(call.body(Base64Image, most_bytes).image, "image"), "base64")


def nose_binary(call: Call) -> Response:
    """``POST /image-bin``: multipart field ``image``, or a picture by itself, to ``{"x", "y"}``."""
    return _nose(call, read_photo(call.request, "image", call.house.config.limits.uploads), "binary")


def faces(call: Call) -> Response:
    """``POST /faces``: multipart field ``image``, or a picture by itself, to every face in it.

    Each has a box, landmarks, a score and its quality.
    """
    photo = read_photo(call.request, "image", call.house.config.limits.uploads)
    call.house.tally.image("binary")
    pipeline, steps = call.house.pipeline, call.steps
    picture = pipeline.decode_asked(photo, steps)
    detected = pipeline.detect(picture, steps)
    faces = [pipeline.sight(picture, face, steps).measured for face in detected]
    return json_answer(FoundFaces(picture.width, picture.height, faces))


def compare(call: Call) -> Response:
    """``POST /compare``: multipart fields ``a`` and ``b``, a face in each, to their likeness."""
    first, second = read_photos(call.request, ("a", "b"), call.house.config.limits.uploads)
    call.house.tally.image("binary")
    call.house.tally.image("binary")
    score = call.house.pipeline.compare(first, second, call.steps)
    threshold = call.house.threshold
    return json_answer(
        Comparison(
            round(score, 4),
            score >= threshold.score,
            threshold.score,
            threshold.false_accept_rate,
            threshold.measured_on,
        )
    )


def _nose(call: Call, photo: bytes, form: str) -> Response:
    call.house.tally.image(form)
    x, y = call.house.pipeline.nose(photo, call.steps)
    return json_answer(Nose(round(x, 4), round(y, 4)))
