"""All that is kept of somebody, as a download."""

import io
import json
import zipfile
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from tests.servers import InProcessServer, enrolled, post_photo, served
from wsgi_app.endpoints.people.export import Sending
from wsgi_app.house.house import House

Photo = Callable[[str], bytes]


@pytest.fixture
def server(house: House) -> InProcessServer:
    """The house in Lisbon."""
    return served(house, timezone=ZoneInfo("Europe/Lisbon"))


def test_an_export_is_a_zip_named_after_the_person(server: InProcessServer, photo: Photo) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    visit = post_photo(server, "/", photo("ana-2")).json["visit"]

    answer = server.ask("GET", f"/people/{ana}/export")

    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        names = archive.namelist()
        assert json.loads(archive.read("person.json"))["name"] == "Ana"
        (taken,) = [name for name in names if name.endswith(f"{visit[:8]}.jpg")]
        assert archive.read(taken) == photo("ana-2")
    assert taken == f"visits/2026-01-05 10.00.00 known {visit[:8]}.jpg"
    assert len(names) == 4
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"Ana.zip\"; filename*=UTF-8''Ana.zip"
    )


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Zé d'Óbidos", "filename=\"Z_ d__bidos.zip\"; filename*=UTF-8''Z%C3%A9%20d%27%C3%93bidos.zip"),
        ("../../etc/passwd", "filename=\".._.._etc_passwd.zip\"; filename*=UTF-8''.._.._etc_passwd.zip"),
        ('a"; b', "filename=\"a__ b.zip\"; filename*=UTF-8''a%22%3B%20b.zip"),
        ("陈", "filename=\"_.zip\"; filename*=UTF-8''%E9%99%88.zip"),
    ],
)
def test_an_export_has_a_safe_file_name_for_any_name(server: InProcessServer, name: str, header: str) -> None:
    person = enrolled(server, name)

    answer = server.ask("GET", f"/people/{person}/export")

    assert answer.headers["Content-Disposition"] == f"attachment; {header}"


def test_an_export_of_nobody_is_404(server: InProcessServer) -> None:
    answer = server.ask("GET", f"/people/{'0' * 32}/export")

    assert (answer.status, answer.error) == (404, "not_found")


def test_a_file_is_closed_once_it_is_sent_or_nobody_wants_it() -> None:
    sent, unwanted = io.BytesIO(b"zip" * 50_000), io.BytesIO(b"zip")

    chunks = list(Sending(sent))
    Sending(unwanted).close()

    assert [len(chunk) for chunk in chunks] == [65_536, 65_536, 18_928]
    assert (sent.closed, unwanted.closed) == (True, True)
