"""Structured log lines (logfmt) on standard error; uwsgi.ini sends them to the terminal and a rotating file.

Values that could hold a secret are replaced before a line is written.
"""

import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"
SECRET_KEYS = re.compile(r"authorization|cookie|token|password|secret|idempotency", re.IGNORECASE)
SECRET_VALUES = re.compile(r"\b(Bearer|Basic)\s+\S+|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)", re.IGNORECASE)
KEY_ORDER = ["time", "level", "event", "request_id", "method", "path", "status", "ms"]
LONGEST_VALUE = 2000


def scrub(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide secrets: by the name of their key, or by how they look inside a value."""
    return {key: HIDDEN if SECRET_KEYS.search(key) else _scrub_value(value) for key, value in event.items()}


def set_up_logs(level: str, stream: TextIO | None = None) -> None:
    """Send every log line of this process, also those of libraries, to a stream (standard error)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", key="time"),
        structlog.processors.format_exc_info,
        scrub,
    ]
    line = structlog.processors.LogfmtRenderer(key_order=KEY_ORDER, drop_missing=True)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(line, foreign_pre_chain=shared))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("porteiro").setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _scrub_value(value: object) -> object:
    if not isinstance(value, str):
        return value
    return SECRET_VALUES.sub(lambda found: f"{found[1] or ''} {HIDDEN}".strip(), value)[:LONGEST_VALUE]
