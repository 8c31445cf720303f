"""Who may come in: enrol, list and forget people."""

import time
from pathlib import Path

import click
from rich.table import Column, Table
from rich.text import Text

from wsgi_app.base.config import Config
from wsgi_app.base.errors import Unfit
from wsgi_app.base.faces import Objection
from wsgi_app.base.names import clean_name
from wsgi_app.base.sentences import Place
from wsgi_app.base.steps import Steps
from wsgi_app.commands import EVERYBODY, Failure, counted, print_table, with_config
from wsgi_app.commands.album import Album, PersonPhotos, read_album
from wsgi_app.commands.embedding import see_everybody
from wsgi_app.commands.enrolment import enrol_album, tell_omissions, tell_shared_names
from wsgi_app.commands.folders import printable
from wsgi_app.house.enrolment import Enroller
from wsgi_app.house.gallery import rule_of
from wsgi_app.house.house import live_gallery
from wsgi_app.house.models import load_pipeline
from wsgi_app.house.thresholds import policy_for
from wsgi_app.house.tombstones import TombstoneKeeper
from wsgi_app.house.words.errors import sentence
from wsgi_app.stores.stores import open_stores


@click.command("enrol")
@click.argument("name", required=False)
@click.argument("photos", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Enrol everybody in a folder that has one folder for each person, named after them.",
)
@click.option(
    "--accept-like-another",
    is_flag=True,
    help="Enrol faces that are as like somebody else's too, such as a twin's.",
)
@click.option(
    "--accept-unlike-own",
    is_flag=True,
    help="Enrol faces that are not like the person's other photos too; the page House asks to look at them.",
)
@with_config
def enrol_command(
    config: Config,
    name: str | None,
    photos: tuple[Path, ...],
    folder: Path | None,
    *,
    accept_like_another: bool,
    accept_unlike_own: bool,
) -> None:
    """Enrol a person from photos: porteiro enrol Ana ana-1.jpg ana-2.jpg.

    Each photo shows that person alone, looking into the camera. Somebody who is enrolled already gets the new
    faces added. Photos that cannot be used are reported with the reason; the others count.

    With --folder DIR everybody is enrolled who has a folder in it: DIR/Ana/beach.jpg and DIR/Ana/2024/x.png
    are Ana's. What a file is, its bytes tell, whatever its name. Every file and every person that is left out
    is named with the reason, on standard error: what is no picture, hidden, outside of all people's folders,
    or a link that leads out of DIR.

    The exit status is 0 only if nothing was refused or left out; a photo that the person has
    already is neither.
    """
    album = _album(name, photos, folder)
    tell_shared_names(album)
    if not album.size:
        tell_omissions("left out", album.omissions)
        raise Failure(f"{printable(str(folder))} has no folder with a photo in it.")
    pipeline, stores = load_pipeline(config), open_stores(config)
    see_everybody(pipeline, stores)
    people = len(live_gallery(config, pipeline, stores).now().gallery.people)
    policy = policy_for(config, pipeline.pack.embedder, people)
    enroller = Enroller(pipeline, stores, policy, Steps(time.perf_counter))
    insisted = {Objection.LIKE_ANOTHER: accept_like_another, Objection.UNLIKE_OWN: accept_unlike_own}
    result = enrol_album(enroller, album, frozenset(doubt for doubt, given in insisted.items() if given))
    for person_name, count in result.enrolled.items():
        click.echo(f"{person_name}: {counted(count, 'photo')} enrolled")
    for person_name, count in result.known.items():
        click.echo(f"{person_name}: {counted(count, 'photo')} there already")
    tell_omissions("refused", result.refused)
    tell_omissions("left out", result.left_out)
    if folder is not None:
        click.echo(result.in_words)
    if result.shortfall:
        raise Failure(result.shortfall)


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
    stores = open_stores(config)
    people = stores.people
    person = people.named(_clean_name(name))
    if person is None:
        raise Failure(f"Nobody is called {name!r}; porteiro people lists who is.")
    forgotten = people.remove(person.id, lambda _: True)
    TombstoneKeeper(config, stores)()
    faces, visits = counted(forgotten.faces, "face"), counted(len(forgotten.visits), "visit")
    click.echo(f"{person.name} is forgotten, with {faces} and {visits}.")


def _album(name: str | None, photos: tuple[Path, ...], folder: Path | None) -> Album:
    if folder is not None:
        if name is not None:
            raise click.UsageError("--folder takes the names from its folders; give no NAME beside it.")
        return read_album(folder)
    if name is None or not photos:
        raise click.UsageError("Give a NAME and at least one PHOTO, or --folder DIR.")
    return Album([PersonPhotos(_clean_name(name), photos=list(photos))])


def _clean_name(name: str) -> str:
    try:
        return clean_name(name)
    except Unfit as error:
        raise click.UsageError(sentence(error, Place.TERMINAL)) from error
