"""Whether the server lives, and whether it could answer the door now."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.servers import InProcessServer, post_photo, served
from wsgi_app import __version__
from wsgi_app.base.counters import Tally
from wsgi_app.base.logs import set_up_logs
from wsgi_app.house.house import House
from wsgi_app.stores.backups.state import BackupState, write_state
from wsgi_app.stores.database import Database
from wsgi_app.vision.packs import pack_in


def test_a_live_process_says_so(server: InProcessServer) -> None:
    answer = server.ask("GET", "/health/live")

    assert (answer.status, answer.json) == (200, {"status": "OK", "version": __version__})
    assert answer.headers["Cache-Control"] == "no-store"


def test_ready_means_that_the_networks_and_the_database_answered(
    server: InProcessServer, pack_folder: Path
) -> None:
    answer = server.ask("GET", "/health/ready")

    assert (answer.status, answer.json) == (
        200,
        {
            "status": "OK",
            "version": __version__,
            "pack": pack_in(pack_folder).name,
            "people": 0,
            "backup": None,
        },
    )


def test_ready_says_how_old_the_last_backup_is_and_answers_all_the_same(house: House) -> None:
    wanted = served(house, backup=Path("/mnt/backup"))

    def told(state: BackupState) -> object:
        write_state(house.config.data, state)
        answer = wanted.ask("GET", "/health/ready")
        return answer.status, answer.json["backup"]

    at = house.stores.now() - timedelta(hours=2)
    assert told(BackupState()) == (200, {"ok": False, "age_s": None})
    assert told(BackupState(at=at)) == (200, {"ok": True, "age_s": 7200})
    assert told(BackupState(at=at, why="/mnt/backup is full")) == (200, {"ok": False, "age_s": 7200})


class Untouchable:
    """Whoever touches it fails."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(name)


def test_a_live_process_touches_nothing_but_itself(house: House) -> None:
    untouchable: Any = Untouchable()
    alone = replace(
        house,
        stores=untouchable,
        pipeline=untouchable,
        gallery=untouchable,
        tally=Tally(untouchable),
        identifier=untouchable,
        secret=untouchable,
    )

    assert served(alone).ask("GET", "/health/live").status == 200


def remove(database: Database) -> None:
    database.path.unlink()


def make_read_only(database: Database) -> None:
    database.path.chmod(0o444)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (remove, "The database's file was replaced or removed"),
        (make_read_only, "The database may not be written to"),
    ],
)
def test_what_is_wrong_with_the_database_is_said_and_told_to_the_log_once(
    server: InProcessServer,
    house: House,
    photo: Callable[[str], bytes],
    fault: Callable[[Database], None],
    why: str,
) -> None:
    stream = io.StringIO()
    set_up_logs("info", stream)
    fault(house.stores.database)

    answers = [server.ask("GET", "/health/ready") for _ in range(3)]
    answers += [post_photo(server, "/", photo("nobody-1")) for _ in range(3)]

    assert {(answer.status, answer.error) for answer in answers} == {(503, "unavailable")}
    assert all(answer.json["error"]["message"].startswith(why) for answer in answers)
    written = stream.getvalue()
    assert written.count("the database cannot be used") == 1
    assert "Traceback" not in written
    assert list(house.stores.photos.days()) == []  # nothing was kept of the presses
    assert server.ask("GET", "/health/live").status == 200
