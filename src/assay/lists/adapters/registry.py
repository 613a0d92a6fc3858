"""Every adapter, and opening a list file of any format, compressed or not."""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from assay.core.errors import SourceError, UsageError
from assay.lists.adapters.csv_ import CsvAdapter
from assay.lists.adapters.ncmec import NcmecAdapter
from assay.lists.adapters.nsrl import NsrlAdapter
from assay.lists.adapters.plain import PlainAdapter
from assay.lists.adapters.vics import VicsAdapter
from assay.lists.model import HEAD, Adapter, ListEntry, ListFacts, Refused

# plain lines last: almost any text with a hash in it looks a little like them
ADAPTERS: tuple[Adapter, ...] = (
    VicsAdapter(),
    NsrlAdapter(),
    NcmecAdapter(),
    CsvAdapter(),
    PlainAdapter(),
)
_GZIP, _ZIP, _SQLITE = b"\x1f\x8b", b"PK\x03\x04", b"SQLite format 3\0"
_RATIO = 200  # of unpacked to packed bytes beyond which a file is no list but a trap
_FREE_RATIO = 256 << 20  # unpacked bytes before the ratio counts
_MEMBERS = 64  # of a zip file that are looked at
_BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


def recognise(head: bytes, name: str) -> Adapter | None:
    """Return the adapter for a file by its first 64 KiB; None where no format is known."""
    return next((adapter for adapter in ADAPTERS if adapter.recognises(head, name)), None)


def adapter(name: str) -> Adapter:
    """Return an adapter by its name; raises UsageError that lists the known ones."""
    found = next((adapter for adapter in ADAPTERS if adapter.name == name), None)
    if found is None:
        known = ", ".join(adapter.name for adapter in ADAPTERS)
        raise UsageError(f"unknown list format {name!r}", hint=f"known ones are {known}")
    return found


def open_list(
    path: Path, options: Mapping[str, str] | None = None
) -> Iterator[ListFacts | ListEntry | Refused]:
    """Yield what a list file holds; ``.gz`` and ``.zip`` are unpacked while reading.

    ``options`` go to the adapter; ``format`` names it where the content should not decide.
    Raises SourceError where the file cannot be opened and UsageError where its format is unknown;
    what breaks later while reading is a Refused. Both are raised by the call, not by iterating.
    """
    options = options or {}
    with ExitStack() as stack:
        try:
            opened = _opened(path, stack, options.get("format", ""))
        except _BROKEN as error:
            raise SourceError(f"{path}: cannot be read as a list: {error}") from None
        return _reading(opened, options, stack.pop_all())


@dataclass(frozen=True, slots=True)
class _Opened:
    adapter: Adapter
    file: BinaryIO
    guard: _Guard | None  # of an unpacking stream
    notes: tuple[str, ...] = ()


def _reading(
    opened: _Opened, options: Mapping[str, str], stack: ExitStack
) -> Iterator[ListFacts | ListEntry | Refused]:
    with stack:
        if opened.notes:
            yield ListFacts(opened.adapter.name, notes=opened.notes)
        try:
            yield from opened.adapter.read(opened.file, options)
        except OSError as error:  # the disk, not the list
            yield Refused("", f"the file cannot be read on: {error}")
        if opened.guard and opened.guard.trouble:
            reason = f"{opened.guard.trouble}; what follows is not read"
            yield Refused(f"unpacked byte {opened.guard.count}", reason)


def _opened(path: Path, stack: ExitStack, wanted: str) -> _Opened:
    file = stack.enter_context(path.open("rb"))
    head = file.read(HEAD)
    file.seek(0)
    if head.startswith(_GZIP):
        packed = stack.enter_context(gzip.GzipFile(fileobj=file))
        return _unpacked(cast("IO[bytes]", packed), path, path.stat().st_size, stack, wanted)
    if head.startswith(_ZIP):
        return _zipped(file, path, stack, wanted)
    return _Opened(_adapter_for(head, path.name, wanted), file, None)


def _adapter_for(head: bytes, name: str, wanted: str) -> Adapter:
    if wanted:
        return adapter(wanted)
    found = recognise(head, name)
    if found is None:
        known = ", ".join(adapter.name for adapter in ADAPTERS)
        raise UsageError(
            f"{name}: its content is no known list format", hint=f"known ones are {known}"
        )
    return found


def _unpacked(
    packed: IO[bytes],
    path: Path,
    size: int,
    stack: ExitStack,
    wanted: str,
    notes: tuple[str, ...] = (),
) -> _Opened:
    guard = _Guard(packed, size)
    head = guard.peeked(HEAD)
    stream = io.BufferedReader(guard, 1 << 18)
    chosen = _adapter_for(head, path.name, wanted)
    if not head.startswith(_SQLITE):
        return _Opened(chosen, cast("BinaryIO", stream), guard, notes)
    # SQLite reads from a file, so a packed database is unpacked beside the other temporary files
    made = tempfile.NamedTemporaryFile(prefix="assay-list-", suffix=".db")  # noqa: SIM115 - closed by the stack
    copy = stack.enter_context(made)
    room = shutil.disk_usage(copy.name).free // 2
    while block := stream.read(1 << 20):
        room -= len(block)
        if room < 0:
            raise SourceError(
                f"{path}: the packed database does not fit beside the temporary files",
                hint="unpack it where there is room and add the file",
            )
        copy.write(block)
    copy.flush()
    copy.seek(0)
    return _Opened(chosen, cast("BinaryIO", copy), guard, notes)


def _zipped(file: BinaryIO, path: Path, stack: ExitStack, wanted: str) -> _Opened:
    archive = stack.enter_context(zipfile.ZipFile(file))
    members = [member for member in archive.infolist() if not member.is_dir()]
    if any(member.flag_bits & 1 for member in members):
        raise UsageError(f"{path}: the archive is locked", hint="unpack it and add the file")
    fitting = members
    if len(members) > 1:
        found = []
        for member in members[:_MEMBERS]:
            with archive.open(member) as stream:
                known = recognise(stream.read(HEAD), member.filename)
            if known:
                found.append((member, known.name))
        # checksums and notes beside a list look like plain lines
        special = [member for member, name in found if name != "plain"]
        fitting = special or [member for member, _ in found]
    if len(fitting) != 1:
        names = ", ".join(member.filename for member in members[:10])
        raise UsageError(
            f"{path}: {len(fitting)} of its {len(members)} files are lists: {names}",
            hint="unpack it and add the files that are wanted",
        )
    member = fitting[0]
    others = [other.filename for other in members if other is not member]
    notes = (f"read from {member.filename}; not read: {', '.join(others[:10])}",) if others else ()
    stream = stack.enter_context(archive.open(member))
    return _unpacked(stream, path, member.compress_size, stack, wanted, notes)


class _Guard(io.RawIOBase):
    """An unpacking stream that ends where it breaks or grows without measure, and says so."""

    def __init__(self, packed: IO[bytes], size: int) -> None:
        super().__init__()
        self._packed = packed
        self._size = max(size, 1)  # packed bytes
        self._back = b""
        self.count = 0  # bytes given
        self.trouble = ""

    def readable(self) -> bool:
        return True

    def peeked(self, size: int) -> bytes:
        """Return the first bytes, which are given again; only before anything else is read."""
        head = b""
        while len(head) < size and (raw := self.read(size - len(head))):
            head += raw
        self._back, self.count = head, 0
        return head

    def readinto(self, buffer: object) -> int:
        room = memoryview(buffer)  # type: ignore[arg-type]
        raw, self._back = self._back[: len(room)], self._back[len(room) :]
        if not raw and not self.trouble:
            try:
                # one step at a time: what was unpacked before the damage is not lost with it
                raw = self._packed.read1(len(room))  # type: ignore[attr-defined]
            except _BROKEN as error:
                self.trouble = f"the packed file is damaged: {error}"
        self.count += len(raw)
        if self.count > _FREE_RATIO and self.count > _RATIO * self._size:
            self.trouble = f"it unpacks to more than {_RATIO} times its size"
            raw = b""
        room[: len(raw)] = raw
        return len(raw)
