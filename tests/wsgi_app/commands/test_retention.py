from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.houses import copy_new_database
from tests.owners import Owner
from wsgi_app.base.doors import DoorId
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    copy_new_database(tmp_path / "porteiro.db")
    return Owner({"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_KEEP_OTHER_DAYS": "2"})


@pytest.fixture
def house(owner: Owner) -> Iterator[Stores]:
    """A house with a visit of three days ago and one of now."""
    with owner.house() as stores:
        for name, days in (("old", 3), ("new", 0)):
            at = datetime.now(UTC) - timedelta(days=days)
            photo = stores.visits.save_photo(name, at, b"jpeg")
            visit = Visit(
                0, name, at, DoorId.of("device:front door"), Outcome.UNKNOWN, None, None, None, photo, 1.0
            )
            stores.visits.add(visit, StoredAnswer(404, b"{}"), None)
        yield stores


def purge(owner: Owner, *options: str) -> list[str]:
    return owner.does("purge", *options).splitlines()


def test_purge_says_what_it_removed_a_line_for_each_kind(owner: Owner, house: Stores) -> None:
    assert purge(owner) == [
        "removed 0 visits of people let in",
        "removed 1 other visits",
        "removed 0 messages",
        "removed 0 events",
        "removed 0 stored answers",
        "removed 0 sessions",
        "removed 0 one-time links",
        "removed 0 failed sign-ins",
        "removed 0 changes that could be taken back",
        "removed 0 doors tried again and again",
        "removed 0 boots of doors",
        "removed 0 photos without a visit or a face",
    ]
    assert [visit.id for visit in house.visits.page(10)] == ["new"]


def test_a_dry_run_removes_nothing(owner: Owner, house: Stores) -> None:
    assert "would remove 1 other visits" in purge(owner, "--dry-run")
    assert [visit.id for visit in house.visits.page(10)] == ["new", "old"]
    assert house.photos.path(house.visits.get("old").photo).exists()
