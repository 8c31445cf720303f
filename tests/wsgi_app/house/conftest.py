import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packs import FileServer, described_pack, use_catalogue
from wsgi_app.base.config import Config, load_config


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that stands for the one shipped with Porteiro; none of its packs is here yet."""
    folder = tmp_path / "shipped"
    use_catalogue(monkeypatch, folder, *map(described_pack, ("embedded", "zoo", "other")))
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config({"PORTEIRO_DATA": str(tmp_path / "data")})


@pytest.fixture
def file_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with FileServer() as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
