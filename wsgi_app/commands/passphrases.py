"""The passphrase of backups, as the terminal names it."""

import functools
from collections.abc import Callable
from pathlib import Path

import click

from wsgi_app.base.config import Config
from wsgi_app.house.backups import PassphraseReader
from wsgi_app.stores.backups.passphrase import checked, read_passphrase

Command = Callable[..., None]


def with_passphrase(*, confirms: bool) -> Callable[[Command], Command]:
    """Give a command, after the settings, what reads the passphrase; ``confirms`` asks for it twice."""

    def decorate(command: Command) -> Command:
        @click.option(
            "--passphrase-file",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="The file that has the passphrase, in place of PORTEIRO_BACKUP_PASSPHRASE_FILE.",
        )
        @click.option("--ask-passphrase", is_flag=True, help="Ask for the passphrase.")
        @functools.wraps(command)
        def run(
            config: Config, *, passphrase_file: Path | None, ask_passphrase: bool, **options: object
        ) -> None:
            if ask_passphrase:
                reader = _asked(confirms=confirms)
            else:
                reader = _read_from(passphrase_file or config.backup_passphrase_file)
            command(config, reader, **options)

        return run

    return decorate


def _asked(*, confirms: bool) -> PassphraseReader:
    text = click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirms, err=True)
    passphrase = checked(text.encode())
    return lambda: passphrase


def _read_from(file: Path | None) -> PassphraseReader:
    return lambda: None if file is None else read_passphrase(file)
