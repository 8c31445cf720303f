import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from tests.conftest import Clock
from tests.galleries import SHARP
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.errors import NotFound, PreconditionFailed, StorageTrouble, Unavailable
from wsgi_app.base.faces import Box, Landmarks, MeasuredFace
from wsgi_app.base.limits import PressLimits
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.database import open_database
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.tables import visits
from wsgi_app.stores.visit_filters import VisitFilter
from wsgi_app.stores.visits import IdempotencyKey, StoredAnswer, Visit, VisitStore

FACE = MeasuredFace(
    box=Box(left=1.5, top=2.0, width=30.0, height=40.0),
    landmarks=Landmarks((8.0, 9.0), (24.0, 9.5), (16.0, 20.0), (10.0, 32.0), (22.5, 32.0)),
    score=0.9,
    quality=SHARP,
)
FRONT, BACK = DoorId(DoorKind.DEVICE, "front door"), DoorId(DoorKind.DEVICE, "back door")
LET_IN = StoredAnswer(200, b'{"outcome": "known"}')
KEPT_OUT = StoredAnswer(404, b'{"outcome": "unknown"}')
PRESS = IdempotencyKey(FRONT, "press-1")
PATIENCE_S = 60
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def visit(stores: Stores, visit_id: str = "v1", person_id: str | None = None) -> Visit:
    """A visit of this moment, not stored yet, with its photo on disk."""
    at = stores.now()
    return Visit(
        number=0,
        id=visit_id,
        at=at,
        door=FRONT,
        outcome=Outcome.UNKNOWN if person_id is None else Outcome.KNOWN,
        person_id=person_id,
        score=0.25,
        face=FACE,
        photo=stores.visits.save_photo(visit_id, at, visit_id.encode()),
        took_ms=12.5,
    )


def photos_on_disk(stores: Stores) -> list[str]:
    return sorted(path.stem for path in stores.photos.path("").rglob("*.jpg"))


def ids_of(page: list[Visit]) -> list[str]:
    return [visit.id for visit in page]


# Visits


def test_a_visit_comes_back_as_it_was_with_the_next_number(stores: Stores) -> None:
    first, second = visit(stores, "v1"), visit(stores, "v2")
    assert stores.visits.add(first, KEPT_OUT, None) == KEPT_OUT
    assert stores.visits.add(second, KEPT_OUT, None) == KEPT_OUT
    assert stores.visits.get("v1") == replace(first, number=1)
    assert stores.visits.get("v2") == replace(second, number=2)


def test_a_visit_without_a_face_has_none_and_no_score(stores: Stores) -> None:
    nobody = replace(visit(stores), outcome=Outcome.NO_FACE, score=None, face=None)
    stores.visits.add(nobody, KEPT_OUT, None)
    assert stores.visits.get("v1") == replace(nobody, number=1)


def test_the_photo_of_a_visit_is_on_disk(stores: Stores) -> None:
    stores.visits.add(visit(stores), KEPT_OUT, None)
    photo = stores.visits.get("v1").photo
    assert (photo, stores.photos.path(photo).read_bytes()) == ("visits/2026-01-05/v1.jpg", b"v1")


def test_there_is_no_visit_under_an_unknown_id(stores: Stores) -> None:
    with pytest.raises(NotFound, match="not_found:visit"):
        stores.visits.get("v1")


def test_a_stored_visit_is_there_for_another_process_at_once(stores: Stores) -> None:
    stores.visits.add(visit(stores), LET_IN, PRESS)
    other = open_database(str(stores.database.engine.url))
    seen = VisitStore(other, stores.photos, stores.now, str, PressLimits().idempotency_s)
    assert (ids_of(seen.page(10)), seen.answer(PRESS)) == (["v1"], LET_IN)
    other.close()


def test_pages_go_from_the_newest_back(stores: Stores) -> None:
    assert stores.visits.page(10) == []
    for number in range(1, 6):
        stores.visits.add(visit(stores, f"v{number}"), KEPT_OUT, None)
    page = stores.visits.page(2)
    assert [(one.number, one.id) for one in page] == [(5, "v5"), (4, "v4")]
    assert ids_of(stores.visits.page(2, before=4)) == ["v3", "v2"]
    assert ids_of(stores.visits.page(2, before=2)) == ["v1"]
    assert ids_of(stores.visits.page(2, before=1)) == []
    assert ids_of(stores.visits.page(2, before=100)) == ["v5", "v4"]


def test_the_number_of_a_deleted_visit_is_not_given_again(stores: Stores) -> None:
    stores.visits.add(visit(stores, "v1"), KEPT_OUT, None)
    with stores.database.write() as connection:
        connection.execute(visits.delete())
    stores.visits.add(visit(stores, "v2"), KEPT_OUT, None)
    assert stores.visits.get("v2").number == 2


# Answers to a press that is sent again


def test_without_a_key_no_answer_is_kept(stores: Stores) -> None:
    stores.visits.add(visit(stores), LET_IN, None)
    assert stores.visits.answer(PRESS) is None


def test_a_press_that_is_sent_again_gets_the_answer_of_the_first_time(stores: Stores) -> None:
    assert stores.visits.answer(PRESS) is None
    assert stores.visits.add(visit(stores), LET_IN, PRESS) == LET_IN
    assert stores.visits.answer(PRESS) == LET_IN


def test_when_another_request_was_faster_its_answer_stands_and_nothing_is_kept_of_the_later_one(
    stores: Stores,
) -> None:
    faster, slower = visit(stores, "v1"), visit(stores, "v2")
    assert photos_on_disk(stores) == ["v1", "v2"]
    assert stores.visits.add(faster, LET_IN, PRESS) == LET_IN
    assert stores.visits.add(slower, KEPT_OUT, PRESS) == LET_IN
    assert stores.visits.page(10) == [replace(faster, number=1)]
    assert photos_on_disk(stores) == ["v1"]


def test_of_many_requests_with_one_key_at_once_one_is_kept_and_all_get_its_answer(stores: Stores) -> None:
    requests = 4
    begin = threading.Barrier(requests)

    def ring(number: int) -> StoredAnswer:
        mine = visit(stores, f"v{number}")
        begin.wait(PATIENCE_S)
        return stores.visits.add(mine, StoredAnswer(404, mine.id.encode()), PRESS)

    with ThreadPoolExecutor(requests) as pool:
        answers = list(pool.map(ring, range(requests)))
    (kept,) = stores.visits.page(10)
    assert answers == [StoredAnswer(404, kept.id.encode())] * requests
    assert photos_on_disk(stores) == [kept.id]


def test_the_same_key_from_another_device_is_another_press(stores: Stores) -> None:
    back_door = IdempotencyKey(BACK, PRESS.key)
    assert stores.visits.add(visit(stores, "v1"), LET_IN, PRESS) == LET_IN
    assert stores.visits.answer(back_door) is None
    assert stores.visits.add(visit(stores, "v2"), KEPT_OUT, back_door) == KEPT_OUT
    assert [stores.visits.answer(key) for key in (PRESS, back_door)] == [LET_IN, KEPT_OUT]


def test_another_key_from_the_same_device_is_another_press(stores: Stores) -> None:
    next_press = IdempotencyKey(PRESS.door, "press-2")
    stores.visits.add(visit(stores, "v1"), LET_IN, PRESS)
    assert stores.visits.answer(next_press) is None
    assert stores.visits.add(visit(stores, "v2"), KEPT_OUT, next_press) == KEPT_OUT


@pytest.mark.parametrize(("seconds", "answer"), [(599.9, LET_IN), (600, None), (3600, None)])
def test_an_answer_stands_for_ten_minutes(
    stores: Stores, clock: Clock, seconds: float, answer: StoredAnswer | None
) -> None:
    stores.visits.add(visit(stores), LET_IN, PRESS)
    clock.advance(seconds)
    assert stores.visits.answer(PRESS) == answer


def test_a_key_that_comes_again_later_is_a_new_press(stores: Stores, clock: Clock) -> None:
    stores.visits.add(visit(stores, "v1"), LET_IN, PRESS)
    clock.advance(600)
    assert stores.visits.add(visit(stores, "v2"), KEPT_OUT, PRESS) == KEPT_OUT
    assert stores.visits.answer(PRESS) == KEPT_OUT
    assert ids_of(stores.visits.page(10)) == ["v2", "v1"]
    assert photos_on_disk(stores) == ["v1", "v2"]


def test_old_answers_are_cleared_away_and_their_visits_stay(stores: Stores, clock: Clock) -> None:
    stores.visits.add(visit(stores, "v1"), LET_IN, PRESS)
    clock.advance(600)
    stores.visits.add(visit(stores, "v2"), KEPT_OUT, IdempotencyKey(FRONT, "press-2"))
    with stores.database.read() as connection:
        keys = connection.execute(sa.text("SELECT key FROM answers")).scalars().all()
    assert keys == ["press-2"]
    assert ids_of(stores.visits.page(10)) == ["v2", "v1"]


# People who are forgotten


def test_somebody_forgotten_while_the_photo_was_judged_leaves_no_visit_and_no_photo(stores: Stores) -> None:
    ana = stores.people.add("Ana")
    judged = visit(stores, person_id=ana.id)
    stores.people.remove(ana.id, lambda _: True)
    with pytest.raises(Unavailable, match="unavailable:gallery") as refused:
        stores.visits.add(judged, LET_IN, PRESS)
    assert refused.value.headers == {"Retry-After": "2"}
    assert (stores.visits.page(10), stores.visits.answer(PRESS), photos_on_disk(stores)) == ([], None, [])


def test_answers_that_name_somebody_forgotten_are_forgotten_too(stores: Stores) -> None:
    ana, bruno = stores.people.add("Ana"), stores.people.add("Bruno")
    presses = [IdempotencyKey(DoorId.of("device:front"), f"press-{number}") for number in range(3)]
    for number, person_id in enumerate((ana.id, bruno.id, None)):
        stores.visits.add(visit(stores, f"v{number}", person_id), LET_IN, presses[number])
    stores.people.remove(ana.id, lambda _: True)
    assert [stores.visits.answer(press) for press in presses] == [None, LET_IN, LET_IN]


@pytest.mark.parametrize("change", ["removed", "renamed"])
@pytest.mark.parametrize(("door", "stored"), [("device:front", LET_IN), ("address:192.0.2.7", None)])
def test_a_removed_face_or_a_new_name_leaves_visits_alone_and_is_judged_anew_where_there_is_no_token(
    stores: Stores, change: str, door: str, stored: StoredAnswer | None
) -> None:
    ana = stores.people.add("Ana")
    face = stores.faces.add(ana.id, b"png", SHARP, Embedding("e1", np.ones(3, np.float32)))
    known = visit(stores, person_id=ana.id)
    unknown = visit(stores, "v2")
    let_in, kept_out = IdempotencyKey(DoorId.of(door), "press-1"), IdempotencyKey(DoorId.of(door), "press-2")
    stores.visits.add(known, LET_IN, let_in)
    stores.visits.add(unknown, KEPT_OUT, kept_out)
    if change == "removed":
        stores.faces.remove(ana.id, face.id)
    else:
        stores.people.change(ana.id, lambda person: replace(person, name="Ana Maria"), lambda _: True)
    assert stores.visits.page(10) == [replace(unknown, number=2), replace(known, number=1)]
    assert (stores.visits.answer(let_in), stores.visits.answer(kept_out)) == (stored, KEPT_OUT)


def test_a_visit_whose_row_cannot_be_written_leaves_no_answer(stores: Stores) -> None:
    first = visit(stores, "v1")
    stores.visits.add(first, KEPT_OUT, None)
    with pytest.raises(Unavailable):
        stores.visits.add(replace(first, photo="visits/2026-01-05/other.jpg"), LET_IN, PRESS)
    assert (stores.visits.page(10), stores.visits.answer(PRESS)) == ([replace(first, number=1)], None)


def test_a_visit_that_the_database_cannot_take_leaves_no_photo(stores: Stores) -> None:
    with stores.database.write() as connection:
        connection.execute(sa.text("DROP TABLE answers"))
    with pytest.raises(Unavailable, match="unavailable:database"):
        stores.visits.add(visit(stores), LET_IN, PRESS)
    assert (stores.visits.page(10), photos_on_disk(stores)) == ([], [])


# Places and times


def test_a_photo_lies_in_the_folder_of_its_visits_day(stores: Stores, clock: Clock) -> None:
    clock.advance(14 * 3600 - 1)
    before_midnight = visit(stores, "v1")
    clock.advance(1)
    midnight = visit(stores, "v2")
    assert (before_midnight.photo, midnight.photo) == ("visits/2026-01-05/v1.jpg", "visits/2026-01-06/v2.jpg")
    assert midnight.at == datetime(2026, 1, 6, tzinfo=UTC)


# While the networks look


def test_a_photo_is_saved_beside_other_work(stores: Stores, clock: Clock) -> None:
    with stores.visits.saving_photo("v1", clock.now(), b"jpeg") as saved:
        name = saved()

    assert stores.photos.path(name).read_bytes() == b"jpeg"


def test_a_photo_whose_judgement_fails_does_not_stay(stores: Stores, clock: Clock) -> None:
    with pytest.raises(Unavailable), stores.visits.saving_photo("v1", clock.now(), b"jpeg"):
        raise Unavailable("unavailable:networks")

    assert photos_on_disk(stores) == []


# Filters


def corrected(stores: Stores, visit_id: str, person_id: str) -> None:
    stores.corrections.set([visit_id], CorrectionVerdict.PERSON, person_id)


@pytest.fixture
def five_visits(stores: Stores, clock: Clock) -> dict[str, str]:
    """Ana's and Bruno's ids; v1 and v2 are Ana's, v3 nobody's, v4 Ana's by verdict, v5 Bruno's by verdict."""
    ana, bruno = stores.people.add("Ana").id, stores.people.add("Bruno").id
    for number, person_id in enumerate((ana, ana, None, ana, bruno), 1):
        door = BACK if number == 2 else FRONT
        stores.visits.add(replace(visit(stores, f"v{number}", person_id), door=door), KEPT_OUT, None)
        clock.advance(3600)
    return {"ana": ana, "bruno": bruno}


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (VisitFilter(), ["v5", "v4", "v3", "v2", "v1"]),
        (VisitFilter(outcome=Outcome.UNKNOWN), ["v3"]),
        (VisitFilter(outcome=Outcome.TOO_DARK), []),
        (VisitFilter(door=BACK), ["v2"]),
        (VisitFilter(door=DoorId(DoorKind.DEVICE, "back")), []),
        (VisitFilter(person="nobody has this id"), []),
        (VisitFilter(during=(NOON, NOON + timedelta(hours=2))), ["v4", "v3"]),
        (VisitFilter(during=(NOON - timedelta(days=1), NOON)), ["v2", "v1"]),
        (VisitFilter(corrected=True), []),
        (VisitFilter(corrected=False), ["v5", "v4", "v3", "v2", "v1"]),
        (VisitFilter(outcome=Outcome.KNOWN, door=FRONT), ["v5", "v4", "v1"]),
    ],
)
def test_a_filter_chooses_visits(
    stores: Stores, five_visits: dict[str, str], wanted: VisitFilter, ids: list[str]
) -> None:
    assert ids_of(stores.visits.page(10, criteria=wanted)) == ids
    assert [outcome for _, outcome in stores.visits.moments(10, wanted)] == [
        stores.visits.get(one).outcome for one in ids
    ]


def test_a_persons_visits_are_those_of_the_verdict_unless_a_correction_says_otherwise(
    stores: Stores, five_visits: dict[str, str]
) -> None:
    ana, bruno = five_visits["ana"], five_visits["bruno"]
    corrected(stores, "v3", ana)
    corrected(stores, "v4", bruno)
    stores.corrections.set(["v2"], CorrectionVerdict.IGNORED)
    stores.corrections.set(["v5"], CorrectionVerdict.NOBODY)
    of_ana, of_bruno = VisitFilter(person=ana), VisitFilter(person=bruno)
    assert ids_of(stores.visits.page(10, criteria=of_ana)) == ["v3", "v2", "v1"]
    assert ids_of(stores.visits.page(10, criteria=of_bruno)) == ["v4"]
    assert ids_of(stores.visits.page(10, criteria=VisitFilter(corrected=True))) == ["v5", "v4", "v3"]
    assert ids_of(stores.visits.page(10, criteria=VisitFilter(corrected=False))) == ["v2", "v1"]


def test_a_filter_holds_on_every_page(stores: Stores, five_visits: dict[str, str]) -> None:
    of_ana = VisitFilter(person=five_visits["ana"])
    assert ids_of(stores.visits.page(2, criteria=of_ana)) == ["v4", "v2"]
    assert ids_of(stores.visits.page(2, before=2, criteria=of_ana)) == ["v1"]


def test_some_visits_come_in_the_order_of_their_ids_each_once(
    stores: Stores, five_visits: dict[str, str]
) -> None:
    newest, *_, oldest = stores.visits.page(10)
    assert stores.visits.some([oldest.id, newest.id, oldest.id]) == [oldest, newest]
    assert stores.visits.some([]) == []
    with pytest.raises(NotFound, match="not_found:visit"):
        stores.visits.some([newest.id, "another"])


def test_moments_are_the_latest_ones(stores: Stores, five_visits: dict[str, str], clock: Clock) -> None:
    hour = timedelta(hours=1)
    assert stores.visits.moments(2, VisitFilter()) == [
        (clock.now() - hour, "known"),
        (clock.now() - 2 * hour, "known"),
    ]


def test_the_doors_that_visits_came_from_are_listed_by_name(
    stores: Stores, five_visits: dict[str, str]
) -> None:
    assert stores.visits.doors(10) == [BACK, FRONT]
    assert stores.visits.doors(1) == [BACK]


def test_doors_of_both_kinds_are_listed_and_none_twice(stores: Stores) -> None:
    doors = [
        DoorId.of(text) for text in ("address:192.0.2.7", "address:front", "device:back", "device:front")
    ]
    for number, door in enumerate([*doors[::-1], *doors]):
        stores.visits.add(replace(visit(stores, f"v{number}"), door=door), KEPT_OUT, None)

    assert stores.visits.doors(10) == doors


def test_doors_are_listed_without_reading_every_visit(stores: Stores) -> None:
    asked = []
    sa.event.listen(stores.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
    stores.visits.doors(10)
    ((statement, values),) = [one for one in asked if one[0].startswith("SELECT visits")]
    with stores.database.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert [row[3] for row in plan] == [
        "SEARCH visits USING COVERING INDEX ix_visits_door ((door_kind,door)>(?,?))"
    ]


@pytest.mark.parametrize(
    "wanted",
    [
        VisitFilter(person="p"),
        VisitFilter(outcome=Outcome.KNOWN),
        VisitFilter(door=FRONT),
        VisitFilter(during=(NOON, NOON)),
        VisitFilter(corrected=True),
        VisitFilter("p", Outcome.KNOWN, FRONT, (NOON, NOON)),
    ],
)
def test_no_filter_reads_every_visit(stores: Stores, wanted: VisitFilter) -> None:
    asked = []
    sa.event.listen(stores.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
    stores.visits.page(10, criteria=wanted)
    ((statement, values),) = [one for one in asked if one[0].startswith("SELECT visits")]
    with stores.database.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert plan
    assert [row[3] for row in plan if row[3].startswith("SCAN visits")] == []


# Visits that are removed


def test_a_removed_visit_leaves_nothing(stores: Stores, five_visits: dict[str, str]) -> None:
    ana = five_visits["ana"]
    probe = Embedding("e1", np.ones(3, np.float32))
    stores.visits.add(visit(stores, "v6", ana), LET_IN, PRESS, probe=probe)
    stores.photos.save_thumbnail(stores.visits.get("v6").photo, b"small")
    corrected(stores, "v6", ana)
    face = stores.faces.add(ana, b"png", SHARP, probe, Source("v6"))

    stores.visits.acting("Olga").remove("v6", lambda found: found.id == "v6")

    assert ids_of(stores.visits.page(10)) == ["v5", "v4", "v3", "v2", "v1"]
    assert photos_on_disk(stores) == ["v1", "v2", "v3", "v4", "v5"]
    assert (stores.visits.answer(PRESS), stores.corrections.of(["v6"])) == (None, {})
    assert stores.faces.get(ana, face.id) == replace(face, visit_id=None)
    with stores.database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM probes")).scalar() == 0
    told = [(event.action, event.by) for event in stores.events.after(0, 100) if event.subject == "v6"]
    assert told == [("removed", "Olga")]


def test_a_visit_whose_photo_could_not_be_removed_stays(
    stores: Stores, five_visits: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for store, of in ((stores.visits, "v3"), (stores.people, five_visits["ana"])):
        with monkeypatch.context() as lost:
            lost.setattr(stores.photos, "_is_marked", True)
            with pytest.raises(StorageTrouble, match="photos_missing"):
                store.remove(of, lambda _: True)

    assert ids_of(stores.visits.page(10)) == ["v5", "v4", "v3", "v2", "v1"]
    assert photos_on_disk(stores) == ["v1", "v2", "v3", "v4", "v5"]


def test_a_visit_that_is_not_as_expected_stays(stores: Stores, five_visits: dict[str, str]) -> None:
    with pytest.raises(PreconditionFailed, match="precondition_failed:visit"):
        stores.visits.remove("v3", lambda _: False)
    assert stores.visits.get("v3").id == "v3"
    assert stores.photos.path(stores.visits.get("v3").photo).read_bytes() == b"v3"


def test_a_visit_that_is_not_there_cannot_be_removed(stores: Stores) -> None:
    with pytest.raises(NotFound, match="not_found:visit"):
        stores.visits.remove("v1", lambda _: True)
