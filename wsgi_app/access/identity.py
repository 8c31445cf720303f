"""Who asks: a browser by its cookie, a program by Basic auth, or everybody on a machine that is open."""

import binascii
import hmac
import secrets
import threading
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from wsgi_app.access import cookies
from wsgi_app.access.attempts import PasswordCheck
from wsgi_app.access.passwords import Passwords
from wsgi_app.access.roles import Role
from wsgi_app.base.config import Config
from wsgi_app.base.errors import Forbidden, Unauthorized
from wsgi_app.stores.accounts import Account, AccountStore
from wsgi_app.stores.sessions import SessionStore

if TYPE_CHECKING:  # the whole house brings numpy along, and the lab does without
    from wsgi_app.stores.stores import Stores

# What a 401 asks for. A browser would show a window of its own for BASIC; FORM is nothing that it knows.
BASIC = 'Basic realm="Porteiro", charset="UTF-8"'
FORM = 'Form realm="Porteiro"'
MOST_REMEMBERED = 1000


@dataclass(frozen=True)
class Identity:
    """Somebody, as far as a request proves it.

    Attributes:
        name: as the audit log has it.
        role: what they may do.
        csrf: what a change from one of their pages has to bring; ``None`` where no cookie told who they are.
        proof: the SHA-256 of their sign-in's key, or the account whose password they know; ``None`` where
            nothing had to be proved.
    """

    name: str
    role: Role
    csrf: str | None = field(default=None, repr=False)
    proof: bytes | Account | None = field(default=None, repr=False, compare=False)


NOBODY = Identity("nobody", Role.ANYONE)
AT_HOME = Identity("this machine", Role.OWNER)  # with PORTEIRO_OPEN=1


@dataclass(frozen=True)
class Credentials:
    """What a request brings to prove who it is from.

    Attributes:
        authorization: its header of that name, ``""`` without one.
        cookies: by their names.
        address: of the client.
    """

    authorization: str = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)
    address: str

    def name_and_password(self, asks: str = BASIC) -> tuple[str, str] | None:
        """What was brought for Basic auth; ``None`` where nothing was.

        Args:
            asks: what a refusal asks for.

        Raises:
            Unauthorized: it cannot be read.
        """
        scheme, _, encoded = self.authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, colon, password = b64decode(encoded.strip(" "), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            colon = ""
        if not colon:
            raise Unauthorized("bad_basic", scheme=asks)
        return name, password


class Identifier:
    """Finds out who asks; the application and the live feed share it.

    Args:
        accounts: who may sign in.
        sessions: who has.
        check: of passwords.
        everybody: who everybody is; ``NOBODY`` unless the server is open.
    """

    def __init__(
        self,
        accounts: AccountStore,
        sessions: SessionStore,
        check: PasswordCheck,
        everybody: Identity = NOBODY,
    ):
        self._accounts, self._sessions, self._check = accounts, sessions, check
        self._everybody = everybody
        self._remembered: dict[bytes, None] = {}
        self._memory_key = secrets.token_bytes(cookies.KEY_BYTES)
        self._one_at_a_time = threading.Lock()

    def identify(self, credentials: Credentials) -> Identity:
        """Who asks; ``NOBODY`` where nothing was brought, or a cookie that is not in force.

        Raises:
            Unauthorized: Basic auth with a wrong name or password.
            TooManyRequests: too many of those of late.
            Unavailable: the database does not answer.
        """
        signed_in = self.signed_in(credentials)
        if signed_in is not NOBODY:
            return signed_in
        brought = credentials.name_and_password()
        if brought is None:
            return NOBODY
        account = self._by_password(*brought, credentials.address)
        return _identity(account, account)

    def signed_in(self, credentials: Credentials) -> Identity:
        """Whose page asks; ``NOBODY`` where no sign-in is in force."""
        if self._everybody is not NOBODY:
            return self._everybody
        key = self._key_in(credentials)
        account = None if key is None else self._sessions.account(_hash(key))
        if key is None or account is None:
            return NOBODY
        return _identity(account, _hash(key), cookies.csrf_of(key, self._secret))

    def again(self, identity: Identity) -> Identity:
        """Who somebody is by now; ``NOBODY`` where what they proved does not hold any more.

        No password is tried and no attempt counted: what was proved is compared with what is kept.

        Raises:
            Unavailable: the database does not answer.
        """
        proof = identity.proof
        if proof is None:
            return self._everybody
        if isinstance(proof, bytes):
            return _present(identity, self._sessions.account(proof))
        return _present(identity, self._accounts.still(proof))

    def enter(self, name: str, password: str, address: str) -> str:
        """Begin a sign-in with a password; gives the cookie's value.

        Raises:
            Unauthorized: wrong name or password.
            TooManyRequests, Unavailable: as ``identify``.
        """
        return self.start(self._checked(name, password, address, FORM), address)

    def start(self, account: Account, address: str) -> str:
        """Begin a sign-in of somebody who has proved who they are; gives the cookie's value.

        Raises:
            Unauthorized: the account changed meanwhile.
        """
        key = secrets.token_bytes(cookies.KEY_BYTES)
        if not self._sessions.start(_hash(key), account, address):
            raise Unauthorized("changed", scheme=FORM)
        return cookies.signed(key, self._secret)

    def leave(self, credentials: Credentials) -> None:
        """End the sign-in that a cookie is of."""
        key = self._key_in(credentials)
        if key is not None:
            self._sessions.end(_hash(key))

    @cached_property
    def _secret(self) -> bytes:
        return self._sessions.secret(lambda: secrets.token_bytes(cookies.KEY_BYTES))

    def _key_in(self, credentials: Credentials) -> bytes | None:
        value = credentials.cookies.get(cookies.NAME)
        return None if value is None else cookies.key_in(value, self._secret)

    def _by_password(self, name: str, password: str, address: str) -> Account:
        # A password is checked once in each process: that takes long, on purpose. A change of it counts at
        # once, because what is remembered has to do with what is kept of it.
        account = self._accounts.named(name)
        if account is not None and self._proof(account, password) in self._remembered:
            return account
        with self._one_at_a_time:
            if account is not None and self._proof(account, password) in self._remembered:
                return account
            account = self._checked(name, password, address, BASIC)
            while len(self._remembered) >= MOST_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[self._proof(account, password)] = None
            return account

    def _checked(self, name: str, password: str, address: str, scheme: str) -> Account:
        account = self._check.account(name, password, address)
        if account is None:
            raise Unauthorized("wrong_password", scheme=scheme)
        return account

    def _proof(self, account: Account, password: str) -> bytes:
        text = f"{account.id}:{account.password_hash}:{password}"
        return hmac.digest(self._memory_key, text.encode(), "sha256")


def open_identifier(config: Config, stores: "Stores", passwords: Passwords) -> Identifier:
    """What finds out who asks, for the application and for the live feed."""
    check = PasswordCheck(stores.accounts, stores.attempts, passwords, config.limits.sign_ins)
    return Identifier(stores.accounts, stores.sessions, check, AT_HOME if config.open else NOBODY)


def require(role: Role, identity: Identity) -> None:
    """Refuse whoever may not.

    Raises:
        Unauthorized: nobody in particular asks.
        Forbidden: somebody whose role is not enough.
    """
    if identity.role >= role:
        return
    if identity.role is Role.ANYONE:
        raise Unauthorized("sign_in_needed", scheme=BASIC)
    raise Forbidden("role", needed=role.word, name=identity.name, role=identity.role.word)


def require_csrf(identity: Identity, token: str) -> None:
    """Refuse a change that a cookie vouches for and that comes from no page of that sign-in.

    Raises:
        Forbidden: the token is missing, or another one's.
    """
    if identity.csrf is not None and not hmac.compare_digest(identity.csrf.encode(), token.encode()):
        raise Forbidden("csrf")


def _identity(account: Account, proof: bytes | Account, csrf: str | None = None) -> Identity:
    return Identity(account.name, Role.of(account.role), csrf, proof)


def _present(identity: Identity, account: Account | None) -> Identity:
    return replace(identity, name=account.name, role=Role.of(account.role)) if account else NOBODY


def _hash(key: bytes) -> bytes:
    return sha256(key).digest()
