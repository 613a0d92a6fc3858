"""Texts in MP4 and QuickTime files: iTunes-style lists, mdta keys, and © user-data texts.

Generation records and labels stand there: ©cmt (ComfyUI), the mdta key AIGC (TC260).
Sources: Apple QuickTime File Format, "Metadata" and "User data atoms"; 3GPP TS 26.244 §8.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.core.slots import SlotKind
from assay.media.gather import Gather

# Asset information of 3GPP files: version and flags, packed language, a text
COPYRIGHTS = frozenset(b"titl auth dscp cprt perf gnre albm".split())
_MAX_KEYS = 4096
_MAX_VALUE = 16 << 20  # bytes; a longer value is a picture or a bomb


def _children(gather: Gather, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    data, pos = gather.data, start
    while pos + 8 <= end:
        gather.step()
        size = int.from_bytes(data[pos : pos + 4], "big")
        if size == 0:
            return
        if size < 8 or pos + size > end:
            gather.trouble("malformed", f"metadata entry at byte {pos} says {size} bytes")
            return
        yield data[pos + 4 : pos + 8], pos + 8, pos + size
        pos += size


def read_keys(gather: Gather, start: int, end: int) -> list[str]:
    """Return the names in a "keys" box, in order; ilst counts them from 1."""
    names: list[str] = []
    for _, first, last in _children(gather, start + 8, end):
        if len(names) < _MAX_KEYS:
            names.append(gather.data[first : min(last, first + 256)].decode("utf-8", "replace"))
    return names


def read_list(gather: Gather, start: int, end: int, keys: list[str]) -> None:
    """Keep every entry of an "ilst" box as a text (or, where it is binary, as other data)."""
    for name, first, last in _children(gather, start, end):
        number = int.from_bytes(name, "big")
        keyed = 0 < number <= len(keys)
        key = keys[number - 1] if keyed else name.decode("latin-1")
        mechanism = "ISO-BMFF mdta" if keyed else "ISO-BMFF ilst"
        for inner, begin, stop in _children(gather, first, last):
            if inner == b"name":
                key = gather.data[begin + 4 : min(stop, begin + 260)].decode("utf-8", "replace")
            elif inner == b"data" and stop - begin >= 8:
                kind = int.from_bytes(gather.data[begin : begin + 4], "big") & 0xFFFFFF
                is_text = kind in (0, 1, 2, 3)  # 0 is "reserved" and used for text by some
                if stop - begin - 8 > _MAX_VALUE:
                    gather.trouble("metadata_bomb", f"the value of {key!r} was not kept")
                    continue
                gather.slot(
                    SlotKind.TEXT if is_text else SlotKind.OTHER,
                    begin + 8,
                    stop,
                    key=key,
                    mechanism=mechanism,
                )


def read_text(gather: Gather, name: bytes, start: int, end: int) -> None:
    """Keep a © text of QuickTime user data: length, language, characters; may repeat."""
    data, pos = gather.data, start
    if data[start + 4 : start + 8] == b"data" or end - start < 4:  # an ilst entry put here
        read_list(gather, start - 8, end, [])
        return
    while pos + 4 <= end:
        gather.step()
        length = int.from_bytes(data[pos : pos + 2], "big")
        if pos + 4 + length > end:
            gather.trouble("malformed", f"user text at byte {pos} overruns its box")
            return
        gather.slot(
            SlotKind.TEXT,
            pos + 4,
            pos + 4 + length,
            key=name.decode("latin-1"),
            mechanism="QuickTime udta",
        )
        pos += 4 + length


def read_asset(gather: Gather, name: bytes, start: int, end: int) -> bool:
    """Keep a 3GPP text of user data; returns False where the box does not have that form."""
    data = gather.data
    if data[start : start + 4] != bytes(4) or end - start < 7:
        return False
    raw = gather.take(start + 6, end)
    wide = raw[:2] in (b"\xfe\xff", b"\xff\xfe")
    text = raw.decode("utf-16", "replace").encode() if wide else raw.split(b"\0", 1)[0]
    gather.slot(
        SlotKind.TEXT,
        start + 6,
        end,
        key=name.decode("latin-1"),
        mechanism="3GPP udta",
        payload=text.rstrip(b"\0"),
    )
    return True
