"""Whether the server lives, and whether it could answer the door now."""

from pathlib import Path

from tests.servers import InProcessServer
from wsgi_app import __version__
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
        {"status": "OK", "version": __version__, "pack": pack_in(pack_folder).name, "people": 0},
    )
