import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Clock
from tests.galleries import add_face
from wsgi_app.base.config import load_config
from wsgi_app.stores.database import open_database
from wsgi_app.stores.events import AT_THE_MACHINE, ActingStore
from wsgi_app.stores.stores import Stores, Waker, open_stores


def test_changes_are_told_as_made_at_the_machine_or_by_whoever_acts(stores: Stores) -> None:
    ana = stores.people.add("Ana").id
    add_face(stores.acting("maria"), ana)
    stores.acting("maria").devices.add("front-door", b"key")
    stores.people.change(ana, lambda person: replace(person, name="Ana Maria"), lambda _: True)

    assert [(event.by, event.kind, event.action) for event in stores.events.after(0, 10)] == [
        (AT_THE_MACHINE, "person", "added"),
        ("maria", "person", "enrolled"),
        ("maria", "device", "added"),
        (AT_THE_MACHINE, "person", "changed"),
    ]


def test_whoever_acts_does_so_in_every_store_that_tells(stores: Stores) -> None:
    before, after = vars(stores), vars(stores.acting("maria"))
    changed = {name for name in before if before[name] is not after[name]}
    assert changed == {
        *("people", "faces", "visits", "devices", "corrections", "changes", "accounts", "invitations"),
        "purges",
    }
    assert changed == {name for name, store in before.items() if isinstance(store, ActingStore)}


def test_all_stores_have_one_time_of_day(stores: Stores, clock: Clock) -> None:
    clock.advance(60)
    assert stores.now() == clock.now() == stores.people.add("Ana").created_at


def test_what_is_opened_is_kept_in_the_house_and_found_there_again(tmp_path: Path) -> None:
    config = load_config({"PORTEIRO_DATA": str(tmp_path)})
    first = open_stores(config)
    ana = first.people.add("Ana")
    face = add_face(first, ana.id)
    first.database.close()

    again = open_stores(config)

    assert again.people.page(10) == [replace(ana, faces=1, portrait=face.id)]
    assert again.photos.path(face.crop).is_relative_to(tmp_path)
    again.database.close()


# Waking the live feed


@pytest.fixture
def address(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # A folder of its own: the name of a Unix socket has room for a hundred letters.
    return tmp_path_factory.mktemp("wake") / "wake.sock"


@pytest.fixture
def listener(address: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        listener.settimeout(20)
        yield listener


def test_each_change_wakes_the_feed_when_it_is_on_disk(
    tmp_path: Path, address: Path, listener: socket.socket
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'porteiro.db'}", Waker(address))
    with database.read():
        pass
    with database.write():
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.recv(10)
    listener.settimeout(20)

    assert listener.recv(10) == b"!"
    database.close()


def test_a_change_that_fails_wakes_nobody(tmp_path: Path, address: Path, listener: socket.socket) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'porteiro.db'}", Waker(address))

    def change_and_fail() -> None:
        with database.write():
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="the power went"):
        change_and_fail()
    listener.settimeout(0)
    with pytest.raises(BlockingIOError):
        listener.recv(10)
    database.close()


@pytest.mark.usefixtures("listener")
def test_a_feed_that_does_not_take_what_is_sent_keeps_nobody_waiting(address: Path) -> None:
    wake = Waker(address)
    for _ in range(2000):  # more than any queue of datagrams holds
        wake()


@pytest.mark.parametrize("name", ["nobody.sock", "x" * 200])
def test_nothing_goes_wrong_where_nobody_listens(tmp_path: Path, name: str) -> None:
    Waker(tmp_path / name)()
