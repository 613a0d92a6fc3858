"""Vorbis comments: the names and texts that FLAC and Ogg streams carry, one reader for both.

Source: xiph.org, "Ogg Vorbis I format specification: comment field and header specification".
"""

from __future__ import annotations

from collections.abc import Callable

from assay.core.slots import SlotKind
from assay.media.gather import Gather

_PICTURES = ("metadata_block_picture", "coverart")  # base64, no words
Place = Callable[[int, int], tuple[int, int]]  # a range of the block as it is stored in the file


def read_comments(gather: Gather, block: bytes, place: Place, mechanism: str) -> None:
    """Keep every comment of a block; ``place`` says where a range of it lies in the file."""
    size = len(block)
    pos = 4 + int.from_bytes(block[:4], "little")  # behind the vendor's name
    if pos + 4 > size:
        gather.trouble("malformed", "a Vorbis comment block is shorter than it says")
        return
    count = int.from_bytes(block[pos : pos + 4], "little")
    pos += 4
    for _ in range(count):
        gather.step()
        stop = pos + 4 + int.from_bytes(block[pos : pos + 4], "little")
        if pos + 4 > size or stop > size:
            gather.trouble("malformed", "a Vorbis comment overruns its block")
            return
        name, equals, text = block[pos + 4 : stop].partition(b"=")
        if equals:
            start, end = place(pos + 4 + len(name) + 1, stop)
            key = name[:256].decode("latin-1")
            kind = SlotKind.OTHER if key.lower() in _PICTURES else SlotKind.TEXT
            gather.slot(kind, start, end, key=key, mechanism=mechanism, payload=text)
        pos = stop
