"""What the house remembers of visits, and for how long."""

import click

from wsgi_app.base.config import Config
from wsgi_app.commands import with_config
from wsgi_app.house import retention
from wsgi_app.stores.stores import open_stores


@click.command("purge")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@with_config
def purge_command(config: Config, *, dry_run: bool) -> None:
    """Remove visits and whatever else is kept for a while only, when its time is over.

    Visits of people let in stay for PORTEIRO_KEEP_KNOWN_DAYS, all others for PORTEIRO_KEEP_OTHER_DAYS. The
    server calls this every hour.
    """
    act, verb = (retention.survey, "would remove") if dry_run else (retention.purge, "removed")
    stores = open_stores(config)
    for name, count in act(stores, config, stores.now()).items():
        click.echo(f"{verb} {count} {name}")
