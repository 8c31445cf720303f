"""Who may come in: enrol, list and forget people."""

import time
from pathlib import Path

import click
from rich.progress import MofNCompleteColumn
from rich.table import Column, Table
from rich.text import Text

from wsgi_app.commands import EVERYBODY, Failure, print_table, progress_bar, with_config
from wsgi_app.config import Config
from wsgi_app.enrolment import clean_name, enrol
from wsgi_app.errors import RequestError
from wsgi_app.services import Stores, load_pipeline, open_stores
from wsgi_app.steps import Steps
from wsgi_app.stores.people import Person
from wsgi_app.vision.pipeline import Pipeline

PHOTO_NAMES = (".jpg", ".jpeg", ".png", ".webp")


@click.command("enrol")
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
    with progress_bar(MofNCompleteColumn()) as progress:
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


@click.command("people")
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
    print_table(table)


@click.command("forget")
@click.argument("name")
@with_config
def forget_command(config: Config, name: str) -> None:
    """Forget a person: their faces go, and their visits lose the name."""
    people = open_stores(config).people
    person = people.named(_clean_name(name))
    if person is None:
        raise Failure(f"Nobody is called {name!r}; porteiro people lists who is.")
    people.remove(person.id, lambda _: True)
    faces = "1 face" if person.faces == 1 else f"{person.faces} faces"
    click.echo(f"{person.name} is forgotten, with {faces}.")


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
