"""uWSGI's entry: reads the environment and builds the application; nothing else."""

import os
from typing import TYPE_CHECKING

from wsgi_app.base.config import load_config
from wsgi_app.base.counters import shared_counters
from wsgi_app.base.workers import built, give_way
from wsgi_app.house.words.errors import sentence

if TYPE_CHECKING:
    from wsgi_app.app import Application


def build() -> "Application":
    """The house's application."""
    from wsgi_app.app import build_application  # noqa: PLC0415  # what it imports starts threads

    return build_application(load_config(os.environ), shared_counters())


application = built(build, sentence)
give_way()
