"""Ranges, conditions and content types of a file."""

import os
from pathlib import Path
from typing import BinaryIO
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest
from webob import Request

from wsgi_app.base.errors import RangeNotSatisfiable
from wsgi_app.lab.folder import OpenFile, look_up
from wsgi_app.lab.sending import file_answer

DATA = b"0123456789"
CHANGED, CHANGED_S = "Mon, 05 Jan 2026 10:00:00 GMT", 1_767_607_200
EARLIER, LATER = "Mon, 05 Jan 2026 09:59:59 GMT", "Mon, 05 Jan 2026 10:00:01 GMT"


class Sent:
    """What a client gets of a file."""

    def __init__(self, path: Path, method: str = "GET", **headers: str):
        opened = look_up(path.parent, path.name)
        assert isinstance(opened, OpenFile)
        self.file = opened.file
        request = Request.blank("/", method=method)
        request.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        response = file_answer(request, opened)
        answer = request.get_response(validator(response))
        self.status, self.body, self.headers = answer.status_code, answer.body, answer.headers
        assert self.file.closed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of ten bytes."""
    path = tmp_path / "ten.txt"
    path.write_bytes(DATA)
    os.utime(path, (CHANGED_S, CHANGED_S))
    return path


@pytest.fixture
def etag(path: Path) -> str:
    """Its version."""
    return str(Sent(path).headers["ETag"])


def test_a_file_comes_whole(path: Path) -> None:
    sent = Sent(path)
    etag = sent.headers["ETag"]

    assert (sent.status, sent.body) == (200, DATA)
    assert dict(sent.headers) == {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": "10",
        "ETag": etag,
        "Last-Modified": CHANGED,
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
    }
    assert etag.startswith('"')
    assert len(etag) == 34


def test_an_empty_file_comes_whole(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    assert (Sent(tmp_path / "empty").status, Sent(tmp_path / "empty").body) == (200, b"")


def test_head_gives_the_same_headers_without_the_bytes(path: Path) -> None:
    sent = Sent(path, "HEAD", Range="bytes=2-3")

    assert (sent.status, sent.body, sent.headers["Content-Length"]) == (200, b"", "10")


@pytest.mark.parametrize(
    ("asked", "content_range", "body"),
    [
        ("bytes=0-0", "bytes 0-0/10", b"0"),
        ("bytes=2-5", "bytes 2-5/10", b"2345"),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=9-9", "bytes 9-9/10", b"9"),
        ("bytes=5-999", "bytes 5-9/10", b"56789"),
        (f"bytes=5-{'9' * 99}", "bytes 5-9/10", b"56789"),
        ("bytes=-3", "bytes 7-9/10", b"789"),
        ("bytes=-10", "bytes 0-9/10", DATA),
        ("bytes=-500", "bytes 0-9/10", DATA),
    ],
)
def test_a_range_comes_alone(path: Path, asked: str, content_range: str, body: bytes) -> None:
    sent = Sent(path, Range=asked)

    assert (sent.status, sent.headers["Content-Range"], sent.body) == (206, content_range, body)
    assert sent.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=-0", f"bytes={'9' * 99}-"])
def test_a_range_after_the_end_is_refused_with_the_size(path: Path, asked: str) -> None:
    opened = look_up(path.parent, path.name)
    assert isinstance(opened, OpenFile)

    with pytest.raises(RangeNotSatisfiable) as refused:
        file_answer(Request.blank("/", headers={"Range": asked}), opened)

    assert (refused.value.status, refused.value.headers) == (416, {"Content-Range": "bytes */10"})
    assert opened.file.closed


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=0-1,5-6",
        "bytes=a-b",
        "bytes=0x1-2",
        "bytes=--5",
        "bytes=+1-2",
        "lines=1-2",
        "bytes=1-2 ",
        "bytes=\xb2-\xb3",
        f"bytes={'9' * 100}-",
    ],
)
def test_what_is_not_one_range_of_bytes_is_ignored(path: Path, asked: str) -> None:
    assert (Sent(path, Range=asked).status, Sent(path, Range=asked).body) == (200, DATA)


@pytest.mark.parametrize("named", ["{}", '"other", {}', "W/{}", "*"])
def test_a_version_that_the_client_has_is_not_sent_again(path: Path, etag: str, named: str) -> None:
    sent = Sent(path, If_None_Match=named.format(etag), Range="bytes=99-")

    assert (sent.status, sent.body) == (304, b"")
    assert dict(sent.headers) == {
        "ETag": etag,
        "Last-Modified": CHANGED,
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
    }


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If_Modified_Since": CHANGED}, 304),
        ({"If_Modified_Since": LATER}, 304),
        ({"If_Modified_Since": EARLIER}, 200),
        ({"If_Modified_Since": "once"}, 200),
        ({"If_None_Match": '"other"'}, 200),
        ({"If_None_Match": '"other"', "If_Modified_Since": LATER}, 200),
    ],
)
def test_a_date_counts_where_no_version_is_named(path: Path, headers: dict[str, str], status: int) -> None:
    assert Sent(path, **headers).status == status


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("{}", 206),
        (CHANGED, 206),
        ("W/{}", 200),
        ('"other"', 200),
        (EARLIER, 200),
        (LATER, 200),
        ("once GMT", 200),
        ("", 200),
    ],
)
def test_a_range_of_another_version_is_not_mixed_with_this_one(
    path: Path, etag: str, condition: str, status: int
) -> None:
    sent = Sent(path, Range="bytes=2-3", If_Range=condition.format(etag))

    assert (sent.status, sent.body) == (status, b"23" if status == 206 else DATA)


def test_a_file_that_changes_has_another_version(path: Path, etag: str) -> None:
    assert Sent(path).headers["ETag"] == etag

    os.utime(path, ns=(CHANGED_S * 10**9, CHANGED_S * 10**9 + 1))

    assert Sent(path).headers["ETag"] != etag
    assert Sent(path).headers["Last-Modified"] == CHANGED


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.avif", "image/avif"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.csv", "text/csv; charset=utf-8"),
        ("a.HTML", "text/html; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.md", "text/markdown; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.svg", "image/svg+xml"),
        ("a.txt.gz", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("data:x;y, é.unheard-of", "application/octet-stream"),
        ("data:text;é,", "application/octet-stream"),
    ],
)
def test_a_names_end_says_what_a_file_is(tmp_path: Path, name: str, content_type: str) -> None:
    (tmp_path / name).write_text("x")

    assert Sent(tmp_path / name).headers["Content-Type"] == content_type


def test_a_server_that_sends_files_by_itself_is_given_a_whole_one_and_no_part_of_one(path: Path) -> None:
    def sent_by(server: list[object], **headers: str) -> list[bytes]:
        def wrap(file: BinaryIO, size: int) -> FileWrapper:
            server.append(file)
            return FileWrapper(file, size)

        opened = look_up(path.parent, path.name)
        assert isinstance(opened, OpenFile)
        request = Request.blank("/")
        request.environ["wsgi.file_wrapper"] = wrap
        request.headers.update(headers)
        body = request.get_response(file_answer(request, opened)).body
        assert opened.file.closed
        return [body]

    whole, part = list[object](), list[object]()

    assert sent_by(whole) + sent_by(part, Range="bytes=2-3") == [DATA, b"23"]
    assert (len(whole), len(part)) == (1, 0)
