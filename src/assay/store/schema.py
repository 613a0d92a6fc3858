"""The tables of a case as SQLAlchemy Core metadata. Knows columns; reads and writes nothing.

Columns are named as the fields of ``core.facts``. Every row carries ``seq``, the custody event
written in the same transaction. Tables in ``FACTS`` are append-only, which triggers enforce.
Paths and structured fields are JSON with ASCII escapes, so that no byte of a name is lost; text
that is not valid Unicode is kept as a BLOB of its UTF-8 with surrogates (see ``store.rows``).
"""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, text

SCHEMA = "0004"  # the newest migration; an integer with leading zeros
APPLICATION = 0x41535359  # "ASSY", SQLite's application_id: says what the file is

metadata = MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=null)


def _number(name: str, *, key: bool = False, null: bool = False) -> Column[int]:
    return Column(name, Integer, primary_key=key, nullable=null, autoincrement=False)


sources = Table(
    "sources",
    metadata,
    _text("id", key=True),
    _text("kind"),
    _text("uri"),
    _text("opened_at"),
    _text("operator"),
    _number("read_only"),
    _text("note"),
    _text("digest"),
    _number("seq"),
    Index("sources_seq", "seq"),
)

# Where a source lies now, proved by hash; the newest row of a source counts.
relocations = Table(
    "relocations",
    metadata,
    _text("digest", key=True),
    _text("source"),
    _text("path"),  # JSON string
    _text("at"),
    _text("proof"),  # canonical JSON: files compared, sample, seed
    _number("seq"),
    Index("relocations_source", "source"),
    Index("relocations_seq", "seq"),
)

entries = Table(
    "entries",
    metadata,
    _text("source", key=True),
    _text("key", key=True),  # JSON string
    _text("path"),  # display form of key
    _text("kind"),
    _text("state"),
    _number("size", null=True),
    _number("mtime_ns", null=True),
    _text("inode"),
    _number("mode", null=True),
    _text("sha256", null=True),
    _text("detail"),
    _text("plan"),  # digests of the checks and openers it was last taken through
    _number("seq"),
    sqlite_with_rowid=False,
)

items = Table(
    "items",
    metadata,
    _text("sha256", key=True),
    _text("md5"),
    _text("sha1"),
    _number("size"),
    _text("media_type"),
    _text("parent", null=True),
    _text("digest"),
    _number("seq"),
    Index("items_md5", "md5"),
    Index("items_sha1", "sha1"),
    Index("items_seq", "seq"),
)

occurrences = Table(
    "occurrences",
    metadata,
    _text("id", key=True),  # of source, chain, kind and sha256
    _text("source"),
    _text("chain"),  # JSON list of strings
    _text("path"),  # display form of chain
    _text("kind"),
    _text("sha256", null=True),
    _text("container", null=True),
    _number("size", null=True),
    _text("times"),  # JSON list of [field, raw, zone, utc]
    _number("mode", null=True),
    _text("state"),
    _text("inode"),
    _text("flags"),  # JSON list of strings
    _text("role"),
    _text("digest"),
    _number("seq"),
    Index("occurrences_sha256", "sha256"),
    Index("occurrences_container", "container"),
    Index("occurrences_path", "path"),
    Index("occurrences_seq", "seq"),
)

# The key begins with the item: the observations of one item lie in one place of the index.
observations = Table(
    "observations",
    metadata,
    _text("item", key=True),
    _text("id", key=True),
    _text("examiner"),
    _text("version"),
    _text("kind"),
    _text("value"),  # canonical JSON
    _text("level"),
    _text("polarity"),
    _text("basis"),
    _text("config"),
    Column("llr", Float, nullable=True),
    _text("locator"),
    _text("model"),
    _text("seal"),
    _number("seq"),
    Index("observations_seq", "seq"),
    Index("observations_pairs", "item", sqlite_where=text("kind = 'pair'")),
    Index(
        "observations_fingerprints",
        text("json_extract(value, '$.key')"),
        "item",
        sqlite_where=text("kind = 'fingerprint'"),
    ),
    Index("observations_licensed", "item", sqlite_where=text("kind = 'licensed_hash'")),
    Index("observations_camera", "item", sqlite_where=text("level IN ('C2', 'C3')")),
    Index(
        "observations_made", "item", sqlite_where=text("level IN ('S1', 'S2', 'S3', 'S4', 'S5')")
    ),
)

failures = Table(
    "failures",
    metadata,
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
    Index("failures_seq", "seq"),
)

# Hits on known-hash lists. Those of the list's edition in the settings count, others are history.
matches = Table(
    "matches",
    metadata,
    _text("item", key=True),
    _text("digest", key=True),
    _text("list"),
    _text("list_version"),
    _text("edition"),
    _text("entry"),
    _text("algorithm"),
    _number("distance"),
    _number("threshold"),
    _number("frame"),  # of a moving picture; -1 = the file
    _text("value"),
    _text("polarity"),
    _number("identified", null=True),
    _number("distributed", null=True),
    _number("disputed"),
    _text("differs"),  # JSON list of strings
    _text("unread"),
    _text("category", null=True),
    _text("namespace"),
    _number("more"),
    _text("record"),  # canonical JSON
    _text("variant"),
    _number("seq"),
    Index("matches_seq", "seq"),
)

ledger = Table(
    "ledger",
    metadata,
    _text("item", key=True),
    _text("examiner", key=True),
    _text("version", key=True),
    _text("config", key=True),
    _text("state"),
    _number("seq"),
    sqlite_with_rowid=False,
)

verdicts = Table(
    "verdicts",
    metadata,
    _text("item", key=True),
    _text("origin"),
    Column("score", Float, nullable=True),
    _text("reasons"),  # JSON list of [code, params, observation]
    _text("policy"),
    _number("seq"),
    Index("verdicts_origin", "origin"),
)

placements = Table(
    "placements",
    metadata,
    _text("item", key=True),
    _number("lane", null=True),  # NULL = inventory
    _text("band", null=True),
    Column("sort", LargeBinary, nullable=False),  # the key, in bytes that sort as it does
    _text("reasons"),  # JSON list of [code, params, observation]
    _text("shown_with", null=True),
    _text("stack", null=True),
    _number("seq"),
    # The order of work is this index: a placement that changes moves by one insertion, so nothing
    # is ever sorted as a whole. A rank is counted when it is asked for (``store.ranking``).
    Index(
        "placements_order",
        *("lane", "band", "sort"),
        sqlite_where=text("shown_with IS NULL AND stack IS NULL"),
    ),
    Index("placements_shown_with", "shown_with", sqlite_where=text("shown_with IS NOT NULL")),
    Index("placements_stack", "stack", sqlite_where=text("stack IS NOT NULL")),
)

# Perceptual hashes as they are compared, made from the observations in the same transaction.
hashes = Table(
    "hashes",
    metadata,
    _text("item", key=True),
    _number("frame", key=True),  # of a moving picture; -1 = the picture itself
    _text("rendering", key=True),  # "" = as the lists were made
    Column("hash", LargeBinary, nullable=False),  # 32 bytes
    _number("quality"),  # 0-100
    _number("pixels"),  # of the picture hashed; 0 = not known
    Column("turned", LargeBinary, nullable=False),  # 96 bytes (``media.pdq_turns``), or none
    _number("seq"),
    sqlite_with_rowid=False,
)

# Small copies (previews and thumbnails that are items of their own) and the picture in the case
# that shows the same in full size; NULL = there is none, so the copy may be the only trace left.
traces = Table(
    "traces",
    metadata,
    _text("item", key=True),
    _text("original", null=True),
    _number("distance", null=True),  # bits of 256
    _number("seq"),
    sqlite_with_rowid=False,
)

# What the neighbour search found for items that a statement says AI made (``facts.Neighbours``).
neighbours = Table(
    "neighbours",
    metadata,
    _text("item", key=True),
    _text("camera", null=True),
    _number("camera_distance", null=True),
    _text("possible", null=True),
    _number("possible_distance", null=True),
    _number("seq"),
    Index("neighbours_possible", "possible", sqlite_where=text("possible IS NOT NULL")),
    sqlite_with_rowid=False,
)

# Near-duplicates and the head of the stack that each lies in (``facts.Stacked``).
stacks = Table(
    "stacks",
    metadata,
    _text("item", key=True),
    _text("head"),
    _number("distance"),
    _number("seq"),
    Index("stacks_head", "head"),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),  # in the order they were made
    _text("item"),
    _text("actor"),
    _text("scheme"),
    _text("category", null=True),
    _text("note"),
    _text("at"),
    _number("undone"),
    _text("seen"),  # JSON list of strings
    _text("digest"),
    _number("seq"),
    Index("decisions_item", "item"),
    Index("decisions_digest", "digest", unique=True),
    Index("decisions_seq", "seq"),
)

custody = Table(
    "custody",
    metadata,
    _number("seq", key=True),
    _text("at"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    _text("detail"),  # canonical JSON
    _text("prev"),
    _text("hash"),
)

meta = Table("meta", metadata, _text("key", key=True), _text("value"))

# In the order of their names, which is the order of the facts digest (``store.custody``).
FACTS = (decisions, failures, items, matches, observations, occurrences, relocations, sources)
APPEND_ONLY = (*FACTS, custody)
REPLACED = (entries, ledger, verdicts, placements, hashes, traces, neighbours, stacks)
TRIGGERS = tuple(
    f"{table.name}_no_{verb}" for table in APPEND_ONLY for verb in ("update", "delete")
)
