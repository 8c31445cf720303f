import argparse
import importlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pi_client import __version__
from pi_client.cli import main
from pi_client.commands import off
from pi_client.errors import CameraWedged, DoorConfigError, DoorError, HardwareError
from tests.pi_client.commands.material import settings_file
from tests.pi_client.commands.processes import PHOTOS, ended

COMMANDS = ("run", "check", "setup", "simulate", "off")

# A machine without a Raspberry Pi's libraries, whichever are installed here.
BARE = """
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("RPi", "lgpio", "picamera2", "libcamera"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from pi_client.cli import main
sys.exit(main())
"""


def bare() -> Sequence[str]:
    """The program on such a machine."""
    return (sys.executable, "-c", BARE)


@pytest.mark.parametrize("command", COMMANDS)
def test_point_1_every_command_explains_itself_where_there_is_no_raspberry_pi(command: str) -> None:
    done = ended(command, "--help", program=bare())
    module = importlib.import_module(f"pi_client.commands.{command}")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: porteiro-door {command} ")
    assert " ".join(str(module.__doc__).split())[:60] in " ".join(done.stdout.split())


def test_point_1_the_program_names_all_its_commands() -> None:
    done = ended("--help", program=bare())

    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^    (\w+) ", done.stdout, re.MULTILINE) == list(COMMANDS)
    assert "PORTEIRO_DOOR_SERVER_URL for server.url" in " ".join(done.stdout.split())


@pytest.mark.parametrize("command", ["run", "off"])
def test_point_1_where_there_are_no_pins_that_is_said_with_what_to_do(tmp_path: Path, command: str) -> None:
    file = settings_file(tmp_path, "http://127.0.0.1:9", token="")
    done = ended(command, "--config", str(file), program=bare())

    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == (
        "porteiro-door: RPi.GPIO: No module named 'RPi'. Install it with: sudo apt install "
        "python3-rpi-lgpio, and make a virtual environment with --system-site-packages. On a machine without "
        "pins, such as a laptop, add --sim.\n"
    )


def test_the_journal_is_told_that_nobody_may_miss_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")

    assert main(["run"]) == 78
    assert capsys.readouterr().err == (
        "<2>server.url is not set: whom to ask? Set it with: porteiro-door setup.\n"
    )


def test_a_machine_that_is_no_raspberry_pi_is_not_taken_for_a_simulated_one(tmp_path: Path) -> None:
    file = settings_file(tmp_path, "http://127.0.0.1:9", token="")
    done = ended("run", "--config", str(file), "--photos", str(PHOTOS))

    assert (done.returncode, done.stdout) == (78, "")
    assert "--sim" in done.stderr


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DoorConfigError("server.url is not set."), 78),
        (HardwareError("GPIO 18 (gpio.button): GPIO busy."), 78),
        (CameraWedged("The camera neither answers nor closes."), 70),
        (DoorError("It does not work."), 70),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_its_exit_status(
    error: DoorError, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(options: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(off, "execute", fail)

    assert main(["off"]) == status
    assert tuple(capsys.readouterr()) == ("", f"porteiro-door: {error}\n")


def test_ctrl_c_ends_a_command_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(options: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(off, "execute", interrupted)

    assert main(["off"]) == 130
    assert tuple(capsys.readouterr()) == ("", "")


@pytest.mark.parametrize(
    "arguments", [[], ["open"], ["setup"], ["simulate"], ["check", "--sim", "--fault", "wall"]]
)
def test_a_line_that_makes_no_sense_is_answered_by_how_it_should_be(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)

    assert refused.value.code == 2
    assert capsys.readouterr().err.startswith("usage: porteiro-door ")


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as told:
        main(["--version"])

    assert (told.value.code, capsys.readouterr().out) == (0, f"porteiro-door {__version__}\n")
