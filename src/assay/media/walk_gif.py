"""Walks the blocks of a GIF: comments, application extensions (XMP, C2PA), frames, the end.

It decodes no pixels. Sources: GIF89a specification; Adobe XMP part 3 (application block
"XMP DataXMP" with its 258-byte magic trailer); C2PA 2.x A.3 (application block "C2PA_GIF").
"""

from __future__ import annotations

from assay.core.slots import SlotKind
from assay.media.gather import Gather

_MAGIC_TRAILER = 258  # bytes: 01 FF FE … 01 00 00, so that plain readers skip the raw packet

_BLOCKS_PER_STEP = 64  # sub-blocks that count as one structural part


def walk_gif(gather: Gather) -> None:
    """Gather the slots of a GIF that starts at byte 0."""
    data, size = gather.data, len(gather.data)
    if size < 13:
        gather.trouble("truncated", "the GIF ends inside its header")
        return
    gather.width = int.from_bytes(data[6:8], "little")
    gather.height = int.from_bytes(data[8:10], "little")
    frames = 0
    pos = 13 + _palette(data[10])
    while pos < size:
        gather.step()
        kind = data[pos]
        if kind == 0x3B:
            gather.trailer(pos + 1)
            break
        if kind == 0x2C and pos + 10 < size:
            frames += 1
            pos = _skip(gather, pos + 11 + _palette(data[pos + 9]))  # then the LZW code size
        elif kind == 0x21 and pos + 2 < size:
            pos = _extension(gather, data[pos + 1], pos + 2)
        else:
            flag = "truncated" if kind in (0x2C, 0x21) else "malformed"
            gather.trouble(flag, f"no block at byte {pos}")
            break
    else:
        gather.trouble("truncated", "the GIF has no trailer block")
    gather.facts["frames"] = str(frames)


def _palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip(gather: Gather, pos: int) -> int:
    """Return the position after a chain of sub-blocks; beyond the end where it is cut."""
    data, size = gather.data, len(gather.data)
    count = 0
    while pos < size:
        length = data[pos]
        pos += 1 + length
        if length == 0:
            return pos
        count += 1
        if not count % _BLOCKS_PER_STEP:
            gather.step()
    return size + 1


def _joined(data: bytes, pos: int) -> bytes:
    parts = []
    while pos < len(data) and data[pos]:
        parts.append(data[pos + 1 : pos + 1 + data[pos]])
        pos += 1 + data[pos]
    return b"".join(parts)


def _extension(gather: Gather, label: int, pos: int) -> int:
    data = gather.data
    end = _skip(gather, pos)
    complete = end <= len(data)
    if label == 0xFE:
        gather.slot(
            SlotKind.COMMENT,
            pos,
            end,
            mechanism="GIF comment",
            payload=_joined(data, pos),
            complete=complete,
        )
    elif label == 0x01 and data[pos] == 12:
        gather.slot(
            SlotKind.TEXT,
            pos,
            end,
            key="plain text",
            mechanism="GIF plain text",
            payload=_joined(data, pos + 13),
            complete=complete,
        )
    elif label == 0xFF and data[pos] == 11:
        name = data[pos + 1 : pos + 12]
        start = pos + 12
        if name == b"XMP DataXMP":
            packet = data[start : max(start, min(end, len(data)) - _MAGIC_TRAILER)]
            gather.slot(
                SlotKind.XMP,
                start,
                start + len(packet),
                mechanism="GIF application extension",
                complete=complete,
            )
        elif not name.startswith(b"NETSCAPE"):
            kind = SlotKind.C2PA if name.startswith(b"C2PA_GIF") else SlotKind.OTHER
            kind = SlotKind.ICC if name.startswith(b"ICCRGBG1") else kind
            gather.slot(
                kind,
                start,
                end,
                key=name.decode("latin-1"),
                mechanism="GIF application extension",
                payload=_joined(data, start),
                complete=complete,
            )
    return end
