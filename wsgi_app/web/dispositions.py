"""Names of a form's parts and of their files, in all the ways in which clients write them.

A file name that is no plain ASCII comes as raw bytes (browsers, curl), percent-encoded in a parameter of its
own (RFC 5987; urllib3 before 2, .NET), as an encoded word of mail (RFC 2047; .NET), in pieces (RFC 2231; what
makes mail), or as several of these.
"""

import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from urllib.parse import quote, unquote_to_bytes

from multipart import MultipartSegment, content_disposition_unquote, header_unquote

# A parameter with its value: in quotes, with or without backslashes before what is in them, or with quotes in
# them that nobody escaped; or bare.
PARAMETER = re.compile(
    r""";\s*([\w-]+(?:\*\d+)?\*?)\s*=\s*
    ((?:"[^"\\]*"|"(?:\\.|[^"\\])*"|".{0,300}?")(?=\s*(?:;|$))|[^;]*)""",
    re.ASCII | re.VERBOSE,
)
ENCODED_WORD = re.compile(r"=\?[\w-]+\?[bqBQ]\?[^?]*\?=", re.ASCII)


def boundary_of(content_type: str) -> bytes:
    """What stands between a form's parts, out of its Content-Type; empty where that does not say it.

    Bare boundaries may hold what they should not without quotes: ``=``, ``/``, ``:``, ``?`` and ``(``.
    """
    boundary: str = header_unquote(_parameters(content_type).get("boundary", ""))
    return boundary.encode("latin-1", "replace")


def disposition(part: MultipartSegment) -> tuple[str, str | None]:
    """The name of a part and of its file, ``None`` without one.

    Args:
        part: its headers decoded as Latin-1, whatever they are.
    """
    given = _parameters(part.header("Content-Disposition", ""))
    name = _text(content_disposition_unquote(given.get("name", "")))
    for extended in (_percent_decoded(given.get("filename*", "")), _put_together(given, "filename")):
        if extended is not None:
            return name, extended
    if "filename" not in given:
        return name, _guessed(given.get("filename*", _joined(given, "filename")))
    return name, _without_encoded_words(_text(content_disposition_unquote(given["filename"], filename=True)))


def _parameters(header: str) -> dict[str, str]:
    """The first of each name, in lower case, as it stands there."""
    parameters: dict[str, str] = {}
    for name, value in PARAMETER.findall(header):
        parameters.setdefault(name.lower(), value.strip())
    return parameters


def _text(latin: str) -> str:
    """UTF-8 where it is that, otherwise Latin-1."""
    try:
        return latin.encode("latin-1").decode()
    except UnicodeError:
        return latin


def _percent_decoded(value: str) -> str | None:
    """A value such as ``UTF-8'en'caf%C3%A9.jpg``; ``None`` for anything else."""
    charset, *rest = header_unquote(value).split("'", 2)
    if len(rest) != 2:  # noqa: PLR2004  # the language, and the text
        return None
    try:
        return unquote_to_bytes(rest[1]).decode(charset)
    except (LookupError, UnicodeError):
        return None


def _put_together(given: dict[str, str], name: str) -> str | None:
    """A value in numbered pieces, such as ``name*0=`` and ``name*1*=``; ``None`` where there is none."""
    joined = _joined(given, name)
    return _percent_decoded(joined) if f"{name}*0*" in given else _guessed(joined)


def _joined(given: dict[str, str], name: str) -> str:
    """A value in numbered pieces, percent-encoded; empty where there is none."""
    pieces: list[str] = []
    while (piece := _piece(given, f"{name}*{len(pieces)}")) is not None:
        pieces.append(piece)
    return "".join(pieces)


def _guessed(value: str) -> str | None:
    """What is percent-encoded in no encoding that is known; ``None`` where there is nothing."""
    encoded = header_unquote(value).split("'", 2)[-1]
    return _text(unquote_to_bytes(encoded).decode("latin-1")) or None


def _piece(given: dict[str, str], key: str) -> str | None:
    """One of them, percent-encoded: a letter may begin in one piece and end in the next."""
    if f"{key}*" in given:
        encoded: str = header_unquote(given[f"{key}*"])
        return encoded
    return quote(header_unquote(given[key]), safe="", encoding="latin-1") if key in given else None


def _without_encoded_words(text: str) -> str:
    if not ENCODED_WORD.search(text):
        return text
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, UnicodeError, HeaderParseError, ValueError):
        return text
