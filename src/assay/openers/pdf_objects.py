"""Reads what a PDF's dictionaries say of filters, colour spaces and images, whoever wrote them.

Every value may be missing, indirect, of another type or part of a loop; the answer is then the
default, or Unsupported with the name of what is not drawn. Source: ISO 32000-2 §7.4, §8.6, §8.9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from pypdf.generic import (
    BooleanObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    StreamObject,
    TextStringObject,
)

from assay.core.errors import LimitReached
from assay.openers.pdf_filters import MAX_FILTERS, Filter, Unsupported, long_name, undo
from assay.openers.pdf_pixels import CMYK, GRAY, RGB, Picture, Space

_HOPS = 16  # references followed in a row
_PALETTE = 256 * 32  # bytes
_KEYS = {  # as in image dictionaries, and as inline images abbreviate them (table 91)
    "/W": "/Width",
    "/H": "/Height",
    "/BPC": "/BitsPerComponent",
    "/CS": "/ColorSpace",
    "/D": "/Decode",
    "/DP": "/DecodeParms",
    "/F": "/Filter",
    "/IM": "/ImageMask",
    "/L": "/Length",
}
_PLAIN = {
    "/DeviceGray": GRAY,
    "/CalGray": GRAY,
    "/G": GRAY,
    "/DeviceRGB": RGB,
    "/CalRGB": RGB,
    "/RGB": RGB,
    "/DeviceCMYK": CMYK,
    "/CalCMYK": CMYK,
    "/CMYK": CMYK,
    "/Lab": Space("lab", 3),
}
_BY_COUNT = {1: GRAY, 3: RGB, 4: CMYK}


def resolve(value: object) -> object:
    """Return what a value stands for, behind any references; None where it cannot be read."""
    for _ in range(_HOPS):
        if not isinstance(value, IndirectObject):
            return value
        try:
            value = value.get_object()
        except (MemoryError, LimitReached):
            raise
        except Exception:
            return None
    return None


def value(of: object, key: str) -> object:
    """Return the resolved value of a key of a dictionary; None where there is none."""
    return resolve(dict.get(of, key)) if isinstance(of, dict) else None


def reference(of: object, key: str) -> int | None:
    """Return the number of the object that a key points at directly."""
    found = dict.get(of, key) if isinstance(of, dict) else None
    return found.idnum if isinstance(found, IndirectObject) else None


def number(found: object, default: int = 0) -> int:
    """Return a number or boolean as an integer within 2^31."""
    if isinstance(found, BooleanObject):
        return int(bool(found.value))
    if isinstance(found, (int, float)) and abs(found) < 1 << 31:
        return int(found)
    return default


def elements(found: object, most: int = 1 << 16) -> Iterator[object]:
    """Yield the resolved elements of an array, at most ``most``."""
    if isinstance(found, list):
        yield from map(resolve, islice(found, most))


def text(found: object) -> bytes:
    """Return the bytes of a string as stored; empty where it is none."""
    if isinstance(found, (ByteStringObject, TextStringObject)):
        return found.original_bytes
    return b""


def readable(found: object) -> str:
    """Return a text string as text (ISO 32000-2 §7.9.2.2), bytes that are none escaped."""
    if isinstance(found, TextStringObject):
        return str(found)
    return text(found).decode("utf-8", "surrogateescape")


def raw(stream: StreamObject) -> bytes:
    """Return the bytes of a stream as stored, after decryption."""
    return stream._data


def filters_of(of: Mapping[str, object]) -> list[Filter]:
    """Return the filters of a stream in the order in which they are undone."""
    names = value(of, "/Filter")
    params = value(of, "/DecodeParms")
    if params is None:
        params = value(of, "/DP")
    chain = list(elements(names, MAX_FILTERS + 1)) if isinstance(names, list) else [names]
    values = list(elements(params, MAX_FILTERS + 1)) if isinstance(params, list) else [params]
    found = []
    for index, name in enumerate(chain):
        if not isinstance(name, str):
            continue
        given = values[index] if index < len(values) else None
        numbers = {}
        if isinstance(given, dict):
            for key in islice(given, 32):
                read = value(given, key)
                if isinstance(read, (int, float, BooleanObject)):
                    numbers[str(key).removeprefix("/")] = number(read)
        found.append(Filter(long_name(name), numbers))
    return found


def full_keys(inline: DictionaryObject) -> DictionaryObject:
    """Return an inline image's dictionary with the keys written out."""
    out = DictionaryObject()
    for key, found in inline.items():
        dict.__setitem__(out, _KEYS.get(str(key), str(key)), found)
    return out


def is_mask(of: object) -> bool:
    """Tell whether an image only says where to paint."""
    return bool(number(value(of, "/ImageMask")))


def picture_of(of: DictionaryObject, named: Mapping[str, object] | None = None) -> Picture:
    """Return what a dictionary says of its image; raises Unsupported where the space is unknown.

    ``named`` holds the colour spaces of the resources that an inline image may name.
    """
    mask = is_mask(of)
    decode = tuple(
        float(d) for d in elements(value(of, "/Decode"), 64) if isinstance(d, (int, float))
    )
    filters = tuple(filters_of(of))
    bits = 1 if mask else number(value(of, "/BitsPerComponent"), 8)
    if filters and filters[-1].name in ("CCITTFaxDecode", "JBIG2Decode"):
        bits = 1
    found = value(of, "/ColorSpace")
    if isinstance(found, str) and found not in _PLAIN and named:
        found = resolve(named.get(found))
    return Picture(
        width=number(value(of, "/Width")),
        height=number(value(of, "/Height")),
        bits=bits,
        space=GRAY if mask or found is None else space_of(found),
        filters=filters,
        decode=decode,
    )


def space_of(found: object, depth: int = 0) -> Space:
    """Return a colour space; raises Unsupported with its name where it is none of an image."""
    if isinstance(found, str):
        if found in _PLAIN:
            return _PLAIN[found]
        raise Unsupported(f"colour space {found[:40]}")
    parts = list(elements(found, 8))
    if not parts or not isinstance(parts[0], str) or depth > 4:
        raise Unsupported("an unreadable colour space")
    kind, rest = parts[0], [*parts[1:], None, None, None]
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == "/ICCBased":
        count = number(value(rest[0], "/N"))
        if count in _BY_COUNT:
            return _BY_COUNT[count]
        return space_of(value(rest[0], "/Alternate"), depth + 1)
    if kind in ("/Indexed", "/I"):
        return Space("indexed", 1, space_of(rest[0], depth + 1), _palette(rest[2]))
    if kind == "/Separation":
        return Space("ink", 1)
    if kind == "/DeviceN":
        return Space("ink", len(list(elements(rest[0], 33))) or 1)
    raise Unsupported(f"colour space {kind[:40]}")


def _palette(found: object) -> bytes:
    if isinstance(found, StreamObject):
        return undo(raw(found), filters_of(found), _PALETTE)
    return text(found)[:_PALETTE]
