"""Each part on trial: acceptance point 22."""

import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from wsgiref.simple_server import make_server
from wsgiref.types import StartResponse
from wsgiref.util import shift_path_info

import pytest

from pi_client import __version__
from pi_client.cli import main
from pi_client.commands.check import SIMULATED_FAULTS, Subject, findings, report
from pi_client.commands.options import Hardware, boot_id
from pi_client.commands.trials import LAMP_S
from pi_client.config import load_config
from pi_client.fakes.camera import CameraFault, FakeCamera
from pi_client.fakes.pins import FakePins
from pi_client.lamps import Lamp
from pi_client.machine import State
from pi_client.ports import Pins
from tests.pi_client.commands.material import HEARTBEAT, TOKEN, Well, settings_file
from tests.pi_client.commands.processes import PHOTOS, PROGRAM, environ_with
from tests.pi_client.fake_lgpio.rigs import GPIO, RELAY, RIGS, FailsToImport, chip_rig, modules, rpi_lgpio
from tests.pi_client.hostile_server import HostileServer, always, heard
from tests.servers import STOP_S, free_port
from wsgi_app.access.evidence import token_key
from wsgi_app.app import Application
from wsgi_app.house.house import House
from wsgi_app.lab.__main__ import QuietHandler
from wsgi_app.routes import ROUTES
from wsgi_app.web.rendering import Pages
from wsgi_app.web.routing import Router

# What is broken: the part that fails, and what is said of it. Nothing broken, and all is well.
FAULTS = {
    "": ("", "All is well."),
    "button": ("button", "The button reads as pressed: is it wired between gpio.button and ground?"),
    "absent": ("camera", "There is no camera."),
    "busy": ("camera", "Another program has the camera."),
    "hang": ("camera", "The camera does not come back: switch the Pi off"),
    "wedged": ("camera", "The camera does not come back: switch the Pi off"),
    "timeout": ("camera", "No frame came in time."),
    "truncated": ("camera", "The camera gave a photo that is cut off"),
}


@pytest.fixture
def porteiro(house: House) -> Iterator[str]:
    """The address of the server's real application, over HTTP."""
    application = Application(house, Pages(), Router(ROUTES))

    def mounted(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        shift_path_info(environ)
        return application(environ, start_response)

    with make_server("127.0.0.1", 0, mounted, handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{house.config.prefix}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def well() -> Iterator[HostileServer]:
    """A server that knows the door of the settings."""
    with HostileServer((Well(),)) as server:
        yield server


def subject_of(
    folder: Path,
    url: str,
    hardware: Callable[[], Hardware] | None = None,
    service: str = "",
    token: str = TOKEN,
) -> Subject:
    """A simulated device; nobody waits while a lamp is on."""
    config = load_config(settings_file(folder, url, token), {})
    return Subject(config, hardware or simulated, service, lambda _: None)


def simulated(pins: Pins | None = None, fault: CameraFault | None = None) -> Hardware:
    """Hardware of which one part may be broken."""
    camera = FakeCamera(PHOTOS, lambda: 0.0)
    if fault:
        camera.break_by(fault)
    return Hardware(pins or FakePins(), camera)


def failing(subject: Subject) -> list[tuple[str, str]]:
    """The parts that do not work, and what is told of them."""
    return [(part, told) for part, told, is_well in findings(subject) if not is_well]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, list[str]]]:
    """What ``check --sim`` gives with each fault, as processes of their own that run at the same time."""
    folder = tmp_path_factory.mktemp("checked")
    with HostileServer((Well(),)) as server:
        file = settings_file(folder, server.url, more={"camera": {"warmup_s": 0, "capture_timeout_s": 0.5}})
        command = [*PROGRAM, "check", "--config", str(file)]
        simulation = ["--sim", "--photos", str(PHOTOS)]
        processes = {
            fault: subprocess.Popen(
                [*command, *simulation, *(["--fault", fault] if fault else [])],
                env=environ_with(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for fault in FAULTS
        }
        said = {fault: process.communicate(timeout=STOP_S)[0] for fault, process in processes.items()}
    return {fault: (process.returncode, said[fault].splitlines()) for fault, process in processes.items()}


@pytest.mark.parametrize("fault", FAULTS)
def test_point_22_a_part_that_is_broken_is_named_and_the_others_are_tried_all_the_same(
    checked: dict[str, tuple[int, list[str]]], fault: str
) -> None:
    part, told = FAULTS[fault]
    status, lines = checked[fault]
    parts = ["settings", "button", "lamps", "camera", "server", "token"]

    assert status == (1 if fault else 0)
    assert [tuple(line.split()[:2]) for line in lines[:-1]] == [
        ("FAIL" if name == part else "ok", name) for name in parts
    ]
    assert told in next((line for line in lines if line.startswith("FAIL")), lines[-1])
    assert lines[-1] == ("1 of the device's parts need a hand." if fault else "All is well.")


def test_every_fault_that_can_be_simulated_is_among_them() -> None:
    assert set(FAULTS) == {"", *SIMULATED_FAULTS}
    assert {fault.value for fault in CameraFault} < set(SIMULATED_FAULTS)


def test_point_22_a_simulated_device_and_the_real_server_are_well(
    porteiro: str, house: House, tmp_path: Path
) -> None:
    house.stores.devices.add("front-door", token_key(TOKEN))
    told = list(findings(subject_of(tmp_path, porteiro)))

    photo_kb = len((PHOTOS / "ana-1.jpg").read_bytes()) / 1000
    assert told == [
        ("settings", f"the server is {porteiro}", True),
        ("button", "not pressed, as it should be", True),
        ("lamps", "each was on for a moment: yellow, green, red, then the buzzer if there is one", True),
        ("camera", f"a photo of {photo_kb:.0f} kB in {told[3][1].split()[-2]} ms", True),
        ("server", "it is there and well", True),
        ("token", "the server accepts it", True),
    ]
    heard = house.stores.devices.get("front-door").vitals
    assert heard is not None
    assert (heard.state, heard.camera_ok, heard.version) == ("starting", True, __version__)


def test_point_22_a_token_that_the_real_server_does_not_know_fails(
    porteiro: str, house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house.stores.devices.add("front-door", token_key(f"{TOKEN[:-1]}x"))

    assert report(subject_of(tmp_path, porteiro)) == 1

    told = capsys.readouterr().out
    assert "\nFAIL  token     The server does not take this device's report: its log says why." in told
    assert TOKEN not in told


def test_point_22_a_server_that_does_not_answer_fails_and_the_token_is_not_blamed(tmp_path: Path) -> None:
    subject = subject_of(tmp_path, f"http://127.0.0.1:{free_port()}")

    assert failing(subject) == [
        ("server", "No Porteiro answers: check server.url with its prefix, the network, and server.ca_file.")
    ]


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        ("", "an earlier release, whose answers this device does not trust: update the server."),
        ("3", "a later release, whose answers this device cannot check: update this device."),
    ],
)
def test_where_one_of_the_two_is_too_old_it_says_which(tmp_path: Path, evidence: str, told: str) -> None:
    with HostileServer((always(200), heard(204, evidence))) as server:
        assert failing(subject_of(tmp_path, server.url)) == [("token", f"The server is of {told}")]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o777])
def test_a_token_that_others_can_read_fails_whatever_the_server_says(
    well: HostileServer, tmp_path: Path, mode: int
) -> None:
    subject = subject_of(tmp_path, well.url)
    file = tmp_path / "token"
    file.chmod(mode)

    [(part, told)] = failing(subject)

    assert part == "token"
    assert told.startswith(f"Others on this machine can read or change {file}: sudo chmod 600 {file}. ")


def test_a_signature_that_the_server_does_not_take_is_named(tmp_path: Path) -> None:
    refusal = b'{"error": {"code": "bad_signature"}}'
    with HostileServer((always(200), always(401, refusal))) as server:
        [(part, told)] = failing(subject_of(tmp_path, server.url))

    assert (part, told.partition(":")[0]) == (
        "token",
        "The server cannot make out by the signature that this device asks",
    )


def test_a_server_that_says_that_it_is_not_well_fails(tmp_path: Path) -> None:
    with HostileServer((always(503),)) as server:
        assert [part for part, _ in failing(subject_of(tmp_path, server.url))] == ["server"]


def test_without_a_token_none_is_tried(well: HostileServer, tmp_path: Path) -> None:
    told = list(findings(subject_of(tmp_path, well.url, token="")))

    assert [part for part, _, _ in told] == ["settings", "button", "lamps", "camera", "server"]
    assert [request.path for request in well.requests] == ["/porteiro/health/live"]


def test_each_lamp_is_lit_in_turn_and_all_is_off_and_given_back_at_the_end(
    well: HostileServer, tmp_path: Path
) -> None:
    pins, slept = FakePins(), list[float]()
    subject = replace(subject_of(tmp_path, well.url, lambda: simulated(pins)), sleep=slept.append)

    assert failing(subject) == []
    assert [moment.lit for moment in pins.history] == [*(frozenset({lamp}) for lamp in Lamp), frozenset()]
    assert (pins.closed, slept) == (True, [LAMP_S] * len(Lamp))


@pytest.mark.parametrize("rig", RIGS)
def test_real_pins_pass_and_no_trial_closes_the_relay(well: HostileServer, tmp_path: Path, rig: str) -> None:
    with RIGS[rig]() as bench:
        assert failing(subject_of(tmp_path, well.url, lambda: simulated(bench.pins))) == []
        assert (bench.lit(), bench.relay_is_closed()) == (frozenset(), False)


def test_a_pin_that_breaks_meanwhile_is_told_and_the_rest_is_tried(
    well: HostileServer, tmp_path: Path
) -> None:
    with chip_rig(rpi_lgpio) as bench:
        bench.chip.lines[GPIO.green].is_broken = True
        told = list(findings(subject_of(tmp_path, well.url, lambda: simulated(bench.pins))))

    assert [(part, is_well) for part, _, is_well in told] == [
        ("settings", True),
        ("button", True),
        ("lamps", False),
        ("camera", True),
        ("server", True),
        ("token", True),
    ]
    assert told[2][1] == "LgpioError: 'bad GPIO write'"
    assert bench.chip.level(RELAY.pin) == 0


def test_the_server_hears_that_the_camera_does_not_work(well: HostileServer, tmp_path: Path) -> None:
    subject = subject_of(tmp_path, well.url, lambda: simulated(fault=CameraFault.ABSENT))

    assert failing(subject) == [("camera", "There is no camera.")]
    assert (well.requests[-1].path, well.requests[-1].json()["camera_ok"]) == (HEARTBEAT, False)


STATES = {
    **{
        state.value: (f"porteiro-door runs, and has pins and camera: {state.value}", True)
        for state in (
            State.READY,
            State.CAPTURING,
            State.UPLOADING,
            State.GRANTED,
            State.REFUSED,
            State.WAITING,
        )
    },
    "starting": (
        "porteiro-door has not said yet how it is; wait a moment: journalctl -u porteiro-door says more.",
        False,
    ),
    "degraded": ("porteiro-door runs without a camera: journalctl -u porteiro-door says more.", False),
    "failed": (
        "porteiro-door has just had a press that failed: journalctl -u porteiro-door says more.",
        False,
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_of_a_service_that_runs_nothing_is_taken_away(
    well: HostileServer, tmp_path: Path, state: str
) -> None:
    told, is_well = STATES[state]
    subject = subject_of(tmp_path, well.url, lambda: pytest.fail("the service has them"), state)

    assert list(findings(subject)) == [
        ("settings", f"the server is {well.url}", True),
        ("service", told, is_well),
        ("server", "it is there and well", True),
        ("token", "the server accepts it", True),
    ]
    heard = well.requests[-1].json()
    assert (heard["state"], heard["camera_ok"], heard["boot"]) == (state, is_well, boot_id())


def test_every_state_of_a_door_that_runs_is_judged() -> None:
    assert set(STATES) == {state.value for state in State if state is not State.STOPPED}


def systemd_that_says(folder: Path, text: str) -> str:
    """A folder for PATH, with a systemctl in it."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "systemctl").write_text(f"#!/bin/sh\nprintf '%s\\n' {text}\n")
    (programs / "systemctl").chmod(0o755)
    return str(programs)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "ActiveState=active StatusText=ready",
            "ok    service   porteiro-door runs, and has pins and camera",
        ),
        ("ActiveState=active StatusText=degraded", "FAIL  service   porteiro-door runs without a camera"),
        ("ActiveState=active StatusText=", "FAIL  service   porteiro-door has not said yet how it is"),
        (
            "ActiveState=activating StatusText=ready",
            "FAIL  service   porteiro-door has not said yet how it is",
        ),
        ("ActiveState=inactive StatusText=ready", "FAIL  pins      RPi.GPIO: No module named 'RPi'. Install"),
        ("ActiveState=failed StatusText=", "FAIL  service   porteiro-door has failed: journalctl"),
        ("Unknown", "FAIL  pins      RPi.GPIO: No module named 'RPi'. Install"),
    ],
)
def test_systemd_is_asked_whether_the_service_has_the_parts(
    well: HostileServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    line: str,
) -> None:
    monkeypatch.setenv("PATH", systemd_that_says(tmp_path, text))
    file = settings_file(tmp_path, well.url)
    with modules({}):
        monkeypatch.setattr("sys.meta_path", [FailsToImport(ModuleNotFoundError("No module named 'RPi'"))])
        status = main(["check", "--config", str(file)])

    told = capsys.readouterr().out.splitlines()
    assert told[1].startswith(line)
    assert (status, told[-3:-1]) == (
        int(line.startswith("FAIL")),
        ["ok    server    it is there and well", "ok    token     the server accepts it"],
    )


def test_a_machine_without_systemd_has_no_service(
    well: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = RuntimeError("This module can only be run on a Raspberry Pi!")
    with modules({}):
        monkeypatch.setattr("sys.meta_path", [FailsToImport(error)])
        status = main(["check", "--config", str(settings_file(tmp_path, well.url))])

    told = capsys.readouterr().out.splitlines()
    assert (status, told[1]) == (
        1,
        "FAIL  pins      RPi.GPIO: This module can only be run on a Raspberry Pi. On any other machine, "
        "add --sim.",
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--sim",), "--sim needs --photos DIR: what the simulated camera sees."),
        (("--fault", "hang"), "--fault needs --sim: real parts break by themselves."),
    ],
)
def test_options_that_need_each_other_are_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], told: str
) -> None:
    file = settings_file(tmp_path, "http://127.0.0.1:9")

    assert main(["check", "--config", str(file), *options]) == 78
    assert tuple(capsys.readouterr()) == ("", f"porteiro-door: {told}\n")
