"""uWSGI's entry: reads the environment and builds the application; nothing else."""

import os
import sys

from wsgi_app.app import build_application
from wsgi_app.config import load_config
from wsgi_app.counters import shared_counters
from wsgi_app.errors import PorteiroError
from wsgi_app.workers import CANNOT_LOAD

try:
    application = build_application(load_config(os.environ), shared_counters())
except PorteiroError as error:
    sys.stderr.write(f"porteiro: {error}\n")
    sys.exit(CANNOT_LOAD)
