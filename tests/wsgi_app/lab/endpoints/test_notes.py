"""Notes: all verbs of a resource, in this process and under every server."""

import json
from collections.abc import Iterator

import pytest

from tests.forms import FORM, HTML, post_form
from tests.hostile import JSON
from tests.servers import Answer, InProcessServer, Server, path_of, post_json
from wsgi_app.lab.endpoints.notes import LONGEST_NOTE, WELCOME
from wsgi_app.stores.notes import MOST_NOTES


@pytest.fixture
def lab_with_room(any_lab: Server) -> Iterator[Server]:
    """A lab that has the notes afterwards that it had before."""
    before = ids_in(any_lab)
    yield any_lab
    for note in ids_in(any_lab):
        if note not in before:
            assert any_lab.ask("DELETE", f"/notes/{note}").status == 204


def ids_in(lab: Server) -> list[str]:
    return [note["id"] for note in lab.ask("GET", "/notes").json["notes"]]


def added(lab: Server, text: str = "milk") -> str:
    """The path of a new note."""
    answer = post_json(lab, "/notes", {"text": text})
    assert answer.status == 201
    return path_of(lab, answer.headers["Location"])


def noted(lab: Server) -> list[str]:
    """The texts of all notes but the one that is always there."""
    first, *others = lab.ask("GET", "/notes").json["notes"]
    assert first["id"] == WELCOME.id
    return [note["text"] for note in others]


def told(answer: Answer) -> tuple[int, str, str]:
    """What a refusal says: its status, its code and its sentence."""
    return answer.status, answer.error, answer.json["error"]["message"]


# A note's life


def test_a_note_is_made_read_replaced_and_deleted(lab_with_room: Server) -> None:
    made = post_json(lab_with_room, "/notes", {"text": "milk"})
    address, note = made.headers["Location"], made.json
    path = path_of(lab_with_room, address)
    assert (made.status, made.headers["X-Lab"]) == (201, "notes")
    assert note == {"id": path.removeprefix("/notes/"), "text": "milk", "links": {"self": address}}

    read = lab_with_room.ask("GET", path)
    assert (read.status, read.headers["X-Lab"], read.json) == (200, "notes", note)

    for _ in range(2):  # a PUT that comes twice does the same as one
        replaced = post_json(lab_with_room, path, {"text": "Olá, 안녕\n\t<b>"}, method="PUT")
        assert (replaced.status, replaced.json) == (200, {**note, "text": "Olá, 안녕\n\t<b>"})
    assert lab_with_room.ask("GET", path).json == {**note, "text": "Olá, 안녕\n\t<b>"}

    deleted = lab_with_room.ask("DELETE", path)
    assert (deleted.status, deleted.headers["X-Lab"], deleted.body) == (204, "notes", b"")
    for method in ("GET", "DELETE"):
        assert told(lab_with_room.ask(method, path)) == (404, "not_found", "There is no such note.")
    assert post_json(lab_with_room, path, {"text": "again"}, method="PUT").status == 404


def test_notes_are_listed_in_their_order_after_the_one_that_is_always_there(lab_with_room: Server) -> None:
    paths = [added(lab_with_room, text) for text in ("milk", "bread")]

    answer = lab_with_room.ask("GET", "/notes")

    assert (answer.status, answer.headers["X-Lab"]) == (200, "notes")
    first, *_, milk, bread = answer.json["notes"]
    assert (first["id"], first["text"]) == (WELCOME.id, WELCOME.text)
    assert [milk["text"], bread["text"]] == ["milk", "bread"]
    links = [path_of(lab_with_room, note["links"]["self"]) for note in (first, milk, bread)]
    assert links == ["/notes/welcome", *paths]
    assert [lab_with_room.ask("GET", link).json for link in links] == [first, milk, bread]


def test_a_note_may_be_as_long_as_it_says(lab_with_room: Server) -> None:
    path = added(lab_with_room, "안" * LONGEST_NOTE)

    assert lab_with_room.ask("GET", path).json["text"] == "안" * LONGEST_NOTE


# Refusals


def test_the_first_note_may_be_read_but_neither_replaced_nor_deleted(any_lab: Server) -> None:
    refused = (403, "kept", "This note may be read, but neither changed nor deleted; make another.")

    assert told(any_lab.ask("DELETE", "/notes/welcome")) == refused
    assert told(post_json(any_lab, "/notes/welcome", {"text": "mine"}, method="PUT")) == refused
    assert any_lab.ask("GET", "/notes/welcome").json["text"] == WELCOME.text


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        (b"", 400, "bad_json", "The body is not valid JSON."),
        (b'{"text": ', 400, "bad_json", "The body is not valid JSON."),
        (b'{"text": "\xff"}', 400, "bad_json", "The JSON is not in UTF-8."),
        (b'{"text": "\\ud800"}', 400, "bad_json", "The body is not valid JSON."),
        (b"[" * 10_000, 422, "json_shape", "The JSON does not fit: Expected `object`, got `array`"),
        (b"7", 422, "json_shape", "The JSON does not fit: Expected `object`, got `int`"),
        (b"{}", 422, "json_shape", "The JSON does not fit: Object missing required field `text`"),
        (b'{"text": 7}', 422, "json_shape", "The JSON does not fit: Expected `str`, got `int` - at `$.text`"),
        (
            b'{"text": "a", "id": "b"}',
            422,
            "json_shape",
            "The JSON does not fit: Object contains unknown field `id`",
        ),
        (
            json.dumps({"text": "a" * (LONGEST_NOTE + 1)}).encode(),
            422,
            "json_shape",
            "The JSON does not fit: text has at most 2000 characters.",
        ),
        (b'{"text": ""}', 422, "empty_note", "A note needs some text."),
        (b'{"text": " \\n\\t"}', 422, "empty_note", "A note needs some text."),
        *(
            (
                json.dumps({"text": f"a{letter}b"}).encode(),
                422,
                "bad_note",
                "A note has no control characters but tabs and new lines.",
            )
            for letter in "\0\r\x1b\x7f\x85"
        ),
        (b"{" + b" " * 65_536 + b"}", 413, "too_large", "The body is too large: at most 65536 bytes."),
    ],
)
def test_a_body_that_is_no_note_is_refused_and_changes_nothing(
    lab_with_room: Server, body: bytes, status: int, code: str, message: str
) -> None:
    path = added(lab_with_room)
    before = noted(lab_with_room)

    made = lab_with_room.ask("POST", "/notes", body, JSON)
    replaced = lab_with_room.ask("PUT", path, body, JSON)

    assert told(made) == told(replaced) == (status, code, message)
    assert noted(lab_with_room) == before


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
def test_a_body_of_another_type_is_told_which_there_are(any_lab: Server, kind: str) -> None:
    made, replaced = (
        any_lab.ask(method, path, b'{"text": "milk"}', {"Content-Type": kind})
        for method, path in (("POST", "/notes"), ("PUT", "/notes/nowhere"))
    )

    either = "Send the note as application/json or application/x-www-form-urlencoded."
    assert told(made) == (415, "unsupported_media_type", either)
    assert told(replaced) == (415, "unsupported_media_type", "Send the body as application/json.")


def test_a_body_without_a_length_is_refused(any_lab: Server) -> None:
    answer = any_lab.ask("POST", "/notes", None, JSON)

    assert told(answer) == (411, "length_required", "Send the body with a Content-Length.")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/notes", "GET, HEAD, OPTIONS, POST"),
        ("DELETE", "/notes", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/notes/welcome", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("PATCH", "/notes/welcome", "DELETE, GET, HEAD, OPTIONS, PUT"),
    ],
)
def test_another_method_is_told_which_there_are(
    any_lab: Server, method: str, path: str, allowed: str
) -> None:
    answer = any_lab.ask(method, path)

    assert (answer.status, answer.error, answer.headers["Allow"]) == (405, "method_not_allowed", allowed)


@pytest.mark.parametrize("note", ["nothing", "a/b", "a" * 65, "welcome.json", ""])
def test_an_id_that_no_note_has_finds_none(any_lab: Server, note: str) -> None:
    answer = any_lab.ask("GET", f"/notes/{note}")

    assert (answer.status, answer.error) == (404, "not_found")


def test_another_sites_page_makes_no_note(any_lab: Server) -> None:
    before = noted(any_lab)

    answer = post_form(any_lab, "/notes", {"text": "milk"}, Origin="https://elsewhere.example", Accept="*/*")

    assert (answer.status, answer.error) == (403, "other_site")
    assert noted(any_lab) == before


def test_a_full_notebook_says_so_until_a_note_is_deleted(lab: InProcessServer) -> None:
    paths = [added(lab) for _ in range(MOST_NOTES)]

    answer = post_json(lab, "/notes", {"text": "too many"})
    assert told(answer) == (409, "full", "There are 100 notes already; delete one first.")
    assert lab.ask("DELETE", paths[0]).status == 204
    added(lab)


# The page


def test_the_page_lists_the_notes_as_text_and_never_as_html(lab_with_room: Server) -> None:
    path = added(lab_with_room, "<script>alert(1)</script> & 안녕\nsecond line")

    answer = lab_with_room.ask("GET", "/notes", headers=HTML)

    page = answer.body.decode()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert (answer.headers["X-Lab"], answer.headers["Vary"]) == ("notes", "Accept")
    assert "<pre>&lt;script&gt;alert(1)&lt;/script&gt; &amp; 안녕\nsecond line</pre>" in page
    assert "alert(1)</script>" not in page
    assert f"<pre>{WELCOME.text}</pre>" in page
    assert f'{path}"' in page


def test_the_pages_form_makes_a_note_and_goes_on_to_the_page(lab_with_room: Server) -> None:
    answer = post_form(lab_with_room, "/notes", {"text": "café & bread"})

    assert (answer.status, path_of(lab_with_room, answer.headers["Location"])) == (303, "/notes")
    assert noted(lab_with_room)[-1] == "café & bread"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "form_shape"),
        (b"words=milk", 422, "form_shape"),
        (b"text=", 422, "empty_note"),
        (b"text=%00", 422, "bad_note"),
        (b"text=" + b"a" * (LONGEST_NOTE + 1), 422, "form_shape"),
        (b"text=%FF", 400, "bad_form"),
        (b"text", 400, "bad_form"),
        (b"text=" + b"a" * 65_536, 413, "too_large"),
    ],
)
def test_a_form_that_is_no_note_is_refused(shipped_lab: Server, body: bytes, status: int, code: str) -> None:
    before = noted(shipped_lab)

    answer = shipped_lab.ask("POST", "/notes", body, FORM)

    assert (answer.status, answer.error) == (status, code)
    assert noted(shipped_lab) == before


def test_a_format_that_there_is_not_is_refused(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/notes?format=csv")

    assert told(answer) == (406, "not_acceptable", "This address answers as application/json, text/html.")
