from collections.abc import Callable
from pathlib import Path

import pytest

from pi_client.vitals import read_boot_id, read_signal_dbm, read_temperature_c

TEMPERATURE = "class/thermal/thermal_zone0/temp"
WIRELESS = "net/wireless"
BOOT_ID = "sys/kernel/random/boot_id"

HEADER = """\
Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
"""


def written(root: Path, name: str, content: str | bytes) -> Path:
    file = root / name
    file.parent.mkdir(parents=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("47774\n", 47.774),
        ("0\n", 0.0),
        ("-5500\n", -5.5),
        ("", None),
        ("\n", None),
        ("warm\n", None),
        ("nan\n", None),
        ("1_000\n", None),
        ("47774 48000\n", None),
        ("-274000\n", None),
        ("999999999\n", None),
        ("9" * 1_000_000, None),
        (b"\xff\xfe\x00", None),
    ],
)
def test_the_temperature_comes_in_degrees_or_not_at_all(
    tmp_path: Path, content: str | bytes, expected: float | None
) -> None:
    assert read_temperature_c(written(tmp_path, TEMPERATURE, content)) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (HEADER + " wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0\n", -56.0),
        (HEADER + "wlan0: 0000   54  -56  -256  0 0 0 0 0 0\n", -56.0),
        (HEADER + " wlan1: 0000 0. 0. 0 0 0 0 0 0 0\n wlan0: 0000 40. -70. -256 0 0 0 0 0 0\n", -70.0),
        (HEADER, None),
        ("", None),
        (HEADER + " wlan0: 0000   54.   70.  -256        0      0      0      0      0        0\n", None),
        (HEADER + " wlan0: 0000\n", None),
        (HEADER + " wlan0: 0000 54. loud -256\n", None),
        (HEADER + " wlan0: 0000 54. -999. -256\n", None),
        (b"\x00" * 100, None),
    ],
)
def test_the_signal_comes_in_dbm_of_the_first_card_that_tells(
    tmp_path: Path, content: str | bytes, expected: float | None
) -> None:
    assert read_signal_dbm(written(tmp_path, WIRELESS, content)) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("3f0a9f0e-93d5-4a1c-8f8c-0f6a4a1f7d11\n", "3f0a9f0e-93d5-4a1c-8f8c-0f6a4a1f7d11"),
        ("", None),
        ("3f0a9f0e\n", None),
        ("3f0a9f0e-93d5-4a1c-8f8c-0f6a4a1f7d11\r\nX-Header: 1\n", None),
    ],
)
def test_the_boot_id_is_a_uuid_or_nothing(tmp_path: Path, content: str, expected: str | None) -> None:
    assert read_boot_id(written(tmp_path, BOOT_ID, content)) == expected


@pytest.mark.parametrize(
    ("name", "read"),
    [(TEMPERATURE, read_temperature_c), (WIRELESS, read_signal_dbm), (BOOT_ID, read_boot_id)],
)
def test_what_is_missing_no_file_or_without_end_is_nothing(
    tmp_path: Path,
    name: str,
    read: Callable[[Path], float | str | None],
) -> None:
    assert read(tmp_path) is None
    file = tmp_path / name
    file.mkdir(parents=True)
    assert read(tmp_path) is None
    file.rmdir()
    file.symlink_to("/dev/zero")
    assert read(tmp_path) is None


def test_this_machine_can_be_asked() -> None:
    assert read_boot_id() == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert isinstance(read_temperature_c(), float | None)
    assert isinstance(read_signal_dbm(), float | None)
