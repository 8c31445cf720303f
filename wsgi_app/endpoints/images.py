"""Questions about one picture: where the nose is, which faces there are, whether two are one person."""

import msgspec
from webob import Response

from wsgi_app.base.faces import MeasuredFace
from wsgi_app.base.limits import MEBIBYTE
from wsgi_app.web.call import Call
from wsgi_app.web.parts import read_photo, read_photos
from wsgi_app.web.rendering import json_answer

JSON_AROUND_BASE64_BYTES = MEBIBYTE // 4


class Base64Image(msgspec.Struct):
    """A picture as JSON; ``image`` is its bytes in base64."""

    image: bytes


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
    limits = call.house.config.limits.uploads
    most_bytes = limits.photo_bytes * 4 // 3 + JSON_AROUND_BASE64_BYTES
    return _nose(call, call.body(Base64Image, most_bytes).image, "base64")


def nose_binary(call: Call) -> Response:
    """``POST /image-bin``: multipart field ``image`` to ``{"x", "y"}``."""
    return _nose(call, read_photo(call.request, "image", call.house.config.limits.uploads), "binary")


def faces(call: Call) -> Response:
    """``POST /faces``: multipart field ``image`` to every face with box, landmarks, score and quality."""
    photo = read_photo(call.request, "image", call.house.config.limits.uploads)
    call.house.tally.image("binary")
    pipeline, steps = call.house.pipeline, call.steps
    picture = pipeline.decode(photo, steps)
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
