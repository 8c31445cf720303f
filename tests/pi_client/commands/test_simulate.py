from collections.abc import Iterator
from pathlib import Path

import pytest

from pi_client.cli import main
from pi_client.commands.simulate import SERVER
from tests.pi_client.commands.material import HEARTBEAT, TOKEN, Well, settings_file
from tests.pi_client.commands.processes import (
    PHOTOS,
    door_process,
    ended,
    listing,
    press,
    until,
    watched,
    written_by,
)
from tests.pi_client.hostile_server import HostileServer
from tests.servers import free_port

NOWHERE = Path("/proc")  # where not even root can make a file
QUICK = {"leds": {"result_s": 1}}


@pytest.fixture
def well() -> Iterator[HostileServer]:
    """A server that knows whoever comes."""
    with HostileServer((Well(),)) as server:
        yield server


def token_file(folder: Path) -> str:
    """The file with the door's token."""
    file = folder / "front-door.token"
    file.write_text(TOKEN)
    return str(file)


def simulation(folder: Path, url: str, *options: str) -> tuple[str, ...]:
    """The command line of a simulator whose settings name a server."""
    file = settings_file(folder, url, token="", more=QUICK)
    return ("simulate", "--photos", str(PHOTOS), "--port", "0", "--config", str(file), *options)


def test_point_20_a_press_by_the_page_sends_a_photo_and_opens_the_door_and_nothing_is_written_to_disk(
    well: HostileServer, tmp_path: Path
) -> None:
    canary, home = tmp_path / "canary", str(NOWHERE)
    arguments = simulation(tmp_path, well.url, "--token-file", token_file(tmp_path))
    files, photos = set(listing(tmp_path)), listing(PHOTOS)
    places = {"HOME": home, "TMPDIR": home, "CANARY": str(canary)}
    with door_process(*arguments, program=watched(), folder=NOWHERE, **places) as door:
        page = door.page()
        until(lambda: HEARTBEAT in {request.path for request in well.requests})
        scenes = list(press(page))
        status = door.stop()
        written = written_by(door)

    granted = [scene for scene in scenes if scene["state"] == "granted"]
    (asked,) = [request for request in well.requests if request.method == "POST"]
    file, kind, photo = asked.parts()["file"]
    assert (file, kind) == ("door.jpg", "image/jpeg")
    assert photo in [picture.read_bytes() for picture in PHOTOS.glob("*.jpg")]
    assert [scene for scene in granted if scene["relay"] and "green" in scene["lamps"]]
    assert (status, written) == (0, [str(canary)])
    assert (set(listing(tmp_path)) - files, listing(PHOTOS)) == ({"canary"}, photos)
    assert TOKEN not in "".join(door.output.lines)


def test_without_a_token_green_is_lit_and_the_door_stays_shut(well: HostileServer, tmp_path: Path) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}"
    with door_process(*simulation(tmp_path, elsewhere, "--server", well.url)) as door:
        page = door.page()
        until(lambda: well.requests)
        scenes = list(press(page))
        status = door.stop()

    assert status == 0
    assert [scene for scene in scenes if "green" in scene["lamps"]]
    assert {scene["relay"] for scene in scenes} == {False}
    assert {request.headers.get("authorization") for request in well.requests} == {None}


def test_without_a_webcam_the_page_says_that_there_is_no_camera(well: HostileServer, tmp_path: Path) -> None:
    file = settings_file(tmp_path, well.url, token="")
    with door_process("simulate", "--webcam", "97", "--port", "0", "--config", str(file)) as door:
        line = door.output.wait_for(lambda line: "camera lost" in line)
        status = door.stop()

    assert (status, "There is no webcam, or another program has it" in line) == (0, True)


def test_a_port_that_is_taken_is_told_with_the_option_that_names_another(
    well: HostileServer, tmp_path: Path
) -> None:
    done = ended(*simulation(tmp_path, well.url, "--port", str(well.port)))

    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == (
        f"porteiro-door: Port {well.port} cannot be used: Address already in use; name another with --port.\n"
    )


def test_whom_it_asks_where_nobody_says_stands_in_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["simulate", "--help"])

    assert f"else as the settings say, or {SERVER}" in " ".join(capsys.readouterr().out.split())
