"""The door's contract, in this process and through the shipped nginx and uWSGI."""

import io
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from tests.doors import Door
from tests.servers import Server, enrolled, form, post_json, post_photo
from wsgi_app.stores.stores import Stores

Photo = Callable[[str], bytes]

HEX_32 = re.compile(r"[0-9a-f]{32}")


def jpeg(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92)
    return file.getvalue()


def pixels_of(photo: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(io.BytesIO(photo)))


def test_a_known_face_gets_200_and_its_name(any_server: Server, ana: str, photo: Photo) -> None:
    answer = post_photo(any_server, "/", photo("ana-4"))

    assert answer.status == 200
    body = answer.json
    assert 0.529 <= body.pop("score") <= 1.0
    assert 0 < body.pop("took_ms") < 10_000
    assert HEX_32.fullmatch(body.pop("visit"))
    assert body == {
        "service": "porteiro",
        "status": "OK",
        "outcome": "known",
        "person": {"id": ana, "name": "Ana"},
        "agreed": 1,
        "reason": None,
        "photos": 1,
        "retry_after_s": 0,
        "evidence": None,
        "kept": True,
    }


@pytest.mark.parametrize("name", ["bruno-1", "chen-3", "eun-5", "jun-2"])
def test_a_stranger_gets_404_and_nobodys_name(any_server: Server, ana: str, photo: Photo, name: str) -> None:
    answer = post_photo(any_server, "/", photo(name))

    assert answer.status == 404
    body = answer.json
    assert body.pop("score") < 0.529
    body.pop("took_ms")
    body.pop("visit")
    assert body == {
        "service": "porteiro",
        "status": "OK",
        "outcome": "unknown",
        "person": None,
        "agreed": 0,
        "reason": None,
        "photos": 1,
        "retry_after_s": 0,
        "evidence": None,
        "kept": True,
    }


def test_every_photo_that_shows_nobody_well_gets_404_with_the_reason(
    any_server: Server, ana: str, photo: Photo
) -> None:
    known = pixels_of(photo("ana-4"))
    small = Image.fromarray(known).resize((120, 68))
    photos = {
        "no_face": photo("nobody-1"),
        "too_dark": jpeg((known * 0.02).astype(np.uint8)),
        "too_small": jpeg(np.asarray(small)),
        "several_people": jpeg(np.hstack((known, pixels_of(photo("bruno-1"))))),
    }

    answers = {outcome: post_photo(any_server, "/", taken) for outcome, taken in photos.items()}

    assert {outcome: answer.status for outcome, answer in answers.items()} == dict.fromkeys(photos, 404)
    assert {outcome: answer.json["outcome"] for outcome, answer in answers.items()} == {
        outcome: outcome for outcome in photos
    }
    assert {answer.json["person"] for answer in answers.values()} == {None}


def test_the_same_key_gets_the_same_answer_and_one_visit(any_server: Server, ana: str, photo: Photo) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}

    first = post_photo(any_server, "/", photo("ana-4"), key)
    again = post_photo(any_server, "/", photo("ana-4"), key)

    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Idempotency-Key"] == first.headers["Idempotency-Key"] == key["Idempotency-Key"]
    listed = any_server.ask("GET", "/visits").json["visits"]
    assert [visit["id"] for visit in listed].count(first.json["visit"]) == 1


def test_another_key_is_another_visit(any_server: Server, ana: str, photo: Photo) -> None:
    first = post_photo(any_server, "/", photo("ana-4"), {"Idempotency-Key": str(uuid.uuid4())})
    second = post_photo(any_server, "/", photo("ana-4"), {"Idempotency-Key": str(uuid.uuid4())})

    assert first.json["visit"] != second.json["visit"]


@pytest.mark.parametrize("key", ["", "x" * 129, "two words", "caf\xe9"])
def test_a_key_of_another_form_is_refused(any_server: Server, photo: Photo, key: str) -> None:
    answer = post_photo(any_server, "/", photo("ana-4"), {"Idempotency-Key": key})

    assert (answer.status, answer.error) == (400, "bad_idempotency_key")


def test_the_visit_and_its_photo_can_be_read_at_once(any_server: Server, ana: str, photo: Photo) -> None:
    told = post_photo(any_server, "/", photo("ana-5")).json

    visit = any_server.ask("GET", f"/visits/{told['visit']}").json
    taken = any_server.ask("GET", f"/visits/{told['visit']}/photo")

    assert (visit["outcome"], visit["person"], visit["score"]) == ("known", told["person"], told["score"])
    assert visit["took_ms"] == told["took_ms"]
    assert (taken.status, taken.headers["Content-Type"], taken.body) == (200, "image/jpeg", photo("ana-5"))


def test_a_person_enrolled_a_moment_ago_is_known_and_a_forgotten_one_is_not(
    any_server: Server, photo: Photo
) -> None:
    before = post_photo(any_server, "/", photo("goro-3"))
    goro = enrolled(any_server, "Goro", photo("goro-1"), photo("goro-2"))
    during = [post_photo(any_server, "/", photo("goro-3")) for _ in range(6)]
    assert any_server.ask("DELETE", f"/people/{goro}").status == 204
    after = [post_photo(any_server, "/", photo("goro-3")) for _ in range(6)]

    assert before.json["outcome"] == "unknown"
    assert {answer.json["outcome"] for answer in during} == {"known"}
    assert {answer.json["outcome"] for answer in after} == {"unknown"}


def test_somebody_known_is_named_and_not_let_in_outside_their_hours(any_server: Server, photo: Photo) -> None:
    ivo = enrolled(any_server, "Ivo", photo("ivo-1"), photo("ivo-2"))
    before = post_photo(any_server, "/", photo("ivo-3"))
    assert post_json(any_server, f"/people/{ivo}", {"valid_until": "2020-12-31"}, "PATCH").status == 200
    during = [post_photo(any_server, "/", photo("ivo-3")) for _ in range(6)]
    visit = any_server.ask("GET", f"/visits/{during[0].json['visit']}").json
    assert any_server.ask("DELETE", f"/people/{ivo}").status == 204

    assert (before.status, before.json["outcome"]) == (200, "known")
    assert {(answer.status, answer.json["outcome"]) for answer in during} == {(404, "not_now")}
    assert during[0].json["person"] == {"id": ivo, "name": "Ivo"}
    assert (visit["outcome"], visit["person"]) == ("not_now", {"id": ivo, "name": "Ivo"})


def test_no_file_part_is_422(any_server: Server, photo: Photo) -> None:
    answer = post_photo(any_server, "/", photo("ana-4"), field="picture")

    assert (answer.status, answer.error) == (422, "part_missing")


def test_an_empty_post_is_422(any_server: Server) -> None:
    answer = any_server.ask("POST", "/", b"")

    assert (answer.status, answer.error) == (422, "part_missing")


@pytest.mark.parametrize("filename", [None, ""])
def test_a_part_without_file_name_is_400(any_server: Server, photo: Photo, filename: str | None) -> None:
    answer = any_server.ask("POST", "/", *form(("file", filename, photo("ana-4"))))

    assert (answer.status, answer.error) == (400, "file_name_missing")


@pytest.mark.parametrize("filename", ["photo.png", "photo", "photo.jpg.exe", ".jpg", ".jfif", "photo.jif"])
def test_another_name_than_jpg_is_415(any_server: Server, photo: Photo, filename: str) -> None:
    answer = any_server.ask("POST", "/", *form(("file", filename, photo("ana-4"))))

    assert (answer.status, answer.error) == (415, "not_a_jpeg")


@pytest.mark.parametrize(
    "filename",
    [
        "photo.jpg",
        "PHOTO.JPEG",
        "a b.Jpg",
        "C:\\photos\\photo.jpg",
        "photo.jfif",
        "A.JFIF",
        "photo.jpe",
        "a.JPE",
    ],
)
def test_the_names_of_jpegs_are_taken(any_server: Server, photo: Photo, filename: str) -> None:
    answer = any_server.ask("POST", "/", *form(("file", filename, photo("nobody-1"))))

    assert answer.json["outcome"] == "no_face"


def test_no_length_is_411(any_server: Server) -> None:
    answer = any_server.ask("POST", "/")

    assert (answer.status, answer.error) == (411, "length_required")


def test_every_answer_carries_its_own_request_id(any_server: Server, photo: Photo) -> None:
    answers = [
        any_server.ask("GET", "/health/live"),
        any_server.ask("GET", "/nowhere"),
        post_photo(any_server, "/", photo("nobody-1")),
    ]

    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert all(HEX_32.fullmatch(request_id) for request_id in ids)
    assert len(set(ids)) == 3


def test_a_client_cannot_choose_the_request_id(any_server: Server) -> None:
    answer = any_server.ask("GET", "/health/live", headers={"X-Request-Id": "a" * 32, "Request-Id": "a" * 32})

    assert answer.headers["X-Request-Id"] != "a" * 32


# Doors with a token


def test_a_press_of_a_door_with_a_token_is_answered_with_its_proof(
    any_server: Server, door: Door, ana: str, photo: Photo
) -> None:
    for name, status in (("ana-4", 200), ("bruno-1", 404), ("nobody-1", 404)):
        pressed_at = door.now()
        headers = door.press()
        answer = door.rings(photo(name), headers)
        body = answer.json

        press, at = headers["Idempotency-Key"], datetime.fromisoformat(body["evidence"]["at"])
        assert answer.status == status
        assert answer.headers["Idempotency-Key"] == body["evidence"]["press"] == press
        assert door.believes(body, press, photo(name))
        assert not door.believes(body, press, photo("ana-5"))
        assert pressed_at <= at <= door.now()
        assert at.tzinfo == UTC
        visit = any_server.ask("GET", f"/visits/{body['visit']}").json
        assert (visit["device"], visit["outcome"]) == (f"device:{door.name}", body["outcome"])


def test_a_retry_gets_the_same_verdict_proven_anew(any_server: Server, door: Door, photo: Photo) -> None:
    headers = door.press()

    first, again = door.rings(photo("nobody-1"), headers), door.rings(photo("nobody-1"), headers)

    told, told_again = first.json, again.json
    assert all(
        door.believes(body, headers["Idempotency-Key"], photo("nobody-1")) for body in (told, told_again)
    )
    for body in (told, told_again):
        del body["evidence"]
    assert (first.status, told) == (again.status, told_again)


def test_a_retry_with_another_photo_gets_no_proof_for_that_one(
    any_server: Server, door: Door, ana: str, photo: Photo
) -> None:
    headers = door.press()

    first, again = door.rings(photo("ana-4"), headers), door.rings(photo("bruno-1"), headers)

    assert (again.status, again.json["outcome"]) == (first.status, "known")
    assert door.believes(again.json, headers["Idempotency-Key"], photo("ana-4"))
    assert not door.believes(again.json, headers["Idempotency-Key"], photo("bruno-1"))


@pytest.mark.parametrize("version", [None, "1", "2.0", "", "two", "2" * 5000])
def test_a_device_that_could_not_check_the_answer_is_told_to_be_updated(
    door: Door, photo: Photo, version: str | None
) -> None:
    headers = door.press()
    del headers["Porteiro-Evidence"]

    answer = door.rings(
        photo("nobody-1"), headers | ({} if version is None else {"Porteiro-Evidence": version})
    )

    assert (answer.status, answer.error) == (400, "update_device")
    assert "update it" in answer.json["error"]["message"]


def test_a_device_of_a_later_release_is_told_that_the_server_is_the_older_one(
    door: Door, photo: Photo
) -> None:
    answer = door.rings(photo("nobody-1"), door.press() | {"Porteiro-Evidence": "3"})

    assert (answer.status, answer.error) == (400, "update_server")
    assert "update the server" in answer.json["error"]["message"]


def test_another_press_of_the_same_moment_is_refused_as_a_replay(door: Door, photo: Photo) -> None:
    headers = door.press()
    assert door.rings(photo("nobody-1"), headers).status == 404

    answers = [
        door.rings(photo("nobody-1"), {**headers, "Idempotency-Key": str(uuid.uuid4()), **changed})
        for changed in (
            {},
            {"Porteiro-Pressed-Monotonic-Ms": "0"},
            {"Porteiro-Boot": "another"},
        )
    ]

    assert [(answer.status, answer.error) for answer in answers] == [(409, "replayed")] * 3


def test_a_door_that_was_started_anew_is_answered(door: Door, photo: Photo) -> None:
    assert door.rings(photo("nobody-1")).status == 404
    door.restart()
    door.behind_s = -1.0

    assert door.rings(photo("nobody-1")).status == 404


@pytest.mark.parametrize("behind_s", [60.0, -60.0])
def test_a_press_that_is_not_of_now_is_refused_and_told_by_how_much(
    any_server: Server, door: Door, photo: Photo, behind_s: float
) -> None:
    door.behind_s = behind_s

    answer = door.rings(photo("nobody-1"))

    word = "after" if behind_s > 0 else "before"
    assert (answer.status, answer.error) == (409, "clock")
    assert re.match(rf"This came \d\d\.\d s {word} its time", answer.json["error"]["message"])


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Idempotency-Key", "press_needed"),
        ("Porteiro-Boot", "press_needed"),
        ("Porteiro-Pressed-At", "press_needed"),
        ("Porteiro-Pressed-Monotonic-Ms", "press_needed"),
    ],
)
def test_a_door_with_a_token_tells_of_its_press(door: Door, photo: Photo, header: str, code: str) -> None:
    headers = door.press()

    without = door.rings(photo("nobody-1"), {name: text for name, text in headers.items() if name != header})

    assert (without.status, without.error) == (400, code)
    assert header in without.json["error"]["message"]


def test_a_press_in_odd_headers_is_refused(door: Door, photo: Photo) -> None:
    for header in ("Porteiro-Boot", "Porteiro-Pressed-At", "Porteiro-Pressed-Monotonic-Ms"):
        odd = door.rings(photo("nobody-1"), {**door.press(), header: "?"})

        assert (odd.status, odd.error) == (400, "bad_press")


def test_a_token_that_nobody_has_is_401(any_server: Server, door: Door, photo: Photo) -> None:
    tokens = [
        f"{door.name}.{'x' * 43}",
        door.token[:-1],
        door.token + "x",
        door.token.upper(),
        door.token.partition(".")[2],
        f"{door.token} {door.token}",
        "x" * 4000,
        "caf\xe9",
        "",
    ]
    answers = [
        door.rings(photo("nobody-1"), {**door.press(), "Authorization": f"Bearer {token}"})
        for token in tokens
    ]

    assert [(answer.status, answer.error) for answer in answers] == [(401, "bad_token")] * len(tokens)
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}


def test_a_bad_token_is_refused_before_the_photo_is_looked_at(any_server: Server, door: Door) -> None:
    headers = {**door.press(), "Authorization": "Bearer nobody"}

    answer = any_server.ask("POST", "/", b"no form at all", {**headers, "Content-Type": "text/plain"})

    assert (answer.status, answer.error) == (401, "bad_token")


def test_a_revoked_token_is_403_from_its_next_press_on(door: Door, kept: Stores, photo: Photo) -> None:
    headers = door.press()
    before = door.rings(photo("nobody-1"), headers)
    kept.devices.revoke(door.name)

    answers = [door.rings(photo("nobody-1"), headers), door.rings(photo("nobody-1"))]

    assert before.status == 404
    assert [(answer.status, answer.error) for answer in answers] == [(403, "revoked")] * 2


def test_the_word_bearer_may_be_in_capitals_or_not(door: Door, photo: Photo) -> None:
    for word in ("bearer", "BEARER"):
        headers = {**door.press(), "Authorization": f"{word} {door.token}"}

        assert door.rings(photo("nobody-1"), headers).json["evidence"] is not None


def test_a_password_for_nginx_is_no_token(any_server: Server, photo: Photo) -> None:
    answer = post_photo(any_server, "/", photo("nobody-1"), {"Authorization": "Basic YW5hOnNlY3JldA=="})

    assert (answer.status, answer.json["evidence"]) == (404, None)


# Several photos of one press


def test_a_burst_is_judged_by_its_first_photo(any_server: Server, ana: str, photo: Photo) -> None:
    parts = [("file", "ana-4"), ("file2", "nobody-1"), ("file3", "bruno-1")]
    body, headers = form(*((field, "photo.jpg", photo(name)) for field, name in parts))

    answer = any_server.ask("POST", "/", body, headers)

    assert (answer.status, answer.json["outcome"]) == (200, "known")


@pytest.mark.parametrize("field", ["file2", "file3"])
def test_every_photo_of_a_burst_is_a_jpeg(any_server: Server, photo: Photo, field: str) -> None:
    for filename, data in (("photo.png", photo("nobody-1")), ("photo.jpg", b"text")):
        parts = [("file", "photo.jpg", photo("nobody-1")), (field, filename, data)]

        answer = any_server.ask("POST", "/", *form(*parts))

        assert (answer.status, answer.error) == (415, "not_a_jpeg")
