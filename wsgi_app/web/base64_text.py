"""Base64 as clients write it: with line breaks, as a data URL, of either alphabet, padded or not."""

import binascii
import re

from wsgi_app.base.errors import Unprocessable

URL_SAFE, STANDARD, SPACES = b"-_", b"+/", b" \t\r\n\v\f"
# What an URL may have in place of letters that are no URL's.
ENCODED = {b"%2B": b"+", b"%2F": b"/", b"%3D": b"=", b"%0D": b"", b"%0A": b"", b"%20": b"", b"%09": b""}
LONGEST_HEAD = 4096  # characters of a data URL before its data
# A data URL (RFC 2397) up to its data; what it says of its type may be in quotes.
HEAD = re.compile(r'data:((?:[^,"]|"[^"]*")*),', re.IGNORECASE)


def decoded(text: str, field: str) -> bytes:
    """The bytes that a field's text stands for.

    Raises:
        Unprocessable: it is no base64.
    """
    data = _without_head(text, field).encode("ascii", "replace")
    if b"%" in data:
        for encoded, letter in ENCODED.items():
            data = data.replace(encoded, letter).replace(encoded.lower(), letter)
    data = data.translate(bytes.maketrans(URL_SAFE, STANDARD), SPACES).rstrip(b"=")
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4), strict_mode=True)
    except binascii.Error as error:
        raise Unprocessable("json_shape:base64", field=field) from error


def _without_head(text: str, field: str) -> str:
    text = text.lstrip()
    if text[:5].lower() != "data:":
        return text
    head = HEAD.match(text[:LONGEST_HEAD])
    if head is None or "base64" not in [word.strip().lower() for word in head[1].split(";")[1:]]:
        raise Unprocessable("json_shape:data_url", field=field)
    return text[head.end() :]
