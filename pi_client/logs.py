"""Log lines to stderr, which systemd puts into the journal with their level."""

import logging
import sys
from typing import TextIO

# syslog's numbers: journald reads "<4>" at a line's beginning (sd-daemon(3)).
SYSLOG_LEVELS = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (logging.DEBUG, 7),
)
CRITICAL = "<2>"  # what a line of the journal begins with that nobody may miss


class JournalFormatter(logging.Formatter):
    """One line for each record, its level as journald wants it; the journal adds the time."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; a traceback's lines are joined to it."""
        number = next((number for level, number in SYSLOG_LEVELS if record.levelno >= level), 7)
        return f"<{number}>" + super().format(record).replace("\n", " | ")


def set_up_logs(level: str, *, journal: bool, stream: TextIO = sys.stderr) -> None:
    """Log to a stream from a level on, for the journal or for a person at a terminal."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        JournalFormatter("%(message)s")
        if journal
        else logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    )
    log_to(handler, level)


def log_to(handler: logging.Handler, level: str) -> None:
    """Log to this handler alone, from a level on."""
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its warnings on retries are told better here
