"""How files of backups are written."""

import os
import tracemalloc
from io import BytesIO
from pathlib import Path

import pyrage
import pytest

from wsgi_app.stores.backups.forms import PLAIN, BackupForm, Damaged, Sealed, Tap, bech32

SALT = bytes(range(16))
DATA = os.urandom(300_000)


@pytest.fixture(scope="module", params=["plain", "sealed"])
def form(request: pytest.FixtureRequest) -> BackupForm:
    return PLAIN if request.param == "plain" else Sealed("correct horse", SALT)


def put(form: BackupForm, data: bytes) -> bytes:
    out = BytesIO()
    form.put(Tap(BytesIO(data)), Tap(out))
    return out.getvalue()


def take(form: BackupForm, data: bytes) -> bytes:
    out = BytesIO()
    form.take(Tap(BytesIO(data)), Tap(out))
    return out.getvalue()


@pytest.mark.parametrize("size", [0, 1, 65_536, 300_000])
def test_what_is_put_is_taken(form: BackupForm, size: int) -> None:
    assert take(form, put(form, DATA[:size])) == DATA[:size]


def test_without_the_passphrase_nothing_is_to_be_seen() -> None:
    sealed = put(Sealed("correct horse", SALT), b"Ana lives here" * 1000)

    assert b"Ana lives here" not in sealed
    with pytest.raises(Damaged):
        take(Sealed("another one", SALT), sealed)
    with pytest.raises(Damaged):
        take(Sealed("correct horse", SALT[::-1]), sealed)


@pytest.mark.parametrize(
    "changed",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data[:1000] + bytes([data[1000] ^ 1]) + data[1001:],
        lambda data: b"",
        lambda data: b"x" + data,
        lambda data: data + b"x",
    ],
)
def test_whatever_is_changed_is_noticed(changed: object) -> None:
    assert callable(changed)
    form = Sealed("correct horse", SALT)

    with pytest.raises(Damaged):
        take(form, changed(put(form, DATA)))


def test_the_passphrase_is_known_by_what_is_kept_of_it() -> None:
    one, same, other = Sealed("correct horse", SALT), Sealed("correct horse", SALT), Sealed("horse", SALT)

    assert same.opens(one.sealing)
    assert not other.opens(one.sealing)
    assert Sealed("correct horse").sealing.salt != Sealed("correct horse").sealing.salt


class FullDisk(BytesIO):
    def write(self, _: object) -> int:
        raise OSError(28, "No space left on device")


class BadDisk(BytesIO):
    def read(self, _: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")


def test_what_is_wrong_with_a_disk_is_said_as_it_is(form: BackupForm) -> None:
    for act, data in ((form.put, DATA), (form.take, put(form, DATA))):
        target = Tap(FullDisk())
        with pytest.raises(OSError, match="No space") as full:
            act(Tap(BytesIO(data)), target)
        assert full.value is target.error
        with pytest.raises(OSError, match="Input/output"):
            act(Tap(BadDisk()), Tap(BytesIO()))


def test_what_passes_is_counted_and_hashed() -> None:
    tap = Tap(BytesIO(b"abc"))

    PLAIN.put(tap, Tap())

    assert tap.size == 3
    assert tap.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_memory_does_not_grow_with_a_file(form: BackupForm, tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(100_000_000)
    tracemalloc.start()
    try:
        with (tmp_path / "large").open("rb") as source, (tmp_path / "out").open("wb") as target:
            form.put(Tap(source), Tap(target))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 10_000_000


def test_keys_are_written_as_age_reads_them() -> None:
    assert bech32("a", b"") == "a12uel5l"  # of BIP 173
    for secret in (bytes(32), bytes(range(32)), b"\xff" * 32):
        written = bech32("age-secret-key-", secret).upper()
        assert str(pyrage.x25519.Identity.from_str(written)) == written
