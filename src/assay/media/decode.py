"""Decode once: from hostile bytes to planes. Knows which decoder takes which media type.

Grey and YCbCr JPEG give their Y plane; everything else follows Pillow's ``convert("RGB")``.
Orientation is not applied and alpha is dropped, because the known-hash lists were made so.
Runs inside the sealed worker; ``warm`` before the seal.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from assay.core.contract import PictureInfo
from assay.core.errors import NotApplicable
from assay.media import thumbnail
from assay.media.decode_jpeg import open_jpeg
from assay.media.decode_pillow import open_with_pillow
from assay.media.decode_planes import PIXEL_LIMIT, Picture
from assay.media.decode_samples import SAMPLES

__all__ = ["PIXEL_LIMIT", "Picture", "decodes", "hash_plane", "open_picture", "warm"]

# Media type -> Pillow's name of the format; "HEIF" goes to libheif, "JPEG" to simplejpeg first.
_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/apng": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
    "image/x-icon": "ICO",
    "image/vnd.microsoft.icon": "ICO",
    "image/heic": "HEIF",
    "image/heif": "HEIF",
    "image/heic-sequence": "HEIF",
    "image/heif-sequence": "HEIF",
    "image/avif": "AVIF",
    "image/avif-sequence": "AVIF",
    "image/jp2": "JPEG2000",
    "image/jpx": "JPEG2000",
    "image/j2c": "JPEG2000",
    "image/vnd.adobe.photoshop": "PSD",
    "image/x-portable-bitmap": "PPM",
    "image/x-portable-graymap": "PPM",
    "image/x-portable-pixmap": "PPM",
    "image/x-portable-anymap": "PPM",
    "image/x-tga": "TGA",
    "image/x-pcx": "PCX",
    "image/x-sgi": "SGI",
    "image/x-qoi": "QOI",
    "image/icns": "ICNS",
    "image/vnd.ms-dds": "DDS",
}


def decodes(media_type: str) -> bool:
    """Tell whether ``open_picture`` has a decoder for a media type."""
    return media_type in _FORMATS


def open_picture(data: bytes, media_type: str) -> Picture:
    """Decode the first frame of a picture, once.

    A damaged file gives what can be decoded, ``info.decoded == "partial"`` and a trouble.
    Raises NotApplicable where there is no decoder (SVG, raw photographs, other media), Malformed
    where nothing decodes, LimitReached("pixel_limit") where the header promises too much.
    """
    kind = _FORMATS.get(media_type)
    if kind is None:
        raise NotApplicable(f"no decoder for {media_type}")
    return open_jpeg(data) if kind == "JPEG" else open_with_pillow(data, kind)


def hash_plane(info: PictureInfo) -> str:
    """Return which pixels the known-hash lists hash: "Y" (``luma``) or "RGB" (``rgb``)."""
    return "Y" if info.format == "JPEG" and info.mode in ("YCbCr", "L") else "RGB"


def warm() -> None:
    """Run every decoder once on a tiny sample: lazy imports fail after the seal."""
    Image.init()
    for media_type, data in SAMPLES:
        picture = open_picture(data, media_type)
        picture.luma()
        picture.rgb(8)
        picture.variants()
    thumbnail.blurred(np.zeros((8, 8, 3), np.uint8))
