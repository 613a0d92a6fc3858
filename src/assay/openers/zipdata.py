"""The content of one ZIP member: decrypted, decompressed, checked, in pieces.

Knows methods and checksums, not directories. Damage behind the first decoded byte ends the
content early with a note, so that what could be read is still examined.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from assay.core.blob import Blob
from assay.core.errors import Encrypted, Malformed
from assay.core.names import display
from assay.core.opening import Limits
from assay.openers import inflate
from assay.openers.streams import Notes, find, pieces_of, stream_of, text
from assay.openers.zipdir import LOCAL, UNKNOWN, Entry, Local, extra_field
from assay.openers.ziplock import Cipher, Keys, Lock, aes_lock, authentic

AES = 99
STRONG = 0x40  # flag: PKWARE strong encryption
AES_FIELD = 0x9901


@dataclass(frozen=True, slots=True)
class Method:
    number: int
    name: str
    decoder: Callable[[], inflate.Decoder] | None  # None: known, and not supported


# PKWARE APPNOTE 6.3.10 §4.4.5
_METHODS = (
    Method(0, "stored", inflate.Stored),
    Method(1, "shrunk", None),
    Method(6, "imploded", None),
    Method(8, "deflate", lambda: inflate.Zlib(-15)),
    Method(9, "deflate64", inflate.Deflate64),
    Method(12, "bzip2", inflate.bzip2),
    Method(14, "LZMA", inflate.ZipLzma),
    Method(20, "Zstandard (old number)", inflate.Zstd),
    Method(93, "Zstandard", inflate.Zstd),
    Method(95, "xz", inflate.xz),
    Method(96, "JPEG recompressed", None),
    Method(97, "WavPack", None),
    Method(98, "PPMd", None),
)
METHODS = {method.number: method for method in _METHODS}


class Content:
    """Opens the content of entries of one archive."""

    def __init__(self, blob: Blob, keys: Keys, limits: Limits, notes: Notes) -> None:
        self._blob = blob
        self._keys = keys
        self._limits = limits
        self._notes = notes

    def open(self, entry: Entry, local: Local) -> BinaryIO:
        """Open one member; raises Encrypted, Malformed, or OSError for an unknown method."""
        if entry.locked:
            return stream_of(self._unlocked(entry, local))
        pieces = pieces_of(self._blob, local.data, self._stored(entry, local))
        return stream_of(self._checked(entry, entry.method, pieces))

    def _stored(self, entry: Entry, local: Local) -> int:
        """Return the number of stored bytes; of a streamed, salvaged member an upper bound."""
        if entry.stored != UNKNOWN:
            return entry.stored
        rest = self._blob.size - local.data
        if entry.method:
            return rest  # the compressed stream knows its own end
        ends = [
            at
            for mark in (b"PK\7\x08", LOCAL)
            if (at := find(self._blob, mark, local.data, self._blob.size)) >= 0
        ]
        return min(ends) - local.data if ends else rest

    # -- plain members -------------------------------------------------------------------------

    def _checked(
        self, entry: Entry, method: int, pieces: Iterator[bytes], *, crc: bool = True
    ) -> Iterator[bytes]:
        name = display(text(entry.name))
        given, checksum = 0, 0
        decoder = _decoder(method)
        try:
            for piece in inflate.expand(pieces, decoder):
                checksum = zlib.crc32(piece, checksum)
                given += len(piece)
                yield piece
        except EOFError:
            if not given:
                raise Malformed("its data lies behind the end of the file") from None
            self._notes.add("truncated", f"{name}: {given} of {entry.size} bytes")
            return
        except inflate.DAMAGE as error:
            if not given:
                raise Malformed(f"cannot be decompressed: {error}") from error
            self._notes.add("malformed", f"{name}: damaged after {given} bytes: {error}")
            return
        if isinstance(decoder, inflate.Stored) and given < max(entry.stored, 0):
            self._notes.add("truncated", f"{name}: {given} of {entry.stored} bytes")
        elif crc and checksum != entry.crc and not (entry.salvaged and entry.streamed):
            self._notes.add("malformed", f"{name}: the checksum differs")
        elif entry.stored != UNKNOWN and (
            decoder.unused_data or (decoder.eof and next(pieces, None))
        ):
            self._notes.add("header_mismatch", f"{name}: data behind its compressed stream")

    # -- locked members ------------------------------------------------------------------------

    def _unlocked(self, entry: Entry, local: Local) -> Iterator[bytes]:
        if entry.flags & STRONG:
            raise Encrypted("PKWARE strong encryption")
        method, crc = entry.method, True
        if entry.method == AES:
            field = extra_field(entry.extra, AES_FIELD) or extra_field(local.extra, AES_FIELD)
            lock, method = aes_lock(field)
            crc = entry.crc != 0  # AE-2 stores none
        else:
            check = entry.time >> 8 if entry.streamed else entry.crc >> 24
            lock = Lock(0, check & 0xFF)
        _decoder(method)  # say that a method is unknown before trying passwords
        start = local.data + lock.header
        length = max(self._stored(entry, local) - lock.header - lock.tag, 0)
        header = self._blob.read(local.data, lock.header)
        if len(header) < lock.header:
            raise Malformed("its data lies behind the end of the file")

        def plain(cipher: Cipher) -> Iterator[bytes]:
            for piece in pieces_of(self._blob, start, length):
                yield cipher.decrypt(piece)

        if lock.strength:
            password, cipher = next(self._keys.fitting(lock, header), (b"", None))
            if cipher is None:
                raise Encrypted("no given password opens it")
            self._keys.proved(password)
            yield from self._checked(entry, method, plain(cipher), crc=crc)
            if not authentic(cipher, self._blob.read(start + length, lock.tag)):
                self._notes.add("malformed", f"{display(text(entry.name))}: not authentic")
            return
        password = self._zipcrypto(entry, method, lock, header, plain)
        cipher = next(c for p, c in self._keys.fitting(lock, header) if p == password)
        yield from _strict(entry, method, plain(cipher))
        self._keys.proved(password)

    def _zipcrypto(
        self,
        entry: Entry,
        method: int,
        lock: Lock,
        header: bytes,
        plain: Callable[[Cipher], Iterator[bytes]],
    ) -> bytes:
        """Return the password that decodes the member; a lone candidate is not tried out."""
        fitting = list(self._keys.fitting(lock, header))
        if len(fitting) == 1:
            return fitting[0][0]
        for password, cipher in fitting:
            room = self._limits.member_size
            try:
                for piece in _strict(entry, method, plain(cipher)):
                    room -= len(piece)
                    if room < 0:
                        break
            except Encrypted:
                continue
            return password
        raise Encrypted("no given password opens it")


def _strict(entry: Entry, method: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Decode; whatever does not fit means the wrong password, since 1 in 256 passes the check."""
    checksum = 0
    try:
        for piece in inflate.expand(pieces, _decoder(method)):
            checksum = zlib.crc32(piece, checksum)
            yield piece
    except inflate.DAMAGE as error:
        raise Encrypted("no given password opens it, or it is damaged") from error
    if checksum != entry.crc and not (entry.salvaged and entry.streamed):
        raise Encrypted("no given password opens it, or it is damaged")


def _decoder(number: int) -> inflate.Decoder:
    method = METHODS.get(number)
    if method is None or method.decoder is None:
        name = f" ({method.name})" if method is not None else ""
        raise OSError(f"compression method {number}{name} is not supported")
    return method.decoder()
