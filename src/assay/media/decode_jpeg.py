"""JPEG by libjpeg-turbo (simplejpeg): the Y plane at full size, RGB at the size asked for.

The Y plane is what the file stores, so hashing it needs no colour conversion. CMYK and YCCK files
(with Adobe's inversion) and what simplejpeg refuses go to Pillow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from assay.core.contract import PictureInfo, Rendering
from assay.core.errors import Malformed
from assay.core.slots import Trouble
from assay.media.decode_headers import JpegHeader, jpeg_header
from assay.media.decode_pillow import open_with_pillow
from assay.media.decode_planes import Picture, check_size, fit, scale_down

_DECODER = f"simplejpeg {simplejpeg.__version__}"
_MODES = {"YCbCr": "YCbCr", "Gray": "L", "RGB": "RGB"}  # simplejpeg's word -> ours
_CUT = "Premature end of JPEG file"  # libjpeg's JWRN_JPEG_EOF


@dataclass(frozen=True, slots=True)
class JpegPlanes:
    data: bytes
    whole: NDArray[np.uint8]  # decoded at opening: H×W luma, or H×W×3 where stored as RGB

    def luma(self) -> NDArray[np.uint8]:
        """Return the Y plane as stored; of an RGB file its Rec. 601 luma."""
        if self.whole.ndim == 2:
            return self.whole
        return np.asarray(Image.fromarray(self.whole).convert("L"))

    def rgb(self, max_side: int | None = None) -> NDArray[np.uint8]:
        """Return RGB; a smaller size is decoded from fewer DCT coefficients, then averaged."""
        if self.whole.ndim == 3:
            return scale_down(Image.fromarray(self.whole), max_side)
        height, width = self.whole.shape
        target_width, target_height = fit(width, height, max_side)
        planes = _planes(self.data, "RGB", target_height, target_width)
        return scale_down(Image.fromarray(planes), max_side)

    def pixels(self, columns: int | None = None) -> NDArray[np.uint8] | None:
        """Return None: a JPEG stores no pixels."""
        return None

    def variants(self) -> tuple[Rendering, ...]:
        """Return nothing: a JPEG has neither alpha nor more than 8 bits here."""
        return ()


def open_jpeg(data: bytes) -> Picture:
    """Decode a JPEG; raises Malformed or LimitReached. A cut file gives what is there."""
    header = jpeg_header(data)
    if header is None:
        raise Malformed("a JPEG without a frame header")
    check_size(header.width, header.height)
    if header.scan < 0:
        raise Malformed("a JPEG without picture data")
    try:
        _, _, colorspace, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except (ValueError, OverflowError, KeyError):  # KeyError: colours it has no name for
        colorspace = ""
    if colorspace not in _MODES:  # CMYK, YCCK, or sampling that simplejpeg does not know
        return open_with_pillow(data, "JPEG", orientation=header.orientation, bits=header.bits)
    target = "RGB" if colorspace == "RGB" else "GRAY"
    damage = ""
    try:
        whole = _planes(data, target, strict=True)
    except ValueError as error:
        damage = str(error)
        try:
            whole = _planes(data, target)
        except ValueError:
            return open_with_pillow(data, "JPEG", orientation=header.orientation, bits=header.bits)
    harmless = _is_harmless(damage, header)
    return Picture(
        info=PictureInfo(
            format="JPEG",
            width=header.width,
            height=header.height,
            mode=_MODES[colorspace],
            bits=header.bits,
            frames=1,
            orientation=header.orientation,
            decoded="full" if harmless else "partial",
            decoder=_DECODER,
        ),
        troubles=() if harmless else (_trouble(damage),),
        planes=JpegPlanes(data, whole),
    )


def _planes(
    data: bytes, colorspace: str, height: int = 0, width: int = 0, *, strict: bool = False
) -> NDArray[np.uint8]:
    planes: NDArray[np.uint8] = simplejpeg.decode_jpeg(
        data, colorspace, min_height=height, min_width=width, strict=strict
    )
    return planes[..., 0] if colorspace == "GRAY" else planes


def _is_harmless(damage: str, header: JpegHeader) -> bool:
    """Tell whether a warning leaves every pixel decoded.

    libjpeg keeps its first warning. Padding before the end marker (written by some cameras) is
    seen only after the last block; with restart markers it could hide lost blocks.
    """
    return not damage or (damage.endswith("before marker 0xd9") and not header.restarts)


def _trouble(damage: str) -> Trouble:
    if damage == _CUT:
        return Trouble("truncated", "the JPEG data ends early; the rest of the picture is grey")
    return Trouble("malformed", damage.removeprefix("Corrupt JPEG data: "))
