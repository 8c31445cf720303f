import io
import logging
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsgi_app.base.logs import set_up_logs

# What ends a line for str.splitlines, or moves a terminal's cursor.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
FORGED = "/\ntime=2026-01-05T10:00:00Z level=info event=forged"

log = structlog.get_logger("porteiro")
library = logging.getLogger("some.library")


def started(level: str = "info") -> io.StringIO:
    """Set up the logs; gives the stream that they go to."""
    stream = io.StringIO()
    set_up_logs(level, stream)
    return stream


def without_time(line: str) -> str:
    """A line without its first key and its end."""
    found = re.fullmatch(r"time=\S+ (.*)\n", line)
    assert found is not None, line
    return found[1]


def logged(event: str, **values: Any) -> str:
    """The line that an event becomes, without its time."""
    stream = started()
    log.info(event, **values)
    return without_time(stream.getvalue())


# The form of a line


def test_an_event_becomes_one_line_with_the_important_keys_first() -> None:
    values = {"endpoint": "door.answer", "client": "192.0.2.1", "ms": 12.5, "status": 200, "path": "/"}
    assert logged("request", **values, method="POST", request_id="abc", decode_ms=3) == (
        "level=info event=request request_id=abc method=POST path=/ status=200 ms=12.5"
        " endpoint=door.answer client=192.0.2.1 decode_ms=3"
    )


def test_a_line_begins_with_the_time_in_utc() -> None:
    stream = started()
    before = datetime.now(UTC)
    log.info("request")
    found = re.match(r"time=(\S+Z) level=", stream.getvalue())
    assert found is not None
    assert before <= datetime.fromisoformat(found[1]) <= datetime.now(UTC)


def test_a_value_with_spaces_quotes_or_equals_is_quoted() -> None:
    assert logged("said", text='he said "a=b" \\o/') == (r'level=info event=said text="he said \"a=b\" \\o/"')


def test_nothing_and_yes_and_no_have_short_forms() -> None:
    assert logged("kinds", nothing=None, yes=True, no=False) == "level=info event=kinds nothing= yes no=false"


def test_what_is_bound_to_the_request_is_on_its_lines() -> None:
    stream = started()
    structlog.contextvars.bind_contextvars(request_id="r-1")
    log.info("first")
    structlog.contextvars.clear_contextvars()
    log.info("second")
    assert [without_time(f"{line}\n") for line in stream.getvalue().splitlines()] == [
        "level=info event=first request_id=r-1",
        "level=info event=second",
    ]


def test_lines_go_to_standard_error_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info")
    log.info("here")
    output = capsys.readouterr()
    assert (output.out, without_time(output.err)) == ("", "level=info event=here")


def test_setting_up_again_does_not_double_the_lines() -> None:
    first, second = started(), started()
    log.info("once")
    assert first.getvalue() == ""
    assert without_time(second.getvalue()) == "level=info event=once"


# Levels


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_only_lines_of_the_level_and_above_are_written(level: str, events: list[str]) -> None:
    stream = started(level)
    log.debug("debug")
    log.info("info")
    log.warning("warning")
    log.error("error")
    assert re.findall(r"event=(\w+)", stream.getvalue()) == events


def test_libraries_warnings_come_through_and_their_chatter_does_not() -> None:
    stream = started("debug")
    library.info("connected to %s", "somewhere")
    library.warning("retrying %s after %d s", "somewhere", 3)
    assert without_time(stream.getvalue()) == 'level=warning event="retrying somewhere after 3 s"'


# Secrets


@pytest.mark.parametrize(
    "key",
    [
        "authorization",
        "Proxy-Authorization",
        "cookie",
        "Set-Cookie",
        "token",
        "device_token",
        "password",
        "PASSWORD_HASH",
        "client_secret",
        "idempotency_key",
    ],
)
def test_a_value_is_hidden_when_its_key_names_a_secret(key: str) -> None:
    assert logged("asked", **{key: "s3cret"}) == f"level=info event=asked {key}=[hidden]"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Bearer s3cret", "Bearer [hidden]"),
        ("bearer   s3cret.and-more", "bearer [hidden]"),
        ("Basic czNjcmV0OnMzY3JldA==", "Basic [hidden]"),
        ("sent Bearer s3cret, got 403", "sent Bearer [hidden] got 403"),
        ("Bearer s3cret and Basic s3cret", "Bearer [hidden] and Basic [hidden]"),
        ("https://ana:s3cret@door.example/live", "https://[hidden]@door.example/live"),
        ("postgresql://porteiro:s3cret@db/porteiro", "postgresql://[hidden]@db/porteiro"),
        ("redis://:s3cret@cache", "redis://[hidden]@cache"),
        ("https://door.example:8443/a@b", "https://door.example:8443/a@b"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_a_secret_inside_a_value_or_an_event_is_hidden(text: str, written: str) -> None:
    quoted = f'"{written}"' if " " in written else written
    assert logged("asked", why=text) == f"level=info event=asked why={quoted}"
    assert logged(text) == f"level=info event={quoted}"


@pytest.mark.parametrize(
    "value",
    [
        {"Authorization": "Bearer s3cret"},
        {"password": "s3cret"},
        [("Authorization", "Basic s3cret")],
        ValueError("https://ana:s3cret@door.example/ cannot be reached"),
        b"Bearer s3cret",
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_secret_inside_something_other_than_text_is_hidden_too(value: object) -> None:
    line = logged("asked", what=value)
    assert "s3cret" not in line
    assert "[hidden]" in line


def test_a_secret_in_a_librarys_message_is_hidden() -> None:
    stream = started()
    library.warning("cannot reach %s", "https://ana:s3cret@door.example/")
    assert (
        without_time(stream.getvalue()) == 'level=warning event="cannot reach https://[hidden]@door.example/"'
    )


# Errors


def fail(depth: int, message: str) -> None:
    """Raise an error from that many calls below."""
    if depth:
        fail(depth - 1, message)
    raise RuntimeError(message)


@pytest.mark.parametrize("logger", [log, library], ids=["own", "library"])
def test_a_traceback_is_one_line_that_ends_with_the_error(logger: Any) -> None:
    stream = started()
    try:
        fail(1, "the disk is full")
    except RuntimeError:
        logger.exception("unexpected error")
    line = without_time(stream.getvalue())
    assert line.startswith(
        'level=error event="unexpected error" exception="Traceback (most recent call last):\\n  File '
    )
    assert line.endswith('\\nRuntimeError: the disk is full"')


def test_a_long_traceback_still_says_which_error_it_was() -> None:
    stream = started()

    def step(steps: int) -> None:
        # Two functions in turn, because Python writes a line that repeats only three times.
        return other_step(steps - 1) if steps else fail(0, "the disk is full")

    def other_step(steps: int) -> None:
        return step(steps - 1) if steps else fail(0, "the disk is full")

    try:
        step(60)
    except RuntimeError:
        log.exception("unexpected error")
    assert "RuntimeError: the disk is full" in stream.getvalue()
    assert len(stream.getvalue()) < 5000


def test_a_secret_in_a_traceback_is_hidden() -> None:
    stream = started()
    try:
        fail(0, "401 for Bearer s3cret")
    except RuntimeError:
        log.exception("unexpected error")
    assert without_time(stream.getvalue()).endswith('\\nRuntimeError: 401 for Bearer [hidden]"')


# Whatever comes, it stays one line


@pytest.mark.parametrize(
    "value",
    ["a" * 2001, "a" * 1_000_000, ["a" * 2001], {"a": "a" * 2001}],
    ids=["just too long", "a megabyte", "in a list", "in a dict"],
)
def test_a_value_that_is_too_long_is_cut(value: object) -> None:
    line = logged("said", text=value)
    assert 1990 <= line.count("a") <= 2001
    assert len(line) < 2100


def test_a_value_of_the_greatest_length_is_whole() -> None:
    assert logged("said", text="a" * 2000) == f"level=info event=said text={'a' * 2000}"


def test_a_path_with_a_newline_cannot_forge_a_second_line() -> None:
    assert logged("request", path=FORGED) == (
        r'level=info event=request path="/\ntime=2026-01-05T10:00:00Z level=info event=forged"'
    )


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_kind_of_line_end_gets_through(end: str) -> None:
    stream = started()
    log.info("request", path=FORGED.replace("\n", end))
    assert len(stream.getvalue().splitlines()) == 1


@pytest.mark.parametrize(
    "sequence", ["\x1b[2J", "\x1b]0;title\x07", "\x9b2J", "\x08\x08\x08", "\x00", "\x7f"]
)
def test_nothing_that_steers_a_terminal_gets_through(sequence: str) -> None:
    assert CONTROL.search(logged("request", path=f"/{sequence}")) is None


def text() -> st.SearchStrategy[str]:
    """Any text, with what is hostile to a log often in it."""
    hostile = st.sampled_from(["\n", "\r", "\x85", "\u2028", "\x1b[2J", '"', "=", "\\", " ", FORGED])
    return st.lists(st.text(max_size=20) | hostile, max_size=5).map("".join)


def anything() -> st.SearchStrategy[Any]:
    """Any value that may be logged."""
    return text() | st.none() | st.booleans() | st.integers() | st.floats() | st.lists(text(), max_size=3)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=text(), path=anything(), message=text())
def test_one_event_is_always_exactly_one_line(event: str, path: Any, message: str) -> None:
    def own() -> None:
        log.info(event, path=path, method=path)

    def own_error() -> None:
        try:
            fail(0, message)
        except RuntimeError:
            log.exception(event, path=path)

    def of_a_library() -> None:
        library.warning("%s %s", event, path)

    for write in (own, own_error, of_a_library):
        stream = started()
        write()
        line = stream.getvalue().removesuffix("\n")
        assert stream.getvalue() == f"{line}\n"
        assert CONTROL.search(line) is None
        assert re.match(r"time=\S+Z level=\w+ event=", line)


def test_a_line_that_cannot_be_written_is_lost_and_nothing_else() -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise BlockingIOError

    stream = Full()
    set_up_logs("info", stream)
    log.info("request")
    library.warning("something")

    assert stream.getvalue().count("\n") == 2
