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
        "removed 0 copies of the database from before an upgrade",
        "removed 0 photos without a visit or a face",
    ]
    assert [visit.id for visit in house.visits.page(10)] == ["new"]


def test_a_dry_run_removes_nothing(owner: Owner, house: Stores) -> None:
    assert "would remove 1 other visits" in purge(owner, "--dry-run")
    assert [visit.id for visit in house.visits.page(10)] == ["new", "old"]
    assert house.photos.path(house.visits.get("old").photo).exists()


# A purge that waits

WAITS = (
    "porteiro: Nothing is removed: even the newest visit is too old, and 1 of 1 visits would go. If the "
    "clock is right, `porteiro purge --yes` goes on. `porteiro purge --dry-run` says what would be removed."
)


@pytest.fixture
def quiet(owner: Owner, house: Stores) -> Stores:
    """A house where the one visit is older than any is kept."""
    owner.settings["PORTEIRO_KEEP_KNOWN_DAYS"] = "2"
    house.visits.remove("new", lambda _: True)
    return house


def test_a_purge_that_waits_says_why_and_what_to_do_and_is_no_success(owner: Owner, quiet: Stores) -> None:
    first, second = owner.is_told("purge"), owner.is_told("purge")

    assert (first.splitlines()[-1], second) == (WAITS, WAITS)
    assert "the purge waits until an owner approves it" in first  # the log has it once
    assert "would remove 1 other visits" in purge(owner, "--dry-run")
    assert [visit.id for visit in quiet.visits.page(10)] == ["old"]


def test_with_yes_it_goes_on(owner: Owner, quiet: Stores) -> None:
    owner.is_told("purge")

    assert purge(owner, "--yes")[1] == "removed 1 other visits"
    assert quiet.visits.page(10) == []
    assert [(event.action, event.by) for event in quiet.events.after(0, 100) if event.kind == "purge"] == [
        ("held", None),
        ("approved", "command line"),
        ("released", None),
    ]


def test_a_dry_run_with_yes_removes_nothing_either(owner: Owner, house: Stores) -> None:
    assert "would remove 1 other visits" in purge(owner, "--dry-run", "--yes")
    assert [visit.id for visit in house.visits.page(10)] == ["new", "old"]
