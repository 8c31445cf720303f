"""The lab for any WSGI server: reads the environment and builds the callable; nothing else."""

import os
import sys

from wsgi_app.config import load_config
from wsgi_app.counters import shared_counters
from wsgi_app.errors import PorteiroError
from wsgi_app.lab.app import build_lab
from wsgi_app.workers import CANNOT_LOAD, worker_number

try:
    application = build_lab(load_config(os.environ), shared_counters(), worker_number())
except PorteiroError as error:
    sys.stderr.write(f"porteiro: {error}\n")
    sys.exit(CANNOT_LOAD)
