"""The first schema of a case: facts, ledger, verdicts, placements, decisions, custody.

Frozen: it says what 0001 was, whatever ``store.schema`` says today; a test compares the newest
migration's result with the metadata.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_APPEND_ONLY = (
    "decisions",
    "failures",
    "items",
    "observations",
    "occurrences",
    "sources",
    "custody",
)


def upgrade() -> None:
    _tables()
    for table in _APPEND_ONLY:
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _number(name: str, *, key: bool = False, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=key, nullable=null, autoincrement=False)


def _real(name: str, *, null: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float, nullable=null)


def _tables() -> None:
    op.create_table(
        "sources",
        _text("id", key=True),
        _text("kind"),
        _text("uri"),
        _text("opened_at"),
        _text("operator"),
        _number("read_only"),
        _text("note"),
        _text("digest"),
        _number("seq"),
    )
    op.create_index("sources_seq", "sources", ["seq"])
    op.create_table(
        "entries",
        _text("source", key=True),
        _text("key", key=True),
        _text("path"),
        _text("kind"),
        _text("state"),
        _number("size", null=True),
        _number("mtime_ns", null=True),
        _text("inode"),
        _number("mode", null=True),
        _text("sha256", null=True),
        _text("detail"),
        _number("seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "items",
        _text("sha256", key=True),
        _text("md5"),
        _text("sha1"),
        _number("size"),
        _text("media_type"),
        _text("parent", null=True),
        _text("digest"),
        _number("seq"),
    )
    op.create_index("items_md5", "items", ["md5"])
    op.create_index("items_seq", "items", ["seq"])
    op.create_index("items_sha1", "items", ["sha1"])
    op.create_table(
        "occurrences",
        _text("id", key=True),
        _text("source"),
        _text("chain"),
        _text("path"),
        _text("kind"),
        _text("sha256", null=True),
        _text("container", null=True),
        _number("size", null=True),
        _text("times"),
        _number("mode", null=True),
        _text("state"),
        _text("inode"),
        _text("flags"),
        _text("digest"),
        _number("seq"),
    )
    op.create_index("occurrences_container", "occurrences", ["container"])
    op.create_index("occurrences_path", "occurrences", ["path"])
    op.create_index("occurrences_seq", "occurrences", ["seq"])
    op.create_index("occurrences_sha256", "occurrences", ["sha256"])
    op.create_table(
        "observations",
        _text("item", key=True),
        _text("id", key=True),
        _text("examiner"),
        _text("version"),
        _text("kind"),
        _text("value"),
        _text("level"),
        _text("polarity"),
        _text("basis"),
        _text("config"),
        _real("llr", null=True),
        _text("locator"),
        _text("model"),
        _text("seal"),
        _number("seq"),
    )
    op.create_index("observations_seq", "observations", ["seq"])
    op.create_table(
        "failures",
        _text("item", key=True),
        _text("examiner", key=True),
        _text("version", key=True),
        _text("config", key=True),
        _text("stage", key=True),
        _text("reason"),
        _text("detail"),
        _number("attempts"),
        _text("digest"),
        _number("seq"),
    )
    op.create_index("failures_seq", "failures", ["seq"])
    op.create_table(
        "ledger",
        _text("item", key=True),
        _text("examiner", key=True),
        _text("version", key=True),
        _text("config", key=True),
        _text("state"),
        _number("seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "verdicts",
        _text("item", key=True),
        _text("origin"),
        _real("score", null=True),
        _text("reasons"),
        _text("policy"),
        _number("seq"),
    )
    op.create_index("verdicts_origin", "verdicts", ["origin"])
    op.create_table(
        "placements",
        _text("item", key=True),
        _number("lane", null=True),
        _text("band", null=True),
        _text("key"),
        _text("reasons"),
        _number("rank", null=True),
        _number("seq"),
    )
    op.create_index("placements_lane_band", "placements", ["lane", "band"])
    op.create_index("placements_lane_rank", "placements", ["lane", "rank"])
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        _text("item"),
        _text("actor"),
        _text("scheme"),
        _text("category", null=True),
        _text("note"),
        _text("at"),
        _number("undone"),
        _text("seen"),
        _text("digest"),
        _number("seq"),
    )
    op.create_index("decisions_digest", "decisions", ["digest"], unique=True)
    op.create_index("decisions_item", "decisions", ["item"])
    op.create_index("decisions_seq", "decisions", ["seq"])
    op.create_table(
        "custody",
        _number("seq", key=True),
        _text("at"),
        _text("actor"),
        _text("action"),
        _text("subject"),
        _text("detail"),
        _text("prev"),
        _text("hash"),
    )
    op.create_table(
        "meta",
        _text("key", key=True),
        _text("value"),
    )
