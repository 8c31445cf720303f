"""What happens before uWSGI does anything."""

import sys
from pathlib import Path

import pytest

from tests.servers import LocalPorts
from wsgi_app.base.errors import ConfigError
from wsgi_app.front.start import prepare


def test_the_folders_that_uwsgi_writes_to_are_made(tmp_path: Path) -> None:
    prepare({"PORTEIRO_DATA": str(tmp_path / "a" / "b"), **LocalPorts().settings})

    run = tmp_path / "a" / "b" / "run"
    assert sorted(path.name for path in run.parent.iterdir()) == ["log", "run"]
    assert sorted(path.name for path in run.iterdir()) == ["environment", "reload"]
    assert (run / "environment").readlink() == Path(sys.prefix)


def test_a_second_start_finds_what_the_first_one_made(tmp_path: Path) -> None:
    settings = {"PORTEIRO_DATA": str(tmp_path), **LocalPorts().settings}
    prepare(settings)
    (tmp_path / "run" / "environment").unlink()
    (tmp_path / "run" / "environment").symlink_to("/no/such/folder")
    prepare(settings)

    assert (tmp_path / "run" / "environment").readlink() == Path(sys.prefix)


def test_behind_nginx_the_ports_of_the_local_run_do_not_count(tmp_path: Path) -> None:
    prepare(
        {
            "PORTEIRO_DATA": str(tmp_path / "data"),
            "PORTEIRO_HTTP": "192.0.2.1:80",
            "PORTEIRO_SOCKET": str(tmp_path / "porteiro.sock"),
        }
    )


def test_a_setting_that_cannot_be_used_leaves_no_trace(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^PORTEIRO_HTTP='192\.0\.2\.1:80': "):
        prepare({"PORTEIRO_DATA": str(tmp_path / "data"), "PORTEIRO_HTTP": "192.0.2.1:80"})

    assert list(tmp_path.iterdir()) == []
