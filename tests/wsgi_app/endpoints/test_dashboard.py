"""The owner's page."""

import re
from collections.abc import Callable
from dataclasses import replace

from tests.conftest import Clock
from tests.doors import Door, add_door
from tests.servers import InProcessServer, enrolled, post_photo
from wsgi_app.app import Application
from wsgi_app.routes import Router
from wsgi_app.services import Services, Stores

Photo = Callable[[str], bytes]


def tiles(page: str) -> dict[str, int]:
    return {
        name: int(count) for name, count in re.findall(r'data-outcome="(\w+)"><strong>(\d+)</strong>', page)
    }


def test_an_empty_house_says_how_to_begin(server: InProcessServer) -> None:
    page = server.ask("GET", "/").body.decode()

    assert "porteiro enrol Ana photo-1.jpg photo-2.jpg" in page
    assert "curl -F file=@photo.jpg http://localhost/porteiro/" in page
    assert "porteiro token add front-door" in page
    assert set(tiles(page).values()) == {0}


def test_visits_people_and_counters_are_shown(server: InProcessServer, photo: Photo) -> None:
    enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))
    visits = [post_photo(server, "/", photo(name)).json for name in ("ana-4", "bruno-1", "nobody-1")]

    page = server.ask("GET", "/").body.decode()

    assert tiles(page) == {
        "known": 1,
        "unknown": 1,
        "no_face": 1,
        "too_dark": 0,
        "too_small": 0,
        "blurred": 0,
        "several_people": 0,
    }
    shown = re.findall(r'<img src="http://localhost/porteiro/visits/(\w+)/photo"', page)
    assert shown == [visit["visit"] for visit in reversed(visits)]
    assert '<span class="who">Ana</span>' in page
    assert "2 faces" in page


def test_a_name_cannot_bring_markup(server: InProcessServer, photo: Photo) -> None:
    enrolled(server, "<script>alert(1)</script>", photo("ana-1"))

    answer = server.ask("GET", "/")

    assert b"<script" not in answer.body
    assert b"&lt;script&gt;" in answer.body
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def doors(page: str) -> list[tuple[str, str, str, list[str]]]:
    """Each door's light, name, state in words, and what its heartbeat told."""
    shown = re.findall(r'<li class="door (\w+)" data-door="([\w-]+)">(.*?)</li>', page, re.DOTALL)
    return [
        (
            light,
            name,
            re.findall(r'<p class="lamp">(.*?)</p>', text)[0],
            [re.sub("<.*?>", "", told) for told in re.findall(r"<dd.*?>(.*?)</dd>", text)],
        )
        for light, name, text in shown
    ]


def test_doors_are_shown_with_their_state_in_colour_and_in_words(
    server: InProcessServer, stores: Stores, clock: Clock
) -> None:
    lost, late, here, _ = (add_door(server, stores.devices, name) for name in ("lost", "late", "here", "new"))
    beats: list[tuple[Door, int]] = [(lost, 0), (late, 300), (here, 120)]
    for door, seconds in beats:
        clock.advance(seconds)
        if door is late:
            door.beats(camera_ok=False, temperature_c=None, signal_dbm=None)
        else:
            door.beats()

    page = server.ask("GET", "/").body.decode()

    told = ["works", "48 °C", "-61 dBm", "0"]
    assert doors(page) == [
        ("green", "here", "here", ["05 Jan 2026, 10:07:00 UTC", *told]),
        ("amber", "late", "late", ["05 Jan 2026, 10:05:00 UTC", "fails", "not known", "none", "0"]),
        ("red", "lost", "lost", ["05 Jan 2026, 10:00:00 UTC", *told]),
        ("amber", "new", "never heard", []),
    ]


def test_a_house_that_asks_for_tokens_shows_no_way_without(services: Services) -> None:
    closed = replace(services, config=replace(services.config, anonymous_doors=False))

    page = InProcessServer(Application(closed, Router())).ask("GET", "/").body.decode()

    assert "Only doors with a token may ask" in page
    assert "curl" not in page
