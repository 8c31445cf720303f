"""What programs may ask, as a file and as a page."""

import re
from pathlib import Path

import wsgi_app
from tests.servers import InProcessServer
from wsgi_app import __version__
from wsgi_app.routes import ROUTES
from wsgi_app.web.openapi import describe

STATIC = Path(wsgi_app.__file__).parent / "static"


def test_the_description_is_of_this_server(server: InProcessServer) -> None:
    answer = server.ask("GET", "/openapi.json")

    assert (answer.status, answer.json) == (200, describe(ROUTES, "/porteiro", __version__))
    assert answer.headers["Content-Type"] == "application/json"


def test_it_is_sent_once(server: InProcessServer) -> None:
    etag = server.ask("GET", "/openapi.json").headers["ETag"]

    again = server.ask("GET", "/openapi.json", headers={"If-None-Match": etag})

    assert (again.status, again.body) == (304, b"")


def test_the_page_shows_every_address_with_a_line_that_asks_it(server: InProcessServer) -> None:
    page = server.ask("GET", "/api").body.decode()

    shown = re.findall(r'<summary><b class="\w+">(\w+)</b> <code>([^<]+)</code>', page)
    assert sorted(shown) == sorted((route.method, route.pattern) for route in ROUTES)
    lines = re.findall(r"<pre>(curl [^<]+)</pre>", page)
    assert len(lines) == len(ROUTES)
    assert not [
        line for line in lines if "http://localhost/porteiro/" not in line or "{" in line.split("/")[-1]
    ]


def test_each_line_says_how_to_sign_in_and_what_to_send(server: InProcessServer) -> None:
    page = server.ask("GET", "/api").body.decode().replace("&#39;", "'")
    here, as_json = "http://localhost/porteiro", "-H 'Content-Type: application/json' -d @body.json"
    for line in (
        f"curl -F file=@photo.jpg {here}/",
        f"curl -H 'Authorization: Bearer TOKEN' -X PUT {as_json} {here}/devices/DEVICE/heartbeat",
        f"curl -F a=@photo.jpg -F b=@photo.jpg {here}/compare",
        f"curl -u NAME {here}/people",
        f"curl -u NAME {as_json} {here}/devices",
        f"curl -u NAME -X DELETE {here}/devices/DEVICE",
        f"curl {here}/health/live",
    ):
        assert f"<pre>{line}</pre>" in page


def test_each_address_says_who_may_ask_and_what_comes_back(server: InProcessServer) -> None:
    page = server.ask("GET", "/api").body.decode()
    shown = {
        name: re.sub(
            r"&#39;", "'", page.partition(f'id="{name}"')[2].partition('class="quiet">')[2].partition("<")[0]
        )
        for name in ("door.answer", "devices.create", "people.index", "devices.remove")
    }

    assert shown == {
        "door.answer": "For doors, by their tokens where the settings ask for them. Answers 200 as json. "
        "Gives Judgement.",
        "devices.create": "For owner. Answers 201 as json. Takes DeviceName. Gives NewDevice.",
        "people.index": "For everybody who signs in. Answers 200 as json, html. Gives PersonList.",
        "devices.remove": "For owner. Answers 204.",
    }


def test_the_page_is_small_enough_for_bad_wifi(server: InProcessServer) -> None:
    files = (STATIC / "porteiro.css", STATIC / "api.css", STATIC / "house.js", STATIC / "icon.svg")
    assert len(server.ask("GET", "/api").body) + sum(file.stat().st_size for file in files) < 60_000
