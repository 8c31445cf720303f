"""Presses of doors: only one that is of now is judged."""

from datetime import datetime, timedelta

from wsgi_app.base.errors import Conflict
from wsgi_app.stores.presses import Press


def refuse_stale(press: Press, now: datetime, most_s: int) -> None:
    """Refuse a press that is not of now: the answer would open a door for whoever stands there by then.

    Raises:
        Conflict: it is too long ago, or still to come.
    """
    age = now - press.at
    if abs(age) <= timedelta(seconds=most_s):
        return
    seconds = abs(age).total_seconds()
    if age > timedelta():
        raise Conflict("clock:late", seconds=seconds, most_s=most_s)
    raise Conflict("clock:early", seconds=seconds, most_s=most_s)
