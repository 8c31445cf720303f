"""Who changed what, and when."""

import re
from collections.abc import Callable

from tests.accounts import add_account, basic
from tests.forms import post_form
from tests.servers import InProcessServer, enrolled, post_json, post_photo
from wsgi_app.stores.stores import Stores

ROOT = "http://localhost/porteiro"
Photo = Callable[[str], bytes]


def test_a_change_is_told_with_who_what_and_when(closed_server: InProcessServer, stores: Stores) -> None:
    add_account(stores, "Olga", "owner")
    ana = post_json(closed_server, "/people", {"name": "Ana"}, **basic()).json["id"]

    entries = closed_server.ask("GET", "/audit", headers=basic()).json["entries"]

    assert entries[0] == {
        "number": entries[0]["number"],
        "at": "2026-01-05T10:00:00Z",
        "by": "Olga",
        "kind": "person",
        "action": "added",
        "subject": ana,
        "name": "Ana",
        "details": {},
        "links": {"subject": f"{ROOT}/people/{ana}"},
    }


def test_what_nobody_did_by_hand_is_not_in_it(server: InProcessServer, photo: Photo) -> None:
    enrolled(server, "Ana", photo("ana-1"))
    post_photo(server, "/", photo("ana-2"))

    entries = server.ask("GET", "/audit").json["entries"]

    assert [(entry["action"], entry["by"]) for entry in entries] == [
        ("enrolled", "this machine"),
        ("added", "this machine"),
    ]


def test_it_is_given_a_page_at_a_time_and_names_go_with_whom_they_named(server: InProcessServer) -> None:
    ana, bruno = enrolled(server, "Ana"), enrolled(server, "Bruno")
    server.ask("DELETE", f"/people/{ana}")

    first = server.ask("GET", "/audit?limit=2")
    (address,) = re.findall(r"<http://localhost/porteiro(.*)>", first.headers["Link"])
    second = server.ask("GET", address)

    told = [
        [(entry["action"], entry["subject"], entry["name"]) for entry in answer.json["entries"]]
        for answer in (first, second)
    ]
    assert told == [[("forgotten", ana, ""), ("added", bruno, "Bruno")], [("added", ana, "")]]
    assert "Link" not in second.headers


def test_the_page_says_it_in_words(closed_server: InProcessServer, stores: Stores) -> None:
    add_account(stores, "Olga", "owner")
    ana = add_account(stores, "Ana", "viewer")
    stores.accounts.acting("Olga").change_role(ana.id, "operator", lambda _: True)
    post_form(closed_server, "/sign-in", {"name": "Ana", "password": "wrong"})

    page = closed_server.ask("GET", "/audit", headers={**basic(), "Accept": "text/html"}).body.decode()

    rows = re.findall(r"<li>\s*<p>(.*?)</li>", page, re.DOTALL)
    assert [" ".join(re.sub("<time.*?</time>|<.*?>", " ", row).split()) for row in rows] == [
        "Ana failed to sign in from 192.0.2.7",
        "Olga changed the role Ana viewer → operator",
        "Ana made their account viewer",
        "command line made a link for a new account viewer",
        "Olga made their account owner",
        "command line made a link for a new account owner",
    ]
    assert f'<a href="/porteiro/accounts#{ana.id}">Ana</a>' in page
