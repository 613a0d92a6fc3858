"""The migrations make exactly the tables that the code expects."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from assay.store import schema
from tests.support.cases import create


def test_the_newest_migration_gives_the_metadata(tmp_path: Path) -> None:
    with create(tmp_path) as case:
        context = MigrationContext.configure(case.connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
        triggers = case.connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        )
        assert {row[0] for row in triggers} == set(schema.TRIGGERS)
        without = case.connection.exec_driver_sql(
            "SELECT name FROM pragma_table_list WHERE wr = 1 AND schema = 'main'"
        )
        tables = {"entries", "ledger", "hashes", "traces", "neighbours", "stacks"}
        assert {row[0] for row in without} == tables


def test_item_reads_use_an_index(tmp_path: Path) -> None:
    wanted = {
        "occurrences": "sha256 = 'x'",
        "observations": "item = 'x'",
        "failures": "item = 'x'",
        "decisions": "item = 'x'",
        "placements": "lane = 1 AND band IS 'b' AND shown_with IS NULL AND stack IS NULL "
        "AND sort > x'01' ORDER BY lane, band, sort",
        "items": "md5 = 'x'",
        "entries": "(source, key) > ('x', 'y') ORDER BY source, key",
    }
    with create(tmp_path) as case:
        for table, where in wanted.items():
            plan = case.connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {where}"
            ).all()
            assert all("SCAN" not in row[3] and "TEMP B-TREE" not in row[3] for row in plan), plan
