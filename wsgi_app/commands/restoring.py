"""Restoring a backup, and the way back to an earlier release."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from wsgi_app.base.config import Config, load_config
from wsgi_app.base.sources import utc_now
from wsgi_app.commands import counted, with_config
from wsgi_app.commands.backups import MB, counts_in_words
from wsgi_app.commands.passphrases import with_passphrase
from wsgi_app.house.backups import PassphraseReader
from wsgi_app.house.restoring import Restored, ahead_in, chosen, look_through, refuse_place, restore
from wsgi_app.house.rolling_back import roll_back
from wsgi_app.house.tombstones import gather
from wsgi_app.stores import tombstones
from wsgi_app.stores.backups.forms import PLAIN
from wsgi_app.stores.backups.manifest import SECRET
from wsgi_app.stores.backups.reading import Backup, form_of, open_backup
from wsgi_app.stores.database_copies import Counts


@click.command("restore")
@click.argument("backup", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--to",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where to, in place of PORTEIRO_DATA; an empty folder, or none yet.",
)
@click.option("--dry-run", is_flag=True, help="Read it whole, say what is in it, and restore nothing.")
@click.option(
    "--tombstones",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What `porteiro tombstones` wrote: what is in it stays forgotten.",
)
@with_config
@with_passphrase(confirms=False)
def restore_command(
    config: Config,
    passphrase: PassphraseReader,
    backup: Path,
    to: Path | None,
    files: tuple[Path, ...],
    *,
    dry_run: bool,
) -> None:
    """Restore a backup, the newest in DIR, or DIR itself, into an empty folder.

    It is read whole first. Who and what was forgotten since it was made stays forgotten, as far as that is
    kept beside the backup, in the house of PORTEIRO_DATA, or in a FILE. Everybody has to sign in anew.
    """
    now = utc_now()
    path = chosen(backup, now)
    for other in ahead_in(backup, now):
        _tell_ahead(other, is_chosen=other == path)
    found = open_backup(path, form_of(path, passphrase()))
    target = config if to is None else _config_in(to)
    if not dry_run:
        refuse_place(target, found)
    _tell_found(found, damaged=look_through(found))
    if dry_run:
        return
    own = {config.database_file} - {target.database_file}
    lists = (path / tombstones.FILE, path.parent / tombstones.FILE, *files)
    gathered = gather(lists, (database for database in own if database.exists()))
    restored = restore(target, found, gathered)
    click.echo(f"Restored into {target.data}: {counted(restored.photos, 'photo')}, small copies among them")
    _tell_applied(restored.applied)
    for where in gathered.unread:
        click.echo(f"Who was forgotten there cannot be read, and may be back: {where}", err=True)
    _tell_settings(found.manifest.settings, target, restored)


@click.command("roll-back")
@with_config
def roll_back_command(config: Config) -> None:
    """Put the database back as it was before an upgrade, for the release of before.

    The server has to be stopped. The newest copy that has a schema of this release comes in the place of the
    database, which is kept beside it; what happened since the upgrade is not in it, and who was forgotten
    since stays forgotten.
    """
    done = roll_back(config, utc_now())
    at, since = done.snapshot.at, max(0, done.before.visits - done.after.visits)
    click.echo(f"The database is as it was at {at:%Y-%m-%d %H:%M:%S} UTC: {counts_in_words(done.after)}")
    click.echo(f"Not in it: {counted(since, 'visit')} since then. That database is {done.aside} now.")
    _tell_applied(done.applied)


def _config_in(folder: Path) -> Config:
    """The settings of a house that lies in a folder with all that belongs to it."""
    elsewhere = {"PORTEIRO_DATABASE_URL", "PORTEIRO_SECRET_FILE"}
    environ = {key: text for key, text in os.environ.items() if key not in elsewhere}
    return load_config({**environ, "PORTEIRO_DATA": os.path.realpath(folder)})


def _tell_found(found: Backup, damaged: Sequence[str]) -> None:
    manifest = found.manifest
    click.echo(
        f"{found.path}: of {manifest.at:%Y-%m-%d %H:%M:%S} UTC, by Porteiro {manifest.version}, schema "
        f"{manifest.schema}, {'not encrypted' if found.form is PLAIN else 'encrypted'}"
    )
    click.echo(counts_in_words(manifest.counts))
    click.echo(
        f"{counted(len(manifest.files), 'file')}, {manifest.size / MB:.1f} MB, {manifest.photos} of them "
        "photos and small copies of these; the database is whole, and each file as it was written."
    )
    if manifest.lost:
        click.echo(f"Lost or damaged before it was made: {', '.join(manifest.lost)}")
    if damaged:
        click.echo(f"Not what was kept, {counted(len(damaged), 'photo')}: {', '.join(damaged)}")
    if SECRET not in found.files and manifest.counts.devices:
        click.echo("The secret of the doors' tokens is not in it: each door needs a new token.")


def _tell_settings(before: Mapping[str, str], target: Config, restored: Restored) -> None:
    """Say with which settings the server has to start: those of before, but for what lies elsewhere now."""
    settings = {**before, **restored.to_set, "PORTEIRO_DATA": str(target.data)}
    for key, is_own in (
        ("PORTEIRO_DATABASE_URL", target.database_url == target.own_database_url),
        ("PORTEIRO_SECRET_FILE", target.secret_file is None),
    ):
        if is_own:
            settings.pop(key, None)
    click.echo("Start the server with the settings of before, which are now")
    for key, text in sorted(settings.items()):
        click.echo(f"  {key}={text}")


def _tell_ahead(path: Path, *, is_chosen: bool) -> None:
    why = "a clock was ahead when it was made, or this one is behind"
    taken = "" if is_chosen else " It is not taken for the newest."
    click.echo(f"{path} is of a time that is yet to come: {why}.{taken}", err=True)


def _tell_applied(applied: Counts) -> None:
    if applied != Counts():
        click.echo(f"Forgotten or shut out since, and so again: {counts_in_words(applied)}")
