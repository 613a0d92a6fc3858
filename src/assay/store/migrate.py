"""Which schema version a case has, and bringing it to the newest one by Alembic.

Alembic is imported only when a case is created or migrated: it costs a fifth of a second.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from assay.store.schema import SCHEMA

MIGRATIONS = Path(__file__).parent / "migrations"


def version_of(connection: Connection) -> str | None:
    """Return the schema version of a case's database; None where it holds no schema yet."""
    found = connection.exec_driver_sql(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    ).first()
    if found is None:
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return str(row[0]) if row else None


def holds_tables(connection: Connection) -> bool:
    """Tell whether a database holds anything at all."""
    return connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first() is not None


def is_newer(version: str) -> bool:
    """Tell whether a version is one that this Assay does not know yet."""
    return not version.isdecimal() or int(version) > int(SCHEMA)


def upgrade(connection: Connection) -> None:
    """Run the missing migrations inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Alembic reads its options with %-interpolation.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, SCHEMA)
