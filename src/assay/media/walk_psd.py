"""Walks a Photoshop document as far as its image resources: EXIF, XMP, IPTC, size.

Layers and pixels are not read. Source: Adobe Photoshop File Formats Specification.
"""

from __future__ import annotations

from assay.media.gather import Gather
from assay.media.photoshop import read_resources

_HEADER = 26  # bytes
_COLOURS = {0: "bitmap", 1: "grey", 2: "palette", 3: "rgb", 4: "cmyk", 7: "channels", 9: "lab"}


def walk_psd(gather: Gather) -> None:
    """Gather the slots of a PSD or PSB that starts at byte 0."""
    data, size = gather.data, len(gather.data)
    if size < _HEADER + 4:
        gather.trouble("truncated", "the Photoshop document ends inside its header")
        return
    gather.height = int.from_bytes(data[14:18], "big")
    gather.width = int.from_bytes(data[18:22], "big")
    mode = int.from_bytes(data[24:26], "big")
    gather.facts |= {"bits": str(data[23]), "colour": _COLOURS.get(mode, str(mode))}
    at = _HEADER + 4 + int.from_bytes(data[_HEADER : _HEADER + 4], "big")  # a palette
    start = at + 4
    end = start + int.from_bytes(data[at:start], "big")
    if end > size or start > size:
        gather.trouble("truncated", "the Photoshop document ends inside its image resources")
    block = gather.take(start, min(end, size))
    read_resources(gather, block, start, "PSD resource", stored=True)
