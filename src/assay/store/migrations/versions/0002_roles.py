"""Roles of members, the plan of entries, places of sources, placements whose index is the queue.

Placements are no facts: those of an older case keep lane, band and key, and lose the stored rank.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from assay.store.sortable import sortable

revision = "0002"
down_revision = "0001"

_PAGE = 1000  # rows


def upgrade() -> None:
    for table in ("occurrences",):  # append-only: the triggers forbid UPDATE, not a new column
        op.add_column(table, sa.Column("role", sa.Text, nullable=False, server_default=""))
    op.add_column("entries", sa.Column("plan", sa.Text, nullable=False, server_default=""))
    op.rename_table("placements", "placements_0001")
    op.drop_index("placements_lane_band", "placements_0001")
    op.drop_index("placements_lane_rank", "placements_0001")
    op.create_table(
        "placements",
        sa.Column("item", sa.Text, primary_key=True, nullable=False),
        sa.Column("lane", sa.Integer, nullable=True),
        sa.Column("band", sa.Text, nullable=True),
        sa.Column("sort", sa.LargeBinary, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("shown_with", sa.Text, nullable=True),
        sa.Column("seq", sa.Integer, nullable=False),
    )
    op.create_table(
        "hashes",
        sa.Column("item", sa.Text, primary_key=True, nullable=False),
        sa.Column("frame", sa.Integer, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("rendering", sa.Text, primary_key=True, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("quality", sa.Integer, nullable=False),
        sa.Column("pixels", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "traces",
        sa.Column("item", sa.Text, primary_key=True, nullable=False),
        sa.Column("original", sa.Text, nullable=True),
        sa.Column("distance", sa.Integer, nullable=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "relocations",
        sa.Column("digest", sa.Text, primary_key=True, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("proof", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
    )
    op.create_index("relocations_source", "relocations", ["source"])
    op.create_index("relocations_seq", "relocations", ["seq"])
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER relocations_no_{verb} BEFORE {verb.upper()} ON relocations "
            "BEGIN SELECT RAISE(ABORT, 'relocations is append-only'); END"
        )
    op.create_index(
        "observations_pairs", "observations", ["item"], sqlite_where=sa.text("kind = 'pair'")
    )
    _hashes(op.get_bind())
    _convert(op.get_bind())
    op.drop_table("placements_0001")
    op.create_index(
        "placements_order",
        "placements",
        ["lane", "band", "sort"],
        sqlite_where=sa.text("shown_with IS NULL"),
    )
    op.create_index(
        "placements_shown_with",
        "placements",
        ["shown_with"],
        sqlite_where=sa.text("shown_with IS NOT NULL"),
    )


def _hashes(connection: sa.Connection) -> None:
    """Bring the hashes of an older case into the table; their pixels are not known any more."""
    rows = connection.exec_driver_sql(
        "SELECT item, kind, json_extract(value, '$.rendering'), json_extract(value, '$.hash'), "
        "json_extract(value, '$.quality'), seq FROM observations "
        "WHERE kind IN ('pdq', 'pdq_variant')"
    ).all()
    for item, kind, rendering, found, quality, seq in rows:
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO hashes VALUES (?, -1, ?, ?, ?, 0, ?)",
            (item, rendering if kind == "pdq_variant" else "", bytes.fromhex(found), quality, seq),
        )


def _convert(connection: sa.Connection) -> None:
    after = ""
    while True:
        page = connection.exec_driver_sql(
            "SELECT item, lane, band, key, reasons, seq FROM placements_0001 "
            "WHERE item > ? ORDER BY item LIMIT ?",
            (after, _PAGE),
        ).all()
        for item, lane, band, key, reasons, seq in page:
            connection.exec_driver_sql(
                "INSERT INTO placements VALUES (?, ?, ?, ?, ?, NULL, ?)",
                (item, lane, band, sortable(json.loads(key)), reasons, seq),
            )
        if len(page) < _PAGE:
            return
        after = page[-1][0]
