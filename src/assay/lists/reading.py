"""One list as a reader sees it: everything its manifest names, mapped, as it was at that moment.

A writer that commits meanwhile changes nothing here: its files have other names.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from assay.lists import manifest as manifests
from assay.lists.columns import WIDTHS, ColumnFile
from assay.lists.digests import DigestFile
from assay.lists.held import Held, in_force, read_held
from assay.lists.index_files import HammingIndexError
from assay.lists.manifest import Manifest
from assay.lists.marks import read_marks
from assay.lists.model import Refused
from assay.lists.perceptual import NearIndex
from assay.lists.records import RecordFile, Stored
from assay.lists.sealed import ListDamagedError
from assay.lists.spill import KEY

DIGESTS = ("md5", "sha1", "sha256")
IDS = "id"
_TRIES = 5


class ListReader:
    """Reads one list; raises ListDamagedError naming the file that is damaged."""

    def __init__(self, folder: Path, *, near: bool = True) -> None:
        """Open it; without ``near`` perceptual hashes cannot be searched, and nothing is loaded."""
        self.folder = folder
        self._search = near
        for tried in range(_TRIES):
            self.manifest = manifests.load(folder)
            try:
                self._open()
                error: Exception | None = None
            except (ListDamagedError, HammingIndexError) as damage:
                error = damage
            # A writer may have replaced files between the manifest and us.
            if manifests.load(folder).generation == self.manifest.generation:
                break
            error = error or ListDamagedError(folder, f"it changed {tried + 1} times while opening")
        if error is not None:
            raise error

    def _open(self) -> None:
        found = self.manifest
        self._runs = [RecordFile(self.folder / r.stem, r.base, r.seals) for r in found.runs]
        self._bases = [run.base for run in found.runs]
        self.digests = {
            name: [DigestFile(self.folder / part.file, part.seal) for part in parts]
            for name, parts in found.digests.items()
        }
        self.columns = {
            name: [ColumnFile(self.folder / part.file, WIDTHS[name], part.seal) for part in parts]
            for name, parts in found.hashes.items()
        }
        self.marks = read_marks(self.folder, found)
        self.held: tuple[Held, ...] = in_force(read_held(self.folder, found.held))
        self.near = NearIndex(self.folder, found if self._search else Manifest(), self.marks)
        self._held = {each.key for each in self.held}

    def find(self, algorithm: str, digest: bytes) -> list[int]:
        """Return the current records whose digest begins with the same 16 bytes, in order."""
        found = [n for part in self.digests.get(algorithm, ()) for n in part.find(digest)]
        return sorted(n for n in found if not self.marks.is_dead(n))

    def record(self, number: int) -> Stored:
        """Return one record, current or not."""
        return self._runs[bisect_right(self._bases, number) - 1].record(number)

    def records(self) -> Iterator[Stored]:
        """Yield every current record, in order."""
        for run in self._runs:
            for stored in run.records():
                if not self.marks.is_dead(stored.number):
                    yield stored

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield number and line of every record that is no mere repeat, in order."""
        for run in self._runs:
            for number, line in run.lines():
                if not self.marks.is_repeat(number):
                    yield number, line

    def history(self, entry: str) -> list[Stored]:
        """Return every version of an entry that was ever read, oldest first."""
        key = id_key(entry)
        numbers = sorted(n for part in self.digests.get(IDS, ()) for n in part.find(key))
        versions = [self.record(n) for n in numbers if not self.marks.is_repeat(n)]
        return [stored for stored in versions if stored.entry.id == entry]

    def is_held(self, algorithm: str, value: bytes) -> bool:
        """Tell whether a hash is left out of matching (see ``held``)."""
        return bool(self._held) and (algorithm, value.hex()) in self._held

    def refused(self) -> Iterator[tuple[str, Refused]]:
        """Yield every refused piece with the name of the file it stood in."""
        for each in self.manifest.imports:
            if each["refused_file"]:
                path = self.folder / str(each["refused_file"])
                try:
                    with gzip.open(path, "rt", encoding="ascii") as lines:
                        for line in lines:
                            yield str(each["file"]), Refused(*json.loads(line))
                except (OSError, EOFError, ValueError) as error:
                    raise ListDamagedError(path, str(error)) from error

    def check(self) -> None:
        """Check every byte of what matching uses; raises ListDamagedError."""
        for digests in self.digests.values():
            for digest in digests:
                digest.check()
        for columns in self.columns.values():
            for column in columns:
                column.check()


def id_key(entry: str) -> bytes:
    """Return the 16 bytes by which the versions of an entry are found."""
    return hashlib.blake2b(entry.encode("utf-8", "surrogatepass"), digest_size=KEY).digest()
