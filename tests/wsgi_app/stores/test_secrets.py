"""Keys that all processes share."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wsgi_app.stores.database import open_database
from wsgi_app.stores.secrets import shared_secret


def test_whoever_asks_first_makes_it_for_all(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'porteiro.db'}"
    databases = [open_database(url) for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(
                lambda database: shared_secret(database, "key", lambda: secrets.token_bytes(32)), databases
            )
        )

    assert len(set(found)) == 1
    assert shared_secret(databases[0], "another", lambda: b"made anew") == b"made anew"
    for database in databases:
        database.close()
