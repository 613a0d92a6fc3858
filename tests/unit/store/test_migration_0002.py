"""A case of schema 0001 keeps its placements, its occurrences and their digests in 0002."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from assay.store import migrate
from assay.store.database import Access, open_database
from assay.store.rows import placement_from


def at(connection: Connection, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, version)


def test_rows_of_0001_are_there_in_0002(tmp_path: Path) -> None:
    database = open_database(tmp_path, Access.CREATE)
    connection = database.connection
    at(connection, "0001")
    key = [1, 0, "0 crash", -2, 0, -1767225600.5, "DCIM/\u00e9.jpg", "ab" * 32]
    connection.exec_driver_sql(
        "INSERT INTO placements VALUES (?, 1, 'b', ?, '[]', 4, 7)", ("ab" * 32, json.dumps(key))
    )
    connection.exec_driver_sql(
        "INSERT INTO placements VALUES (?, NULL, NULL, ?, '[]', NULL, 7)",
        ("cd" * 32, json.dumps(key)),
    )
    values = ["o"] * 5 + [None, None, 1, "[]", None, "allocated", "", "[]", "digest", 7]
    marks = ", ".join("?" * len(values))
    connection.exec_driver_sql(f"INSERT INTO occurrences VALUES ({marks})", tuple(values))
    at(connection, "0002")
    rows = connection.exec_driver_sql("SELECT * FROM placements ORDER BY item").all()
    first, second = map(placement_from, rows)
    assert (first.lane, first.band, list(first.key)) == (1, "b", key)
    assert (second.lane, second.shown_with) == (None, None)
    found = connection.exec_driver_sql("SELECT role, digest, seq FROM occurrences").all()
    assert [tuple(row) for row in found] == [("", "digest", 7)]
    with pytest.raises(Exception, match="append-only"):
        connection.exec_driver_sql("UPDATE occurrences SET role = 'preview'")
    database.close()
