"""Hits on known-hash lists: an append-only table of facts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=null)


def upgrade() -> None:
    op.create_table(
        "matches",
        _text("item", key=True),
        _text("digest", key=True),
        _text("list"),
        _text("list_version"),
        _text("edition"),
        _text("entry"),
        _text("algorithm"),
        _number("distance"),
        _number("threshold"),
        _number("frame"),
        _text("value"),
        _text("polarity"),
        _number("identified", null=True),
        _number("distributed", null=True),
        _number("disputed"),
        _text("differs"),
        _text("unread"),
        _text("category", null=True),
        _text("namespace"),
        _number("more"),
        _text("record"),
        _number("seq"),
    )
    op.create_index("matches_seq", "matches", ["seq"])
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER matches_no_{verb} BEFORE {verb.upper()} ON matches "
            "BEGIN SELECT RAISE(ABORT, 'matches is append-only'); END"
        )
