"""Opens 7z archives: py7zr reads the header and decodes, this pulls, so that memory stays bounded.

``SevenZipFile.extractall`` pushes whole members at a factory; a decoder pulled piece by piece can
be stopped by the engine's limits at any byte. Folder here is the format's word for one compressed
stream that holds one or more files (7-Zip's 7zFormat.txt). py7zr turns backslashes in names into
slashes.
"""

from __future__ import annotations

import io
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, BinaryIO

from assay.core.blob import Blob, MemoryBlob, open_blob
from assay.core.errors import Encrypted, LimitReached, Malformed
from assay.core.names import display
from assay.core.opening import Limits, Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import EntryKind, Reach
from assay.openers.stamps import filetime_stamp
from assay.openers.streams import Notes, stream_of, unlisted

MAGIC = b"7z\xbc\xaf\x27\x1c"
HEAD_SIZE = 32  # bytes of the signature header
_AES = b"\x06\xf1\x07\x01"  # method id of 7zAES
_FEED = 1 << 13  # compressed bytes at a time: some of py7zr's decoders ignore an output limit
_PIECE = 1 << 18  # decoded bytes at a time
_ROUNDS = 1 << 26  # SHA-256 rounds spent on wrong passwords per archive, about 6 s
_CYCLES = 24  # the most that py7zr derives a key with
_TARGET = 4096  # bytes of a link
_BOMB = "decompression_bomb"
_FOLDER_ATTRIBUTE, _UNIX_ATTRIBUTE = 0x10, 0x8000


class SevenZipOpener:
    name = "7z"
    version = "1"
    reach = Reach.WHOLE
    media_types: tuple[str, ...] = ("application/x-7z-compressed",)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield members in stored order; raises Encrypted where the header itself is locked.

        A member can be read only until the next one is asked for.
        """
        head = blob.read(0, HEAD_SIZE)
        if not head.startswith(MAGIC) or len(head) < HEAD_SIZE:
            raise Malformed("no 7z signature header")
        end = header_end(head)
        if end > blob.size:
            yield Trouble("truncated", f"the 7z header ends at byte {end} of {blob.size}")
            return
        yield from _Archive(blob, context).members()
        rest = unlisted(blob, end, blob.size)
        if rest is not None:
            yield rest

    def warm(self) -> None:
        import_module("psutil").virtual_memory()  # else py7zr reads /proc later
        _read_samples()


def header_end(head: bytes) -> int:
    """Return the offset after the archive, from its signature header."""
    offset, size = int.from_bytes(head[12:20], "little"), int.from_bytes(head[20:28], "little")
    return HEAD_SIZE + offset + size


def signature_holds(head: bytes) -> bool:
    """Tell whether 32 bytes are a signature header whose own checksum holds."""
    said = int.from_bytes(head[8:12], "little")
    return head.startswith(MAGIC) and len(head) == HEAD_SIZE and zlib.crc32(head[12:]) == said


@lru_cache(maxsize=1)
def _library() -> Any:
    """Import py7zr, and let it derive a key once per password instead of once per folder."""
    compressor: Any = import_module("py7zr.compressor")
    compressor.calculate_key = lru_cache(maxsize=64)(compressor.calculate_key)
    return import_module("py7zr")


@dataclass(slots=True)
class _Folder:
    """One compressed stream and its place."""

    raw: Any  # py7zr's Folder
    start: int  # offset in the blob
    packed: int  # bytes
    files: list[Any]

    @property
    def locked(self) -> bool:
        return any(coder["method"] == _AES for coder in self.raw.coders)


class _Archive:
    def __init__(self, blob: Blob, context: OpenContext) -> None:
        self._blob = blob
        self._context = context
        self._passwords: list[str] = [_text(p) for p in context.passwords]
        self._proved: set[str] = set()
        self._rounds = _ROUNDS
        self._notes = Notes()

    def members(self) -> Iterator[Member | Trouble]:
        archive = self._read_header()
        try:
            folders = self._folders(archive)
            files = list(archive.files)
            empty = set(_empty_files(archive))
        except MemoryError:
            raise
        except Exception as error:
            raise Malformed(f"the 7z header does not hold together: {error}") from error
        for file in files:
            if file.emptystream and file.id in empty:
                yield self._member(file, None, None)
        for folder in folders:
            yield from self._folder(folder)

    def _read_header(self) -> Any:
        """Return py7zr's archive; raises Encrypted or Malformed."""
        library = _library()
        try:
            return library.SevenZipFile(open_blob(self._blob), "r")
        except library.exceptions.PasswordRequired:
            pass
        except MemoryError:
            raise
        except Exception as error:
            raise Malformed(f"the 7z header cannot be read: {error}") from error
        for password in tuple(self._passwords):
            self._spend(password, 19)
            try:
                archive = library.SevenZipFile(open_blob(self._blob), "r", password=password)
            except MemoryError:
                raise
            except Exception:
                continue  # a wrong password gives garbage, so any error may come of it
            self._first(password)
            return archive
        raise Encrypted("the 7z header is locked, and no given password opens it")

    def _folders(self, archive: Any) -> list[_Folder]:
        streams = archive.header.main_streams
        if streams is None:
            return []
        start = archive.afterheader + streams.packinfo.packpos
        sizes = list(streams.packinfo.packsizes)
        folders = []
        for raw in streams.unpackinfo.folders:
            count = len(raw.packed_indices) or 1
            packed, sizes = sizes[:count], sizes[count:]
            folders.append(_Folder(raw, start, sum(packed), list(raw.files or ())))
            start += sum(packed)
        return folders

    # -- one compressed stream -----------------------------------------------------------------

    def _folder(self, folder: _Folder) -> Iterator[Member | Trouble]:
        try:
            password = self._password(folder)
            source = _Source(self._blob, folder, password, self._context.limits)
        except (Encrypted, Malformed, OSError) as error:
            for file in folder.files:
                yield self._member(file, None, error)
            return
        for file in folder.files:
            yield self._member(file, source, None, packed=folder.packed)
            yield from self._notes.drain()

    def _password(self, folder: _Folder) -> str | None:
        """Return the password of a folder: the first that decodes its first file."""
        if not folder.locked:
            return None
        if not folder.files:
            return ""
        cycles = _cycles(folder.raw)
        for password in tuple(self._passwords):
            self._spend(password, cycles)
            try:
                room = self._context.limits.member_size
                trial = _Source(self._blob, folder, password, self._context.limits)
                for piece in trial.file(folder.files[0]):
                    room -= len(piece)
                    if room < 0:
                        break
            except (Malformed, OSError):
                continue
            self._first(password)
            return password
        raise Encrypted("no given password opens it, or it is damaged")

    def _first(self, password: str) -> None:
        """Move a password that opened something to the front; its key costs nothing again."""
        self._passwords.remove(password)
        self._passwords.insert(0, password)
        self._proved.add(password)

    def _spend(self, password: str, cycles: int) -> None:
        if password in self._proved:
            return
        if self._rounds <= 0:
            raise Encrypted("stopped trying passwords on this archive: each takes too long")
        self._rounds -= 1 << cycles

    # -- one file ------------------------------------------------------------------------------

    def _member(
        self, file: Any, source: _Source | None, error: Exception | None, packed: int = 0
    ) -> Member:
        name = str(file.filename)
        attributes = file._get_property("attributes") or 0
        mode = attributes >> 16 if attributes & _UNIX_ATTRIBUTE else 0
        kind, detail = EntryKind.FILE, ""
        if stat.S_ISLNK(mode) and source is not None and 0 < file.uncompressed <= _TARGET:
            kind, detail = EntryKind.SYMLINK, self._target(file, source)

        def open_member() -> BinaryIO:
            if error is not None:
                raise error
            pieces = self._pieces(name, file, source) if source is not None else iter(())
            return stream_of(pieces)

        time = file.lastwritetime
        return Member(
            name=name,
            kind=kind,
            open=open_member if kind is EntryKind.FILE else None,
            stored_size=max(packed, 1) if packed else None,
            times=(filetime_stamp("7z mtime", int(time)),) if time is not None else (),
            mode=mode or None,
            locator=f"entry {file.id}",
            detail=detail,
        )

    def _target(self, file: Any, source: _Source) -> str:
        try:
            return b"".join(source.file(file)).decode("utf-8", "surrogateescape")
        except (LimitReached, Malformed, OSError):
            return ""

    def _pieces(self, name: str, file: Any, source: _Source) -> Iterator[bytes]:
        given = 0
        try:
            for piece in source.file(file):
                given += len(piece)
                yield piece
        except Malformed as error:
            if source.locked and source.password is not None and not given:
                raise Encrypted(f"wrong password or damaged: {error}") from error
            if not given:
                raise
            self._notes.add("malformed", f"{display(name)}: after {given} bytes: {error}")


class _Source:
    """Decodes the files of one folder, in order; one that was passed over is decoded past."""

    def __init__(self, blob: Blob, folder: _Folder, password: str | None, limits: Limits) -> None:
        compressor: Any = import_module("py7zr.compressor")
        exceptions = _library().exceptions
        self.locked = folder.locked
        self.password = password
        raw = folder.raw
        if self.locked and _cycles(raw) > _CYCLES:
            raise Encrypted("its key takes too long to derive")
        try:
            self._decoder = compressor.SevenZipDecompressor(
                raw.coders, folder.packed, raw.unpacksizes, raw.crc, password, _FEED
            )
        except exceptions.UnsupportedCompressionMethodError as error:
            raise OSError(f"not supported: {error.message}") from error
        except MemoryError:
            raise
        except exceptions.PasswordRequired as error:
            raise Encrypted("no password given") from error
        except Exception as error:
            raise Malformed(f"its method cannot be set up: {error}") from error
        self._file = open_blob(blob)
        self._file.seek(folder.start)
        self._offsets: dict[int, int] = {}
        at = 0
        for file in folder.files:
            self._offsets[file.id] = at
            at += file.uncompressed
        self._position = 0
        self._waste = limits.ratio_floor + limits.ratio * folder.packed

    def file(self, file: Any) -> Iterator[bytes]:
        """Yield the pieces of one file; raises Malformed, also for a wrong checksum at its end."""
        start = self._offsets[file.id]
        if self._position > start:
            raise OSError("a file of a 7z archive was asked for out of order")
        for piece in self._take(start - self._position):
            self._waste -= len(piece)
            if self._waste < 0:
                raise LimitReached("too much before it has to be passed over", flag=_BOMB)
        crc = 0
        for piece in self._take(file.uncompressed):
            crc = zlib.crc32(piece, crc)
            yield piece
        if file.crc32 is not None and crc != file.crc32:
            raise Malformed("the checksum differs")

    def _take(self, size: int) -> Iterator[bytes]:
        idle = 0
        while size > 0:
            before = self._decoder.consumed
            try:
                piece = bytes(self._decoder.decompress(self._file, min(size, _PIECE)))
            except MemoryError:
                raise
            except Exception as error:  # five libraries, each with errors of its own
                raise Malformed(f"cannot be decompressed: {error}") from error
            idle = 0 if piece or self._decoder.consumed > before else idle + 1
            if idle > 1:
                raise Malformed("the compressed data ends too early")
            size -= len(piece)
            self._position += len(piece)
            if piece:
                yield piece


def _empty_files(archive: Any) -> Iterator[int]:
    """Yield the ids of files of 0 bytes; the other entries without a stream are folders."""
    flags = list(archive.header.files_info.emptyfiles) if archive.header.files_info else []
    number = 0
    for file in archive.files:
        if file.emptystream:
            attributes = file._get_property("attributes") or 0
            said = number < len(flags) and flags[number]
            if said and not attributes & _FOLDER_ATTRIBUTE:
                yield file.id
            number += 1


def _cycles(raw: Any) -> int:
    for coder in raw.coders:
        if coder["method"] == _AES:
            properties = coder.get("properties") or b"\0"
            cycles = int(properties[0]) & 0x3F
            return 0 if cycles == 0x3F else cycles
    return 0


def _text(password: bytes) -> str:
    try:
        return password.decode("utf-8")
    except UnicodeDecodeError:
        return password.decode("latin-1")


def _read_samples() -> None:
    """Read a tiny archive of every method, so that nothing is left to import after the seal."""
    library = _library()
    compressor: Any = import_module("py7zr.compressor")
    derive = compressor.calculate_key
    # the samples' keys in 2 rounds instead of 2¹⁹, which take longer than all the rest
    compressor.calculate_key = lambda password, _, salt, digest: derive(password, 1, salt, digest)
    try:
        _write_and_read(library)
    finally:
        compressor.calculate_key = derive


def _write_and_read(library: Any) -> None:
    aes = {"id": library.FILTER_CRYPTO_AES256_SHA256}
    lzma2 = {"id": library.FILTER_LZMA2, "preset": 0}
    chains: tuple[list[dict[str, int]], ...] = (
        [{"id": library.FILTER_X86}, lzma2],
        [{"id": library.FILTER_LZMA, "preset": 0}],
        [{"id": library.FILTER_DEFLATE}],
        [{"id": library.FILTER_BZIP2}],
        [{"id": library.FILTER_ZSTD, "level": 1}],
        [{"id": library.FILTER_BROTLI, "level": 1}],
        [{"id": library.FILTER_PPMD, "order": 6, "mem": 16}],
        [{"id": library.FILTER_COPY}, aes],
    )
    for chain in chains:
        out = io.BytesIO()
        locked = "a" if aes in chain else None
        with library.SevenZipFile(
            out, "w", filters=chain, password=locked, header_encryption=locked is not None
        ) as archive:
            archive.set_encoded_header_mode(locked is not None)  # packed once is enough
            archive.writestr(b"a", "a")
        context = OpenContext((b"wrong", b"a"))
        for entry in SevenZipOpener().open(MemoryBlob(out.getvalue()), context):
            if isinstance(entry, Member) and entry.open is not None:
                entry.open().read()
