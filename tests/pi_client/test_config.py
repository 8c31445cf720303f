from pathlib import Path

import pytest

from pi_client.config import DoorConfig, load_config
from pi_client.errors import DoorConfigError
from pi_client.settings import SETTINGS


def configured(tmp_path: Path, text: str, **environ: str) -> DoorConfig:
    """The configuration of a file with this text."""
    file = tmp_path / "porteiro-door.toml"
    file.write_text(text, encoding="utf-8")
    return load_config(file, environ)


def test_defaults_stand_without_a_file() -> None:
    config = load_config(None, {})

    assert (config.server.deadline_s, config.gpio.button, config.camera.size, config.relay.pin) == (
        10.0, 18, (1536, 864), 0,
    )  # fmt: skip


def test_the_environment_goes_before_the_file_and_the_file_before_the_defaults(tmp_path: Path) -> None:
    text = '[gpio]\nbutton = 17\nred = 5\n[server]\nurl = "http://door.example/porteiro/"\n'
    config = configured(tmp_path, text, PORTEIRO_DOOR_GPIO_RED="6", PORTEIRO_DOOR_CAMERA_SIZE="[640, 480]")

    assert (config.gpio.button, config.gpio.red, config.gpio.green) == (17, 6, 24)
    assert config.server.url == "http://door.example/porteiro"
    assert config.camera.size == (640, 480)


def test_text_in_the_environment_needs_no_quotes() -> None:
    environ = {"PORTEIRO_DOOR_SERVER_URL": "https://a.example", "PORTEIRO_DOOR_LOG_LEVEL": "DEBUG"}
    config = load_config(None, environ)

    assert (config.server.url, config.log.level) == ("https://a.example", "DEBUG")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[gpio]\nbuton = 1", "gpio.buton is no setting; did you mean gpio.button?"),
        ("[gpios]\nbutton = 1", "[gpios] is no section; did you mean gpio?"),
        ("gpio = 3", "[gpio] is no section; did you mean gpio?"),
        ("[gpio]\nbutton = 28", "gpio.button must be a whole number from 1 to 27, not 28."),
        ("[gpio]\nbutton = true", "gpio.button must be a whole number from 1 to 27, not True."),
        ("[gpio]\nred = 24", "gpio.red and gpio.green are both pin 24."),
        (
            '[server]\ntoken_file = "/t"\n[relay]\npin = 18',
            "relay.pin and gpio.button are both pin 18.",
        ),
        (
            '[server]\ntoken_file = "/t"\n[relay]\npin = 8',
            "relay.pin must be 9 to 27, not 8: a Pi pulls pins 0 to 8 up while it starts, and the door would "
            "open.",
        ),
        ("[relay]\npin = 17", "relay.pin needs server.token_file: without a token no answer can be proven."),
        (
            "[server]\nurl = 'http://10.0.0.2/porteiro'\ntoken_file = '/t'\n[relay]\npin = 17",
            "relay.pin needs https in server.url: over plain http whoever is on the way sees who comes in, "
            "and when.",
        ),
        ("[relay]\npulse_s = 3.5", "relay.pulse_s must be a number from 0.1 to 3, not 3.5."),
        ("[relay]\nmax_pulse_s = 1", "relay.pulse_s must be at most relay.max_pulse_s, 1."),
        (
            "[camera]\nsize = [1537, 864]",
            "camera.size must be even: the camera halves the colours, not [1537, 864].",
        ),
        ("[camera]\nsize = 5", "camera.size must be [width, height], not 5."),
        ("[camera]\nrotation = 90", "camera.rotation must be one of 0, 180, not 90."),
        ("[relay]\nagreeing_photos = 0", "relay.agreeing_photos must be a whole number from 1 to 3, not 0."),
        ("[camera]\nframes = 4", "camera.frames must be a whole number from 1 to 3, not 4."),
        (
            "[server]\nurl = 'ftp://x'",
            "server.url must be an address such as https://porteiro.example/porteiro, not 'ftp://x'.",
        ),
        ("[server]\nurl = 5", "server.url must be text in quotes, not 5."),
        ("[server]\ndeadline_s = nan", "server.deadline_s must be a number from 1 to 20, not nan."),
        ("[server]\ndeadline_s = 3", "camera.capture_timeout_s must be less than server.deadline_s."),
        ("[log]\naudit = 1", "log.audit must be true or false, not 1."),
        (
            "[server]\ndeadline_s = 20\n[camera]\nwarmup_s = 8",
            "server.deadline_s, camera.capture_timeout_s and camera.warmup_s must be less than 30 together: "
            "the watchdog would take waiting for a fault.",
        ),
    ],
)
def test_point_21_a_bad_value_is_refused_with_its_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DoorConfigError) as refused:
        configured(tmp_path, text)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    "url",
    ["https://10.0.0.2/porteiro", "http://127.0.0.1:8765/porteiro", "http://localhost", "http://[::1]:80"],
)
def test_a_relay_takes_a_server_that_nobody_overhears(tmp_path: Path, url: str) -> None:
    config = configured(tmp_path, f"[server]\nurl = '{url}'\ntoken_file = '/t'\n[relay]\npin = 17")

    assert (config.server.url, config.relay.pin) == (url, 17)


@pytest.mark.parametrize(
    ("more", "agreeing", "frames"),
    [
        ("", 1, 1),
        ("[camera]\nframes = 3", 1, 3),
        ("[relay]\nagreeing_photos = 3", 1, 1),  # lamps alone open nothing
        ("[relay]\npin = 17", 2, 2),
        ("[camera]\nframes = 3\n[relay]\npin = 17", 2, 3),
        ("[relay]\npin = 17\nagreeing_photos = 1", 1, 1),
        ("[relay]\npin = 17\nagreeing_photos = 3", 3, 3),
    ],
)
def test_a_relay_asks_for_two_agreeing_photos_unless_told_otherwise(
    tmp_path: Path, more: str, agreeing: int, frames: int
) -> None:
    config = configured(tmp_path, f"[server]\nurl = 'https://h'\ntoken_file = '/t'\n{more}")

    assert (config.agreeing, config.camera.frames) == (agreeing, frames)


@pytest.mark.parametrize(
    "url",
    [
        "https://user@host/p", "https://:secret@host/p", "https://host/p#x", "https://host/p?x",
        "https://host:99999", "https://host:0", "https:///p", "https://h st", "https://h\u00fcgel.example",
        "https://[::1", "//host", "x",
    ],
)  # fmt: skip
def test_point_21_an_odd_address_is_refused(url: str) -> None:
    with pytest.raises(DoorConfigError, match=r"^PORTEIRO_DOOR_SERVER_URL must be an address such as"):
        load_config(None, {"PORTEIRO_DOOR_SERVER_URL": url})


def test_point_21_a_bad_variable_is_refused_by_its_own_name() -> None:
    with pytest.raises(DoorConfigError, match=r"^PORTEIRO_DOOR_GPIO_BUTTON must be a whole number"):
        load_config(None, {"PORTEIRO_DOOR_GPIO_BUTTON": "x"})
    with pytest.raises(DoorConfigError, match=r"did you mean PORTEIRO_DOOR_GPIO_BUTTON\?$"):
        load_config(None, {"PORTEIRO_DOOR_GPIO_BUTON": "17"})


def test_point_21_a_file_that_cannot_be_read_names_itself(tmp_path: Path) -> None:
    with pytest.raises(
        DoorConfigError, match=r"absent\.toml: No such file or directory; write one with: porteiro"
    ):
        load_config(tmp_path / "absent.toml", {})
    with pytest.raises(DoorConfigError, match=r"porteiro-door\.toml is no TOML file"):
        configured(tmp_path, "[gpio")


def test_exit_status_tells_systemd_not_to_try_again() -> None:
    assert DoorConfigError.exit_status == 78


def test_every_setting_has_a_variable_of_its_own() -> None:
    assert len({setting.variable for setting in SETTINGS}) == len(SETTINGS)
