"""The door's contract, in this process and through the shipped nginx and uWSGI."""

import io
import re
import uuid
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from tests.servers import Server, enrolled, form, post_photo

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
    }


@pytest.mark.parametrize("name", ["bruno-1", "chen-3", "eun-5", "jun-2"])
def test_a_stranger_gets_404_and_nobodys_name(any_server: Server, ana: str, photo: Photo, name: str) -> None:
    answer = post_photo(any_server, "/", photo(name))

    assert answer.status == 404
    body = answer.json
    assert body.pop("score") < 0.529
    body.pop("took_ms")
    body.pop("visit")
    assert body == {"service": "porteiro", "status": "OK", "outcome": "unknown", "person": None}


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


@pytest.mark.parametrize("filename", ["photo.png", "photo", "photo.jpg.exe", ".jpg"])
def test_another_name_than_jpg_is_415(any_server: Server, photo: Photo, filename: str) -> None:
    answer = any_server.ask("POST", "/", *form(("file", filename, photo("ana-4"))))

    assert (answer.status, answer.error) == (415, "not_a_jpeg")


@pytest.mark.parametrize("filename", ["photo.jpg", "PHOTO.JPEG", "a b.Jpg", "C:\\photos\\photo.jpg"])
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
