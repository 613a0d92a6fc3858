"""Everything but ordinary JPEG, by Pillow and libheif (pi-heif): first frame, as stored.

The other frames and pages are chosen by ``media.frames``.

Colours follow Pillow's ``convert("RGB")``: alpha dropped, 16-bit grey clipped, because the
known-hash lists were made so. ``variants`` gives the rendering a viewer shows where it differs.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pi_heif
import PIL
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from assay.core.contract import PictureInfo, Rendering
from assay.core.errors import LimitReached, Malformed
from assay.core.slots import Trouble
from assay.media.decode_headers import (
    avif_bits,
    declared_size,
    exif_orientation,
    gif_frames,
    icon_count,
    png_pixels,
    tiff_pages,
    webp_is_lossless,
)
from assay.media.decode_planes import PIXEL_LIMIT, Picture, check_size, gather, scale_down

# Pillow raises above twice this number, also for pictures inside an icon; sizes are checked here
# before a pixel is decoded, so its warning in between says nothing new.
Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT // 2
pi_heif.options.DECODE_THREADS = 1  # one worker, one core

_PILLOW = f"Pillow {PIL.__version__}"
_LIBHEIF = f"pi-heif {pi_heif.__version__} (libheif {pi_heif.libheif_version()})"
_FILL_LIMIT = 64 << 20  # bytes of zeros added to a cut file
_NEED_WHOLE = frozenset(
    {"WEBP", "AVIF", "HEIF"}
)  # decoders that refuse a file shorter than it says
_ALPHA_MODES = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_WIDE_MODES = ("I", "F")  # beginnings of the modes that convert("RGB") clips
_ADDRESS = re.compile(r" ?<[^<>]* at 0x[0-9a-f]+>")


# Undoes what Pillow does to a TIFF of each orientation while loading it (TIFF 6.0 tag 274).
_UNTURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True, slots=True)
class _Loaded:
    """One decoded frame and what only its decoder knows."""

    image: Image.Image  # as stored
    frames: int = 1
    orientation: int = 1
    bits: int | None = None
    turned: Image.Image | None = None  # as Pillow shows it, where that is turned


@dataclass(frozen=True, slots=True)
class PillowPlanes:
    image: Image.Image  # loaded, in its own mode
    turned: Image.Image | None = None  # a TIFF as Pillow itself shows it, orientation applied
    exact: bool = False  # the values are those of the file, neither converted nor scaled

    def luma(self) -> NDArray[np.uint8]:
        """Return Rec. 601 luma rounded to whole numbers; a hash takes ``rgb`` instead."""
        with quiet():
            return gather(self.image, _grey)

    def rgb(self, max_side: int | None = None) -> NDArray[np.uint8]:
        """Return RGB with alpha dropped."""
        with quiet():
            return scale_down(self.image, max_side)

    def pixels(self, columns: int | None = None) -> NDArray[np.uint8] | None:
        """Return H×W×3 or ×4 as stored, where the kind stores such values."""
        if not self.exact:
            return None
        image = self.image
        if columns is not None and columns < image.width:
            image = image.crop((0, 0, columns, image.height))
        return np.asarray(image, dtype=np.uint8)

    def variants(self) -> tuple[Rendering, ...]:
        """Return the picture on white where it has alpha, unclipped where it is deeper than 8 bits,

        and turned where Pillow turns it: peers that read TIFF with Pillow hash it upright.
        """
        found = []
        with quiet():
            if _has_alpha(self.image):
                found.append(Rendering("alpha", gather(self.image, _on_white)))
            if self.image.mode.startswith(_WIDE_MODES):
                found.append(Rendering("16-bit", _full_range(self.image)))
            if self.turned is not None:
                found.append(Rendering("orientation", gather(self.turned, _grey)))
        luma = self.luma() if found else None
        return tuple(r for r in found if luma is None or not np.array_equal(r.luma, luma))


def open_with_pillow(data: bytes, kind: str, *, orientation: int = 1, bits: int = 8) -> Picture:
    """Decode the first frame of ``data`` as Pillow's ``kind``; raises Malformed, LimitReached."""
    cut, frames = False, 1
    if kind == "PNG":
        png = png_pixels(data)
        check_size(png.width, png.height)
        if not png.has_pixels:
            raise Malformed("a PNG without picture data")
        data, cut, frames = png.data, not png.ended, png.frames
        orientation, bits = png.orientation, png.bits
    elif kind == "GIF":
        frames, ended = gif_frames(data)
        cut = not ended
    elif kind == "TIFF":
        frames = tiff_pages(data)
    elif kind == "ICO":
        frames = icon_count(data)
    elif kind in _NEED_WHOLE:
        cut = declared_size(data) > len(data)
    loaded, damage = _load(data, kind)
    exact = kind == "PNG" or (kind == "WEBP" and webp_is_lossless(data))
    loaded = replace(
        loaded,
        frames=max(frames, loaded.frames),
        orientation=max(orientation, loaded.orientation),
        bits=loaded.bits or bits,
    )
    return _picture(loaded, kind, damage, cut=cut, exact=exact)


def open_page(data: bytes, kind: str) -> Picture:
    """Decode the picture that ``data`` begins with, without counting what else there is."""
    loaded, damage = _load(data, kind)
    return _picture(loaded, kind, damage)


def picture_of(image: Image.Image, kind: str) -> Picture:
    """Return one frame of an animation, decoded already, as a picture; raises Malformed."""
    return _picture(_Loaded(image), kind, "")


def _picture(
    loaded: _Loaded, kind: str, damage: str, *, cut: bool = False, exact: bool = False
) -> Picture:
    image = loaded.image
    _check_colours(image)
    troubles = []
    if damage:
        flag = "truncated" if cut or "truncated" in damage.lower() else "malformed"
        troubles.append(Trouble(flag, damage))
    return Picture(
        info=PictureInfo(
            format="HEIC" if kind == "HEIF" else kind,
            width=image.width,
            height=image.height,
            mode=image.mode,
            bits=1 if image.mode == "1" else loaded.bits or 8,
            frames=loaded.frames,
            orientation=loaded.orientation,
            decoded="partial" if damage else "full",
            decoder=_LIBHEIF if kind == "HEIF" else _PILLOW,
            has_alpha=_has_alpha(image),
        ),
        troubles=tuple(troubles),
        planes=PillowPlanes(image, loaded.turned, exact and _is_plain(loaded)),
    )


def _load(data: bytes, kind: str) -> tuple[_Loaded, str]:
    """Decode strictly, else with what is there; return the frame and what was wrong with it."""
    read = _read_heif if kind == "HEIF" else _read
    with quiet():
        try:
            return read(data, kind), ""
        except (LimitReached, MemoryError):
            raise
        except Image.DecompressionBombError as error:
            raise LimitReached(str(error), flag="pixel_limit") from error
        except Exception as error:  # Pillow's plugins raise almost anything on broken bytes
            damage = words_of(error)
        missing = declared_size(data) - len(data)
        if kind in _NEED_WHOLE and 0 < missing <= _FILL_LIMIT:
            damage = f"truncated: {missing} bytes are missing ({damage})"
            data += bytes(missing)
        try:
            with _tolerant():
                return read(data, kind), damage
        except (LimitReached, MemoryError):
            raise
        except Exception as error:
            raise Malformed(f"{kind}: {damage}") from error


def _read(data: bytes, kind: str) -> _Loaded:
    image = Image.open(io.BytesIO(data), formats=(kind,))
    check_size(*image.size)
    if kind == "TIFF":
        return _read_tiff(image)
    image.load()
    check_size(*image.size)
    if kind in ("WEBP", "AVIF"):
        bits = avif_bits(data) if kind == "AVIF" else None
        frames = int(getattr(image, "n_frames", 1))
        return _Loaded(image, frames, exif_orientation(_exif(image)), bits)
    return _Loaded(image)


def _read_tiff(image: Image.Image) -> _Loaded:
    """Decode a TIFF as stored: Pillow turns it upright while loading, and drops the tag."""
    tags = getattr(image, "tag_v2", {})
    orientation, bits = tags.get(274, 1), tags.get(258, 8)
    bits = bits[0] if isinstance(bits, tuple) and bits else bits
    bits = bits if isinstance(bits, int) else 8
    image.load()
    if orientation not in _UNTURN:
        return _Loaded(image, bits=bits)
    if 274 in getattr(image, "tag_v2", {}):  # a Pillow that leaves it alone
        return _Loaded(image, orientation=orientation, bits=bits)
    return _Loaded(image.transpose(_UNTURN[orientation]), 1, orientation, bits, image)


def _read_heif(data: bytes, kind: str) -> _Loaded:
    """Decode the primary picture of an HEIF file; libheif applies its rotation, as peers do."""
    heif = pi_heif.open_heif(data, convert_hdr_to_8bit=True)
    check_size(*heif.size)
    image: Image.Image = heif.to_pillow()
    return _Loaded(image, frames=len(heif), bits=int(image.info.get("bit_depth", 8)))


@contextmanager
def _tolerant() -> Iterator[None]:
    """Let Pillow keep the pixels it got; only ever inside ``_load``, which then says so."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the warnings of decoders about hostile bytes out of the log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def words_of(error: Exception) -> str:
    """Return an error's text without memory addresses, so that the same bytes give the same."""
    if isinstance(error, UnidentifiedImageError):
        return "its header cannot be read"
    return _ADDRESS.sub("", str(error)).strip()[:200] or type(error).__name__


def _check_colours(image: Image.Image) -> None:
    """Raise Malformed where Pillow knows no way from this mode to RGB."""
    try:
        with quiet():
            image.crop((0, 0, 1, 1)).convert("RGB")
    except (ValueError, OSError) as error:
        raise Malformed(f"colours of mode {image.mode} cannot be converted: {error}") from error


def _is_plain(loaded: _Loaded) -> bool:
    """Tell whether Pillow's values are 8-bit RGB or RGBA as they were written."""
    return loaded.image.mode in ("RGB", "RGBA") and loaded.bits == 8


def _grey(image: Image.Image) -> Image.Image:
    return image if image.mode == "L" else image.convert("RGB").convert("L")


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in _ALPHA_MODES or "transparency" in image.info


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image.convert("RGBA")).convert("L")


def _full_range(image: Image.Image) -> NDArray[np.uint8]:
    """Scale deep grey to 0–255: 16-bit by its nominal range, floats and 32-bit by their own."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    low, high = 0.0, 65535.0
    if image.mode == "F" or values.max() > high or values.min() < 0:
        low, high = float(values.min()), float(values.max())
    scaled = (values - low) * (255.0 / max(high - low, 1e-12))
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def _exif(image: Image.Image) -> bytes:
    block = image.info.get("exif", b"")
    return block if isinstance(block, bytes) else b""
