"""The lab under the servers that docs/servers.md names, each started with the very line that stands there."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.houses import without_settings
from tests.servers import REPOSITORY, LiveServer, free_port, stop, wait_until_listening

DOCUMENT = REPOSITORY / "docs" / "servers.md"
ADDRESS = "127.0.0.1:8770"
PROGRAMS = {"wsgiref": "python", "gunicorn": "gunicorn", "waitress": "waitress-serve"}


def documented_line(program: str) -> list[str]:
    """The words of the line that starts the lab with a program of the virtual environment."""
    lines = re.findall(rf"(?m)^\.venv/bin/({program} .*?)(?: +#.*)?$", DOCUMENT.read_text(encoding="utf-8"))
    (line,) = lines
    return shlex.split(line)


@contextmanager
def lab_under(server: str, data: Path, shown: Path) -> Iterator[LiveServer]:
    """The lab under a server, at its root, on a free port.

    Args:
        server: one of ``PROGRAMS``.
        data: the folder in which it keeps what it is given.
        shown: the folder whose files it shows.
    """
    port = free_port()
    program, *arguments = documented_line(PROGRAMS[server])
    assert sum(ADDRESS in word for word in arguments) == 1
    # gunicorn puts a socket into the home folder.
    settings = {"HOME": str(data), "PORTEIRO_DATA": str(data), "PORTEIRO_LAB_FILES": str(shown)}
    with (data / "server.log").open("w") as log:
        process = subprocess.Popen(
            [
                Path(sys.executable).with_name(program),
                *(word.replace(ADDRESS, f"127.0.0.1:{port}") for word in arguments),
            ],
            cwd=REPOSITORY,
            env=without_settings(os.environ) | settings,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until_listening(f"127.0.0.1:{port}", lambda: process.poll() is None)
        yield LiveServer(port, "", headers={})
    finally:
        stop(process)
