"""People and faces over REST, in this process and through nginx and uWSGI."""

import io
import uuid
from collections.abc import Callable

import pytest
from PIL import Image

from tests.servers import Server, form, post_json, post_photo

Photo = Callable[[str], bytes]


@pytest.fixture
def name() -> str:
    """A name that nobody has yet."""
    return f"Visitor {uuid.uuid4().hex[:8]}"


def path_of(server: Server, address: str) -> str:
    """The path below the mount of a link that the server wrote."""
    return address.split(server.prefix, 1)[1]


def test_somebody_is_added_read_renamed_and_forgotten(any_server: Server, name: str) -> None:
    added = post_json(any_server, "/people", {"name": name})
    here = path_of(any_server, added.headers["Location"])
    read = any_server.ask("GET", here)
    renamed = post_json(any_server, here, {"name": f"{name} II"}, "PATCH")
    forgotten = any_server.ask("DELETE", here)
    gone = any_server.ask("GET", here)

    assert [answer.status for answer in (added, read, renamed, forgotten, gone)] == [201, 200, 200, 204, 404]
    assert read.json == added.json
    person = added.json
    assert {key: person[key] for key in ("name", "faces")} == {"name": name, "faces": 0}
    assert person["links"] == {
        "self": added.headers["Location"],
        "faces": f"{added.headers['Location']}/faces",
    }
    assert renamed.json == {**person, "name": f"{name} II"}
    assert forgotten.body == b""


def test_a_name_is_tidied(any_server: Server, name: str) -> None:
    added = post_json(any_server, "/people", {"name": f"  {name}\n of  Lisbon "})

    assert added.json["name"] == f"{name} of Lisbon"


def test_a_name_is_taken_once_in_capitals_or_not(any_server: Server, name: str) -> None:
    post_json(any_server, "/people", {"name": name})

    again = post_json(any_server, "/people", {"name": name.upper()})

    assert (again.status, again.error) == (409, "name_taken")


def test_a_change_based_on_an_old_reading_is_refused(any_server: Server, name: str) -> None:
    added = post_json(any_server, "/people", {"name": name})
    here, etag = path_of(any_server, added.headers["Location"]), added.headers["ETag"]

    first = post_json(any_server, here, {"name": f"{name} A"}, "PATCH", If_Match=etag)
    second = post_json(any_server, here, {"name": f"{name} B"}, "PATCH", If_Match=etag)
    deleted = any_server.ask("DELETE", here, headers={"If-Match": etag})
    fresh = any_server.ask("DELETE", here, headers={"If-Match": first.headers["ETag"]})

    assert [answer.status for answer in (first, second, deleted, fresh)] == [200, 412, 412, 204]
    assert second.error == "precondition_failed"


def test_an_unchanged_person_is_304(any_server: Server, name: str) -> None:
    added = post_json(any_server, "/people", {"name": name})

    again = any_server.ask(
        "GET",
        path_of(any_server, added.headers["Location"]),
        headers={"If-None-Match": added.headers["ETag"]},
    )

    assert (again.status, again.body) == (304, b"")


def test_everybody_is_listed_a_page_at_a_time_by_name(any_server: Server, name: str) -> None:
    for letter in "cab":
        post_json(any_server, "/people", {"name": f"{name} {letter}"})

    listed = []
    path: str | None = "/people?limit=2"
    while path:
        page = any_server.ask("GET", path)
        assert len(page.json["people"]) <= 2
        listed += [person["name"] for person in page.json["people"]]
        link = page.headers.get("Link")
        path = path_of(any_server, link[1 : link.index(">")]) if link else None

    assert [entry for entry in listed if entry.startswith(name)] == [f"{name} {letter}" for letter in "abc"]
    assert listed == sorted(listed, key=str.casefold)


@pytest.mark.parametrize("form_of", ["JPEG", "PNG", "WEBP"])
def test_a_face_is_enrolled_seen_and_removed(
    any_server: Server, name: str, photo: Photo, form_of: str
) -> None:
    here = path_of(any_server, post_json(any_server, "/people", {"name": name}).headers["Location"])
    file = io.BytesIO()
    Image.open(io.BytesIO(photo("dana-1"))).save(file, form_of)

    enrolled = any_server.ask("POST", f"{here}/faces", *form(("file", f"dana.{form_of}", file.getvalue())))
    address = path_of(any_server, enrolled.headers["Location"])
    crop = any_server.ask("GET", f"{address}/photo")
    listed = any_server.ask("GET", f"{here}/faces")
    counted = any_server.ask("GET", here).json["faces"]
    removed = any_server.ask("DELETE", address)
    gone = [any_server.ask("GET", f"{address}{rest}").status for rest in ("", "/photo")]

    assert enrolled.status == 201
    assert listed.json == {"faces": [enrolled.json]}
    assert enrolled.json["quality"]["size_px"] > 100
    assert (crop.status, crop.headers["Content-Type"]) == (200, "image/png")
    assert Image.open(io.BytesIO(crop.body)).size == (112, 112)
    assert (counted, removed.status, gone) == (1, 204, [404, 404])
    assert any_server.ask("GET", here).json["faces"] == 0


def test_a_photo_that_cannot_be_used_is_refused_with_the_reason(
    any_server: Server, name: str, photo: Photo
) -> None:
    here = path_of(any_server, post_json(any_server, "/people", {"name": name}).headers["Location"])
    small = io.BytesIO()
    Image.open(io.BytesIO(photo("eun-1"))).resize((200, 112)).save(small, "JPEG")

    nobody = post_photo(any_server, f"{here}/faces", photo("nobody-2"))
    far_away = post_photo(any_server, f"{here}/faces", small.getvalue())

    assert [(answer.status, answer.error) for answer in (nobody, far_away)] == [
        (422, "no_face"),
        (422, "too_small"),
    ]
    assert any_server.ask("GET", f"{here}/faces").json == {"faces": []}


def test_what_is_not_there_is_404(any_server: Server, photo: Photo) -> None:
    nobody = f"/people/{'0' * 32}"

    answers = [
        any_server.ask("GET", nobody),
        post_json(any_server, nobody, {"name": "Eve"}, "PATCH"),
        any_server.ask("DELETE", nobody),
        any_server.ask("GET", f"{nobody}/faces"),
        post_photo(any_server, f"{nobody}/faces", photo("eun-1")),
        any_server.ask("GET", f"{nobody}/faces/{'0' * 32}"),
        any_server.ask("GET", f"{nobody}/faces/{'0' * 32}/photo"),
        any_server.ask("DELETE", f"{nobody}/faces/{'0' * 32}"),
        any_server.ask("GET", f"/visits/{'0' * 32}"),
        any_server.ask("GET", f"/visits/{'0' * 32}/photo"),
    ]

    assert [answer.status for answer in answers] == [404] * len(answers)
    assert {answer.error for answer in answers} == {"not_found"}
