"""What operators say to everybody who watches."""

import unicodedata

import msgspec

from wsgi_app.errors import BadRequest, Unprocessable

KEPT = "\u200c\u200d"  # invisible, and part of how Persian, Indic names and some pictures are written


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """What a browser sends to the live feed."""

    say: str


def read_message(data: str) -> str:
    """What somebody says, out of a frame.

    Raises:
        BadRequest: it is not JSON.
        Unprocessable: it is JSON of another shape.
    """
    try:
        return msgspec.json.decode(data, type=Said).say
    except msgspec.ValidationError as error:
        raise Unprocessable('Send {"say": "..."}.', code="json_shape") from error
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise BadRequest("not JSON", code="bad_json") from error


def clean_message(text: str, longest: int) -> str:
    """A message as it is kept: on one line, without control characters.

    Raises:
        Unprocessable: nothing is left, or it is too long.
    """
    letters = unicodedata.normalize("NFC", text)
    shown = (letter for letter in letters if letter.isprintable() or letter.isspace() or letter in KEPT)
    message = " ".join("".join(shown).split())
    if not message:
        raise Unprocessable("A message needs at least one letter.", code="empty_message")
    if len(message) > longest:
        raise Unprocessable(f"A message has at most {longest} letters.", code="long_message")
    return message
