"""The lab for any WSGI server: reads the environment and builds the callable; nothing else."""

import os

from wsgi_app.base.config import load_config
from wsgi_app.base.counters import shared_counters
from wsgi_app.base.workers import built, worker_number
from wsgi_app.lab.app import build_lab
from wsgi_app.lab.words import sentence

application = built(
    lambda: build_lab(load_config(os.environ), shared_counters(), worker_number()),
    sentence,
)
