"""What the house remembers of visits, and for how long."""

import click

from wsgi_app.base.clocks import read_clocks
from wsgi_app.base.config import Config
from wsgi_app.commands import with_config
from wsgi_app.house import purges, retention
from wsgi_app.stores.stores import open_stores


@click.command("purge")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--yes", is_flag=True, help="Remove it also where that gives rise to doubt.")
@with_config
def purge_command(config: Config, *, dry_run: bool, yes: bool) -> None:
    """Remove visits and whatever else is kept for a while only, when its time is over.

    Visits of people let in stay for PORTEIRO_KEEP_KNOWN_DAYS, all others for PORTEIRO_KEEP_OTHER_DAYS. The
    server calls this every hour.

    Nothing is removed where the clock has jumped, where even the newest visit is too old and nothing bears
    the clock out, or where most of all visits would go: an owner is asked first, on the page House. Once it
    is approved there, or with --yes, all of it is removed.
    """
    stores = open_stores(config)
    if dry_run:
        verb, counts = "would remove", retention.survey(stores, config, stores.now())
    else:
        verb, counts = "removed", purges.purge(stores, config, read_clocks(stores.now()), approved=yes)
    for name, count in counts.items():
        click.echo(f"{verb} {count} {name}")
