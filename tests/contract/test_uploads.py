"""Photos as real clients send them, in this process and through nginx and uWSGI."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.servers import Server, form, path_of, post_json, post_photo

CASES = Path(__file__).parent.parent / "cases"
HEIC = (CASES / "IMG_1.HEIC").read_bytes()
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}

Photo = Callable[[str], bytes]


@pytest.fixture
def somebody(any_server: Server) -> Iterator[str]:
    """The path of a person without a face."""
    answer = post_json(any_server, "/people", {"name": "Somebody for a while"})
    here = path_of(any_server, answer.headers["Location"])
    yield here
    any_server.ask("DELETE", here)


@pytest.mark.parametrize("path", ["/faces", "/image-bin"])
def test_a_photo_by_itself_is_as_good_as_one_in_a_form(any_server: Server, photo: Photo, path: str) -> None:
    alone = any_server.ask("POST", path, photo("ivo-2"), {"Content-Type": "image/jpeg"})

    assert (alone.status, alone.json) == (
        200,
        post_photo(any_server, path, photo("ivo-2"), field="image").json,
    )


def test_a_door_takes_a_photo_by_itself(any_server: Server, photo: Photo) -> None:
    answer = any_server.ask("POST", "/", photo("nobody-1"), {"Content-Type": "image/jpeg"})

    assert (answer.status, answer.json["outcome"]) == (404, "no_face")


def test_a_face_is_enrolled_from_a_photo_by_itself(any_server: Server, photo: Photo, somebody: str) -> None:
    path = f"{somebody}/faces?accept=like_another"

    answer = any_server.ask("POST", path, photo("ivo-3"), {"Content-Type": "image/jpeg"})

    assert answer.status == 201


@pytest.mark.parametrize("headers", [{}, URLENCODED], ids=["requests", "curl"])
@pytest.mark.parametrize("large", [False, True])
def test_a_photo_outside_a_form_is_told_how_to_come(
    any_server: Server, photo: Photo, somebody: str, headers: dict[str, str], large: bool
) -> None:
    sent = photo("ivo-2") + bytes(100_000 if large else 0)
    fields = {"/": "file", "/faces": "image", "/image-bin": "image", f"{somebody}/faces": "file"}

    answers = {path: any_server.ask("POST", path, sent, headers) for path in fields}
    as_json = any_server.ask("POST", "/image-64", sent, headers)
    two = any_server.ask("POST", "/compare", sent, headers)

    assert {(answer.status, answer.error) for answer in (*answers.values(), as_json, two)} == {
        (415, "unsupported_media_type")
    }
    for path, answer in answers.items():
        assert f"curl -F {fields[path]}=@photo.jpg" in answer.json["error"]["message"]
        assert "Content-Type: image/jpeg" in answer.json["error"]["message"]
    assert "base64" in as_json.json["error"]["message"]
    assert "curl -F a=@one.jpg -F b=@other.jpg" in two.json["error"]["message"]


@pytest.mark.parametrize(
    "declared", ["image/jpeg", "image/jpg", "image/pjpeg", "image/*", "IMAGE/JPEG; name=photo.jpg"]
)
def test_what_is_declared_as_a_picture_is_taken_by_itself(
    any_server: Server, photo: Photo, declared: str
) -> None:
    sent = photo("nobody-1")

    answers = {
        path: any_server.ask("POST", path, sent, {"Content-Type": declared})
        for path in ("/", "/faces", "/image-bin")
    }

    assert {path: answer.status for path, answer in answers.items()} == {
        "/": 404,
        "/faces": 200,
        "/image-bin": 200,
    }
    assert answers["/"].json["outcome"] == "no_face"


@pytest.mark.parametrize(
    "declared",
    [
        "*/*",
        "application/octet-stream",
        "binary/octet-stream",
        "application/json",
        "text/plain",
        "images/jpeg",
    ],
)
def test_what_is_declared_as_anything_else_is_told_how_to_come(
    any_server: Server, photo: Photo, somebody: str, declared: str
) -> None:
    sent = photo("nobody-1") + bytes(100_000)

    answers = [
        any_server.ask("POST", path, sent, {"Content-Type": declared})
        for path in ("/", "/faces", "/image-bin", f"{somebody}/faces")
    ]

    assert [answer.status for answer in answers] == [415] * 4
    assert all("Content-Type: image/jpeg" in answer.json["error"]["message"] for answer in answers)


@pytest.mark.parametrize(
    "sent",
    [
        b"GIF89a" + bytes(100_000),
        b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100_000),
        b"image=" + b"/9j/4AAQSkZJRg" * 10_000,
        b"no form at all",
        b"name=Ana",
    ],
)
def test_what_calls_itself_a_form_where_none_is_taken_is_told_how_to_come(
    any_server: Server, sent: bytes
) -> None:
    paths = ("/", "/faces", "/image-bin", "/image-64", "/compare")

    answers = [any_server.ask("POST", path, sent, URLENCODED) for path in paths]

    assert [(answer.status, "Send the photo" in answer.json["error"]["message"]) for answer in answers] == [
        (415, True)
    ] * len(paths)


def test_a_door_reads_a_file_name_in_pieces(any_server: Server, photo: Photo) -> None:
    body, headers = form(("file", "photo.jpg", photo("nobody-1")))
    named = body.replace(b'filename="photo.jpg"', b"filename*0*=UTF-8''%e5%86%99; filename*1*=.jpg")

    assert any_server.ask("POST", "/", named, headers).json["outcome"] == "no_face"


def test_json_where_a_photo_is_due_is_told_so(any_server: Server) -> None:
    answer = post_json(any_server, "/image-bin", {"image": "aGk="})

    assert answer.status == 415
    assert "curl -F image=@photo.jpg" in answer.json["error"]["message"]


def test_a_form_as_dotnet_sends_it_is_taken(any_server: Server) -> None:
    body = (CASES / "dotnet-filename.body").read_bytes()

    answer = any_server.ask("POST", "/", body, {"Content-Type": "multipart/form-data; boundary=X123"})

    assert "outcome" in answer.json


@pytest.mark.parametrize(
    "written",
    [
        lambda photo: base64.encodebytes(photo).decode(),
        lambda photo: "data:image/jpeg;base64," + base64.b64encode(photo).decode(),
        lambda photo: "DATA:image/jpeg;name=a.jpg;base64, " + quote(base64.b64encode(photo), safe=""),
        lambda photo: base64.urlsafe_b64encode(photo).decode(),
        lambda photo: base64.b64encode(photo).decode().rstrip("="),
    ],
    ids=["lines", "data URL", "odd data URL", "URL-safe", "no padding"],
)
def test_base64_may_be_written_in_any_way(
    any_server: Server, photo: Photo, written: Callable[[bytes], str]
) -> None:
    answer = post_json(any_server, "/image-64", {"image": written(photo("ivo-2"))})

    assert (answer.status, answer.json) == (
        200,
        post_photo(any_server, "/image-bin", photo("ivo-2"), field="image").json,
    )


def test_a_phones_heic_is_read_where_people_send_photos(
    any_server: Server, photo: Photo, somebody: str
) -> None:
    both = form(("a", "IMG_1.HEIC", HEIC), ("b", "b.jpg", photo("ana-1")))

    faces = post_photo(any_server, "/faces", HEIC, field="image")
    alone = any_server.ask("POST", "/faces", HEIC, {"Content-Type": "image/heic"})
    nose = post_json(any_server, "/image-64", {"image": base64.b64encode(HEIC).decode()})
    compared = any_server.ask("POST", "/compare", *both)
    enrolled = post_photo(any_server, f"{somebody}/faces?accept=like_another", HEIC)
    at_a_door = post_photo(any_server, "/", HEIC)

    assert [faces.status, alone.status, nose.status, compared.status, enrolled.status] == [200] * 4 + [201]
    assert faces.json == alone.json
    assert len(faces.json["faces"]) == 1
    assert (at_a_door.status, at_a_door.json["error"]["message"]) == (
        415,
        "The photo must be a JPEG, named .jpg, .jpeg, .jpe or .jfif.",
    )


@pytest.mark.parametrize(
    ("case", "status", "words"),
    [
        ("ana-half-grey.jpg", 422, "incomplete"),
        ("ana-png-damaged-stream.png", 422, "broken"),
        ("jpeg-12bit.jpg", 415, "12 bits a sample"),
    ],
)
def test_what_is_no_whole_photo_is_neither_enrolled_nor_judged(
    any_server: Server, somebody: str, case: str, status: int, words: str
) -> None:
    sent = (CASES / case).read_bytes()

    answers = [post_photo(any_server, f"{somebody}/faces", sent)]
    if case.endswith(".jpg"):
        answers.append(post_photo(any_server, "/", sent))

    for answer in answers:
        assert answer.status == status
        assert words in answer.json["error"]["message"]


def test_a_jpeg_without_its_end_marker_is_judged(any_server: Server) -> None:
    answer = post_photo(any_server, "/", (CASES / "jpeg-without-eoi.jpg").read_bytes())

    assert "outcome" in answer.json
