"""Decompressors with bounded output, and the loop that drives them over a blob.

Knows compressed streams, not archives. Every decoder follows the interface of ``lzma`` and ``bz2``
(``decompress(data, max_length)``, ``eof``, ``needs_input``, ``unused_data``).
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from assay.core.blob import Blob
from assay.core.errors import Malformed
from assay.openers.streams import PIECE, Notes

MEMORY = 1 << 29  # bytes that an LZMA dictionary may take; "xz -9" needs 65 MiB
_STEP = 1 << 14  # compressed bytes fed at a time
DAMAGE = (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError, OverflowError)


class Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class Stored:
    """No compression."""

    eof = False
    needs_input = True
    unused_data = b""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return data


class Zlib:
    """zlib's decoder in the interface of the others; ``wbits`` -15 raw, 31 gzip."""

    def __init__(self, wbits: int) -> None:
        self._decoder = zlib.decompressobj(wbits)
        self._full = False

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not self._full and not self._decoder.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        out = self._decoder.decompress(self._decoder.unconsumed_tail + data, max(max_length, 0))
        self._full = len(out) == max_length  # zlib may hold more although all input is taken
        return out


class Deflate64:
    """Deflate64 through ``inflate64`` (comes with py7zr); its output is bounded by its input."""

    unused_data = b""  # not told by the library; ZIP members have a known length

    def __init__(self) -> None:
        self._decoder: Any = import_module("inflate64").Inflater()

    @property
    def eof(self) -> bool:
        return bool(self._decoder.eof)

    @property
    def needs_input(self) -> bool:
        return True

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return bytes(self._decoder.inflate(data))


class ZipLzma:
    """ZIP method 14: version, size and properties stand before the raw LZMA1 stream."""

    def __init__(self) -> None:
        self._head = b""
        self._decoder: lzma.LZMADecompressor | None = None

    @property
    def eof(self) -> bool:
        return self._decoder is not None and self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return self._decoder is None or self._decoder.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data if self._decoder is not None else b""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if self._decoder is None:
            self._head += data
            if len(self._head) < 9:
                return b""
            size = int.from_bytes(self._head[2:4], "little")
            props, dictionary = self._head[4], int.from_bytes(self._head[5:9], "little")
            if size != 5 or props >= 225 or dictionary > MEMORY:
                raise lzma.LZMAError("LZMA properties out of range")
            rest, lc = divmod(props, 9)
            pb, lp = divmod(rest, 5)
            spec = {"id": lzma.FILTER_LZMA1, "dict_size": dictionary, "lc": lc, "lp": lp, "pb": pb}
            self._decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[spec])
            data = self._head[9:]
        return self._decoder.decompress(data, max_length)


class Zstd:
    """Zstandard through ``backports.zstd`` (comes with py7zr), its errors as ValueError."""

    def __init__(self) -> None:
        self._decoder: Any = import_module("backports.zstd").ZstdDecompressor()

    @property
    def eof(self) -> bool:
        return bool(self._decoder.eof)

    @property
    def needs_input(self) -> bool:
        return bool(self._decoder.needs_input)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._decoder.unused_data)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        try:
            return bytes(self._decoder.decompress(data, max_length))
        except MemoryError:
            raise
        except Exception as error:  # ZstdError has no base of its own to catch
            raise ValueError(str(error)) from error


def xz() -> Decoder:
    """Return a decoder of .xz and .lzma streams with bounded memory."""
    return lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=MEMORY)


def gzip() -> Decoder:
    """Return a decoder of one gzip member (RFC 1952), checksum included."""
    return Zlib(31)


def bzip2() -> Decoder:
    """Return a decoder of one bzip2 stream."""
    return bz2.BZ2Decompressor()


@dataclass(frozen=True, slots=True)
class Format:
    """A format that packs one stream, and the bytes with which each of its streams begins."""

    name: str
    media_types: tuple[str, ...]
    magic: bytes
    decoder: Callable[[], Decoder]


FORMATS = (
    Format("gzip", ("application/gzip", "application/x-gzip"), b"\x1f\x8b", gzip),  # RFC 1952
    Format("bzip2", ("application/x-bzip2", "application/x-bzip"), b"BZh", bzip2),
    Format("xz", ("application/x-xz",), b"\xfd7zXZ\0", xz),  # tukaani.org xz-file-format
    Format("lzma", ("application/x-lzma",), b"\x5d\0\0", xz),
    Format("zstd", ("application/zstd", "application/x-zstd"), b"\x28\xb5\x2f\xfd", Zstd),
)
PACKED = tuple(media_type for kind in FORMATS for media_type in kind.media_types)


def format_of(head: bytes) -> Format | None:
    """Return the one-stream format that the first bytes name."""
    return next((f for f in FORMATS if head.startswith(f.magic)), None)


def expand(pieces: Iterator[bytes], decoder: Decoder) -> Iterator[bytes]:
    """Yield decoded pieces until the stream's own end; EOFError where the input ends before."""
    for data in pieces:
        for start in range(0, len(data), _STEP):
            out = decoder.decompress(data[start : start + _STEP], PIECE)
            if out:
                yield out
            while not decoder.eof and not decoder.needs_input:
                out = decoder.decompress(b"", PIECE)
                if out:
                    yield out
            if decoder.eof:
                return
    if type(decoder) is Stored:
        return
    raise EOFError("the compressed data ends too early")


class Unpacked:
    """All concatenated streams of a .gz, .bz2, .xz or .zst file as one run of pieces.

    What could be decoded before damage or the end of the file is given, and the damage noted:
    half a picture is evidence. ``end`` is the offset after the last stream, once it is known.
    """

    def __init__(self, blob: Blob, kind: Format, notes: Notes) -> None:
        self._blob = blob
        self._kind = kind
        self._notes = notes
        self.end = blob.size

    def pieces(self) -> Iterator[bytes]:
        """Yield decoded pieces; raises Malformed where not one byte could be decoded."""
        start, given = 0, False
        try:
            while True:
                feed = _Feed(self._blob, start)
                decoder = self._kind.decoder()
                for piece in expand(feed.pieces(), decoder):
                    given = True
                    yield piece
                start = self._next(feed.position - len(decoder.unused_data))
                if not self._blob.read(start, 16).startswith(self._kind.magic):
                    self.end = start
                    return
        except EOFError:
            self._notes.add("truncated", f"the {self._kind.name} stream has no end")
        except DAMAGE as error:
            if not given:
                raise Malformed(f"not a readable {self._kind.name} stream: {error}") from error
            self._notes.add("malformed", f"the {self._kind.name} stream is damaged: {error}")

    def _next(self, offset: int) -> int:
        """Skip the zero padding that may stand between streams."""
        while True:
            data = self._blob.read(offset, 1 << 16)
            rest = data.lstrip(b"\0")
            offset += len(data) - len(rest)
            if rest or not data:
                return offset


class _Feed:
    """Small pieces of a blob, and how far they have been handed out."""

    def __init__(self, blob: Blob, position: int) -> None:
        self._blob = blob
        self.position = position

    def pieces(self) -> Iterator[bytes]:
        while data := self._blob.read(self.position, _STEP):
            self.position += len(data)
            yield data
