"""uWSGI's entry: reads the environment and builds the application; nothing else."""

import os
import sys

from wsgi_app.app import build_application
from wsgi_app.config import load_config
from wsgi_app.counters import shared_counters
from wsgi_app.errors import PorteiroError

CANNOT_LOAD = 22  # uWSGI's own exit status for it: the master ends then, instead of trying for ever

try:
    application = build_application(load_config(os.environ), shared_counters())
except PorteiroError as error:
    sys.stderr.write(f"porteiro: {error}\n")
    sys.exit(CANNOT_LOAD)
