"""People as pages and forms, their rules, and what becomes of them when they are forgotten."""

import re
from collections.abc import Callable
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from tests.conftest import Clock
from tests.forms import HTML, post_form
from tests.galleries import SHARP
from tests.servers import InProcessServer, enrolled, post_json, post_photo, served
from wsgi_app.endpoints.people.bodies import PersonBody, PersonChange, WholePerson
from wsgi_app.house.house import House
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.people import DETAILS
from wsgi_app.stores.stores import Stores

Photo = Callable[[str], bytes]


@pytest.fixture
def server(house: House) -> InProcessServer:
    """The house in Lisbon."""
    return served(house, timezone=ZoneInfo("Europe/Lisbon"))


@pytest.fixture
def ana(server: InProcessServer) -> str:
    """The path of Ana, who has no photos."""
    return f"/people/{enrolled(server, 'Ana')}"


def page(server: InProcessServer, path: str) -> str:
    answer = server.ask("GET", path, headers=HTML)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    return answer.body.decode()


def words_of(html: str) -> str:
    """What can be read of a page, as one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


# What is said of somebody


def test_all_that_is_said_of_somebody_can_be_sent_read_and_changed_on_their_page(
    server: InProcessServer, ana: str
) -> None:
    said = set(DETAILS)

    assert set(WholePerson.__struct_fields__) == set(PersonChange.__struct_fields__) == said
    assert said - set(PersonBody.__struct_fields__) == set()
    assert said - set(re.findall(r'<(?:input|select)[^>]* name="(\w+)"', page(server, ana))) == set()


# Everybody


def test_the_page_of_everybody_shows_who_they_are_and_when_they_may_come(
    server: InProcessServer, photo: Photo
) -> None:
    rule = {"hours": ["tue 09:00-12:00"], "valid_until": "2026-12-03"}
    bruno = enrolled(server, "Bruno", photo("bruno-1"))
    post_json(server, "/people", {"name": "<b>Ana</b>", **rule})

    html = page(server, "/people")

    assert "Ana&lt;/b&gt; no photos Tuesdays 9:00 to 12:00, until 3 Dec 2026 Bruno 1 photo" in words_of(html)
    assert "<b>Ana" not in html
    portrait = server.ask("GET", f"/people/{bruno}").json["links"]["portrait"]
    assert f'src="{portrait}"' in html


def test_an_empty_house_says_so(server: InProcessServer) -> None:
    assert "Nobody yet, so nobody is let in." in words_of(page(server, "/people"))


def test_people_are_searched_by_name(server: InProcessServer) -> None:
    for name in ("Ana", "Joana", "Jo\u00e3o", "Bruno"):
        enrolled(server, name)

    def found(q: str) -> list[str]:
        listed = server.ask("GET", f"/people?{urlencode({'q': q})}").json["people"]
        return [person["name"] for person in listed]

    assert found("AN") == ["Ana", "Joana"]
    assert found("joa\u0303o") == ["Jo\u00e3o"]
    assert found(" ") == ["Ana", "Bruno", "Joana", "Jo\u00e3o"]
    assert found("%") == []
    assert "Nobody is called that." in page(server, "/people?q=eve")


def test_a_search_goes_on_over_its_pages(server: InProcessServer) -> None:
    for name in ("Ana", "Joana", "Bruno", "Diana"):
        enrolled(server, name)

    first = server.ask("GET", "/people?q=ana&limit=2")
    html = page(server, "/people?q=ana&limit=2")
    following = first.headers["Link"].removeprefix("<").partition(">")[0]
    second = server.ask("GET", following.partition("/porteiro")[2])

    names = [[person["name"] for person in answer.json["people"]] for answer in (first, second)]
    assert names == [["Ana", "Diana"], ["Joana"]]
    assert f'href="{following.replace("&", "&amp;")}"' in html
    assert "Link" not in second.headers


def test_a_search_has_a_length(server: InProcessServer) -> None:
    answer = server.ask("GET", f"/people?q={'x' * 201}")

    assert (answer.status, answer.error) == (400, "bad_query")


@pytest.mark.parametrize("path", ["/people", "/people/{person}"])
def test_another_format_is_406(server: InProcessServer, ana: str, path: str) -> None:
    path = path.replace("/people/{person}", ana)

    answers = [
        server.ask("GET", path, headers={"Accept": "text/csv"}),
        server.ask("GET", f"{path}?format=csv"),
    ]

    assert [(answer.status, answer.error) for answer in answers] == [(406, "not_acceptable")] * 2


# Forms


def test_a_form_adds_somebody_and_goes_on_to_their_page(server: InProcessServer) -> None:
    answer = post_form(server, "/people", [("name", " Ana  Maria ")])

    (person,) = server.ask("GET", "/people").json["people"]
    assert (answer.status, answer.headers["Location"]) == (303, person["links"]["self"])
    assert person["name"] == "Ana Maria"


def test_a_form_that_cannot_be_used_says_why_on_a_page(server: InProcessServer, ana: str) -> None:
    taken = post_form(server, "/people", [("name", "ANA")])
    empty = post_form(server, "/people", [("name", "")])
    wrong = post_form(
        server, ana, [("_method", "PATCH"), ("hours", "tue"), ("hours", "09:00"), ("hours", "")]
    )

    assert [answer.status for answer in (taken, empty, wrong)] == [409, 422, 422]
    told = [words_of(answer.body.decode()) for answer in (taken, empty, wrong)]
    assert "There is already somebody called ANA." in told[0]
    assert "This cannot be a name: a name needs at least one letter." in told[1]
    assert "These cannot be hours: for Tuesdays both times are needed, such as 09:00 and 12:00." in told[2]


def test_the_form_of_the_rules_gives_back_what_it_was_filled_in_with(
    server: InProcessServer, ana: str
) -> None:
    rows = [("tue", "09:00", "12:00"), ("mon-fri", "22:00", "02:00"), ("", "", "")]
    fields = [("hours", word) for row in rows for word in row]
    period = (("valid_from", "2026-07-01"), ("valid_until", "2026-12-03"))

    saved = post_form(server, ana, [("_method", "PATCH"), *fields, *period])
    kept, html = server.ask("GET", ana).json, page(server, ana)

    assert (saved.status, saved.headers["Location"]) == (303, kept["links"]["self"])
    assert kept["hours"] == ["tue 09:00-12:00", "mon-fri 22:00-02:00"]
    assert (kept["valid_from"], kept["valid_until"]) == ("2026-06-30T23:00:00Z", "2026-12-04T00:00:00Z")
    shown = re.findall(r'<option value="([^"]+)" selected>|name="(?:hours|valid_\w+)" value="([^"]+)"', html)
    assert [day or value for day, value in shown] == [
        *("tue", "09:00", "12:00", "mon-fri", "22:00", "02:00"),
        *("2026-07-01", "2026-12-03"),
    ]


def test_an_emptied_form_lets_them_come_at_any_time(server: InProcessServer, ana: str) -> None:
    post_json(server, ana, {"hours": ["tue 09:00-12:00"], "valid_until": "2026-12-03"}, "PATCH")

    post_form(server, ana, [("_method", "PATCH"), ("hours", ""), ("valid_from", ""), ("valid_until", "")])

    kept = server.ask("GET", ana).json
    assert (kept["hours"], kept["valid_until"], kept["may_come"]) == ([], None, "at any time")


def test_days_and_times_that_a_form_has_no_choice_for_are_kept_by_it(
    server: InProcessServer, ana: str
) -> None:
    post_json(server, ana, {"hours": ["mon,fri 00:00-24:00"], "valid_from": "2026-07-01T09:30"}, "PATCH")

    html = page(server, ana)

    assert '<option value="mon,fri" selected>Mondays and Fridays</option>' in html
    assert 'type="datetime-local" name="valid_from" value="2026-07-01T09:30"' in html


def test_a_form_renames_and_another_forgets(server: InProcessServer, ana: str) -> None:
    renamed = post_form(server, ana, [("_method", "PATCH"), ("name", "Ana Maria")])
    name = server.ask("GET", ana).json["name"]
    forgotten = post_form(server, ana, [("_method", "DELETE")])

    assert (renamed.status, name) == (303, "Ana Maria")
    assert forgotten.status == 303
    assert forgotten.headers["Location"].endswith("/porteiro/people")
    assert server.ask("GET", ana).status == 404


# Rules


def test_put_replaces_all_and_patch_what_is_given(server: InProcessServer, ana: str) -> None:
    rule = {
        "hours": ["TUE 9:00-12:00"],
        "valid_from": "2026-07-01T09:30:00+01:00",
        "valid_until": "2026-12-03",
    }

    answers = [
        post_json(server, ana, {"name": "Ana", **rule}, "PUT"),
        post_json(server, ana, {"valid_from": None}, "PATCH"),
        post_json(server, ana, {"name": "Ana Maria"}, "PATCH"),
        post_json(server, ana, {"name": "Ana"}, "PUT"),
    ]

    kept = [
        [answer.json[key] for key in ("name", "valid_from", "valid_until", "hours")] for answer in answers
    ]
    assert kept == [
        ["Ana", "2026-07-01T08:30:00Z", "2026-12-04T00:00:00Z", ["tue 09:00-12:00"]],
        ["Ana", None, "2026-12-04T00:00:00Z", ["tue 09:00-12:00"]],
        ["Ana Maria", None, "2026-12-04T00:00:00Z", ["tue 09:00-12:00"]],
        ["Ana", None, None, []],
    ]
    assert [answer.status for answer in answers] == [200] * 4
    assert len({answer.headers["ETag"] for answer in answers}) == 4


def test_what_was_read_can_be_put_back(server: InProcessServer, ana: str) -> None:
    post_json(server, ana, {"hours": ["sat 22:00-24:00"], "valid_until": "2026-12-03"}, "PATCH")
    read = server.ask("GET", ana).json

    put = post_json(
        server, ana, {key: read[key] for key in ("name", "valid_from", "valid_until", "hours")}, "PUT"
    )

    assert put.json == read


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"hours": ["tuesdays"]}, "bad_rule"),
        ({"hours": ["tue 09:00-12:00"] * 22}, "bad_rule"),
        ({"hours": ["x"] * 64}, "json_shape"),
        ({"hours": ["tue 09:00-12:00" + " " * 60]}, "json_shape"),
        ({"hours": "tue 09:00-12:00"}, "json_shape"),
        ({"hours": None}, "json_shape"),
        ({"valid_from": "tomorrow"}, "bad_rule"),
        ({"valid_until": "9999-12-31"}, "bad_rule"),
        ({"valid_until": 5}, "json_shape"),
        ({"valid_from": "2026-12-04", "valid_until": "2026-12-03"}, "bad_rule"),
        ({"name": None}, "json_shape"),
        ({"name": " "}, "bad_name"),
        ({"name": "x" * 10_000}, "bad_name"),
        ({"nickname": "Nana"}, "json_shape"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_changes_nothing(
    server: InProcessServer, ana: str, change: dict[str, object], code: str
) -> None:
    before = server.ask("GET", ana).json

    answers = [
        post_json(server, ana, change, "PATCH"),
        post_json(server, ana, {"name": "Ana", **change}, "PUT"),
        post_json(server, "/people", {"name": "Bruno", **change}),
    ]

    assert [(answer.status, answer.error) for answer in answers] == [(422, code)] * 3
    assert server.ask("GET", "/people").json["people"] == [before]


def test_a_period_is_checked_with_what_is_kept_of_it(server: InProcessServer, ana: str) -> None:
    post_json(server, ana, {"valid_until": "2026-07-01"}, "PATCH")

    answer = post_json(server, ana, {"valid_from": "2026-07-02"}, "PATCH")

    assert (answer.status, answer.error) == (422, "bad_rule")
    assert answer.json["error"]["message"] == "The period ends before it begins."


# Their page


def test_the_page_of_somebody_shows_their_photos_and_what_is_not_them(
    server: InProcessServer, stores: Stores, house: House, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))
    visit = post_photo(server, "/", photo("bruno-1")).json["visit"]
    (face, *_) = house.gallery.now().gallery.embeddings
    embedding = Embedding(house.embedder, face)
    stores.faces.add(ana, b"png", SHARP, embedding, Source(visit, negative=True))

    html = page(server, f"/people/{ana}")

    faces = server.ask("GET", f"/people/{ana}/faces").json["faces"]
    assert [html.count(f'src="{face["links"]["photo"]}"') for face in faces] == [2, 1, 1]  # and the portrait
    assert [html.count(f'action="{face["links"]["self"]}"') for face in faces] == [1, 1, 1]
    assert "Not Ana" in words_of(html)
    assert f'href="{faces[2]["links"]["visit"]}"' in html


def test_a_page_of_somebody_without_photos_says_so(server: InProcessServer, ana: str) -> None:
    html = page(server, ana)

    assert "No photos yet, so no door knows Ana." in words_of(html)
    assert "Not Ana" not in words_of(html)


def test_a_name_with_markup_stays_a_name_on_every_page(server: InProcessServer) -> None:
    name = '"><script>alert(1)</script>'
    person = enrolled(server, name)

    for html in (page(server, "/people"), page(server, f"/people/{person}")):
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)" in html


# Another portrait


def test_another_first_photo_is_another_version_of_the_person(
    server: InProcessServer, photo: Photo, clock: Clock
) -> None:
    ana = f"/people/{enrolled(server, 'Ana', photo('ana-1'))}"
    before = server.ask("GET", ana)
    (face,) = server.ask("GET", f"{ana}/faces").json["faces"]
    server.ask("DELETE", face["links"]["self"].partition("/porteiro")[2])
    post_photo(server, f"{ana}/faces", photo("ana-2"))

    after = server.ask("GET", ana, headers={"If-None-Match": before.headers["ETag"]})

    assert after.status == 200
    assert after.json["links"]["portrait"] != before.json["links"]["portrait"]


# Forgetting


def test_somebody_forgotten_is_in_no_answer_and_no_file(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    known = post_photo(server, "/", photo("ana-2")).json
    stranger = post_photo(server, "/", photo("bruno-1")).json["visit"]

    server.ask("DELETE", f"/people/{ana}")

    assert known["outcome"] == "known"
    assert server.ask("GET", f"/visits/{known['visit']}").status == 404
    assert server.ask("GET", f"/visits/{known['visit']}/photo").status == 404
    assert [path.stem for path in stores.photos.path("").rglob("*.*")] == [stranger]
    assert [visit.id for visit in stores.visits.page(10)] == [stranger]


@pytest.mark.parametrize("kept", ["{}", '[""]', '["tuesdays"]'])
def test_whose_hours_cannot_be_read_is_shown_and_gets_others(
    server: InProcessServer, stores: Stores, ana: str, kept: str
) -> None:
    with stores.database.write() as connection:
        connection.execute(sa.text("UPDATE people SET hours = :hours"), {"hours": kept})

    pages = [server.ask("GET", path, headers={"Accept": "text/html"}) for path in (ana, "/people")]
    listed = server.ask("GET", "/people").json["people"]
    mended = post_json(server, ana, {"hours": ["tue 09:00-12:00"]}, "PATCH")

    assert [page.status for page in pages] == [200, 200]
    assert "these hours cannot be read" in pages[0].body.decode()
    assert [person["may_come"] for person in listed] == [
        "never, for these hours cannot be read; write them anew"
    ]
    assert (mended.status, mended.json["may_come"]) == (200, "Tuesdays 9:00 to 12:00")
