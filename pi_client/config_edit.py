"""One setting of a TOML file changed, and every other line kept as somebody wrote it."""

import re
import tomllib
from typing import Any

from pi_client.errors import DoorConfigError

LINE = re.compile(r"[^\n]*\n|[^\n]+")
SECTION = re.compile(r"\s*\[\s*server\s*\]\s*(#.*)?")
ANY_SECTION = re.compile(r"\s*\[.*")
URL = re.compile(r"""(?P<before>\s*url\s*=\s*)(?:"[^"]*"|'[^']*')(?P<after>\s*(?:#.*)?)""")
ESCAPED = {'"': '\\"', "\\": "\\\\"}


def with_url(text: str, url: str) -> str:
    """The same file with another ``server.url``.

    Args:
        text: a TOML file.
        url: without characters that cannot be seen.

    Raises:
        DoorConfigError: the file is no TOML, or written in a way that this cannot change.
    """
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DoorConfigError(
            f"The configuration is no TOML file: {error}. Mend it, or move it away."
        ) from error
    changed = _changed(text, '"' + "".join(ESCAPED.get(letter, letter) for letter in url) + '"')
    # The lines are found by how they look: what was meant is told by reading the outcome.
    if not isinstance(settings.setdefault("server", {}), dict) or _read(changed) != _with(settings, url):
        raise DoorConfigError(f'Write this into the configuration yourself, below [server]: url = "{url}"')
    return changed


def _changed(text: str, value: str) -> str:
    lines = LINE.findall(text)
    ending = "\r\n" if text.count("\r\n") else "\n"
    start = next(
        (number for number, line in enumerate(lines) if SECTION.fullmatch(line.rstrip("\r\n"))), None
    )
    if start is None:
        apart = "" if not text else ending if text.endswith("\n") else 2 * ending
        return f"{text}{apart}[server]{ending}url = {value}{ending}"
    for number in range(start + 1, len(lines)):
        line = lines[number].rstrip("\r\n")
        if ANY_SECTION.fullmatch(line):
            break
        if match := URL.fullmatch(line):
            lines[number] = match["before"] + value + match["after"] + lines[number][len(line) :]
            return "".join(lines)
    if not lines[start].endswith("\n"):
        lines[start] += ending
    lines.insert(start + 1, f"url = {value}{ending}")
    return "".join(lines)


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _with(settings: dict[str, Any], url: str) -> dict[str, Any]:
    return {**settings, "server": {**settings["server"], "url": url}}
