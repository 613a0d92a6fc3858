"""Reading the categories that another tool wrote (VICS), and which items of a case they are about.

Nothing is decided here. What is read goes into a temporary database of its own, since a file may
hold millions of records, and comes out item by item.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Generic, TypeVar

from sqlalchemy import Connection

from assay.core.errors import UsageError
from assay.core.facts import Item, Sha256
from assay.core.jsonvalue import Json, JsonObject
from assay.core.names import display
from assay.engine.foreign_record import (
    ForeignFile,
    Speaker,
    Told,
    is_listed,
    moment,
    note,
    own_word,
)
from assay.lists.adapters.registry import open_list
from assay.lists.adapters.vics import UNSTATED
from assay.lists.model import ListEntry, ListFacts, Refused
from assay.store.stated import items_with

T = TypeVar("T")

_PAGE = 500  # records met, or items given out, at a time
_NAMED = 100  # findings that are named; all are counted
_CATEGORY = 100  # characters of a category


@dataclass(slots=True)
class Named(Generic[T]):
    """Things that are counted, and the first of them."""

    count: int = 0
    first: list[T] = field(default_factory=list)

    def add(self, row: T) -> None:
        self.count += 1
        if len(self.first) < _NAMED:
            self.first.append(row)


class Gathered:
    """What some files say about a case. A context manager."""

    def __init__(self, connection: Connection, timezone: str | None) -> None:
        self.files: list[ForeignFile] = []
        self.speakers: list[Speaker] = []
        self.records = 0
        self.uncategorised = 0
        self.unmet = 0
        self.differs = Named[JsonObject]()  # records that agree with an item in part
        self.refused = Named[JsonObject]()  # what is no record, and fields that cannot be read
        self._case = connection
        self._zone = timezone
        self._rows = sqlite3.connect("")  # a file that vanishes with the connection
        self._rows.execute(
            "CREATE TABLE told (item TEXT, speaker INTEGER, category TEXT, at TEXT, note TEXT, "
            "place TEXT, listed INTEGER, own TEXT)"
        )

    def __enter__(self) -> Gathered:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()

    def read(self, path: Path, namespace: str = "") -> None:
        """Read one file. ``namespace`` says whose categories it uses where it does not say itself.

        Raises SourceError where it cannot be opened, UsageError where it is no VICS file or says
        another namespace.
        """
        name = display(path.name)
        page: list[ListEntry] = []
        said: list[Mapping[str, str]] = [{}]  # of each case, the last one being read
        about = ListFacts("")
        first = len(self.speakers)
        for piece in open_list(path):
            if isinstance(piece, Refused):
                self.refused.add(
                    {"file": name, "place": piece.locator, "reason": display(piece.reason)}
                )
            elif isinstance(piece, ListFacts):
                _require_vics(piece, name)
                about = piece if piece.namespace else about
                if piece.stated is not None:  # the end of a case: what was read is its own
                    self._meet(page, name, first + len(said) - 1)
                    page, said[-1] = [], piece.stated
                    said.append({})
            else:
                page.append(piece)
                if len(page) == _PAGE:
                    self._meet(page, name, first + len(said) - 1)
                    page = []
        self._meet(page, name, first + len(said) - 1)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        scheme = _scheme(about.namespace, namespace, name)
        file = ForeignFile(name, digest, path.stat().st_size, about.format, scheme)
        self.files.append(file)
        self.speakers += [Speaker(file, stated) for stated in said]

    def by_item(self) -> Iterator[list[list[Told]]]:
        """Yield pages of items; of each item what was told about it, in the order of the files."""
        rows = self._rows.execute("SELECT * FROM told ORDER BY item, rowid")
        told = (
            Told(
                item=Sha256(item),
                speaker=self.speakers[speaker],
                category=category,
                at=at,
                note=note,
                place=place,
                listed=bool(listed),
                own=own,
            )
            for item, speaker, category, at, note, place, listed, own in rows
        )
        grouped = (list(rows) for _, rows in groupby(told, lambda one: one.item))
        return _pages(grouped)

    def _meet(self, entries: list[ListEntry], name: str, speaker: int) -> None:
        self.records += len(entries)
        with_category = [e for e in entries if self._has_category(e, name)]
        found = items_with(
            self._case,
            {e.md5 for e in with_category} - {""},
            {e.sha1 for e in with_category} - {""},
            {e.sha256 for e in with_category} - {""},
        )
        by_digest: dict[str, list[Item]] = {}
        for item in found:
            for digest in (item.md5, item.sha1, item.sha256):
                by_digest.setdefault(digest, []).append(item)
        for entry in with_category:
            digests = (entry.md5, entry.sha1, entry.sha256)
            near = {i.sha256: i for d in digests if d for i in by_digest.get(d, ())}
            meets = [item for item in near.values() if not _differs(entry, item)]
            if len(meets) == 1:
                self._keep(entry, meets[0].sha256, name, speaker)
            elif near:
                self.differs.add(_finding(entry, list(near.values()), len(meets), name))
            else:
                self.unmet += 1

    def _has_category(self, entry: ListEntry, name: str) -> bool:
        category = entry.category or ""
        if len(category) > _CATEGORY:
            reason = f"a category of {len(category)} characters"
            self.refused.add({"file": name, "place": entry.locator, "reason": reason})
        elif category and not (category.isascii() and category.isdigit() and int(category) == 0):
            return True
        self.uncategorised += 1
        return False

    def _keep(self, entry: ListEntry, item: Sha256, name: str, speaker: int) -> None:
        at, remark = moment(entry.updated, self._zone)
        self._rows.execute(
            "INSERT INTO told VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                item,
                speaker,
                entry.category,
                at,
                note(entry.record, remark),
                f"{name} {entry.locator}",
                is_listed(entry.record),
                own_word(entry.record),
            ),
        )


def _require_vics(facts: ListFacts, name: str) -> None:
    if not facts.format.lower().startswith("vics"):
        raise UsageError(
            f"{name}: is no VICS file ({facts.format})", hint="give a VICS case or set"
        )


def _scheme(said: str, given: str, name: str) -> str:
    if given and said not in (UNSTATED, given):
        raise UsageError(
            f"{name}: says itself that its categories are those of {said}",
            hint="leave out --namespace, which is for files that do not say it",
        )
    return given or said


def _differs(entry: ListEntry, item: Item) -> list[str]:
    """Return the statements of a record that are not the item's."""
    pairs = (
        ("MD5", entry.md5, item.md5),
        ("SHA-1", entry.sha1, item.sha1),
        ("SHA-256", entry.sha256, item.sha256),
    )
    found = [name for name, stated, is_ in pairs if stated and stated != is_]
    return found + (["size"] if entry.size not in (None, item.size) else [])


def _finding(entry: ListEntry, near: list[Item], meets: int, name: str) -> JsonObject:
    """Say why a record that agrees with items of the case is not held to be about any."""
    item = min(near, key=lambda one: len(_differs(entry, one)))
    differs: list[Json] = list(_differs(entry, item))
    named = ", ".join(map(str, differs))
    return {
        "file": name,
        "place": entry.locator,
        "md5": entry.md5,
        "category": display(entry.category or ""),
        "item": item.sha256,
        "differs": differs,
        "reason": f"{meets} items have all that it states"
        if meets
        else f"it meets {item.sha256[:12]}, but states another {named}",
    }


def _pages(values: Iterator[T]) -> Iterator[list[T]]:
    while page := list(islice(values, _PAGE)):
        yield page
