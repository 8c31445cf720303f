"""Accounts: who may sign in, and as what."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wsgi_app.base.errors import Conflict, NotFound, PreconditionFailed
from wsgi_app.base.names import name_key
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import ActingStore, tell
from wsgi_app.stores.invitations import OWNER, drop_first_links, drop_links, use_invitation
from wsgi_app.stores.tables import accounts, sessions


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in.

    Attributes:
        id: public name.
        name: with which they sign in.
        role: ``owner``, ``operator`` or ``viewer``.
        password_hash: what argon2 made of their password.
        revision: counts the changes to the account.
        created_at: since when they have it.
    """

    id: str
    name: str
    role: str
    password_hash: str = field(repr=False)
    revision: int
    created_at: datetime


Expected = Callable[[Account], bool]


class AccountStore(ActingStore):
    """Accounts in the database; there is always an owner, once there was one."""

    def __init__(self, database: Database, now: Callable[[], datetime], new_id: Callable[[], str]):
        self._database, self._now, self._new_id = database, now, new_id

    def accept(self, key_hash: bytes, name: str, password_hash: str) -> Account:
        """Use a one-time link up: for a new account of that name, or a new password of an account.

        A new password ends the account's sign-ins, and leaves its name.

        Raises:
            NotFound: the link was used, replaced, or is too old.
            Conflict: somebody has that name, in capitals or not; the link can still be used.
        """
        with self._database.write() as connection:
            invitation = use_invitation(connection, key_hash, self._now())
            if invitation.account_id is None:
                return self._join(connection, name, invitation.role, password_hash)
            return self._change_password(connection, invitation.account_id, password_hash)

    def get(self, account_id: str) -> Account:
        """One account.

        Raises:
            NotFound: nobody has that id.
        """
        with self._database.read() as connection:
            return _account(connection, account_id)

    def named(self, name: str) -> Account | None:
        """The account of that name, in capitals or not."""
        with self._database.read() as connection:
            row = connection.execute(_BY_NAME, {"key": name_key(name)}).first()
            return Account(**row._mapping) if row else None

    def still(self, account: Account) -> Account | None:
        """An account as it is now; ``None`` where it is gone, or has another password."""
        query = _ACCOUNTS.where(
            accounts.c.id == account.id, accounts.c.password_hash == account.password_hash
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
            return Account(**row._mapping) if row else None

    def page(self, limit: int, after: str = "") -> list[Account]:
        """Accounts in the order of their names, from the first name past ``after``."""
        query = _ACCOUNTS.where(accounts.c.name_key > name_key(after)).order_by(accounts.c.name_key)
        with self._database.read() as connection:
            return [Account(**row._mapping) for row in connection.execute(query.limit(limit))]

    def names(self, ids: Iterable[str]) -> dict[str, str]:
        """The names of some accounts by their ids; one that is not there is left out."""
        query = sa.select(accounts.c.id, accounts.c.name).where(accounts.c.id.in_(list(ids)))
        with self._database.read() as connection:
            return {row.id: row.name for row in connection.execute(query)}

    def change_role(self, account_id: str, role: str, expected: Expected) -> Account:
        """Give an account another role, if it is still as the caller last saw it.

        An owner who is one no more takes all open links along: they could be theirs.

        Raises:
            NotFound: nobody has that id.
            PreconditionFailed: ``expected`` says no.
            Conflict: nobody would be owner.
        """
        with self._database.write() as connection:
            account = _expected_account(connection, account_id, expected)
            if role != OWNER:
                _let_owner_go(connection, account)
            values = {"role": role, "revision": account.revision + 1}
            connection.execute(accounts.update().where(accounts.c.id == account_id).values(values))
            self._tell(connection, "role_changed", account_id, before=account.role, role=role)
            return _account(connection, account_id)

    def remove(self, account_id: str, expected: Expected) -> None:
        """Remove an account, and end its sign-ins; an owner takes all open links along.

        Raises:
            NotFound, PreconditionFailed, Conflict: as ``change_role``.
        """
        with self._database.write() as connection:
            account = _expected_account(connection, account_id, expected)
            _let_owner_go(connection, account)
            connection.execute(accounts.delete().where(accounts.c.id == account_id))
            self._tell(connection, "removed", account_id, role=account.role)

    def tell_failure(self, account: Account, address: str) -> None:
        """Keep for the audit log that somebody did not know an account's password."""
        with self._database.write() as connection:
            what = ("account", "sign_in_failed", account.id)
            tell(connection, self._now(), what, account.name, address=address)

    def _join(self, connection: sa.Connection, name: str, role: str, password_hash: str) -> Account:
        if connection.execute(_BY_NAME, {"key": name_key(name)}).first():
            raise Conflict("name_taken:account")
        if role == OWNER and not _owners(connection):
            drop_first_links(connection)
        account = Account(self._new_id(), name, role, password_hash, 1, self._now())
        connection.execute(accounts.insert().values(name_key=name_key(name), **vars(account)))
        tell(connection, self._now(), ("account", "joined", account.id), name, role=role)
        return account

    def _change_password(self, connection: sa.Connection, account_id: str, password_hash: str) -> Account:
        account = _account(connection, account_id)
        values = {"password_hash": password_hash, "revision": account.revision + 1}
        connection.execute(accounts.update().where(accounts.c.id == account_id).values(values))
        connection.execute(sessions.delete().where(sessions.c.account_id == account_id))
        tell(connection, self._now(), ("account", "password_changed", account_id), account.name)
        return _account(connection, account_id)

    def _tell(self, connection: sa.Connection, action: str, account_id: str, **details: Any) -> None:
        tell(connection, self._now(), ("account", action, account_id), self._by, **details)


_ACCOUNTS = sa.select(*(column for column in accounts.c if column.name != "name_key"))
_BY_NAME = _ACCOUNTS.where(accounts.c.name_key == sa.bindparam("key"))


def _account(connection: sa.Connection, account_id: str) -> Account:
    row = connection.execute(_ACCOUNTS.where(accounts.c.id == account_id)).first()
    if row is None:
        raise NotFound("not_found:account")
    return Account(**row._mapping)


def _expected_account(connection: sa.Connection, account_id: str, expected: Expected) -> Account:
    account = _account(connection, account_id)
    if not expected(account):
        raise PreconditionFailed("precondition_failed:account")
    return account


def _let_owner_go(connection: sa.Connection, account: Account) -> None:
    if account.role != OWNER:
        return
    if _owners(connection) == 1:
        raise Conflict("last_owner")
    drop_links(connection)


def _owners(connection: sa.Connection) -> int:
    query = sa.select(sa.func.count()).select_from(accounts).where(accounts.c.role == OWNER)
    return int(connection.execute(query).scalar_one())
