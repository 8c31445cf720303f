"""What the machine tells of itself: how warm it is, how well it hears the Wi-Fi, since which boot it runs."""

import re
from pathlib import Path

MOST_BYTES = 4096
TEMPERATURES_C = (-40.0, 150.0)
SIGNALS_DBM = (-120.0, -1.0)  # a driver that counts in its own unit gives 0 or more

NUMBER = re.compile(r"[+-]?\d{1,9}\.?\d{0,9}", re.ASCII)
BOOT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def read_temperature_c(root: Path = Path("/sys")) -> float | None:
    """The processor's temperature; ``None`` where the machine does not tell."""
    millidegrees = _number(_read(root / "class/thermal/thermal_zone0/temp").strip(), (-1e6, 1e6))
    return None if millidegrees is None else _within(millidegrees / 1000, TEMPERATURES_C)


def read_signal_dbm(proc: Path = Path("/proc")) -> float | None:
    """How strong the Wi-Fi is, of the first card that tells; ``None`` without one."""
    for line in _read(proc / "net/wireless").splitlines():
        name, _, fields = line.partition(":")
        # After the name: status, link, level, noise ...
        values = fields.split()
        signal = _number(values[2], SIGNALS_DBM) if name and len(values) > 2 else None  # noqa: PLR2004
        if signal is not None:
            return signal
    return None


def read_boot_id(proc: Path = Path("/proc")) -> str | None:
    """The id that is new at each start of the machine; ``None`` where there is none."""
    boot = _read(proc / "sys/kernel/random/boot_id").strip()
    return boot if BOOT_ID.fullmatch(boot) else None


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(MOST_BYTES).decode("ascii", "replace")
    except OSError:
        return ""


def _number(text: str, limits: tuple[float, float]) -> float | None:
    return _within(float(text), limits) if NUMBER.fullmatch(text) else None


def _within(number: float, limits: tuple[float, float]) -> float | None:
    return number if limits[0] <= number <= limits[1] else None
