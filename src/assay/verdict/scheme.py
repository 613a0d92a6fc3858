"""Category schemes: what a person may decide, and the lane that each category leads to."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from assay.core.errors import PolicyError, UsageError
from assay.core.vocab import Lane


@dataclass(frozen=True, slots=True)
class Category:
    id: str
    title: str
    lane: Lane


@dataclass(frozen=True, slots=True)
class Scheme:
    name: str
    title: str
    categories: Mapping[str, Category]

    def category(self, name: str) -> Category:
        """Return a category by id; raises UsageError that lists what there is."""
        found = self.categories.get(name.removeprefix("category ").strip())
        if found is None:
            known = ", ".join(self.categories)
            raise UsageError(f"scheme {self.name} has no category {name!r}", hint=f"it has {known}")
        return found


@cache
def shipped_scheme() -> Scheme:
    """Return the neutral scheme that comes with Assay."""
    return parse_scheme(shipped_scheme_bytes(), "the shipped scheme")


def shipped_scheme_bytes() -> bytes:
    """Return the shipped scheme file as it is; a case keeps a copy."""
    return resources.files("assay.verdict").joinpath("data/scheme-neutral.toml").read_bytes()


def load_scheme(path: Path) -> Scheme:
    """Read an agency's scheme; raises PolicyError naming the file and the fault."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path}: {error.strerror}", hint="give a readable scheme file") from None
    return parse_scheme(data, str(path))


def parse_scheme(data: bytes, name: str) -> Scheme:
    """Build a scheme from TOML bytes; raises PolicyError."""
    try:
        table = tomllib.loads(data.decode("utf-8"))
        rows = {
            str(key): Category(str(key), str(row["title"]), Lane(row["lane"]))
            for key, row in table["category"].items()
        }
        return Scheme(str(table["name"]), str(table.get("title", table["name"])), rows)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, ValueError) as error:
        raise PolicyError(
            f"{name}: not a scheme: {error}",
            hint='it needs name = "…" and tables [category.ID] with title and lane = 1 to 5',
        ) from None
