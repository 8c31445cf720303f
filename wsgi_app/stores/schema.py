"""The database's schema: which one a database has, and bringing it up to date."""

from pathlib import Path

import sqlalchemy as sa

from wsgi_app.base.errors import ConfigError

MIGRATIONS = Path(__file__).parent / "migrations"
# The newest migration's: each file's name begins with its own.
SCHEMA_REVISION = max(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def revision_of(connection: sa.Connection) -> str | None:
    """The revision that a database has; ``None`` for a new one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def newer_schema(revision: str) -> ConfigError:
    """What is wrong with a database of a newer release."""
    return ConfigError(
        f"The database's schema {revision} is newer than this release's {SCHEMA_REVISION}; "
        "install the release that wrote it."
    )


def upgrade(connection: sa.Connection) -> None:
    """Bring the schema up to date, in a transaction.

    Raises:
        ConfigError: a newer release wrote this database.
    """
    # Imported here: a worker that finds its database up to date starts without it.
    import alembic.command  # noqa: PLC0415
    import alembic.config  # noqa: PLC0415
    import alembic.script  # noqa: PLC0415

    settings = alembic.config.Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    revisions = {
        script.revision for script in alembic.script.ScriptDirectory.from_config(settings).walk_revisions()
    }
    revision = revision_of(connection)
    if revision is not None and revision not in revisions:
        raise newer_schema(revision)
    alembic.command.upgrade(settings, "head")
