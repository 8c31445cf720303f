"""Who and what was forgotten, and forgetting it again in a database of before."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import Clock, counted_ids
from tests.galleries import SHARP, vector
from tests.houses import open_new_database
from tests.wsgi_app.stores.test_forgetting import add_visit
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.deeds import Deed
from wsgi_app.base.limits import Limits
from wsgi_app.stores.database import open_database
from wsgi_app.stores.database_copies import Counts
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.stores import Stores, stores_over
from wsgi_app.stores.tables import accounts, devices, events, faces, people, visits
from wsgi_app.stores.tombstones import (
    Gone,
    Tombstone,
    apply,
    keep_in,
    lines_in,
    lines_of,
    read_lines,
    tombstones_in,
    tombstones_of,
)

EMBEDDING = Embedding("e1", vector(1.0))


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Stores]:
    """A house as it was at a moment, to which another one goes back."""
    (tmp_path / "before").mkdir()
    database = open_new_database(tmp_path / "before" / "porteiro.db")
    yield stores_over(database, PhotoStore(tmp_path / "before"), Clock().now, counted_ids(), Limits())
    database.close()


def gone_back(stores: Stores, file: Path) -> Stores:
    """A house with a database as it is now, whatever becomes of the first one."""
    stores.database.wipe()
    file.parent.mkdir()
    shutil.copyfile(stores.database.path, file)
    photos = PhotoStore(file.parent / "photos")
    return stores_over(open_database(f"sqlite:///{file}"), photos, stores.now, counted_ids(), Limits())


def known(stores: Stores) -> list[Tombstone]:
    with stores.database.read() as connection:
        return tombstones_in(connection)


def ids(stores: Stores, table: sa.Table) -> set[str]:
    with stores.database.read() as connection:
        return set(connection.scalars(sa.select(table.c.id)))


def applied(stores: Stores, stones: list[Tombstone]) -> tuple[Counts, set[str]]:
    with stores.database.write() as connection:
        return apply(connection, stones)


def test_what_is_forgotten_or_shut_out_is_told_by_ids_alone(stores: Stores, clock: Clock) -> None:
    ana = stores.people.add("Ana").id
    face = stores.faces.add(ana, b"png", SHARP, EMBEDDING).id
    hers, other = add_visit(stores, ana), add_visit(stores, None)
    stores.devices.add("front", b"hash")
    stores.faces.remove(ana, face)
    stores.visits.remove(other, lambda _: True)
    stores.people.remove(ana, lambda _: True)
    stores.devices.revoke("front")
    at = clock.now()

    stones = known(stores)

    assert stones == [
        Tombstone(Gone.FACE, face, at, ana),
        Tombstone(Gone.VISIT, other, at),
        Tombstone(Gone.PERSON, ana, at),
        Tombstone(Gone.VISIT, hers, at, ana),
        Tombstone(Gone.DEVICE, "front", at),
    ]
    assert read_lines(lines_of(stones)) == (stones, 0)
    assert not any("Ana" in line for line in lines_of(stones))


def test_what_was_forgotten_since_is_forgotten_again(stores: Stores, tmp_path: Path) -> None:
    ana, bruno = (stores.people.add(name).id for name in ("Ana", "Bruno"))
    kept = stores.faces.add(bruno, b"png", SHARP, EMBEDDING)
    removed = stores.faces.add(bruno, b"png", SHARP, EMBEDDING)
    hers, removed_visit, his = add_visit(stores, ana), add_visit(stores, None), add_visit(stores, bruno)
    stores.devices.add("front", b"hash")
    earlier = gone_back(stores, tmp_path / "earlier" / "porteiro.db")

    stores.people.remove(ana, lambda _: True)
    stores.visits.remove(removed_visit, lambda _: True)
    stores.faces.remove(bruno, removed.id)
    stores.devices.revoke("front")
    stones = known(stores)
    counts, photos = applied(earlier, stones)

    assert counts == Counts(people=1, visits=2, faces=1, devices=1)
    assert (ids(earlier, people), ids(earlier, visits), ids(earlier, faces)) == ({bruno}, {his}, {kept.id})
    assert earlier.devices.page(10) == []
    assert {Path(photo).stem for photo in photos} == {hers, removed_visit, removed.id}
    assert sorted(known(earlier), key=repr) == sorted(stones, key=repr)
    assert applied(earlier, stones) == (Counts(), set())
    assert sorted(known(earlier), key=repr) == sorted(stones, key=repr)
    earlier.database.close()


def test_a_visit_that_was_said_to_show_them_later_goes_with_them(stores: Stores, tmp_path: Path) -> None:
    ana, bruno = (stores.people.add(name).id for name in ("Ana", "Bruno"))
    unknown = add_visit(stores, None)
    stores.faces.add(bruno, b"png", SHARP, EMBEDDING, Source(negative=True, visit_id=unknown))
    earlier = gone_back(stores, tmp_path / "earlier" / "porteiro.db")

    stores.corrections.set([unknown], CorrectionVerdict.PERSON, ana)
    stores.people.remove(ana, lambda _: True)
    counts, _ = applied(earlier, known(stores))

    assert counts == Counts(people=1, visits=1, faces=1)
    assert (ids(earlier, visits), ids(earlier, faces)) == (set(), set())
    earlier.database.close()


def test_a_face_that_came_back_by_an_undo_stays(stores: Stores, tmp_path: Path) -> None:
    ana = stores.people.add("Ana").id
    face = stores.faces.add(ana, b"png", SHARP, EMBEDDING).id
    earlier = gone_back(stores, tmp_path / "earlier" / "porteiro.db")
    with stores.changes.record(Deed.FACE_REMOVED, ana, [ana]) as recording:
        stores.faces.remove(ana, face)
    while_gone = known(stores)
    assert recording.change is not None
    stores.changes.take_back(recording.change.id)
    stones = [*while_gone, *known(stores)]

    assert [stone.back for stone in stones] == [False, True]
    assert applied(earlier, stones)[0] == Counts()
    assert applied(earlier, while_gone)[0] == Counts(faces=1)
    earlier.database.close()


def test_a_token_that_was_made_after_is_none_of_the_revoked_one(stores: Stores, clock: Clock) -> None:
    stores.devices.add("front", b"old")
    stores.devices.revoke("front")
    stones = known(stores)
    clock.advance(60)
    stores.devices.add("front", b"new")

    assert applied(stores, stones)[0] == Counts()
    assert [device.id for device in stores.devices.page(10)] == ["front"]


def test_an_account_that_was_removed_stays_so(stores: Stores, clock: Clock, before: Stores) -> None:
    with before.database.write() as connection:
        row = {"role": "viewer", "password_hash": "x", "revision": 1, "created_at": clock.now()}
        for name in ("vera", "olga"):
            connection.execute(accounts.insert(), {"id": name, "name": name, "name_key": name, **row})

    counts, _ = applied(before, [Tombstone(Gone.ACCOUNT, "vera", clock.now())])

    assert (counts, ids(before, accounts)) == (Counts(accounts=1), {"olga"})


def test_there_may_be_more_of_them_than_a_statement_takes(stores: Stores, clock: Clock) -> None:
    visit = add_visit(stores, None)
    stones = [Tombstone(Gone.VISIT, f"v{number}", clock.now()) for number in range(40_000)]

    counts, _ = applied(stores, [*stones, Tombstone(Gone.VISIT, visit, clock.now())])

    assert counts == Counts(visits=1)


def test_a_file_has_each_once_and_keeps_what_it_has(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "tombstones.jsonl"
    first, second = (Tombstone(Gone.PERSON, name, clock.now()) for name in ("p1", "p2"))
    assert keep_in(file, [])
    assert keep_in(file, [first])
    file.write_text(file.read_text() + '{"gone": "pers\n')

    assert keep_in(file, [first, second])
    assert not keep_in(file, [second])

    assert read_lines(lines_in(file)) == ([first, second], 1)
    assert lines_in(tmp_path / "none") == []


def test_a_database_of_the_first_release_tells_of_nobody(tmp_path: Path) -> None:
    with closing(open_database(f"sqlite:///{tmp_path}/porteiro.db")) as database:
        with database.write() as connection:
            connection.execute(sa.text("DROP TABLE events"))
        assert tombstones_of(tmp_path / "porteiro.db") == []


def test_one_that_is_in_use_tells_of_the_latest(stores: Stores) -> None:
    ana = stores.people.add("Ana").id
    stores.people.remove(ana, lambda _: True)

    assert [stone.id for stone in tombstones_of(stores.database.path)] == [ana]
    assert ids(stores, devices) == set()
    with stores.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 2
