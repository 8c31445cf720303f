import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from wsgi_app.cli import main
from wsgi_app.config import load_config
from wsgi_app.services import Stores, open_stores
from wsgi_app.stores.visits import StoredAnswer, Visit


@pytest.fixture(autouse=True)
def _umask_as_before() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_KEEP_OTHER_DAYS": "2"}


@pytest.fixture
def house(settings: dict[str, str]) -> Stores:
    """A house with a visit of three days ago and one of now."""
    stores = open_stores(load_config(settings))
    for name, days in (("old", 3), ("new", 0)):
        at = datetime.now(UTC) - timedelta(days=days)
        photo = stores.visits.save_photo(name, at, b"jpeg")
        visit = Visit(0, name, at, "front door", "unknown", None, None, None, photo, 1.0)
        stores.visits.add(visit, StoredAnswer(404, b"{}"), None)
    return stores


def purge(settings: dict[str, str], *options: str) -> list[str]:
    result = CliRunner().invoke(main, ["purge", *options], env=settings)
    assert (result.exit_code, result.exception) == (0, None), result.output
    return result.stdout.splitlines()


def test_purge_says_what_it_removed_a_line_for_each_kind(settings: dict[str, str], house: Stores) -> None:
    assert purge(settings) == [
        "removed 0 visits of people let in",
        "removed 1 other visits",
        "removed 0 messages",
        "removed 0 events",
        "removed 0 stored answers",
        "removed 0 sessions",
        "removed 0 one-time links",
        "removed 0 failed sign-ins",
        "removed 0 photos without a visit",
    ]
    assert [visit.id for visit in house.visits.page(10)] == ["new"]


def test_a_dry_run_removes_nothing(settings: dict[str, str], house: Stores) -> None:
    assert "would remove 1 other visits" in purge(settings, "--dry-run")
    assert [visit.id for visit in house.visits.page(10)] == ["new", "old"]
    assert house.photos.path(house.visits.get("old").photo).exists()
