"""What a backup says of itself."""

from datetime import UTC, datetime

import msgspec
import pytest

from wsgi_app.stores.backups.manifest import FORMAT, KeptFile, Maker, Manifest, decoded, encoded, maker_of
from wsgi_app.stores.database_copies import Counts

FILES = (KeptFile("porteiro.db", "00", 4096, 1), KeptFile("photos/people/f1.png", "01", 10, 2))
MANIFEST = Manifest(
    format=FORMAT,
    at=datetime(2026, 1, 5, 10, tzinfo=UTC),
    version="0.1.0",
    schema="0008",
    counts=Counts(people=1, faces=1),
    files=FILES,
    lost=(),
    carried=(),
    settings={"PORTEIRO_TIMEZONE": "Europe/Lisbon"},
)


def test_it_is_read_as_it_was_written() -> None:
    assert decoded(encoded(MANIFEST)) == MANIFEST
    assert (MANIFEST.size, MANIFEST.photos) == (4106, 1)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../porteiro.db",
        "a/../../b",
        "a//b",
        "a/",
        "a/.",
        "./a",
        "..",
        "a\0b",
        "photos/people/f1.png",
    ],
)
def test_a_name_that_leads_elsewhere_or_is_there_twice_is_refused(name: str) -> None:
    odd = msgspec.structs.replace(MANIFEST, files=(*FILES, KeptFile(name, "00", 1, 1)))

    with pytest.raises(ValueError):  # noqa: PT011  (whoever reads it says what is damaged)
        decoded(encoded(odd))


@pytest.mark.parametrize("name", ["..a", ".hidden", "networks/pack/my net.onnx", "a...b/c"])
def test_odd_names_are_names(name: str) -> None:
    odd = msgspec.structs.replace(MANIFEST, files=(*FILES, KeptFile(name, "00", 1, 1)))

    assert decoded(encoded(odd)) == odd


@pytest.mark.parametrize("data", [b"", b"[1]", encoded(msgspec.structs.replace(MANIFEST, files=FILES[1:]))])
def test_what_is_none_or_has_no_database_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (whoever reads it says what is damaged)
        decoded(data)


def test_a_newer_format_says_who_made_it() -> None:
    assert maker_of(b'{"format": 9, "version": "2.0", "files": "elsewhere"}') == Maker(9, "2.0")
