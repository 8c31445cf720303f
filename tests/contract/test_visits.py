"""Visits over REST, in this process and through nginx and uWSGI."""

from collections.abc import Callable

from tests.servers import Server, enrolled, post_photo

Photo = Callable[[str], bytes]


def test_visits_are_listed_newest_first_a_page_at_a_time(any_server: Server, photo: Photo) -> None:
    sent = [post_photo(any_server, "/", photo(f"nobody-{n}")).json["visit"] for n in (1, 2, 3)]

    first = any_server.ask("GET", "/visits?limit=2")
    following = first.headers["Link"]
    second = any_server.ask("GET", following[1 : following.index(">")].split(any_server.prefix, 1)[1])

    assert following.endswith('>; rel="next"')
    assert [visit["id"] for visit in first.json["visits"] + second.json["visits"]][:3] == sent[::-1]


def test_a_visit_shows_the_face_that_was_judged(any_server: Server, photo: Photo, ana: str) -> None:
    told = post_photo(any_server, "/", photo("ana-3")).json

    visit = any_server.ask("GET", f"/visits/{told['visit']}").json

    assert list(visit) == ["id", "at", "device", "outcome", "person", "score", "face", "took_ms", "links"]
    assert visit["links"]["person"].endswith(f"/people/{ana}")
    assert visit["links"]["photo"].endswith(f"/visits/{told['visit']}/photo")
    assert len(visit["face"]["landmarks"]) == 5
    assert abs(visit["face"]["quality"]["size_px"] - min(visit["face"]["box"][2:])) < 0.1


def test_the_visits_of_somebody_forgotten_lose_the_name(any_server: Server, photo: Photo) -> None:
    chen = enrolled(any_server, "Chen", photo("chen-1"), photo("chen-2"))
    told = post_photo(any_server, "/", photo("chen-3"), {"Idempotency-Key": "chen-at-the-door"}).json
    assert told["person"] == {"id": chen, "name": "Chen"}

    any_server.ask("DELETE", f"/people/{chen}")

    visit = any_server.ask("GET", f"/visits/{told['visit']}").json
    assert (visit["outcome"], visit["person"]) == ("known", None)
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
