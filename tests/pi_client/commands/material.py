"""What the tests of the commands share: settings in a file, and a server that is well."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.pi_client.hostile_server import Porteiro, Talk, heard, response

TOKEN = "front-door." + 43 * "s"
HEARTBEAT = "/porteiro/devices/front-door/heartbeat"

Sections = Mapping[str, Mapping[str, Any]]


def settings_file(folder: Path, url: str, token: str = TOKEN, more: Sections | None = None) -> Path:
    """A configuration of a door, with more sections than its server's; without a token if that is empty."""
    server = {"url": url}
    if token:
        (folder / "token").write_text(token)
        (folder / "token").chmod(0o600)
        server["token_file"] = str(folder / "token")
    lines = [
        line
        for name, values in {"server": server, **(more or {})}.items()
        for line in (f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()))
    ]
    file = folder / "door.toml"
    file.write_text("\n".join(lines))
    return file


@dataclass(frozen=True)
class Well:
    """A server that says the same of whoever comes, and knows one door.

    Attributes:
        token: of that door.
        outcome: what it says.
    """

    token: str = TOKEN
    outcome: str = "known"

    def __call__(self, talk: Talk) -> None:
        """Answer."""
        request = talk.request
        accepted = request.headers.get("authorization") == f"Bearer {self.token}"
        if request.method == "POST":
            token = self.token if accepted else ""
            talk.send(Porteiro(self.outcome, datetime.now(UTC).isoformat(), token).response_to(request))
        elif request.path == HEARTBEAT:
            heard(204 if accepted else 401)(talk)
        else:
            talk.send(response(200 if request.path == "/porteiro/health/live" else 404, b"{}"))
