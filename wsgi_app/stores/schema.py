"""The database's schema: which one a database has, and bringing it up to date."""

from pathlib import Path

import sqlalchemy as sa
import structlog

from wsgi_app.base.errors import BackupError, ConfigError
from wsgi_app.base.sources import utc_now
from wsgi_app.stores.schema_snapshots import keep_snapshot, snapshots_of

MIGRATIONS = Path(__file__).parent / "migrations"
# The newest migration's: each file's name begins with its own.
REVISIONS = {file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")}
SCHEMA_REVISION = max(REVISIONS)

log = structlog.get_logger("porteiro")


def revision_of(connection: sa.Connection) -> str | None:
    """The revision that a database has; ``None`` for a new one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def refuse_newer(revision: str, file: Path) -> None:
    """Refuse a database of a newer release, and name the way back.

    Raises:
        ConfigError: a newer release wrote it.
    """
    if revision in REVISIONS:
        return
    back = "restore a backup that it made: porteiro restore DIR --to FOLDER"
    if older := [kept for kept in snapshots_of(file) if kept.revision in REVISIONS]:
        back = (
            f"stop the server and type: porteiro roll-back. That puts {older[0].path} in the database's "
            f"place, of {older[0].at:%Y-%m-%d %H:%M:%S} UTC; what happened since is lost"
        )
    raise ConfigError(
        f"The database's schema {revision} is newer than this release's {SCHEMA_REVISION}. Install the "
        f"release that wrote it; or, to go on with this one, {back}."
    )


def bring_up_to_date(connection: sa.Connection, file: Path, *, keeps_snapshot: bool) -> None:
    """Bring a database's schema up to date, in a transaction; another process may have been faster.

    Args:
        connection: to the database, which holds the write lock.
        file: where it is.
        keeps_snapshot: whether a database that is changed is copied first, so that there is a way back.

    Raises:
        ConfigError: a newer release wrote it, or there is no room for the copy.
    """
    before = revision_of(connection)
    if before == SCHEMA_REVISION:
        return
    if before is not None:
        refuse_newer(before, file)
        if keeps_snapshot:
            _keep_snapshot(connection.engine, file, before)
    _upgrade(connection)


def _keep_snapshot(engine: sa.Engine, file: Path, revision: str) -> None:
    try:
        path = keep_snapshot(engine, file, revision, utc_now())
    except (OSError, BackupError) as error:
        why = error.values["why"] if isinstance(error, BackupError) else error
        raise ConfigError(
            f"The database's schema {revision} has to become {SCHEMA_REVISION}, and the copy that is "
            f"made before that cannot be put beside {file}: {why}"
        ) from error
    log.warning("the schema is changed", before=revision, after=SCHEMA_REVISION, copy=str(path))


def _upgrade(connection: sa.Connection) -> None:
    # Imported here: a worker that finds its database up to date starts without it.
    import alembic.command  # noqa: PLC0415
    import alembic.config  # noqa: PLC0415

    settings = alembic.config.Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    alembic.command.upgrade(settings, "head")
