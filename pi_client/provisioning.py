"""What ``porteiro-door setup`` does: the configuration, the token and the service, all of it or nothing."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pi_client.assembly import read_token
from pi_client.config import DEFAULT_FILE, load_config
from pi_client.config_edit import with_url
from pi_client.errors import DoorConfigError
from pi_client.settings import SETTINGS, is_private

TOKEN_FILE = DEFAULT_FILE.with_name("token")
TOKEN_VARIABLE = "PORTEIRO_DOOR_SERVER_TOKEN_FILE"  # noqa: S105  # which the service's unit sets
SERVICE = "porteiro-door"
FRESH = f'[server]\nurl = ""\ntoken_file = "{TOKEN_FILE}"\n'
LARGEST_FILE = 100_000  # bytes
START = (("systemctl", "enable", "--now", SERVICE),)
ANEW = (("systemctl", "enable", SERVICE), ("systemctl", "restart", SERVICE))
COMMAND_S = 120.0  # systemctl waits until the service is ready, or has failed


@dataclass(frozen=True)
class CommandResult:
    """What came of a command.

    Attributes:
        status: 0 is well.
        output: of both streams, for people.
    """

    status: int
    output: str


Run = Callable[[Sequence[str]], CommandResult]


def run_command(command: Sequence[str]) -> CommandResult:
    """Run a program to its end.

    Raises:
        FileNotFoundError: there is no such program.
    """
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=COMMAND_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return CommandResult(1, f"it did not end within {COMMAND_S:g} seconds")
    return CommandResult(done.returncode, done.stdout.decode("utf-8", "replace").strip())


def set_up(
    url: str,
    token_file: Path,
    *,
    root: Path = Path("/"),
    run: Run = run_command,
    user: Callable[[], int] = os.geteuid,
) -> tuple[str, ...]:
    """Write the configuration and the token, then start the service, or start it anew.

    Args:
        url: of the server, with its prefix.
        token_file: holds what the server gave out for this device.
        root: of the file system that is set up.
        run: runs systemctl.
        user: gives the number of the user who runs this.

    Returns:
        What was done, line by line.

    Raises:
        DoorConfigError: it cannot be done; the message says what to do. Until systemctl is asked to start the
            service, everything is as it was before.
    """
    if user() != 0:
        raise DoorConfigError("setup writes below /etc and starts a service: run it with sudo.")
    url, token = _checked_url(url), read_token(str(token_file))
    if not token:
        raise DoorConfigError("--token-file names no file.")
    is_running = _ask_systemd(root, run)
    config_file, kept_token = _below(root, DEFAULT_FILE), _below(root, TOKEN_FILE)
    _write(config_file, with_url(_text(config_file), url), kept_token, token)
    commands = ANEW if is_running else START
    for command in commands:
        _start(run, command)
    return (
        f"{config_file}: server.url is {url}",
        *_warnings(url),
        f"{kept_token}: the token; only root can read it",
        *(
            []
            if token_file.resolve() == kept_token.resolve()
            else [f"{token_file} is needed no more: delete it"]
        ),
        *(f"done: {' '.join(command)}" for command in commands),
    )


def _checked_url(url: str) -> str:
    setting = next(setting for setting in SETTINGS if setting.name == "server.url")
    try:
        checked = str(setting.read(url or "nothing"))
    except (TypeError, ValueError) as error:
        raise DoorConfigError(f"--server {error}, not {url!r}.") from error
    return checked


def _warnings(url: str) -> Iterator[str]:
    if not is_private(url):
        yield "warning: http is not encrypted: photos and names can be read on the way; better is https"


def _ask_systemd(root: Path, run: Run) -> bool:
    missing = "systemd does not run here: setup is for Raspberry Pi OS; elsewhere use `porteiro-door run`."
    if not _below(root, Path("/run/systemd/system")).is_dir():
        raise DoorConfigError(missing)
    try:
        return run(("systemctl", "is-active", "--quiet", SERVICE)).status == 0
    except OSError as error:
        raise DoorConfigError(missing) from error


def _start(run: Run, command: Sequence[str]) -> None:
    result = run(command)
    if result.status != 0:
        reason = result.output.rstrip(".") or result.status
        raise DoorConfigError(
            f"{' '.join(command)} failed: {reason}. The configuration is written; the log says more: "
            f"journalctl -u {SERVICE} -n 50"
        )


def _below(root: Path, file: Path) -> Path:
    return root / file.relative_to("/")


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            text = lines.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return FRESH
    except (OSError, UnicodeDecodeError) as error:
        raise DoorConfigError(f"{file} cannot be read: {error}.") from error
    if len(text) > LARGEST_FILE:
        raise DoorConfigError(f"{file} is too large for a configuration: mend it, or move it away.")
    return text


def _write(config_file: Path, text: str, token_file: Path, token: str) -> None:
    try:
        config_file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        # Both are whole on the disk before either takes its place.
        with (
            _staged(token_file, f"{token}\n", 0o600) as new_token,
            _staged(config_file, text, 0o644) as new_config,
        ):
            load_config(new_config, {TOKEN_VARIABLE: str(TOKEN_FILE)})
            new_token.replace(token_file)
            new_config.replace(config_file)
            _flush(config_file.parent)
    except OSError as error:
        raise DoorConfigError(f"{error.filename or config_file}: {error.strerror or error}.") from error


@contextlib.contextmanager
def _staged(file: Path, text: str, mode: int) -> Iterator[Path]:
    number, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    staged = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as lines:
            os.fchmod(number, mode)
            lines.write(text)
            lines.flush()
            os.fsync(number)
        yield staged
    finally:
        staged.unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
