"""Photoshop image resources (8BIM blocks), as JPEG APP13, TIFF 34377 and PNG profiles carry them.

Source: Adobe Photoshop File Formats Specification, "Image Resource Blocks".
"""

from __future__ import annotations

from assay.core.slots import SlotKind
from assay.media.gather import Gather

IPTC = 0x0404
EXIF = 0x0422
XMP = 0x0424
THUMBNAILS = (0x0409, 0x040C)  # of Photoshop 4 and of later ones: 28 bytes, then a JPEG
_KEPT = {
    IPTC: SlotKind.IPTC,
    EXIF: SlotKind.EXIF,
    XMP: SlotKind.XMP,
    **dict.fromkeys(THUMBNAILS, SlotKind.OTHER),
}


def read_resources(
    gather: Gather, block: bytes, offset: int, mechanism: str, *, stored: bool
) -> None:
    """Keep the IPTC, XMP and thumbnail resources of ``block``.

    ``offset`` is where the block lies in the file; ``stored`` says that it lies there byte for
    byte (else it was decoded, and every slot points at the whole).
    """
    pos = 0
    while pos + 12 <= len(block) and block[pos : pos + 4] in (b"8BIM", b"PHUT", b"MeSa"):
        gather.step()
        number = int.from_bytes(block[pos + 4 : pos + 6], "big")
        name = block[pos + 6]
        body = pos + 6 + ((name + 2) & ~1)  # Pascal string, padded to an even length
        if body + 4 > len(block):
            break
        size = int.from_bytes(block[body : body + 4], "big")
        start, end = body + 4, body + 4 + size
        kind = _KEPT.get(number)
        if kind is not None:
            whole = end <= len(block)
            if not whole:
                gather.trouble("malformed", f"{mechanism}: resource {number:#06x} overruns")
            gather.slot(
                kind,
                offset + start if stored else offset,
                offset + min(end, len(block)) if stored else offset + len(block),
                key=f"8BIM {number:#06x}",
                mechanism=mechanism,
                payload=block[start:end],
                complete=whole,
            )
        pos = end + (size & 1)
