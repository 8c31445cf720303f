"""The lab's application: where it answers and where not, and what all of its answers have."""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from tests.hostile import URLENCODED
from tests.houses import without_settings
from tests.servers import Server, lab_of, running_house
from wsgi_app.base.config import load_config
from wsgi_app.base.logs import set_up_logs


@pytest.mark.parametrize(
    "settings", [{"PORTEIRO_LAB": "0"}, {"PORTEIRO_HTTP": "192.0.2.1:80"}, {"PORTEIRO_SOCKET": "/run/p.sock"}]
)
def test_where_it_is_off_it_says_which_setting_turns_it_on(tmp_path: Path, settings: dict[str, str]) -> None:
    lab = lab_of(load_config({"PORTEIRO_DATA": str(tmp_path), **settings}))

    for method, path in (
        ("GET", ""),
        ("GET", "/"),
        ("GET", "/hello"),
        ("POST", "/notes"),
        ("GET", "/nowhere"),
    ):
        answer = lab.ask(method, path)
        assert (answer.status, answer.error) == (404, "lab_off")
        assert "PORTEIRO_LAB=1" in answer.json["error"]["message"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mount", "ways"),
    [("/porteiro/lab", [("/porteiro/", "To the house")]), ("/lab", [("/", "To the house")]), ("", [])],
)
def test_where_it_is_off_its_page_leads_to_the_house_if_there_is_one(
    tmp_path: Path, mount: str, ways: list[tuple[str, str]]
) -> None:
    lab = lab_of(load_config({"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_LAB": "0"}))
    lab.prefix = mount

    answer = lab.ask("GET", "/hello", headers={"Accept": "text/html"})

    assert answer.status == 404
    assert re.findall('<a class="button" href="(.*?)">(.*?)</a>', answer.body.decode()) == ways


def test_where_others_reach_the_server_it_can_be_turned_on(tmp_path: Path) -> None:
    settings = {"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_SOCKET": "/run/p.sock", "PORTEIRO_LAB": "1"}

    assert lab_of(load_config(settings)).ask("GET", "/hello").status == 200


@pytest.mark.parametrize(
    ("path", "status", "file"),
    [
        ("/hello", 200, "hello"),
        ("/status/404", 404, "status"),
        ("/greeting?lang=xx", 400, "greeting"),
        ("/notes/none", 404, "notes"),
        ("/nowhere", 404, "unrouted"),
    ],
)
def test_every_answer_names_the_file_that_it_comes_from(
    any_lab: Server, path: str, status: int, file: str
) -> None:
    answer = any_lab.ask("GET", path)

    assert (answer.status, answer.headers["X-Lab"]) == (status, file)


def test_a_browser_gets_its_errors_as_a_page_of_the_lab(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/nowhere", headers={"Accept": "text/html"})

    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert f'href="{any_lab.prefix}/">Back to the lab</a>' in answer.body.decode()


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_another_site_s_page_changes_nothing(any_lab: Server, method: str) -> None:
    answer = any_lab.ask(method, "/notes/welcome", b"{}", {"Origin": "http://elsewhere.example"})

    assert (answer.status, answer.error) == (403, "other_site")


def test_it_loads_nothing_that_looks_at_photos_or_counts_with_them_and_writes_nothing(tmp_path: Path) -> None:
    code = "import sys, wsgi_app.lab.wsgi; print(*sys.modules)"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code],
            env=without_settings(os.environ) | {"PORTEIRO_DATA": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
    )

    assert {"webob", "jinja2", "sqlalchemy", "wsgi_app.lab.app"} <= loaded
    assert loaded & {"cv2", "onnxruntime", "numpy", "PIL", "requests"} == set()
    assert list(tmp_path.iterdir()) == []


# A database that cannot be opened: lab.db is a folder


def test_what_cannot_be_opened_is_told_when_it_is_needed_and_logged_once(tmp_path: Path) -> None:
    (tmp_path / "lab.db").mkdir()
    lab = lab_of(load_config({"PORTEIRO_DATA": str(tmp_path)}))
    log = StringIO()
    set_up_logs("WARNING", log)

    hello, notes = lab.ask("GET", "/hello"), lab.ask("GET", "/notes")

    assert (hello.status, notes.status, notes.error) == (200, 503, "unavailable")
    assert int(notes.headers["Retry-After"]) > 0
    assert str(tmp_path) not in notes.body.decode()
    trouble, answer = log.getvalue().splitlines()
    assert f"database={tmp_path / 'lab.db'}" in trouble
    assert f"the lab's database {tmp_path / 'lab.db'} cannot be opened" in answer


@pytest.mark.live
def test_it_keeps_neither_the_door_nor_the_rest_of_the_lab_from_answering(
    tmp_path: Path, pack_folder: Path
) -> None:
    (tmp_path / "lab.db").mkdir()
    with running_house(tmp_path, {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_LAB": "1"}) as (
        server,
        running,
    ):
        statuses = [server.ask("GET", path).status for path in ("/health/live", "/lab/hello", "/lab/notes")]
        line = running.output.wait_for(lambda line: "cannot answer now" in line)

    assert statuses == [200, 200, 503]
    trouble, *answer = (line for line in running.output.lines if str(tmp_path / "lab.db") in line)
    assert ("the database cannot be used" in trouble, answer) == (True, [line])


# What curl --data-binary @photo.jpg sends, with the type of a form

PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(100_000)
TAKES = {
    "/json": "Send application/json, or a form as application/x-www-form-urlencoded or multipart/form-data.",
    "/form": "Send the form as application/x-www-form-urlencoded or multipart/form-data.",
    "/calc": "Send the sum as application/json or application/x-www-form-urlencoded.",
    "/post": "Send the sum as application/json or application/x-www-form-urlencoded.",
    "/notes": "Send the note as application/json or application/x-www-form-urlencoded.",
    "/api/add_message/1": "Send the body as application/json.",
}


@pytest.mark.parametrize(("path", "message"), TAKES.items())
@pytest.mark.parametrize("size", [100, len(PHOTO)])
def test_a_photo_that_is_called_a_form_is_told_what_may_come(
    any_lab: Server, path: str, message: str, size: int
) -> None:
    answer = any_lab.ask("POST", path, PHOTO[:size], URLENCODED)

    assert (answer.status, answer.json["error"]["message"]) == (415, message)


def test_whoever_needs_no_body_takes_any(any_lab: Server) -> None:
    paths = ("/request", "/echo", "/bad", "/increase", "/cors/open")

    assert [any_lab.ask("POST", path, PHOTO, URLENCODED).status for path in paths] == [200] * len(paths)
