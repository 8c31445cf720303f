"""One-time links: to make an account, or to give one that is there a new password."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from wsgi_app.errors import NotFound
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import AT_THE_MACHINE, tell
from wsgi_app.stores.tables import accounts, invitations

OWNER = "owner"


@dataclass(frozen=True)
class Invitation:
    """What a link is for.

    Attributes:
        role: which the account will have, or has.
        account_id: whose password it changes; ``None`` for a new account.
        expires_at: until when it can be used.
    """

    role: str
    account_id: str | None
    expires_at: datetime


class InvitationStore:
    """Links in the database, by the SHA-256 of what is secret in them.

    Args:
        database: where they are.
        now: the time of day.
        lifetime: how long a link can be used.
    """

    def __init__(self, database: Database, now: Callable[[], datetime], lifetime: timedelta):
        self._database, self._now, self._lifetime = database, now, lifetime
        self._by = AT_THE_MACHINE

    def acting(self, by: str) -> "InvitationStore":
        """The same store, with the changes told as somebody's."""
        store = copy(self)
        store._by = by
        return store

    def invite(self, key_hash: bytes, role: str) -> Invitation:
        """Keep a link that makes an account with a role."""
        with self._database.write() as connection:
            tell(connection, self._now(), ("account", "invited", ""), self._by, role=role)
            return self._add(connection, key_hash, role, None)

    def invite_first(self, key_hash: bytes) -> Invitation | None:
        """Keep a link for the first owner in place of earlier ones; ``None`` where there is an owner."""
        with self._database.write() as connection:
            if connection.scalar(sa.select(accounts.c.id).where(accounts.c.role == OWNER).limit(1)):
                return None
            connection.execute(
                invitations.delete().where(invitations.c.role == OWNER, invitations.c.account_id.is_(None))
            )
            return self._add(connection, key_hash, OWNER, None)

    def let_back_in(self, key_hash: bytes, account_id: str) -> Invitation:
        """Keep a link that gives an account a new password, in place of earlier ones.

        Raises:
            NotFound: there is no such account.
        """
        with self._database.write() as connection:
            role = connection.scalar(sa.select(accounts.c.role).where(accounts.c.id == account_id))
            if role is None:
                raise NotFound("There is no such account.")
            connection.execute(invitations.delete().where(invitations.c.account_id == account_id))
            tell(connection, self._now(), ("account", "password_link", account_id), self._by)
            return self._add(connection, key_hash, role, account_id)

    def find(self, key_hash: bytes) -> Invitation:
        """What a link is for; looking does not use it up.

        Raises:
            NotFound: it was used, replaced, or is too old.
        """
        with self._database.read() as connection:
            return find_invitation(connection, key_hash, self._now())

    def _add(
        self, connection: sa.Connection, key_hash: bytes, role: str, account_id: str | None
    ) -> Invitation:
        now = self._now()
        connection.execute(invitations.delete().where(invitations.c.expires_at <= now))
        invitation = Invitation(role, account_id, now + self._lifetime)
        connection.execute(invitations.insert().values(key_hash=key_hash, **vars(invitation)))
        return invitation


def find_invitation(connection: sa.Connection, key_hash: bytes, now: datetime) -> Invitation:
    """What a link is for.

    Raises:
        NotFound: as ``InvitationStore.find``.
    """
    columns = (invitations.c.role, invitations.c.account_id, invitations.c.expires_at)
    query = sa.select(*columns).where(invitations.c.key_hash == key_hash, invitations.c.expires_at > now)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("This link was used already, or is too old; ask for another.", code="link_gone")
    return Invitation(**row._mapping)


def use_invitation(connection: sa.Connection, key_hash: bytes, now: datetime) -> Invitation:
    """Use a link up, in the transaction of what it makes.

    Raises:
        NotFound: as ``InvitationStore.find``.
    """
    invitation = find_invitation(connection, key_hash, now)
    connection.execute(invitations.delete().where(invitations.c.key_hash == key_hash))
    return invitation
