"""Whether the server lives, and whether it could answer the door now."""

from datetime import timedelta
from pathlib import Path

from tests.servers import InProcessServer, served
from wsgi_app import __version__
from wsgi_app.house.house import House
from wsgi_app.stores.backups.state import BackupState, write_state
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
