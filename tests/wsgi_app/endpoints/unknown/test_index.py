import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.accounts import add_account, basic
from tests.forms import HTML, post_form
from tests.servers import Answer, InProcessServer, enrolled, path_of, post_json, post_photo, served
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorId
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.house import House
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import EnrolledFace
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit

Photo = Callable[[str], bytes]
NOBODY = "f" * 32


@pytest.fixture
def careless(house: House) -> InProcessServer:
    """A house whose threshold is so low that Fatima is taken for Goro."""
    return served(replace(house, config=replace(house.config, threshold=0.43)))


def come(server: InProcessServer, photo: Photo, *names: str) -> list[str]:
    """The ids of the visits of some photos, in that order."""
    return [post_photo(server, "/", photo(name)).json["visit"] for name in names]


def inbox(server: InProcessServer) -> list[dict[str, Any]]:
    clusters: list[dict[str, Any]] = server.ask("GET", "/unknown").json["clusters"]
    return clusters


def gathered(server: InProcessServer) -> list[list[str]]:
    return [[visit["id"] for visit in cluster["visits"]] for cluster in inbox(server)]


def rings(server: InProcessServer, photo: Photo, name: str) -> str | None:
    """The name of whoever is let in with a photo."""
    person = post_photo(server, "/", photo(name)).json["person"]
    return None if person is None else str(person["name"])


def taken_from(stores: Stores, visits: list[str]) -> list[tuple[str, str, bool]]:
    """Whose faces come from some visits, from which, and whether they are negative."""
    found: list[EnrolledFace] = stores.faces.taken_from(visits)
    names = stores.people.names(face.person_id for face in found)
    return sorted((names[face.person_id], str(face.visit_id), face.negative) for face in found)


# The inbox


def test_an_empty_house_has_an_empty_inbox(server: InProcessServer) -> None:
    assert server.ask("GET", "/unknown").json == {"clusters": []}


def test_strangers_are_gathered_by_likeness_whoever_came_last_first(
    server: InProcessServer, photo: Photo
) -> None:
    chen1, dana1, chen2, _, dana2 = come(server, photo, "chen-1", "dana-1", "chen-2", "nobody-1", "dana-2")

    assert gathered(server) == [[dana2, dana1], [chen2, chen1]]


def test_a_cluster_says_how_many_visits_when_and_where_and_what_to_look_at(
    server: InProcessServer, photo: Photo
) -> None:
    (visit_id,) = come(server, photo, "chen-1")
    visit = server.ask("GET", f"/visits/{visit_id}").json

    (cluster,) = inbox(server)

    here = "http://localhost/porteiro"
    assert cluster == {
        "count": 1,
        "last_seen": visit["at"],
        "likeliest": None,
        "visits": [
            {
                "id": visit_id,
                "at": visit["at"],
                "device": "address:192.0.2.7",
                "score": None,
                "reason": None,
                "links": {
                    "self": f"{here}/visits/{visit_id}",
                    "photo": f"{here}/visits/{visit_id}/photo",
                    "thumbnail": f"{here}/visits/{visit_id}/thumbnail",
                    "face": f"{here}/unknown/{visit_id}/face",
                },
            }
        ],
    }


def test_whom_a_cluster_is_a_little_like_is_found_among_those_who_are_enrolled_now(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    come(server, photo, "fatima-1")
    assert inbox(server)[0]["likeliest"] is None

    goro = enrolled(server, "Goro", photo("goro-5"))
    (cluster,) = inbox(server)

    assert cluster["likeliest"] == {
        "id": goro,
        "name": "Goro",
        "score": pytest.approx(0.439, abs=0.02),
        "links": {
            "self": f"http://localhost/porteiro/people/{goro}",
            "photo": f"http://localhost/porteiro/people/{goro}/faces/{stores.faces.of(goro)[0].id}/photo",
            "face": f"http://localhost/porteiro/unknown/{cluster['visits'][0]['id']}/face",
        },
    }
    assert cluster["visits"][0]["score"] is None


def test_nobody_is_mentioned_whom_a_cluster_is_hardly_like(server: InProcessServer, photo: Photo) -> None:
    enrolled(server, "Ana", photo("ana-1"))
    (visit_id,) = come(server, photo, "goro-1")

    (cluster,) = inbox(server)

    assert cluster["visits"][0]["score"] == server.ask("GET", f"/visits/{visit_id}").json["score"] < 0.25
    assert cluster["likeliest"] is None


def test_clusters_come_a_page_at_a_time(server: InProcessServer, photo: Photo) -> None:
    chen, dana, eun, dana2 = come(server, photo, "chen-1", "dana-1", "eun-1", "dana-2")
    found, path = [], "/unknown?limit=1"

    while path:
        page = server.ask("GET", path)
        found.append([visit["id"] for cluster in page.json["clusters"] for visit in cluster["visits"]])
        link = page.headers.get("Link", "")
        path = path_of(server, link[1 : link.index(">")]) if link else ""

    assert found == [[dana2, dana], [eun], [chen]]


def test_the_face_of_a_visit_is_shown_large_with_a_little_around_it(
    server: InProcessServer, photo: Photo
) -> None:
    (visit_id,) = come(server, photo, "chen-1")

    shown = server.ask("GET", f"/unknown/{visit_id}/face")

    picture = Image.open(io.BytesIO(shown.body))
    assert (shown.status, shown.headers["Content-Type"]) == (200, "image/jpeg")
    assert (picture.format, picture.size) == ("JPEG", (240, 240))
    again = server.ask("GET", f"/unknown/{visit_id}/face", headers={"If-None-Match": shown.headers["ETag"]})
    assert shown.headers["Cache-Control"] == "private, no-cache"
    assert (again.status, again.body) == (304, b"")
    assert post_photo(server, "/faces", shown.body, field="image").json["faces"]


def test_there_is_no_face_of_a_visit_without_one_or_without_its_photo(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    empty, purged = come(server, photo, "nobody-1", "chen-1")
    stores.photos.remove(stores.visits.get(purged).photo)

    answers = [server.ask("GET", f"/unknown/{visit}/face") for visit in (empty, purged, NOBODY)]

    assert [(answer.status, answer.error) for answer in answers] == [
        (404, "not_found"),
        (404, "photo_gone"),
        (404, "not_found"),
    ]


# Naming


def test_naming_a_cluster_makes_a_person_and_learns_its_three_best_photos(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    visits = come(server, photo, "chen-1", "chen-2", "chen-3", "chen-4")
    assert rings(server, photo, "chen-5") is None

    answer = post_json(server, "/unknown/name", {"visits": visits, "name": " Chen "})

    (chen,) = stores.people.page(10)
    (left,) = set(visits) - {visit for _, visit, _ in taken_from(stores, visits)}
    assert (chen.name, chen.faces) == ("Chen", 3)
    told = answer.json
    assert path_of(server, told["links"].pop("undo")).startswith("/undo/")
    assert told == {
        "person": {"id": chen.id, "name": "Chen"},
        "visits": 4,
        "enrolled": 3,
        "refused": [
            {
                "visit": left,
                "code": "enough_photos",
                "message": "This photo was not tried: of one naming the 3 best photos are learnt.",
                "links": {"visit": f"http://localhost/porteiro/visits/{left}"},
            }
        ],
        "links": {
            "person": f"http://localhost/porteiro/people/{chen.id}",
            "unknown": "http://localhost/porteiro/unknown",
        },
    }
    assert [name for name, _, negative in taken_from(stores, visits) if not negative] == ["Chen"] * 3
    said = stores.corrections.of(visits)
    assert {(one.verdict, one.person_id, one.by) for one in said.values()} == {
        ("person", chen.id, "this machine")
    }
    assert len(said) == 4
    assert rings(server, photo, "chen-5") == "Chen"


def test_named_visits_leave_the_inbox_and_others_stay(server: InProcessServer, photo: Photo) -> None:
    chen1, chen2, dana = come(server, photo, "chen-1", "chen-2", "dana-1")

    post_json(server, "/unknown/name", {"visits": [chen1], "name": "Chen"})

    assert gathered(server) == [[dana], [chen2]]


@pytest.mark.parametrize("who", [{"name": "ana"}, {"name": " ANA "}, {"person": "{ana}"}])
def test_a_cluster_is_given_to_somebody_who_is_there_already(
    server: InProcessServer, stores: Stores, photo: Photo, who: dict[str, str]
) -> None:
    ana = stores.people.add("Ana").id
    visits = come(server, photo, "ana-1", "ana-2")

    answer = post_json(
        server,
        "/unknown/name",
        {"visits": visits, **{key: text.format(ana=ana) for key, text in who.items()}},
    )

    assert (answer.json["person"], answer.json["enrolled"]) == ({"id": ana, "name": "Ana"}, 2)
    assert [person.name for person in stores.people.page(10)] == ["Ana"]
    assert rings(server, photo, "ana-3") == "Ana"


def test_photos_that_cannot_be_learnt_are_told_with_the_reason_and_undo_nothing(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    small = io.BytesIO()
    Image.open(io.BytesIO(photo("eun-1"))).resize((200, 112)).save(small, "JPEG")
    far = post_photo(server, "/", small.getvalue()).json
    near, gone = come(server, photo, "eun-2", "eun-3")
    stores.photos.remove(stores.visits.get(gone).photo)
    assert far["outcome"] == "unknown"
    visits = [far["visit"], near, gone]

    answer = post_json(server, "/unknown/name", {"visits": visits, "name": "Eun"}).json

    here = "http://localhost/porteiro/visits"
    assert (answer["visits"], answer["enrolled"]) == (3, 1)
    assert sorted(answer["refused"], key=lambda one: str(one["code"])) == [
        {
            "visit": gone,
            "code": "photo_gone",
            "message": "This photo is gone.",
            "links": {"visit": f"{here}/{gone}"},
        },
        {
            "visit": far["visit"],
            "code": "too_small",
            "message": "The face is too small in this photo; come closer to the camera.",
            "links": {"visit": f"{here}/{far['visit']}"},
        },
    ]
    assert stores.corrections.of(visits).keys() == set(visits)
    assert taken_from(stores, visits) == [("Eun", near, False)]


def test_naming_again_changes_nothing_more(server: InProcessServer, stores: Stores, photo: Photo) -> None:
    visits = come(server, photo, "chen-1", "chen-2")
    first = post_json(server, "/unknown/name", {"visits": visits, "name": "Chen"})
    faces = taken_from(stores, visits)

    again = post_json(server, "/unknown/name", {"visits": visits, "name": "chen"})

    told = first.json
    del told["links"]["undo"]
    assert again.json == told  # nor is there anything to undo
    assert taken_from(stores, visits) == faces
    assert len(faces) == 2


def test_ignored_visits_leave_the_inbox_and_nothing_is_learnt(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    visits = come(server, photo, "chen-1", "chen-2")
    generation = stores.gallery.generation()

    answer = post_json(server, "/unknown/ignore", {"visits": visits})

    assert (answer.status, answer.body) == (204, b"")
    assert inbox(server) == []
    assert {one.verdict for one in stores.corrections.of(visits).values()} == {"ignored"}
    assert stores.gallery.generation() == generation


# Not somebody


def test_a_look_alike_is_kept_out_after_one_word_and_whom_they_are_like_is_not(
    careless: InProcessServer, photo: Photo
) -> None:
    goro = enrolled(careless, "Goro", photo("goro-5"))
    visit = post_photo(careless, "/", photo("fatima-5")).json
    assert visit["person"]["name"] == rings(careless, photo, "fatima-1") == "Goro"

    barred = post_json(careless, "/unknown/not", {"visits": [visit["visit"]], "person": goro})

    strangers = [rings(careless, photo, name) for name in ("fatima-5", "fatima-1", "fatima-3")]
    friends = [rings(careless, photo, f"goro-{n}") for n in (1, 2, 3, 4, 5)]
    face = barred.json["face"]
    assert (barred.status, barred.json["person"]) == (200, {"id": goro, "name": "Goro"})
    assert (strangers, friends) == ([None] * 3, ["Goro"] * 5)
    assert careless.ask("GET", f"/people/{goro}").json["faces"] == 1

    removed = careless.ask("DELETE", f"/people/{goro}/faces/{face}")

    assert (removed.status, rings(careless, photo, "fatima-1")) == (204, "Goro")


def test_a_cluster_that_is_not_somebody_stays_without_that_suggestion(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    goro = enrolled(server, "Goro", photo("goro-5"))
    visits = come(server, photo, "fatima-1", "fatima-2", "fatima-5")
    (cluster,) = inbox(server)
    assert (cluster["count"], cluster["likeliest"]["id"]) == (3, goro)

    first = post_json(server, "/unknown/not", {"visits": visits, "person": goro})
    again = post_json(server, "/unknown/not", {"visits": visits, "person": goro})

    (cluster,) = inbox(server)
    assert (cluster["count"], cluster["likeliest"]) == (3, None)
    told = first.json
    del told["links"]["undo"]
    assert again.json == told
    assert [(name, negative) for name, _, negative in taken_from(stores, visits)] == [("Goro", True)]
    assert stores.corrections.of(visits) == {}


def test_whoever_was_said_not_to_be_somebody_can_be_them_after_all(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("goro-1"))  # enrolled with another's photo: she is not known
    visits = come(server, photo, "ana-1", "ana-2")
    post_json(server, "/unknown/not", {"visits": visits, "person": ana})

    named = post_json(server, "/unknown/name", {"visits": visits, "person": ana, "accept": ["unlike_own"]})

    assert (named.json["enrolled"], named.json["refused"]) == (2, [])
    assert [(name, negative) for name, _, negative in taken_from(stores, visits)] == [("Ana", False)] * 2
    assert rings(server, photo, "ana-1") is None
    for face in stores.faces.doubtful(2):
        stores.faces.confirm(ana, face.id)
    assert rings(server, photo, "ana-1") == "Ana"


def test_photos_unlike_the_persons_own_are_named_and_not_learnt(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    visits = come(server, photo, "dana-1", "dana-2")

    named = post_json(server, "/unknown/name", {"visits": visits, "person": ana})

    assert (named.json["visits"], named.json["enrolled"]) == (2, 0)
    assert {refusal["code"] for refusal in named.json["refused"]} == {"unlike_own"}
    assert rings(server, photo, "dana-3") is None


def test_what_somebody_learnt_by_mistake_they_forget_when_it_was_somebody_else(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    visits = come(server, photo, "chen-1", "chen-2")
    post_json(server, "/unknown/name", {"visits": visits, "name": "Bruno"})
    assert rings(server, photo, "chen-3") == "Bruno"

    post_json(server, "/unknown/name", {"visits": visits, "name": "Chen"})

    assert [(name, negative) for name, _, negative in taken_from(stores, visits)] == [("Chen", False)] * 2
    assert rings(server, photo, "chen-3") == "Chen"


def test_what_somebody_learnt_by_mistake_they_forget_when_it_was_not_them(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    visits = come(server, photo, "chen-1")
    bruno = post_json(server, "/unknown/name", {"visits": visits, "name": "Bruno"}).json["person"]["id"]

    post_json(server, "/unknown/not", {"visits": visits, "person": bruno})

    assert taken_from(stores, visits) == [("Bruno", visits[0], True)]
    assert rings(server, photo, "chen-1") is None


# What cannot be done


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        ("name", {"visits": ["{visit}"]}, (422, "bad_name")),
        ("name", {"visits": ["{visit}"], "name": "  "}, (422, "bad_name")),
        ("name", {"visits": ["{visit}"], "name": "x" * 81}, (422, "bad_name")),
        ("name", {"visits": ["{visit}"], "name": "a\0b"}, (422, "bad_name")),
        ("name", {"visits": ["{visit}"], "name": "x" * 10_000}, (422, "bad_name")),
        ("name", {"visits": ["{visit}"], "person": NOBODY}, (404, "not_found")),
        ("name", {"visits": ["{visit}", NOBODY], "name": "Eve"}, (404, "not_found")),
        ("name", {"visits": [], "name": "Eve"}, (422, "json_shape")),
        ("name", {"visits": [NOBODY] * 101, "name": "Eve"}, (422, "json_shape")),
        ("name", {"visits": ["x" * 65], "name": "Eve"}, (422, "json_shape")),
        ("name", {"visits": "{visit}", "name": "Eve"}, (422, "json_shape")),
        ("name", {"name": "Eve"}, (422, "json_shape")),
        ("ignore", {"visits": ["{visit}", NOBODY]}, (404, "not_found")),
        ("ignore", {"visits": []}, (422, "json_shape")),
        ("not", {"visits": ["{visit}"]}, (422, "json_shape")),
        ("not", {"visits": ["{visit}"], "person": NOBODY}, (404, "not_found")),
        ("not", {"visits": [NOBODY], "person": "{ana}"}, (404, "not_found")),
        ("not", {"visits": ["{empty}"], "person": "{ana}"}, (422, "no_face")),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    server: InProcessServer,
    stores: Stores,
    photo: Photo,
    path: str,
    body: dict[str, Any],
    refusal: tuple[int, str],
) -> None:
    visit, empty = come(server, photo, "chen-1", "nobody-1")
    ids = {"{visit}": visit, "{empty}": empty, "{ana}": stores.people.add("Ana").id}
    last = stores.events.last()

    def filled(value: Any) -> Any:
        return [filled(one) for one in value] if isinstance(value, list) else ids.get(value, value)

    answer = post_json(server, f"/unknown/{path}", {key: filled(value) for key, value in body.items()})

    assert (answer.status, answer.error) == refusal
    assert stores.events.last() == last
    assert gathered(server) == [[visit]]


# The page


def test_the_page_shows_every_cluster_with_what_can_be_said_of_it(
    server: InProcessServer, photo: Photo
) -> None:
    goro = enrolled(server, "Goro", photo("goro-5"))
    visits = come(server, photo, "fatima-1", "fatima-2")

    page = server.ask("GET", "/unknown", headers=HTML)

    text = page.body.decode()
    assert (page.status, page.headers["Vary"]) == (200, "Accept")
    assert all(f'value="{visit}" checked' in text for visit in visits)
    assert all(f'src="/porteiro/unknown/{visit}/face"' in text for visit in visits)
    assert f'<button class="quiet" name="person" value="{goro}"' in text
    assert "It is Goro</button>" in text
    assert "Not Goro</button>" in text
    assert '<option value="Goro">' in text


def test_a_viewer_sees_the_faces_and_has_nothing_to_say(
    server: InProcessServer, closed_server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    visits = come(server, photo, "chen-1", "chen-2")
    add_account(stores, "Vera", "viewer")

    page = closed_server.ask("GET", "/unknown", headers={**HTML, **basic("Vera")})
    named = post_json(closed_server, "/unknown/name", {"visits": visits, "name": "Eve"}, **basic("Vera"))
    stranger = closed_server.ask("GET", f"/unknown/{visits[0]}/face")

    text = page.body.decode()
    assert all(f'src="/porteiro/unknown/{visit}/face"' in text for visit in visits)
    assert 'action="/porteiro/unknown' not in text
    assert stranger.status == 401
    assert (named.status, named.error) == (403, "role")
    assert len(gathered(server)[0]) == 2


def test_an_empty_inbox_says_so(server: InProcessServer) -> None:
    assert b"Nobody unknown is waiting." in server.ask("GET", "/unknown", headers=HTML).body


def test_names_are_shown_as_they_are_and_never_as_markup(server: InProcessServer, photo: Photo) -> None:
    enrolled(server, "<b>Goro</b>", photo("goro-5"))
    come(server, photo, "fatima-1")

    text = server.ask("GET", "/unknown", headers=HTML).body.decode()

    assert "<b>Goro" not in text
    assert "Not &lt;b&gt;Goro&lt;/b&gt;</button>" in text


def test_a_form_names_what_is_ticked_and_goes_back_to_the_inbox(
    server: InProcessServer, photo: Photo
) -> None:
    chen1, chen2 = come(server, photo, "chen-1", "chen-2")

    named = post_form(server, "/unknown/name", [("visits", chen1), ("name", "Chen")])

    back = path_of(server, named.headers["Location"])
    page = server.ask("GET", back, headers=HTML).body.decode()
    assert (named.status, back.partition("?")[0]) == (303, "/unknown")
    assert "Chen</a>, who is known by 1 photo now." in page
    assert gathered(server) == [[chen2]]


def test_what_a_button_did_is_told_with_the_way_back(server: InProcessServer, photo: Photo) -> None:
    goro = enrolled(server, "Goro", photo("goro-5"))
    fatima, chen = come(server, photo, "fatima-1", "chen-1")

    barred = post_form(server, "/unknown/not", {"visits": fatima, "person": goro})
    ignored = post_form(server, "/unknown/ignore", {"visits": chen})

    pages = [
        server.ask("GET", path_of(server, answer.headers["Location"]), headers=HTML).body.decode()
        for answer in (barred, ignored)
    ]
    assert (
        f"""Noted: not Goro. Who else it was can still be said; <a href="/porteiro/people/{goro}">"""
        in pages[0]
    )
    assert f"""Left out of the inbox. It can be taken back <a href="/porteiro/visits/{chen}">""" in pages[1]


@pytest.mark.parametrize("query", ["named=nobody", "barred=nobody", "ignored=nothing", "named=x&enrolled=99"])
def test_a_query_alone_makes_the_page_say_nothing(server: InProcessServer, query: str) -> None:
    page = server.ask("GET", f"/unknown?{query}", headers=HTML)

    assert page.status == 200
    assert 'role="status"' not in page.body.decode()


def test_a_form_that_taught_nothing_says_so(server: InProcessServer, stores: Stores, photo: Photo) -> None:
    (visit,) = come(server, photo, "chen-1")
    stores.photos.remove(stores.visits.get(visit).photo)

    named = post_form(server, "/unknown/name", [("visits", visit), ("name", "Chen")])

    page = server.ask("GET", path_of(server, named.headers["Location"]), headers=HTML)
    assert "None of these photos is good enough to know Chen by" in page.body.decode()


def unlearnt_on(server: InProcessServer, named: Answer) -> str:
    """What the page says, after a form has named visits, of the photos that were not learnt."""
    page = server.ask("GET", path_of(server, named.headers["Location"]), headers=HTML).body.decode()
    _, begin, rest = page.partition('<section class="card unlearnt"')
    return begin and rest.partition("</section>")[0]


def test_photos_in_doubt_are_shown_with_what_they_are_unlike_and_can_be_insisted_on(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    (kept,) = stores.faces.of(ana)
    visits = come(server, photo, "dana-1", "dana-2")

    named = post_form(
        server, "/unknown/name", [*(("visits", visit) for visit in visits), ("name", ""), ("person", ana)]
    )
    said = unlearnt_on(server, named)
    insisted = post_form(
        server, "/unknown/name", [("visits", visits[0]), ("person", ana), ("accept", "unlike_own")]
    )

    for visit in visits:
        assert f'<input type="checkbox" name="visits" value="{visit}" checked>' in said
        assert f'src="/porteiro/unknown/{visit}/face"' in said
    assert said.count(f"/people/{ana}/faces/{kept.id}/photo") == 2
    assert said.count("This does not look like the photos that Ana has") == 2
    assert said.count("hardly alike") == 2
    assert '<input type="hidden" name="accept" value="unlike_own">' in said
    assert "Enrol all the same</button>" in said
    assert taken_from(stores, visits) == [("Ana", visits[0], False)]
    assert unlearnt_on(server, insisted) == ""


@pytest.mark.parametrize(
    ("taken", "in_words"),
    [
        ("ana-1", "Ana has this photo already; use another one."),
        ("small", "The face is too small in this photo; come closer to the camera."),
        ("gone", "This photo is gone."),
    ],
)
def test_what_cannot_be_insisted_on_is_said_without_a_button(
    server: InProcessServer, stores: Stores, photo: Photo, taken: str, in_words: str
) -> None:
    ana, bruno = enrolled(server, "Ana", photo("ana-1")), enrolled(server, "Bruno", photo("bruno-1"))
    small = io.BytesIO()
    Image.open(io.BytesIO(photo("ana-1"))).resize((200, 112)).save(small, "JPEG")
    visit = post_photo(server, "/", small.getvalue() if taken == "small" else photo("ana-1")).json["visit"]
    if taken == "gone":
        stores.photos.remove(stores.visits.get(visit).photo)

    said = unlearnt_on(server, post_form(server, "/unknown/name", {"visits": visit, "person": ana}))

    assert in_words in said
    assert (f"/unknown/{visit}/face" in said) == (taken != "gone")
    assert (f"/people/{ana}/faces/" in said) == (taken == "ana-1")
    assert "<form" not in said
    assert bruno not in said


def test_a_photo_that_somebody_else_has_is_linked(server: InProcessServer, photo: Photo) -> None:
    ana, eve = enrolled(server, "Ana", photo("ana-1")), enrolled(server, "Eve")
    (visit,) = come(server, photo, "ana-1")

    named = post_form(server, "/unknown/name", {"visits": visit, "person": eve, "accept": "like_another"})
    refusal = post_json(server, "/unknown/name", {"visits": [visit], "person": eve}).json["refused"][0]
    said = unlearnt_on(server, named)

    assert "Ana has this photo already; if it shows Eve, remove it from Ana&#39;s photos first." in said
    assert f'href="http://localhost/porteiro/people/{ana}#photos"' in said
    assert (refusal["code"], refusal["links"]["person"]) == (
        "duplicate",
        f"http://localhost/porteiro/people/{ana}",
    )


def test_a_photo_with_two_objections_can_be_insisted_on_at_once(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    enrolled(server, "Ana", photo("ana-1"))
    eve = enrolled(server, "Eve", photo("bruno-1"))
    (visit,) = come(server, photo, "ana-2")

    said = unlearnt_on(server, post_form(server, "/unknown/name", {"visits": visit, "person": eve}))

    assert said.count('name="accept"') == 2
    assert said.count("press &#39;Enrol all the same&#39;") == 2
    fields = [("visits", visit), ("person", eve), ("accept", "like_another"), ("accept", "unlike_own")]
    post_form(server, "/unknown/name", fields)
    assert taken_from(stores, [visit]) == [("Eve", visit, False)]


def test_of_many_photos_the_page_says_how_many_were_not_tried(server: InProcessServer, photo: Photo) -> None:
    visits = come(server, photo, "chen-1", "chen-2", "chen-3", "chen-4", "chen-5")

    named = post_form(server, "/unknown/name", [("name", "Chen"), *(("visits", visit) for visit in visits)])

    said = unlearnt_on(server, named)
    assert "2 more photos were not tried: of one naming the three best are learnt." in said
    assert "<form" not in said


def test_a_photo_that_nobody_said_to_be_theirs_is_told_of_by_no_query(
    server: InProcessServer, closed_server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    add_account(stores, "Vera", "viewer")
    add_account(stores, "Otto", "operator")
    (visit,) = come(server, photo, "dana-1")
    path = f"/unknown?named={ana}&unlearnt={visit},{NOBODY},x"

    def told(name: str) -> bool:
        page = closed_server.ask("GET", path, headers={**HTML, **basic(name)})
        assert page.status == 200
        return b"card unlearnt" in page.body

    assert not told("Otto")
    post_json(server, "/unknown/name", {"visits": [visit], "person": ana})
    assert (told("Otto"), told("Vera")) == (True, False)


def test_each_button_of_a_form_does_what_it_says(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    goro = enrolled(server, "Goro", photo("goro-5"))
    fatima, other = come(server, photo, "fatima-1", "goro-1")
    chen, dana = come(server, photo, "chen-1", "dana-1")
    assert post_photo(server, "/", photo("goro-1")).json["outcome"] == "known"

    answers = [
        post_form(server, "/unknown/not", [("visits", fatima), ("name", ""), ("person", goro)]),
        post_form(server, "/unknown/ignore", [("visits", chen), ("visits", dana), ("name", "")]),
        post_form(server, "/unknown/name", [("visits", other), ("name", ""), ("person", goro)]),
    ]

    assert [answer.status for answer in answers] == [303] * 3
    assert {answer.headers["Location"].partition("?")[0] for answer in answers} == {
        "http://localhost/porteiro/unknown"
    }
    assert gathered(server) == [[fatima]]
    assert taken_from(stores, [fatima, other]) == [("Goro", fatima, True), ("Goro", other, False)]


def test_the_page_of_a_full_inbox_stays_small_for_a_phone(server: InProcessServer, house: House) -> None:
    strangers = np.eye(house.pipeline.pack.embedder.embedding_size, dtype=np.float32)[:12]
    for number in range(500):
        at, visit_id = house.stores.now(), f"{number:032x}"
        photo = house.stores.visits.save_photo(visit_id, at, b"jpeg")
        visit = Visit(
            0, visit_id, at, DoorId.of("device:front door"), Outcome.UNKNOWN, None, 0.25, None, photo, 12.5
        )
        probe = Embedding(house.embedder, strangers[number % 12])
        house.stores.visits.add(visit, StoredAnswer(404, b"{}"), None, None, probe)

    first = server.ask("GET", "/unknown", headers=HTML)
    link = first.headers["Link"]
    second = server.ask("GET", path_of(server, link[1 : link.index(">")]), headers=HTML)

    assert [page.body.count(b"<section") for page in (first, second)] == [8, 4]
    assert first.body.count(b'type="checkbox"') == 8 * 12
    assert b"The 12 newest of 42; the others follow." in first.body
    assert len(first.body) < 60_000


def test_who_it_was_is_said_in_one_way(server: InProcessServer, stores: Stores, photo: Photo) -> None:
    ana = stores.people.add("Ana").id
    visit = post_photo(server, "/", photo("chen-1")).json["visit"]

    refused = post_json(server, "/unknown/name", {"visits": [visit], "person": ana, "name": "Chen"})

    assert (refused.status, refused.error) == (422, "naming_shape")
    assert stores.corrections.of([visit]) == {}


def test_who_is_said_not_to_have_made_a_visit_is_not_said_to_have_made_it_any_more(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = stores.people.add("Ana").id
    visits = [post_photo(server, "/", photo(name)).json["visit"] for name in ("chen-1", "dana-1", "eun-1")]
    stores.corrections.set(visits[:1], CorrectionVerdict.PERSON, ana)
    stores.corrections.set(visits[1:2], CorrectionVerdict.NOBODY)

    barred = post_json(server, "/unknown/not", {"visits": visits, "person": ana})

    assert barred.status == 200
    assert {visit: said.verdict for visit, said in stores.corrections.of(visits).items()} == {
        visits[1]: CorrectionVerdict.NOBODY
    }
