"""What a list's owner and its user say about it as a whole: ``list.toml`` in its folder.

``list_toml`` writes the file, which people may edit too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from assay.core.errors import PolicyError
from assay.core.jsonvalue import JsonObject, digest_of
from assay.lists.model import Polarity

NAME = "list.toml"
RADIUS = 31  # bits
WIDEST = 63
ANY = "*"  # row of a namespace's table: every code without a row of its own
_NOTHING = "0"  # the code that says nothing in every scheme
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Category:
    """One code of a scheme: what people read, and what it does to the order of work."""

    name: str
    polarity: Polarity


Categories = Mapping[str, Mapping[str, Category]]  # namespace -> code -> category


@dataclass(frozen=True, slots=True)
class Properties:
    """A list as a whole."""

    name: str
    owner: str = ""
    handling: str = ""  # TLP or free text
    distance: int = RADIUS  # bits, 0-63: how near a PDQ hash must lie
    distances: Mapping[str, int] = field(default_factory=dict)  # of other perceptual hashes
    flood: int = 1000  # records of different content that may share one perceptual hash
    valid_from: str = ""  # ISO date; empty = no bound
    valid_until: str = ""  # the last day on which it is in force
    notes: str = ""
    categories: Categories = field(default_factory=dict)

    def category(self, namespace: str, code: str | None) -> Category | None:
        """Return what a record's code means here; None where no table says.

        The row ``*`` stands for codes without a row, 0 excepted. For records without a code it
        stands where the table has no other row, so that the scheme has no codes at all.
        """
        table = self.categories.get(namespace, {})
        if code is None:
            return table[ANY] if table.keys() == {ANY} else None
        return table.get(code) or (table.get(ANY) if code != _NOTHING else None)

    def with_polarity(self, namespaces: Iterable[str], polarity: Polarity) -> Properties:
        """Return it with a row ``*`` in the table of each namespace; other rows stay."""
        categories = dict(self.categories)
        for namespace in namespaces:
            table = dict(categories.get(namespace, {}))
            name = table[ANY].name if ANY in table else "listed"
            table[ANY] = Category(name, polarity)
            categories[namespace] = table
        return replace(self, categories=categories)

    def own_rows(self, namespaces: Iterable[str]) -> dict[str, list[str]]:
        """Return by namespace the codes for which the row ``*`` does not stand."""
        tables = {name: self.categories.get(name, {}) for name in namespaces}
        return {n: codes for n, t in tables.items() if (codes := [c for c in t if c != ANY])}

    def unsaid(self) -> int:
        """Return how many codes of schemes that Assay does not know place nothing."""
        return sum(
            category.polarity is Polarity.NONE and code != _NOTHING
            for namespace, table in self.categories.items()
            if namespace not in shipped()
            for code, category in table.items()
        )

    def polarity(self, namespace: str, code: str | None) -> Polarity:
        """Return what a record does to the order of work; unmapped = none."""
        category = self.category(namespace, code)
        return category.polarity if category else Polarity.NONE

    def in_force(self, day: str) -> bool:
        """Tell whether the list is valid on an ISO date; without a date, always."""
        day = day[:10]
        return not day or (
            (not self.valid_from or self.valid_from <= day)
            and (not self.valid_until or day <= self.valid_until)
        )

    def threshold(self, algorithm: str) -> int:
        """Return how far a perceptual hash may lie; 0 = only the same value."""
        return self.distance if algorithm == "pdq" else self.distances.get(algorithm, 0)

    def categories_digest(self) -> str:
        """Return 64 hex digits over the tables, which a case pins."""
        return digest_of(_tables(self.categories))

    def to_json(self) -> JsonObject:
        return {
            "name": self.name,
            "owner": self.owner,
            "handling": self.handling,
            "distance": self.distance,
            "distances": dict(self.distances),
            "flood": self.flood,
            "valid_from": self.valid_from,
            "valid_until": self.valid_until,
            "notes": self.notes,
            "categories": _tables(self.categories),
        }


@cache
def shipped() -> Categories:
    """Return the tables that come with Assay, by namespace."""
    text = resources.files("assay.lists").joinpath("categories.toml").read_text("utf-8")
    return _categories(tomllib.loads(text))


def load(folder: Path) -> Properties:
    """Read ``list.toml``; raises PolicyError that names the file and the row."""
    path = folder / NAME
    try:
        return parsed(path.read_text("utf-8"), folder.name)
    except FileNotFoundError:
        return Properties(folder.name)
    except (OSError, ValueError) as error:
        raise PolicyError(
            f"{path}: {error}", hint="correct the file; docs/reference/lists.md says what it holds"
        ) from error


def parsed(text: str, name: str) -> Properties:
    """Return what the text of a ``list.toml`` says; ``name`` where it gives none.

    Raises ValueError that names the row.
    """
    try:
        row = tomllib.loads(text)
        row.setdefault("name", name)
        categories = _categories(row.pop("categories", {}))
        known = {each.name for each in fields(Properties)}
        if unknown := sorted(row.keys() - known):
            raise ValueError(f"unknown property {unknown[0]!r}")
        return checked(Properties(categories=categories, **row))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(str(error)) from error


def checked(found: Properties) -> Properties:
    """Return it as it is; raises ValueError where a value is outside its range."""
    texts = (found.owner, found.handling, found.notes, found.valid_from, found.valid_until)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("owner, handling, notes and validity are texts")
    if not _whole(found.distance, WIDEST):
        raise ValueError(f"distance is {found.distance!r} and must be 0-{WIDEST} bits")
    if not _whole(found.flood, 1 << 31) or not found.flood:
        raise ValueError("flood is a number of records, 1 or more")
    for name, value in found.distances.items():
        if not _whole(value, 1 << 31):
            raise ValueError(f"distances.{name} is {value!r} and must be a whole number")
    for day in (found.valid_from, found.valid_until):
        if day and not _is_day(day):
            raise ValueError(f"validity {day!r} is not a date like 2026-12-31")
    if found.valid_until and found.valid_until < found.valid_from:
        raise ValueError(f"valid_until {found.valid_until} is before valid_from {found.valid_from}")
    return found


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _whole(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _categories(tables: Mapping[str, Any]) -> dict[str, dict[str, Category]]:
    return {
        namespace: {
            code: Category(str(row["name"]), _polarity(namespace, code, row["polarity"]))
            for code, row in table.items()
        }
        for namespace, table in tables.items()
    }


def _polarity(namespace: str, code: str, text: str) -> Polarity:
    try:
        return Polarity(text)
    except ValueError:
        known = ", ".join(Polarity)
        raise ValueError(f"categories {namespace} {code}: {text!r} is none of {known}") from None


def _tables(categories: Categories) -> JsonObject:
    return {
        namespace: {
            code: {"name": category.name, "polarity": category.polarity.value}
            for code, category in table.items()
        }
        for namespace, table in categories.items()
    }
