"""Long lists, a page at a time: the same in every list and in each of its representations."""

import re

import pytest

from tests.accounts import add_account
from tests.doors import add_door
from tests.servers import InProcessServer
from wsgi_app.stores.stores import Stores

NAMES = ("Ana", "Bruno", "Chen")


@pytest.fixture
def lived_in(server: InProcessServer, stores: Stores) -> None:
    """Three of everything that is listed by name, and so more than three changes."""
    for name in NAMES:
        stores.people.add(name)
        add_account(stores, name)
        add_door(server, stores, name.lower())


@pytest.mark.usefixtures("lived_in")
@pytest.mark.parametrize("form", ["json", "html"])
@pytest.mark.parametrize(
    ("path", "words", "number"),
    [
        ("/people", "More people", 2),
        ("/accounts", "More accounts", 2),
        ("/devices", "More doors", 2),
        ("/audit", "Older", 6),  # each account was first invited
    ],
)
def test_every_page_but_the_last_says_where_the_next_one_is(
    server: InProcessServer, path: str, words: str, number: int, form: str
) -> None:
    asked, pages = f"{path}?format={form}&limit=2", 0
    while asked:
        answer = server.ask("GET", asked)
        link = answer.headers.get("Link", "")
        asked = "".join(re.findall(r'^<http://localhost/porteiro(.*)>; rel="next"$', link))
        assert (f">{words}</a>" in answer.body.decode()) is (form == "html" and bool(link))
        pages += 1
    assert pages == number


@pytest.mark.parametrize("path", ["/people?after=", "/people?q=", "/accounts?after=", "/devices?after="])
@pytest.mark.parametrize("text", ["a%00b", "x" * 201])
def test_what_is_no_text_is_refused(server: InProcessServer, path: str, text: str) -> None:
    answer = server.ask("GET", path + text)

    key = path.partition("?")[2].strip("=")
    assert (answer.status, answer.error) == (400, "bad_query")
    assert answer.json["error"]["message"] == f"{key} must be plain text of at most 200 characters."


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", str(2**62), "%D9%A1"])
def test_what_is_no_number_of_items_is_refused(server: InProcessServer, number: str) -> None:
    answer = server.ask("GET", f"/people?limit={number}")

    assert (answer.status, answer.error) == (400, "bad_query")
    assert answer.json["error"]["message"] == "limit must be a positive whole number."


@pytest.mark.parametrize(
    "key", ["/visits?before", "/audit?before", "/unknown?before", "/events?after", "/visits?limit"]
)
@pytest.mark.parametrize("number", [str(2**62), str(2**63), str(2**64), "9" * 30, "9" * 5000], ids=len)
def test_numbers_beyond_those_of_the_database_are_refused(
    server: InProcessServer, key: str, number: str
) -> None:
    answer = server.ask("GET", f"{key}={number}")

    assert (answer.status, answer.error) == (400, "bad_query")
