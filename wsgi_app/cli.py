"""``porteiro``: the owner's commands."""

import functools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table
from rich.text import Text

from wsgi_app import __version__, packs
from wsgi_app.config import Config, load_config
from wsgi_app.enrolment import clean_name, embed_anew, enrol
from wsgi_app.errors import PackError, PorteiroError, RequestError
from wsgi_app.logs import set_up_logs
from wsgi_app.services import Stores, load_pipeline, open_stores
from wsgi_app.steps import Steps
from wsgi_app.stores.people import Person
from wsgi_app.vision.packs import check_files
from wsgi_app.vision.pipeline import Pipeline

PHOTO_NAMES = (".jpg", ".jpeg", ".png", ".webp")
EVERYBODY = 1_000_000
UNBROKEN = 1_000  # columns of a table that goes to another program
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
            raise Failure(str(error)) from error
        except OSError as error:
            raise Failure(f"{error.filename or ''}: {error.strerror or error}".removeprefix(": ")) from error

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="porteiro")
def main() -> None:
    """Porteiro, a self-hosted doorman: who may come in, and with which models it looks.

    Settings are environment variables; deploy/porteiro.env lists them. The commands may run beside the
    server: it sees every change with its next photo.
    """


@main.command("enrol")
@click.argument("name", required=False)
@click.argument("photos", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Enrol everybody in a folder that has one folder for each person, named after them.",
)
@with_config
def enrol_command(config: Config, name: str | None, photos: tuple[Path, ...], folder: Path | None) -> None:
    """Enrol a person from photos: porteiro enrol Ana ana-1.jpg ana-2.jpg.

    Each photo shows that person alone, looking into the camera. Somebody who is enrolled already gets the new
    faces added. Photos that cannot be used are reported with the reason; the others count.
    """
    wanted = _photos_to_enrol(name, photos, folder)
    pipeline, stores = load_pipeline(config), open_stores(config)
    refused: list[tuple[Path, str]] = []
    enrolled: dict[str, int] = {}
    with _progress(MofNCompleteColumn()) as progress:
        task = progress.add_task("Enrolling", total=len(wanted))
        for person_name, photo in wanted:
            reason = _enrol_photo(config, pipeline, stores, person_name, photo)
            if reason is None:
                enrolled[person_name] = enrolled.get(person_name, 0) + 1
            else:
                refused.append((photo, reason))
            progress.advance(task)
    for person_name, count in enrolled.items():
        click.echo(f"{person_name}: {count} {'photo' if count == 1 else 'photos'} enrolled")
    if refused:
        for photo, reason in refused:
            click.echo(f"refused {photo}: {reason}", err=True)
        raise Failure(f"{len(refused)} of {len(wanted)} photos were refused.")


@main.command("people")
@with_config
def people_command(config: Config) -> None:
    """List who is enrolled."""
    people = open_stores(config).people.page(EVERYBODY)
    if not people:
        click.echo("Nobody is enrolled yet: porteiro enrol NAME PHOTO...")
        return
    table = Table(Column("Name", overflow="fold"), "Faces", "Since", Column("Id", no_wrap=True), box=None)
    for person in people:
        table.add_row(Text(person.name), str(person.faces), f"{person.created_at:%Y-%m-%d}", person.id)
    Console(width=None if sys.stdout.isatty() else UNBROKEN).print(table)


@main.command("forget")
@click.argument("name")
@with_config
def forget_command(config: Config, name: str) -> None:
    """Forget a person: their faces go, and their visits lose the name."""
    people = open_stores(config).people
    person = people.named(name)
    if person is None:
        raise Failure(f"Nobody is called {name!r}; porteiro people lists who is.")
    people.remove(person.id, lambda _: True)
    click.echo(f"{person.name} is forgotten, with {person.faces} faces.")


@main.command("prepare")
@with_config
def prepare_command(config: Config) -> None:
    """Get everything ready to serve: models, database, and faces that the models have not seen yet."""
    if not config.pack:
        _fetch_if_there_is_none(config)
    pipeline, stores = load_pipeline(config), open_stores(config)
    if config.pack:
        packs.choose(config, config.pack)  # so that the other commands take the same
    _embed_anew(pipeline, stores)
    where = f"http://{config.http}{config.prefix}/" if config.socket is None else f"socket {config.socket}"
    people = len(stores.people.page(EVERYBODY))
    click.echo(
        f"Porteiro {__version__}, models: {pipeline.pack.name}, people: {people}\n"
        f"  open    {where}\n"
        f"  enrol   {_own_command()} enrol Ana photo-1.jpg photo-2.jpg\n"
        f"  ask     curl -F file=@photo-3.jpg {where}"
    )


@main.group("models")
def models_group() -> None:
    """Which networks look at the photos."""


@models_group.command("list")
@with_config
def models_list_command(config: Config) -> None:
    """List the known packs, their files, and which one is in force."""
    try:
        in_force, folder = packs.chosen_pack(config)
        click.echo(f"In force: {in_force.name}, in {folder}\n")
    except PackError as error:
        click.echo(f"{error}\n")
    for pack in packs.catalogue().values():
        state = "fetched" if packs.is_here(config, pack) else "not fetched"
        click.echo(f"{pack.name} ({state}): {pack.summary}")
        for network in pack.networks:
            click.echo(
                f"    {network.file}, {network.size_bytes:,} bytes, {network.licence}, {network.source}"
            )


@models_group.command("fetch")
@click.argument("name")
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Take the files from this folder instead of the internet.",
)
@with_config
def models_fetch_command(config: Config, name: str, source: Path | None) -> None:
    """Bring a pack here; a download that broke off goes on where it stopped, and every file is checked."""
    folder = _fetch(config, name, source)
    click.echo(f"{name} is complete in {folder}")


@models_group.command("use")
@click.argument("name")
@with_config
def models_use_command(config: Config, name: str) -> None:
    """Use a pack (a name or a folder) from the next start on; known faces are embedded anew for it.

    What the earlier models made of the faces is kept, so `use` with the earlier name takes it back.
    """
    pack, folder = packs.named_pack(config, name)
    check_files(pack, folder)
    _embed_anew(Pipeline(pack, folder, None, config.limits), open_stores(config))
    packs.choose(config, name)
    click.echo(f"{pack.name} is in use from the server's next start on.")
    if config.pack:
        click.echo(f"PORTEIRO_PACK={config.pack} is set, and goes before this choice.", err=True)


def _photos_to_enrol(
    name: str | None, photos: tuple[Path, ...], folder: Path | None
) -> list[tuple[str, Path]]:
    if folder is None:
        if name is None or not photos:
            raise click.UsageError("Give a NAME and at least one PHOTO, or --folder DIR.")
        return [(_clean_name(name), photo) for photo in photos]
    if name is not None:
        raise click.UsageError("--folder takes the names from its folders; give no NAME beside it.")
    wanted = [
        (_clean_name(person.name), photo)
        for person in sorted(folder.iterdir())
        if person.is_dir() and not person.name.startswith(".")
        for photo in sorted(person.iterdir())
        if photo.suffix.lower() in PHOTO_NAMES and photo.is_file()
    ]
    if not wanted:
        raise Failure(f"{folder} has no folder with photos ({', '.join(PHOTO_NAMES)}) in it.")
    return wanted


def _clean_name(name: str) -> str:
    try:
        return clean_name(name)
    except ValueError as error:
        raise click.UsageError(f"{name!r} cannot be a name: {error}.") from error


def _enrol_photo(config: Config, pipeline: Pipeline, stores: Stores, name: str, photo: Path) -> str | None:
    """Enrol one photo; gives the reason why not, or ``None``."""
    if photo.stat().st_size > config.limits.photo_bytes:
        return f"The file is larger than {config.limits.photo_bytes} bytes."
    known = stores.people.named(name)
    person: Person = known or stores.people.add(name)
    try:
        enrol(pipeline, stores.people, person.id, photo.read_bytes(), Steps(time.perf_counter))
    except RequestError as error:
        if known is None:
            stores.people.remove(person.id, lambda _: True)
        return error.message
    return None


def _fetch_if_there_is_none(config: Config) -> None:
    try:
        packs.chosen_pack(config)
    except PackError as missing:
        if str(missing) != packs.HOW_TO_GET_ONE:
            raise
        click.echo(f"There is no model pack yet: fetching {packs.FETCHED}.")
        try:
            _fetch(config, packs.FETCHED, None)
        except PackError as error:
            raise PackError(f"{error}\n{packs.HOW_TO_GET_ONE}") from error


def _fetch(config: Config, name: str, source: Path | None) -> Path:
    with _progress(DownloadColumn()) as progress:
        tasks: dict[str, Any] = {}

        def report(file: str, done: int, total: int) -> None:
            if file not in tasks:
                tasks[file] = progress.add_task(file, total=total)
            progress.update(tasks[file], completed=done)

        return packs.fetch(config, name, source, report)


def _embed_anew(pipeline: Pipeline, stores: Stores) -> None:
    with _progress(MofNCompleteColumn()) as progress:
        task = progress.add_task("Embedding known faces anew", total=None, visible=False)
        embed_anew(
            pipeline,
            stores.people,
            stores.photos,
            Steps(time.perf_counter),
            lambda done, total: progress.update(task, completed=done, total=total, visible=True),
        )


def _progress(count: Any) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), count, console=Console(stderr=True))


def _own_command() -> str:
    try:
        return str(Path(sys.argv[0]).absolute().relative_to(Path.cwd()))
    except ValueError:
        return sys.argv[0]
