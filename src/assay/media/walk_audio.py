"""Walks the tags of FLAC, MP3 and AAC files: Vorbis comments, ID3 and APE texts.

Generators write their graph there (ComfyUI), and a Chinese label (TC260) as a TXXX frame.
It decodes no sound. Source: RFC 9639 (FLAC).
"""

from __future__ import annotations

from assay.core.slots import SlotKind
from assay.media.gather import Gather
from assay.media.id3 import read_id3, read_tail
from assay.media.vorbis import read_comments

_MAX_TAGS = 8  # ID3v2 tags one behind the other at the beginning


def walk_audio(gather: Gather) -> None:
    """Gather the slots of a FLAC or MPEG sound, with its tags before and behind it."""
    data, pos = gather.data, 0
    for _ in range(_MAX_TAGS):
        if data[pos : pos + 3] != b"ID3":
            break
        pos = read_id3(gather, pos, len(data))
    if data[pos : pos + 4] == b"fLaC":
        gather.container = "flac"
        _flac(gather, pos + 4)
    read_tail(gather)


def _flac(gather: Gather, pos: int) -> None:
    data, size = gather.data, len(gather.data)
    last = False
    while not last:
        gather.step()
        if pos + 4 > size:
            gather.trouble("truncated", "the FLAC ends inside its metadata")
            return
        last, kind = bool(data[pos] & 0x80), data[pos] & 0x7F
        start = pos + 4
        end = start + int.from_bytes(data[pos + 1 : pos + 4], "big")
        if end > size:
            gather.trouble("truncated", f"FLAC block at byte {pos} is cut")
        if kind == 4:
            _comments(gather, start, min(end, size))
        elif kind in (2, 6):
            key = "picture" if kind == 6 else "application"
            gather.slot(SlotKind.OTHER, start, end, key=key, mechanism="FLAC block")
        pos = end


def _comments(gather: Gather, start: int, end: int) -> None:
    def place(first: int, last: int) -> tuple[int, int]:
        return start + first, start + last

    read_comments(gather, gather.take(start, end), place, "Vorbis comment")
