import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import Clock
from tests.forms import HTML
from tests.servers import InProcessServer, enrolled, post_photo, served
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.counters import ProcessCounters
from wsgi_app.base.doors import DoorId
from wsgi_app.base.faces import Box, Landmarks, MeasuredFace, Quality
from wsgi_app.base.limits import PictureLimits
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.house import House, put_together
from wsgi_app.house.words.pages import PHOTOS, REASONS
from wsgi_app.stores import tables
from wsgi_app.stores.photos import sha256_of
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit
from wsgi_app.vision.thumbnails import thumbnail

Photo = Callable[[str], bytes]
FACE = MeasuredFace(
    box=Box(left=10.0, top=20.0, width=32.0, height=64.0),
    landmarks=Landmarks((20.0, 30.0), (40.5, 30.0), (30.0, 45.0), (22.0, 60.0), (38.0, 60.0)),
    score=0.9,
    quality=Quality(size_px=30.0, brightness=35.0, sharpness=20.0, roll_degrees=0.0, yaw=0.2),
)


def came(stores: Stores, number: int, photo: bytes = b"no picture", **fields: object) -> str:
    """A visit of this moment; gives its id."""
    visit_id = f"{number:032x}"
    at = stores.now()
    name = stores.visits.save_photo(visit_id, at, photo)
    visit = Visit(0, visit_id, at, DoorId.of("device:front"), Outcome.UNKNOWN, None, None, None, name, 1.0)
    stores.visits.add(replace(visit, **fields), StoredAnswer(404, b"{}"), None)  # type: ignore[arg-type]
    return visit_id


def ids(server: InProcessServer, **query: str) -> list[str]:
    answer = server.ask("GET", f"/visits?{urlencode(query)}")
    assert answer.status == 200, answer.body
    return [visit["id"] for visit in answer.json["visits"]]


def page(server: InProcessServer, path: str) -> str:
    answer = server.ask("GET", path, headers=HTML)
    assert answer.status == 200, answer.body
    return answer.body.decode()


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", "", html).split())


@pytest.fixture
def lisbon_server(house: House) -> InProcessServer:
    """The same house, where the clocks are Lisbon's."""
    config = replace(house.config, timezone=ZoneInfo("Europe/Lisbon"))
    there = put_together(config, house.stores, house.pipeline, ProcessCounters())
    return served(there)


# Filters


def test_a_filter_that_fits_nothing_gives_an_empty_list(server: InProcessServer, stores: Stores) -> None:
    came(stores, 1)
    empty = {"person": "nobody"}, {"device": "device:back"}, {"day": "1999-12-31"}, {"corrected": "yes"}
    assert [ids(server, **query) for query in empty] == [[]] * 4
    assert ids(server, person="", outcome="", device="", day="", corrected="") == [f"{1:032x}"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("outcome=stranger", "outcome must be one of known, unknown, no_face"),
        ("corrected=1", "corrected must be yes or no."),
        ("day=today", "day must be a day such as 2026-01-31."),
        ("day=2026-02-30", "day must be a day such as 2026-01-31."),
        ("day=9999-12-31", "day must be a day such as 2026-01-31."),
        ("day=0001-01-01", "day must be a day such as 2026-01-31."),
        ("person=a%00b", "person must be plain text of at most 200 characters."),
        (f"device={'x' * 201}", "device must be plain text of at most 200 characters."),
        ("person=%ff", "The query is not UTF-8."),
        ("limit=0", "limit must be a positive whole number."),
        ("before=x", "before must be a positive whole number."),
    ],
)
def test_a_filter_that_cannot_be_is_refused_with_what_fits(
    server: InProcessServer, query: str, says: str
) -> None:
    answer = server.ask("GET", f"/visits?{query}")
    assert (answer.status, answer.error) == (400, "bad_query")
    assert answer.json["error"]["message"].startswith(says)


def test_a_format_that_is_none_is_refused(server: InProcessServer) -> None:
    assert server.ask("GET", "/visits?format=xml").status == 406
    assert server.ask("GET", "/visits", headers={"Accept": "image/png"}).status == 406


def test_a_day_is_one_of_the_house(lisbon_server: InProcessServer, stores: Stores, clock: Clock) -> None:
    clock.advance(((date(2026, 7, 1) - date(2026, 1, 5)).days * 24 + 12.5) * 3600)
    first = came(stores, 1)
    clock.advance(3600)
    second = came(stores, 2)
    assert clock.now().isoformat() == "2026-07-01T23:30:00+00:00"
    assert ids(lisbon_server, day="2026-07-01") == [first]
    assert ids(lisbon_server, day="2026-07-02") == [second]


def test_the_next_page_is_asked_for_with_the_same_filters(server: InProcessServer, stores: Stores) -> None:
    for number in range(3):
        came(stores, number)
    link = server.ask("GET", "/visits?device=device:front&outcome=&format=csv&limit=1").headers["Link"]
    assert link == (
        '<http://localhost/porteiro/visits?device=device%3Afront&format=csv&limit=1&before=3>; rel="next"'
    )
    assert "Link" not in server.ask("GET", "/visits?limit=3").headers


# Other formats


@pytest.mark.parametrize(
    ("outcome", "title"),
    [
        ("known", "Somebody since forgotten was let in"),
        ("unknown", "Somebody unknown was at the door"),
        ("no_face", "No face was to be made out at the door"),
        ("several_people", "Several people were at the door"),
    ],
)
def test_titles_in_the_feed_can_be_read(
    server: InProcessServer, stores: Stores, outcome: str, title: str
) -> None:
    came(stores, 1, outcome=outcome)
    feed = server.ask("GET", "/visits?format=atom").body.decode()
    assert re.findall("<title>(.*?)</title>", feed) == ["Visits", title]
    assert re.findall("<summary>(.*?)</summary>", feed) == ["2026-01-05 10:00:00 UTC, front"]


def test_a_correction_is_told_in_the_feed_and_the_table(server: InProcessServer, stores: Stores) -> None:
    eve = stores.people.add("=Eve <b>").id
    visits = [came(stores, number) for number in (1, 2, 3)]
    for visit, (verdict, person) in zip(
        visits,
        (
            (CorrectionVerdict.PERSON, eve),
            (CorrectionVerdict.NOBODY, None),
            (CorrectionVerdict.IGNORED, None),
        ),
        strict=True,
    ):
        stores.corrections.set([visit], verdict, person)
    feed = server.ask("GET", "/visits?format=atom").body.decode()
    assert re.findall("<title>(.*?)</title>", feed)[1:] == [
        "Somebody unknown was at the door",
        "Somebody unknown was at the door; it was nobody known here",
        "Somebody unknown was at the door; it was =Eve &lt;b&gt;",
    ]
    rows = server.ask("GET", "/visits?format=csv").body.decode().splitlines()
    assert [row.split(",")[7:10] for row in rows] == [
        ["correction", "corrected_person", "corrected_name"],
        ["ignored", "", ""],
        ["nobody", "", ""],
        ["person", eve, "'=Eve <b>"],
    ]


# Thumbnails


def test_a_photo_that_is_no_picture_is_its_own_thumbnail(server: InProcessServer, stores: Stores) -> None:
    visit = came(stores, 1, photo=b"\xff\xd8\xff broken")
    answer = server.ask("GET", f"/visits/{visit}/thumbnail")
    assert (answer.status, answer.body) == (200, b"\xff\xd8\xff broken")


def test_a_photo_that_is_gone_has_no_thumbnail(server: InProcessServer, stores: Stores) -> None:
    visit = came(stores, 1)
    stores.photos.remove(stores.visits.get(visit).photo)
    assert server.ask("GET", f"/visits/{visit}/thumbnail").status == 404
    assert server.ask("GET", f"/visits/{2:032x}/thumbnail").status == 404


def lose_disk(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the folder of the photos gone, as where its disk is not mounted."""
    monkeypatch.setattr(stores.photos, "_is_marked", True)
    shutil.rmtree(stores.photos.path("visits"))


# How the photo of a visit comes not to be shown, by the code of that.
TROUBLES: dict[str, Callable[[Stores, Visit, pytest.MonkeyPatch], object]] = {
    "photo_gone": lambda stores, visit, _: stores.photos.remove(visit.photo),
    "photo_unkept": lambda stores, visit, _: set_photo(stores, visit.id, ""),
    "photo_damaged": lambda stores, visit, _: stores.photos.path(visit.photo).write_bytes(b"\xff\xd8 else"),
    "photos_missing": lambda stores, _, monkeypatch: lose_disk(stores, monkeypatch),
}


def set_photo(stores: Stores, visit: str, name: str) -> None:
    with stores.database.write() as connection:
        connection.execute(tables.visits.update().where(tables.visits.c.id == visit).values(photo=name))


def test_each_trouble_with_a_photo_has_words_for_its_place() -> None:
    assert TROUBLES.keys() == PHOTOS.keys()


@pytest.mark.parametrize("code", TROUBLES)
def test_in_place_of_a_photo_that_cannot_be_shown_pages_show_words(
    server: InProcessServer, stores: Stores, photo: Photo, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    jpeg = photo("chen-1")
    visit = came(stores, 1, photo=jpeg, face=FACE, photo_sha256=sha256_of(jpeg))
    TROUBLES[code](stores, stores.visits.get(visit), monkeypatch)

    as_image = {"Accept": "image/avif,image/webp,image/svg+xml,image/*;q=0.8,*/*;q=0.5"}
    for what in ("photo", "thumbnail"):
        told = server.ask("GET", f"/visits/{visit}/{what}")
        shown = server.ask("GET", f"/visits/{visit}/{what}", headers=as_image)
        assert told.error == code
        assert told.status == shown.status == (503 if code == "photos_missing" else 404)
        assert shown.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
        assert f">{PHOTOS[code]}</text>" in shown.body.decode()
    for path in ("/", "/visits"):
        assert f'/visits/{visit}/thumbnail"' in page(server, path)
    why = server.ask("GET", f"/visits/{visit}/photo").json["error"]["message"]
    own = page(server, f"/visits/{visit}")
    assert f"The photo of this visit cannot be shown. {why}" in text_of(own)
    assert f'/visits/{visit}/photo"' not in own


def test_where_the_disk_is_full_a_thumbnail_is_sent_and_not_kept(
    server: InProcessServer, stores: Stores, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = came(stores, 1, photo=photo("ana-1"))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert server.ask("GET", f"/visits/{visit}/thumbnail").body == thumbnail(photo("ana-1"), PictureLimits())
    assert not stores.photos.thumbnail_path(stores.visits.get(visit).photo).exists()


# Pages


def test_the_page_of_an_empty_house_says_so(server: InProcessServer) -> None:
    html = page(server, "/visits")
    assert "Nobody has rung yet. Send a photo as the door does:" in text_of(html)
    assert "timeline" not in html


def test_a_day_without_visits_says_so_once(server: InProcessServer, stores: Stores) -> None:
    came(stores, 1)
    text = text_of(page(server, "/visits?day=2026-01-04"))
    assert "No visits on this day that fit." in text
    assert "No visit fits." not in text
    assert "Nobody has rung yet." not in text


def test_the_page_shows_the_timeline_of_the_day_in_a_drawing_and_in_words(
    lisbon_server: InProcessServer, stores: Stores, clock: Clock
) -> None:
    for number, outcome in enumerate(("known", "unknown", "known")):
        came(stores, number, outcome=outcome)
        clock.advance(600)
    html = page(lisbon_server, "/visits")
    assert "3 visits: 2 let in, 1 not known; from 10:00 to 10:20." in text_of(html)
    assert re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="(\d)" width=".8" height="(\d)"/>', html) == [
        ("green", "40.1", "3", "1"),
        ("red", "40.1", "2", "1"),
        ("green", "41.1", "3", "1"),
    ]
    assert 'role="img" aria-labelledby="summary"' in html


def test_days_lead_to_the_days_beside_them_but_not_to_tomorrow(
    lisbon_server: InProcessServer, stores: Stores
) -> None:
    came(stores, 1)
    day = r'href="[^"]*day=(\d{4}-\d\d-\d\d)[^"]*" rel="(\w+)"'
    assert re.findall(day, page(lisbon_server, "/visits")) == [("2026-01-04", "prev")]
    assert re.findall(day, page(lisbon_server, "/visits?day=2026-01-04&person=x")) == [
        ("2026-01-03", "prev"),
        ("2026-01-05", "next"),
    ]
    assert "person=x" in page(lisbon_server, "/visits?day=2026-01-04&person=x").split('rel="prev"')[0]


def test_the_form_keeps_what_was_asked_for(server: InProcessServer, stores: Stores) -> None:
    ana = stores.people.add("Ana").id
    came(stores, 1)
    query = f"person={ana}&outcome=unknown&device=device:front&day=2026-01-05&corrected=no"
    html = page(server, f"/visits?{query}")
    assert re.findall(r'<option value="([^"]*)" selected>([^<]*)<', html) == [
        (ana, "Ana"),
        ("unknown", "not known"),
        ("device:front", "front"),
        ("no", "not corrected"),
    ]
    assert '<input type="date" name="day" value="2026-01-05" max="2026-01-05">' in html
    assert "No visits on this day that fit." in text_of(html)


def test_a_page_has_two_dozen_cards_and_leads_to_older_ones(server: InProcessServer, stores: Stores) -> None:
    for number in range(25):
        came(stores, number)
    html = page(server, "/visits")
    assert html.count('class="visit red"') == 24
    assert re.findall(r'href="([^"]*)" rel="next"', html) == [
        "http://localhost/porteiro/visits?before=2&amp;limit=24"
    ]
    assert len(html) < 60_000
    assert page(server, "/visits?before=2").count('class="visit red"') == 1


def test_a_card_says_who_it_was_by_a_correction(server: InProcessServer, stores: Stores) -> None:
    visit = came(stores, 1)
    stores.corrections.set([visit], CorrectionVerdict.PERSON, stores.people.add("Ana").id)
    assert "not known 05 Jan 2026, 10:00:00 front it was Ana" in text_of(page(server, "/visits"))


@pytest.mark.parametrize(
    ("verdict", "words"),
    [(CorrectionVerdict.NOBODY, "it was nobody known"), (CorrectionVerdict.IGNORED, "left out of the inbox")],
)
def test_a_card_says_that_it_was_nobody_or_is_ignored(
    server: InProcessServer, stores: Stores, verdict: CorrectionVerdict, words: str
) -> None:
    stores.corrections.set([came(stores, 1)], verdict)
    assert f"10:00:00 front {words}" in text_of(page(server, "/visits"))


def test_the_list_of_the_corrected_has_nobody_and_leaves_out_what_is_ignored(
    server: InProcessServer, stores: Stores
) -> None:
    visits = [came(stores, number) for number in range(3)]
    stores.corrections.set([visits[0]], CorrectionVerdict.NOBODY)
    stores.corrections.set([visits[1]], CorrectionVerdict.IGNORED)
    assert ids(server, corrected="yes") == [visits[0]]
    assert ids(server, corrected="no") == [visits[2], visits[1]]


@pytest.mark.parametrize(("reason", "words"), REASONS.items())
def test_a_visit_that_was_like_enough_says_why_it_was_refused(
    server: InProcessServer, stores: Stores, reason: str, words: str
) -> None:
    visit = came(stores, 1, score=0.91, reason=reason)
    assert server.ask("GET", f"/visits/{visit}").json["reason"] == reason
    assert words in text_of(page(server, f"/visits/{visit}"))


def test_the_next_page_of_a_feed_is_a_feed(server: InProcessServer, stores: Stores) -> None:
    for number in range(3):
        came(stores, number)
    answer = server.ask("GET", "/visits?limit=2", headers={"Accept": "application/atom+xml"})
    following = "http://localhost/porteiro/visits?limit=2&before=2&format=atom"
    assert answer.headers["Link"] == f'<{following}>; rel="next"'
    assert f'rel="next" href="{following.replace("&", "&amp;")}"' in answer.body.decode()


def test_the_page_of_a_visit_draws_the_face_over_the_photo(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    visit = came(stores, 1, photo=photo("ana-1"), score=0.31, face=FACE)
    html = page(server, f"/visits/{visit}")
    assert 'alt="Photo of this visit" width="960" height="540"' in html
    assert '<svg class="red" viewBox="0 0 960 540" aria-hidden="true">' in html
    assert '<rect x="10.0" y="20.0" width="32.0" height="64.0" rx="2.0"/>' in html
    assert html.count("<circle") == 5
    text = text_of(html)
    for words in ("too small 30 px", "dim 35 of 255", "sharp 20", "a little aside 0.20", "0.31"):
        assert words in text


def test_a_visit_whose_photo_is_gone_still_has_its_page(server: InProcessServer, stores: Stores) -> None:
    visit = came(stores, 1)
    stores.photos.remove(stores.visits.get(visit).photo)
    assert "The photo of this visit cannot be shown." in text_of(page(server, f"/visits/{visit}"))


def test_names_are_text_on_pages(server: InProcessServer, stores: Stores) -> None:
    eve = stores.people.add("<script>alert(1)</script>").id
    visit = came(stores, 1, outcome="known", person_id=eve)
    for path in ("/visits", f"/visits/{visit}"):
        html = page(server, path)
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)" in html


def test_a_page_offers_to_know_somebody_by_a_visit(server: InProcessServer, photo: Photo) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))
    visit = post_photo(server, "/", photo("ana-3")).json["visit"]
    html = page(server, f"/visits/{visit}")
    assert f'action="/porteiro/people/{ana}/faces"' in html
    assert f'<input type="hidden" name="visit" value="{visit}">' in html


def test_a_page_offers_nobody_for_a_visit_that_is_said_to_be_nobodys(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))
    visit = post_photo(server, "/", photo("ana-3")).json["visit"]
    stores.corrections.set([visit], CorrectionVerdict.NOBODY)
    html = page(server, f"/visits/{visit}")
    assert "by it too" not in html
    assert " selected>Ana" not in html


def test_a_form_that_deletes_a_visit_goes_on_to_the_list(server: InProcessServer, stores: Stores) -> None:
    visit = came(stores, 1)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = server.ask("POST", f"/visits/{visit}", b"_method=DELETE", form)
    assert (answer.status, answer.headers["Location"]) == (303, "http://localhost/porteiro/visits")
    assert ids(server) == []
    assert [(event.action, event.by) for event in stores.events.after(0, 10)] == [("removed", "this machine")]
