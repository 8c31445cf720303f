"""Whether what is kept is whole."""

import click
from rich.progress import MofNCompleteColumn

from wsgi_app.base.config import Config
from wsgi_app.commands import Failure, counted, progress_bar, with_config
from wsgi_app.house.checking import Checker, Condition, Finding
from wsgi_app.stores.database import Database
from wsgi_app.stores.stores import stores_of_database


@click.command("check")
@click.option("--repair", is_flag=True, help="Repair what loses nothing, and say what was done.")
@with_config
def check_command(config: Config, *, repair: bool) -> None:
    """Look through everything that is kept, and say what is wrong with it.

    The database: whether SQLite finds it whole, whether its schema is this release's, whether its rows refer
    to rows that are there. The photos: whether each visit and each face has its own, and each photo a visit
    or a face. It may run beside the server, and changes nothing.

    With --repair it makes damaged indexes anew, removes rows and photos that belong to nothing any more, and
    makes the small copies of photos that pages show. A damaged database, and photos that are gone, it cannot
    bring back.

    The exit status is 0 if nothing is wrong, or all of it was repaired; 1 otherwise.
    """
    path = config.database_file
    if not path.is_file():
        raise Failure(f"There is no database at {path}; the first start makes it.")
    stores = stores_of_database(config, Database(config.database_url))
    found: list[Finding] = []
    with progress_bar(MofNCompleteColumn()) as progress:
        task = progress.add_task("", total=None)

        def report(step: str, done: int, total: int) -> None:
            progress.update(task, description=step, completed=done, total=total or None)

        for finding in Checker(config, stores, report, repairs=repair).run():
            found.append(finding)
            _say(finding)
    stores.database.close()
    _end(found)


def _say(finding: Finding) -> None:
    click.echo(f"{finding.state + ':':<16} {finding.what}")
    for example in finding.examples:
        click.echo(f"{'':<16}   {example}")


def _end(found: list[Finding]) -> None:
    states = [finding.state for finding in found]
    wrong, repairable = states.count(Condition.WRONG), states.count(Condition.REPAIRABLE)
    if repairable:
        raise Failure(
            f"{counted(wrong + repairable, 'thing')} to be mended; {repairable} of them with: "
            "porteiro check --repair"
        )
    if wrong:
        raise Failure(f"{counted(wrong, 'thing')} that cannot be repaired here.")
    click.echo("Nothing is wrong any more." if Condition.REPAIRED in states else "Nothing is wrong.")
