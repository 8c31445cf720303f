"""Backing the house up."""

import os
from collections.abc import Mapping
from pathlib import Path

import click
import structlog

from wsgi_app.base.config import SETTINGS, Config
from wsgi_app.base.errors import BackupError
from wsgi_app.base.sentences import Place
from wsgi_app.commands import Failure, counted, with_config
from wsgi_app.commands.passphrases import with_passphrase
from wsgi_app.house.backup_health import is_due
from wsgi_app.house.backups import BackupOrder, Made, PassphraseReader, back_up
from wsgi_app.house.words.errors import sentence
from wsgi_app.stores import tombstones
from wsgi_app.stores.database_copies import Counts
from wsgi_app.stores.stores import open_stores

MB = 1_000_000

log = structlog.get_logger("porteiro")


@click.command("backup")
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(1, 1000), metavar="N", help="How many backups stay in DIR.")
@click.option(
    "--verify",
    is_flag=True,
    expose_value=False,
    help="Read back what was written: that is always done, also where it is not asked for.",
)
@click.option("--if-due", is_flag=True, help="Only where there is none since PORTEIRO_BACKUP_HOUR.")
@with_config
@with_passphrase(confirms=True)
def backup_command(
    config: Config, passphrase: PassphraseReader, folder: Path | None, keep: int | None, *, if_due: bool
) -> None:
    """Back the house up into a new folder in DIR, while it is used: porteiro backup /mnt/backup/porteiro.

    The database, the photos, the models and the secret of the doors' tokens go there; photos that the backup
    before has are linked. Everything is then read back. Without DIR it is PORTEIRO_BACKUP, where
    PORTEIRO_BACKUP_KEEP stay; in a DIR that is given all stay, unless --keep says how many.

    The server asks with --if-due every ten minutes.
    """
    if folder is None and config.backup is None:
        raise click.UsageError("Give the DIR for the backup, or set PORTEIRO_BACKUP.")
    order = BackupOrder(
        folder=Path(os.path.realpath(folder or str(config.backup))),
        keep=keep or (config.backup_keep if folder is None else None),
        passphrase=passphrase,
        settings=_settings(os.environ),
        is_nightly=if_due,
    )
    stores = open_stores(config, needs_photos=False)  # without them it fails, which is told
    if if_due and not is_due(config, order.folder, stores.now()):
        return
    try:
        made = back_up(config, stores, order)
    except BackupError as error:
        if if_due:
            why = sentence(error, Place.API)
            log.error("backup failed", folder=str(order.folder), why=why)  # noqa: TRY400  # without a trace
        raise
    if if_due:
        log.info("backup made", backup=str(made.path), files=len(made.manifest.files), lost=made.lost)
    else:
        _tell(made)
        _warn(config, order, made)
    if made.lost:
        raise Failure(
            f"{counted(made.lost, 'file')} that the house should have cannot be read any more, or not as it "
            f"was kept; {len(made.manifest.carried)} of these were in earlier backups, and are in this one."
        )


@click.command("tombstones")
@with_config
def tombstones_command(config: Config) -> None:
    """Say who and what was forgotten, by ids, a line each: for `porteiro restore --tombstones FILE`."""
    with open_stores(config).database.read() as connection:
        for line in tombstones.lines_of(tombstones.tombstones_in(connection)):
            click.echo(line)


def counts_in_words(counts: Counts) -> str:
    """How much there is of each."""
    nouns = (("person", "people"), ("face", ""), ("visit", ""), ("door", ""), ("account", ""))
    numbers = (counts.people, counts.faces, counts.visits, counts.devices, counts.accounts)
    return ", ".join(counted(number, *noun) for number, noun in zip(numbers, nouns, strict=True))


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Those that are set, as UTF-8."""
    return {
        row.key: os.fsencode(environ[row.key]).decode(errors="replace")
        for row in SETTINGS
        if row.key in environ
    }


def _tell(made: Made) -> None:
    manifest = made.manifest
    click.echo(f"{made.path}: {counts_in_words(manifest.counts)}")
    click.echo(
        f"{counted(len(manifest.files), 'file')}, {manifest.size / MB:.1f} MB, {made.linked} of them those "
        "of the backup before; all were read back as they were written."
    )
    if made.healed:
        click.echo(f"{counted(made.healed, 'file')} of the backup before had suffered; copied anew.")
    for said, names in (
        ("Lost or damaged", manifest.lost),
        ("Lost or damaged, but in earlier backups", manifest.carried),
    ):
        if names:
            click.echo(f"{said}: {', '.join(names)}")
    if made.removed:
        click.echo(f"Removed: {', '.join(made.removed)}")


def _warn(config: Config, order: BackupOrder, made: Made) -> None:
    if order.passphrase() is None:
        click.echo(
            "It is not encrypted, and has faces, names and the secret of the doors' tokens in it: whoever "
            "reads it can imitate a door. A passphrase prevents that: --passphrase-file.",
            err=True,
        )
    if made.path.stat().st_dev == config.data.stat().st_dev:
        click.echo("It lies on the disk that has the house: what takes that one takes both.", err=True)
