from pathlib import Path

import pytest

from pi_client.cli import main
from pi_client.config import RelaySettings
from pi_client.errors import EXIT_CONFIG
from tests.pi_client.commands.material import settings_file
from tests.pi_client.fake_lgpio.chip import HIGH, LOW, Chip
from tests.pi_client.fake_lgpio.rigs import (
    GPIO,
    LAMPS,
    LIBRARIES,
    RELAY,
    RELAY_ACTIVE_LOW,
    Libraries,
    rpi_lgpio,
    wired,
)


@pytest.fixture(params=LIBRARIES)
def libraries(request: pytest.FixtureRequest) -> Libraries:
    return LIBRARIES[request.param]


def left_by_a_crash(relay: RelaySettings) -> Chip:
    """The lines as a program left them that was killed amid a pulse: nobody's, and driven all the same."""
    chip = wired(relay)
    for pin in LAMPS.values():
        chip.lines[pin].driven = HIGH
    chip.lines[relay.pin].driven = HIGH if relay.active_high else LOW
    return chip


def switched_on(chip: Chip, relay: RelaySettings) -> set[int]:
    """The pins of what is on, as a voltmeter shows."""
    on = {relay.pin: HIGH if relay.active_high else LOW, **dict.fromkeys(LAMPS.values(), HIGH)}
    return {pin for pin, level in on.items() if chip.level(pin) == level}


def off(folder: Path, relay: RelaySettings) -> int:
    """Run the command with the settings of the rig."""
    gpio = {"button": GPIO.button, **{lamp.value: pin for lamp, pin in LAMPS.items()}}
    wired_as = {"gpio": gpio, "relay": {"pin": relay.pin, "active_high": relay.active_high}}
    file = settings_file(folder, "", more=wired_as)
    return main(["off", "--config", str(file)])


@pytest.mark.parametrize("relay", [RELAY, RELAY_ACTIVE_LOW], ids=["active high", "active low"])
def test_after_a_crash_everything_is_switched_off_the_relay_first_and_given_back(
    tmp_path: Path, libraries: Libraries, relay: RelaySettings
) -> None:
    chip = left_by_a_crash(relay)
    with libraries(chip):
        before = switched_on(chip, relay)
        status = off(tmp_path, relay)

    assert before == {relay.pin, *LAMPS.values()}
    assert (status, switched_on(chip, relay), chip.ours) == (0, set(), set())
    assert chip.writes[0] == (relay.pin, LOW if relay.active_high else HIGH)


def test_where_a_pin_is_anothers_it_is_named_and_the_relay_is_open_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chip = left_by_a_crash(RELAY)
    chip.lines[GPIO.green].is_anothers = True
    with rpi_lgpio(chip):
        status = off(tmp_path, RELAY)

    assert (status, chip.level(RELAY.pin), chip.ours) == (EXIT_CONFIG, LOW, set())
    assert capsys.readouterr().err.startswith("porteiro-door: GPIO 24 (gpio.green): 'GPIO busy'. ")


def test_settings_that_cannot_be_read_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "door.toml").write_text("[relay")
    status = main(["off", "--config", str(tmp_path / "door.toml")])

    assert (status, "door.toml is no TOML file" in capsys.readouterr().err) == (EXIT_CONFIG, True)
