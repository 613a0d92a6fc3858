"""Where a picture, film, sound or document ends that begins somewhere inside other bytes.

Follows each format's own structure, so that a thumbnail inside never ends its picture. Reads
through a blob, box by box, and holds no file in memory. It knows nothing of what the pixels show.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from assay.core.blob import Blob
from assay.media.extents_pictures import (
    bitmap_extent,
    gif_extent,
    jpeg_extent,
    png_extent,
    riff_extent,
    tiff_extent,
)
from assay.media.extents_streams import (
    asf_extent,
    boxes_extent,
    ebml_extent,
    flv_extent,
    midi_extent,
    ogg_extent,
    pdf_extent,
    sqlite_extent,
    zip_extent,
)
from assay.media.span import Extent, Span

_ISO = (
    "image/heic image/heif image/avif image/jxl image/jp2 image/x-canon-cr3 video/mp4 "
    "video/quicktime video/3gpp video/3gpp2 audio/mp4"
)
_READERS: Mapping[str, Callable[[Span], Extent | None]] = {
    "image/jpeg": jpeg_extent,
    "image/png": png_extent,
    "image/gif": gif_extent,
    "image/bmp": bitmap_extent,
    "image/tiff": tiff_extent,
    "image/webp": riff_extent,
    "audio/wav": riff_extent,
    "video/x-msvideo": riff_extent,
    "application/x-riff": riff_extent,
    **dict.fromkeys(_ISO.split(), boxes_extent),
    "video/x-matroska": ebml_extent,
    "video/webm": ebml_extent,
    "video/x-flv": flv_extent,
    "video/x-ms-asf": asf_extent,
    "audio/ogg": ogg_extent,
    "video/ogg": ogg_extent,
    "audio/midi": midi_extent,
    "application/pdf": pdf_extent,
    "application/zip": zip_extent,
    "application/vnd.sqlite3": sqlite_extent,
}


def extent(blob: Blob, start: int, media_type: str, limit: int | None = None) -> Extent | None:
    """Return where what begins at ``start`` ends; None where its kind does not say.

    Nothing at or behind ``limit`` (by default the blob's end) is looked at. Never raises over the
    bytes.
    """
    reader = _READERS.get(media_type)
    if reader is None:
        return None
    span = Span(blob, start, min(limit if limit is not None else blob.size, blob.size))
    try:
        found = reader(span)
    except (struct.error, IndexError, ValueError, OverflowError):
        return None
    if found is None or found.end <= 0:
        return None
    end = min(found.end, span.size)
    return Extent(start + end, found.complete and found.end <= span.size)
