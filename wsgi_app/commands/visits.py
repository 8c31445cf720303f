"""What the house remembers of visits, and for how long."""

from datetime import UTC, datetime

import click

from wsgi_app import retention
from wsgi_app.commands import with_config
from wsgi_app.config import Config
from wsgi_app.services import open_stores


@click.command("purge")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@with_config
def purge_command(config: Config, dry_run: bool) -> None:  # noqa: FBT001
    """Remove visits and whatever else is kept for a while only, when its time is over.

    Visits of people let in stay for PORTEIRO_KEEP_KNOWN_DAYS, all others for PORTEIRO_KEEP_OTHER_DAYS. The
    server calls this every hour.
    """
    act, verb = (retention.survey, "would remove") if dry_run else (retention.purge, "removed")
    counts = act(open_stores(config), config, datetime.now(UTC))
    for name, count in counts.items():
        click.echo(f"{verb} {count} {name}")
