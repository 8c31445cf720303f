"""What happens where the server's semaphores are removed."""

from pathlib import Path

import pytest

from wsgi_app.live import semaphore_watch
from wsgi_app.live.semaphore_watch import SemaphoreWatch


def test_the_server_starts_anew_once_where_its_semaphores_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there, restarts = iter([True, True, False]), []
    monkeypatch.setattr(semaphore_watch, "are_there", lambda _: next(there))
    watch = SemaphoreWatch(tmp_path / "semaphores", lambda: restarts.append("now"))

    assert [watch.look() for _ in range(5)] == [True, True, False, False, False]
    assert restarts == ["now"]
    assert capsys.readouterr().out.count("the semaphores of the server are gone") == 1


def test_where_nobody_told_which_there_are_nothing_is_missed(tmp_path: Path) -> None:
    assert SemaphoreWatch(tmp_path / "semaphores", lambda: None).look()
