"""A person's faces: from photos and visits, and the photos that are refused."""

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.conftest import REPOSITORY
from tests.forms import HTML, post_form
from tests.galleries import SHARP
from tests.servers import Answer, InProcessServer, enrolled, form, path_of, post_json, post_photo
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.limits import MEBIBYTE, UploadLimits
from wsgi_app.base.steps import Steps
from wsgi_app.house.enrolment import MOST_FACES
from wsgi_app.house.house import House
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.standards import ENROLMENT

Photo = Callable[[str], bytes]
STATIC = REPOSITORY / "wsgi_app" / "static"


def faces_of(server: InProcessServer, person: str) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = server.ask("GET", f"/people/{person}/faces").json["faces"]
    return listed


def axis(at: int) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = np.eye(MOST_FACES, dtype=np.float32)[at]
    return vector


# Photos


def test_a_face_knows_its_person_and_that_it_is_from_no_visit(server: InProcessServer, photo: Photo) -> None:
    ana = enrolled(server, "Ana")

    answer = post_photo(server, f"/people/{ana}/faces", photo("ana-1"))

    here = f"http://localhost/porteiro/people/{ana}"
    face = f"{here}/faces/{answer.json['id']}"
    assert (answer.status, answer.headers["Location"]) == (201, face)
    told = answer.json
    assert told["links"].pop("undo").startswith("http://localhost/porteiro/undo/")
    assert told["links"] == {"self": face, "photo": f"{face}/photo", "person": here}
    assert (told["negative"], told["visit"]) == (False, None)
    assert faces_of(server, ana) == [told]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"PK\x03\x04" + b"\0" * 10_000, 415, "unsupported_media_type"),
        (b"%PDF-1.7\n", 415, "unsupported_media_type"),
        (b"", 415, "unsupported_media_type"),
    ],
    ids=["zip", "PDF", "nothing"],
)
def test_what_is_no_photo_is_refused_by_its_content(
    server: InProcessServer, data: bytes, status: int, code: str
) -> None:
    ana = enrolled(server, "Ana")

    answer = server.ask("POST", f"/people/{ana}/faces", *form(("file", "photos.jpg", data)))

    assert (answer.status, answer.error) == (status, code)


def test_the_same_photo_again_is_a_conflict_also_as_another_file(
    server: InProcessServer, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    copy = io.BytesIO()
    Image.open(io.BytesIO(photo("ana-1"))).save(copy, "PNG")

    answers = [post_photo(server, f"/people/{ana}/faces", each) for each in (photo("ana-1"), copy.getvalue())]

    assert [(answer.status, answer.error) for answer in answers] == [(409, "duplicate")] * 2
    assert answers[0].json["error"]["message"] == "Ana has this photo already; use another one."
    assert len(faces_of(server, ana)) == 1


def test_beyond_the_most_photos_one_has_to_go_first(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(server, "Ana")
    for at in range(MOST_FACES):
        stores.faces.add(ana, b"", SHARP, Embedding("earlier", axis(at)))

    full = post_photo(server, f"/people/{ana}/faces", photo("ana-1"))
    server.ask("DELETE", f"/people/{ana}/faces/{faces_of(server, ana)[0]['id']}")
    again = post_photo(server, f"/people/{ana}/faces", photo("ana-1"))

    assert (full.status, full.error) == (409, "too_many_faces")
    assert (
        full.json["error"]["message"] == "Ana has 50 photos, as many as anybody may have; remove one first."
    )
    assert again.status == 201


# Somebody else's face


@pytest.mark.parametrize(
    ("headers", "what_to_do"),
    [
        ({}, "send accept=like_another"),
        ({"Sec-Fetch-Site": "same-origin"}, "press 'Enrol all the same'"),  # the page's own script
        ({"Sec-Fetch-Mode": "cors", "Accept-Language": "*"}, "send accept=like_another"),
    ],
)
def test_a_face_that_is_like_somebody_else_is_refused_and_they_are_named(
    server: InProcessServer, photo: Photo, headers: dict[str, str], what_to_do: str
) -> None:
    enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))
    eve = enrolled(server, "Eve")

    answer = post_photo(server, f"/people/{eve}/faces", photo("ana-3"), headers)

    assert (answer.status, answer.error) == (422, "like_another")
    words = (
        r"This looks like Ana \(likeness 0\.\d\d\), who is enrolled already\. If it is Eve all the same, "
        rf"{what_to_do}\."
    )
    assert re.fullmatch(words, answer.json["error"]["message"])
    assert faces_of(server, eve) == []


@pytest.mark.parametrize("way", ["query", "JSON", "form"])
def test_an_operator_may_insist_which_the_audit_log_tells(
    server: InProcessServer, stores: Stores, photo: Photo, way: str
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    eve = enrolled(server, "Eve")
    visit = post_photo(server, "/", photo("ana-2")).json["visit"]
    here, wanted = f"/people/{eve}/faces", {"visit": visit, "accept": "like_another"}
    ways: dict[str, Callable[[], Answer]] = {
        "query": lambda: post_photo(server, f"{here}?accept=like_another", photo("ana-2")),
        "JSON": lambda: post_json(server, here, wanted),
        "form": lambda: post_form(server, here, wanted),
    }

    answer = ways[way]()

    (face,) = faces_of(server, eve)
    assert answer.status == (303 if way == "form" else 201)
    told = stores.events.done_by_somebody(1)[0]
    assert (told.kind, told.action, told.subject) == ("person", "enrolled", eve)
    assert told.details == {"face": face["id"], "like": ana}
    event = server.ask("GET", "/events").json["events"][-1]
    assert (event["action"], event["face"], event["like"]) == (
        "enrolled",
        face["id"],
        {"id": ana, "name": "Ana"},
    )
    assert b"as like somebody else" in server.ask("GET", "/audit", headers=HTML).body


@pytest.mark.parametrize(
    ("taken", "objection", "said", "alike"),
    [
        ("dana-1", "unlike_own", "This does not look like the photos that Eve has", "hardly alike"),
        ("ana-2", "like_another", "This looks like Ana ", "much alike"),
    ],
)
def test_a_page_that_says_an_objection_has_the_form_again_insisting(
    server: InProcessServer, photo: Photo, taken: str, objection: str, said: str, alike: str
) -> None:
    ana, eve = enrolled(server, "Ana", photo("ana-1")), enrolled(server, "Eve", photo("bruno-1"))
    visit = post_photo(server, "/", photo(taken)).json["visit"]
    here = f"/people/{eve}/faces"

    refused = post_form(server, here, {"visit": visit})
    page = refused.body.decode()
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', page)

    whose = ana if objection == "like_another" else eve
    assert refused.status == 422
    assert said in page
    assert f"{alike}, 0." in page
    assert f'src="/porteiro/unknown/{visit}/face"' in page
    assert (
        f'src="http://localhost/porteiro/people/{whose}/faces/{faces_of(server, whose)[0]["id"]}/photo"'
        in page
    )
    assert f'<form class="toolbar" method="post" action="/porteiro{here}">' in page
    assert fields == [("visit", visit), ("accept", objection)]
    again = post_form(server, here, fields)
    if again.status == 422:  # it is not like Eve's own either: the next page has both
        fields = re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', again.body.decode())
        assert fields == [("visit", visit), ("accept", objection), ("accept", "unlike_own")]
        again = post_form(server, here, fields)
    assert again.status == 303
    assert len(faces_of(server, eve)) == 2


@pytest.mark.parametrize(("whose", "taken"), [("Ana", "ana-1"), ("Eve", "bruno-1")])
def test_a_photo_that_somebody_has_is_told_with_where_it_is(
    server: InProcessServer, photo: Photo, whose: str, taken: str
) -> None:
    ids = {
        name: enrolled(server, name, photo(f"{first}-1"))
        for name, first in (("Ana", "ana"), ("Eve", "bruno"))
    }
    person = f"http://localhost/porteiro/people/{ids[whose]}"
    face = f"{person}/faces/{faces_of(server, ids[whose])[0]['id']}"

    refused = post_photo(server, f"/people/{ids['Eve']}/faces", photo(taken))
    visit = post_photo(server, "/", photo(taken)).json["visit"]
    page = post_form(server, f"/people/{ids['Eve']}/faces", {"visit": visit})

    said = {
        "Ana": "Ana has this photo already; if it shows Eve, remove it from Ana's photos first.",
        "Eve": "Eve has this photo already; use another one.",
    }[whose]
    assert refused.json["error"] == {
        "code": "duplicate",
        "message": said,
        "links": {"face": face, "person": person, "photo": f"{face}/photo"},
    }
    assert page.status == 409
    assert f'<a href="{person}#photos"><img src="{face}/photo"' in page.body.decode()
    assert b"Enrol all the same" not in page.body


def test_who_looks_clearly_more_like_themselves_than_like_a_twin_is_enrolled_without_insisting(
    server: InProcessServer, photo: Photo
) -> None:
    enrolled(server, "Ana", photo("ana-1"))
    twin = enrolled(server, "Twin")
    post_photo(server, f"/people/{twin}/faces?accept=like_another", photo("ana-4"))
    copy = io.BytesIO()
    Image.open(io.BytesIO(photo("ana-4"))).resize((640, 360)).save(copy, "JPEG", quality=30)

    assert post_photo(server, f"/people/{twin}/faces", copy.getvalue()).status == 201


def test_a_face_kept_as_not_somebody_s_makes_nobody_like_another(
    server: InProcessServer, stores: Stores, house: House, photo: Photo, steps: Steps
) -> None:
    bruno, ana = enrolled(server, "Bruno", photo("bruno-1")), enrolled(server, "Ana")
    crop = house.pipeline.single_face(photo("ana-1"), ENROLMENT, steps).crop
    kept = Embedding(house.embedder, house.pipeline.embed(crop, steps))
    stores.faces.add(bruno, b"", SHARP, kept, Source(negative=True))

    assert post_photo(server, f"/people/{ana}/faces", photo("ana-1")).status == 201


def test_nothing_else_can_be_insisted_on(server: InProcessServer, photo: Photo) -> None:
    ana = enrolled(server, "Ana")

    queried = post_photo(server, f"/people/{ana}/faces?accept=blurred", photo("ana-1"))
    posted = post_json(server, f"/people/{ana}/faces", {"visit": "0" * 32, "accept": "blurred"})

    assert [(answer.status, answer.error) for answer in (queried, posted)] == [
        (400, "bad_query"),
        (422, "json_shape"),
    ]


# Visits


def test_the_face_of_a_visit_is_enrolled_from_its_photo(server: InProcessServer, photo: Photo) -> None:
    ana = enrolled(server, "Ana")
    visit = post_photo(server, "/", photo("ana-1")).json["visit"]

    answer = post_json(server, f"/people/{ana}/faces", {"visit": visit})

    assert (answer.status, answer.json["visit"]) == (201, visit)
    assert answer.json["links"]["visit"] == f"http://localhost/porteiro/visits/{visit}"
    assert post_photo(server, "/", photo("ana-2")).json["person"] == {"id": ana, "name": "Ana"}


@pytest.mark.parametrize("verdict", [CorrectionVerdict.NOBODY, CorrectionVerdict.PERSON])
def test_a_visit_that_is_said_to_be_another_s_teaches_nothing_of_somebody(
    server: InProcessServer, stores: Stores, photo: Photo, verdict: CorrectionVerdict
) -> None:
    ana, eve = enrolled(server, "Ana"), enrolled(server, "Eve")
    visit = post_photo(server, "/", photo("ana-1")).json["visit"]
    stores.corrections.set([visit], verdict, eve if verdict is CorrectionVerdict.PERSON else None)

    refused = post_json(server, f"/people/{ana}/faces", {"visit": visit})

    assert (refused.status, refused.error) == (409, "corrected")
    assert "change that correction first" in refused.json["error"]["message"]
    assert faces_of(server, ana) == []


def test_a_visit_that_is_kept_as_not_theirs_teaches_nothing_of_them(
    server: InProcessServer, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-3"))
    visit = post_photo(server, "/", photo("chen-1")).json["visit"]
    post_json(server, "/unknown/not", {"visits": [visit], "person": ana})

    refused = post_json(server, f"/people/{ana}/faces", {"visit": visit, "accept": "unlike_own"})

    assert (refused.status, refused.error) == (409, "barred")
    assert "kept as one that is not Ana" in refused.json["error"]["message"]
    assert [face["negative"] for face in faces_of(server, ana)] == [False, True]


@pytest.mark.parametrize("verdict", [CorrectionVerdict.IGNORED, CorrectionVerdict.PERSON])
def test_a_visit_that_is_said_to_be_theirs_or_is_ignored_teaches_them(
    server: InProcessServer, stores: Stores, photo: Photo, verdict: CorrectionVerdict
) -> None:
    ana = enrolled(server, "Ana")
    visit = post_photo(server, "/", photo("ana-1")).json["visit"]
    stores.corrections.set([visit], verdict, ana if verdict is CorrectionVerdict.PERSON else None)

    assert post_json(server, f"/people/{ana}/faces", {"visit": visit}).status == 201


def test_a_page_s_form_goes_on_to_the_person(server: InProcessServer, photo: Photo) -> None:
    ana = enrolled(server, "Ana")
    visit = post_photo(server, "/", photo("ana-1")).json["visit"]

    added = post_form(server, f"/people/{ana}/faces", {"visit": visit})
    (face,) = faces_of(server, ana)
    removed = post_form(server, f"/people/{ana}/faces/{face['id']}", {"_method": "DELETE"})

    places = [(each.status, each.headers["Location"].partition("?undo=")[0]) for each in (added, removed)]
    assert places == [(303, f"http://localhost/porteiro/people/{ana}")] * 2
    assert faces_of(server, ana) == []


def test_a_visit_that_is_not_there_or_shows_nobody_is_refused(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(server, "Ana")
    nobody, gone = (post_photo(server, "/", photo(name)).json["visit"] for name in ("nobody-1", "ana-1"))
    stores.photos.remove(stores.visits.get(gone).photo)

    answers = [
        post_json(server, f"/people/{ana}/faces", body)
        for body in (
            {"visit": "0" * 32},
            {"visit": gone},
            {"visit": nobody},
            {"visit": 7},
            {"photo": nobody},
            {},
        )
    ]

    assert [answer.status for answer in answers] == [404, 404, 422, 422, 422, 422]
    assert answers[2].error == "no_face"
    assert faces_of(server, ana) == []


def test_a_face_is_nobody_else_s(server: InProcessServer, photo: Photo) -> None:
    ana, bruno = enrolled(server, "Ana", photo("ana-1")), enrolled(server, "Bruno")
    face = faces_of(server, ana)[0]["id"]

    answers = [
        server.ask(method, f"/people/{bruno}/faces/{face}{rest}")
        for method, rest in (("GET", ""), ("GET", "/photo"), ("DELETE", ""))
    ]

    assert [answer.status for answer in answers] == [404] * 3
    assert len(faces_of(server, ana)) == 1


# The page and the browser's part


def test_the_page_of_a_person_takes_photos(server: InProcessServer) -> None:
    ana = enrolled(server, "Ana")

    page = server.ask("GET", f"/people/{ana}", headers={"Accept": "text/html"}).body.decode()

    assert f'data-faces="http://localhost/porteiro/people/{ana}/faces"' in page
    assert '<script type="module" src="/porteiro/static/enrol.js"></script>' in page


def test_the_browser_asks_of_a_shot_what_enrolment_asks() -> None:
    script = (STATIC / "camera.js").read_text(encoding="utf-8")
    (literal,) = re.findall(r"STANDARD = \{(.*)\}", script)

    asked = {name.strip(): float(value) for name, value in (pair.split(":") for pair in literal.split(","))}

    assert asked == {
        "size_px": ENROLMENT.least_size_px,
        "brightness": ENROLMENT.least_brightness,
        "sharpness": ENROLMENT.least_sharpness,
        "yaw": ENROLMENT.most_yaw,
    }


def test_the_browser_sends_no_file_that_the_server_would_not_take() -> None:
    script = (STATIC / "enrol.js").read_text(encoding="utf-8")
    assert f"MOST_BYTES = {UploadLimits().photo_bytes // MEBIBYTE} * 1024 * 1024;" in script


@pytest.mark.parametrize(
    ("theirs", "other", "accept", "same"),
    [
        (("eun-1", "eun-2"), "jun-3", "", "jun-4"),
        (("ana-1", "ana-2"), "bruno-1", "?accept=unlike_own", "bruno-2"),
    ],
    ids=["somebody who is hardly unlike, enrolled without a word", "somebody else, on whom one insists"],
)
def test_a_photo_in_doubt_lets_nobody_in_until_it_is_confirmed(
    server: InProcessServer, photo: Photo, theirs: tuple[str, str], other: str, accept: str, same: str
) -> None:
    person = enrolled(server, "Ana", *map(photo, theirs))
    kept = post_photo(server, f"/people/{person}/faces{accept}", photo(other))

    before = post_photo(server, "/", photo(same)).json["outcome"]
    confirmed = server.ask("POST", path_of(server, kept.json["links"]["confirm"])).status
    after = post_photo(server, "/", photo(same)).json["outcome"]

    assert (kept.status, kept.json["unlike"] is None) == (201, False)
    assert (before, confirmed < 300, after) == ("unknown", True, "known")
