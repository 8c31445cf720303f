"""One-time links: to make an account, or to give one that is there a new password."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from wsgi_app.base.errors import Conflict, NotFound
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import ActingStore, tell
from wsgi_app.stores.tables import accounts, invitations

OWNER = "owner"
MOST_OPEN = 100  # links at a time that an owner can make and look through


@dataclass(frozen=True)
class Invitation:
    """What a link is for.

    Attributes:
        id: by which it can be taken back; it opens nothing.
        role: which the account will have, or has.
        account_id: whose password it changes; ``None`` for a new account.
        expires_at: until when it can be used.
    """

    id: str
    role: str
    account_id: str | None
    expires_at: datetime


class InvitationStore(ActingStore):
    """Links in the database, by the SHA-256 of what is secret in them.

    Args:
        database: where they are.
        now: the time of day.
        new_id: makes ids.
        lifetime: how long a link can be used.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        lifetime: timedelta,
    ):
        self._database, self._now, self._new_id, self._lifetime = database, now, new_id, lifetime

    def invite(self, key_hash: bytes, role: str) -> Invitation:
        """Keep a link that makes an account with a role.

        Raises:
            Conflict: there are too many that nobody has followed.
        """
        with self._database.write() as connection:
            self._refuse_many(connection)
            tell(connection, self._now(), ("account", "invited", ""), self._by, role=role)
            return self._add(connection, key_hash, role, None)

    def invite_first(self, key_hash: bytes) -> Invitation | None:
        """Keep a link for the first owner in place of earlier ones; ``None`` where there is an owner."""
        with self._database.write() as connection:
            if connection.scalar(sa.select(accounts.c.id).where(accounts.c.role == OWNER).limit(1)):
                return None
            drop_first_links(connection)
            return self._add(connection, key_hash, OWNER, None)

    def let_back_in(self, key_hash: bytes, account_id: str) -> Invitation:
        """Keep a link that gives an account a new password, in place of earlier ones.

        Raises:
            NotFound: there is no such account.
            Conflict: as ``invite``.
        """
        with self._database.write() as connection:
            role = connection.scalar(sa.select(accounts.c.role).where(accounts.c.id == account_id))
            if role is None:
                raise NotFound("not_found:account")
            connection.execute(invitations.delete().where(invitations.c.account_id == account_id))
            self._refuse_many(connection)
            tell(connection, self._now(), ("account", "password_link", account_id), self._by)
            return self._add(connection, key_hash, role, account_id)

    def find(self, key_hash: bytes) -> Invitation:
        """What a link is for; looking does not use it up.

        Raises:
            NotFound: it was used, replaced, or is too old.
        """
        with self._database.read() as connection:
            return find_invitation(connection, key_hash, self._now())

    def open(self) -> list[Invitation]:
        """The links that can still be used, the newest last."""
        query = _INVITATIONS.where(invitations.c.expires_at > self._now())
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(invitations.c.expires_at, invitations.c.id))
            return [Invitation(**row._mapping) for row in rows]

    def take_back(self, invitation_id: str) -> None:
        """Remove a link that nobody has followed.

        Raises:
            NotFound: there is none of that id, or not any more.
        """
        with self._database.write() as connection:
            removed = connection.execute(invitations.delete().where(invitations.c.id == invitation_id))
            if not removed.rowcount:
                raise NotFound("not_found:link")
            tell(connection, self._now(), ("account", "link_removed", ""), self._by)

    def _refuse_many(self, connection: sa.Connection) -> None:
        still_open = invitations.c.expires_at > self._now()
        query = sa.select(sa.func.count()).select_from(invitations).where(still_open)
        if connection.execute(query).scalar_one() >= MOST_OPEN:
            raise Conflict("many_links", most=MOST_OPEN)

    def _add(
        self, connection: sa.Connection, key_hash: bytes, role: str, account_id: str | None
    ) -> Invitation:
        now = self._now()
        connection.execute(invitations.delete().where(invitations.c.expires_at <= now))
        invitation = Invitation(self._new_id(), role, account_id, now + self._lifetime)
        connection.execute(invitations.insert().values(key_hash=key_hash, **vars(invitation)))
        return invitation


_INVITATIONS = sa.select(*(column for column in invitations.c if column.name != "key_hash"))


def drop_links(connection: sa.Connection) -> None:
    """Remove every link, in the transaction of an owner's leaving: who made one keeps a way in with it."""
    connection.execute(invitations.delete())


def drop_first_links(connection: sa.Connection) -> None:
    """Remove the links for the first owner, once there is one, or in place of them another."""
    first = sa.and_(invitations.c.role == OWNER, invitations.c.account_id.is_(None))
    connection.execute(invitations.delete().where(first))


def find_invitation(connection: sa.Connection, key_hash: bytes, now: datetime) -> Invitation:
    """What a link is for.

    Raises:
        NotFound: as ``InvitationStore.find``.
    """
    usable = sa.and_(invitations.c.key_hash == key_hash, invitations.c.expires_at > now)
    row = connection.execute(_INVITATIONS.where(usable)).first()
    if row is None:
        raise NotFound("link_gone")
    return Invitation(**row._mapping)


def use_invitation(connection: sa.Connection, key_hash: bytes, now: datetime) -> Invitation:
    """Use a link up, in the transaction of what it makes.

    Raises:
        NotFound: as ``InvitationStore.find``.
    """
    invitation = find_invitation(connection, key_hash, now)
    connection.execute(invitations.delete().where(invitations.c.key_hash == key_hash))
    return invitation
