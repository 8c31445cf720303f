"""Sign-ins that are in force."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from tests.accounts import add_account
from tests.conftest import Clock
from wsgi_app.stores.database import open_database
from wsgi_app.stores.sessions import SessionStore
from wsgi_app.stores.stores import Stores


def test_a_sign_in_is_its_accounts_until_it_ends(stores: Stores) -> None:
    ana = add_account(stores, "Ana")

    assert stores.sessions.start(b"key", ana, "192.0.2.7")

    assert stores.sessions.account(b"key") == ana
    assert stores.sessions.account(b"another") is None
    stores.sessions.end(b"key")
    assert stores.sessions.account(b"key") is None


def test_what_begins_and_ends_is_told_once(stores: Stores) -> None:
    ana = add_account(stores, "Ana")
    stores.sessions.start(b"key", ana, "192.0.2.7")
    for _ in range(2):
        stores.sessions.end(b"key")

    told = [(event.action, event.subject, event.by, event.details) for event in stores.events.after(2, 10)]
    assert told == [
        ("signed_in", ana.id, "Ana", {"address": "192.0.2.7"}),
        ("signed_out", ana.id, "Ana", {}),
    ]


def test_a_removed_account_begins_none(stores: Stores) -> None:
    add_account(stores, "Olga", "owner")
    ana = add_account(stores, "Ana", "viewer")
    stores.accounts.remove(ana.id, lambda _: True)

    assert not stores.sessions.start(b"key", ana, "192.0.2.7")
    assert stores.sessions.account(b"key") is None


def test_old_ones_are_swept_when_one_begins(stores: Stores, clock: Clock) -> None:
    ana = add_account(stores, "Ana")
    stores.sessions.start(b"old", ana, "192.0.2.7")
    clock.advance(timedelta(days=14).total_seconds())

    stores.sessions.start(b"new", ana, "192.0.2.7")

    with stores.database.read() as connection:
        assert connection.exec_driver_sql("SELECT key_hash FROM sessions").all() == [(b"new",)]


def test_whoever_asks_first_for_the_secret_makes_it_for_all(tmp_path: Path, clock: Clock) -> None:
    url = f"sqlite:///{tmp_path / 'porteiro.db'}"
    databases = [open_database(url) for _ in range(8)]
    stores = [SessionStore(database, clock.now, timedelta(days=14)) for database in databases]

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda store: store.secret(lambda: secrets.token_bytes(32)), stores))

    assert len(set(given)) == 1
    for database in databases:
        database.close()
