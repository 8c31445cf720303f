"""Accounts for tests, with passwords that cost little to check."""

import secrets
from base64 import b64encode
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING

from argon2 import PasswordHasher

from tests.forms import post_form
from wsgi_app.access.evidence import token_key
from wsgi_app.access.passwords import Passwords
from wsgi_app.stores.accounts import Account
from wsgi_app.stores.stores import Stores

if TYPE_CHECKING:
    from tests.servers import Answer, Server

OWNER, PASSWORD = "Olga", "a fine password"
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def basic(name: str = OWNER, password: str = PASSWORD) -> dict[str, str]:
    """The header with which a program signs in."""
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


def add_account(stores: Stores, name: str = OWNER, role: str = "owner", password: str = PASSWORD) -> Account:
    """Somebody who followed a one-time link."""
    key = token_key(secrets.token_urlsafe())
    stores.invitations.invite(key, role)
    return stores.accounts.accept(key, name, CHEAP.hash(password))


def cookie_in(answer: "Answer") -> str:
    """The cookie that an answer sets, as the next request brings it."""
    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    return f"{morsel.key}={morsel.value}"


def signed_in(server: "Server", name: str = OWNER, password: str = PASSWORD) -> dict[str, str]:
    """The header of a browser that has signed in, and no other proof."""
    answer = post_form(server, "/sign-in", {"name": name, "password": password})
    return {"Cookie": cookie_in(answer), "Authorization": ""}
