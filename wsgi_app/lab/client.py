"""``python -m wsgi_app.lab.client``: goes through all verbs of the lab's notes, and says what came back."""

import http.client
import json
import re
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import click
import msgspec
import requests

from wsgi_app.config import load_config
from wsgi_app.routing import ID

DEFAULTS = load_config({})
HERE = f"http://{DEFAULTS.http}{DEFAULTS.prefix}/lab"
TIMEOUT_S = (5, 15)  # to connect, and between two pieces
CHUNK_BYTES = 16 * 1024
MOST_BYTES = 1024 * 1024  # of an answer that are read; as many notes as there can be fit in
SHOWN_LETTERS = 600  # of an answer's body
SHOWN_HEADERS = ("Content-Type", "Location", "Allow", "X-Lab")
JSON, PLAIN = "application/json", "text/plain"
PLACE = re.compile(rf".*/notes/({ID})")
SCHEMES = ("http", "https")


class Said(msgspec.Struct):
    """What an answer's JSON says, as far as this client reads it."""

    id: str = ""
    text: str = ""
    notes: list["Said"] = []
    error: dict[str, str] = {}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> Said:
        """Its JSON; nothing where it has none, or another's."""
        try:
            return msgspec.json.decode(self.body, type=Said)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Said()

    @property
    def made(self) -> str:
        """The id of the note whose address is in Location; ``""`` for none."""
        found = PLACE.fullmatch(self.headers.get("Location", ""))
        return found[1] if found else ""


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

    def faults(self, answer: Answer) -> list[str]:
        """What of an answer is not as it has to be."""
        said = answer.said
        checks = (
            (answer.status == self.status, f"the status {self.status}"),
            (not self.text or self.text in (said.text, *(note.text for note in said.notes)), "the text"),
            (said.error.get("code", "") == self.code, f"the code {self.code}" if self.code else "no error"),
            (not self.header or self.header in answer.headers, f"the header {self.header}"),
            (self.status != http.client.CREATED or answer.made, "the note's address in Location"),
        )
        return [words for holds, words in checks if not holds]


def steps(first: str, second: str) -> tuple[Step, ...]:
    """What is asked, in this order, with two texts for a note."""
    note, kept = "/notes/{note}", "/notes/welcome"
    one, other = (json.dumps({"text": text}) for text in (first, second))
    return (
        Step("Read the note that is always there", "GET", kept, 200),
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


class Lab:
    """The lab at an address; it is asked there alone, wherever its answers point."""

    def __init__(self, address: str):
        self.address = address
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy in between, and no password out of a file
        self._session.headers["Accept-Encoding"] = "identity"

    def ask(self, method: str, path: str, sends: str = "", kind: str = JSON) -> Answer:
        """Send one request; raises ``requests.RequestException`` where nothing comes back."""
        with self._session.request(
            method,
            self.address + path,
            data=sends.encode() or None,
            headers={"Content-Type": kind} if sends else {},
            timeout=TIMEOUT_S,
            allow_redirects=False,
            stream=True,
        ) as response:
            body = b""
            for piece in response.iter_content(CHUNK_BYTES):
                body += piece
                if len(body) > MOST_BYTES:
                    break
            return Answer(response.status_code, response.headers, body)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("address", metavar="[URL]", default=HERE, callback=lambda *given: address_in(given[-1]))
def main(address: str) -> None:
    """Go through all verbs of the lab's notes, and tell what was sent and what came back.

    URL is where the lab is, http://127.0.0.1:8765/porteiro/lab unless it says otherwise. Each request is
    shown with its answer, wrong requests and their refusals among them. No note stays behind. The exit status
    is 0 where every answer was the expected one; it stops at the first that is not.
    """
    try:
        go_through(Lab(address))
    except requests.RequestException as error:
        raise click.ClickException(
            f"{address} does not answer ({type(error).__name__}). Start Porteiro, or its lab alone with "
            "python -m wsgi_app.lab; then say where the lab is: python -m wsgi_app.lab.client URL"
        ) from error
    click.echo("Every answer was the expected one.")


def go_through(lab: Lab) -> None:
    """Take every step and tell of it, up to the first with an answer that is not the expected one.

    Raises:
        click.ClickException: there is such a step.
        requests.RequestException: the lab does not answer.
    """
    mark, note = f"client {secrets.token_hex(8)}", ""
    with ExitStack() as stack:
        for number, step in enumerate(steps(f"{mark}: first words", f"{mark}: other words"), 1):
            if step.method == "POST":  # from here on there can be a note, even if its answer is lost
                stack.callback(clear, lab, mark)
            click.echo(f"{number}. {step.about}")
            answer = take(lab, step, step.path.format(note=note))
            faults = step.faults(answer)
            if faults:
                raise click.ClickException(f"{number}. {step.about}: expected was {', '.join(faults)}.")
            note = answer.made or note


def take(lab: Lab, step: Step, path: str) -> Answer:
    """Send a step's request; tells it, and the answer."""
    click.echo(f"   > {step.method} {lab.address}{path}")
    if step.sends:
        click.echo(f"   > Content-Type: {step.kind}\n   > {step.sends}")
    answer = lab.ask(step.method, path, step.sends, step.kind)
    click.echo(f"   < {answer.status} {http.client.responses.get(answer.status, '')}")
    for name in SHOWN_HEADERS:
        if name in answer.headers:
            click.echo(f"   < {name}: {shown(answer.headers[name])}")
    click.echo(f"   < {shown(answer.body.decode(errors='replace'))}\n" if answer.body else "")
    return answer


def clear(lab: Lab, mark: str) -> None:
    """Delete the notes that begin with a mark, where a run was broken off; else there are none."""
    try:
        for note in lab.ask("GET", "/notes").said.notes:
            if note.text.startswith(mark) and re.fullmatch(ID, note.id):
                lab.ask("DELETE", f"/notes/{note.id}")
                click.echo(f"The note {note.id} was left, and is deleted now.")
    except requests.RequestException:
        click.echo(f"A note that begins with {mark!r} may be left there.")
        raise


def shown(text: str) -> str:
    """The begin of a text from outside, fit for a terminal."""
    begin = "".join(letter if letter.isprintable() else " " for letter in text[:SHOWN_LETTERS])
    return begin if len(text) <= SHOWN_LETTERS else f"{begin} ... ({len(text) - SHOWN_LETTERS} more letters)"


def address_in(text: str) -> str:
    """The lab's address without a slash at its end.

    Raises:
        click.BadParameter: it is none.
    """
    try:
        parts = urlsplit(text)
        fits = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or set(text) & set("@?#"):
        raise click.BadParameter(f"must be like {HERE}")
    return text.rstrip("/")


if __name__ == "__main__":
    main(prog_name="python -m wsgi_app.lab.client")
