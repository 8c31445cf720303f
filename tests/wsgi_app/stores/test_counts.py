"""What was counted, over restarts."""

import json
from pathlib import Path

import pytest

from wsgi_app.base.counters import MOST_NAMES, ProcessCounters
from wsgi_app.stores.counts import CountsKeeper, read_counts, set_aside_unusable, write_counts

COUNTS = {"requests|door.answer|200": 2**62 - 1, "latency_us|door.answer": 0, "increase": 7}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where it is kept."""
    return tmp_path / "counters.json"


@pytest.mark.parametrize("counts", [{}, COUNTS, {f"outcomes|{number}": 1 for number in range(MOST_NAMES)}])
def test_what_was_kept_is_read_again(file: Path, counts: dict[str, int]) -> None:
    write_counts(file, counts)
    set_aside_unusable(file)

    assert read_counts(file) == counts
    assert (file.stat().st_mode & 0o777, list(file.parent.iterdir())) == (0o600, [file])


def test_before_the_first_start_there_is_nothing(file: Path) -> None:
    set_aside_unusable(file)

    assert list(file.parent.iterdir()) == []


def whole(counts: object = COUNTS, version: object = 1) -> bytes:
    """A file, whose check is right where it can be."""
    return json.dumps({"version": version, "check": 3, "counts": counts}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 4096,
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        100_000 * b"[",
        b'{"version": 1, "counts": {}}',
        whole(),
        whole(version=2),
        whole({"increase": -1}),
        whole({"increase": 2**64}),
        whole({"increase": 1.5}),
        whole({"increase": "1"}),
        whole([1, 2]),
        bytes(2_000_000),
    ],
)
def test_what_is_no_such_file_is_set_aside_and_told(
    file: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(data)

    set_aside_unusable(file)

    assert (file.exists(), file.with_name("counters.damaged.json").read_bytes()) == (False, data)
    assert capsys.readouterr().out.count("what was counted cannot be read, so counting begins anew") == 1


@pytest.mark.parametrize(
    "counts",
    [
        {"requests|door.answer": 1},
        {"outcomes": 1},
        {"latency_us|a|b": 1},
        {"": 1},
        {"a b": 1},
        {'requests|"|200': 1},
        {"outcomes|" + 200 * "x": 1},
        {f"outcomes|{number}": 1 for number in range(MOST_NAMES + 1)},
    ],
)
def test_what_nobody_counts_is_not_taken(file: Path, counts: dict[str, int]) -> None:
    write_counts(file, counts)

    with pytest.raises(ValueError, match=r"^nothing of Porteiro's counts so$"):
        read_counts(file)


def test_a_digit_that_a_disk_changed_is_noticed(file: Path) -> None:
    write_counts(file, COUNTS)
    file.write_bytes(file.read_bytes().replace(b'"increase":7', b'"increase":8'))

    with pytest.raises(ValueError, match=r"^it was changed$"):
        read_counts(file)


def test_a_link_or_a_folder_in_its_place_is_set_aside(file: Path, tmp_path: Path) -> None:
    file.symlink_to("/dev/zero")
    set_aside_unusable(file)
    assert (file.is_symlink(), (tmp_path / "counters.damaged.json").is_symlink()) == (False, True)

    (tmp_path / "counters.damaged.json").unlink()
    file.mkdir()
    set_aside_unusable(file)
    assert (file.exists(), (tmp_path / "counters.damaged.json").is_dir()) == (False, True)


def test_the_file_is_written_where_something_was_counted_and_not_else(file: Path) -> None:
    counters = ProcessCounters()
    keeper = CountsKeeper(file, counters)

    keeper.keep()
    assert not file.exists()
    counters.add("increase", 3)
    keeper.keep()
    assert read_counts(file) == {"increase": 3}
    first = file.stat().st_ino
    keeper.keep()
    assert file.stat().st_ino == first
    counters.add("increase", 1)
    keeper.keep()
    assert read_counts(file) == {"increase": 4}


def test_where_it_cannot_be_written_the_log_says_so_once_until_it_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counters, folder = ProcessCounters(), tmp_path / "run"
    keeper = CountsKeeper(folder / "counters.json", counters)
    told = []
    for is_there in (False, False, True, False, False):
        counters.add("increase")
        if is_there:
            folder.mkdir()
        elif folder.exists():
            (folder / "counters.json").unlink()
            folder.rmdir()
        keeper.keep()
        told.append(capsys.readouterr().out.count("what is counted cannot be kept"))

    assert told == [1, 0, 0, 1, 0]


def test_that_no_name_fits_any_more_is_told_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counters = ProcessCounters()
    for number in range(MOST_NAMES):
        counters.add(f"outcomes|{number}")
    keeper = CountsKeeper(file, counters)
    for _ in range(3):
        counters.add("outcomes|0")
        keeper.keep()

    assert capsys.readouterr().out.count("the counters are full, and what is new is not counted") == 1
