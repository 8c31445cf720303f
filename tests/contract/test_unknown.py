"""The inbox over REST, in this process and through nginx and uWSGI."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.forms import FORM, HTML
from tests.servers import Server, path_of, post_json, post_photo

Photo = Callable[[str], bytes]


def cluster_of(server: Server, visit: str) -> dict[str, Any] | None:
    """The cluster that a visit is in, if it is in the inbox."""
    clusters = server.ask("GET", "/unknown?limit=100").json["clusters"]
    return next((one for one in clusters if visit in [each["id"] for each in one["visits"]]), None)


@pytest.fixture
def strangers(any_server: Server, photo: Photo) -> list[str]:
    """Two visits of somebody whom nobody knows yet."""
    told = [post_photo(any_server, "/", photo(name)).json for name in ("jun-1", "jun-2")]
    assert [one["outcome"] for one in told] == ["unknown", "unknown"]
    return [one["visit"] for one in told]


def test_somebody_unknown_is_named_known_and_forgotten(
    any_server: Server, photo: Photo, strangers: list[str]
) -> None:
    name = f"Visitor {uuid.uuid4().hex[:8]}"
    cluster = cluster_of(any_server, strangers[0])
    assert cluster is not None
    assert [visit["id"] for visit in cluster["visits"]][:2] == strangers[::-1]

    named = post_json(any_server, "/unknown/name", {"visits": strangers, "name": name})
    person = named.json["person"]
    try:
        assert (named.status, named.json["enrolled"], named.json["refused"]) == (200, 2, [])
        told = post_photo(any_server, "/", photo("jun-3")).json
        assert (told["person"], person["name"]) == (person, name)
        assert cluster_of(any_server, strangers[0]) is None
    finally:  # to the other tests of a shared house, Jun is a stranger
        forgotten = any_server.ask("DELETE", f"/people/{person['id']}")
    assert forgotten.status == 204


def test_ignored_visits_leave_the_inbox(any_server: Server, strangers: list[str]) -> None:
    assert cluster_of(any_server, strangers[0]) is not None

    ignored = post_json(any_server, "/unknown/ignore", {"visits": strangers})

    assert (ignored.status, ignored.body) == (204, b"")
    assert cluster_of(any_server, strangers[0]) is None


def test_the_same_form_is_what_a_page_sends(any_server: Server, strangers: list[str]) -> None:
    fields = "&".join(f"visits={visit}" for visit in strangers)

    answer = any_server.ask(
        "POST",
        "/unknown/ignore",
        f"name=&{fields}".encode(),
        FORM,
    )

    back = path_of(any_server, answer.headers["Location"]).partition("?")[0]
    assert (answer.status, back) == (303, "/unknown")
    assert cluster_of(any_server, strangers[1]) is None


def test_the_inbox_is_a_page_for_people_and_json_for_programs(any_server: Server) -> None:
    page = any_server.ask("GET", "/unknown", headers=HTML)
    data = any_server.ask("GET", "/unknown")
    other = any_server.ask("GET", "/unknown", headers={"Accept": "image/png"})

    assert [answer.status for answer in (page, data, other)] == [200, 200, 406]
    assert page.headers["Content-Type"].startswith("text/html")
    assert data.headers["Content-Type"] == "application/json"
