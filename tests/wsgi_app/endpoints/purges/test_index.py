"""A purge that waits until an owner approves it: on the page House, and for programs."""

import re

import pytest

from tests.accounts import add_account, basic, signed_in
from tests.forms import HTML, post_form
from tests.servers import InProcessServer
from wsgi_app.base.purges import HoldReason
from wsgi_app.stores.purges import PurgeDoubt
from wsgi_app.stores.stores import Stores

COUNTS = {"visits of people let in": 2, "other visits": 20, "messages": 0, "sessions": 1}
DOUBT = PurgeDoubt(HoldReason.MOST_VISITS, 22, 30, COUNTS, 30)
SAID = (
    "Nothing is deleted: 22 of 30 visits would go. The purge goes on when an owner says that the clock is "
    "right, and for how long visits are kept, and approves it."
)


def notice(server: InProcessServer, **headers: str) -> str:
    """What the page House says of a purge that waits; ``""`` for nothing."""
    page = server.ask("GET", "/", headers={**HTML, **headers}).body.decode()
    (shown,) = re.findall(r'<div class="notice amber" id="purge">(.*?)</div>', page, re.DOTALL) or [""]
    return " ".join(re.sub("<.*?>", " ", shown).split())


def test_while_none_waits_nothing_is_shown_and_nothing_can_be_approved(server: InProcessServer) -> None:
    answer = server.ask("POST", "/purge")

    assert notice(server) == ""
    assert (answer.status, answer.error) == (409, "no_purge_held")


def test_a_program_approves_it(server: InProcessServer, stores: Stores) -> None:
    stores.purges.hold(DOUBT)

    answer = server.ask("POST", "/purge")

    assert (answer.status, answer.json) == (
        202,
        {
            "reason": "most_visits",
            "message": SAID,
            "since": "2026-01-05T10:00:00Z",
            "visits": 22,
            "of": 30,
            "removes": {"visits of people let in": 2, "other visits": 20, "sessions": 1},
            "approved_by": "this machine",
        },
    )
    assert server.ask("POST", "/purge").json == answer.json


def test_the_page_says_why_it_waits_what_would_go_and_who_approved_it(
    closed_server: InProcessServer, stores: Stores
) -> None:
    add_account(stores, "Olga", "owner")
    add_account(stores, "Otto", "operator")
    stores.purges.hold(DOUBT)
    removes = "It removes 2 visits of people let in, 20 other visits, 1 sessions."
    asking = signed_in(closed_server)

    before = [notice(closed_server, **headers) for headers in (asking, basic("Otto"))]
    page = closed_server.ask("GET", "/", headers={**HTML, **asking}).body.decode()
    csrf = re.findall(r'data-csrf="([\w-]{43})"', page)[0]
    sent = post_form(closed_server, "/purge", {"csrf": csrf}, **asking)

    assert before == [f"{SAID} {removes} Purge all the same", f"{SAID} {removes}"]
    assert (sent.status, sent.headers["Location"]) == (303, "http://localhost/porteiro/")
    assert (
        notice(closed_server, **asking) == f"{SAID} {removes} Olga approved it: it goes on within the hour."
    )


@pytest.mark.parametrize("fields", [{}, {"csrf": "another"}])
def test_another_sites_form_approves_nothing(
    closed_server: InProcessServer, stores: Stores, fields: dict[str, str]
) -> None:
    add_account(stores, "Olga", "owner")
    stores.purges.hold(DOUBT)

    answer = post_form(closed_server, "/purge", fields, **signed_in(closed_server))

    hold = stores.purges.state().hold
    assert (answer.status, hold and hold.approved_by) == (403, None)


def test_an_operator_approves_nothing(closed_server: InProcessServer, stores: Stores) -> None:
    add_account(stores, "Otto", "operator")
    stores.purges.hold(DOUBT)

    answer = closed_server.ask("POST", "/purge", headers=basic("Otto"))

    hold = stores.purges.state().hold
    assert (answer.status, answer.error, hold and hold.approved_by) == (403, "role", None)


def test_the_audit_log_says_who_approved_it(server: InProcessServer, stores: Stores) -> None:
    stores.purges.hold(DOUBT)
    server.ask("POST", "/purge")

    page = server.ask("GET", "/audit", headers=HTML).body.decode()

    (row,) = re.findall(r"<li>\s*<p>(.*?)</p>", page, re.DOTALL)
    assert " ".join(re.sub("<.*?>", " ", row).split()) == "this machine approved a purge that waited"
