"""Every line, client and page of docs/lab.md, under the servers that it names."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

from tests.browsers import severe_lines
from tests.labs import PROGRAMS
from tests.pages import element, texts
from tests.servers import (
    REPOSITORY,
    LiveServer,
    LocalPorts,
    RunningUwsgi,
    uwsgi,
    wait_until_listening,
)
from tests.watchers import PATIENCE_S
from wsgi_app.base.config import load_config

pytestmark = pytest.mark.live

RUN_S = 30
DOCUMENT = (REPOSITORY / "docs" / "lab.md").read_text(encoding="utf-8")
ROWS = re.findall(r"(?m)^\| (?!what |-)(.*?) \| `(curl .*?)` \| (.*?) \| (.+) \|$", DOCUMENT)
CLIENTS = re.findall(r"(?s)```python\n(.*?)```\n\n```text\n(.*?)```", DOCUMENT)
(PAGE,) = re.findall(r"(?s)```html\n(.*?)```", DOCUMENT)
ENVIRON = re.findall(r"(?m)^export LAB=(\S+) ROOMS=(\S+)$", DOCUMENT)

Lab = tuple[str, str]  # where it is, and where its rooms are; "" for none


@pytest.fixture(scope="module")
def lab_at_root(
    tmp_path_factory: pytest.TempPathFactory, pack_folder: Path, shown_folder: Path
) -> Iterator[Lab]:
    """The local run, whose house is at the root and whose lab is at /lab."""
    ports = LocalPorts()
    settings = {
        "PORTEIRO_PACK": str(pack_folder),
        "PORTEIRO_PREFIX": "/",
        "PORTEIRO_LAB_FILES": str(shown_folder),
        **ports.settings,
    }
    with uwsgi(tmp_path_factory.mktemp("root"), settings) as running:
        wait_until_listening(f"127.0.0.1:{ports.live}", lambda: running.process.poll() is None)
        yield f"http://127.0.0.1:{ports.http}/lab", f"ws://127.0.0.1:{ports.live}/lab/ws"


@pytest.fixture
def lab_behind_nginx(live_house: tuple[LiveServer, RunningUwsgi]) -> Lab:
    """The lab through the shipped nginx.conf and uwsgi.ini, once its rooms are open."""
    server, running = live_house
    rooms = Path(running.environ["PORTEIRO_SOCKET"]).with_name("live.sock")
    wait_until_listening(rooms, lambda: running.process.poll() is None)
    place = f"127.0.0.1:{server.port}{server.prefix}/lab"
    return f"http://{place}", f"ws://{place}/ws"


WITH_ROOMS = ("lab_behind_nginx", "lab_at_root")


@pytest.fixture(params=[*WITH_ROOMS, *PROGRAMS])
def lab(request: pytest.FixtureRequest, shown_folder: Path) -> Lab:
    """Each of the servers; the folder that it shows has a page."""
    (shown_folder / "index.html").write_text("<!doctype html><title>Here</title>")
    return lab_of(request)


@pytest.fixture(params=WITH_ROOMS)
def rooms(request: pytest.FixtureRequest) -> str:
    """Where the rooms are, for the servers that have them."""
    return lab_of(request)[1]


def lab_of(request: pytest.FixtureRequest) -> Lab:
    """The lab that a fixture's parameter names."""
    if request.param in PROGRAMS:
        return f"http://127.0.0.1:{request.getfixturevalue('other_labs')(request.param).port}", ""
    running: Lab = request.getfixturevalue(request.param)
    return running


def run(command: list[str], lab: Lab) -> str:
    """What a command prints, for a lab."""
    environ = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", "LAB": lab[0], "ROOMS": lab[1]}
    done = subprocess.run(
        command, env=environ, capture_output=True, timeout=RUN_S, check=True, encoding="utf-8"
    )
    return done.stdout


def test_every_row_of_the_table_has_a_line_and_each_client_its_output() -> None:
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| ") and "the line here" not in line]

    assert len(rows) == len(ROWS) > 30
    assert DOCUMENT.count("```python\n") == len(CLIENTS) == 4


def test_the_addresses_are_those_of_the_local_run() -> None:
    config = load_config({})

    expected = f"http://{config.http}{config.prefix}/lab", f"ws://{config.live_address}{config.prefix}/lab/ws"
    assert [expected] == ENVIRON
    assert f'WebSocket("{expected[1]}?room=tutorial")' in PAGE


@pytest.mark.parametrize(("line", "answers"), [row[1:3] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_a_line_gets_is_what_the_table_says(lab: Lab, line: str, answers: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")

    printed = run(["sh", "-ec", line], lab).lower()  # headers' names are the same in any case

    parts = re.findall("`(.+?)`", answers.lower())
    assert parts
    assert [part for part in parts if part not in printed] == []


@pytest.mark.parametrize(
    ("client", "printed"), CLIENTS, ids=["requests", "urllib", "http.client", "websockets"]
)
def test_a_client_prints_what_stands_below_it(lab: Lab, client: str, printed: str) -> None:
    if "ROOMS" in client and not lab[1]:
        pytest.skip("this server has no rooms")

    assert run([sys.executable, "-c", client], lab) == printed


def test_the_page_works_as_a_file_with_its_address_put_in(
    browser: webdriver.Chrome, rooms: str, tmp_path: Path
) -> None:
    (tmp_path / "echo.html").write_text(PAGE.replace(ENVIRON[0][1], rooms), encoding="utf-8")

    browser.get((tmp_path / "echo.html").as_uri())
    WebDriverWait(browser, PATIENCE_S).until(lambda _: texts(browser, "#answers li") == ["open"])
    element(browser, "#send").click()

    WebDriverWait(browser, PATIENCE_S).until(lambda _: len(texts(browser, "#answers li")) > 1)
    assert texts(browser, "#answers li") == ["open", "ECHO! Hello"]
    assert severe_lines(browser) == []


def test_the_same_page_of_the_houses_feed_and_of_the_room_for_all_is_let_in_nowhere(
    browser: webdriver.Chrome, rooms: str, tmp_path: Path
) -> None:
    file = tmp_path / "echo.html"
    for address in (f"{rooms}?room=all", rooms.replace("/lab/ws", "/live")):
        file.write_text(PAGE.replace(f"{ENVIRON[0][1]}?room=tutorial", address), encoding="utf-8")
        browser.get(file.as_uri())
        WebDriverWait(browser, PATIENCE_S).until(lambda _: texts(browser, "#answers li"))

        assert texts(browser, "#answers li") == ["closed, code 1006"]
        assert any("403" in line for line in severe_lines(browser))
