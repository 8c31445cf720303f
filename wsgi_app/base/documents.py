"""What owners read of the settings: ``python -m wsgi_app.base.documents`` writes both files anew."""

import textwrap
from collections.abc import Iterator
from itertools import groupby

from wsgi_app.base.config import CHECKOUT, SETTINGS
from wsgi_app.base.settings import Setting

WIDTH = 106
ENV_INTRODUCTION = """\
# Porteiro's settings: every one there is, with its unit and its default.
#
# Take the # off a line to change that setting; a line that keeps it leaves the default. What stands there is
# the default, or an example where the default is not one value. Every command reads the same settings, so
# give them to `porteiro ...` as well as to the server:
#
#     set -a; . deploy/porteiro.env; set +a; make run
#
# or copy this file to /etc and name it in a systemd unit: EnvironmentFile=/etc/porteiro.env
#
# A value that cannot be used, an empty one, or a PORTEIRO_ key that is not here stops the start with a
# message that names it. Paths are given from / on."""
TABLE_INTRODUCTION = """\
# Settings

Every setting is an environment variable, which the server and each `porteiro` command read once, at their
start. [deploy/porteiro.env](../deploy/porteiro.env) has the same ones as a file to copy and change. What
stands behind the `=` is the default, or an example where the default is not one value. A value that cannot be
used, an empty one, or a `PORTEIRO_` key that is not here stops the start with a message that names it. Paths
are given from `/` on.

What is marked **opens** can let people in, or show them something, without a sign-in or a token. A misspelt
key is never answered with a hint to one of these."""
TABLE_HEAD = """\
| setting | what it does | default |
|---|---|---|"""


def env_file() -> str:
    """``deploy/porteiro.env``: every setting as a line that can be taken as it stands, explained."""
    groups = ("\n\n".join([f"# {title}", *map(_env_row, rows)]) for title, rows in _groups())
    return "\n\n\n".join([ENV_INTRODUCTION, *groups]) + "\n"


def table() -> str:
    """``docs/settings.md``: a table for each group."""
    groups = ("\n".join([f"## {title}", "", TABLE_HEAD, *map(_table_row, rows)]) for title, rows in _groups())
    return "\n\n".join([TABLE_INTRODUCTION, *groups]) + "\n"


DOCUMENTS = {CHECKOUT / "deploy" / "porteiro.env": env_file, CHECKOUT / "docs" / "settings.md": table}


def _groups() -> Iterator[tuple[str, Iterator[Setting]]]:
    return groupby(SETTINGS, lambda row: row.group)


def _env_row(row: Setting) -> str:
    lines = [
        line
        for text in (row.explanation, f"Default: {row.default_in_words}.")
        for line in textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    ]
    return "\n".join([*(f"# {line}" for line in lines), f"#{row.key}={row.example}"])


def _table_row(row: Setting) -> str:
    opens = "**opens**: " if row.opens else ""
    return f"| `{row.key}={row.example}` | {opens}{row.explanation} | {row.default_in_words} |"


if __name__ == "__main__":
    for path, text_of in DOCUMENTS.items():
        path.write_text(text_of(), encoding="utf-8")
