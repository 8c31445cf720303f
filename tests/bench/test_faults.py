"""The randomised run of faults: what it finds wrong, and a run of some seconds."""

import hashlib
import random
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from PIL import Image

from bench.fault_doors import Guest, Ledger, SentPress, Told, ToldPerson, marked
from bench.fault_turns import drawn
from bench.faults import main
from bench.reckoning import Reckoning, reckoned

ANA = Guest("Ana", b"")
STRANGER = Guest("", b"")
PHOTO = b"a photo"
SHA256 = hashlib.sha256(PHOTO).hexdigest()
KEPT = Told("known", "v1", kept=True, person=ToldPerson("p1", "Ana"))
GREEN = SentPress("press", ANA, SHA256, [KEPT])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a visit of Ana's."""
    photo = tmp_path / "photos" / "visits" / "v1.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(PHOTO)
    engine = sa.create_engine(f"sqlite:///{tmp_path}/porteiro.db")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE visits (id, outcome, person_id, photo, photo_sha256)"))
        row = f"('v1', 'known', 'p1', 'visits/v1.jpg', '{SHA256}')"
        connection.execute(sa.text(f"INSERT INTO visits VALUES {row}"))
    engine.dispose()
    return tmp_path


def changed(data: Path, statement: str) -> None:
    engine = sa.create_engine(f"sqlite:///{data}/porteiro.db")
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def test_where_all_is_kept_as_it_was_told_nothing_is_wrong(data: Path) -> None:
    again = replace(GREEN, told=[KEPT, KEPT])
    unkept = SentPress("other", STRANGER, "0", [Told("unknown", "v2", kept=False, person=None)])

    assert reckoned(data, [again, unkept], [again, unkept]) == Reckoning(1, 1, (), (), ())


@pytest.mark.parametrize(
    ("fault", "press", "found"),
    [
        (
            lambda data: changed(data, "DELETE FROM visits"),
            GREEN,
            Reckoning(1, 0, ("press: its visit is not there",), (), ()),
        ),
        (
            lambda data: (data / "photos" / "visits" / "v1.jpg").write_bytes(b"another"),
            GREEN,
            Reckoning(1, 0, ("press: photo visits/v1.jpg is not there, or not what was sent",), (), ()),
        ),
        (
            lambda data: changed(
                data, "INSERT INTO visits SELECT 'v2', outcome, person_id, photo, photo_sha256 FROM visits"
            ),
            GREEN,
            Reckoning(1, 0, (), ("press: 2 visits",), ()),
        ),
        (
            lambda data: changed(data, "UPDATE visits SET outcome = 'unknown', person_id = NULL"),
            GREEN,
            Reckoning(1, 0, (), (), ("press: told 'known', kept 'unknown'", "press: told 'p1', kept ''")),
        ),
        (
            lambda _: None,
            replace(GREEN, guest=STRANGER),
            Reckoning(1, 0, (), (), ("press: a stranger was let in as Ana",)),
        ),
    ],
    ids=["visit lost", "photo lost", "doubled", "another verdict", "a stranger let in"],
)
def test_what_is_not_as_it_was_told_is_found(
    fault: Callable[[Path], object], press: SentPress, found: Reckoning, data: Path
) -> None:
    fault(data)

    assert reckoned(data, [press], [press]) == found


def test_a_press_that_is_told_as_two_visits_is_doubled(data: Path) -> None:
    press = replace(GREEN, told=[KEPT, Told("known", "v0", kept=True, person=KEPT.person)])

    assert reckoned(data, [press], [press]).doubled == ("press: told as ['v0', 'v1']",)


def test_what_is_told_later_does_not_count_yet() -> None:
    press = replace(GREEN, told=[KEPT])
    ledger = Ledger([press, replace(GREEN, told=[])])

    before = ledger.acknowledged()
    press.told.append(KEPT)

    assert before == [GREEN]


def test_one_seed_has_the_same_faults_each_time() -> None:
    def names(seed: int) -> list[list[str]]:
        chance = random.Random(seed)
        return [[fault.name for fault in drawn(chance, has_disk=True)] for _ in range(50)]

    assert names(1) == names(1) != names(2)
    assert {len(faults) for faults in names(1)} == {1, 2}


def test_without_a_disk_of_its_own_none_is_filled() -> None:
    chance = random.Random(1)
    assert not any(fault.needs_disk for _ in range(200) for fault in drawn(chance, has_disk=False))


def test_each_press_has_a_photo_of_its_own_that_shows_the_same() -> None:
    file = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "JPEG")
    plain, one = file.getvalue(), marked(file.getvalue(), "press")

    assert one != plain
    with closing(Image.open(BytesIO(one))) as image:
        assert (image.tobytes(), image.info["comment"]) == (Image.open(BytesIO(plain)).tobytes(), b"press")


@pytest.mark.long
def test_a_run_of_some_seconds_finds_nothing() -> None:
    done = CliRunner().invoke(main, ["--minutes", "0.5", "--seed", "3"])

    assert done.exit_code == 0, done.output
    figures = dict(re.findall(r"(?m)^(\S.*?) {2,}(\d+)$", done.output))
    assert [figures[name] for name in ("lost", "doubled", "wrong", "failures")] == ["0"] * 4
    assert int(figures["acknowledged"]) > 0
