"""What those who watch are told of each event."""

from datetime import datetime

import msgspec

from wsgi_app.base.doors import DoorState
from wsgi_app.base.errors import Unprocessable
from wsgi_app.base.names import is_shown, one_line
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.people import PersonName
from wsgi_app.stores.events import Event, EventPage, EventStore


class VisitSeen(msgspec.Struct):
    """A visit in short; ``person`` is ``null`` for nobody, or somebody since forgotten."""

    id: str
    at: datetime
    device: str
    outcome: Outcome
    person: PersonName | None
    score: float | None


class TriesSeen(msgspec.Struct):
    """Refusals in a row at a door: how many, since when, and the visit with which that was told."""

    tries: int
    since: datetime
    visit: str


class PurgeSeen(msgspec.Struct):
    """A purge that waited, or one for room: how many visits would go, or went, and of how many."""

    visits: int
    of: int


class StorageSeen(msgspec.Struct, omit_defaults=True):
    """How much room a disk has left, and how much the settings ask for, in MiB; ``why`` it takes no photo."""

    free_mib: int
    least_mib: int
    why: str | None = None


class EventBody(msgspec.Struct, omit_defaults=True):
    """One event as clients see it.

    Attributes:
        number: counts up.
        at: when.
        kind: of what: ``visit``, ``person``, ``device``, ``door``, ``purge``, ``message``, ``backup``,
            ``storage`` or ``quota``.
        action: what happened to it, such as ``came`` or ``changed``. A door is ``tried``, again and again and
            nobody let in: told as that begins, and each time that it has doubled; ``let_in`` ends it. A purge
            is ``held``, then ``approved`` and, once it has gone on, ``released``; or ``ended``, once its
            reason is gone. Where the disk is short, one that removes visits before their time has
            ``made_room``, or there is still ``no_room``. A backup is ``made``, each night and after one that
            had ``failed``. Storage is ``low`` as a disk has less than twice the room that it should, then
            ``under``; once it has again, there is ``room``. That of the photos is ``unwritable`` when none
            can be kept, and ``writable`` once they can again. A quota is ``spent`` with the first photo of a
            door and day that is not kept.
        subject: its id; of a purge, the reason for which it waits, or ``storage``; of storage, what the disk
            has; of a quota, the door, or ``address`` for all without a token.
        by: who did it; absent for what nobody did by hand.
        visit: as it is now; absent once it is gone.
        name: the person's, as it is now; absent once they are forgotten.
        state: the device's, as it is now.
        face: the one that was enrolled, barred, confirmed or removed.
        like: the other person whom that is as like, where somebody insisted that it is the person's.
        unlike: how like it is to the person's own, where that leaves it in doubt until it is confirmed.
        tries: at the door, in a row.
        purge: what it would remove, or did.
        storage: how much room the disk has left, and why it takes no photo, as the key of an error.
        text: of a message.
        echo: whether the message is this client's own.
    """

    number: int
    at: datetime
    kind: str
    action: str
    subject: str
    by: str | None = None
    visit: VisitSeen | None = None
    name: str | None = None
    state: DoorState | None = None
    face: str | None = None
    like: PersonName | None = None
    unlike: float | None = None
    tries: TriesSeen | None = None
    purge: PurgeSeen | None = None
    storage: StorageSeen | None = None
    text: str | None = None
    echo: bool = False


class EventsBody(msgspec.Struct, omit_defaults=True):
    """Events in the order of happening.

    Attributes:
        events: those that follow the number asked for.
        last: the number to ask with next.
        reset: whether the number asked for is none of this house's: load everything anew.
    """

    events: list[EventBody]
    last: int
    reset: bool = False


class EventFeed:
    """Reads events with what they are about."""

    def __init__(self, events: EventStore):
        self._events = events

    def last(self) -> int:
        """The number of the latest event, 0 before the first."""
        return self._events.last()

    def after(self, number: int, most: int) -> EventsBody:
        """The events that follow one, oldest first."""
        page = self._events.page(number, most)
        is_full = len(page.events) == most
        last = page.events[-1].number if is_full else page.last
        return EventsBody([_body(event, page) for event in page.events], last, reset=number > page.last)


def _body(event: Event, page: EventPage) -> EventBody:
    body = EventBody(event.number, event.at, event.kind, event.action, event.subject, event.by)
    if event.kind == "visit":
        body.visit = _visit(event.subject, page)
    elif event.kind == "person":
        _tell_face(body, event, page)
    elif event.kind == "device":
        body.state = page.states.get(event.subject)
    elif event.kind == "door":
        body.tries = msgspec.convert(event.details, TriesSeen)
    elif event.kind == "purge":
        body.purge = msgspec.convert(event.details, PurgeSeen)
    elif event.kind == "storage":
        body.storage = msgspec.convert(event.details, StorageSeen)
    elif event.kind == "message":
        body.text = event.details.get("text")
    return body


def _tell_face(body: EventBody, event: Event, page: EventPage) -> None:
    body.name = page.names.get(event.subject)
    body.face = event.details.get("face")
    like, unlike = event.details.get("like"), event.details.get("unlike") or event.details.get("doubt")
    body.like = PersonName(like, page.names[like]) if like in page.names else None
    body.unlike = None if unlike is None else float(unlike)


def _visit(visit_id: str, page: EventPage) -> VisitSeen | None:
    visit = page.visits.get(visit_id)
    if visit is None:
        return None
    person = PersonName(*visit.person) if visit.person else None
    return VisitSeen(visit.id, visit.at, str(visit.door), visit.outcome, person, visit.score)


def clean_message(text: str, longest: int) -> str:
    """A message as it is kept: on one line, without control characters.

    Raises:
        Unprocessable: nothing is left, or it is too long.
    """
    message = one_line("".join(letter for letter in text if is_shown(letter) or letter.isspace()))
    if not message:
        raise Unprocessable("empty_message")
    if len(message) > longest:
        raise Unprocessable("long_message", most=longest)
    return message
