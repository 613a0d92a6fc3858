"""What a list's owner and its user say about it as a whole: ``list.toml`` in its folder.

People may edit the file; Assay rewrites it only when a command changes a property, and appends to
it the table of a category scheme that it meets for the first time.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from assay.core.errors import PolicyError
from assay.core.jsonvalue import JsonObject, digest_of
from assay.lists.manifest import write_whole
from assay.lists.model import Polarity

NAME = "list.toml"
RADIUS = 31  # bits
WIDEST = 63
ANY = "*"
_BARE = re.compile(r"[A-Za-z0-9_-]+")
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
        """Return what a record's code means here; None where no table says."""
        table = self.categories.get(namespace, {})
        if code is not None and code in table:
            return table[code]
        return table.get(ANY) if code != "0" else None

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
        row = tomllib.loads(path.read_text("utf-8"))
        row.setdefault("name", folder.name)
        categories = _categories(row.pop("categories", {}))
        known = {each.name for each in fields(Properties)}
        if unknown := sorted(row.keys() - known):
            raise ValueError(f"unknown property {unknown[0]!r}")
        found = Properties(categories=categories, **row)
        return checked(found)
    except FileNotFoundError:
        return Properties(folder.name)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PolicyError(
            f"{path}: {error}", hint="correct the file; docs/reference/lists.md says what it holds"
        ) from error


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
        if day and not _DAY.fullmatch(day):
            raise ValueError(f"validity {day!r} is not a date like 2026-12-31")
    return found


def save(folder: Path, found: Properties) -> None:
    """Write ``list.toml`` anew; comments in the old one are lost."""
    checked(found)
    lines = ["# A known-hash list of Assay. See docs/reference/lists.md for what each row means."]
    for name, value in found.to_json().items():
        if name not in ("categories", "distances"):
            lines.append(f"{name} = {value if isinstance(value, int) else _text(str(value))}")
    if found.distances:
        lines += ["", "[distances]"]
        lines += [f"{_key(name)} = {value}" for name, value in sorted(found.distances.items())]
    text = "\n".join(lines) + "\n"
    for namespace, table in sorted(found.categories.items()):
        text += _table_text(namespace, table)
    write_whole(folder / NAME, text.encode("utf-8"))


def with_tables(
    folder: Path, found: Properties, met: Mapping[str, Mapping[str, str]]
) -> Properties:
    """Append the tables of namespaces met for the first time: ours, else the file's own names.

    ``met`` gives for each namespace the code and name that its file states. Codes of a scheme that
    Assay does not know place nothing until somebody says what they mean.
    """
    new: dict[str, Mapping[str, Category]] = {}
    for namespace, names in met.items():
        if not namespace or namespace in found.categories:
            continue
        known = shipped().get(namespace)
        if known is None:
            known = {code: Category(name, Polarity.NONE) for code, name in names.items()}
        if known:
            new[namespace] = known
    if not new:
        return found
    if not (folder / NAME).exists():
        found = replace(found, categories={**found.categories, **new})
        save(folder, found)
        return found
    text = (folder / NAME).read_text("utf-8").rstrip("\n") + "\n"
    text += "".join(_table_text(namespace, table) for namespace, table in sorted(new.items()))
    try:
        tomllib.loads(text)
    except ValueError as error:
        raise PolicyError(
            f"{folder / NAME}: no table can be appended: {error}",
            hint="write its categories as [categories.NAMESPACE] tables",
        ) from error
    write_whole(folder / NAME, text.encode("utf-8"))
    return load(folder)


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


def _table_text(namespace: str, table: Mapping[str, Category]) -> str:
    rows = "".join(
        f"{_key(code)} = {{ name = {_text(category.name)}, "
        f'polarity = "{category.polarity.value}" }}\n'
        for code, category in table.items()
    )
    return f"\n[categories.{_key(namespace)}]\n{rows}"


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _text(text)


def _text(text: str) -> str:
    """Write a TOML string; what UTF-8 cannot hold becomes a question mark."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")
