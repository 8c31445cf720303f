import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import sqlalchemy as sa

from tests.conftest import Clock
from wsgi_app.config import Limits
from wsgi_app.errors import NotFound, Unavailable
from wsgi_app.services import Stores
from wsgi_app.stores.database import open_database, visits
from wsgi_app.stores.visits import IdempotencyKey, StoredAnswer, Visit, VisitStore

FACE = {"box": [1.5, 2.0, 30.0, 40.0], "landmarks": [[1.0, 2.0]], "score": 0.9, "quality": {"yaw": 0.1}}
LET_IN = StoredAnswer(200, b'{"outcome": "known"}')
KEPT_OUT = StoredAnswer(404, b'{"outcome": "unknown"}')
PRESS = IdempotencyKey("front door", "press-1")
PATIENCE_S = 60


def visit(stores: Stores, visit_id: str = "v1", person_id: str | None = None) -> Visit:
    """A visit of this moment, not stored yet, with its photo on disk."""
    at = stores.visits.now()
    return Visit(
        number=0,
        id=visit_id,
        at=at,
        device="front door",
        outcome="unknown" if person_id is None else "known",
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
    nobody = replace(visit(stores), outcome="no_face", score=None, face=None)
    stores.visits.add(nobody, KEPT_OUT, None)
    assert stores.visits.get("v1") == replace(nobody, number=1)


def test_the_photo_of_a_visit_is_on_disk(stores: Stores) -> None:
    stores.visits.add(visit(stores), KEPT_OUT, None)
    photo = stores.visits.get("v1").photo
    assert (photo, stores.photos.path(photo).read_bytes()) == ("visits/2026-01-05/v1.jpg", b"v1")


def test_there_is_no_visit_under_an_unknown_id(stores: Stores) -> None:
    with pytest.raises(NotFound, match="There is no such visit"):
        stores.visits.get("v1")


def test_a_stored_visit_is_there_for_another_process_at_once(stores: Stores) -> None:
    stores.visits.add(visit(stores), LET_IN, PRESS)
    other = open_database(str(stores.database.engine.url))
    seen = VisitStore(other, stores.photos, stores.visits.now, str, Limits().idempotency_s)
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
    back_door = IdempotencyKey("back door", PRESS.key)
    assert stores.visits.add(visit(stores, "v1"), LET_IN, PRESS) == LET_IN
    assert stores.visits.answer(back_door) is None
    assert stores.visits.add(visit(stores, "v2"), KEPT_OUT, back_door) == KEPT_OUT
    assert [stores.visits.answer(key) for key in (PRESS, back_door)] == [LET_IN, KEPT_OUT]


def test_another_key_from_the_same_device_is_another_press(stores: Stores) -> None:
    next_press = IdempotencyKey(PRESS.device, "press-2")
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
    stores.visits.add(visit(stores, "v2"), KEPT_OUT, IdempotencyKey("front door", "press-2"))
    with stores.database.read() as connection:
        keys = connection.execute(sa.text("SELECT key FROM answers")).scalars().all()
    assert keys == ["press-2"]
    assert ids_of(stores.visits.page(10)) == ["v2", "v1"]


# People who are forgotten


def test_somebody_forgotten_while_the_photo_was_judged_leaves_no_visit_and_no_photo(stores: Stores) -> None:
    ana = stores.people.add("Ana")
    judged = visit(stores, person_id=ana.id)
    stores.people.remove(ana.id, lambda _: True)
    with pytest.raises(Unavailable, match="try again") as refused:
        stores.visits.add(judged, LET_IN, PRESS)
    assert refused.value.headers == {"Retry-After": "2"}
    assert (stores.visits.page(10), stores.visits.answer(PRESS), photos_on_disk(stores)) == ([], None, [])


def test_visits_of_somebody_forgotten_stay_without_the_person(stores: Stores) -> None:
    ana, bruno = stores.people.add("Ana"), stores.people.add("Bruno")
    of_ana, of_bruno = visit(stores, "v1", ana.id), visit(stores, "v2", bruno.id)
    for one in (of_ana, of_bruno):
        stores.visits.add(one, LET_IN, None)
    stores.people.remove(ana.id, lambda _: True)
    assert stores.visits.page(10) == [
        replace(of_bruno, number=2),
        replace(of_ana, number=1, person_id=None),
    ]
    assert photos_on_disk(stores) == ["v1", "v2"]


def test_answers_that_name_somebody_forgotten_are_forgotten_too(stores: Stores) -> None:
    ana, bruno = stores.people.add("Ana"), stores.people.add("Bruno")
    presses = [IdempotencyKey("front door", f"press-{number}") for number in range(3)]
    for number, person_id in enumerate((ana.id, bruno.id, None)):
        stores.visits.add(visit(stores, f"v{number}", person_id), LET_IN, presses[number])
    stores.people.remove(ana.id, lambda _: True)
    assert [stores.visits.answer(press) for press in presses] == [None, LET_IN, LET_IN]


def test_a_removed_face_or_a_new_name_leaves_visits_and_answers_alone(stores: Stores) -> None:
    ana = stores.people.add("Ana")
    face = stores.people.add_face(ana.id, b"png", {}, "e1", np.ones(3, np.float32))
    known = visit(stores, person_id=ana.id)
    stores.visits.add(known, LET_IN, PRESS)
    stores.people.remove_face(ana.id, face.id)
    stores.people.rename(ana.id, "Ana Maria", lambda _: True)
    assert stores.visits.page(10) == [replace(known, number=1)]
    assert stores.visits.answer(PRESS) == LET_IN


def test_a_visit_whose_row_cannot_be_written_leaves_no_answer(stores: Stores) -> None:
    first = visit(stores, "v1")
    stores.visits.add(first, KEPT_OUT, None)
    with pytest.raises(Unavailable):
        stores.visits.add(replace(first, photo="visits/2026-01-05/other.jpg"), LET_IN, PRESS)
    assert (stores.visits.page(10), stores.visits.answer(PRESS)) == ([replace(first, number=1)], None)


def test_a_visit_that_the_database_cannot_take_leaves_no_photo(stores: Stores) -> None:
    with stores.database.write() as connection:
        connection.execute(sa.text("DROP TABLE answers"))
    with pytest.raises(Unavailable, match="The database does not answer"):
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
        raise Unavailable("The networks are busy.")

    assert photos_on_disk(stores) == []
