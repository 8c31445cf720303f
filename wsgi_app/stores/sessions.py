"""Sign-ins that are in force."""

from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from wsgi_app.stores.accounts import Account
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import tell
from wsgi_app.stores.invitations import drop_links
from wsgi_app.stores.tables import accounts, secrets, sessions

COOKIES_KEY = "sessions"  # the name of what cookies are signed with


class SessionStore:
    """Sign-ins in the database, by the SHA-256 of their keys.

    Args:
        database: where they are.
        now: the time of day.
        lifetime: how long each lasts.
    """

    def __init__(self, database: Database, now: Callable[[], datetime], lifetime: timedelta):
        self._database, self._now, self._lifetime = database, now, lifetime

    def secret(self, make: Callable[[], bytes]) -> bytes:
        """What cookies are signed with, in all processes; ``make`` gives it where there is none yet."""
        query = sa.select(secrets.c.value).where(secrets.c.name == COOKIES_KEY)
        with self._database.read() as connection:
            secret: bytes | None = connection.scalar(query)
        if secret is not None:
            return secret
        with self._database.write() as connection:  # one process at a time: the others get the same
            secret = connection.scalar(query)
            if secret is None:
                secret = make()
                connection.execute(secrets.insert().values(name=COOKIES_KEY, value=secret))
        return secret

    def start(self, key_hash: bytes, account: Account, address: str) -> bool:
        """Begin a sign-in; not where the account is gone by now, or has another password."""
        now = self._now()
        still = sa.select(accounts.c.id).where(
            accounts.c.id == account.id, accounts.c.password_hash == account.password_hash
        )
        with self._database.write() as connection:
            connection.execute(sessions.delete().where(sessions.c.expires_at <= now))
            if connection.execute(still).first() is None:
                return False
            connection.execute(
                sessions.insert().values(
                    key_hash=key_hash, account_id=account.id, created_at=now, expires_at=now + self._lifetime
                )
            )
            tell(connection, now, ("account", "signed_in", account.id), account.name, address=address)
        return True

    def account(self, key_hash: bytes) -> Account | None:
        """Whose sign-in it is, ``None`` where it ended: asked for each page."""
        with self._database.read() as connection:
            row = connection.execute(_ACCOUNT, {"key": key_hash, "now": self._now()}).first()
            return Account(**row._mapping) if row else None

    def end(self, key_hash: bytes) -> None:
        """End a sign-in, if it is in force."""
        account = self.account(key_hash)
        if account is None:
            return
        with self._database.write() as connection:
            connection.execute(sessions.delete().where(sessions.c.key_hash == key_hash))
            tell(connection, self._now(), ("account", "signed_out", account.id), account.name)


def end_all(connection: sa.Connection) -> None:
    """End every sign-in, and let no open link lead to one, in a transaction."""
    connection.execute(sessions.delete())
    drop_links(connection)


# Made once, as in ``visits``.
_ACCOUNT = (
    sa.select(*(column for column in accounts.c if column.name != "name_key"))
    .join(sessions, sessions.c.account_id == accounts.c.id)
    .where(sessions.c.key_hash == sa.bindparam("key"), sessions.c.expires_at > sa.bindparam("now"))
)
