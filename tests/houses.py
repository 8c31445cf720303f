"""What a house has stored, and the environment to start one in."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from wsgi_app.base.config import load_config
from wsgi_app.stores.stores import Stores, open_stores


def settings_in(environ: Mapping[str, str]) -> dict[str, str]:
    """Porteiro's own variables of an environment."""
    return {key: text for key, text in environ.items() if key.startswith("PORTEIRO_")}


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without any of them, for a house that takes none from outside."""
    return {key: text for key, text in environ.items() if not key.startswith("PORTEIRO_")}


@contextmanager
def stores_of(environ: Mapping[str, str]) -> Iterator[Stores]:
    """What the house of an environment has stored, by a connection of its own to its database."""
    stores = open_stores(load_config(settings_in(environ)))
    try:
        yield stores
    finally:
        stores.database.close()
