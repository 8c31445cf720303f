"""Base64 as clients write it: with line breaks, as a data URL, of either alphabet, padded or not."""

import binascii

from wsgi_app.base.errors import Unprocessable

URL_SAFE, STANDARD, SPACES = b"-_", b"+/", b" \t\r\n\v\f"
LONGEST_HEAD = 200  # characters of a data URL before its data


def decoded(text: str, field: str) -> bytes:
    """The bytes that a field's text stands for.

    Raises:
        Unprocessable: it is no base64.
    """
    data = _without_head(text).encode("ascii", "replace")
    data = data.translate(bytes.maketrans(URL_SAFE, STANDARD), SPACES).rstrip(b"=")
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4), strict_mode=True)
    except binascii.Error as error:
        raise Unprocessable("json_shape:base64", field=field) from error


def _without_head(text: str) -> str:
    start = text[:LONGEST_HEAD].lstrip()
    head, comma, _ = start.partition(",")
    if head[:5].lower() == "data:" and comma and head.lower().endswith(";base64"):
        return text[text.index(",") + 1 :]
    return text
