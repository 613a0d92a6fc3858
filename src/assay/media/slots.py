"""One entrance to the container walkers: bytes and their type in, metadata slots out.

It never raises over what is in the bytes; trouble is part of the answer. Where a container's own
structure shows no XMP, the packet is searched for: some writers put it megabytes into the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from assay.core.slots import SlotKind, Walk
from assay.media.gather import Gather, StopWalk
from assay.media.walk_audio import walk_audio
from assay.media.walk_ebml import walk_ebml
from assay.media.walk_gif import walk_gif
from assay.media.walk_isobmff import walk_isobmff
from assay.media.walk_jpeg import walk_jpeg
from assay.media.walk_ogg import walk_ogg
from assay.media.walk_pdf import walk_pdf
from assay.media.walk_png import walk_png
from assay.media.walk_psd import walk_psd
from assay.media.walk_riff import walk_riff
from assay.media.walk_svg import walk_svg
from assay.media.walk_tiff import walk_tiff

Walker = Callable[[Gather], None]

_TIFF_SHAPED = (
    "tiff x-adobe-dng x-canon-cr2 x-nikon-nef x-sony-arw x-pentax-pef x-samsung-srw "
    "x-olympus-orf x-panasonic-rw2"
)
_BOXES = (
    "image/heic image/heif image/avif image/jxl image/jp2 image/x-canon-cr3 video/mp4 "
    "video/quicktime video/3gpp video/3gpp2 audio/mp4"
)
_WALKERS: Mapping[str, tuple[str, Walker]] = {
    "image/jpeg": ("jpeg", walk_jpeg),
    "image/png": ("png", walk_png),
    "image/webp": ("webp", walk_riff),
    "audio/wav": ("riff", walk_riff),
    "video/x-msvideo": ("riff", walk_riff),
    "image/gif": ("gif", walk_gif),
    **{f"image/{name}": ("tiff", walk_tiff) for name in _TIFF_SHAPED.split()},
    **dict.fromkeys(_BOXES.split(), ("isobmff", walk_isobmff)),
    "image/svg+xml": ("svg", walk_svg),
    "image/vnd.adobe.photoshop": ("psd", walk_psd),
    "audio/flac": ("flac", walk_audio),
    "audio/mpeg": ("id3", walk_audio),
    "audio/aac": ("id3", walk_audio),
    "audio/ogg": ("ogg", walk_ogg),
    "video/ogg": ("ogg", walk_ogg),
    "video/x-matroska": ("ebml", walk_ebml),
    "video/webm": ("ebml", walk_ebml),
    "application/pdf": ("pdf", walk_pdf),
}
TYPES = frozenset(_WALKERS)  # that a walker follows
# Kinds whose XMP lies in the open though no walker reads their structure. Archives, mail and
# disk images are left out: what is stored in them speaks for itself, not for them.
_SEARCHED = frozenset(
    {"application/pdf", "application/postscript", "application/rdf+xml", "application/x-indesign"}
)
_SCAN_LIMIT = 64 << 20  # bytes searched for an XMP packet
_MAX_PACKETS = 8
_MAX_PACKET = 4 << 20  # bytes
_MARKS = (b"<x:xmpmeta", b"<?xpacket begin")
_DAMAGE = (struct.error, IndexError, ValueError, OverflowError, KeyError)


def walk(data: bytes, media_type: str) -> Walk:
    """Return the metadata slots of a file, each with its byte range, and what went wrong.

    ``media_type`` is what ``sniff`` said. Work and memory are bounded by ``assay.media.gather``.
    """
    container, walker = _WALKERS.get(media_type, ("none", None))
    gather = Gather(data, container)
    if walker is not None:
        try:
            walker(gather)
        except StopWalk:
            pass
        except _DAMAGE as error:
            # a reader met numbers it did not expect; what it gathered so far stays
            gather.trouble("malformed", f"the structure could not be followed ({error})")
    if not any(slot.kind is SlotKind.XMP for slot in gather.slots) and _is_searched(media_type):
        _search_xmp(gather)
    return gather.finish()


def _is_searched(media_type: str) -> bool:
    return media_type.partition("/")[0] in ("image", "video", "audio") or media_type in _SEARCHED


def _search_xmp(gather: Gather) -> None:
    data = gather.data
    limit = min(len(data), _SCAN_LIMIT)
    pos = 0
    for _ in range(_MAX_PACKETS):
        start = _next_packet(data, pos, limit)
        if start is None:
            return
        end = data.find(b"</x:xmpmeta>", start, start + _MAX_PACKET)
        complete = end >= 0
        end = end + len(b"</x:xmpmeta>") if complete else min(len(data), start + _MAX_PACKET)
        gather.slot(SlotKind.XMP, start, end, mechanism="scan", complete=complete)
        pos = end


def _next_packet(data: bytes, pos: int, limit: int) -> int | None:
    found = [at for at in (data.find(b, pos, limit) for b in _MARKS) if at >= 0]
    return min(found) if found else None
