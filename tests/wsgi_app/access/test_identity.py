"""Who asks, by cookie, by Basic auth, or because the machine is open."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus

import pytest

from tests.accounts import CHEAP, PASSWORD, add_account, basic
from tests.conftest import Clock
from wsgi_app.access import cookies
from wsgi_app.access.attempts import PasswordCheck
from wsgi_app.access.evidence import token_key
from wsgi_app.access.identity import (
    AT_HOME,
    BASIC,
    NOBODY,
    Credentials,
    Identifier,
    Identity,
    open_identifier,
    require,
    require_csrf,
)
from wsgi_app.access.passwords import Passwords
from wsgi_app.access.roles import Role
from wsgi_app.base.config import load_config
from wsgi_app.base.errors import Forbidden, TooManyRequests, Unauthorized
from wsgi_app.base.limits import SignInLimits
from wsgi_app.stores.stores import Stores

ADDRESS = "192.0.2.7"


@dataclass
class CountingPasswords(Passwords):
    """Passwords that say how often one was checked."""

    checked: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        super().__init__()

    def fits(self, password: str, password_hash: str | None) -> bool:
        self.checked += 1
        return CHEAP.fits(password, password_hash)


@pytest.fixture
def passwords() -> CountingPasswords:
    return CountingPasswords()


@pytest.fixture
def identifier(stores: Stores, passwords: CountingPasswords) -> Identifier:
    return new_process(stores, passwords)


def new_process(stores: Stores, passwords: Passwords = CHEAP) -> Identifier:
    check = PasswordCheck(stores.accounts, stores.attempts, passwords, SignInLimits())
    return Identifier(stores.accounts, stores.sessions, check)


def with_cookie(value: str) -> Credentials:
    return Credentials("", {cookies.NAME: value}, ADDRESS)


def with_password(password: str = PASSWORD, name: str = "Ana", address: str = ADDRESS) -> Credentials:
    return Credentials(basic(name, password)["Authorization"], {}, address)


def events(stores: Stores) -> list[tuple[str, str | None]]:
    return [(event.action, event.by) for event in stores.events.after(0, 100)]


def test_nothing_brought_is_nobody(identifier: Identifier) -> None:
    assert identifier.identify(Credentials("", {}, ADDRESS)) is NOBODY


def test_everybody_is_owner_where_the_machine_is_open(stores: Stores) -> None:
    identifier = open_identifier(load_config({"PORTEIRO_OPEN": "1"}), stores, CHEAP)

    assert identifier.identify(Credentials("", {}, ADDRESS)) is AT_HOME


def test_a_closed_machine_asks(stores: Stores) -> None:
    identifier = open_identifier(load_config({}), stores, CHEAP)

    assert identifier.identify(Credentials("", {}, ADDRESS)) is NOBODY


# Cookies


def test_a_cookie_tells_who_signed_in_in_any_process(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Ana", "operator")

    value = identifier.enter("ana", PASSWORD, ADDRESS)

    found = new_process(stores).identify(with_cookie(value))
    assert (found.name, found.role) == ("Ana", Role.OPERATOR)
    assert found.csrf == identifier.identify(with_cookie(value)).csrf
    assert found.csrf is not None
    assert found.csrf not in repr(found)


def test_each_sign_in_has_pages_of_its_own(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Ana")
    first, second = (
        identifier.identify(with_cookie(identifier.enter("Ana", PASSWORD, ADDRESS))) for _ in range(2)
    )

    assert first.csrf != second.csrf
    require_csrf(first, first.csrf or "")
    for given in (second.csrf or "", "", "ÿ"):
        with pytest.raises(Forbidden) as refused:
            require_csrf(first, given)
        assert refused.value.code == "csrf"


def test_the_database_has_no_key_of_a_sign_in(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Ana")
    value = identifier.enter("Ana", PASSWORD, ADDRESS)
    key = cookies.key_in(value, stores.sessions.secret(lambda: b"another"))
    assert key is not None

    with stores.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT key_hash FROM sessions").all()

    assert rows == [(hashlib.sha256(key).digest(),)]


@pytest.mark.parametrize(
    "forge",
    [
        lambda value: "",
        lambda value: "x",
        lambda value: value[:-1],
        lambda value: value + "A",
        lambda value: "A" * 43 + value[43:],
        lambda value: value[:-43] + "A" * 43,
        lambda value: cookies.signed(b"k" * 32, b"another secret"),
        lambda value: "\ud800é\0" * 40,
        lambda value: "A" * 100_000,
    ],
)
def test_a_forged_cookie_is_nobody(
    stores: Stores, identifier: Identifier, forge: Callable[[str], str]
) -> None:
    add_account(stores, "Ana")
    value = identifier.enter("Ana", PASSWORD, ADDRESS)

    assert identifier.identify(with_cookie(value)).name == "Ana"
    assert identifier.identify(with_cookie(forge(value))) is NOBODY


def test_a_well_signed_cookie_that_nobody_was_given_is_nobody(stores: Stores, identifier: Identifier) -> None:
    secret = stores.sessions.secret(lambda: b"s" * 32)

    assert identifier.identify(with_cookie(cookies.signed(b"k" * 32, secret))) is NOBODY


def test_a_cookie_lasts_for_fourteen_days(stores: Stores, identifier: Identifier, clock: Clock) -> None:
    add_account(stores, "Ana")
    value = identifier.enter("Ana", PASSWORD, ADDRESS)

    clock.advance(14 * 24 * 3600 - 1)
    assert identifier.identify(with_cookie(value)).name == "Ana"
    clock.advance(1)
    assert identifier.identify(with_cookie(value)) is NOBODY


def test_whoever_leaves_is_nobody_and_their_other_sign_ins_stay(
    stores: Stores, identifier: Identifier
) -> None:
    add_account(stores, "Ana")
    phone, desk = (identifier.enter("Ana", PASSWORD, ADDRESS) for _ in range(2))

    identifier.leave(with_cookie(phone))
    identifier.leave(with_cookie(phone))
    identifier.leave(with_cookie("forged"))

    assert identifier.identify(with_cookie(phone)) is NOBODY
    assert identifier.identify(with_cookie(desk)).name == "Ana"
    assert [action for action, _ in events(stores)].count("signed_out") == 1


def test_the_cookie_of_a_removed_account_is_nobody(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Olga", "owner")
    ana = add_account(stores, "Ana", "viewer")
    value = identifier.enter("Ana", PASSWORD, ADDRESS)

    stores.accounts.remove(ana.id, lambda _: True)

    assert identifier.identify(with_cookie(value)) is NOBODY


def test_a_new_password_ends_every_sign_in(stores: Stores, identifier: Identifier) -> None:
    ana = add_account(stores, "Ana")
    value = identifier.enter("Ana", PASSWORD, ADDRESS)

    changed_password(stores, ana.id, "another password")

    assert identifier.identify(with_cookie(value)) is NOBODY


def test_a_new_role_counts_at_once(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Olga", "owner")
    ana = add_account(stores, "Ana", "viewer")
    value = identifier.enter("Ana", PASSWORD, ADDRESS)

    stores.accounts.change_role(ana.id, "operator", lambda _: True)

    assert identifier.identify(with_cookie(value)).role is Role.OPERATOR


def test_nobody_signs_in_with_a_password_that_changed_while_it_was_checked(
    stores: Stores, identifier: Identifier
) -> None:
    ana = add_account(stores, "Ana")
    changed_password(stores, ana.id, "another password")

    with pytest.raises(Unauthorized) as refused:
        identifier.start(ana, ADDRESS)
    assert refused.value.code == "changed"


def test_all_processes_sign_with_the_same_secret(stores: Stores) -> None:
    made = [stores.sessions.secret(partial(bytes, [number] * 32)) for number in range(3)]

    assert made == [bytes(32)] * 3


# Basic auth


def test_a_program_signs_in_with_each_request(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Ana", "viewer")

    assert identifier.identify(with_password()) == Identity("Ana", Role.VIEWER, csrf=None)
    assert identifier.identify(with_password(name="ANA")) == Identity("Ana", Role.VIEWER, csrf=None)


def test_a_name_and_a_password_may_have_any_letters(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Zoë Çelik", "viewer", "pässwörd: 密码 : x")

    assert identifier.identify(with_password("pässwörd: 密码 : x", "Zoë Çelik")).name == "Zoë Çelik"
    assert (
        identifier.identify(with_password("pa\u0308sswo\u0308rd: 密码 : x", "Zoe\u0308 Çelik")).name
        == "Zoë Çelik"
    )


def test_a_password_is_checked_once_in_each_process(
    stores: Stores, identifier: Identifier, passwords: CountingPasswords
) -> None:
    add_account(stores, "Ana")

    for _ in range(30):
        assert identifier.identify(with_password()).name == "Ana"

    assert passwords.checked == 1


def test_what_is_remembered_ends_with_the_password(stores: Stores, identifier: Identifier) -> None:
    ana = add_account(stores, "Ana")
    assert identifier.identify(with_password()).name == "Ana"

    changed_password(stores, ana.id, "another password")

    with pytest.raises(Unauthorized):
        identifier.identify(with_password())
    assert identifier.identify(with_password("another password")).name == "Ana"


def test_what_is_remembered_ends_with_the_account(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Olga", "owner")
    ana = add_account(stores, "Ana", "viewer")
    assert identifier.identify(with_password()).name == "Ana"

    stores.accounts.remove(ana.id, lambda _: True)

    with pytest.raises(Unauthorized):
        identifier.identify(with_password())


@pytest.mark.parametrize(("name", "password"), [("Ana", "wrong"), ("Bruno", PASSWORD), ("", ""), ("Ana", "")])
def test_a_wrong_name_and_a_wrong_password_read_alike(
    stores: Stores, identifier: Identifier, passwords: CountingPasswords, name: str, password: str
) -> None:
    add_account(stores, "Ana")

    with pytest.raises(Unauthorized) as refused:
        identifier.identify(with_password(password, name))

    assert (refused.value.key, refused.value.values) == ("wrong_password", {})
    assert refused.value.headers == {"WWW-Authenticate": BASIC}
    assert passwords.checked == 1


@pytest.mark.parametrize(
    "given", ["", "x", "é", "====", b64encode(b"Ana").decode(), b64encode(b"\xff:\xfe").decode(), "A" * 9001]
)
def test_a_broken_header_is_refused(identifier: Identifier, given: str) -> None:
    with pytest.raises(Unauthorized) as refused:
        identifier.identify(Credentials(f"Basic {given}", {}, ADDRESS))
    assert refused.value.code == "bad_basic"


def test_a_refusal_asks_for_what_the_reader_wants() -> None:
    asks = 'Basic realm="Elsewhere"'

    assert Credentials(basic("Ana", "a:b")["Authorization"], {}, ADDRESS).name_and_password(asks) == (
        "Ana",
        "a:b",
    )
    with pytest.raises(Unauthorized) as refused:
        Credentials("Basic x", {}, ADDRESS).name_and_password(asks)
    assert refused.value.headers == {"WWW-Authenticate": asks}


@pytest.mark.parametrize("authorization", ["Bearer front-door.x", "Digest x", "Basics x", "nonsense"])
def test_another_scheme_is_nobody(identifier: Identifier, authorization: str) -> None:
    assert identifier.identify(Credentials(authorization, {}, ADDRESS)) is NOBODY


def test_a_cookie_goes_before_a_password(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Ana", "operator")
    value = identifier.enter("Ana", PASSWORD, ADDRESS)

    both = Credentials(basic("somebody", "known to a proxy")["Authorization"], {cookies.NAME: value}, ADDRESS)

    assert identifier.identify(both).name == "Ana"


# Attempts


def test_an_address_fails_five_times_and_then_waits(
    stores: Stores, identifier: Identifier, passwords: CountingPasswords, clock: Clock
) -> None:
    add_account(stores, "Ana")
    for number in range(5):
        with pytest.raises(Unauthorized):
            identifier.identify(with_password(f"wrong {number}"))
    clock.advance(300)

    with pytest.raises(TooManyRequests) as refused:
        identifier.identify(with_password())

    assert refused.value.headers == {"Retry-After": "600"}
    assert passwords.checked == 5
    assert identifier.identify(with_password(address="192.0.2.8")).name == "Ana"


def test_the_pause_ends(stores: Stores, identifier: Identifier, clock: Clock) -> None:
    add_account(stores, "Ana")
    for number in range(5):
        with pytest.raises(Unauthorized):
            identifier.identify(with_password(f"wrong {number}"))

    clock.advance(900)

    assert identifier.identify(with_password()).name == "Ana"


def test_an_account_waits_after_twenty_failures_from_anywhere(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Ana")
    add_account(stores, "Bruno")
    for number in range(20):
        with pytest.raises(Unauthorized):
            identifier.identify(with_password("wrong", address=f"198.51.100.{number}"))

    with pytest.raises(TooManyRequests):
        identifier.identify(with_password(address="198.51.100.99"))
    assert identifier.identify(with_password(name="Bruno", address="198.51.100.99")).name == "Bruno"


def test_guesses_at_names_that_nobody_has_are_counted_alike(identifier: Identifier) -> None:
    for number in range(20):
        with pytest.raises(Unauthorized):
            identifier.identify(with_password(name="Nobody", address=f"198.51.100.{number}"))

    with pytest.raises(TooManyRequests):
        identifier.identify(with_password(name="nobody", address="198.51.100.99"))


def test_who_is_remembered_goes_on_while_others_guess(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Ana")
    assert identifier.identify(with_password()).name == "Ana"
    for number in range(20):
        with pytest.raises(Unauthorized):
            identifier.identify(with_password("wrong", address=f"198.51.100.{number}"))

    assert identifier.identify(with_password()).name == "Ana"


def test_a_success_begins_anew(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Ana")
    for number in range(12):
        with pytest.raises(Unauthorized):
            identifier.identify(with_password(f"wrong {number}"))
        if number % 4 == 3:
            identifier.enter("Ana", PASSWORD, ADDRESS)


def test_sign_ins_and_failures_are_told_without_what_was_typed(
    stores: Stores, identifier: Identifier
) -> None:
    ana = add_account(stores, "Ana")
    with pytest.raises(Unauthorized):
        identifier.enter("Ana", "my secret guess", ADDRESS)
    with pytest.raises(Unauthorized):
        identifier.enter("my password by mistake", PASSWORD, ADDRESS)
    identifier.enter("Ana", PASSWORD, ADDRESS)

    told = [
        (event.kind, event.action, event.subject, event.by, event.details)
        for event in stores.events.after(0, 100)
    ]

    assert told[2:] == [
        ("account", "sign_in_failed", ana.id, "Ana", {"address": ADDRESS}),
        ("account", "signed_in", ana.id, "Ana", {"address": ADDRESS}),
    ]


# Roles


@pytest.mark.parametrize("least", Role)
@pytest.mark.parametrize("role", Role)
def test_each_role_may_what_those_before_it_may(least: Role, role: Role) -> None:
    identity = Identity("Ana", role)
    if role >= least:
        require(least, identity)
        return
    with pytest.raises((Unauthorized, Forbidden)) as refused:
        require(least, identity)
    expected = HTTPStatus.UNAUTHORIZED if role is Role.ANYONE else HTTPStatus.FORBIDDEN
    assert refused.value.status == expected


def test_whoever_brought_no_cookie_needs_no_page() -> None:
    require_csrf(AT_HOME, "")
    require_csrf(Identity("Ana", Role.OWNER), "")


def changed_password(stores: Stores, account_id: str, password: str) -> None:
    key = token_key(f"link for {password}")
    stores.invitations.let_back_in(key, account_id)
    stores.accounts.accept(key, "", CHEAP.hash(password))


# Asking again


def test_who_is_signed_in_still_is_and_has_their_present_role(
    stores: Stores, identifier: Identifier, passwords: CountingPasswords
) -> None:
    add_account(stores, "Olga", "owner")
    account = add_account(stores, "Ana", "viewer")
    by_cookie = identifier.identify(with_cookie(identifier.enter("Ana", PASSWORD, ADDRESS)))
    by_password = identifier.identify(with_password())
    checked = passwords.checked
    stores.accounts.change_role(account.id, "operator", lambda _: True)

    assert identifier.again(by_cookie) == Identity("Ana", Role.OPERATOR, by_cookie.csrf)
    assert identifier.again(by_password) == Identity("Ana", Role.OPERATOR)
    assert passwords.checked == checked


def test_who_signed_out_is_nobody(stores: Stores, identifier: Identifier) -> None:
    add_account(stores, "Ana", "viewer")
    cookie = with_cookie(identifier.enter("Ana", PASSWORD, ADDRESS))
    before = identifier.identify(cookie)
    identifier.leave(cookie)

    assert identifier.again(before) is NOBODY


def test_whose_account_is_gone_is_nobody_however_often_that_is_asked(
    stores: Stores, identifier: Identifier
) -> None:
    add_account(stores, "Olga", "owner")
    account = add_account(stores, "Ana", "viewer")
    before = identifier.identify(with_password())
    stores.accounts.remove(account.id, lambda _: True)

    assert [identifier.again(before) for _ in range(50)] == [NOBODY] * 50
    assert identifier.identify(with_password(name="Olga")).name == "Olga"  # the address has its attempts


def test_who_proved_nothing_stays_who_they_are(stores: Stores, identifier: Identifier) -> None:
    at_home = open_identifier(load_config({"PORTEIRO_OPEN": "1"}), stores, CHEAP)

    assert (identifier.again(NOBODY), at_home.again(AT_HOME)) == (NOBODY, AT_HOME)
