"""The sign-in page, where there is nobody to sign in, and where nobody needs to."""

from tests.accounts import add_account, signed_in
from tests.forms import post_form
from tests.servers import InProcessServer
from wsgi_app.stores.stores import Stores


def test_a_house_without_accounts_says_how_to_begin(closed_server: InProcessServer) -> None:
    page = closed_server.ask("GET", "/sign-in").body.decode()

    assert "This house has no owner yet." in page
    assert "porteiro prepare" in page
    assert "<form" not in page


def test_a_house_with_accounts_asks_for_name_and_password(
    closed_server: InProcessServer, stores: Stores
) -> None:
    add_account(stores)

    page = closed_server.ask("GET", "/sign-in?next=https://evil.example/").body.decode()

    assert '<input type="hidden" name="next" value="/porteiro/">' in page
    assert 'autocomplete="current-password"' in page
    assert "evil" not in page


def test_whoever_has_signed_in_goes_on(closed_server: InProcessServer, stores: Stores) -> None:
    add_account(stores)

    answer = closed_server.ask("GET", "/sign-in?next=/porteiro/people", headers=signed_in(closed_server))

    assert (answer.status, answer.headers["Location"]) == (303, "http://localhost/porteiro/people")


def test_nobody_signs_in_to_an_open_house(server: InProcessServer) -> None:
    answer = server.ask("GET", "/sign-in")

    assert (answer.status, answer.headers["Location"]) == (303, "http://localhost/porteiro/")


def test_a_name_with_markup_stays_text(closed_server: InProcessServer, stores: Stores) -> None:
    add_account(stores, "<script>alert(1)</script>", "owner")
    inside = signed_in(closed_server, "<script>alert(1)</script>")

    for path in ("/accounts", "/audit", "/people"):
        page = closed_server.ask("GET", path, headers={**inside, "Accept": "text/html"})
        assert page.status == 200
        assert b"<script>alert" not in page.body
        assert b"&lt;script&gt;alert(1)" in page.body


def test_a_form_that_is_refused_answers_as_it_is_asked_to(
    closed_server: InProcessServer, stores: Stores
) -> None:
    add_account(stores)
    wrong = {"name": "Nobody", "password": "not the right one"}

    as_page = post_form(closed_server, "/sign-in", wrong)
    as_json = post_form(closed_server, "/sign-in", wrong, Accept="application/json")

    assert (as_page.status, as_page.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert (as_json.status, as_json.headers["Content-Type"]) == (401, "application/json")
