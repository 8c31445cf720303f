"""The owner's page."""

import re
from collections.abc import Callable

from tests.servers import InProcessServer, enrolled, post_photo

Photo = Callable[[str], bytes]


def tiles(page: str) -> dict[str, int]:
    return {
        name: int(count) for name, count in re.findall(r'data-outcome="(\w+)"><strong>(\d+)</strong>', page)
    }


def test_an_empty_house_says_how_to_begin(server: InProcessServer) -> None:
    page = server.ask("GET", "/").body.decode()

    assert "porteiro enrol Ana photo-1.jpg photo-2.jpg" in page
    assert "curl -F file=@photo.jpg http://localhost/porteiro/" in page
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
