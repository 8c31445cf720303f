"""What columns hold, also where it is not what this release writes there."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.doors import GOOD_VITALS, VITALS
from tests.galleries import SHARP, add_face, add_visit
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorKind, DoorState
from wsgi_app.base.faces import Box, Landmarks, MeasuredFace
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.stores import Stores

QUALITY = '{"size_px": 100, "brightness": 120.0, "sharpness": 20.5, "roll_degrees": 0.0, "yaw": 0.0}'
NAMED_BOX = '{"left": 1.5, "top": 2.0, "width": 30.0, "height": 40.0}'
NAMED_LANDMARKS = (
    '{"left_eye": [8, 9], "right_eye": [24, 9.5], "nose": [16, 20], "left_mouth_corner": [10, 32], '
    '"right_mouth_corner": [22.5, 32]}'
)
BOX = "[1.5, 2.0, 30.0, 40.0]"
LANDMARKS = "[[8, 9], [24, 9.5], [16, 20], [10, 32], [22.5, 32]]"
FACE = MeasuredFace(
    box=Box(left=1.5, top=2.0, width=30.0, height=40.0),
    landmarks=Landmarks((8.0, 9.0), (24.0, 9.5), (16.0, 20.0), (10.0, 32.0), (22.5, 32.0)),
    score=0.9,
    quality=SHARP,
)

Write = Callable[[str, Any], None]


@pytest.fixture
def write(stores: Stores) -> Write:
    """Writes a value into a column of all rows of a table, as another release or a hand may have."""

    def into(column: str, value: Any) -> None:
        table, _, name = column.partition(".")
        with stores.database.write() as connection:
            connection.execute(sa.text(f"UPDATE {table} SET {name} = :value"), {"value": value})

    return into


def face_text(box: str, landmarks: str) -> str:
    return f'{{"box": {box}, "landmarks": {landmarks}, "score": 0.9, "quality": {QUALITY}}}'


@pytest.mark.parametrize("box", [BOX, NAMED_BOX])
@pytest.mark.parametrize("landmarks", [LANDMARKS, NAMED_LANDMARKS])
def test_a_visits_face_is_read_as_it_is_written_now_and_as_it_was_before(
    stores: Stores, write: Write, box: str, landmarks: str
) -> None:
    visit = add_visit(stores)

    write("visits.face", face_text(box, landmarks))

    assert stores.visits.get(visit).face == FACE


UNREADABLE = ["", "null", "{", "[]", "7", '"text"', "{}", "[" * 100_000, 7, b"\xff"]


@pytest.mark.parametrize(
    "text",
    [
        *UNREADABLE,
        face_text("[1.5, 2.0, 30.0]", LANDMARKS),
        face_text(BOX, "[[8, 9], [24, 9.5]]"),
        face_text(BOX, "[[8], [24], [16], [10], [22.5]]"),
        face_text('["left", 2.0, 30.0, 40.0]', LANDMARKS),
    ],
)
def test_a_face_that_cannot_be_read_is_none(stores: Stores, write: Write, text: Any) -> None:
    visit = add_visit(stores)

    write("visits.face", text)

    assert stores.visits.get(visit).face is None


@pytest.mark.parametrize("text", [*UNREADABLE, '{"yaw": 0.1}'])
def test_a_quality_that_cannot_be_read_is_none(stores: Stores, write: Write, text: Any) -> None:
    ana = stores.people.add("Ana").id
    add_face(stores, ana)

    write("faces.quality", text)

    assert [face.quality for face in stores.faces.of(ana)] == [None]


@pytest.mark.parametrize("text", [*UNREADABLE, '{"queue": 0}', str(VITALS)])
def test_vitals_that_cannot_be_read_are_none(stores: Stores, write: Write, text: Any) -> None:
    stores.devices.add("front-door", b"hash")
    stores.devices.hear("front-door", GOOD_VITALS)

    write("devices.vitals", text)

    assert stores.devices.get("front-door").vitals is None


def test_a_word_that_this_release_does_not_have_lets_nobody_in(stores: Stores, write: Write) -> None:
    visit = add_visit(stores, person_id=stores.people.add("Ana").id)
    stores.corrections.set([visit], CorrectionVerdict.NOBODY)
    stores.devices.add("front-door", b"hash")

    for column in ("visits.outcome", "visits.reason", "visits.door_kind", "corrections.verdict"):
        write(column, "unheard_of")
    write("devices.told_state", "unheard_of")

    kept = stores.visits.get(visit)
    assert (kept.outcome, kept.reason, kept.door.kind) == (Outcome.UNKNOWN, None, DoorKind.ADDRESS)
    assert stores.corrections.of([visit])[visit].verdict is CorrectionVerdict.IGNORED
    assert stores.devices.get("front-door").told_state is None
    assert stores.devices.get("front-door").state(stores.now()) is DoorState.NEVER
