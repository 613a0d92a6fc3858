"""Reads the objects of a PDF: by its cross-reference table where that holds, else by their headers.

Parsing and decryption are pypdf's; what keeps a hostile file from making it go over the bytes again
and again is here: one search for object headers, a reader that looks nothing up by searching, and
a meter on the bytes read. Sources: ISO 32000-2 §7.3.10, §7.5, §7.6; pypdf 7.1.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import BinaryIO, cast

from pypdf import PdfReader
from pypdf._configuration import overwrite_configuration  # the limits of pypdf 7
from pypdf.errors import PyPdfError
from pypdf.generic import (
    DictionaryObject,
    IndirectObject,
    PdfObject,
    StreamObject,
    read_object,
)

from assay.core.blob import Blob, BlobFile
from assay.core.errors import Encrypted, LimitReached, Malformed
from assay.openers.pdf_places import MAX_HEADERS, Key, Place, places, too_deep

MAX_PASSWORDS = 500  # tried on one file; revision 6 takes about 50 ms for each
_READS = 24  # times its own size that parsing one file may read, …
_READS_FLOOR = 256 << 20  # … and this many bytes more
_STREAM = 512 << 20  # bytes of one stream as stored
_INNER = 32 << 20  # bytes that one object stream or table may inflate to, …
_INNER_ALL = 1 << 30  # … and all of them, each as often as it is asked
_NESTED = 1 << 16  # bytes of an object whose nesting is looked at before it is parsed
_TRAILERS = 16 << 20  # bytes at the end of a file searched for trailers
_BLANKS = b"\0\t\n\f\r "

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of every oddity; findings say it


def bound_parser() -> None:
    """Let pypdf inflate no more than this module allows, in the thread that calls."""
    overwrite_configuration(
        maximum_declared_stream_length=_STREAM,
        zlib_maximum_output_length=_INNER,
        zlib_maximum_recovery_input_length=1 << 20,
        lzw_maximum_output_length=_INNER,
        run_length_maximum_output_length=_INNER,
        array_based_stream_maximum_output_length=_INNER,
        stream_decoding_work_maximum_length=4 * _INNER,
        jbig2dec_binary=None,
        disable_legacy_handling=True,
    )


class _Metered(BlobFile):
    """A blob as a file that stops giving once it has given far more than the blob holds."""

    def __init__(self, blob: Blob) -> None:
        super().__init__(blob)
        self.left = _READS * blob.size + _READS_FLOOR

    def readinto(self, buffer: object) -> int:
        count = super().readinto(buffer)
        self.left -= count
        if self.left < 0:
            raise LimitReached(
                "its structure makes a reader go over the file again and again", flag="malformed"
            )
        return count


class _Reader(PdfReader):
    """pypdf's reader without its searches: an object is where a header is, or nowhere."""

    def __init__(self, stream: BinaryIO, headers: Mapping[int, Key]) -> None:
        self.headers = headers
        self.last = {key: offset for offset, key in headers.items()}
        self.stops = dict(pairwise(headers))
        self.inflated = 0
        super().__init__(stream, strict=False)

    @classmethod
    def bare(cls, stream: BinaryIO, headers: Mapping[int, Key]) -> _Reader:
        """Return a reader of a file whose tables are lost: the last header of a number counts."""
        reader = cls.__new__(cls)
        reader.headers = headers
        reader.last = {key: offset for offset, key in headers.items()}
        reader.stops = dict(pairwise(headers))
        reader.inflated = 0
        reader.strict = False
        reader.stream = stream
        reader.flattened_pages = None
        reader.resolved_objects = {}
        reader.xref = {}
        reader.xref_index = 0
        reader.xref_free_entry = {}
        reader.xref_objStm = {}
        reader.trailer = DictionaryObject()
        reader._validated_root = None
        reader._known_objects = set()
        reader._override_encryption = False
        reader._encryption = None
        reader._object_stream_resolution_stack = []
        reader._root_object_recovery_limit = 0
        for (number, generation), offset in reader.last.items():
            reader.xref.setdefault(generation, {})[number] = offset
        return reader

    def get_object(self, indirect_reference: int | IndirectObject) -> PdfObject | None:
        if isinstance(indirect_reference, int):
            indirect_reference = IndirectObject(indirect_reference, 0, self)
        number, generation = indirect_reference.idnum, indirect_reference.generation
        packed = generation == 0 and number in self.xref_objStm
        if not packed and (generation, number) not in self.resolved_objects:
            offset = self.offset((number, generation))
            if offset is None:
                return None
            self.shallow(offset)
            self.xref.setdefault(generation, {})[number] = offset
        return super().get_object(indirect_reference)

    def shallow(self, offset: int) -> None:
        """Raise Malformed where the object at an offset is nested beyond reason."""
        self.stream.seek(offset)
        length = self.stops.get(offset, offset + _NESTED) - offset
        if too_deep(self.stream.read(min(length, _NESTED))):
            raise Malformed("nested beyond reason", offset=offset)

    def _get_object_from_stream(self, indirect_reference: IndirectObject) -> PdfObject:
        """Return an object of an object stream, whose inflated bytes are counted, not kept."""
        if self.inflated > _INNER_ALL:
            raise LimitReached("its object streams inflate on and on", flag="decompression_bomb")
        holder = self.get_object(self.xref_objStm[indirect_reference.idnum][0])
        if not isinstance(holder, StreamObject):
            raise Malformed("an object stream that is none")
        data = holder.get_data()
        self.inflated += len(data)
        if too_deep(data):
            raise Malformed("an object stream nested beyond reason")
        try:
            return super()._get_object_from_stream(indirect_reference)
        finally:
            holder.decoded_self = None

    def offset(self, key: Key) -> int | None:
        """Return where an object's header is: as listed where one is there, else the last one."""
        listed = self.xref.get(key[1], {}).get(key[0])
        if isinstance(listed, int) and listed >= 0:
            self.stream.seek(listed)
            head = self.stream.read(64)
            at = listed + len(head) - len(head.lstrip(_BLANKS))
            if self.headers.get(at) == key:
                return at
        return self.last.get(key)

    def live(self, key: Key) -> int | None:
        """Return the offset of an object that the table says is in use."""
        free = self.xref_free_entry.get(key[1], {}).get(key[0], False)
        listed = self.xref.get(key[1], {}).get(key[0])
        if free or listed is None or (key[1] == 0 and key[0] in self.xref_objStm):
            return None
        return self.offset(key)


class Document:
    """The objects of one PDF. ``damage`` says what its tables lacked; empty where they held."""

    def __init__(self, blob: Blob, passwords: tuple[bytes, ...]) -> None:
        self.places = places(blob)
        self.complete = len(self.places) < MAX_HEADERS
        self.damage = ""
        self._meter = _Metered(blob)
        self._stream = cast(BinaryIO, io.BufferedReader(self._meter, buffer_size=1 << 14))
        headers = {place.offset: place.key for place in self.places}
        try:
            self.reader = _Reader(self._stream, headers)
        except Exception as error:  # MemoryError too: rebuilding a table reads the whole file
            if not headers:
                raise Malformed("no object has a header") from error
            self.damage = f"{type(error).__name__}: {error}"
            self._meter.left = _READS * blob.size + _READS_FLOOR
            self.reader = self._rebuilt(headers)
        self.encrypted = "/Encrypt" in self.reader.trailer
        if self.encrypted:
            self._unlock(passwords)

    def _rebuilt(self, headers: Mapping[int, Key]) -> _Reader:
        reader = _Reader.bare(self._stream, headers)
        for place in self.places:
            if not place.streams:
                continue
            try:
                found = self._parse(reader, place.offset)
            except MemoryError:
                raise
            except Exception:
                continue
            if not isinstance(found, StreamObject):
                continue
            if found.get("/Type") == "/XRef":
                for name in ("/Root", "/Encrypt", "/ID", "/Info"):
                    if name in found:
                        reader.trailer[name] = found.raw_get(name)
            elif found.get("/Type") == "/ObjStm":
                _register(reader, place.key[0], found)
        for trailer in self._trailers(reader):
            reader.trailer.update(trailer)
        return reader

    def _trailers(self, reader: _Reader) -> Iterator[DictionaryObject]:
        """Yield the last trailers of a file by their own word, in order."""
        size = self._stream.seek(0, io.SEEK_END)
        self._stream.seek(max(0, size - _TRAILERS))
        data = self._stream.read(_TRAILERS)
        hits = [hit.end() for hit in re.finditer(rb"trailer[\0\t\n\f\r ]*(?=<<)", data)]
        for at in hits[-8:]:
            try:
                found = read_object(io.BytesIO(data[at : at + (1 << 16)]), reader)
            except MemoryError:
                raise
            except Exception:
                continue
            if isinstance(found, DictionaryObject):
                yield found

    def _unlock(self, passwords: tuple[bytes, ...]) -> None:
        """Try the empty password and those given; raises Encrypted where none fits."""
        reader = self.reader
        if reader._encryption is None:
            try:
                reader._handle_encryption(None)
            except (PyPdfError, NotImplementedError, ValueError, KeyError) as error:
                raise Encrypted(f"a PDF locked in a way that is not read ({error})") from error
        if reader._encryption is None:
            raise Encrypted("a PDF whose encryption could not be read")
        for password in (b"", *passwords[:MAX_PASSWORDS]):
            try:
                if reader._encryption.verify(password):
                    return
            except (PyPdfError, ValueError, TypeError, IndexError) as error:
                raise Encrypted(f"a PDF whose encryption is damaged ({error})") from error
        raise Encrypted(f"a PDF ({self.lock})")

    @property
    def lock(self) -> str:
        """Return the kind of encryption in words."""
        encryption = self.reader._encryption
        if encryption is None:
            return "unknown encryption"
        method = {"/V2": "RC4", "/AESV2": "AES-128", "/AESV3": "AES-256"}
        return f"{method.get(encryption.StmF, encryption.StmF)}, revision {encryption.R}"

    def at(self, place: Place) -> PdfObject | None:
        """Return the object at a place, decrypted; it is not kept in memory."""
        found = self._parse(self.reader, place.offset)
        encryption = self.reader._encryption
        if encryption is not None and found is not None and _is_sealed(found):
            return encryption.decrypt_object(found, *place.key, strict=False)
        return found

    @staticmethod
    def _parse(reader: _Reader, offset: int) -> PdfObject | None:
        reader.shallow(offset)
        reader.stream.seek(offset)
        reader.read_object_header(reader.stream)
        reader._known_objects.clear()
        return read_object(reader.stream, reader)


def _is_sealed(found: PdfObject) -> bool:
    return not (isinstance(found, StreamObject) and found.get("/Type") == "/XRef")


def _register(reader: _Reader, number: int, found: StreamObject) -> None:
    """List the objects of an object stream, as its own header names them."""
    try:
        head = found.get_data()[: 1 << 20].split(maxsplit=2 * 100_000)
    except MemoryError:
        raise
    except Exception:
        return
    count = found.get("/N")
    pairs = min(int(count) if isinstance(count, int) else 0, len(head) // 2)
    for index in range(pairs):
        name, offset = head[2 * index], head[2 * index + 1]
        if not (name.isdigit() and offset.isdigit() and len(name) <= 10):
            return
        reader.xref_objStm[int(name)] = (number, index)
