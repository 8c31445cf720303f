"""Who may come in: enrol, list and forget people."""

import time
from pathlib import Path

import click
from rich.progress import MofNCompleteColumn
from rich.table import Column, Table
from rich.text import Text

from wsgi_app.base.config import Config
from wsgi_app.base.errors import RequestError, Unfit
from wsgi_app.base.limits import UploadLimits
from wsgi_app.base.names import clean_name
from wsgi_app.base.sentences import Place
from wsgi_app.base.steps import Steps
from wsgi_app.commands import EVERYBODY, Failure, print_table, progress_bar, with_config
from wsgi_app.house.enrolment import Candidate, Enroller
from wsgi_app.house.gallery import rule_of
from wsgi_app.house.models import load_pipeline, threshold_in_force
from wsgi_app.house.words.errors import sentence
from wsgi_app.stores.people import Person
from wsgi_app.stores.stores import open_stores
from wsgi_app.vision.verdicts import Policy

PHOTO_NAMES = (".jpg", ".jpeg", ".png", ".webp")


@click.command("enrol")
@click.argument("name", required=False)
@click.argument("photos", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Enrol everybody in a folder that has one folder for each person, named after them.",
)
@click.option(
    "--accept-like-another",
    is_flag=True,
    help="Enrol faces that are as like somebody else's too, such as a twin's.",
)
@with_config
def enrol_command(
    config: Config,
    name: str | None,
    photos: tuple[Path, ...],
    folder: Path | None,
    *,
    accept_like_another: bool,
) -> None:
    """Enrol a person from photos: porteiro enrol Ana ana-1.jpg ana-2.jpg.

    Each photo shows that person alone, looking into the camera. Somebody who is enrolled already gets the new
    faces added. Photos that cannot be used are reported with the reason; the others count.
    """
    named_photos = _photos_to_enrol(name, photos, folder)
    pipeline, stores = load_pipeline(config), open_stores(config)
    policy = Policy(threshold_in_force(config, pipeline.pack.embedder).score, config.margin)
    enroller = Enroller(pipeline, stores, policy, Steps(time.perf_counter))
    refused: list[tuple[Path, str]] = []
    enrolled: dict[str, int] = {}
    with progress_bar(MofNCompleteColumn()) as progress:
        task = progress.add_task("Enrolling", total=len(named_photos))
        for person_name, photo in named_photos:
            reason = _enrol_photo(enroller, person_name, photo, accept_like_another=accept_like_another)
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
        raise Failure(f"{len(refused)} of {len(named_photos)} photos were refused.")


@click.command("people")
@with_config
def people_command(config: Config) -> None:
    """List who is enrolled."""
    people = open_stores(config).people.page(EVERYBODY)
    if not people:
        click.echo("Nobody is enrolled yet: porteiro enrol NAME PHOTO...")
        return
    table = Table(
        Column("Name", overflow="fold"), "Faces", "Since", "May come", Column("Id", no_wrap=True), box=None
    )
    for person in people:
        since, rule = f"{person.created_at:%Y-%m-%d}", rule_of(person).in_words(config.timezone)
        table.add_row(Text(person.name), str(person.faces), since, rule, person.id)
    print_table(table)


@click.command("forget")
@click.argument("name")
@with_config
def forget_command(config: Config, name: str) -> None:
    """Forget a person with everything that shows them: faces, visits, and the photos of both."""
    people = open_stores(config).people
    person = people.named(_clean_name(name))
    if person is None:
        raise Failure(f"Nobody is called {name!r}; porteiro people lists who is.")
    forgotten = people.remove(person.id, lambda _: True)
    faces, visits = _counted(forgotten.faces, "face"), _counted(forgotten.visits, "visit")
    click.echo(f"{person.name} is forgotten, with {faces} and {visits}.")


def _photos_to_enrol(
    name: str | None, photos: tuple[Path, ...], folder: Path | None
) -> list[tuple[str, Path]]:
    if folder is None:
        if name is None or not photos:
            raise click.UsageError("Give a NAME and at least one PHOTO, or --folder DIR.")
        return [(_clean_name(name), photo) for photo in photos]
    if name is not None:
        raise click.UsageError("--folder takes the names from its folders; give no NAME beside it.")
    named_photos = [
        (_clean_name(person.name), photo)
        for person in sorted(folder.iterdir())
        if person.is_dir() and not person.name.startswith(".")
        for photo in sorted(person.iterdir())
        if photo.suffix.lower() in PHOTO_NAMES and photo.is_file()
    ]
    if not named_photos:
        raise Failure(f"{folder} has no folder with photos ({', '.join(PHOTO_NAMES)}) in it.")
    return named_photos


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _clean_name(name: str) -> str:
    try:
        return clean_name(name)
    except Unfit as error:
        raise click.UsageError(sentence(error, Place.TERMINAL)) from error


def _enrol_photo(enroller: Enroller, name: str, photo: Path, *, accept_like_another: bool) -> str | None:
    """Enrol one photo; gives the reason why not, or ``None``."""
    most_bytes, people = UploadLimits.photo_bytes, enroller.stores.people
    if photo.stat().st_size > most_bytes:
        return f"The file is larger than {most_bytes} bytes."
    existing = people.named(name)
    person: Person = existing or people.add(name)
    try:
        enroller.enrol(Candidate(person.id, photo.read_bytes(), accept_like_another=accept_like_another))
    except RequestError as error:
        if existing is None:
            people.remove(person.id, lambda _: True)
        return sentence(error, Place.TERMINAL)
    return None
