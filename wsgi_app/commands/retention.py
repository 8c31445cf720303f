"""What the house remembers of visits, and for how long."""

import click

from wsgi_app.base.clocks import read_clocks
from wsgi_app.base.config import Config
from wsgi_app.commands import counted, with_config
from wsgi_app.house import purges, retention
from wsgi_app.house.making_room import make_room
from wsgi_app.stores.stores import open_stores


@click.command("purge")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--yes", is_flag=True, help="Remove it also where that gives rise to doubt.")
@with_config
def purge_command(config: Config, *, dry_run: bool, yes: bool) -> None:
    """Remove visits and whatever else is kept for a while only, when its time is over.

    Visits of people let in stay for PORTEIRO_KEEP_KNOWN_DAYS, all others for PORTEIRO_KEEP_OTHER_DAYS. The
    server calls this every hour. With PORTEIRO_PURGE_WHEN_FULL=1 refused visits go before their time as well,
    where the disk of the photos is short; the server looks for that once a minute.

    Nothing is removed where the clock has jumped, where even the newest visit is too old and nothing bears
    the clock out, or where most of all visits would go: an owner is asked first, on the page House. Once it
    is approved there, or with --yes, all of it is removed.
    """
    stores = open_stores(config)
    clocks = read_clocks(stores.now())
    if dry_run:
        verb, counts = "would remove", retention.survey(stores, config, stores.now())
    else:
        made = make_room(stores, config, clocks)  # first: a purge needs some itself
        if made is not None:
            click.echo(f"removed {counted(made.visits, 'refused visit')} before their time, for room")
        verb, counts = "removed", purges.purge(stores, config, clocks, approved=yes)
    for name, count in counts.items():
        click.echo(f"{verb} {count} {name}")
