"""Sign-ins that were tried and did not succeed, so that nobody can try for long."""

import ipaddress
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

import sqlalchemy as sa

from wsgi_app.base.errors import TooManyRequests
from wsgi_app.base.names import name_key
from wsgi_app.stores.database import Database
from wsgi_app.stores.tables import attempts

HOME_PREFIX = 64  # bits of an IPv6 address that one customer has at least


class AttemptStore:
    """Attempts in the database, by what they came from or went to.

    Args:
        database: where they are.
        now: the time of day.
        pause: how long a key rests once it has used up its attempts, and after how long it is forgotten.
    """

    def __init__(self, database: Database, now: Callable[[], datetime], pause: timedelta):
        self._database, self._now, self._pause = database, now, pause

    def count(self, most: Mapping[str, int]) -> None:
        """Count an attempt for each key, before it is known how it ends: those made side by side count too.

        Args:
            most: keys, and how many attempts each has.

        Raises:
            TooManyRequests: one of them has no more; nothing is counted then.
        """
        with self._database.write() as connection:
            now = self._now()
            connection.execute(attempts.delete().where(attempts.c.last_at <= now - self._pause))
            rows = connection.execute(sa.select(attempts).where(attempts.c.key.in_(list(most))))
            counted = {row.key: row for row in rows}
            spent = [row.last_at for key, row in counted.items() if row.failures >= most[key]]
            if spent:
                raise _too_many(max(spent) + self._pause - now)
            for key in most:
                failures = counted[key].failures + 1 if key in counted else 1
                connection.execute(attempts.delete().where(attempts.c.key == key))
                connection.execute(attempts.insert().values(key=key, failures=failures, last_at=now))

    def forget(self, *keys: str) -> None:
        """Begin anew with these keys, after a success."""
        with self._database.write() as connection:
            connection.execute(attempts.delete().where(attempts.c.key.in_(keys)))


def address_key(address: str) -> str:
    """The key of a client's address; whoever has one IPv6 address has its whole /64."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "address:local"  # over a Unix socket
    if isinstance(ip, ipaddress.IPv6Address):
        mapped = ip.ipv4_mapped
        return f"address:{mapped or ipaddress.ip_network((ip, HOME_PREFIX), strict=False)}"
    return f"address:{ip}"


def account_key(name: str) -> str:
    """The key of an account's name, there or not; hashed, for somebody may have typed their password."""
    return f"account:{sha256(name_key(name).encode()).hexdigest()}"


def _too_many(left: timedelta) -> TooManyRequests:
    seconds = max(1, ceil(left.total_seconds()))
    return TooManyRequests("too_many:sign_ins", minutes=ceil(seconds / 60), wait_s=seconds)
