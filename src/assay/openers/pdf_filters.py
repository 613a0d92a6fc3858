"""Undoes the filters of a PDF stream within a bound on what comes out; what is damaged stays short.

Sources: ISO 32000-2 §7.4. Flate is zlib's, LZW and fax libtiff's (through Pillow), the text
filters pypdf's. JBIG2 is not decoded; JPEG and JPEG 2000 are files by themselves.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image
from pypdf.filters import ASCII85Decode, ASCIIHexDecode

from assay.core.errors import Malformed

PICTURES = frozenset({"DCTDecode", "JPXDecode", "CCITTFaxDecode", "JBIG2Decode"})
MAX_FILTERS = 8
_SHORT = {
    "AHx": "ASCIIHexDecode",
    "A85": "ASCII85Decode",
    "LZW": "LZWDecode",
    "Fl": "FlateDecode",
    "RL": "RunLengthDecode",
    "CCF": "CCITTFaxDecode",
    "DCT": "DCTDecode",
}
_PIECE = 1 << 18  # bytes given to the inflater at once


class Unsupported(Exception):  # noqa: N818 - a quiet answer: the picture is named, not shown
    """The picture is of a kind that is not decoded; the text names it."""


@dataclass(frozen=True, slots=True)
class Filter:
    name: str  # the long name, without the slash
    params: Mapping[str, int] = field(default_factory=dict)  # numbers and booleans only


def long_name(name: str) -> str:
    """Return a filter's full name without the slash (inline images abbreviate)."""
    name = name.removeprefix("/")
    return _SHORT.get(name, name)


def undo(data: bytes, filters: Sequence[Filter], limit: int) -> bytes:
    """Return the data behind ``filters``, cut at ``limit`` bytes; raises Malformed, Unsupported."""
    if len(filters) > MAX_FILTERS:
        raise Malformed(f"{len(filters)} filters on one stream")
    for number, one in enumerate(filters):
        last = number == len(filters) - 1
        data = _undo(data, one, limit if last else max(limit, 1 << 26))
    return data[:limit]


def _undo(data: bytes, one: Filter, limit: int) -> bytes:
    if one.name == "FlateDecode":
        return _predicted(inflate(data, _room(one, limit)), one, limit)
    if one.name == "LZWDecode":
        return _predicted(_lzw(data, one, _room(one, limit)), one, limit)
    if one.name == "RunLengthDecode":
        return _run_lengths(data, limit)
    if one.name in ("ASCII85Decode", "ASCIIHexDecode"):
        decoder = ASCII85Decode if one.name == "ASCII85Decode" else ASCIIHexDecode
        try:
            return decoder.decode(data[: 5 * limit + 64])
        except MemoryError:
            raise
        except Exception as error:
            raise Malformed(f"{one.name}: {error}") from error
    if one.name == "Crypt":
        return data
    raise Unsupported(one.name)


def inflate(data: bytes, limit: int) -> bytes:
    """Return what a zlib stream inflates to, up to ``limit`` bytes; damage ends it early."""
    engine = zlib.decompressobj()
    parts: list[bytes] = []
    have = 0
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE]
        while piece and have < limit:
            try:
                part = engine.decompress(piece, limit - have)
            except zlib.error:
                return b"".join(parts)
            parts.append(part)
            have += len(part)
            piece = engine.unconsumed_tail
        if engine.eof or have >= limit:
            break
    return b"".join(parts)


def _row(one: Filter) -> int:
    """Return the bytes of one row that a predictor works on."""
    columns = max(one.params.get("Columns", 1), 1)
    colours = max(one.params.get("Colors", 1), 1)
    bits = max(one.params.get("BitsPerComponent", 8), 1)
    if columns > 1 << 26 or colours > 64 or bits > 16:
        raise Malformed(f"a predictor over {columns} columns, {colours} colours, {bits} bits")
    return (columns * colours * bits + 7) // 8


def _room(one: Filter, limit: int) -> int:
    """Return how much to decode so that ``limit`` bytes remain behind the predictor."""
    return limit + limit // _row(one) + 1 if one.params.get("Predictor", 1) >= 10 else limit


def _predicted(data: bytes, one: Filter, limit: int) -> bytes:
    predictor = one.params.get("Predictor", 1)
    if predictor == 2:
        return _tiff_predicted(data, one)
    if predictor >= 10:
        return _png_predicted(data, one)[:limit]
    return data


_PNG_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # by bytes a pixel: Pillow undoes by bytes


def _png_predicted(data: bytes, one: Filter) -> bytes:
    """Undo PNG prediction (ISO 15948 §9): rows of one filter byte and the row."""
    row = _row(one)
    colours, bits = one.params.get("Colors", 1), one.params.get("BitsPerComponent", 8)
    step = (max(colours, 1) * max(bits, 1) + 7) // 8
    if len(data) < 2:
        return b""
    row = min(row, -(-(len(data) - 1) // step) * step)  # a row that is not there costs nothing
    rows = -(-len(data) // (row + 1))
    have = len(data) - rows
    padded = data + bytes(rows * (row + 1) - len(data))
    if step not in _PNG_MODES or row % step:
        return _by_rows(padded, row, step)[:have]
    # filter bytes above 4 are no filter; a reader that stopped there would lose what follows
    table = np.frombuffer(bytearray(padded), np.uint8).reshape(rows, row + 1)
    table[:, 0][table[:, 0] > 4] = 0
    packed = zlib.compress(table.tobytes(), 1)
    mode = _PNG_MODES[step]
    try:
        image = Image.frombytes(mode, (row // step, rows), packed, "zip", mode, 0)
    except (ValueError, OSError) as error:
        raise Malformed(f"PNG prediction: {error}") from error
    return image.tobytes()[:have]


def _by_rows(data: bytes, row: int, step: int) -> bytes:
    """Undo PNG prediction for pixels of unusual size, in Python: such pictures are rare."""
    if len(data) > 1 << 24:
        raise Unsupported(f"PNG prediction over {step} bytes a pixel")
    out = bytearray()
    above = bytearray(row)
    for start in range(0, len(data), row + 1):
        kind, line = data[start], bytearray(data[start + 1 : start + 1 + row])
        for i in range(row):
            left = line[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            line[i] = (line[i] + _guess(kind, left, above[i], corner)) & 255
        out += line
        above = line
    return bytes(out)


def _guess(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 4:
        p = left + up - corner
        a, b, c = abs(p - left), abs(p - up), abs(p - corner)
        return left if a <= b and a <= c else up if b <= c else corner
    return {1: left, 2: up, 3: (left + up) // 2}.get(kind, 0)


def _tiff_predicted(data: bytes, one: Filter) -> bytes:
    """Undo TIFF prediction (TIFF 6.0 §14): each sample is a difference to the one before."""
    row, colours = _row(one), max(one.params.get("Colors", 1), 1)
    bits = one.params.get("BitsPerComponent", 8)
    columns = max(one.params.get("Columns", 1), 1)
    rows = len(data) // row
    if not rows or bits not in (8, 16):
        return data  # below a byte it is not used in practice
    kind = np.dtype(">u2") if bits == 16 else np.dtype(np.uint8)
    table = np.frombuffer(data[: rows * row], kind).reshape(rows, columns, colours)
    native = np.uint16 if bits == 16 else np.uint8
    total = np.add.accumulate(table.astype(native), axis=1, dtype=native)
    return total.astype(kind).tobytes()


def _run_lengths(data: bytes, limit: int) -> bytes:
    """Undo run lengths (ISO 32000-2 §7.4.5)."""
    out = bytearray()
    at = 0
    while at < len(data) and len(out) < limit and data[at] != 128:
        length = data[at]
        if length < 128:
            out += data[at + 1 : at + 2 + length]
            at += 2 + length
        else:
            out += data[at + 1 : at + 2] * (257 - length)
            at += 2
    return bytes(out)


def _lzw(data: bytes, one: Filter, limit: int) -> bytes:
    """Undo LZW (ISO 32000-2 §7.4.4); the early change of code length is the default."""
    early = one.params.get("EarlyChange", 1)
    out = bytearray()
    table: list[bytes] = []
    width, held, bits = 9, 0, 0
    before = b""
    for byte in data:
        held = (held << 8 | byte) & 0xFFFFFFFF
        bits += 8
        if bits < width:
            continue
        bits -= width
        code = held >> bits & (1 << width) - 1
        if code == 256:
            table, width, before = [], 9, b""
            continue
        if code == 257 or len(out) >= limit:
            break
        if code < 256:
            now = _BYTES[code]
        elif code - 258 < len(table):
            now = table[code - 258]
        elif code - 258 == len(table) and before:
            now = before + before[:1]
        else:
            break
        out += now
        if before and len(table) < 4096 - 258:
            table.append(before + now[:1])
        before = now
        size = len(table) + 259 + early  # the code that the next step will add, and one early
        width = 9 if size <= 512 else 10 if size <= 1024 else 11 if size <= 2048 else 12
    return bytes(out)


_BYTES = tuple(bytes([n]) for n in range(256))


def fax(data: bytes, params: Mapping[str, int], columns: int, rows: int) -> bytes:
    """Return a fax picture as packed rows of bits as the filter defines them (black is 0)."""
    k = params.get("K", 0)
    if params.get("EncodedByteAlign", 0):
        raise Unsupported("CCITTFaxDecode with rows aligned to bytes")
    compression, options = (4, 0) if k < 0 else (3, 1 if k > 0 else 0)
    black = params.get("BlackIs1", 0)
    photometric = 1 if black else 0
    good, bad, best = 0, rows + 1, b""
    tried = rows
    # libtiff gives nothing of a strip that breaks off: halve until what is there comes out
    while bad - good > 1:
        file = _tiff(data, compression, options, columns, tried, photometric)
        try:
            with Image.open(io.BytesIO(file)) as image:
                best, good = image.convert("1").tobytes(), tried
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            bad = tried
        tried = (good + bad) // 2
    if not good:
        raise Malformed("no row of the fax picture decodes")
    return best


def _tiff(
    data: bytes, compression: int, options: int, columns: int, rows: int, photometric: int
) -> bytes:
    """Wrap coded bits as a TIFF of one strip (TIFF 6.0 §10, §11)."""
    tags = (
        (256, 4, columns),
        (257, 4, rows),
        (258, 3, 1),
        (259, 3, compression),
        (262, 3, photometric),
        (273, 4, 8 + 2 + 12 * 10 + 4),
        (277, 3, 1),
        (278, 4, rows),
        (279, 4, len(data)),
        (292 if compression == 3 else 293, 4, options),
    )
    entries = b"".join(
        struct.pack("<HHI", tag, kind, 1) + struct.pack("<I", value) for tag, kind, value in tags
    )
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + data
