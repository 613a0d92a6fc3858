"""Which files make up an index at one moment: the manifest, and which of their hashes are deleted.

The manifest is replaced as a whole, so there is one moment at which an index changes from its old
files to new ones. Every manifest has its own generation number, which its files bear in their
names: what no manifest names is left over from a writer that was killed.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.lists.index_files import (
    HammingIndexError,
    IndexDamagedError,
    IndexMissingError,
    replace,
)
from assay.lists.index_tail import EMPTY

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANIFEST = "manifest"
_FORMAT = 1
_OURS = re.compile(r"(segment|tail|deleted)-(\d+)(\.tmp)?|manifest(\.tmp)?")
_BITMAP = struct.Struct("<8sIQQI")  # magic, version, generation, edition, CRC-32 of all else
_MAGIC = b"ASSAYDEL"


@dataclass(frozen=True, slots=True)
class Named:
    """A segment as the manifest names it."""

    file: str
    count: int  # hashes
    header: str  # SHA-256 of the segment's header page


@dataclass(frozen=True, slots=True)
class Manifest:
    generation: int
    segments: tuple[Named, ...]  # in the order in which their slots are counted

    @property
    def tail(self) -> str:
        return f"tail-{self.generation}"

    @property
    def deleted(self) -> str:
        return f"deleted-{self.generation}"

    def files(self) -> set[str]:
        return {MANIFEST, self.tail, self.deleted, *(s.file for s in self.segments)}

    def bases(self) -> list[int]:
        """Return the first slot of each segment and of the tail; each begins a byte of the bitmap.

        A slot is a hash's place in the index: the unit of deletion.
        """
        found = [0]
        for segment in self.segments:
            found.append(found[-1] + (segment.count + 7) // 8 * 8)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Deleted:
    """Bit ``slot % 8`` of byte ``slot // 8`` is set where a hash is deleted."""

    edition: int  # grows with every deletion of a generation
    bits: NDArray[np.uint8]  # slots behind its end are not deleted


def manifest_bytes(folder: Path) -> bytes:
    """Return the manifest as it lies there; raises IndexMissingError, or IndexDamagedError."""
    path = folder / MANIFEST
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if folder.is_dir() and not all(map(_is_beginning, leftovers(folder, None))):
            what = "is missing, but its files are there"
            raise IndexDamagedError(path, "manifest", what) from None
        raise IndexMissingError(f"{folder}: there is no index here") from None


def _is_beginning(path: Path) -> bool:
    """Return whether a writer that was killed while it began an index can have left this file."""
    if path.name == "tail-0":
        return path.stat().st_size <= EMPTY
    return path.name in {"deleted-0", "deleted-0.tmp", "manifest.tmp"}


def parse_manifest(path: Path, data: bytes) -> Manifest:
    """Raises IndexDamagedError, or HammingIndexError for another version of the format."""
    try:
        stored = json.loads(data)
        if stored.pop("check") != _check(stored):
            raise IndexDamagedError(path, "manifest", "the checksum does not match")
        if stored["format"] != _FORMAT:
            raise HammingIndexError(
                f"{path}: format {stored['format']}; this version of Assay reads {_FORMAT}",
                hint="Rebuild the index from the list's stored records.",
            )
        return Manifest(
            int(stored["generation"]),
            tuple(Named(s["file"], int(s["count"]), s["header"]) for s in stored["segments"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamagedError(path, "manifest", f"cannot be read ({error})") from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Change from the old state to this one. All files that it names must be on disk."""
    stored: dict[str, object] = {
        "format": _FORMAT,
        "generation": manifest.generation,
        "segments": [
            {"file": s.file, "count": s.count, "header": s.header} for s in manifest.segments
        ],
    }
    stored["check"] = _check(stored)
    replace(folder / MANIFEST, json.dumps(stored, indent=1).encode("ascii") + b"\n")


def leftovers(folder: Path, manifest: Manifest | None) -> list[Path]:
    """Return the files of an index that the manifest does not name."""
    named = manifest.files() if manifest else {MANIFEST}
    return sorted(p for p in folder.iterdir() if _OURS.fullmatch(p.name) and p.name not in named)


def last_generation(folder: Path) -> int:
    """Return the highest generation that any file bears; -1 where there is none."""
    found = (_OURS.fullmatch(p.name) for p in folder.iterdir())
    return max((int(m[2]) for m in found if m and m[2]), default=-1)


def write_deleted(folder: Path, manifest: Manifest, deleted: Deleted) -> None:
    """Replace the bitmap."""
    head = _BITMAP.pack(_MAGIC, _FORMAT, manifest.generation, deleted.edition, 0)[:-4]
    body = deleted.bits.tobytes()
    crc = zlib.crc32(body, zlib.crc32(head))
    replace(folder / manifest.deleted, head + crc.to_bytes(4, "little") + body)


def read_deleted(folder: Path, manifest: Manifest, before: Deleted | None = None) -> Deleted:
    """Return the bitmap, or ``before`` if it is still that; raises FileNotFoundError."""
    path = folder / manifest.deleted
    with path.open("rb") as file:
        head = file.read(_BITMAP.size)
        if len(head) < _BITMAP.size:
            raise IndexDamagedError(path, "header", f"the file has {len(head)} bytes")
        magic, version, generation, edition, crc = _BITMAP.unpack(head)
        known = (_MAGIC, _FORMAT, manifest.generation)
        if before and (magic, version, generation) == known and edition == before.edition:
            return before
        body = file.read()
    if magic != _MAGIC or zlib.crc32(body, zlib.crc32(head[:-4])) != crc:
        raise IndexDamagedError(path, "bitmap", "the checksum does not match")
    if (magic, version, generation) != known:
        raise IndexDamagedError(path, "header", f"version {version}, generation {generation}")
    return Deleted(edition, np.frombuffer(body, np.uint8))


def _check(stored: dict[str, object]) -> str:
    text = json.dumps(stored, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
