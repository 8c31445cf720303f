"""``python -m wsgi_app.lab.client``: goes through all verbs of the lab's notes, and says what came back."""

import http.client
import re
import secrets
from contextlib import ExitStack
from urllib.parse import urlsplit

import click
import requests

from wsgi_app.base.config import load_config
from wsgi_app.lab.lesson import LessonAnswer, Step, steps
from wsgi_app.web.routing import ID
from wsgi_app.web.uploads import JSON

DEFAULTS = load_config({})
HERE = f"http://{DEFAULTS.http}{DEFAULTS.prefix}/lab"
TIMEOUT_S = (5, 15)  # to connect, and between two pieces
CHUNK_BYTES = 16 * 1024
MOST_BYTES = 1024 * 1024  # of an answer that are read; as many notes as there can be fit in
SHOWN_LETTERS = 600  # of an answer's body
SHOWN_HEADERS = ("Content-Type", "Location", "Allow", "X-Lab")
SCHEMES = ("http", "https")


class DistantLab:
    """The lab at an address; it is asked there alone, wherever its answers point."""

    def __init__(self, address: str):
        self.address = address

    def ask(self, method: str, path: str, sends: str = "", kind: str = JSON) -> LessonAnswer:
        """Send one request; raises ``requests.RequestException`` where nothing comes back."""
        # Each over its own connection: what is not read of a long answer is not left to the next one.
        with requests.Session() as session:
            session.trust_env = False  # no proxy in between, and no password out of a file
            with session.request(
                method,
                self.address + path,
                data=sends.encode() or None,
                headers={"Accept-Encoding": "identity", **({"Content-Type": kind} if sends else {})},
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
            ) as response:
                return LessonAnswer(response.status_code, response.headers, body_of(response))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("address", metavar="[URL]", default=HERE, callback=lambda *given: address_in(given[-1]))
def main(address: str) -> None:
    """Go through all verbs of the lab's notes, and tell what was sent and what came back.

    URL is where the lab is, http://127.0.0.1:8765/porteiro/lab unless it says otherwise. Each request is
    shown with its answer, wrong requests and their refusals among them. No note stays behind. The exit status
    is 0 where every answer was the expected one; it stops at the first that is not.
    """
    try:
        go_through(DistantLab(address))
    except requests.RequestException as error:
        raise click.ClickException(
            f"{address} does not answer ({type(error).__name__}). Start Porteiro, or its lab alone with "
            "python -m wsgi_app.lab; then say where the lab is: python -m wsgi_app.lab.client URL"
        ) from error
    click.echo("Every answer was the expected one.")


def go_through(lab: DistantLab) -> None:
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
            if faults := step.faults(answer):
                message = f"{number}. {step.about}: expected was {', '.join(faults)}. {step.hint}"
                raise click.ClickException(message.rstrip())
            note = answer.made or note


def take(lab: DistantLab, step: Step, path: str) -> LessonAnswer:
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


def clear(lab: DistantLab, mark: str) -> None:
    """Delete the notes that begin with a mark, where a run was broken off; else there are none."""
    try:
        for note in lab.ask("GET", "/notes").content.notes:
            if note.text.startswith(mark) and re.fullmatch(ID, note.id):
                lab.ask("DELETE", f"/notes/{note.id}")
                click.echo(f"The note {note.id} was left, and is deleted now.")
    except requests.RequestException:
        click.echo(f"A note that begins with {mark!r} may be left there.")
        raise


def body_of(response: requests.Response) -> bytes:
    """An answer's body, up to so many bytes and the piece that has the last of them."""
    body = b""
    for piece in response.iter_content(CHUNK_BYTES):
        body += piece
        if len(body) > MOST_BYTES:
            break
    return body


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
