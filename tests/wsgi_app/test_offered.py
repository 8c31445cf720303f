"""What answers and pages offer: nobody is shown a link or a button that they may not follow."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.accounts import add_account, basic
from tests.servers import Answer, InProcessServer, enrolled, path_of, post_json, post_photo
from wsgi_app.access.roles import ACCOUNT_ROLES, Role
from wsgi_app.base.errors import MethodNotAllowed
from wsgi_app.base.purges import HoldReason
from wsgi_app.routes import ROUTES
from wsgi_app.stores.purges import PurgeDoubt
from wsgi_app.stores.stores import Stores
from wsgi_app.web.routing import Router

Photo = Callable[[str], bytes]

# Places that are no rows of the table: files for everybody, and another callable.
ELSEWHERE = ("/static/", "/lab/")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

ROUTER = Router(ROUTES)


@dataclass
class Offers(HTMLParser):
    """The methods and addresses that a page offers: its links, pictures and forms."""

    found: list[tuple[str, str]] = field(default_factory=list)
    _forms: list[tuple[str, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: text or "" for name, text in attrs}
        if tag in ("a", "link", "img", "script"):
            self.found += [("GET", given[name]) for name in ("href", "src") if given.get(name)]
        elif tag == "form":
            self._forms.append((given.get("method", "get").upper(), [given["action"]]))
        elif tag == "button" and "formaction" in given:
            self._forms[-1][1].append(given["formaction"])
        elif given.get("name") == "_method":
            self._forms[-1] = (given["value"], self._forms[-1][1])

    @property
    def all(self) -> list[tuple[str, str]]:
        """All of them; a form's method is the one that it means."""
        forms = [(method, address) for method, addresses in self._forms for address in addresses]
        return self.found + forms


def offered_by(server: InProcessServer, page: Answer) -> list[tuple[str, str]]:
    """The methods and paths of the table that a page offers; none of what is no page."""
    if not page.headers.get("Content-Type", "").startswith("text/html"):
        return []
    offers = Offers()
    offers.feed(page.body.decode())
    found = [(method, path_of(server, address)) for method, address in offers.all if address[0] != "#"]
    return [(method, path) for method, path in found if not path.startswith(ELSEWHERE)]


def linked_by(server: InProcessServer, answer: Answer) -> list[str]:
    """The paths that an answer in JSON gives as links; none of what is no JSON."""
    if answer.headers.get("Content-Type") != "application/json":
        return []
    return [path_of(server, address) for address in links_in(answer.json)]


def links_in(value: Any) -> Iterator[str]:
    """All links in JSON."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "links":
                yield from inner.values()
            else:
                yield from links_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from links_in(inner)


def least_role(method: str, path: str) -> Role:
    """Who may ask for a path at least."""
    return ROUTER.find(method, urlsplit(path).path).route.role


def least_role_at(path: str) -> Role:
    """The same by whichever method asks for the least."""
    roles = []
    for method in METHODS:
        with suppress(MethodNotAllowed):
            roles.append(least_role(method, path))
    return min(roles)


@pytest.fixture
def full_house(
    server: InProcessServer, closed_server: InProcessServer, stores: Stores, photo: Photo
) -> dict[str, str]:
    """A house with something of everything, and somebody of each role; the ids by the variables of paths."""
    ana = enrolled(server, "Ana", photo("ana-1"))
    doubtful = post_photo(server, f"/people/{ana}/faces?accept=unlike_own", photo("bruno-1")).json["id"]
    known = post_photo(server, "/", photo("ana-2")).json["visit"]
    unknown = [post_photo(server, "/", photo(name)).json["visit"] for name in ("chen-1", "dana-1", "dana-2")]
    post_json(server, "/unknown/not", {"visits": [unknown[1]], "person": ana})
    post_json(server, "/unknown/name", {"visits": [unknown[2]], "person": ana})
    post_json(server, f"/visits/{known}/correction", {"person": ana}, "PUT")
    device = post_json(server, "/devices", {"name": "front-door"}).json["id"]
    accounts = [add_account(stores, role.word.capitalize(), role.word).id for role in ACCOUNT_ROLES]
    invitation = post_json(server, "/invitations", {"role": "viewer"}).json["id"]
    stores.purges.hold(PurgeDoubt(HoldReason.ALL_OLD, 1, 1, {}, 1))
    return {
        "person": ana,
        "face": doubtful,
        "visit": known,
        "device": device,
        "account": accounts[0],
        "invitation": invitation,
        "unlearnt": unknown[2],
        "unknown": unknown[0],
    }


def paths_for(role: Role, ids: dict[str, str]) -> list[str]:
    """The addresses that somebody may look at, and some with a query that says what was done."""
    shown = [
        re.sub(r"{(\w+)}", lambda variable: ids[variable[1]], route.pattern)
        for route in ROUTES
        if route.method == "GET" and route.role <= role and route.pattern != "/openapi.json"
    ]
    return [
        *shown,
        f"/visits/{ids['unknown']}",
        f"/unknown?named={ids['person']}&unlearnt={ids['unlearnt']}&untried=2",
        f"/unknown?barred={ids['person']}",
        "/people?q=nobody",
        "/visits?outcome=blurred",
    ]


@pytest.mark.parametrize("role", ACCOUNT_ROLES, ids=lambda role: role.word)
def test_pages_and_answers_offer_what_somebody_may_follow_and_nothing_else(
    closed_server: InProcessServer, full_house: dict[str, str], role: Role
) -> None:
    asking, beyond = basic(role.word.capitalize()), list[str]()
    for path in paths_for(role, full_house):
        page = closed_server.ask("GET", path, headers={**asking, "Accept": "text/html"})
        answer = closed_server.ask("GET", path, headers={**asking, "Accept": "application/json"})
        beyond += [
            f"{path}: {method} {address}"
            for method, address in offered_by(closed_server, page)
            if least_role(method, address) > role
        ]
        beyond += [
            f"{path}: {address}"
            for address in linked_by(closed_server, answer)
            if least_role_at(address) > role
        ]

    assert beyond == []


# What is written for those alone who may do it: the page, what it says, and the least role.
INVITED = [
    ("/", "Is it them?", Role.OPERATOR),
    ("/people/{person}", ">It is them</button>", Role.OPERATOR),
    ("/people/{person}", ">Export</a>", Role.OPERATOR),
    ("/unknown", "Who is it?", Role.OPERATOR),
    ("/unknown?named={person}&unlearnt={unlearnt}", "Enrol all the same", Role.OPERATOR),
    ("/visits/{visit}", "by it too", Role.OPERATOR),
    ("/", "Purge all the same", Role.OWNER),
    ("/devices", "Make a token", Role.OWNER),
    ("/devices", "Revoke the token", Role.OWNER),
]


@pytest.mark.parametrize(("path", "words", "least"), INVITED)
def test_only_whoever_may_do_it_is_invited_to(
    closed_server: InProcessServer, full_house: dict[str, str], path: str, words: str, least: Role
) -> None:
    invited = [
        role
        for role in ACCOUNT_ROLES
        if words
        in closed_server.ask(
            "GET", path.format(**full_house), headers={**basic(role.word.capitalize()), "Accept": "text/html"}
        ).body.decode()
    ]

    assert invited == [role for role in ACCOUNT_ROLES if role >= least]


# The same of a house where nothing is yet.
BEGUN = [
    ("/", "add the first person", Role.OPERATOR),
    ("/", "porteiro enrol", Role.OPERATOR),
    ("/", "make one", Role.OWNER),
    ("/", "porteiro token", Role.OWNER),
    ("/people", "Begin with", Role.OPERATOR),
    ("/people", "Add somebody", Role.OPERATOR),
    ("/calibration", "Add people", Role.OPERATOR),
]


@pytest.mark.parametrize(("path", "words", "least"), BEGUN)
def test_only_whoever_may_do_it_is_told_how_to_begin(
    closed_server: InProcessServer, stores: Stores, path: str, words: str, least: Role
) -> None:
    for role in ACCOUNT_ROLES:
        add_account(stores, role.word.capitalize(), role.word)
    told = [
        role
        for role in ACCOUNT_ROLES
        if words
        in closed_server.ask(
            "GET", path, headers={**basic(role.word.capitalize()), "Accept": "text/html"}
        ).body.decode()
    ]

    assert told == [role for role in ACCOUNT_ROLES if role >= least]


@pytest.mark.parametrize(("role", "offered"), [(Role.VIEWER, []), (Role.OPERATOR, ["confirm", "export"])])
def test_a_program_gets_the_links_that_it_may_follow(
    closed_server: InProcessServer, full_house: dict[str, str], role: Role, offered: list[str]
) -> None:
    asking, somebody = basic(role.word.capitalize()), f"/people/{full_house['person']}"
    links = {
        name
        for path in (somebody, f"{somebody}/faces/{full_house['face']}")
        for name in closed_server.ask("GET", path, headers=asking).json["links"]
    }

    assert sorted(links & {"confirm", "export"}) == offered
