"""Products that only generate and write no source type: a dated table, each row with its source.

A row holds only for a credential that leads to the row's own anchor, was signed between its days
and says in its first action what the row says. What matches in words alone is a statement, no more.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files

from assay.examiners._c2pa_manifest import Manifest
from assay.trust.anchors import Anchor
from assay.trust.listfile import key_digest

TABLE = "c2pa_products.toml"


@dataclass(frozen=True, slots=True)
class Product:
    """One row of the table."""

    name: str
    generator: re.Pattern[str]  # of the claim
    agent: re.Pattern[str]  # of its first action, c2pa.created
    description: re.Pattern[str]  # of the same action
    keys: frozenset[str]  # SHA-256 of the public keys of the anchors it leads to
    since: date  # days of signing, both included
    until: date
    source: str

    def is_named_in(self, manifest: Manifest) -> bool:
        """Tell whether a manifest says, proven or not, that this product made the picture."""
        first = manifest.actions[0] if manifest.actions else None
        return (
            first is not None
            and first.name == "c2pa.created"
            and not manifest.source_types
            and self.generator.search(manifest.generator) is not None
            and self.agent.search(first.agent) is not None
            and self.description.search(first.description) is not None
        )

    def is_proven_by(self, anchor: Anchor | None, at: datetime) -> bool:
        """Tell whether a credential that leads to ``anchor``, signed then, is this product's."""
        return (
            anchor is not None
            and key_digest(anchor) in self.keys
            and self.since <= at.date() <= self.until
        )


@dataclass(frozen=True, slots=True)
class Products:
    """The table as it was on a day."""

    date: str  # ISO date
    rows: tuple[Product, ...] = ()

    def named_in(self, manifest: Manifest) -> Product | None:
        """Return the first product that a manifest names."""
        return next((row for row in self.rows if row.is_named_in(manifest)), None)


def parse_products(text: str) -> Products:
    """Read the table; raises ValueError, KeyError or TypeError where it is not one."""
    table = tomllib.loads(text)
    return Products(table["date"].isoformat(), tuple(map(_product, table.get("product", []))))


@cache
def shipped_products() -> Products:
    """Return the table that comes with Assay."""
    return parse_products((files("assay.examiners") / "data" / TABLE).read_text("utf-8"))


def _product(row: dict[str, object]) -> Product:
    since, until, keys = row["since"], row["until"], row["keys"]
    if not isinstance(since, date) or not isinstance(until, date) or not isinstance(keys, list):
        raise TypeError(f"{row.get('name')}: days and keys are not what they should be")
    return Product(
        name=str(row["name"]),
        generator=re.compile(str(row["generator"])),
        agent=re.compile(str(row["agent"])),
        description=re.compile(str(row["description"])),
        keys=frozenset(map(str, keys)),
        since=since,
        until=until,
        source=str(row["source"]),
    )
