"""The owner's commands, one module for each noun, and here what they share.

They ask the house as endpoints do, and import it and what is below; of ``web`` they take the addresses alone.
"""

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
from rich.table import Table

from wsgi_app.base.config import load_config
from wsgi_app.base.errors import PorteiroError
from wsgi_app.base.logs import set_up_logs
from wsgi_app.base.sentences import Place
from wsgi_app.house.words.errors import sentence

UNBROKEN = 1_000  # columns of a table that goes to another program
EVERYBODY = 1_000_000
PRIVATE = 0o077  # faces are nobody else's business: what is written is for this user alone


class Failure(click.ClickException):
    """An error that the owner can do something about: one sentence, exit status 1."""

    def show(self, file: Any = None) -> None:  # noqa: ARG002
        """Print it on standard error."""
        click.echo(f"porteiro: {self.message}", err=True)


def with_config(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the settings, and turn Porteiro's errors into one sentence."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            os.umask(PRIVATE)
            config = load_config(os.environ)
            set_up_logs(config.log_level)
            command(config, *args, **options)
        except PorteiroError as error:
            raise Failure(sentence(error, Place.TERMINAL)) from error
        except OSError as error:
            raise Failure(f"{error.filename or ''}: {error.strerror or error}".removeprefix(": ")) from error

    return run


def print_table(table: Table) -> None:
    """Print a table, as wide as it is where another program reads it."""
    Console(width=None if sys.stdout.isatty() else UNBROKEN).print(table)


def progress_bar(count: ProgressColumn) -> Progress:
    """A progress bar on standard error, with a count of its own kind."""
    return Progress(TextColumn("{task.description}"), BarColumn(), count, console=Console(stderr=True))
