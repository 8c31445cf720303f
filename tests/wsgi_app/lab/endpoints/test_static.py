"""The pages' own files, by whoever sends them."""

import pytest

from tests.hostile import BESIDE, TRAVERSALS
from tests.servers import InProcessServer, Server
from wsgi_app.lab.endpoints.static import STATIC


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("lab.css", "text/css"), ("house.js", "text/javascript"), ("icon.svg", "image/svg+xml")],
)
def test_a_page_gets_its_files(any_lab: Server, name: str, content_type: str) -> None:
    answer = any_lab.ask("GET", f"/static/{name}")

    assert (answer.status, answer.body) == (200, (STATIC / name).read_bytes())
    assert answer.headers["Content-Type"].partition(";")[0] == content_type


def test_the_lab_sends_them_without_a_sandbox_and_only_once(lab: InProcessServer) -> None:
    answer = lab.ask("GET", "/static/house.js")
    again = lab.ask("GET", "/static/house.js", headers={"If-None-Match": answer.headers["ETag"]})
    part = lab.ask("GET", "/static/house.js", headers={"Range": "bytes=0-9"})

    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "Content-Security-Policy" not in answer.headers
    assert answer.headers["X-Lab"] == "static"
    assert (again.status, again.body) == (304, b"")
    assert (part.status, part.body) == (206, answer.body[:10])


@pytest.mark.parametrize("path", ["", "nothing.css", "lab.css/", "../app.py", "%2e%2e/app.py", "..%2Fapp.py"])
def test_nothing_but_them_is_sent(any_lab: Server, path: str) -> None:
    answer = any_lab.ask("GET", f"/static/{path}")

    assert answer.status == 404
    assert b"import" not in answer.body


@pytest.mark.parametrize(("path", "statuses"), TRAVERSALS.items())
def test_no_way_leads_out_of_their_folder(shipped_lab: Server, path: str, statuses: set[int]) -> None:
    assert (STATIC.parents[1] / "README.md").is_file()

    answer = shipped_lab.ask("GET", f"/static{path.replace(BESIDE, 'README.md')}")

    assert answer.status in statuses
    assert answer.json["error"]["message"]
