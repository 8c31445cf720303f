"""What the notes' client asks of the lab one after another, and what has to come back each time."""

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from wsgi_app.web.routing import ID
from wsgi_app.web.uploads import JSON

PLAIN = "text/plain"
PLACE = re.compile(rf".*/notes/({ID})")
WRONG_PLACE = "Is this the lab's address, and is the lab on?"


class LessonBody(msgspec.Struct):
    """What an answer's JSON says, as far as this client reads it."""

    id: str = ""
    text: str = ""
    notes: list["LessonBody"] = []
    error: dict[str, str] = {}


@dataclass(frozen=True)
class LessonAnswer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> LessonBody:
        """Its JSON; nothing where it has none, or another's."""
        try:
            return msgspec.json.decode(self.body, type=LessonBody)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return LessonBody()

    @property
    def made(self) -> str:
        """The id of the note whose address is in Location; ``""`` for none."""
        place = PLACE.fullmatch(self.headers.get("Location", ""))
        return place[1] if place else ""


@dataclass(frozen=True)
class Step:
    """One request, and what its answer has to be.

    Attributes:
        about: what it does.
        method: as it is sent.
        path: below the lab; ``{note}`` is the id of the note that was made.
        status: of the answer.
        sends: the body; ``""`` for none.
        kind: the body's type.
        text: of a note in the answer.
        code: of the error in the answer.
        header: that the answer has.
        hint: for a person, where the answer is another.
    """

    about: str
    method: str
    path: str
    status: int
    sends: str = ""
    kind: str = JSON
    text: str = ""
    code: str = ""
    header: str = ""
    hint: str = ""

    def faults(self, answer: LessonAnswer) -> list[str]:
        """What of an answer is not as it has to be."""
        content = answer.content
        checks = (
            (answer.status == self.status, f"the status {self.status}"),
            (
                not self.text or self.text in (content.text, *(note.text for note in content.notes)),
                "the text",
            ),
            (
                content.error.get("code", "") == self.code,
                f"the code {self.code}" if self.code else "no error",
            ),
            (not self.header or self.header in answer.headers, f"the header {self.header}"),
            (self.status != http.client.CREATED or answer.made, "the note's address in Location"),
        )
        return [words for holds, words in checks if not holds]


def steps(first: str, second: str) -> tuple[Step, ...]:
    """What is asked, in this order, with two texts for a note."""
    note, kept = "/notes/{note}", "/notes/welcome"
    one, other = (json.dumps({"text": text}) for text in (first, second))
    return (
        Step("Read the note that is always there", "GET", kept, 200, hint=WRONG_PLACE),
        Step("Make a note", "POST", "/notes", 201, one, text=first),
        Step("List all of them", "GET", "/notes", 200, text=first),
        Step("Read the new one", "GET", note, 200, text=first),
        Step("Ask for its headers alone", "HEAD", note, 200),
        Step("Ask which methods it has", "OPTIONS", note, 204, header="Allow"),
        Step("Put another text in its place", "PUT", note, 200, other, text=second),
        Step("Read it again", "GET", note, 200, text=second),
        Step("Use a method that it has not", "PATCH", note, 405, code="method_not_allowed", header="Allow"),
        Step("Send what is no JSON", "PUT", note, 400, '{"text":', code="bad_json"),
        Step(
            "Send what is not declared as JSON", "PUT", note, 415, other, PLAIN, code="unsupported_media_type"
        ),
        Step("Send JSON of another shape", "PUT", note, 422, '{"words": 1}', code="json_shape"),
        Step("Replace the note that is always there", "PUT", kept, 403, other, code="kept"),
        Step("Delete the new one", "DELETE", note, 204),
        Step("Look for it", "GET", note, 404, code="not_found"),
    )
