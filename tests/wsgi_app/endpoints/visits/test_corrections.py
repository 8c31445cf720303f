from collections.abc import Callable
from typing import Any

import pytest

from tests.forms import FORM
from tests.servers import Answer, InProcessServer, enrolled, post_json, post_photo
from wsgi_app.stores.stores import Stores

Photo = Callable[[str], bytes]


@pytest.fixture
def ana(server: InProcessServer, photo: Photo) -> str:
    """Ana's id; she is enrolled with two photos."""
    return enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))


@pytest.fixture
def visit(server: InProcessServer, photo: Photo, ana: str) -> str:
    """A visit at which Ana was let in."""
    told = post_photo(server, "/", photo("ana-3")).json
    assert told["person"] == {"id": ana, "name": "Ana"}
    return str(told["visit"])


def say(server: InProcessServer, visit: str, said: Any, **headers: str) -> Answer:
    return post_json(server, f"/visits/{visit}/correction", said, "PUT", **headers)


def correction(server: InProcessServer, visit: str) -> Any:
    return server.ask("GET", f"/visits/{visit}").json["correction"]


def test_it_was_somebody_who_is_known(server: InProcessServer, stores: Stores, visit: str) -> None:
    bruno = stores.people.add("Bruno")
    assert say(server, visit, {"person": bruno.id}).status == 200
    assert correction(server, visit) == {
        "verdict": "person",
        "person": {"id": bruno.id, "name": "Bruno"},
        "by": "this machine",
        "at": "2026-01-05T10:00:00Z",
    }


def test_it_was_somebody_of_a_name_in_capitals_or_not(
    server: InProcessServer, stores: Stores, visit: str
) -> None:
    bruno = stores.people.add("Bruno")
    said = say(server, visit, {"name": "  BRUNO "}).json["correction"]
    assert said["person"] == {"id": bruno.id, "name": "Bruno"}
    assert [person.name for person in stores.people.page(10)] == ["Ana", "Bruno"]


def test_it_was_somebody_new(server: InProcessServer, stores: Stores, visit: str) -> None:
    said = say(server, visit, {"name": "Olga  Maria"}).json["correction"]
    olga = stores.people.named("Olga Maria")
    assert olga is not None
    assert (said["person"], olga.faces) == ({"id": olga.id, "name": "Olga Maria"}, 0)


def test_it_was_nobody_known_and_that_face_is_not_taken_for_them_again(
    server: InProcessServer, photo: Photo, visit: str
) -> None:
    said = say(server, visit, {"verdict": "nobody"}).json["correction"]
    assert (said["verdict"], said["person"]) == ("nobody", None)
    assert post_photo(server, "/", photo("ana-3")).json["outcome"] == "unknown"

    assert server.ask("DELETE", f"/visits/{visit}/correction").status == 204
    assert correction(server, visit) is None
    assert post_photo(server, "/", photo("ana-3")).json["outcome"] == "known"


def test_it_was_somebody_else_and_that_face_is_not_taken_for_the_first_again(
    server: InProcessServer, photo: Photo, visit: str
) -> None:
    say(server, visit, {"name": "Bruno"})
    again = post_photo(server, "/", photo("ana-3")).json
    assert (again["outcome"], again["person"]) == ("unknown", None)

    say(server, visit, {"name": "Ana"})
    assert post_photo(server, "/", photo("ana-3")).json["outcome"] == "known"


def test_a_face_that_the_visit_taught_wrongly_is_unlearnt(
    server: InProcessServer, stores: Stores, photo: Photo, ana: str
) -> None:
    stranger = post_photo(server, "/", photo("bruno-1")).json["visit"]
    assert (
        post_json(server, f"/people/{ana}/faces", {"visit": stranger, "accept": "unlike_own"}).status == 201
    )
    assert stores.people.get(ana).faces == 3
    say(server, stranger, {"name": "Bruno"})
    assert stores.people.get(ana).faces == 2


def test_the_last_word_counts(server: InProcessServer, stores: Stores, visit: str) -> None:
    for said in ({"name": "Bruno"}, {"verdict": "ignored"}, {"name": "Chen"}):
        assert say(server, visit, said).status == 200
    assert correction(server, visit)["person"]["name"] == "Chen"
    told = [event.action for event in stores.events.after(0, 100) if event.subject == visit]
    assert told == ["came", "corrected", "ignored", "corrected"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({}, "correction_shape"),
        ({"name": "Bruno", "verdict": "nobody"}, "correction_shape"),
        ({"person": "a", "name": "Bruno"}, "correction_shape"),
        ({"verdict": "person"}, "json_shape"),
        ({"verdict": "known"}, "json_shape"),
        ({"name": 7}, "json_shape"),
        ({"name": "x" * 10_000}, "bad_name"),
        ({"name": "  "}, "bad_name"),
        ({"name": "a\u0000b"}, "bad_name"),
        ({"names": "Bruno"}, "json_shape"),
        ([], "json_shape"),
    ],
)
def test_what_says_nothing_clear_is_refused(
    server: InProcessServer, stores: Stores, visit: str, said: Any, code: str
) -> None:
    answer = say(server, visit, said)
    assert (answer.status, answer.error) == (422, code)
    assert correction(server, visit) is None
    assert [person.name for person in stores.people.page(10)] == ["Ana"]


def test_there_is_nothing_to_correct_or_take_back(server: InProcessServer, visit: str) -> None:
    unknown = f"{99:032x}"
    assert say(server, unknown, {"name": "Bruno"}).status == 404
    assert say(server, visit, {"person": unknown}).status == 404
    assert server.ask("DELETE", f"/visits/{visit}/correction").status == 404
    assert server.ask("DELETE", f"/visits/{unknown}/correction").status == 404
    assert server.ask("GET", f"/visits/{visit}/correction").status == 405


def test_an_older_version_of_a_visit_is_not_corrected(server: InProcessServer, visit: str) -> None:
    seen = server.ask("GET", f"/visits/{visit}").headers["ETag"]
    told = say(server, visit, {"name": "Bruno"}, If_Match=seen)
    refused = say(server, visit, {"name": "Chen"}, If_Match=seen)
    again = say(server, visit, {"name": "Dana"}, If_Match=told.headers["ETag"])
    assert (told.status, refused.status, again.status) == (200, 412, 200)
    assert correction(server, visit)["person"]["name"] == "Dana"
    assert server.ask("DELETE", f"/visits/{visit}/correction", headers={"If-Match": seen}).status == 412


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [(b"name=Bruno", "person"), (b"verdict=nobody", "nobody"), (b"person=&name=Bruno", "person")],
)
def test_a_form_goes_back_to_the_visit(
    server: InProcessServer, visit: str, fields: bytes, verdict: str
) -> None:
    answer = server.ask("POST", f"/visits/{visit}/correction", b"_method=PUT&" + fields, FORM)
    place, _, change = answer.headers["Location"].partition("?undo=")
    assert (answer.status, place, len(change)) == (303, f"http://localhost/porteiro/visits/{visit}", 32)
    assert correction(server, visit)["verdict"] == verdict
    taken_back = server.ask("POST", f"/visits/{visit}/correction", b"_method=DELETE", FORM)
    assert (taken_back.status, correction(server, visit)) == (303, None)
