"""Which files are worth a full reading? A scan for the traces that every credential leaves.

It may send a file without a credential to the reader; it must never keep one with a credential
from it. Formats in which the store may be compressed or split always go.
"""

from __future__ import annotations

from assay.core.errors import NotApplicable
from assay.core.findings import INCOMPLETE
from assay.core.slots import SlotKind, Walk

# What c2pa-python 0.38 reads of the kinds this examiner accepts, by the sniffer's names.
_READER_TYPES = {
    "image/jpeg": "image/jpeg",
    "image/png": "image/png",
    "image/webp": "image/webp",
    "image/gif": "image/gif",
    "image/tiff": "image/tiff",
    "image/x-adobe-dng": "image/x-adobe-dng",
    "image/dng": "image/dng",
    "image/x-sony-arw": "image/x-sony-arw",
    "image/x-nikon-nef": "image/x-nikon-nef",
    "image/avif": "image/avif",
    "image/avif-sequence": "image/avif",
    "image/heic": "image/heic",
    "image/heic-sequence": "image/heic",
    "image/heif": "image/heif",
    "image/heif-sequence": "image/heif",
    "image/jxl": "image/jxl",
    "image/svg+xml": "image/svg+xml",
    "video/mp4": "video/mp4",
    "video/quicktime": "video/quicktime",
    "video/x-m4v": "video/x-m4v",
    "video/3gpp": "video/mp4",
    "video/3gpp2": "video/mp4",
    "video/x-msvideo": "video/x-msvideo",
    "video/avi": "video/avi",
    "audio/mp4": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "audio/wav": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/mpeg": "audio/mpeg",
    "audio/flac": "audio/flac",
    "audio/x-flac": "audio/flac",
    "application/pdf": "application/pdf",
}
# PDF streams may be compressed, SVG carries the store in base64, a TIFF costs the reader little.
_ALWAYS = frozenset(
    {
        "application/pdf",
        "image/svg+xml",
        "image/tiff",
        "image/x-adobe-dng",
        "image/dng",
        "image/x-sony-arw",
        "image/x-nikon-nef",
    }
)
_STORE = b"jumb"  # the type of the store's outermost box, in every other format uncompressed
_REMOTE = b"provenance"  # dcterms:provenance in XMP: the address of a store elsewhere


def reader_type(media_type: str) -> str:
    """Return the name c2pa-python knows a format by; raises NotApplicable for others."""
    try:
        return _READER_TYPES[media_type]
    except KeyError:
        raise NotApplicable(f"{media_type} carries no credential") from None


def ask_reader(data: bytes, media_type: str, walk: Walk) -> bool:
    """Tell whether a file could carry a credential, or is too broken to say that it does not."""
    if media_type in _ALWAYS or _traces(data, walk):
        return True
    if media_type == "image/jxl" and b"brob" in data:
        return True  # a box that may be compressed
    if media_type in ("audio/mpeg", "audio/flac") and b"GEO" in data:
        return True  # an ID3 frame that may be compressed or unsynchronised
    if any(trouble.flag in INCOMPLETE for trouble in walk.troubles):
        return True  # what the walker could not follow, it cannot vouch for
    return any(
        slot.kind is SlotKind.C2PA or (slot.kind is SlotKind.XMP and _REMOTE in slot.data)
        for slot in walk.slots
    )


def _traces(data: bytes, walk: Walk) -> bool:
    """Search the file, but not among coded pixels where the walker followed all of it.

    No reader finds a store there: in the scan of a JPEG no byte pair begins a segment, and an IDAT
    chunk is none of caBX or iTXt. What follows the picture's end is searched.
    """
    start = 0
    for begin, end in () if walk.troubles else walk.coded:
        if _is_in(data, start, begin):
            return True
        start = end
    return _is_in(data, start, len(data))


def _is_in(data: bytes, start: int, end: int) -> bool:
    return data.find(_STORE, start, end) >= 0 or data.find(_REMOTE, start, end) >= 0
