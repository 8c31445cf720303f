"""Structured log lines (logfmt) on standard error; uwsgi.ini sends them to the terminal and a rotating file.

Values that could hold a secret are replaced before a line is written.
"""

import logging
import re
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"
SECRET_KEYS = re.compile(r"authorization|cookie|token|password|secret|idempotency", re.IGNORECASE)
SECRET_VALUES = re.compile(
    r"\b(Bearer|Basic)\s+\S+|(?<=://)[^/\s]+(?=@)|(?<=\btoken=)\S+|(?<=\bcookie: )\S+", re.IGNORECASE
)
KEY_ORDER = ["time", "level", "event", "request_id", "method", "path", "status", "ms"]
LONGEST_VALUE = 2000

# What could end a line or steer a terminal, but for the newline, which the renderer writes as \\n.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def scrub(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide secrets, by the name of their key or by how they look; keep each value short and on one line."""
    return {key: _clean(key, value) for key, value in event.items()}


class _Unfailing:
    """A stream to which what cannot be written is lost: no answer fails for its log line.

    uWSGI's master reads what the workers write, and they never wait for it: where it stands still, as by a
    slow disk or a terminal that is stopped, there is soon no room.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def set_up_logs(level: str, stream: TextIO | None = None) -> None:
    """Send every log line of this process, also those of libraries, to a stream (standard error)."""
    written_to = cast(TextIO, _Unfailing(stream or sys.stderr))
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", key="time"),
        structlog.processors.format_exc_info,
        scrub,
    ]
    line = structlog.processors.LogfmtRenderer(key_order=KEY_ORDER, drop_missing=True)
    handler = logging.StreamHandler(written_to)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(line, foreign_pre_chain=shared))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # Our own lines do not go through the standard library's logging: that costs twice as much.
    structlog.configure(
        processors=[*shared, line],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(written_to),
    )


def _clean(key: object, value: object) -> object:
    if SECRET_KEYS.search(str(key)):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        value = {name: _clean(name, inner) for name, inner in value.items()}
    text = SECRET_VALUES.sub(lambda match: f"{match[1] or ''} {HIDDEN}".strip(), str(value))
    if len(text) > LONGEST_VALUE:
        text = f"{text[: LONGEST_VALUE // 4]} ... {text[-LONGEST_VALUE * 3 // 4 :]}"
    return CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)
