"""People over REST, in this process and through nginx and uWSGI."""

import io
import uuid
import zipfile
from collections.abc import Callable

import pytest

from tests.servers import Server, path_of, post_json, post_photo

Photo = Callable[[str], bytes]


@pytest.fixture
def name() -> str:
    """A name that nobody has yet."""
    return f"Visitor {uuid.uuid4().hex[:8]}"


def test_json_may_begin_with_a_mark_of_utf_8_and_is_in_nothing_else(any_server: Server, name: str) -> None:
    sent = f'{{"name": "{name} olá"}}'
    marked, *others = (
        any_server.ask("POST", "/people", sent.encode(encoding), {"Content-Type": "application/json"})
        for encoding in ("utf-8-sig", "utf-16", "utf-32")
    )

    assert (marked.status, marked.json["name"]) == (201, f"{name} olá")
    assert {(answer.status, answer.json["error"]["message"]) for answer in others} == {
        (400, "The JSON is not in UTF-8.")
    }
    any_server.ask("DELETE", path_of(any_server, marked.headers["Location"]))


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
    here = added.headers["Location"]
    assert person["links"] == {
        "self": here,
        "faces": f"{here}/faces",
        "visits": here.replace("/people/", "/visits?person="),
        "export": f"{here}/export",
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


def test_rules_are_given_replaced_and_taken_away(any_server: Server, name: str) -> None:
    rule = {
        "hours": ["tue 9:00-12:00"],
        "valid_from": "2026-07-01T00:00Z",
        "valid_until": "2026-12-03T12:00Z",
    }
    added = post_json(any_server, "/people", {"name": name, **rule})
    here = path_of(any_server, added.headers["Location"])
    replaced = post_json(any_server, here, {"name": name, "hours": ["sat-sun 22:00-02:00"]}, "PUT")
    emptied = post_json(any_server, here, {"hours": []}, "PATCH")

    assert [answer.status for answer in (added, replaced, emptied)] == [201, 200, 200]
    kept = [
        tuple(answer.json[key] for key in ("valid_from", "valid_until", "hours"))
        for answer in (added, replaced, emptied)
    ]
    assert kept == [
        ("2026-07-01T00:00:00Z", "2026-12-03T12:00:00Z", ["tue 09:00-12:00"]),
        (None, None, ["sat-sun 22:00-02:00"]),
        (None, None, []),
    ]
    assert any_server.ask("GET", here).json == emptied.json
    assert emptied.json["may_come"] == "at any time"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_wrong_rules_are_refused_with_how_to_write_them(any_server: Server, name: str, method: str) -> None:
    here = path_of(any_server, post_json(any_server, "/people", {"name": name}).headers["Location"])

    answer = post_json(any_server, here, {"name": name, "hours": ["tuesdays"]}, method)

    assert (answer.status, answer.error) == (422, "bad_rule")
    assert "tue 09:00-12:00" in answer.json["error"]["message"]


def test_put_is_guarded_like_patch(any_server: Server, name: str) -> None:
    added = post_json(any_server, "/people", {"name": name})
    here, etag = path_of(any_server, added.headers["Location"]), added.headers["ETag"]

    answers = [post_json(any_server, here, {"name": name}, "PUT", If_Match=etag) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 412]


def test_people_are_searched_by_a_part_of_their_name(any_server: Server, name: str) -> None:
    post_json(any_server, "/people", {"name": name})

    found = any_server.ask("GET", f"/people?q={name.split()[1].upper()}").json["people"]

    assert [person["name"] for person in found] == [name]


def test_everybody_and_each_one_have_a_page_for_browsers(any_server: Server, name: str) -> None:
    here = path_of(any_server, post_json(any_server, "/people", {"name": name}).headers["Location"])

    for path in ("/people", here):
        pages = [
            any_server.ask("GET", f"{path}?format=html"),
            any_server.ask("GET", path, headers={"Accept": "text/html,*/*;q=0.8"}),
        ]
        assert [(page.status, page.headers["Content-Type"]) for page in pages] == [
            (200, "text/html; charset=utf-8")
        ] * 2
        assert {page.headers["Vary"] for page in pages} == {"Accept"}


def test_all_that_is_kept_of_somebody_comes_as_a_zip(any_server: Server, name: str, photo: Photo) -> None:
    here = path_of(any_server, post_json(any_server, "/people", {"name": name}).headers["Location"])
    post_photo(any_server, f"{here}/faces", photo("hana-1"))

    answer = any_server.ask("GET", f"{here}/export")

    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["faces/face 01.png", "person.json", "visits.json"]
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/zip")
    assert any_server.ask("HEAD", f"{here}/export").headers["Content-Length"] == str(len(answer.body))
    any_server.ask("DELETE", here)


def test_what_is_not_there_is_404(any_server: Server, photo: Photo) -> None:
    nobody = f"/people/{'0' * 32}"

    answers = [
        any_server.ask("GET", nobody),
        post_json(any_server, nobody, {"name": "Eve"}, "PATCH"),
        post_json(any_server, nobody, {"name": "Eve"}, "PUT"),
        any_server.ask("GET", f"{nobody}/export"),
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
