"""A person's faces over REST, in this process and through nginx and uWSGI."""

import io
import uuid
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from tests.servers import Server, form, path_of, post_json, post_photo

Photo = Callable[[str], bytes]


@pytest.fixture
def add(any_server: Server) -> Iterator[Callable[[], str]]:
    """Adds somebody of a name that nobody has yet, and gives their path; all are forgotten in the end."""
    added: list[str] = []

    def somebody() -> str:
        answer = post_json(any_server, "/people", {"name": f"Visitor {uuid.uuid4().hex[:8]}"})
        added.append(path_of(any_server, answer.headers["Location"]))
        return added[-1]

    yield somebody
    for here in added:
        assert any_server.ask("DELETE", here).status == 204


@pytest.mark.parametrize("form_of", ["JPEG", "PNG", "WEBP"])
def test_a_face_is_enrolled_seen_and_removed(
    any_server: Server, add: Callable[[], str], photo: Photo, form_of: str
) -> None:
    here = add()
    file = io.BytesIO()
    Image.open(io.BytesIO(photo("jun-1"))).save(file, form_of)

    enrolled = any_server.ask("POST", f"{here}/faces", *form(("file", f"jun.{form_of}", file.getvalue())))
    address = path_of(any_server, enrolled.headers["Location"])
    seen = any_server.ask("GET", address)
    crop = any_server.ask("GET", f"{address}/photo")
    listed = any_server.ask("GET", f"{here}/faces")
    counted = any_server.ask("GET", here).json["faces"]
    removed = any_server.ask("DELETE", address)
    gone = [any_server.ask("GET", f"{address}{rest}").status for rest in ("", "/photo")]

    face = enrolled.json
    assert (enrolled.status, face["links"].pop("undo").count("/undo/")) == (201, 1)
    assert (seen.json, listed.json) == (face, {"faces": [face]})
    assert face["quality"]["size_px"] > 100
    assert (crop.status, crop.headers["Content-Type"]) == (200, "image/png")
    assert Image.open(io.BytesIO(crop.body)).size == (112, 112)
    assert (counted, removed.status, gone) == (1, 204, [404, 404])
    assert any_server.ask("GET", here).json["faces"] == 0


def test_a_photo_that_cannot_be_used_is_refused_with_the_reason(
    any_server: Server, add: Callable[[], str], photo: Photo
) -> None:
    here = add()
    small = io.BytesIO()
    Image.open(io.BytesIO(photo("eun-1"))).resize((200, 112)).save(small, "JPEG")
    photos = (photo("nobody-2"), small.getvalue(), b"PK\x03\x04" + bytes(100_000))

    answers = [post_photo(any_server, f"{here}/faces", each) for each in photos]

    assert [(answer.status, answer.error) for answer in answers] == [
        (422, "no_face"),
        (422, "too_small"),
        (415, "unsupported_media_type"),
    ]
    assert any_server.ask("GET", f"{here}/faces").json == {"faces": []}


def test_a_look_alike_is_refused_until_somebody_insists(
    any_server: Server, add: Callable[[], str], photo: Photo
) -> None:
    jun, twin = add(), add()
    name = any_server.ask("GET", jun).json["name"]
    first = post_photo(any_server, f"{jun}/faces", photo("jun-1"))
    again = post_photo(any_server, f"{jun}/faces", photo("jun-1"))

    refused = post_photo(any_server, f"{twin}/faces", photo("jun-2"))
    accepted = post_photo(any_server, f"{twin}/faces?accept=like_another", photo("jun-2"))

    assert [answer.status for answer in (first, again, refused, accepted)] == [201, 409, 422, 201]
    assert (again.error, refused.error) == ("duplicate", "like_another")
    assert refused.json["error"]["message"].startswith(f"This looks like {name} (likeness 0.")


def test_the_face_of_a_visit_is_enrolled(any_server: Server, add: Callable[[], str], photo: Photo) -> None:
    jun = add()
    visit = post_photo(any_server, "/", photo("jun-3")).json["visit"]

    enrolled = post_json(any_server, f"{jun}/faces", {"visit": visit})
    unknown = post_json(any_server, f"{jun}/faces", {"visit": "0" * 32})

    assert (enrolled.status, enrolled.json["visit"]) == (201, visit)
    assert (unknown.status, unknown.error) == (404, "not_found")
