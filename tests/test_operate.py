"""Every line of docs/operate.md, and that its tables leave nothing out."""

import ast
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.backups import enrolled, visited
from tests.houses import copy_new_database, stores_of, without_settings
from tests.servers import REPOSITORY, InProcessServer
from wsgi_app.base.config import SETTINGS
from wsgi_app.base.settings import read_settings
from wsgi_app.house.backup_health import LATE
from wsgi_app.house.house import House
from wsgi_app.house.retention import SNAPSHOTS
from wsgi_app.stores.backups.folder import backups_in
from wsgi_app.stores.backups.state import BackupState, write_state
from wsgi_app.stores.schema import SCHEMA_REVISION
from wsgi_app.stores.schema_snapshots import KEPT, keep_snapshot

DOCUMENT = (REPOSITORY / "docs" / "operate.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?s)```sh\n(.*?)```", DOCUMENT)
IS_SETTINGS = re.compile(r"(PORTEIRO_\w+=\S+\n)+")
PROGRAM = Path(sys.executable).with_name("porteiro")
LEVELS = ("debug", "info", "warning", "error", "exception")
RUN_S = 120


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Those of a house with Ana and a visit."""
    copy_new_database(tmp_path / "data" / "porteiro.db")
    (tmp_path / "srv").mkdir()
    environ = {**without_settings(os.environ), "PORTEIRO_DATA": str(tmp_path / "data")}
    with stores_of(environ) as stores:
        enrolled(stores, "Ana")
        visited(stores)
    return environ


def upgrade(environ: dict[str, str]) -> None:
    """What a newer release makes of the house."""
    with stores_of(environ) as stores:
        keep_snapshot(stores.database.engine, stores.database.path, SCHEMA_REVISION, stores.now())
        with stores.database.write() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))


def test_every_line_does_what_it_is_there_for(environ: dict[str, str], tmp_path: Path) -> None:
    said = []
    for block in BLOCKS:
        line = block.replace("/mnt/", f"{tmp_path}/mnt/").replace("/srv/", f"{tmp_path}/srv/")
        line = line.replace(".venv/bin/porteiro", str(PROGRAM))
        if IS_SETTINGS.fullmatch(block):  # which those that follow have
            environ |= dict(pair.split("=", 1) for pair in line.split())
            continue
        if "roll-back" in block:
            upgrade(environ)
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", line],
            env=environ,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        said.append(done.stdout)

    assert len(backups_in(tmp_path / "mnt" / "backup" / "porteiro")) == 2
    for name in ("restored", "restored-too"):
        assert (tmp_path / "srv" / name / "porteiro.db").is_file()
    assert "The database is as it was" in said[-1]


def test_the_settings_that_it_shows_are_settings() -> None:
    (block,) = (block for block in BLOCKS if IS_SETTINGS.fullmatch(block))
    given = dict(line.split("=", 1) for line in block.split())

    values = read_settings(SETTINGS, given)

    shown = {key.removeprefix("PORTEIRO_").lower() for key in given}
    assert shown == {name for name in values if name.startswith("backup")}


def logged() -> set[str]:
    """Every event that the server's sources log."""
    calls = (
        node
        for file in (REPOSITORY / "wsgi_app").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS
    )
    return {
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "log"
        and isinstance(call.args[0], ast.Constant)
    }


def rows(heading: str) -> list[str]:
    """The first cells of the table below a heading."""
    section = DOCUMENT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"(?m)^\| (.+?) \| .* \|$", section)[1:]


def test_every_event_of_the_log_is_explained() -> None:
    quoted = re.compile(r"(`+)(.+?)\1(?!`)")
    events = [event for row in rows("What the log says") for _, event in quoted.findall(row)]

    assert sorted(events) == sorted(logged())


def test_every_metric_is_explained(server: InProcessServer, house: House) -> None:
    now = house.stores.now()
    write_state(house.config.data, BackupState(at=now, tried_at=now))

    exposed = re.findall(r"(?m)^# TYPE (\w+) ", server.ask("GET", "/metrics").body.decode())

    assert sorted(row.strip("`") for row in rows("What the metrics say")) == sorted(exposed)


def test_its_figures_are_those_of_the_program() -> None:
    assert f"{LATE / timedelta(seconds=1):,.0f}, {LATE / timedelta(hours=1):.0f} hours" in DOCUMENT
    assert (3, timedelta(weeks=1)) == (KEPT, SNAPSHOTS)
    assert "The three newest copies stay for a week." in " ".join(DOCUMENT.split())


def test_it_can_be_found() -> None:
    assert "(docs/operate.md)" in (REPOSITORY / "README.md").read_text(encoding="utf-8")
