"""``python -m wsgi_app.front.ready``: what uWSGI runs in the local run when the first worker is ready."""

import os

from wsgi_app.base.config import load_config

if __name__ == "__main__":
    print(f"Porteiro is ready: open {load_config(os.environ).own_root}/")  # noqa: T201  # the terminal is where it is read
