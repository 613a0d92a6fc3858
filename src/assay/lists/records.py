"""The list's own store of whole records: compressed blocks of JSON lines, one record by number.

``NAME.blocks`` holds zlib streams of about 32 KiB of lines each, ``NAME.index`` where each begins
and its first record, ``NAME.sums`` eight bytes a record that tell whether two versions of an entry
say the same. Written once, in order, and never changed.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
import zlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.core.jsonvalue import Json, JsonObject
from assay.lists.model import ListEntry, Perceptual
from assay.lists.sealed import ListDamagedError, SealedFile, SealedWriter

LINES = 1 << 15  # bytes of lines after which a block ends
LONGEST = 1 << 24  # bytes of one record; a longer one is kept without its source fields
_KEPT = 32  # blocks that a reader keeps unpacked
_ROW = struct.Struct("<QQ")  # byte where a block begins, its first record
_PLAIN = (
    ("md5", ""),
    ("sha1", ""),
    ("sha256", ""),
    ("size", None),
    ("category", None),
    ("namespace", ""),
    ("identified", None),
    ("distributed", None),
    ("series", ""),
    ("disputed", False),
    ("deleted", False),
    ("updated", ""),
    ("label", ""),
)
_LOST = "remove the list and add its source files again; assay lists show names them"
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as the list holds it."""

    number: int  # in the list, from 0
    source: int  # the import that brought it, from 0
    entry: ListEntry


def encode(entry: ListEntry, source: int) -> tuple[bytes, bytes]:
    """Return the line of a record without its newline, and eight bytes over what it says.

    Where it was found (locator, import) is no part of what it says. Raises ValueError where the
    source's fields are no JSON or too long (see ``without_fields``).
    """
    body: dict[str, Any] = {"id": entry.id}
    for name, absent in _PLAIN:
        value = getattr(entry, name)
        if value != absent:
            body[name] = value
    if entry.hashes:
        body["hashes"] = [[h.algorithm, h.value.hex(), h.quality] for h in entry.hashes]
    if entry.record:
        body["record"] = entry.record
    try:
        text = _encode(body)
    except ValueError:
        body["record"] = _finite(entry.record)
        text = _encode(body)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"the record is not JSON: {error}") from error
    if len(text) > LONGEST:
        raise ValueError(f"the record has {len(text)} bytes")
    line = text.encode("ascii")
    said = hashlib.blake2b(line, digest_size=8).digest()
    place = _encode([entry.locator, source]).encode("ascii")
    return line[:-1] + b',"at":' + place + b"}", said


def decode(line: bytes, number: int) -> Stored:
    """Return the record of a line written by ``encode``."""
    body = json.loads(line)
    locator, source = body["at"]
    hashes = tuple(
        Perceptual(algorithm, bytes.fromhex(value), quality)
        for algorithm, value, quality in body.get("hashes", ())
    )
    plain = {name: body.get(name, absent) for name, absent in _PLAIN}
    entry = ListEntry(
        id=body["id"], hashes=hashes, record=body.get("record", {}), locator=locator, **plain
    )
    return Stored(number, source, entry)


def _finite(value: Json) -> Json:
    """Write NaN and the infinities, which JSON lacks, as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(each) for each in value]
    return value


def without_fields(record: JsonObject, reason: str) -> JsonObject:
    """Return what stands in for source fields that cannot be kept."""
    return {"not_kept": reason, "fields": [str(name)[:100] for name in list(record)[:100]]}


class RecordWriter:
    """Writes the three files of one run of records; nothing counts before ``close``."""

    def __init__(self, stem: Path) -> None:
        self.count = 0
        self._path = stem.with_suffix(".blocks")
        self._file = self._path.open("xb")
        self._index = SealedWriter(stem.with_suffix(".index"))
        self._sums = SealedWriter(stem.with_suffix(".sums"))
        self._lines = bytearray()
        self._first = 0
        self._at = 0

    def add(self, line: bytes, said: bytes) -> int:
        """Add a record and return its number in these files."""
        self._lines += line
        self._lines += b"\n"
        self._sums.write(said)
        self.count += 1
        if len(self._lines) >= LINES:
            self._end_block()
        return self.count - 1

    def close(self) -> dict[str, str]:
        """Write all through to the disk; return the seals of index and sums."""
        self._end_block()
        self._index.write(_ROW.pack(self._at, self.count))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return {"index": self._index.close(), "sums": self._sums.close()}

    def abandon(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)
        self._index.abandon()
        self._sums.abandon()

    def _end_block(self) -> None:
        if not self._lines:
            return
        packed = zlib.compress(self._lines, 1)
        self._index.write(_ROW.pack(self._at, self._first))
        self._file.write(packed)
        self._at += len(packed)
        self._first = self.count
        self._lines.clear()


class RecordFile:
    """Reads one run of records; raises ListDamagedError naming the file."""

    def __init__(self, stem: Path, base: int, seals: Mapping[str, str]) -> None:
        """Open it; ``base`` is the number in the list of its first record."""
        self.base = base
        self.stem = stem
        self._path = stem.with_suffix(".blocks")
        self._index = SealedFile(stem.with_suffix(".index"), seals.get("index", ""))
        rows = self._index.read(0, self._index.size)
        if not len(rows) or len(rows) % _ROW.size:
            raise self._damaged("its size is not what was written")
        columns = rows.cast("Q")
        self._begins, self._firsts = columns[::2], columns[1::2]
        self.count = self._firsts[-1]
        try:
            self._fd = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            size = os.fstat(self._fd).st_size
        except OSError as error:
            raise self._damaged(error.strerror or str(error)) from error
        self._blocks: OrderedDict[int, list[bytes]] = OrderedDict()
        if size != self._begins[-1]:
            raise self._damaged(f"{size} bytes instead of {self._begins[-1]}")

    def __del__(self) -> None:
        if (fd := getattr(self, "_fd", -1)) >= 0:
            os.close(fd)

    def record(self, number: int) -> Stored:
        """Return the record with this number in the list."""
        at = number - self.base
        block = bisect_right(self._firsts, at) - 1
        return self._decode(self._lines(block)[at - self._firsts[block]], number)

    def records(self) -> Iterator[Stored]:
        """Yield every record in order."""
        for number, line in self.lines():
            yield self._decode(line, number)

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield every record's number in the list and its line."""
        for block in range(len(self._begins) - 1):
            first = self.base + self._firsts[block]
            yield from enumerate(self._lines(block), first)

    def _damaged(self, what: str) -> ListDamagedError:
        return ListDamagedError(self._path, what, hint=_LOST)

    def _lines(self, block: int) -> list[bytes]:
        kept = self._blocks.get(block)
        if kept is not None:
            self._blocks.move_to_end(block)
            return kept
        begin, end = self._begins[block], self._begins[block + 1]
        try:
            text = zlib.decompress(_read_at(self._fd, end - begin, begin))
        except (zlib.error, OSError) as error:
            raise self._damaged(f"the block at byte {begin}: {error}") from error
        lines = text.split(b"\n")[:-1]
        if len(lines) != self._firsts[block + 1] - self._firsts[block]:
            raise self._damaged(f"the block at byte {begin} lacks records")
        if len(text) <= 4 * LINES:
            self._blocks[block] = lines
            if len(self._blocks) > _KEPT:
                self._blocks.popitem(last=False)
        return lines

    def _decode(self, line: bytes, number: int) -> Stored:
        try:
            return decode(line, number)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._damaged(f"record {number}: {error}") from error


def _read_at(fd: int, size: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(fd, size, offset)
    os.lseek(fd, offset, os.SEEK_SET)
    return os.read(fd, size)
