"""What was deleted leaves the disk, as soon as nobody reads any more."""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from wsgi_app.base.deeds import Deed
from wsgi_app.house.erasing import Eraser
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.tables import people

NAME = b"Zoe Quimby"


def on_disk(stores: Stores) -> Callable[[], bool]:
    file = Path(str(stores.database.engine.url.database))
    return lambda: any(NAME in path.read_bytes() for path in file.parent.glob(f"{file.name}*"))


def test_a_name_that_was_undone_leaves_the_disk_once_nobody_reads(stores: Stores) -> None:
    eraser, is_found = Eraser(stores), on_disk(stores)
    assert eraser()
    with stores.changes.record(Deed.NAMED, "") as named:
        zoe = stores.people.add(NAME.decode()).id
        named.people.add(zoe)
        named.subject = zoe
    assert named.change is not None

    with stores.database.engine.begin() as reader:
        reader.execute(sa.select(people)).all()
        stores.changes.take_back(named.change.id)
        assert (eraser(), is_found()) == (False, True)
    assert (eraser(), is_found()) == (True, False)


def test_the_first_look_wipes_what_was_deleted_before(stores: Stores) -> None:
    zoe = stores.people.add(NAME.decode()).id
    with stores.database.engine.begin() as reader:
        reader.execute(sa.select(people)).all()
        stores.people.remove(zoe, lambda _: True)
    is_found = on_disk(stores)
    assert is_found()

    assert Eraser(stores)()
    assert not is_found()


def test_nothing_is_written_where_nothing_was_deleted(stores: Stores) -> None:
    eraser, is_found = Eraser(stores), on_disk(stores)
    eraser()
    stores.people.add(NAME.decode())
    log = Path(f"{stores.database.engine.url.database}-wal")
    before = log.stat().st_size

    assert (eraser(), log.stat().st_size, before > 0, is_found()) == (True, before, True, True)
