from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wsgi_app.base.clocks import BOOT, UPTIME, Clocks, read_clocks

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("later", "drift"),
    [
        (Clocks(NOW + HOUR, "one", DAY + HOUR), timedelta(0)),
        (Clocks(NOW + DAY, "one", DAY + HOUR), 23 * HOUR),
        (Clocks(NOW - DAY, "one", DAY + HOUR), -25 * HOUR),
        (Clocks(NOW + HOUR, "two", HOUR), None),
        (Clocks(NOW + HOUR, "one", HOUR), None),  # a container's own uptime, which was started anew
    ],
)
def test_the_time_of_day_is_held_against_what_has_passed(later: Clocks, drift: timedelta | None) -> None:
    assert later.drift(Clocks(NOW, "one", DAY)) == drift


def test_where_no_boot_is_told_nobody_knows_what_has_passed() -> None:
    assert Clocks(NOW + HOUR, "", HOUR).drift(Clocks(NOW, "", timedelta(0))) is None


def test_the_machine_was_started_as_long_ago_as_it_is_up() -> None:
    assert Clocks(NOW, "one", DAY).started == NOW - DAY


def test_this_machine_tells_its_own_time() -> None:
    clocks = read_clocks(NOW)

    assert len(clocks.boot) == 36
    assert clocks.drift(read_clocks(NOW)) is not None
    assert clocks.uptime > timedelta(0)


@pytest.mark.parametrize(("boot", "uptime"), [("one\n", ""), ("one\n", "soon 1.0"), (None, "5.0 1.0")])
def test_what_tells_nothing_that_can_be_read_is_no_evidence(
    tmp_path: Path, boot: str | None, uptime: str
) -> None:
    (tmp_path / BOOT).parent.mkdir(parents=True)
    (tmp_path / UPTIME).write_text(uptime)
    if boot is not None:
        (tmp_path / BOOT).write_text(boot)

    assert read_clocks(NOW, tmp_path) == Clocks(NOW, "", timedelta(0))


def test_the_files_are_read_as_linux_writes_them(tmp_path: Path) -> None:
    (tmp_path / BOOT).parent.mkdir(parents=True)
    (tmp_path / BOOT).write_text("c2f9010f-874e-4939-8938-4275929a080d\n")
    (tmp_path / UPTIME).write_text("38653.83 5768.90\n")

    assert read_clocks(NOW, tmp_path) == Clocks(
        NOW, "c2f9010f-874e-4939-8938-4275929a080d", timedelta(seconds=38653.83)
    )
