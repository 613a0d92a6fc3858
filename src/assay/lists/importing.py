"""From a file to the next state of a list: records kept, digests sorted, the refused put aside.

One file is one step: a reader sees all of it or nothing. Memory does not grow with the file.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from assay import __version__
from assay.core.errors import AssayError, Malformed
from assay.core.jsonvalue import JsonObject
from assay.lists.columns import WIDTHS
from assay.lists.held import Held
from assay.lists.manifest import Manifest
from assay.lists.marks import Marks
from assay.lists.model import ListEntry, ListFacts, Perceptual, Refused
from assay.lists.records import encode, without_fields
from assay.lists.writing import Changes, Draft

EXCERPT = 200  # characters of a refused piece that are kept
_REASONS = 100  # reasons counted one by one in a summary; the rest together
_CODES = 1000  # categories of a file counted one by one; and namespaces
_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64}
_HEX = re.compile(r"[0-9a-f]+")
Pieces = Iterator[ListFacts | ListEntry | Refused]
FLAT = "perceptual hash of an image without structure: kept, not compared"


class ListImportError(AssayError):
    """A file could not be read to its end; the list stays as it was."""


@dataclass(slots=True)
class Summary:
    """What one file brought."""

    file: str
    sha256: str
    read: int = 0  # records
    refused: Counter[str] = field(default_factory=Counter)  # pieces, by reason
    low_quality: int = 0  # perceptual hashes kept in their record, not compared
    held: int = 0  # hashes left out of matching because they match too much, in the whole list
    categories: Counter[str] = field(default_factory=Counter)  # records by "namespace code"
    namespaces: list[str] = field(default_factory=list)  # whose categories its records use
    new_codes: int = 0  # met for the first time: they place nothing until somebody says more
    changes: Changes = field(default_factory=Changes)
    facts: list[ListFacts] = field(default_factory=list)
    unchanged: bool = False  # the file was imported before, as the last one

    @property
    def format(self) -> str:
        """What the file is, as its adapter calls it."""
        return next((each.format for each in self.facts if each.format), "")

    def to_json(self) -> JsonObject:
        return {
            "file": self.file,
            "sha256": self.sha256,
            "format": self.format,
            "read": self.read,
            "added": self.changes.added,
            "replaced": self.changes.replaced,
            "withdrawn": self.changes.withdrawn,
            "withdrawn_unknown": self.changes.unknown,
            "duplicates": self.changes.duplicates,
            "refused": dict(self.refused),
            "low_quality": self.low_quality,
            "held": self.held,
            "categories": dict(self.categories),
            "namespaces": list(self.namespaces),
            "new_codes": self.new_codes,
            "about": [
                {
                    "format": each.format,
                    "namespace": each.namespace,
                    "owner": each.owner,
                    "version": each.version,
                    "created": each.created,
                    "notes": list(each.notes),
                }
                for each in self.facts
            ],
            "unchanged": self.unchanged,
        }


def import_file(
    folder: Path,
    before: Manifest,
    marks: Marks,
    held: tuple[Held, ...],
    path: Path,
    pieces: Pieces,
    options: Mapping[str, str],
    *,
    flood: int,
    at: str,
) -> tuple[Manifest, Summary, dict[str, dict[str, str]]]:
    """Read a file into the list's next state, which the caller commits.

    ``pieces`` are what an adapter finds in it. ``at`` is the moment to record (ISO 8601). Return
    the manifest, the summary and the categories met: namespace -> code -> name. Raises
    ListImportError, after which nothing has changed.
    """
    digest = file_digest(path)
    summary = Summary(path.name, digest)
    draft = Draft(folder, before, marks, held, flood)
    refused = _Quarantine(folder / f"refused-{before.generation + 1:08d}.gz", summary)
    met: dict[str, dict[str, str]] = {}
    try:
        _read(pieces, draft, refused, summary, met, len(before.imports))
        manifest, summary.changes = draft.finish()
        refused.close()
    except BaseException as error:
        draft.abandon()
        refused.abandon()
        if isinstance(error, AssayError | KeyboardInterrupt):
            raise
        raise ListImportError(
            f"{path}: reading it stopped after {summary.read} records: "
            f"{type(error).__name__}: {error}",
            hint="the list is as it was before",
        ) from error
    summary.low_quality = draft.low_quality
    summary.held = manifest.held.count if manifest.held else 0
    summary.namespaces = sorted(met)
    what: JsonObject = {
        "imported": digest,
        "format": summary.format,
        "options": dict(options),
        "assay": __version__,
    }
    row = {**summary.to_json(), "at": at, "options": dict(options), "refused_file": refused.name}
    del row["new_codes"]  # not known yet; list.toml has them
    manifest = replace(
        manifest, version=before.changed(what), imports=(*before.imports, row)
    )  # fmt: skip
    return manifest, summary, met


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(
    pieces: Pieces,
    draft: Draft,
    refused: _Quarantine,
    summary: Summary,
    met: dict[str, dict[str, str]],
    source: int,
) -> None:
    try:
        for piece in pieces:
            if isinstance(piece, Refused):
                refused.add(piece)
            elif isinstance(piece, ListFacts):
                if len(summary.facts) < 10:
                    summary.facts.append(piece)
                names = met.setdefault(piece.namespace, {})
                for code, name in list(piece.categories.items())[:_CODES]:
                    names[code] = str(name)[:100]
            else:
                summary.read += 1
                _keep(piece, draft, refused, summary, met, source)
    except Malformed as error:  # what was read before it counts
        refused.add(Refused("", f"the file cannot be read further: {error}"))


def _keep(
    entry: ListEntry,
    draft: Draft,
    refused: _Quarantine,
    summary: Summary,
    met: dict[str, dict[str, str]],
    source: int,
) -> None:
    entry, wrong = _checked(entry)
    for reason, excerpt in wrong:
        refused.add(Refused(entry.locator, f"{reason}; the rest is kept", excerpt))
    if not (entry.deleted or entry.md5 or entry.sha1 or entry.sha256 or entry.hashes):
        refused.add(Refused(entry.locator, "the record states no digest and no hash", entry.label))
        return
    try:
        line, said = encode(entry, source)
    except ValueError as error:
        reason = str(error)
        refused.add(Refused(entry.locator, f"fields not kept: {reason}", entry.id))
        entry = replace(entry, record=without_fields(entry.record, reason))
        line, said = encode(entry, source)
    for flat in draft.add(entry, line, said):
        refused.add(Refused(entry.locator, FLAT, flat.value.hex()))
    if not entry.deleted:
        code = f"{entry.namespace} {entry.category}" if entry.category is not None else ""
        if code in summary.categories or len(summary.categories) < _CODES:
            summary.categories[code] += 1
        if entry.namespace not in met and len(met) >= _CODES:
            return
        names = met.setdefault(entry.namespace, {})
        if entry.category is not None and entry.category not in names and len(names) < _CODES:
            names[entry.category[:100]] = f"category {entry.category}"[:100]


def _checked(entry: ListEntry) -> tuple[ListEntry, list[tuple[str, str]]]:
    """Return the entry without the fields that are wrong; for each a reason and an excerpt."""
    wrong: list[tuple[str, str]] = []
    given = {"md5": entry.md5, "sha1": entry.sha1, "sha256": entry.sha256}
    for name, value in given.items():
        if value and (len(value) != _LENGTHS[name] or not _HEX.fullmatch(value)):
            wrong.append((f"{name} is not {_LENGTHS[name]} hexadecimal digits", str(value)))
            given[name] = ""
    size = entry.size
    if size is not None and not 0 <= size < 1 << 63:
        wrong.append(("the size is out of range", hex(size)[:EXCERPT]))
        size = None
    good = tuple(each for each in entry.hashes if _fits(each))
    if len(good) < len(entry.hashes):
        odd = next(each for each in entry.hashes if not _fits(each))
        reason = f"a {odd.algorithm[:50]} hash of the wrong length or quality"
        wrong.append((reason, odd.value[:EXCERPT].hex()))
    if not wrong:
        return entry, wrong
    md5, sha1, sha256 = given.values()
    return replace(entry, size=size, hashes=good, md5=md5, sha1=sha1, sha256=sha256), wrong


def _fits(each: Perceptual) -> bool:
    width = WIDTHS.get(each.algorithm)
    if width is not None and len(each.value) != width:
        return False
    return each.algorithm != "pdq" or each.quality is None or 0 <= each.quality <= 100


class _Quarantine:
    """Keeps what was refused, compressed, in the file's order; made only where something was."""

    def __init__(self, path: Path, summary: Summary) -> None:
        self._path = path
        self._summary = summary
        self._file: IO[str] | None = None

    @property
    def name(self) -> str:
        return self._path.name if self._file is not None else ""

    def add(self, piece: Refused) -> None:
        counted = self._summary.refused
        reason = piece.reason[:EXCERPT]
        counted[reason if reason in counted or len(counted) < _REASONS else "other reasons"] += 1
        if self._file is None:
            self._file = gzip.open(self._path, "wt", 1, "ascii")  # noqa: SIM115 - see close
        row = [piece.locator[:EXCERPT], reason, piece.excerpt[:EXCERPT]]
        self._file.write(json.dumps(row) + "\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def abandon(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._path.unlink(missing_ok=True)
