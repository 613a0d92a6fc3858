"""Writing the next state of a list beside the present one: new files first, then the manifest.

A ``Draft`` takes records in their order. ``finish`` sorts out which are current (the last version
of each entry, unless it withdraws it) and leaves a manifest to commit; until then a reader, and a
writer after a crash, see the list as it was.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.lists import columns
from assay.lists.columns import WIDTHS, ColumnFile, ColumnWriter
from assay.lists.digests import DigestFile, numbers, write_digests
from assay.lists.flood import flooded, flooded_among, reheld
from assay.lists.held import Held, write_held
from assay.lists.held import values as held_values
from assay.lists.manifest import Manifest, Part, Run
from assay.lists.marks import Marks
from assay.lists.model import ListEntry, Perceptual
from assay.lists.reading import DIGESTS, IDS, id_key
from assay.lists.records import RecordWriter, Stored, encode
from assay.lists.sealed import SealedFile, SealedWriter
from assay.lists.spill import KEY, Spill
from assay.lists.versions import current_rows, supersede

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUALITY = 50  # below it a PDQ hash says too little to be compared (Meta's own gate)
PARTS = 8  # sorted files of one kind that a list may have before the newer are merged
_FEW = 1 << 12  # new perceptual hashes that are counted one by one
# A PDQ hash has a bit for each of 256 coefficients that exceeds their median, so 128 are set unless
# many are equal, as in an image without structure: outside these bounds it is not compared.
_FEWEST, _MOST = 64, 192
_OURS = re.compile(
    rf"(records|marks|held|refused|{'|'.join((IDS, *DIGESTS, *WIDTHS))})-\d{{8}}(-merged)?"
    r"(\.(blocks|index|sums|rows|gz))?"
)
EMPTY_FILE = {
    "md5": "d41d8cd98f00b204e9800998ecf8427e",
    "sha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
}


@dataclass(slots=True)
class Changes:
    """What a run of records did to the list."""

    added: int = 0  # entries the list did not have, or had withdrawn
    replaced: int = 0  # newer versions of entries it had
    withdrawn: int = 0
    unknown: int = 0  # withdrawals of entries that the list does not have, or no longer
    duplicates: int = 0  # records that say what the list said already


class Draft:
    """The next state of a list; ``finish`` or ``abandon`` ends it."""

    def __init__(
        self, folder: Path, before: Manifest, marks: Marks, held: tuple[Held, ...], flood: int
    ) -> None:
        self._folder = folder
        self._before = before
        self._marks = marks
        self._held = {each.key: each for each in held}
        self._flood = flood
        self._base = before.count
        self._name = f"{before.generation + 1:08d}"
        self._records = RecordWriter(folder / f"records-{self._name}")
        self._spills = {name: Spill(folder) for name in (IDS, *DIGESTS)}
        self._columns: dict[str, ColumnWriter] = {}
        self._deleted = array("I")
        self.low_quality = 0  # hashes kept in their record alone, because of it

    @property
    def count(self) -> int:
        return self._records.count

    def add(self, entry: ListEntry, line: bytes, said: bytes) -> list[Perceptual]:
        """Add a record with its line (see ``records.encode``).

        Return its hashes that are not compared because the image they stand for has no structure.
        """
        number = self._base + self._records.add(line, said)
        if number >= 1 << 32:
            raise OverflowError("a list holds at most 4,294,967,295 records")
        self._spills[IDS].add(id_key(entry.id), number)
        if entry.deleted:
            self._deleted.append(number)
            return []
        for name in DIGESTS:
            if digest := getattr(entry, name):
                self._spills[name].add(bytes.fromhex(digest[: 2 * KEY]), number)
                if digest == EMPTY_FILE[name] and (entry.size or 0) == 0:
                    self.hold(Held(name, digest, "the digest of an empty file"))
        return [each for each in entry.hashes if not self._add_hash(each, number)]

    def add_line(self, stored: Stored, line: bytes) -> None:
        """Add a record that was stored before, as it was."""
        self.add(stored.entry, line, encode(stored.entry, stored.source)[1])

    def hold(self, held: Held) -> None:
        """Leave a hash out of matching."""
        self._held.setdefault(held.key, held)

    def finish(self) -> tuple[Manifest, Changes]:
        """Write everything through to the disk; return the manifest to commit."""
        count = self._records.count
        run = Run(f"records-{self._name}", self._base, count, self._records.close())
        runs = (*self._before.runs, run) if count else self._before.runs
        self._marks.grow(self._base + count)
        changes = Changes()
        digests = dict(self._before.digests)
        if count:
            ids = self._write_ids(runs, changes)
            digests[IDS] = (*digests.get(IDS, ()), ids)
            for name in DIGESTS:
                spill = self._spills[name]
                if spill.count:
                    rows = current_rows(spill.sorted(), self._marks)
                    part = self._write(name, spill.count, rows)
                    digests[name] = (*digests.get(name, ()), part)
        else:
            for end in run.seals:
                (self._folder / f"{run.stem}.{end}").unlink()
            (self._folder / f"{run.stem}.blocks").unlink()
        for spill in self._spills.values():
            spill.close()
        hashes = self._close_columns()
        return replace(
            self._before,
            runs=runs,
            digests={name: self._merged(name, parts) for name, parts in digests.items()},
            hashes={name: self._joined(name, parts) for name, parts in hashes.items()},
            dead=self._write_marks(),
            held=write_held(self._folder, self._name, tuple(self._held.values())),
            live=self._marks.live(),
        ), changes

    def abandon(self) -> None:
        """Remove what was written; the list stays as it was."""
        self._records.abandon()
        for column in self._columns.values():
            column.abandon()
        for spill in self._spills.values():
            spill.close()

    def _add_hash(self, each: Perceptual, number: int) -> bool:
        """Take a hash up for comparing, if anything compares it; False where it is flat."""
        width = WIDTHS.get(each.algorithm)
        if width is None:
            return True
        if each.algorithm == "pdq":
            if each.quality is not None and each.quality < QUALITY:
                self.low_quality += 1
                return True
            if not _FEWEST <= int.from_bytes(each.value, "big").bit_count() <= _MOST:
                return False
        if each.algorithm not in self._columns:
            path = self._folder / f"{each.algorithm}-{self._name}"
            self._columns[each.algorithm] = ColumnWriter(path, width)
        self._columns[each.algorithm].add(each.value, number)
        return True

    def _write(self, name: str, most: int, rows: Iterator[NDArray[np.uint8]]) -> Part:
        file = f"{name}-{self._name}"
        seal, count = write_digests(self._folder / file, most, rows)
        return Part(file, seal, count)

    def _write_ids(self, runs: tuple[Run, ...], changes: Changes) -> Part:
        spill = self._spills[IDS]
        older = [
            DigestFile(self._folder / part.file, part.seal)
            for part in self._before.digests.get(IDS, ())
        ]
        sums = [SealedFile(self._folder / f"{r.stem}.sums", r.seals["sums"]) for r in runs]
        table = Sums([run.base for run in runs], sums)
        deleted = np.frombuffer(self._deleted, np.uint32)
        rows = supersede(spill.sorted(), older, self._marks, table, deleted, changes)
        return self._write(IDS, spill.count, rows)

    def _close_columns(self) -> dict[str, tuple[Part, ...]]:
        hashes = dict(self._before.hashes)
        for name, column in self._columns.items():
            part = Part(column.path.name, column.close(), column.count)
            hashes[name] = (*hashes.get(name, ()), part)
        held = {each.algorithm for each in self._held.values()}
        for name, parts in hashes.items():
            if name in self._columns or name in held:
                self._hold_flooded(name, parts)
        return hashes

    def _hold_flooded(self, name: str, parts: tuple[Part, ...]) -> None:
        """Hold what too many current records share, whichever imports brought them."""
        files = [ColumnFile(self._folder / p.file, WIDTHS[name], p.seal) for p in parts]
        held = tuple(self._held.values())
        new = files[-1] if name in self._columns else None
        if len(files) > 1 and (new is None or new.count <= _FEW):
            # Only what is new can be shared by more, only what is held by fewer.
            wanted = set(held_values(held, name))
            if new is not None:
                wanted |= {v.tobytes() for rows in new.rows() for v in columns.values(rows)}
            found = flooded_among(files, self._marks, self._flood, frozenset(wanted))
        else:
            found = flooded(files, self._marks, self._flood)
        mine = reheld(held, name, found)
        others = [each for each in self._held.values() if each.algorithm != name]
        self._held = {each.key: each for each in (*others, *mine)}

    def _merged(self, name: str, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """Return at most ``PARTS`` sorted files: the newer ones merged where they are more."""
        if len(parts) <= PARTS:
            return parts
        kept, newer = _divide(parts)
        spill = Spill(self._folder)
        try:
            for part in newer:
                for rows in DigestFile(self._folder / part.file, part.seal).rows():
                    # Older versions of an entry stay findable by its id.
                    current = name == IDS or ~self._marks.are_dead(numbers(rows))
                    spill.add_rows(rows if current is True else rows[current])
            file = f"{name}-{self._name}-merged"
            seal, count = write_digests(self._folder / file, spill.count, spill.sorted())
        finally:
            spill.close()
        return (*kept, Part(file, seal, count))

    def _joined(self, name: str, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        if len(parts) <= PARTS:
            return parts
        kept, newer = _divide(parts)
        file = f"{name}-{self._name}-merged"
        writer = ColumnWriter(self._folder / file, WIDTHS[name])
        for part in newer:
            stored = ColumnFile(self._folder / part.file, WIDTHS[name], part.seal)
            for rows in stored.rows(forget=True):
                current = ~self._marks.are_dead(columns.numbers(rows))
                writer.add_rows(rows[current])
        return (*kept, Part(file, writer.close(), writer.count))

    def _write_marks(self) -> Part:
        file = f"marks-{self._name}"
        writer = SealedWriter(self._folder / file)
        writer.write(self._marks.dead)
        writer.write(self._marks.repeat)
        return Part(file, writer.close(), self._marks.count)


class Sums:
    """What each record says, in eight bytes, by the records' numbers."""

    def __init__(self, bases: list[int], files: list[SealedFile]) -> None:
        self._bases = np.array(bases, np.int64)
        self._sums = [np.frombuffer(file.read(0, file.size), "<u8") for file in files]

    def of(self, records: NDArray[np.uint32]) -> NDArray[np.uint64]:
        found = np.empty(len(records), np.uint64)
        runs = np.searchsorted(self._bases, records, side="right") - 1
        for run in np.unique(runs):
            here = runs == run
            found[here] = self._sums[run][records[here] - self._bases[run]]
        return found


def _divide(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Return the parts to keep and the newer ones to merge: no large one for a few small ones."""
    at = len(parts) // 2
    total = sum(part.count for part in parts[at:])
    while at and parts[at - 1].count <= 4 * total:
        at -= 1
        total += parts[at].count
    return parts[:at], parts[at:]


def remove_strays(folder: Path, found: Manifest) -> None:
    """Remove the remains of a killed writer. Only the holder of the lock may."""
    named = found.files()
    for path in folder.iterdir():
        if path.name not in named and _OURS.fullmatch(path.name):
            path.unlink(missing_ok=True)
