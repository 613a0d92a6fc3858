"""Finds inline images in the content of a PDF page, form, pattern or glyph: BI … ID … EI.

The end of the data is told by the data itself where its filter allows (raw samples, Flate, JPEG),
else by the operator that closes it. Source: ISO 32000-2 §8.9.7.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from pypdf.generic import DictionaryObject, read_object

from assay.core.blob import MemoryBlob
from assay.core.errors import LimitReached
from assay.media.extents import extent
from assay.openers.pdf_filters import Filter
from assay.openers.pdf_objects import filters_of, full_keys, is_mask, number, value

_BLANK = rb"[\x00\t\n\f\r ]"
_BEGIN = re.compile(rb"(?:^|(?<=[\x00\t\n\f\r \])>}]))BI" + _BLANK + rb"*(?=/)")
_DATA = re.compile(rb"(?<=[\x00\t\n\f\r \])>\w])ID" + _BLANK)
_END = re.compile(_BLANK + rb"*EI(?=" + _BLANK + rb"|$)")
_PRINTABLE = re.compile(rb"[\t\n\f\r -~\x80-\xff]*")
_GLYPH = re.compile(_BLANK + rb"*(?:[-+.\d]+" + _BLANK + rb"+){2,6}d[01]" + _BLANK)
_DICTIONARY = 1 << 13  # bytes
_TRIES = 16  # places where a dictionary may end: a palette may hold the same letters
MAX_GLYPH = 256  # pixels a side; a 1-bit mask up to this in a glyph is a letter


@dataclass(frozen=True, slots=True)
class Inline:
    start: int  # of the data in the content
    end: int
    dictionary: DictionaryObject  # with the keys written out
    glyph: bool  # a letter of a bitmap font


def inline_images(content: bytes, most: int) -> Iterator[Inline]:
    """Yield the inline images of decoded content, at most ``most``; damage is passed over."""
    glyph = _GLYPH.match(content) is not None
    at = 0
    for _ in range(most):
        begin = _BEGIN.search(content, at)
        if begin is None:
            return
        at = begin.end()
        for count, data in enumerate(_DATA.finditer(content, at, at + _DICTIONARY)):
            if count >= _TRIES:
                break
            dictionary = _dictionary(content[begin.end() : data.start()])
            if dictionary is None:
                continue
            end = _end(content, data.end(), dictionary)
            yield Inline(data.end(), end, dictionary, glyph and _is_letter(dictionary))
            at = end
            break


def _dictionary(inside: bytes) -> DictionaryObject | None:
    try:
        found = read_object(io.BytesIO(b"<<" + inside + b" >>"), None)
    except (MemoryError, LimitReached):
        raise
    except Exception:
        return None
    if not isinstance(found, DictionaryObject):
        return None
    full = full_keys(found)
    return full if number(value(full, "/Width")) and number(value(full, "/Height")) else None


def _is_letter(dictionary: DictionaryObject) -> bool:
    sides = (number(value(dictionary, "/Width")), number(value(dictionary, "/Height")))
    return is_mask(dictionary) and max(sides) <= MAX_GLYPH


def _end(content: bytes, start: int, dictionary: DictionaryObject) -> int:
    """Return the end of the data: as the data says where the operator follows it, else by that."""
    for end in (_told(content, start, dictionary), _declared(start, dictionary)):
        if end is not None and _END.match(content, end) is not None:
            return end
    at = start
    while (found := _END.search(content, at)) is not None:
        rest = content[found.end() : found.end() + 24]
        if _PRINTABLE.fullmatch(rest) and not rest.strip(b"\t\n\f\r ")[:1] > b"\x7f":
            return found.start()
        at = found.start() + 1
    return len(content)


def _declared(start: int, dictionary: DictionaryObject) -> int | None:
    length = number(value(dictionary, "/Length"))
    return start + length if length > 0 else None


def _told(content: bytes, start: int, dictionary: DictionaryObject) -> int | None:
    filters = filters_of(dictionary)
    first = filters[0] if filters else Filter("")
    if first.name == "FlateDecode":
        return _flate_end(content, start)
    if first.name == "DCTDecode":
        known = extent(MemoryBlob(content), start, "image/jpeg")
        return known.end if known is not None and known.complete else None
    if first.name:
        return None
    bits = 1 if is_mask(dictionary) else number(value(dictionary, "/BitsPerComponent"), 8)
    count = {"/RGB": 3, "/DeviceRGB": 3, "/CMYK": 4, "/DeviceCMYK": 4}.get(
        str(value(dictionary, "/ColorSpace")), 1
    )
    row = (number(value(dictionary, "/Width")) * bits * count + 7) // 8
    return start + row * number(value(dictionary, "/Height"))


def _flate_end(content: bytes, start: int) -> int | None:
    engine = zlib.decompressobj()
    left = 1 << 26  # bytes inflated only to find the end
    at, piece = start, b""
    try:
        while left > 0 and not engine.eof:
            if not piece:
                piece = content[at : at + (1 << 16)]
                at += len(piece)
            if not piece:
                return None
            left -= len(engine.decompress(piece, 1 << 20))
            piece = engine.unconsumed_tail
    except zlib.error:
        return None
    return at - len(engine.unused_data) if engine.eof else None
