"""The configuration: a TOML file, then the environment, checked as a whole before anything starts."""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pi_client.errors import DoorConfigError
from pi_client.settings import ENVIRONMENT, SETTINGS, is_private

DEFAULT_FILE = Path("/etc/porteiro-door/porteiro-door.toml")
LEAST_RELAY_PIN = 9  # GPIO 0 to 8 are pulled up while a Pi starts: the door would open
WATCHDOG_S = 30.0  # of the systemd unit


@dataclass(frozen=True)
class ServerSettings:
    """Whom to ask, and how long to wait."""

    url: str
    health_path: str
    ca_file: str
    token_file: str
    connect_timeout_s: float
    read_timeout_s: float
    deadline_s: float
    retries: int
    backoff_s: float
    keepalive_s: float
    heartbeat_s: float
    max_upload_bytes: int


@dataclass(frozen=True)
class GpioSettings:
    """Pins by their BCM numbers; 0 is none. How the button is read."""

    button: int
    yellow: int
    green: int
    red: int
    buzzer: int
    poll_ms: int
    debounce_ms: int
    stuck_s: float


@dataclass(frozen=True)
class CameraSettings:
    """How photos are taken."""

    size: tuple[int, int]
    fps: int
    max_exposure_ms: int
    quality: int
    buffer_count: int
    af: str
    lens_position: float
    ev: float
    rotation: int
    warmup_s: float
    capture_timeout_s: float
    probe_s: float
    frames: int


@dataclass(frozen=True)
class LedSettings:
    """How long a result is shown."""

    result_s: float


@dataclass(frozen=True)
class RelaySettings:
    """What opens the door, and how many photos of a press must show the same person for it; pin 0 is none."""

    pin: int
    agreeing_photos: int
    active_high: bool
    pulse_s: float
    max_pulse_s: float


@dataclass(frozen=True)
class LogSettings:
    """What is logged; ``audit`` names the people who were let in."""

    level: str
    audit: bool


@dataclass(frozen=True)
class DoorConfig:
    """Every setting of the device."""

    server: ServerSettings
    gpio: GpioSettings
    camera: CameraSettings
    leds: LedSettings
    relay: RelaySettings
    log: LogSettings

    @property
    def agreeing(self) -> int:
        """How many photos of a press have to agree for this door: lamps alone open nothing."""
        return self.relay.agreeing_photos if self.relay.pin else 1


SECTIONS = {
    "server": ServerSettings,
    "gpio": GpioSettings,
    "camera": CameraSettings,
    "leds": LedSettings,
    "relay": RelaySettings,
    "log": LogSettings,
}


def load_config(file: Path | None, environ: Mapping[str, str]) -> DoorConfig:
    """Read the settings; the environment goes before the file, the file before the defaults.

    No fewer photos are taken than have to agree.

    Args:
        file: a TOML file; ``None`` takes the defaults.
        environ: such as ``os.environ``.

    Raises:
        DoorConfigError: a value cannot be used, or there is no such key; the message names it.
    """
    values = _read_file(file) if file else {}
    _refuse_unknown(values, environ)
    sections: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for setting in SETTINGS:
        value = values.get(setting.section, {}).get(setting.key, setting.default)
        name = setting.name
        if setting.variable in environ:
            value, name = _from_text(environ[setting.variable]), setting.variable
        try:
            sections[setting.section][setting.key] = setting.read(value)
        except (TypeError, ValueError) as error:
            raise DoorConfigError(f"{name} {error}, not {value!r}.") from error
    config = DoorConfig(**{name: kind(**sections[name]) for name, kind in SECTIONS.items()})
    for rule in RULES:
        rule(config)
    return replace(config, camera=replace(config.camera, frames=max(config.camera.frames, config.agreeing)))


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DoorConfigError(
            f"{file}: {error.strerror or error}; write one with: porteiro-door setup."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DoorConfigError(f"{file} is no TOML file: {error}.") from error


def _from_text(text: str) -> Any:
    # As in the file: 18, true, [1536, 864]; what is none of these is text, which needs no quotes here.
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _refuse_unknown(sections: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    names = {setting.name for setting in SETTINGS}
    for section, values in sections.items():
        if section not in SECTIONS or not isinstance(values, dict):
            raise DoorConfigError(f"[{section}] is no section{_meant(section, SECTIONS)}")
        for key in values:
            if f"{section}.{key}" not in names:
                raise DoorConfigError(f"{section}.{key} is no setting{_meant(f'{section}.{key}', names)}")
    variables = {setting.variable for setting in SETTINGS}
    for variable in environ:
        if variable.startswith(ENVIRONMENT) and variable not in variables:
            raise DoorConfigError(f"{variable} is no setting{_meant(variable, variables)}")


def _meant(name: str, names: Any) -> str:
    close = difflib.get_close_matches(name, list(names), 1)
    return f"; did you mean {close[0]}?" if close else "."


def _pins_apart(config: DoorConfig) -> None:
    gpio = config.gpio
    pins = {
        "gpio.button": gpio.button,
        "gpio.yellow": gpio.yellow,
        "gpio.green": gpio.green,
        "gpio.red": gpio.red,
        "gpio.buzzer": gpio.buzzer,
        "relay.pin": config.relay.pin,
    }
    used: dict[int, str] = {}
    for name, pin in pins.items():
        if pin and pin in used:
            raise DoorConfigError(f"{name} and {used[pin]} are both pin {pin}.")
        used[pin] = name


def _relay_is_safe(config: DoorConfig) -> None:
    relay = config.relay
    if relay.pin and relay.pin < LEAST_RELAY_PIN:
        raise DoorConfigError(
            f"relay.pin must be {LEAST_RELAY_PIN} to 27, not {relay.pin}: a Pi pulls pins 0 to 8 up while it "
            "starts, and the door would open."
        )
    if relay.pulse_s > relay.max_pulse_s:
        raise DoorConfigError(f"relay.pulse_s must be at most relay.max_pulse_s, {relay.max_pulse_s:g}.")
    if relay.pin and not config.server.token_file:
        raise DoorConfigError("relay.pin needs server.token_file: without a token no answer can be proven.")
    if relay.pin and config.server.url and not is_private(config.server.url):
        raise DoorConfigError(
            "relay.pin needs https in server.url: over plain http whoever is on the way sees who comes in, "
            "and when."
        )


def _waits_end(config: DoorConfig) -> None:
    server, camera = config.server, config.camera
    if camera.capture_timeout_s >= server.deadline_s:
        raise DoorConfigError("camera.capture_timeout_s must be less than server.deadline_s.")
    if server.deadline_s + camera.capture_timeout_s + camera.warmup_s >= WATCHDOG_S:
        raise DoorConfigError(
            "server.deadline_s, camera.capture_timeout_s and camera.warmup_s must be less than "
            f"{WATCHDOG_S:g} together: the watchdog would take waiting for a fault."
        )


RULES: tuple[Callable[[DoorConfig], None], ...] = (_pins_apart, _relay_is_safe, _waits_end)
