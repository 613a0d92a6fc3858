"""Unpacks the compressed RTF of Outlook messages. Source: [MS-OXRTFCP]."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from assay.core.blob import Blob
from assay.core.errors import Malformed

_HEADER = struct.Struct("<IIII")  # bytes that follow, bytes unpacked, kind, checksum
_PACKED, _STORED = 0x75465A4C, 0x414C454D  # "LZFu", "MELA"
_RING = 4096
_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_LARGEST = 64 << 20  # bytes of packed text; Outlook's own limit is far below


def unpacked(blob: Blob) -> Iterator[bytes]:
    """Yield the RTF text, one piece for each kibibyte or so; raises Malformed.

    A reference gives at most 17 bytes for two, so the text is bounded by the stored bytes.
    """
    head = blob.read(0, _HEADER.size)
    if len(head) < _HEADER.size:
        raise Malformed("no header of compressed RTF", offset=0)
    _, full, kind, _ = _HEADER.unpack(head)
    if blob.size > _LARGEST:
        raise Malformed(f"{blob.size} bytes of compressed RTF")
    data = blob.read(_HEADER.size, blob.size)
    if kind == _STORED:
        yield data[:full]
        return
    if kind != _PACKED:
        raise Malformed("neither compressed nor stored RTF", offset=8)
    yield from _pieces(data)


def _pieces(data: bytes) -> Iterator[bytes]:
    ring = bytearray(_START.ljust(_RING, b"\0"))
    write, at = len(_START), 0
    out = bytearray()
    while at < len(data):
        control = data[at]
        at += 1
        for bit in range(8):
            if control >> bit & 1:
                token = data[at : at + 2]
                if len(token) < 2:
                    break
                at += 2
                place, length = token[0] << 4 | token[1] >> 4, (token[1] & 15) + 2
                if place == write:  # the end mark
                    yield bytes(out)
                    return
                copied = [(place + i) % _RING for i in range(length)]
            else:
                if at >= len(data):
                    break
                ring[write], copied = data[at], [write]
                at += 1
            for source in copied:
                ring[write] = ring[source]
                out.append(ring[write])
                write = (write + 1) % _RING
        if len(out) >= 1 << 16:
            yield bytes(out)
            out.clear()
    yield bytes(out)
