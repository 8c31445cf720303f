"""What outsiders may send: a table that drives the tests in this process and through nginx and uWSGI."""

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from PIL import Image

from tests.servers import form

PHOTOS = Path(__file__).parent / "photos"
MEBIBYTE = 1024 * 1024
NOBODY = (PHOTOS / "nobody-1.jpg").read_bytes()
JSON = {"Content-Type": "application/json"}
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
IMAGE = {"Content-Type": "image/jpeg"}

Body = Callable[[], bytes]


@dataclass(frozen=True)
class Attack:
    """One request and the statuses it may get.

    Attributes:
        name: what it is.
        expected: the application's answer.
        through_nginx: the answer through nginx, where that differs; 0 stands for a connection closed without
            one, which is all a client can get that stops sending.
        body: makes the body; ``None`` sends none and no length.
        headers: sent as they are, a Content-Length among them replacing the true one.
    """

    name: str
    method: str
    path: str
    expected: tuple[int, ...]
    body: Body | None = None
    headers: dict[str, str] = field(default_factory=dict)
    through_nginx: tuple[int, ...] = ()


def posted(name: str, data: bytes, filename: str = "photo.jpg") -> tuple[Body, dict[str, str]]:
    """A form with one file."""
    body, headers = form((name, filename, data))
    return (lambda: body), headers


def photo_attack(name: str, path: str, part: str, data: bytes, *expected: int) -> Attack:
    """A file that is no honest photo."""
    body, headers = posted(part, data)
    return Attack(name, "POST", path, expected, body, headers)


def json_attack(name: str, path: str, data: bytes, *expected: int) -> Attack:
    """A JSON body that is none, or not the right one."""
    return Attack(name, "POST", path, expected, lambda: data, JSON)


def page_attack(name: str, path: str, data: bytes, *expected: int, **headers: str) -> Attack:
    """What a page's form could post, but none of ours does; header names are given with underscores."""
    named = {key.replace("_", "-"): text for key, text in headers.items()}
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    return Attack(name, "POST", path, expected, lambda: data, {**form_type, **named})


def sign_in_body(name: str = "Eve", password: str = "a guess") -> bytes:
    """What the sign-in page sends."""
    return json.dumps({"name": name, "password": password}).encode()


def form_attack(name: str, body: Body, *expected: int, boundary: str = "frontier") -> Attack:
    """A body that claims to be a form."""
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return Attack(name, "POST", "/", expected, body, headers)


@cache
def giant_jpeg() -> bytes:
    """A JPEG whose header claims 65,000 x 65,000 pixels."""
    frame = NOBODY.index(b"\xff\xc0")
    return NOBODY[: frame + 5] + struct.pack(">HH", 65000, 65000) + NOBODY[frame + 9 :]


@cache
def png_bomb() -> bytes:
    """A PNG of a few hundred kilobytes that would unpack to 12 gigabytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 65000, 65000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(64 * MEBIBYTE), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@cache
def png_photo() -> bytes:
    """A real photo as PNG."""
    file = io.BytesIO()
    Image.open(io.BytesIO(NOBODY)).save(file, "PNG")
    return file.getvalue()


@cache
def zip_of_photos() -> bytes:
    """A zip of 10,000 photos."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(10_000):
            archive.writestr(f"{number}.jpg", b"\xff\xd8\xff")
    return file.getvalue()


def many_scans_jpeg() -> bytes:
    """A JPEG with a thousand scans, each of which costs a pass over the picture."""
    return NOBODY[:-2] + b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00" * 1000 + NOBODY[-2:]


WHOLE_FORM, FORM_HEADERS = form(("file", "photo.jpg", NOBODY))

ATTACKS = (
    # Bodies and their lengths
    Attack("no body", "POST", "/", (422,), lambda: b""),
    Attack("no length", "POST", "/", (411,)),
    Attack(
        "more length than body",
        "POST",
        "/",
        (400,),
        lambda: WHOLE_FORM,
        {**FORM_HEADERS, "Content-Length": str(len(WHOLE_FORM) + 1000)},
        through_nginx=(0, 400),
    ),
    Attack(
        "less length than body",
        "POST",
        "/",
        (400,),
        lambda: WHOLE_FORM,
        {**FORM_HEADERS, "Content-Length": "1000"},
    ),
    *(
        Attack(f"length {text!r}", "POST", "/", (400,), lambda: WHOLE_FORM, {"Content-Length": text})
        for text in ("twelve", "-5", "1e3", "0x10", "+7")
    ),
    Attack(
        "a length of 5,000 digits",
        "POST",
        "/",
        (400,),
        lambda: WHOLE_FORM,
        {"Content-Length": "1" * 5000},
    ),
    Attack(
        "a terabyte announced",
        "POST",
        "/",
        (413,),
        lambda: b"x",
        {**FORM_HEADERS, "Content-Length": str(2**40)},
    ),
    Attack("13 MiB", "POST", "/", (413,), lambda: bytes(13 * MEBIBYTE), FORM_HEADERS),
    Attack(
        "14 MiB to nowhere", "PUT", "/nowhere", (404,), lambda: bytes(14 * MEBIBYTE), through_nginx=(413,)
    ),
    Attack(
        "chunked",
        "POST",
        "/",
        (411,),
        lambda: b"%x\r\n%s\r\n0\r\n\r\n" % (len(WHOLE_FORM), WHOLE_FORM),
        {**FORM_HEADERS, "Transfer-Encoding": "chunked"},
        through_nginx=(404,),  # nginx puts the chunks together: a verdict, no_face
    ),
    Attack("another type", "POST", "/", (415,), lambda: WHOLE_FORM, {"Content-Type": "text/plain"}),
    # Forms
    form_attack("empty part", lambda: form(("file", "photo.jpg", b""))[0], 415),
    form_attack("10,000 parts", lambda: form(*[("x", None, b"")] * 10_000)[0], 413),
    form_attack("8 MB of newlines", lambda: b"\r\n" * (4 * MEBIBYTE), 400),
    form_attack("8 MB of dashes", lambda: b"-" * (8 * MEBIBYTE), 400),
    form_attack("no end", lambda: WHOLE_FORM[:-20], 400),
    form_attack("no boundary", lambda: WHOLE_FORM, 400, boundary=""),
    form_attack("another boundary", lambda: WHOLE_FORM, 400, boundary="elsewhere"),
    form_attack("a boundary of 1,000 letters", lambda: WHOLE_FORM, 400, boundary="x" * 1000),
    form_attack("a boundary of odd bytes", lambda: WHOLE_FORM, 400, boundary="caf\xe9\xff"),
    form_attack("a part header of 100 kB", lambda: b"--frontier\r\nX: " + b"x" * 100_000, 400, 413),
    form_attack("a part without name", lambda: b"--frontier\r\n\r\nx\r\n--frontier--\r\n", 400),
    form_attack(
        "a name that is no text",
        lambda: WHOLE_FORM.replace(b'"file"', b'"\xff\xfe"'),
        400,
        422,
    ),
    form_attack("a file name of 9,000 letters", lambda: form(("file", "x" * 9_000 + ".jpg", NOBODY))[0], 413),
    form_attack("lines that end with LF", lambda: WHOLE_FORM.replace(b"\r\n", b"\n"), 400),
    # Photos outside of forms
    *(
        Attack(f"{what} to {path}", "POST", path, (415,), lambda: NOBODY, headers)
        for what, headers in (("a bare photo", {}), ("a photo as a form of fields", URLENCODED))
        for path in ("/", "/faces", "/image-bin", "/image-64", "/compare", "/people")
    ),
    Attack("a photo by itself to compare", "POST", "/compare", (415,), lambda: NOBODY, IMAGE),
    Attack("text by itself as a photo", "POST", "/", (415,), lambda: b"hello", IMAGE),
    Attack("no photo by itself", "POST", "/", (415,), lambda: b"", IMAGE),
    Attack("9 MiB of a photo by itself", "POST", "/faces", (413,), lambda: bytes(9 * MEBIBYTE), IMAGE),
    *(
        Attack(
            f"chunks of a photo: {what}",
            "POST",
            "/",
            (415,),
            lambda: b"%x\r\n%s\r\n0\r\n\r\n" % (len(NOBODY), NOBODY),
            {**headers, "Transfer-Encoding": "chunked"},
        )
        for what, headers in (("bare", {}), ("as a form of fields", URLENCODED))
    ),
    # Photos
    photo_attack("truncated JPEG", "/", "file", NOBODY[: len(NOBODY) // 2], 422),
    photo_attack("JPEG header alone", "/", "file", NOBODY[:600], 415, 422),
    photo_attack("three bytes", "/", "file", b"\xff\xd8\xff", 422),
    photo_attack("PNG named .jpg", "/", "file", png_photo(), 415),
    photo_attack("text named .jpg", "/", "file", b"hello", 415),
    photo_attack("65,000 x 65,000 JPEG", "/", "file", giant_jpeg(), 413),
    photo_attack("a thousand scans", "/", "file", many_scans_jpeg(), 422),
    photo_attack("PNG bomb", "/faces", "image", png_bomb(), 413),
    photo_attack("PNG bomb for the nose", "/image-bin", "image", png_bomb(), 413),
    photo_attack("truncated PNG", "/faces", "image", png_photo()[:5000], 422),
    photo_attack("SVG", "/faces", "image", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
    photo_attack("9 MiB photo", "/faces", "image", bytes(9 * MEBIBYTE), 413),
    photo_attack("a zip of 10,000 photos", "/", "file", zip_of_photos(), 415),
    photo_attack("a zip of 10,000 photos to look at", "/faces", "image", zip_of_photos(), 415),
    photo_attack("only one of two", "/compare", "a", NOBODY, 422),
    # JSON
    json_attack("no JSON", "/image-64", b"image", 400),
    json_attack("empty JSON", "/image-64", b"", 400),
    json_attack("JSON array", "/image-64", b"[]", 422),
    json_attack("JSON number", "/image-64", b"1", 422),
    json_attack("null", "/image-64", b"null", 422),
    json_attack("no image in it", "/image-64", b"{}", 422),
    json_attack("image is a number", "/image-64", b'{"image": 7}', 422),
    json_attack("bad base64", "/image-64", b'{"image": "!!! not base64 !!!"}', 422),
    json_attack("half of base64", "/image-64", b'{"image": "/9j/4AA"}', 422),
    json_attack(
        "base64 of text", "/image-64", json.dumps({"image": base64.b64encode(b"hi").decode()}).encode(), 415
    ),
    json_attack("deep JSON", "/image-64", b'{"image":' + b"[" * 200_000 + b"]" * 200_000 + b"}", 400, 422),
    json_attack("deep JSON beside", "/people", b'{"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}", 400, 422),
    json_attack("UTF-16", "/people", '{"name": "Ana"}'.encode("utf-16"), 400),
    json_attack("odd bytes", "/people", b'{"name": "\xff\xfe"}', 400),
    json_attack("half a surrogate", "/people", b'{"name": "\\ud800"}', 400, 422),
    json_attack("a name of spaces", "/people", b'{"name": "   "}', 422),
    json_attack("a name with NUL", "/people", b'{"name": "a\\u0000b"}', 422),
    json_attack("a name of 900 letters", "/people", json.dumps({"name": "x" * 900}).encode(), 422),
    json_attack("more than a name", "/people", b'{"name": "Eve", "id": "1"}', 422),
    json_attack(
        "10,000 visits to name", "/unknown/name", json.dumps({"visits": ["0"] * 10_000}).encode(), 422
    ),
    json_attack(
        "30 kB of a visit's id", "/unknown/ignore", json.dumps({"visits": ["x" * 30_000]}).encode(), 422
    ),
    json_attack("visits that are no list", "/unknown/not", b'{"visits": {"0": 1}, "person": "0"}', 422),
    Attack(
        "a form of 7,000 visits",
        "POST",
        "/unknown/ignore",
        (400,),
        lambda: b"&".join([b"visits=0"] * 7000),
        {"Content-Type": "application/x-www-form-urlencoded"},
    ),
    json_attack("100 kB of name", "/people", json.dumps({"name": "x" * 100_000}).encode(), 413),
    Attack(
        "JSON as text", "POST", "/people", (415,), lambda: b'{"name": "Eve"}', {"Content-Type": "text/plain"}
    ),
    json_attack(
        "a door's name of 10,000 letters", "/devices", json.dumps({"name": "x" * 10_000}).encode(), 422
    ),
    json_attack("markup in a door's name", "/devices", b'{"name": "<b>x</b>"}', 422),
    json_attack("a door's name that is none", "/devices", b'{"name": null}', 422),
    json_attack("a door that brings its token", "/devices", b'{"name": "x", "token": "x"}', 422),
    json_attack("10,000 hours", "/people", json.dumps({"name": "Eve", "hours": [{}] * 10_000}).encode(), 422),
    json_attack("hours that are none", "/people", b'{"name": "Eve", "hours": [{"days": ["someday"]}]}', 422),
    json_attack("a message of 10,000 letters", "/messages", json.dumps({"text": "x" * 10_000}).encode(), 422),
    json_attack("a number of a thousand digits", "/people", b'{"name": ' + b"9" * 1000 + b"}", 400, 422),
    # Forms of pages
    page_attack("10,000 fields", "/people", b"&".join([b"a="] * 10_000), 400),
    page_attack("a field of 100 kB", "/people", b"name=" + b"x" * 100_000, 413),
    page_attack("a name of 10,000 letters", "/people", b"name=" + b"x" * 10_000, 422),
    page_attack("no field", "/people", b"", 422),
    page_attack("a field without a value", "/people", b"name", 400),
    page_attack("a field that is none here", "/people", b"name=Eve&id=1", 422),
    page_attack("a broken percent", "/devices", b"name=%zz%", 422),
    page_attack("a field that is not UTF-8", "/people", b"name=%ff%fe", 400),
    page_attack("a form that is not ASCII", "/people", "name=Eve\u00e9".encode(), 400),
    page_attack("a form with NUL", "/people", b"name=a%00b", 422),
    page_attack("JSON as a form", "/people", b'{"name": "Eve"}', 400),
    page_attack("a form for programs' JSON", "/image-64", b"image=x", 415),
    page_attack("a form for the door", "/", b"file=x", 415, 422),
    page_attack("_method=TRACE", "/people", b"_method=TRACE&name=Eve", 400),
    page_attack("_method=GET", "/people", b"_method=GET", 400),
    page_attack("_method of 30 kB", "/people", b"_method=" + b"X" * 30_000, 400),
    page_attack("_method that is not allowed", "/people", b"_method=DELETE", 405),
    page_attack("a heartbeat from a page", "/devices/front-door/heartbeat", b"_method=PUT", 401),
    page_attack("nobody to forget", "/people/0", b"_method=DELETE", 404),
    page_attack("another site's field", "/people", b"name=Eve", 403, Origin="https://evil.example"),
    page_attack("another site's null", "/devices", b"name=eve", 403, Origin="null"),
    page_attack("a sibling's form", "/people/0", b"_method=DELETE", 403, Sec_Fetch_Site="same-site"),
    # Tokens
    *(
        Attack(
            f"token {number}",
            "POST",
            "/",
            (401,),
            lambda: WHOLE_FORM,
            {**FORM_HEADERS, "Authorization": f"Bearer {token}"},
        )
        for number, token in enumerate(
            ("", "x", "a.b", "x" * 6000, f"front-door.{'x' * 43}", "\xff\xfe", "' OR 1")
        )
    ),
    Attack(
        "a heartbeat of nobody",
        "PUT",
        "/devices/front-door/heartbeat",
        (401,),
        lambda: b"{}",
        JSON,
    ),
    Attack(
        "a heartbeat of 13 MiB with no such token",
        "PUT",
        "/devices/front-door/heartbeat",
        (401,),
        lambda: bytes(13 * MEBIBYTE),
        {**JSON, "Authorization": f"Bearer front-door.{'x' * 43}"},
        through_nginx=(401, 413),
    ),
    # Signing in
    json_attack("a name of 10,000 letters that signs in", "/sign-in", sign_in_body(name="x" * 10_000), 422),
    json_attack("a password of 10,000 letters", "/sign-in", sign_in_body(password="x" * 10_000), 422),
    json_attack("a name that is a list", "/sign-in", b'{"name": ["Ana"], "password": "x"}', 422),
    json_attack(
        "half a surrogate as password", "/sign-in", b'{"name": "x", "password": "\\ud800"}', 400, 422
    ),
    json_attack(
        "a link that nobody was given", "/welcome", b'{"token": "x", "password": "long enough"}', 404
    ),
    json_attack("a role that there is not", "/invitations", b'{"role": "king"}', 422),
    json_attack("a link for nobody", "/invitations", b'{"account": "00"}', 404),
    json_attack("a link for dots", "/invitations", b'{"account": "../.."}', 422),
    Attack("a form that is none", "POST", "/sign-in", (400,), lambda: b"name", URLENCODED),
    Attack("a form of 10,000 fields", "POST", "/sign-in", (400,), lambda: b"x=&" * 10_000, URLENCODED),
    Attack("a form of odd bytes", "POST", "/sign-in", (400,), lambda: b"name=%ff&password=x", URLENCODED),
    Attack("a page to go on to that is no UTF-8", "GET", "/sign-in?next=%ff", (400,)),
    Attack("a token of 4,000 letters", "GET", "/welcome?token=" + "x" * 4000, (404,)),
    Attack("an account of nobody", "DELETE", "/accounts/0", (404,)),
    # Paths and queries
    Attack("NUL in the path", "GET", "/people/%00", (400,)),
    Attack("dots in the path", "GET", "/people/../../etc/passwd", (404,), through_nginx=(400, 404)),
    Attack(
        "hidden dots", "GET", "/visits/%2e%2e%2f%2e%2e%2fetc/passwd/photo", (404,), through_nginx=(400, 404)
    ),
    Attack("a path of 5,000 letters", "GET", "/" + "x" * 5000, (414,)),
    Attack("an id of 5,000 letters", "GET", "/people/" + "x" * 900, (404,)),
    Attack("no UTF-8 in the path", "GET", "/people/%ff%fe", (400,)),
    Attack("a script in the path", "GET", "/<script>alert(1)</script>", (404,)),
    Attack("a huge page", "GET", "/visits?limit=99999999999999999999999", (400,)),
    Attack("a negative page", "GET", "/visits?before=-1", (400,)),
    Attack("no number", "GET", "/visits?limit=%D9%A3", (400,)),
    Attack("no UTF-8 in the query", "GET", "/people?after=%ff%fe", (400,)),
    Attack("a long query", "GET", "/people?after=" + "x" * 3000, (400,)),
    Attack("dots for a format", "GET", "/people?format=../../etc/passwd", (406,)),
    Attack("NUL for a format", "GET", "/visits?format=%00", (406,)),
    Attack("a format of 3,000 letters", "GET", "/devices?format=" + "x" * 3000, (406,)),
    Attack("a format that is not UTF-8", "GET", "/devices?format=%ff", (400,)),
    Attack("a day that is none", "GET", "/visits?day=2026-02-30", (400,)),
    Attack("an outcome that is none", "GET", "/visits?outcome=%3Cb%3E", (400,)),
    Attack("a rate that is none", "GET", "/calibration?rate=-1", (400,)),
    Attack("a rate of infinity", "GET", "/calibration?rate=inf", (400,)),
    *(
        Attack(f"{method} of {path}", method, path, (404,))
        for path in ("/people/0/faces/0", "/visits/0", "/devices/0", "/accounts/0")
        for method in ("GET", "DELETE")
    ),
    # Methods and headers
    Attack("a type that nothing here has", "GET", "/devices", (406,), headers={"Accept": "image/png"}),
    Attack(
        "2,000 headers",
        "GET",
        "/nowhere",
        (404,),
        headers={f"{i:x}": "" for i in range(2000)},
        through_nginx=(400, 404),
    ),
    Attack("an unknown method", "BREW", "/", (405,)),
    Attack("a method of 200 letters", "X" * 200, "/people", (405,), through_nginx=(400, 405)),
    Attack("TRACE", "TRACE", "/", (405,)),
    Attack("an odd Accept", "GET", "/nowhere", (404,), headers={"Accept": ";;q=,,*;/\\"}),
    Attack("an odd If-Match", "DELETE", "/people/0", (404,), headers={"If-Match": '"""W/,,*"'}),
    Attack("an If-Match of 3 kB", "DELETE", "/devices/0", (404,), headers={"If-Match": '"x",' * 750}),
    Attack("an If-Match of odd bytes", "DELETE", "/people/0", (404,), headers={"If-Match": "\xff\x80"}),
    Attack("an odd content type", "POST", "/", (415,), lambda: b"x", {"Content-Type": '";boundary=;;='}),
    Attack(
        "two hundred headers", "GET", "/nowhere", (404,), headers={f"X-{i}": "x" * 60 for i in range(200)}
    ),
    Attack(
        "a header of 60 kB", "GET", "/nowhere", (404,), headers={"X-Long": "x" * 60_000}, through_nginx=(400,)
    ),
    Attack(
        "another site's page",
        "POST",
        "/people",
        (403,),
        lambda: b'{"name": "Eve"}',
        {**JSON, "Origin": "https://evil.example"},
    ),
    # What happens, and the live feed
    Attack("events after no number", "GET", "/events?after=%D9%A3", (400,)),
    Attack("events after a huge number", "GET", f"/events?after={'9' * 500}", (400,)),
    Attack("half a letter to say", "POST", "/messages", (400,), lambda: b'{"text": "\\ud800"}', JSON),
    Attack("60 kB to say", "POST", "/messages", (422,), lambda: b'{"text": "%s"}' % (b"x" * 60_000), JSON),
    Attack("nothing to see to say", "POST", "/messages", (422,), lambda: b'{"text": "\\u202e"}', JSON),
    Attack("the live feed without a WebSocket", "GET", "/live", (426,)),
    Attack("a photo to the live feed", "POST", "/live", (405,), lambda: WHOLE_FORM, FORM_HEADERS),
    Attack("another protocol for the live feed", "GET", "/live", (426,), headers={"Upgrade": "h2c"}),
    Attack("half an opening", "GET", "/live", (426,), headers={"Upgrade": "WebSocket"}, through_nginx=(400,)),
    # Lists of visits
    Attack("a day that is none", "GET", "/visits?day=2026-02-30", (400,)),
    Attack("a day at the end of time", "GET", "/visits?day=9999-12-31", (400,)),
    Attack("a filter with a null byte", "GET", "/visits?person=%00", (400,)),
    Attack("a filter of 5,000 letters", "GET", f"/visits?device={'x' * 5_000}", (400,)),
    Attack(
        "a correction of a visit that is none", "PUT", "/visits/x/correction", (404,), lambda: b"{}", JSON
    ),
    Attack("a correction without a body", "PUT", "/visits/x/correction", (411,), None, JSON),
    Attack(
        "another site's form",
        "POST",
        "/",
        (403,),
        lambda: WHOLE_FORM,
        {**FORM_HEADERS, "Sec-Fetch-Site": "cross-site"},
    ),
)

# Ways out of a folder whose files are sent, and to what is hidden in it, with the statuses they may get.
# BESIDE stands for the name of a file above the folder; `out` and `passwd` may be links that lead out.
BESIDE = "{beside}"
TRAVERSALS: dict[str, set[int]] = {
    "/../{beside}": {404},
    "/../../{beside}": {404},
    "/../../../../../../../../etc/passwd": {400, 404},
    "/%2e%2e/%2e%2e/{beside}": {404},
    "/%2E./.%2e/{beside}": {404},
    "/..%2F..%2F{beside}": {404},
    "/..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd": {400, 404},
    "/%252e%252e/%252e%252e/{beside}": {404},
    "/..%252f..%252f{beside}": {404},
    "/..%5C..%5C{beside}": {404},
    "/..;/..;/{beside}": {404},
    "/%c0%ae%c0%ae/%c0%ae%c0%ae/{beside}": {400},
    "/%ef%bc%8e%ef%bc%8e/{beside}": {400, 404},
    "//etc/passwd": {404},
    "/%2Fetc%2Fpasswd": {404},
    "/file:%2F%2F%2Fetc%2Fpasswd": {404},
    "/proc/self/environ": {404},
    "/.env": {404},
    "/%2eenv": {404},
    "/sub/../.env": {404},
    "/sub/..%2F.env": {404},
    "/ten.txt%00.png": {400},
    "/ten.txt%0A": {404},
    "/ten.txt/": {404},
    "/ten.txt/..%2F.env": {404},
    "/%FF%FE": {400},
    "/out/{beside}": {404},
    "/out/": {404},
    "/passwd": {404},
    "/" + "x" * 300: {404},
    "/" + "x/" * 350: {404},
    "/" + "../" * 400 + "etc/passwd": {400, 414},
}
