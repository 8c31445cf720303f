"""Multipart forms: their parts as they were sent, and no more of them than the limits allow."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webob import Request

from tests.servers import form
from wsgi_app.base.errors import (
    BadRequest,
    ContentTooLarge,
    RequestError,
    Unprocessable,
    UnsupportedMediaType,
)
from wsgi_app.base.limits import UploadLimits
from wsgi_app.web.parts import Part, read_burst, read_form, read_parts, read_photo, read_photos
from wsgi_app.web.uploads import BodyReader

LIMITS = UploadLimits(body_bytes=10_000, photo_bytes=4_000, parts=3)


def posted(body: bytes, headers: dict[str, str], length: int | None = None) -> Request:
    request = Request.blank("/", method="POST", headers=headers)
    length = len(body) if length is None else length
    request.environ["CONTENT_LENGTH"] = str(length)
    request.environ["wsgi.input"] = BodyReader(BytesIO(body), length)
    return request


def test_the_named_parts_of_a_form_are_read_and_the_others_skipped() -> None:
    body, headers = form(("a", "a.jpg", b"one"), ("note", None, b"two"), ("b", None, b""))

    assert read_form(posted(body, headers), ("a", "b"), LIMITS) == {
        "a": Part("a.jpg", b"one"),
        "b": Part(None, b""),
    }


def test_the_first_of_two_parts_of_one_name_counts() -> None:
    body, headers = form(("a", "1.jpg", b"one"), ("a", "2.jpg", b"two"))

    assert read_form(posted(body, headers), ("a",), LIMITS) == {"a": Part("1.jpg", b"one")}


def test_all_parts_come_in_their_order_with_their_types() -> None:
    body, headers = form(("a", "a.jpg", b"one"), ("", None, "olá".encode()), ("a", "", b"\xff"))
    body = body.replace(b'filename="a.jpg"', b'filename="a.jpg"\r\nContent-Type: Image/JPEG; x=y')

    parts = list(read_parts(posted(body, headers), LIMITS))

    assert parts == [
        ("a", Part("a.jpg", b"one", "image/jpeg")),
        ("", Part(None, "olá".encode())),
        ("a", Part("", b"\xff")),
    ]
    assert [part.text for _, part in parts] == ["one", "olá", "\ufffd"]


def test_parts_are_given_before_the_form_breaks_and_then_it_is_refused() -> None:
    body, headers = form(("a", None, b"one"))
    parts = read_parts(posted(body.replace(b"--\r\n", b"\r\n"), headers), LIMITS)

    assert next(parts) == ("a", Part(None, b"one"))
    with pytest.raises(BadRequest):
        next(parts)


@given(st.binary(max_size=3_000), st.integers(1, 3))
def test_any_bytes_arrive_as_they_were_sent(data: bytes, parts: int) -> None:
    body, headers = form(*((f"p{i}", "x.jpg", data) for i in range(parts)), boundary="b0undary-" * 3)

    names = tuple(f"p{i}" for i in range(parts))
    if b"b0undary" not in data:
        assert read_form(posted(body, headers), names, LIMITS) == dict.fromkeys(names, Part("x.jpg", data))


@given(st.binary(max_size=500))
def test_bytes_that_are_no_form_are_refused(data: bytes) -> None:
    _, headers = form()

    with pytest.raises(RequestError) as refused:
        read_form(posted(b"x" + data, headers), ("a",), LIMITS)

    assert 400 <= refused.value.status < 500


@pytest.mark.parametrize(
    "parts",
    [
        [("a", "a.jpg", bytes(4_001))],
        [("x", None, bytes(4_001))],
        [("x", None, b"")] * 4,
        [("a", "a.jpg", bytes(3_500))] * 3,
    ],
    ids=["a large part", "a large part nobody asked for", "many parts", "a large form"],
)
def test_more_than_the_limits_is_refused(parts: list[tuple[str, str | None, bytes]]) -> None:
    with pytest.raises(ContentTooLarge):
        read_form(posted(*form(*parts)), ("a",), LIMITS)


def test_a_form_that_ends_before_its_length_is_refused() -> None:
    body, headers = form(("a", "a.jpg", b"one"))

    with pytest.raises(BadRequest) as refused:
        read_form(posted(body, headers, length=len(body) + 1), ("a",), LIMITS)

    assert refused.value.code == "body_incomplete"


@pytest.mark.parametrize("letters", [9_000, 90_000])
def test_a_file_name_of_many_letters_is_refused_as_that(letters: int) -> None:
    body, headers = form(("a", "x" * letters + ".jpg", b"one"))

    with pytest.raises(ContentTooLarge, match="too_large:file_name"):
        read_form(posted(body, headers), ("a",), UploadLimits())


def test_lines_that_end_with_lf_alone_are_refused_as_that() -> None:
    body, headers = form(("a", "a.jpg", b"one"))

    with pytest.raises(BadRequest, match="bad_form:line_ends"):
        read_form(posted(body.replace(b"\r\n", b"\n"), headers), ("a",), LIMITS)


@pytest.mark.parametrize("quotes", ["", '"'])
@pytest.mark.parametrize("boundary", ["=/:?(x", "----=_Part_1", "'()+_,-./:=?", "x" * 70])
def test_a_boundary_of_odd_letters_parts_a_form(boundary: str, quotes: str) -> None:
    body, _ = form(("a", "a.jpg", b"one"), boundary=boundary)
    headers = {"Content-Type": f"multipart/form-data; boundary={quotes}{boundary}{quotes}; charset=utf-8"}

    assert read_form(posted(body, headers), ("a",), LIMITS) == {"a": Part("a.jpg", b"one")}


def test_what_is_around_a_form_is_skipped() -> None:
    body, headers = form(("a", "a.jpg", b"one"))
    around = b"a note for old readers\r\n" + body + b"and another\r\n"

    assert read_form(posted(around, headers), ("a",), LIMITS) == {"a": Part("a.jpg", b"one")}


def test_file_names_in_latin_1_are_read() -> None:
    body, headers = form(("a", "ol?.jpg", b"one"))

    parts = read_form(posted(body.replace(b"?", b"\xe1"), headers), ("a",), LIMITS)

    assert parts == {"a": Part("olá.jpg", b"one")}


# A photo by itself

PHOTO = b"\xff\xd8\xff\xe0 a photo"


@pytest.mark.parametrize("declared", ["image/jpeg", "Image/JPEG; name=x", "image/png", "image/heic"])
def test_a_picture_may_be_the_body_by_itself(declared: str) -> None:
    request = posted(PHOTO, {"Content-Type": declared})

    assert read_photo(request, "image", LIMITS) == PHOTO


def test_a_door_takes_a_jpeg_by_itself_and_nothing_else() -> None:
    assert read_burst(posted(PHOTO, {"Content-Type": "image/jpeg"}), ("file", "file2"), LIMITS) == (PHOTO,)
    with pytest.raises(UnsupportedMediaType, match="not_a_jpeg"):
        read_burst(posted(b"\x89PNG\r\n\x1a\n", {"Content-Type": "image/png"}), ("file",), LIMITS)


def test_a_picture_by_itself_is_no_larger_than_one_in_a_form() -> None:
    with pytest.raises(ContentTooLarge):
        read_photo(posted(bytes(4_001), {"Content-Type": "image/jpeg"}), "image", LIMITS)


@pytest.mark.parametrize("declared", [{}, {"Content-Type": "application/x-www-form-urlencoded"}])
def test_a_photo_outside_a_form_is_told_how_to_come(declared: dict[str, str]) -> None:
    for read in (
        lambda request: read_photo(request, "image", LIMITS),
        lambda request: read_burst(request, ("image", "more"), LIMITS),
    ):
        with pytest.raises(UnsupportedMediaType) as refused:
            read(posted(PHOTO * 1_000, declared))
        assert refused.value.key == "unsupported_media_type:photo_outside_form"
        assert refused.value.values == {"field": "image"}
    with pytest.raises(UnsupportedMediaType, match="photos_outside_form"):
        read_photos(posted(PHOTO, declared), ("a", "b"), LIMITS)


# Several photos of one moment

JPEG, BURST = b"\xff\xd8\xff\xe0 a photo", ("file", "file2", "file3")


def test_a_burst_has_as_many_photos_as_were_sent() -> None:
    for count in (1, 2, 3):
        body, headers = form(*((name, "photo.jpg", JPEG) for name in BURST[:count]))

        assert read_burst(posted(body, headers), BURST, LIMITS) == (JPEG,) * count


def test_its_first_photo_is_needed() -> None:
    body, headers = form(("file2", "photo.jpg", JPEG))

    with pytest.raises(Unprocessable):
        read_burst(posted(body, headers), BURST, LIMITS)


@pytest.mark.parametrize("name", BURST)
@pytest.mark.parametrize(("filename", "data"), [("photo.png", JPEG), ("photo.jpg", b"GIF89a")])
def test_each_of_its_photos_is_a_jpeg(name: str, filename: str, data: bytes) -> None:
    parts = dict.fromkeys(BURST, ("photo.jpg", JPEG)) | {name: (filename, data)}
    body, headers = form(*((part, *file) for part, file in parts.items()))

    with pytest.raises(UnsupportedMediaType):
        read_burst(posted(body, headers), BURST, LIMITS)
