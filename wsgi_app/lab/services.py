"""Everything that the lab's endpoints work with, put together once for each process."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from webob import Request, Response

from wsgi_app.access.passwords import Passwords, cheap_passwords
from wsgi_app.base.config import Config
from wsgi_app.base.counters import Counters, Tally
from wsgi_app.base.sources import random_id, utc_now
from wsgi_app.base.steps import Clock
from wsgi_app.lab.words import sentence
from wsgi_app.stores.attempts import AttemptStore
from wsgi_app.stores.notes import Notebook, NoteStore
from wsgi_app.web.rendering import TEMPLATES, Pages, View, view_of

WEBSOCKET = "/ws"  # below the lab's mount


@dataclass(frozen=True)
class LabServices:
    """Everything a lab's endpoint works with.

    Attributes:
        config: the settings.
        counters: those that all of the server's processes share, where it has such.
        tally: counts what happens.
        pages: the HTML templates, the lab's own before the house's.
        notes: what was noted.
        attempts: sign-ins that were tried here.
        passwords: tells whether one fits.
        now: the time of day.
        clock: monotonic seconds, for durations.
        pause: waits so many seconds.
        worker: which of the server's workers this process is, from 1; ``None`` where they have no numbers.
    """

    config: Config
    counters: Counters
    tally: Tally
    pages: Pages
    notes: NoteStore
    attempts: AttemptStore
    passwords: Passwords
    now: Callable[[], datetime]
    clock: Clock
    pause: Callable[[float], None]
    worker: int | None


@dataclass(frozen=True)
class LabCall:
    """One request on its way to an endpoint.

    Attributes:
        request: as it came.
        services: everything to answer it with.
        request_id: in its answer and its log line.
    """

    request: Request
    services: LabServices
    request_id: str

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page from a template."""
        view = view_in_lab(self.request, self.services.config)
        return self.services.pages.render(view, template, status, **values)


def view_in_lab(request: Request, config: Config) -> View:
    """What the lab's pages have around them."""
    return view_of(request, config, websocket=WEBSOCKET)


def open_services(config: Config, counters: Counters, worker: int | None) -> LabServices:
    """Put everything together; nothing is opened, or written, before a request needs it."""
    notebook = Notebook(config.data / "lab.db")
    return LabServices(
        config=config,
        counters=counters,
        tally=Tally(counters),
        pages=Pages(config.timezone, (TEMPLATES / "lab", TEMPLATES), sentence),
        notes=NoteStore(notebook, random_id),
        attempts=AttemptStore(notebook, utc_now, timedelta(seconds=config.limits.sign_ins.pause_s)),
        passwords=cheap_passwords(),
        now=utc_now,
        clock=time.perf_counter,
        pause=time.sleep,
        worker=worker,
    )
