"""A case of schema 0002 gets the table of hits on lists, append-only, and keeps what it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from assay.store import migrate, schema
from assay.store.database import Access, open_database
from assay.store.rows import match_row
from tests.support.cases import met


def test_hits_can_be_added_and_never_changed(tmp_path: Path) -> None:
    database = open_database(tmp_path, Access.CREATE)
    connection = database.connection
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "0002")
    connection.exec_driver_sql("INSERT INTO ledger VALUES ('i', 'e', '1', '', 'done', 7)")
    command.upgrade(config, "0003")
    assert connection.exec_driver_sql("SELECT seq FROM ledger").all() == [(7,)]
    row = match_row(met(1), 8)
    given = {c.name: v for c, v in zip(schema.matches.columns, row, strict=True)}
    del given["variant"]  # of a later schema
    names, marks = ", ".join(f'"{name}"' for name in given), ", ".join("?" * len(given))
    connection.exec_driver_sql(
        f"INSERT INTO matches ({names}) VALUES ({marks})", tuple(given.values())
    )
    for change in ("UPDATE matches SET polarity = 'none'", "DELETE FROM matches"):
        with pytest.raises(Exception, match="append-only"):
            connection.exec_driver_sql(change)
    database.close()
