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
    seconds = f"{abs(age).total_seconds():.1f} s"
    if age > timedelta():
        told = f"This press came {seconds} after its time: it was kept too long, or the clocks differ"
    else:
        told = f"This press came {seconds} before its time: the clocks of door and server differ"
    raise Conflict(f"{told}. At most {most_s} s are allowed; synchronise both clocks.", code="clock")
