"""What operators say to everybody who watches."""

import msgspec

from wsgi_app.base.errors import BadRequest, Unprocessable


class SayFrame(msgspec.Struct, forbid_unknown_fields=True):
    """What a browser sends to the live feed."""

    say: str


def read_message(data: str) -> str:
    """What somebody says, out of a frame.

    Raises:
        BadRequest: it is not JSON.
        Unprocessable: it is JSON of another shape.
    """
    try:
        return msgspec.json.decode(data, type=SayFrame).say
    except msgspec.ValidationError as error:
        raise Unprocessable("json_shape:message") from error
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise BadRequest("bad_json") from error
