"""Notes: a tiny REST resource, with an address for all of them and one for each."""

import unicodedata
from typing import Annotated

import msgspec
from webob import Response

from wsgi_app.base.errors import Forbidden, Unprocessable, UnsupportedMediaType
from wsgi_app.lab.services import LabCall
from wsgi_app.stores.notes import Note
from wsgi_app.web.forms import URLENCODED, is_photo_called_form, keep_form, read_body
from wsgi_app.web.rendering import changed, json_answer, negotiated, no_content
from wsgi_app.web.uploads import JSON, declared_type

LONGEST_NOTE = 2000
WELCOME = Note(
    "welcome", "POST makes a note here, GET reads it, PUT replaces it and DELETE removes it; this one stays."
)


class NoteText(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to make a note, or to replace one."""

    text: Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE)]


class NoteBody(msgspec.Struct):
    """A note as clients see it."""

    id: str
    text: str
    links: dict[str, str]


class NoteList(msgspec.Struct):
    """Every note."""

    notes: list[NoteBody]


def index(call: LabCall) -> Response:
    """``GET /notes``: every note, in the order in which they were made."""
    notes = [represented(call, note) for note in (WELCOME, *call.services.notes.all())]
    return negotiated(
        call.request,
        {
            "json": lambda: json_answer(NoteList(notes)),
            "html": lambda: call.page("notes.html", notes=notes, longest=LONGEST_NOTE),
        },
    )


def create(call: LabCall) -> Response:
    """``POST /notes``: a new one, of JSON or of the page's form; 201 and Location say where it is."""
    if declared_type(call.request) not in (JSON, URLENCODED) or is_photo_called_form(call.request):
        raise UnsupportedMediaType("unsupported_media_type:note", one=JSON, other=URLENCODED)
    keep_form(call.request, call.services.config.limits.uploads)
    body = represented(call, call.services.notes.add(sent_text(call)))
    page = f"{call.request.application_url}/notes"  # where a form goes on to, by 303
    return changed(call.request, page, body, 201, {"Location": body.links["self"]})


def show(call: LabCall, note: str) -> Response:
    """``GET /notes/{note}``: one of them."""
    shown = WELCOME if note == WELCOME.id else call.services.notes.get(note)
    return json_answer(represented(call, shown))


def replace(call: LabCall, note: str) -> Response:
    """``PUT /notes/{note}``: another text in its place; sent twice, it changes nothing more."""
    refuse_kept(note)
    changed_note = call.services.notes.replace(note, sent_text(call))
    return json_answer(represented(call, changed_note))


def remove(call: LabCall, note: str) -> Response:
    """``DELETE /notes/{note}``: it is gone; 204 has no body to say so."""
    refuse_kept(note)
    call.services.notes.remove(note)
    return no_content()


def represented(call: LabCall, note: Note) -> NoteBody:
    """A note with the address that it has on this server."""
    return NoteBody(note.id, note.text, {"self": f"{call.request.application_url}/notes/{note.id}"})


def sent_text(call: LabCall) -> str:
    """The text in a body, fit to be kept."""
    text = read_body(call.request, NoteText, call.services.config.limits.uploads.json_bytes).text
    if not text.strip():
        raise Unprocessable("empty_note")
    if any(unicodedata.category(letter) == "Cc" for letter in text if letter not in "\n\t"):
        raise Unprocessable("bad_note")
    return text


def refuse_kept(note: str) -> None:
    """403 for the one note that may only be read."""
    if note == WELCOME.id:
        raise Forbidden("kept")
