import re
from datetime import UTC, datetime

import pytest

from tests.accounts import CHEAP, PASSWORD
from tests.owners import Owner, listed
from wsgi_app.access.evidence import token_key
from wsgi_app.base.errors import NotFound
from wsgi_app.stores.accounts import Account


def joined(owner: Owner, link: str, name: str) -> Account:
    """Follow a link, as its page does."""
    token = link.strip().rpartition("token=")[2]
    with owner.house() as stores:
        return stores.accounts.accept(token_key(token), name, CHEAP.hash(PASSWORD))


def first_link(said: str) -> str:
    """The link that preparing prints for the first owner."""
    (link,) = re.findall(r"^  begin   (\S+)$", said, re.MULTILINE)
    return str(link)


def test_preparing_a_house_without_owner_prints_a_link_each_time_until_one_is_used(owner: Owner) -> None:
    first, second = (first_link(owner.does("prepare")) for _ in range(2))
    assert re.fullmatch(r"http://127\.0\.0\.1:8765/porteiro/welcome\?token=[\w-]{43}", second)
    with pytest.raises(NotFound):
        joined(owner, first, "Eve")
    assert joined(owner, second, "Olga").role == "owner"
    assert "welcome" not in owner.does("prepare")


@pytest.mark.parametrize(
    ("settings", "option", "address", "hint"),
    [
        ({"PORTEIRO_PREFIX": "/"}, [], "http://127.0.0.1:8765/welcome", "within 24 hours)"),
        (
            {"PORTEIRO_HTTP": "*:8765"},
            [],
            "http://127.0.0.1:8765/porteiro/welcome",
            "within 24 hours; from other machines with this one's address in it)",
        ),
        ({"PORTEIRO_SOCKET": "{data}/x.sock"}, [], "/porteiro/welcome", "put the server's public address"),
        (
            {"PORTEIRO_SOCKET": "{data}/x.sock"},
            ["--address", "https://door.example/porteiro/"],
            "https://door.example/porteiro/welcome",
            "within 24 hours)",
        ),
    ],
)
def test_the_link_begins_with_how_the_server_is_reached(
    owner: Owner, settings: dict[str, str], option: list[str], address: str, hint: str
) -> None:
    there = {key: text.format(data=owner.data) for key, text in settings.items()}
    said = Owner({**owner.settings, **there}).does("prepare", *option)
    assert first_link(said).partition("?token=")[0] == address
    assert hint in said


def test_nobody_needs_a_link_in_an_open_house(owner: Owner) -> None:
    assert "welcome" not in Owner({**owner.settings, "PORTEIRO_OPEN": "1"}).does("prepare")


def test_somebody_is_invited_listed_and_removed(newcomer: Owner) -> None:
    assert (
        newcomer.does("account", "list") == "Nobody may sign in yet: porteiro account invite --role owner\n"
    )
    olga = joined(newcomer, newcomer.does("account", "invite", "--role", "owner"), "Olga")
    ana = joined(newcomer, newcomer.does("account", "invite", "--role", "viewer"), "Ana")

    day = f"{datetime.now(UTC):%Y-%m-%d}"
    assert listed(newcomer.does("account", "list"))[1:] == [
        ["Ana", "viewer", day, ana.id],
        ["Olga", "owner", day, olga.id],
    ]
    assert newcomer.does("account", "remove", "ana") == "Ana may not sign in any more.\n"
    assert newcomer.is_told("account", "remove", "Ana") == (
        "porteiro: No account is called 'Ana'; porteiro account list shows which are."
    )
    assert newcomer.is_told("account", "remove", "Olga") == (
        "porteiro: This is the last owner; make somebody else an owner first."
    )


def test_a_link_is_told_once_with_how_long_it_is_good(newcomer: Owner) -> None:
    result = newcomer.types("account", "invite", "--role", "operator")

    assert re.fullmatch(r"http://127\.0\.0\.1:8765/porteiro/welcome\?token=[\w-]{43}\n", result.stdout)
    assert re.fullmatch(
        r"This link is told this once, and works once, until [\d-]{10} \d\d:\d\d UTC\.\n", result.stderr
    )
    with newcomer.house() as stores:
        token = result.stdout.strip().encode().rpartition(b"token=")[2]
        assert token not in newcomer.data.joinpath("porteiro.db").read_bytes()
        assert stores.invitations.find(token_key(token.decode())).role == "operator"


def test_a_role_that_there_is_not_is_refused(newcomer: Owner) -> None:
    assert newcomer.types("account", "invite", "--role", "king").exit_code == 2
    assert newcomer.types("account", "invite").exit_code == 2


def test_somebody_gets_a_new_password(newcomer: Owner) -> None:
    ana = joined(newcomer, newcomer.does("account", "invite", "--role", "owner"), "Ana")

    changed = joined(newcomer, newcomer.does("account", "password", "ANA", "--address", "https://x"), "")

    assert (changed.id, changed.name, changed.revision) == (ana.id, "Ana", 2)
    assert newcomer.is_told("account", "password", "Eve").startswith("porteiro: No account is called 'Eve'; ")
