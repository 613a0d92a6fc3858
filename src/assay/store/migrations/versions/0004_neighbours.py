"""Near-duplicates of a case: what the neighbour search found, stacks, hashes of turned pictures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # append-only tables too: their triggers forbid UPDATE, not a new column
    op.add_column("matches", sa.Column("variant", sa.Text, nullable=False, server_default=""))
    op.add_column(
        "hashes",
        sa.Column("turned", sa.LargeBinary, nullable=False, server_default=sa.text("(x'')")),
    )
    op.add_column("placements", sa.Column("stack", sa.Text, nullable=True))
    for name, levels in (("camera", "'C2', 'C3'"), ("made", "'S1', 'S2', 'S3', 'S4', 'S5'")):
        op.create_index(
            f"observations_{name}",
            "observations",
            ["item"],
            sqlite_where=sa.text(f"level IN ({levels})"),
        )
    op.create_index(
        "observations_licensed",
        "observations",
        ["item"],
        sqlite_where=sa.text("kind = 'licensed_hash'"),
    )
    op.create_index(
        "observations_fingerprints",
        "observations",
        [sa.text("json_extract(value, '$.key')"), "item"],
        sqlite_where=sa.text("kind = 'fingerprint'"),
    )
    op.drop_index("placements_order", "placements")
    op.create_index(
        "placements_order",
        "placements",
        ["lane", "band", "sort"],
        sqlite_where=sa.text("shown_with IS NULL AND stack IS NULL"),
    )
    op.create_index(
        "placements_stack", "placements", ["stack"], sqlite_where=sa.text("stack IS NOT NULL")
    )
    op.create_table(
        "neighbours",
        sa.Column("item", sa.Text, primary_key=True, nullable=False),
        sa.Column("camera", sa.Text, nullable=True),
        sa.Column("camera_distance", sa.Integer, nullable=True),
        sa.Column("possible", sa.Text, nullable=True),
        sa.Column("possible_distance", sa.Integer, nullable=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "neighbours_possible",
        "neighbours",
        ["possible"],
        sqlite_where=sa.text("possible IS NOT NULL"),
    )
    op.create_table(
        "stacks",
        sa.Column("item", sa.Text, primary_key=True, nullable=False),
        sa.Column("head", sa.Text, nullable=False),
        sa.Column("distance", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("stacks_head", "stacks", ["head"])
