import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pi_client.cli import main
from pi_client.config import DEFAULT_FILE, WATCHDOG_S, load_config
from pi_client.door import PING_S
from pi_client.errors import EXIT_CONFIG
from pi_client.faults import HANDLING
from pi_client.lamps import PATTERNS
from pi_client.photographer import CLOSING_S
from pi_client.provisioning import TOKEN_FILE, TOKEN_VARIABLE
from pi_client.settings import SETTINGS

REPOSITORY = Path(__file__).parents[2]
UNIT = REPOSITORY / "deploy/porteiro-door.service"
DEFAULTS = REPOSITORY / "deploy/porteiro-door.toml"
GUIDE = REPOSITORY / "docs/door.md"

# What a packaged device has other than the defaults.
PACKAGED = {"server": {"url": "", "token_file": str(TOKEN_FILE)}}
UNITS = {"_s": "Seconds", "_ms": "Milliseconds", "_bytes": "Bytes"}

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed; apt install systemd"
)


def lines_of(section: str) -> dict[str, list[str]]:
    """The lines of a section of the unit by their key."""
    found: dict[str, list[str]] = {}
    text = UNIT.read_text(encoding="utf-8").partition(f"[{section}]\n")[2].partition("\n[")[0]
    for line in text.splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def analysed(tmp_path: Path, arguments: list[str], old: str = "", new: str = "") -> tuple[int, str]:
    """What systemd-analyze says of the unit with a program that exists here, and ``new`` for ``old``."""
    text = UNIT.read_text(encoding="utf-8").replace("/usr/bin/porteiro-door", sys.executable)
    assert sys.executable in text
    assert old in text
    unit = tmp_path / "porteiro-door.service"
    unit.write_text(text.replace(old, new) if old else text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", *arguments, str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


@needs_systemd
def test_point_23_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    arguments = ["verify", "--man=no", "--recursive-errors=no"]
    assert analysed(tmp_path, arguments) == (0, "")
    assert "RestartSecs" in analysed(tmp_path, arguments, "RestartSec=", "RestartSecs=")[1]


@needs_systemd
def test_point_23_the_exposure_is_at_most_two_and_a_half(tmp_path: Path) -> None:
    arguments = ["security", "--offline=true", "--no-pager", "--threshold=25"]
    assert analysed(tmp_path, arguments)[0] == 0
    assert analysed(tmp_path, arguments, "CapabilityBoundingSet=\n", "")[0] != 0


def test_the_unit_and_the_program_agree() -> None:
    unit, service = lines_of("Unit"), lines_of("Service")
    assert service["Type"] == ["notify"]
    assert service["Restart"] == ["always"]
    assert float(service["WatchdogSec"][0]) == WATCHDOG_S > 2 * PING_S
    assert service["RestartPreventExitStatus"] == [str(EXIT_CONFIG)]
    assert service["LoadCredential"] == [f"token:{TOKEN_FILE}"]
    assert service["Environment"] == [f"{TOKEN_VARIABLE}=%d/token"]
    assert TOKEN_VARIABLE in {setting.variable for setting in SETTINGS}
    assert unit["ConditionPathExists"] == [str(TOKEN_FILE), str(DEFAULT_FILE)]
    assert service["ExecStartPre"] == [f"/usr/bin/cp {DEFAULT_FILE} /run/porteiro-door/"]
    assert service["WorkingDirectory"] == [f"/run/{service['RuntimeDirectory'][0]}"]


def test_the_unit_waits_for_as_long_as_relay_and_camera_may_take_to_end() -> None:
    environ = {"PORTEIRO_DOOR_SERVER_DEADLINE_S": "15", "PORTEIRO_DOOR_CAMERA_CAPTURE_TIMEOUT_S": "10"}
    config = load_config(None, environ)
    longest = config.camera.capture_timeout_s + CLOSING_S + config.relay.max_pulse_s
    assert float(lines_of("Service")["TimeoutStopSec"][0]) > longest


@pytest.mark.parametrize(("key", "command"), [("ExecStart", "run"), ("ExecStopPost", "off")])
def test_the_unit_runs_commands_that_there_are(
    key: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [line.removeprefix("-") for line in lines_of("Service")[key]] == [
        f"/usr/bin/porteiro-door {command} --config /run/porteiro-door/porteiro-door.toml"
    ]
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: porteiro-door {command} ")


def test_each_device_is_named_by_one_line_and_no_other_can_be_opened() -> None:
    service = lines_of("Service")
    assert service["DevicePolicy"] == ["closed"]
    assert "PrivateDevices" not in service
    assert [line.split()[1] for line in service["DeviceAllow"]] == ["rw"] * len(service["DeviceAllow"])
    assert {"char-gpiochip rw", "char-video4linux rw", "char-media rw", "char-dma_heap rw"} < set(
        service["DeviceAllow"]
    )


def documented() -> list[tuple[str, str, str, Any]]:
    """Section, comment, key and value of each setting in the default configuration."""
    found, section, comment = [], "", ""
    for line in DEFAULTS.read_text(encoding="utf-8").splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1]
        elif setting := re.fullmatch(r"#?(\w+) = (.*)", line):
            found.append((section, comment, setting[1], tomllib.loads(f"value = {setting[2]}")["value"]))
        comment = f"{comment} {line[2:]}".strip() if line.startswith("# ") else ""
    return found


def test_the_default_configuration_has_every_setting_with_its_default_in_their_order() -> None:
    packaged = {
        f"{section}.{key}": value for section, values in PACKAGED.items() for key, value in values.items()
    }
    assert [(f"{section}.{key}", value) for section, _, key, value in documented()] == [
        (setting.name, packaged.get(setting.name, setting.default))
        for setting in sorted(SETTINGS, key=lambda setting: place_of(setting.name))
    ]


def place_of(name: str) -> int:
    """Where a setting stands in the default configuration."""
    return [f"{section}.{key}" for section, _, key, _ in documented()].index(name)


def test_each_setting_is_explained_with_its_unit() -> None:
    for _, comment, key, _ in documented():
        assert comment.endswith(".")
        for ending, unit in UNITS.items():
            if key.endswith(ending):
                assert unit in comment


def test_the_default_configuration_is_read_as_the_defaults() -> None:
    assert tomllib.loads(DEFAULTS.read_text(encoding="utf-8")) == {
        **{section: {} for section in ("gpio", "camera", "leds", "relay", "log")},
        **PACKAGED,
    }
    assert load_config(DEFAULTS, {}) == load_config(None, {TOKEN_VARIABLE: str(TOKEN_FILE)})


def test_the_guide_explains_each_pattern_and_each_fault() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    tables = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", guide, re.MULTILINE)
    patterns, faults = tables[: len(PATTERNS)], tables[len(PATTERNS) :]
    assert [name for name, _, _ in patterns] == [pattern.name for pattern in PATTERNS]
    assert faults == [
        (fault.value, f"`{handling.pattern.name}`", handling.hint) for fault, handling in HANDLING.items()
    ]


def test_guide_and_drawing_have_the_pins_of_the_default_settings() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    drawing = (REPOSITORY / "docs/door-wiring.svg").read_text(encoding="utf-8")
    header = {12: 18, 16: 23, 18: 24, 22: 25}  # the header's pin: its GPIO number
    gpio = load_config(None, {}).gpio
    assert [gpio.button, gpio.yellow, gpio.green, gpio.red] == list(header.values())
    for pin, number in header.items():
        assert f"pin {pin}, GPIO{number}" in guide
        assert f">{pin}</tspan> GPIO{number}<" in drawing
    assert str(DEFAULT_FILE) in guide
