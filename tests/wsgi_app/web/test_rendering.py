"""Answers: the representation that fits, what a change is answered with, what pages have around them."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from webob import Request, Response

from wsgi_app.access.identity import AT_HOME, NOBODY, Identity
from wsgi_app.access.roles import Role
from wsgi_app.base.config import load_config
from wsgi_app.base.errors import BadRequest, Conflict, NotAcceptable, NotFound
from wsgi_app.base.limits import UploadLimits
from wsgi_app.stores.photos import PhotoFile
from wsgi_app.web.forms import keep_form
from wsgi_app.web.rendering import (
    FORMATS,
    Pages,
    View,
    changed,
    error_answer,
    json_answer,
    negotiated,
    photo_answer,
    resource_answer,
    version_of,
    view_of,
)
from wsgi_app.web.uploads import BodyReader

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Body(msgspec.Struct):
    """A representation."""

    id: str


def maker(word: str) -> Callable[[], Response]:
    return lambda: Response(word.encode(), content_type=FORMATS[word])


MAKERS = {word: maker(word) for word in ("json", "html", "atom", "csv")}


def ask(query: str = "", method: str = "GET", **headers: str) -> Request:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Request.blank(f"/visits{query}", method=method, headers=named)


# The representation that fits


@pytest.mark.parametrize(
    ("query", "accept", "word"),
    [
        ("", None, "json"),
        ("", "*/*", "json"),
        ("", BROWSER, "html"),
        ("", "text/csv", "csv"),
        ("", "application/atom+xml, */*;q=0.1", "atom"),
        ("", "text/*", "html"),
        ("", "text/html;q=0.5, application/json", "json"),
        ("", "application/json;q=0, text/html", "html"),
        ("", ";;q=,,*;/\\", "json"),  # nothing that can be read asks for nothing
        ("?format=csv", None, "csv"),
        ("?format=json", BROWSER, "json"),
        ("?format=html", "application/json", "html"),
        ("?format=atom", "image/png", "atom"),
        ("?format=", "text/csv", "csv"),
    ],
)
def test_the_query_decides_then_the_header_then_the_first(query: str, accept: str | None, word: str) -> None:
    request = ask(query) if accept is None else ask(query, Accept=accept)

    response = negotiated(request, MAKERS)

    assert (response.body.decode(), response.content_type) == (word, FORMATS[word])
    assert response.vary == ("Accept",)


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        ("", "image/png"),
        ("", "application/json;q=0"),
        ("?format=xml", "*/*"),
        ("?format=png", "*/*"),  # a format, but none of this address
        ("?format=../../etc/passwd", "*/*"),
        ("?format=application/json", "*/*"),
        ("?format=JSON", "*/*"),
    ],
)
def test_nothing_that_fits_is_refused_with_what_there_is(query: str, accept: str) -> None:
    with pytest.raises(NotAcceptable) as refused:
        negotiated(ask(query, Accept=accept), {word: MAKERS[word] for word in ("json", "csv")})

    assert refused.value.values == {"types": "application/json, text/csv"}


def test_only_the_representation_that_is_sent_is_made() -> None:
    made: list[str] = []

    def make(word: str) -> Response:
        made.append(word)
        return Response(word)

    negotiated(ask("?format=html"), {word: partial(make, word) for word in MAKERS})

    assert made == ["html"]


def test_a_format_that_is_no_text_is_refused() -> None:
    with pytest.raises(BadRequest):
        negotiated(ask("?format=%ff"), MAKERS)


def test_a_very_long_accept_is_answered() -> None:
    many = ",".join(f"a/{number};q=0.5" for number in range(2000))

    assert negotiated(ask(Accept=f"{many},text/csv"), MAKERS).text == "csv"


# Changes


def posted(data: bytes, content_type: str) -> Request:
    request = Request.blank("/people", method="POST")
    request.environ |= {
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.input": BodyReader(BytesIO(data), len(data)),
    }
    keep_form(request, UploadLimits())
    return request


FORM = posted(b"name=Ana", "application/x-www-form-urlencoded")
PROGRAM = posted(b'{"name": "Ana"}', "application/json")


def test_a_program_is_told_what_it_changed() -> None:
    made = changed(PROGRAM, "http://house/people", Body("1"), 201, {"Location": "http://house/people/1"})
    gone = changed(PROGRAM, "http://house/people")

    assert (made.status_code, made.json, made.headers["Location"]) == (
        201,
        {"id": "1"},
        "http://house/people/1",
    )
    assert (gone.status_code, gone.body) == (204, b"")


def test_a_pages_form_goes_on_to_a_page() -> None:
    for response in (
        changed(FORM, "http://house/people", Body("1"), 201),
        changed(FORM, "http://house/people"),
    ):
        assert (response.status_code, response.body) == (303, b"")
        assert response.headers["Location"] == "http://house/people"


# One resource


def test_a_resource_is_sent_only_to_who_has_it_not() -> None:
    first = ask().get_response(resource_answer(Body("1")))
    etag = first.headers["ETag"]

    again = ask(If_None_Match=etag).get_response(resource_answer(Body("1")))
    another = ask(If_None_Match=etag).get_response(resource_answer(Body("2")))

    assert (first.status_code, first.json, first.headers["Cache-Control"]) == (
        200,
        {"id": "1"},
        "private, no-cache",
    )
    assert (again.status_code, again.body, again.headers["ETag"]) == (304, b"", etag)
    assert (another.status_code, another.json) == (200, {"id": "2"})


def test_its_version_is_of_what_it_shows_unless_it_is_given() -> None:
    assert version_of(Body("1")) == version_of({"id": "1"}) != version_of(Body("2"))
    assert resource_answer(Body("1")).etag == version_of(Body("1"))
    assert resource_answer(Body("1"), "7-2").etag == "7-2"


def test_head_has_the_headers_alone() -> None:
    whole, head = (ask(method=method).get_response(resource_answer(Body("1"))) for method in ("GET", "HEAD"))

    assert head.body == b""
    assert dict(head.headers) == dict(whole.headers)
    assert whole.headers["Content-Length"] == str(len(whole.body))


# Photos


def test_a_photo_is_sent_whole_in_ranges_or_not_at_all() -> None:
    kept = PhotoFile(b"0123456789", 1_600_000_000.5)

    whole = ask().get_response(photo_answer(kept, "image/jpeg"))
    part = ask(Range="bytes=2-4").get_response(photo_answer(kept, "image/jpeg"))
    none = ask(If_Modified_Since=whole.headers["Last-Modified"]).get_response(
        photo_answer(kept, "image/jpeg")
    )

    assert [(one.status_code, one.body) for one in (whole, part, none)] == [
        (200, b"0123456789"),
        (206, b"234"),
        (304, b""),
    ]
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    assert whole.headers["Cache-Control"] == none.headers["Cache-Control"] == "private, no-cache"


# What a page has around it


@pytest.mark.parametrize(
    ("address", "settings", "live"),
    [
        ("http://localhost:8765", {}, "ws://localhost:8766/porteiro/live"),
        ("http://localhost", {}, "ws://localhost:8766/porteiro/live"),
        ("http://[::1]:8765", {}, "ws://[::1]:8766/porteiro/live"),
        ("http://localhost:8765", {"PORTEIRO_LIVE": "127.0.0.1:9000"}, "ws://localhost:9000/porteiro/live"),
        ("http://house:8080", {"PORTEIRO_SOCKET": "/run/p.sock"}, "ws://house:8080/porteiro/live"),
        ("https://house:8443", {"PORTEIRO_SOCKET": "/run/p.sock"}, "wss://house:8443/porteiro/live"),
    ],
)
def test_the_live_feed_is_at_the_same_host(address: str, settings: dict[str, str], live: str) -> None:
    request = Request.blank("/people", base_url=f"{address}/porteiro")
    identity = Identity("Ana", Role.VIEWER)

    config = load_config(settings)

    assert view_of(request, config, identity) == View("/porteiro", live, identity, config.has_lab)


def test_a_page_may_load_this_servers_own_files_and_its_feed_alone() -> None:
    view = View("/porteiro", "wss://house/porteiro/live", AT_HOME)
    error = NotFound("not_found")

    page = error_answer(ask(Accept=BROWSER), error, "0" * 32, Pages(), view)

    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; img-src 'self' blob:; style-src 'self'; script-src 'self'; "
        "connect-src 'self' wss://house; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert page.headers["Cache-Control"] == "no-store"


def test_an_error_is_a_page_for_a_browser_and_json_for_a_program() -> None:
    error = Conflict("name_taken:person", name="<Ana>", headers={"X-Odd": "1"})
    view = View("", "ws://house/live", NOBODY)

    page = error_answer(ask(Accept=BROWSER), error, "0" * 32, Pages(), view)
    told = error_answer(ask(), error, "0" * 32, Pages(), view)

    assert (page.status_code, page.content_type, page.headers["X-Odd"]) == (409, "text/html", "1")
    assert "There is already somebody called &lt;Ana&gt;." in page.text
    assert (told.status_code, told.json, told.headers["X-Odd"]) == (
        409,
        {"error": {"code": "name_taken", "message": "There is already somebody called <Ana>."}},
        "1",
    )


@pytest.mark.parametrize(
    ("form", "zone", "shown"),
    [
        ("moment", "UTC", '<time datetime="2026-07-05T22:30:00+00:00">05 Jul 2026, 22:30:00</time>'),
        ("day", "Europe/Lisbon", '<time datetime="2026-07-05T23:30:00+01:00">05 Jul 2026</time>'),
        ("day", "Asia/Tokyo", '<time datetime="2026-07-06T07:30:00+09:00">06 Jul 2026</time>'),
        ("time_of_day", "Asia/Tokyo", '<time datetime="2026-07-06T07:30:00+09:00">07:30</time>'),
    ],
)
def test_times_are_shown_as_the_house_has_them(tmp_path: Path, form: str, zone: str, shown: str) -> None:
    (tmp_path / "time.html").write_text(f"{{{{ at|{form} }}}}")
    view = View("", "ws://house/live")

    page = Pages(ZoneInfo(zone), (tmp_path,)).render(
        view, "time.html", at=datetime(2026, 7, 5, 22, 30, tzinfo=UTC)
    )

    assert page.text == shown


def test_a_door_is_shown_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "door.html").write_text("{{ device|door }}")

    page = Pages(folders=(tmp_path,)).render(
        View("", "ws://house/live"), "door.html", device="device:<front>"
    )

    assert page.text == "&lt;front&gt;"


def test_what_a_template_shows_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "name.html").write_text("{{ root }} {{ identity.name }} {{ name }}")
    view = View("/p", "ws://house/live", Identity("<b>", Role.VIEWER))

    page = Pages(folders=(tmp_path,)).render(view, "name.html", 201, name="<script>")

    assert (page.status_code, page.text) == (201, "/p &lt;b&gt; &lt;script&gt;")


@pytest.mark.parametrize(("has_lab", "ways"), [(True, 1), (False, 0)])
def test_the_house_has_a_way_to_its_lab_where_there_is_one(has_lab: bool, ways: int) -> None:
    view = View("/porteiro", "ws://house/live", AT_HOME, has_lab)

    page = error_answer(ask(Accept=BROWSER), NotFound("not_found"), "0" * 32, Pages(), view)

    assert page.text.count('<a href="/porteiro/lab/">') == ways


def test_a_template_can_be_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "name.html").write_text("{% if name %}<b>{{ name }}</b>{% endif %}")

    assert Pages(folders=(tmp_path,)).source("name.html") == "{% if name %}<b>{{ name }}</b>{% endif %}"


def test_json_is_what_it_is_given() -> None:
    response = json_answer(Body("\xe9"), 201, {"Location": "http://house/1"})

    assert (response.status_code, response.body, response.headers["Location"]) == (
        201,
        b'{"id":"\xc3\xa9"}',
        "http://house/1",
    )
