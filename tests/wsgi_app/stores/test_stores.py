from dataclasses import replace
from pathlib import Path

from tests.conftest import Clock
from tests.galleries import add_face
from wsgi_app.base.config import load_config
from wsgi_app.stores.events import AT_THE_MACHINE, Telling
from wsgi_app.stores.stores import Stores, open_stores


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
    assert changed == {"people", "faces", "visits", "devices", "corrections", "accounts", "invitations"}
    assert changed == {name for name, store in before.items() if isinstance(store, Telling)}


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
