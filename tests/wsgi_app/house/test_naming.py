import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import msgspec
import pytest
from PIL import Image

from tests.servers import InProcessServer, enrolled, post_photo
from wsgi_app.access.identity import AT_HOME
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.errors import NotFound, Unavailable, Unprocessable, UnusablePhoto
from wsgi_app.base.steps import Steps
from wsgi_app.house import barring, learning, naming
from wsgi_app.house.enrolment import Enroller
from wsgi_app.house.house import House
from wsgi_app.house.naming import Statement, checked_name
from wsgi_app.stores.corrections import CorrectionStore
from wsgi_app.stores.events import Event
from wsgi_app.stores.faces import FaceStore
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import Visit

Photo = Callable[[str], bytes]
Come = Callable[..., list[Visit]]
NOBODY = "f" * 32


@pytest.fixture
def enroller(house: House, steps: Steps) -> Enroller:
    """What somebody's click has at hand."""
    return Enroller(house.pipeline, house.stores.acting(AT_HOME.name), house.policy, steps)


@pytest.fixture
def come(server: InProcessServer, stores: Stores, photo: Photo) -> Come:
    """The visits of some photos."""

    def ring(*names: str) -> list[Visit]:
        return [stores.visits.get(post_photo(server, "/", photo(name)).json["visit"]) for name in names]

    return ring


def person(person_id: str) -> Statement:
    return Statement(CorrectionVerdict.PERSON, person_id)


def called(name: str) -> Statement:
    return Statement(CorrectionVerdict.PERSON, name=name)


def taken_from(stores: Stores, visits: list[Visit]) -> list[tuple[str, str, bool]]:
    """Whose faces come from which of some visits, and whether they are negative."""
    found = stores.faces.taken_from(visit.id for visit in visits)
    return sorted((face.person_id, str(face.visit_id), face.negative) for face in found)


def done_by_somebody(stores: Stores, after: int) -> list[tuple[str, str]]:
    events: list[Event] = stores.events.after(after, 100)
    assert {event.by for event in events} <= {AT_HOME.name}
    return [(event.kind, event.action) for event in events]


def with_quality(visit: Visit, **other: float) -> Visit:
    assert visit.face is not None
    quality = msgspec.structs.replace(visit.face.quality, **other)
    return replace(visit, face=msgspec.structs.replace(visit.face, quality=quality))


@contextmanager
def cut_off(store: type, method: str) -> Iterator[None]:
    """The machine goes off as soon as this is called."""

    def go_off(*_: object, **__: object) -> None:
        raise Unavailable("unavailable:database")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, method, go_off)
        yield


def test_the_best_photo_is_the_one_that_is_good_enough_in_every_respect(come: Come) -> None:
    (seen,) = come("chen-1")
    even = {"size_px": 200.0, "brightness": 120.0, "sharpness": 40.0, "roll_degrees": 0.0, "yaw": 0.05}
    good = with_quality(seen, **even)
    others = [
        with_quality(seen, **{**even, **worse})
        for worse in ({"size_px": 120.0}, {"brightness": 60.0}, {"sharpness": 11.0}, {"yaw": -0.3})
    ]
    faceless = replace(seen, face=None)

    assert learning.best_first([*others, faceless, good])[0] == good
    assert learning.best_first([faceless, good]) == [good]
    assert learning.best_first([with_quality(good, sharpness=400.0, brightness=20.0), good])[0] == good


def test_a_name_finds_who_has_it_and_makes_somebody_new_of_another(
    enroller: Enroller, stores: Stores, come: Come
) -> None:
    first = naming.name(enroller, come("chen-1"), called("Ana Maria")).person
    again = naming.name(enroller, come("chen-2"), called("ana MARIA")).person
    other = naming.name(enroller, come("dana-1"), called("Ana")).person

    assert first.id == again.id
    assert [person.name for person in stores.people.page(10)] == ["Ana", "Ana Maria"]
    assert other.id != first.id


def test_everything_that_naming_does_is_told_as_done_by_who_did_it(
    enroller: Enroller, stores: Stores, come: Come
) -> None:
    visits = come("chen-1", "chen-2")
    last = stores.events.last()

    enrolments = naming.name(enroller, visits, called("Chen"))
    barring.bar(enroller, visits, enrolments.person.id)

    assert (enrolments.enrolled, enrolments.refused) == (2, {})
    assert done_by_somebody(stores, last) == [
        ("person", "added"),
        ("visit", "corrected"),
        ("visit", "corrected"),
        ("person", "enrolled"),
        ("person", "enrolled"),
        ("person", "barred"),
        ("person", "face_removed"),
        ("person", "face_removed"),
        ("visit", "correction_removed"),
        ("visit", "correction_removed"),
    ]


@pytest.mark.parametrize(
    ("store", "method"), [(CorrectionStore, "set"), (FaceStore, "add"), (FaceStore, "remove")]
)
def test_a_naming_that_is_cut_off_is_finished_by_saying_it_again(
    enroller: Enroller, stores: Stores, come: Come, store: type, method: str
) -> None:
    bruno, chen = stores.people.add("Bruno").id, stores.people.add("Chen").id
    visits = come("chen-1", "chen-2")
    naming.name(enroller, visits[:1], person(bruno))
    stores.corrections.remove(visits[0].id)
    with cut_off(store, method), pytest.raises(Unavailable):
        naming.name(enroller, visits, person(chen))
    waiting = stores.probes.unsettled(enroller.pipeline.pack.embedder.key, 10)
    assert {probe.visit_id for probe in waiting} == {visit.id for visit in visits}

    enrolments = naming.name(enroller, visits, person(chen))

    assert (enrolments.enrolled, enrolments.refused) == (2, {})
    assert taken_from(stores, visits) == [(chen, visit.id, False) for visit in visits]
    assert stores.probes.unsettled(enroller.pipeline.pack.embedder.key, 10) == []


@pytest.mark.parametrize("method", ["add", "remove"])
def test_a_not_them_that_is_cut_off_is_finished_by_saying_it_again(
    enroller: Enroller, stores: Stores, come: Come, method: str
) -> None:
    bruno = stores.people.add("Bruno").id
    visits = come("chen-1", "chen-2")
    naming.name(enroller, visits, person(bruno))
    with cut_off(FaceStore, method), pytest.raises(Unavailable):
        barring.bar(enroller, visits, bruno)

    kept = barring.bar(enroller, visits, bruno).face

    assert taken_from(stores, visits) == [(bruno, str(kept.visit_id), True)]


def test_what_others_enrolments_and_that_it_was_not_them_is_unenrolments_by_the_last_word(
    enroller: Enroller, stores: Stores, come: Come
) -> None:
    ana, bruno = stores.people.add("Ana").id, stores.people.add("Bruno").id
    visits = come("chen-1")
    visit = visits[0].id
    naming.name(enroller, visits, person(bruno))
    barring.bar(enroller, visits, ana)
    assert taken_from(stores, visits) == [(ana, visit, True), (bruno, visit, False)]

    learning.unlearn(enroller.stores, visits, ana)
    assert taken_from(stores, visits) == []

    naming.name(enroller, visits, person(bruno))
    barring.bar(enroller, visits, ana)
    learning.unlearn(enroller.stores, visits)
    assert taken_from(stores, visits) == [(ana, visit, True)]


def test_a_photo_that_is_too_bad_to_enrol_can_still_be_said_not_to_be_somebody(
    enroller: Enroller, server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    goro = enrolled(server, "Goro", photo("goro-1"))
    far_away = io.BytesIO()
    Image.open(io.BytesIO(photo("goro-2"))).resize((250, 140)).save(far_away, "JPEG")
    assert post_photo(server, f"/people/{goro}/faces", far_away.getvalue()).error == "too_small"
    told = post_photo(server, "/", far_away.getvalue()).json
    assert told["outcome"] == "known"

    kept = barring.bar(enroller, [stores.visits.get(told["visit"])], goro).face

    assert (kept.negative, kept.visit_id) == (True, told["visit"])
    assert post_photo(server, "/", far_away.getvalue()).json["outcome"] == "unknown"
    assert post_photo(server, "/", photo("goro-1")).json["outcome"] == "known"


def test_nothing_is_barred_by_visits_without_a_face_or_without_a_photo(
    enroller: Enroller, stores: Stores, come: Come
) -> None:
    ana = stores.people.add("Ana").id
    faceless, purged = come("nobody-1", "chen-1")
    stores.photos.remove(purged.photo)

    with pytest.raises(UnusablePhoto, match="no_face"):
        barring.bar(enroller, [faceless], ana)
    with pytest.raises(NotFound, match="photo_gone"):
        barring.bar(enroller, [purged], ana)
    with pytest.raises(NotFound, match="not_found:person"):
        barring.bar(enroller, [purged], NOBODY)

    assert stores.faces.of(ana) == []


def test_a_name_in_a_body_is_kept_clean_or_refused_with_the_reason() -> None:
    assert checked_name(" Ana  Maria ") == "Ana Maria"
    with pytest.raises(Unprocessable) as refused:
        checked_name(" ")
    assert (refused.value.key, refused.value.values) == ("bad_name:no_letter", {"name": " "})
