"""What operators say to everybody who watches."""

import msgspec

from wsgi_app.errors import BadRequest, Unprocessable
from wsgi_app.names import is_shown, one_line


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
    message = one_line("".join(letter for letter in text if is_shown(letter) or letter.isspace()))
    if not message:
        raise Unprocessable("A message needs at least one letter.", code="empty_message")
    if len(message) > longest:
        raise Unprocessable(f"A message has at most {longest} letters.", code="long_message")
    return message
