"""uWSGI's entry: reads the environment and builds the application; nothing else."""

import os

from wsgi_app.app import build_application
from wsgi_app.config import load_config
from wsgi_app.counters import shared_counters
from wsgi_app.workers import built

application = built(lambda: build_application(load_config(os.environ), shared_counters()))
