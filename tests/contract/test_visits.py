"""Visits over REST, in this process and through nginx and uWSGI."""

import csv
import io
from collections.abc import Callable
from xml.etree import ElementTree as Xml

from tests.servers import Answer, Server, enrolled, path_of, post_json, post_photo
from wsgi_app.endpoints.visits.bodies import VisitBody

Photo = Callable[[str], bytes]


def test_visits_are_listed_newest_first_a_page_at_a_time(any_server: Server, photo: Photo) -> None:
    sent = [post_photo(any_server, "/", photo(f"nobody-{n}")).json["visit"] for n in (1, 2, 3)]

    first = any_server.ask("GET", "/visits?limit=2")
    following = first.headers["Link"]
    second = any_server.ask("GET", path_of(any_server, following[1 : following.index(">")]))

    assert following.endswith('>; rel="next"')
    assert [visit["id"] for visit in first.json["visits"] + second.json["visits"]][:3] == sent[::-1]


def test_a_visit_shows_the_face_that_was_judged(any_server: Server, photo: Photo, ana: str) -> None:
    told = post_photo(any_server, "/", photo("ana-3")).json

    visit = any_server.ask("GET", f"/visits/{told['visit']}").json

    assert list(visit) == list(VisitBody.__struct_fields__)
    assert visit["correction"] is None
    assert visit["links"]["person"].endswith(f"/people/{ana}")
    assert visit["links"]["photo"].endswith(f"/visits/{told['visit']}/photo")
    assert len(visit["face"]["landmarks"]) == 5
    box = visit["face"]["box"]
    assert abs(visit["face"]["quality"]["size_px"] - min(box["width"], box["height"])) < 0.1


def test_a_face_has_one_form_in_visits_and_in_answers_about_pictures(
    any_server: Server, photo: Photo, ana: str
) -> None:
    visit = post_photo(any_server, "/", photo("ana-3")).json["visit"]

    (face,) = post_photo(any_server, "/faces", photo("ana-3"), field="image").json["faces"]

    assert any_server.ask("GET", f"/visits/{visit}").json["face"] == face


def test_the_visits_of_somebody_forgotten_go_with_them(any_server: Server, photo: Photo) -> None:
    chen = enrolled(any_server, "Chen", photo("chen-1"), photo("chen-2"))
    told = post_photo(any_server, "/", photo("chen-3"), {"Idempotency-Key": "chen-at-the-door"}).json
    assert told["person"] == {"id": chen, "name": "Chen"}

    any_server.ask("DELETE", f"/people/{chen}")

    assert any_server.ask("GET", f"/visits/{told['visit']}").status == 404
    again = post_photo(any_server, "/", photo("chen-3"), {"Idempotency-Key": "chen-at-the-door"})
    assert (again.status, again.json["outcome"]) == (404, "unknown")


def test_a_photo_is_sent_in_ranges_and_again_only_when_changed(any_server: Server, photo: Photo) -> None:
    visit = post_photo(any_server, "/", photo("nobody-1")).json["visit"]

    part = any_server.ask("GET", f"/visits/{visit}/photo", headers={"Range": "bytes=0-9"})
    whole = any_server.ask("GET", f"/visits/{visit}/photo")
    again = any_server.ask(
        "GET", f"/visits/{visit}/photo", headers={"If-Modified-Since": whole.headers["Last-Modified"]}
    )
    head = any_server.ask("HEAD", f"/visits/{visit}/photo")

    assert (part.status, part.body) == (206, photo("nobody-1")[:10])
    assert whole.headers["Cache-Control"].startswith("private")
    assert (again.status, again.body) == (304, b"")
    assert (head.status, head.body, head.headers["Content-Length"]) == (
        200,
        b"",
        str(len(photo("nobody-1"))),
    )


def read_table(answer: Answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


def page_after(answer: Answer, server: Server) -> Answer:
    link = answer.headers["Link"]
    return server.ask("GET", path_of(server, link[1 : link.index(">")]))


def test_filters_are_kept_from_page_to_page(any_server: Server, photo: Photo, ana: str) -> None:
    sent = [post_photo(any_server, "/", photo(f"ana-{n}")).json["visit"] for n in (3, 4)]
    post_photo(any_server, "/", photo("nobody-1"))

    first = any_server.ask("GET", f"/visits?person={ana}&outcome=known&limit=1")
    second = page_after(first, any_server)

    assert [visit["id"] for visit in first.json["visits"] + second.json["visits"]] == sent[::-1]


def test_the_same_visits_come_as_a_table(any_server: Server, photo: Photo, ana: str) -> None:
    sent = post_photo(any_server, "/", photo("ana-3")).json

    answer = any_server.ask("GET", f"/visits?person={ana}&limit=1", headers={"Accept": "text/csv"})

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="visits.csv"'
    (row,) = read_table(answer)
    assert (row["visit"], row["outcome"], row["name"]) == (sent["visit"], "known", "Ana")
    assert row["photo"].endswith(f"/visits/{sent['visit']}/photo")


def test_the_same_visits_come_as_a_feed(any_server: Server, photo: Photo, ana: str) -> None:
    sent = [post_photo(any_server, "/", photo(f"ana-{n}")).json["visit"] for n in (3, 4)]

    answer = any_server.ask("GET", f"/visits?person={ana}&limit=1&format=atom")

    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    names = {"a": "http://www.w3.org/2005/Atom"}
    root = Xml.fromstring(answer.body)
    links = {link.get("rel") or "": link.get("href") or "" for link in root.findall("a:link", names)}
    assert sorted(links) == ["alternate", "next", "self"]
    assert root.findtext("a:entry/a:title", namespaces=names) == "Ana was let in"
    following = any_server.ask("GET", path_of(any_server, links["next"]))
    (entry,) = Xml.fromstring(following.body).findall("a:entry", names)
    photos = [link.get("href") or "" for link in entry.findall("a:link[@rel='enclosure']", names)]
    assert [address.endswith(f"/visits/{sent[0]}/photo") for address in photos] == [True]


def test_a_browser_sees_visits_as_pages(any_server: Server, photo: Photo, ana: str) -> None:
    visit = post_photo(any_server, "/", photo("ana-3")).json["visit"]
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

    listed = any_server.ask("GET", "/visits", headers=browser)
    shown = any_server.ask("GET", f"/visits/{visit}", headers=browser)

    assert [answer.headers["Content-Type"] for answer in (listed, shown)] == ["text/html; charset=utf-8"] * 2
    assert f"/visits/{visit}/thumbnail".encode() in listed.body
    assert b"<h1>Ana was let in</h1>" in shown.body


def test_a_thumbnail_is_small_and_stays_the_same(any_server: Server, photo: Photo) -> None:
    visit = post_photo(any_server, "/", photo("nobody-1")).json["visit"]

    first = any_server.ask("GET", f"/visits/{visit}/thumbnail")
    again = any_server.ask("GET", f"/visits/{visit}/thumbnail")

    assert (first.status, first.headers["Content-Type"]) == (200, "image/jpeg")
    assert first.headers["Cache-Control"].startswith("private")
    assert 0 < len(first.body) < len(photo("nobody-1"))
    assert (again.body, again.headers["Last-Modified"]) == (first.body, first.headers["Last-Modified"])


def test_a_correction_stands_beside_the_verdict_until_it_is_taken_back(
    any_server: Server, photo: Photo, ana: str
) -> None:
    visit = post_photo(any_server, "/", photo("ana-3")).json["visit"]
    before = any_server.ask("GET", f"/visits/{visit}")

    said = post_json(any_server, f"/visits/{visit}/correction", {"name": "Bruno Beside"}, "PUT")

    assert said.status == 200
    corrected = any_server.ask("GET", f"/visits/{visit}")
    told = said.json
    assert told["links"].pop("undo").count("/undo/") == 1
    assert corrected.json == told
    assert (corrected.headers["ETag"], corrected.headers["ETag"] == before.headers["ETag"]) == (
        said.headers["ETag"],
        False,
    )
    assert (corrected.json["person"]["name"], corrected.json["outcome"]) == ("Ana", "known")
    assert corrected.json["correction"]["verdict"] == "person"
    assert corrected.json["correction"]["person"]["name"] == "Bruno Beside"
    assert any_server.ask("DELETE", f"/visits/{visit}/correction").status == 204
    assert any_server.ask("GET", f"/visits/{visit}").json == before.json


def test_a_visit_is_deleted_only_by_those_who_saw_it_as_it_is(
    any_server: Server, photo: Photo, ana: str
) -> None:
    visit = post_photo(any_server, "/", photo("ana-3")).json["visit"]
    any_server.ask("GET", f"/visits/{visit}/thumbnail")
    seen = any_server.ask("GET", f"/visits/{visit}").headers["ETag"]
    post_json(any_server, f"/visits/{visit}/correction", {"verdict": "ignored"}, "PUT")
    now = any_server.ask("GET", f"/visits/{visit}").headers["ETag"]

    refused = any_server.ask("DELETE", f"/visits/{visit}", headers={"If-Match": seen})
    removed = any_server.ask("DELETE", f"/visits/{visit}", headers={"If-Match": now})

    assert (refused.status, removed.status) == (412, 204)
    parts = ("", "/photo", "/thumbnail")
    assert [any_server.ask("GET", f"/visits/{visit}{part}").status for part in parts] == [404, 404, 404]
    assert any_server.ask("DELETE", f"/visits/{visit}").status == 404
