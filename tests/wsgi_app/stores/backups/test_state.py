"""How the last backup went."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from wsgi_app.stores.backups.state import FILE, BackupState, read_state, write_state


def test_it_is_read_as_it_was_kept(tmp_path: Path) -> None:
    state = BackupState(at=datetime(2026, 1, 5, tzinfo=UTC), files=3, size=10, folders=("/mnt/backup",))

    write_state(tmp_path, state)

    assert read_state(tmp_path) == state


@pytest.mark.parametrize("data", [None, b"", b"{", b'{"files": "many"}', b"\xff"])
def test_what_cannot_be_read_is_as_before_the_first_backup(tmp_path: Path, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / FILE).write_bytes(data)

    assert read_state(tmp_path) == BackupState()
