"""Shows a Windows bitmap that lacks its file header, and says where such a bitmap's pixels begin.

Office, Outlook and metafiles store bitmaps as in memory: from the BITMAPINFOHEADER on. They are no
picture file; what is shown is a PNG made from the pixels. Source: [MS-WMF] 2.2.2.3, 2.2.2.9.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from PIL import Image

from assay.core.blob import Blob, MemoryBlob
from assay.core.errors import LimitReached, Malformed
from assay.core.opening import Member
from assay.core.vocab import Role
from assay.openers.streams import pieces_of, stream_of

MEDIA_TYPE = "image/x-dib"
_CORE = 12  # bytes of the oldest header
_HEADERS = frozenset({_CORE, 40, 52, 56, 64, 108, 124})
_MAX_PIXELS = 50_000_000
_MAX_BYTES = 256 << 20
_BITFIELDS, _RLE8, _RLE4, _JPEG, _PNG = 3, 1, 2, 4, 5


def head_size(head: bytes) -> int | None:
    """Return the bytes before the pixels of a headerless bitmap; None where it is none."""
    if len(head) < 16:
        return None
    size = int.from_bytes(head[:4], "little")
    if size not in _HEADERS:
        return None
    if size == _CORE:
        width, height, planes, bits = struct.unpack_from("<HHHH", head, 4)
        packing, colours, entry = 0, 0, 3
    elif len(head) < 40:
        return None
    else:
        width, height, planes, bits, packing = struct.unpack_from("<iiHHI", head, 4)
        (colours,) = struct.unpack_from("<I", head, 32)
        entry = 4
    jpeg_inside = packing in (_JPEG, _PNG) and bits == 0
    if planes != 1 or width <= 0 or height == 0 or abs(height) > 1 << 20 or width > 1 << 20:
        return None
    if bits not in (1, 4, 8, 16, 24, 32) and not jpeg_inside:
        return None
    if packing > _PNG or colours > 256:
        return None
    palette: int = (colours or 1 << bits) if 0 < bits <= 8 else colours
    masks = 12 if packing == _BITFIELDS and size == 40 else 0
    return size + masks + palette * entry


def bitmap_member(name: str, blob: Blob, locator: str) -> Member:
    """Return a headerless bitmap as coded pixels with a rendering."""
    return Member(
        name=name,
        open=lambda: stream_of(pieces_of(blob, 0, blob.size)),
        stored_size=max(blob.size, 1),
        locator=locator,
        role=Role.STREAM,
        rendering=lambda: render(blob),
        media_type=MEDIA_TYPE,
    )


def render(blob: Blob) -> BinaryIO:
    """Return a PNG of a headerless bitmap; raises Malformed, LimitReached."""
    head = blob.read(0, 64)
    start = head_size(head)
    if start is None:
        raise Malformed("no bitmap header", offset=0)
    (size,) = struct.unpack_from("<I", head)
    if size == _CORE:
        width, height = struct.unpack_from("<HH", head, 4)
    else:
        width, height = struct.unpack_from("<ii", head, 4)
    if width * abs(height) > _MAX_PIXELS or blob.size > _MAX_BYTES:
        raise LimitReached(f"{width} x {abs(height)} pixels", flag="pixel_limit")
    data = blob.read(0, blob.size)
    file = struct.pack("<2sIHHI", b"BM", 14 + len(data), 0, 0, 14 + start) + data
    return png_of(file)


def png_of(file: bytes) -> BinaryIO:
    """Return a PNG of a picture file that Pillow reads; raises Malformed."""
    out = io.BytesIO()
    try:
        with Image.open(io.BytesIO(file), formats=("BMP",)) as picture:
            picture.load()
            shown = picture if picture.mode in ("1", "L", "P", "RGB", "RGBA") else None
            (shown or picture.convert("RGB")).save(out, "PNG", compress_level=1)
    except Exception as error:  # Pillow raises whatever it meets
        raise Malformed(f"the bitmap cannot be decoded: {error}") from error
    out.seek(0)
    return out


def warm() -> None:
    """Run the decoder and the encoder once."""
    pixels = struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0) + bytes(4)
    render(MemoryBlob(pixels)).read()
