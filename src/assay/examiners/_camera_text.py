"""What a file says about its camera: EXIF, CIFF, "[picture info]", XMP and the keys of videos.

It gathers and does not weigh: ``camera`` sets the level. Maker notes are not read, only seen.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assay.core.slots import Slot, SlotKind, Walk
from assay.examiners._devices import device_name, no_camera
from assay.examiners._editors import editor_name, is_carrier
from assay.examiners._video_text import video_text
from assay.media.ciff import CiffBlock, is_ciff, read_ciff
from assay.media.picture_info import PictureInfo, is_picture_info, read_picture_info
from assay.media.tiff import Exif, read_exif
from assay.media.xmp import Xmp, read_xmp

_TIME = re.compile(r"^(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?")
_OFFSET = re.compile(r"^([+-]\d\d:\d\d|Z)$")
# ImageDescription that cameras write by themselves (metadata-extractor-images, Olympus folders)
_CAMERA_CAPTIONS = (
    "olympus digital camera",
    "sony dsc",
    "minolta digital camera",
    "digital camera",
)
_MAX_SIDE = (1 << 32) - 1  # pixels: the largest LONG; a hostile DOUBLE may be beyond any sum
_EXPOSURE = ("ExposureTime", "FNumber", "ISO", "ShutterSpeedValue", "ApertureValue")


@dataclass(frozen=True, slots=True)
class Claim:
    """EXIF fields of one block that a generator's dialect occupies: names there are no camera's."""

    fields: frozenset[str]  # "Make", "Model"
    locator: str  # of the record; blank = every block


@dataclass(frozen=True, slots=True)
class CameraText:
    """A file's statements about its camera. Times are local unless ``zone`` is known."""

    make: str | None = None
    model: str | None = None
    caption: str | None = None  # an ImageDescription that only cameras write
    exposure: dict[str, float] = field(default_factory=dict)  # seconds, f-number, ISO
    taken_at: str | None = None  # ISO 8601 without zone
    zone: str | None = None  # "+02:00", "Z"
    maker_note: bool = False
    serial: str | None = None
    lens: str | None = None
    firmware: str | None = None
    gps: tuple[float, float] | None = None  # degrees, north and east positive
    sizes: tuple[tuple[int, int], ...] = ()  # width and height in pixels that EXIF states
    thumbnail: bytes | None = None
    orientation: int = 1
    source: str = ""  # mechanism of the slot
    locator: str = ""
    left_out: str = ""  # why a Make or Model was not taken for a camera's

    @property
    def named(self) -> bool:
        return self.make is not None or self.model is not None

    @property
    def any(self) -> bool:
        """Camera text of any kind: a name, a caption, or exposure data."""
        return self.named or self.caption is not None or len(self.exposure) >= 2


def camera_text(walk: Walk, claims: Sequence[Claim] = ()) -> CameraText:
    """Return what a file says, of several blocks the one that says most."""
    texts = list(_texts(walk, claims))
    best = max(texts, key=_rank, default=CameraText())
    if not best.any:
        reason = next((t.left_out for t in texts if t.left_out), "")
        return CameraText(left_out=reason)
    return best


def _rank(text: CameraText) -> tuple[bool, bool, bool, bool]:
    return text.any, text.named, bool(text.exposure), text.taken_at is not None


def _texts(walk: Walk, claims: Sequence[Claim]) -> Iterator[CameraText]:
    for slot in walk.slots:
        if slot.kind is SlotKind.EXIF:
            # A record in one block says nothing about the names in another
            here = (c.fields for c in claims if not c.locator or slot.locator in c.locator)
            yield _from_exif(read_exif(slot.data), slot, frozenset().union(*here))
        elif slot.kind is SlotKind.XMP:
            yield _from_xmp(read_xmp(slot.data), slot)
        elif slot.kind is SlotKind.OTHER and is_ciff(slot.data):
            yield _from_block(read_ciff(slot.data), slot, "CIFF", _jfxx(walk))
        elif slot.kind is SlotKind.OTHER and is_picture_info(slot.data):
            yield _from_block(read_picture_info(slot.data), slot, "picture info", _jfxx(walk))
    yield from _from_video(walk)


def _from_block(
    block: CiffBlock | PictureInfo, slot: Slot, what: str, thumbnail: bytes | None
) -> CameraText:
    return CameraText(
        make=device_name(block.make),
        model=device_name(block.model),
        exposure=block.exposure,
        taken_at=block.taken_at,
        serial=block.serial,
        firmware=block.firmware,
        sizes=(block.size,) if block.size else (),
        thumbnail=thumbnail,
        source=f"{slot.mechanism} {what}",
        locator=slot.locator,
    )


def _jfxx(walk: Walk) -> bytes | None:
    """Return the JPEG thumbnail of a JFIF extension segment (JFIF 1.02, extension code 0x10)."""
    for slot in walk.slots:
        if slot.kind is SlotKind.OTHER and slot.data[:6] == b"JFXX\0\x10":
            return slot.data[6:]
    return None


def _from_video(walk: Walk) -> Iterator[CameraText]:
    video = video_text(walk)
    if video is None:
        return
    make, model = device_name(video.make), device_name(video.model)
    row = no_camera(make, model) if make or model else None
    if row is not None:
        yield CameraText(left_out=row.what)
        return
    yield CameraText(
        make=make,
        model=model,
        taken_at=exif_time(video.taken),
        zone=video.zone,
        serial=video.serial,
        firmware=video.firmware,
        gps=video.gps,
        source=video.mechanism,
        locator=video.locator,
    )


def _named(make: str | None, model: str | None, slot: Slot) -> CameraText:
    make, model = device_name(make), device_name(model)
    row = no_camera(make, model) if make or model else None
    if row is not None:
        return CameraText(left_out=row.what)
    return CameraText(make=make, model=model, source=slot.mechanism, locator=slot.locator)


def _from_exif(exif: Exif, slot: Slot, claimed: frozenset[str]) -> CameraText:
    make, model = (
        None if name in claimed else device_name(exif.text(name)) for name in ("Make", "Model")
    )
    row = no_camera(make, model) if make or model else None
    if row is not None:
        return CameraText(left_out=row.what)
    caption = " ".join((exif.text("ImageDescription", "IFD0") or "")[:200].split())
    software = exif.text("CameraFirmware") or exif.text("Software", "IFD0")
    is_firmware = software and not editor_name(software) and not is_carrier(software)
    taken = exif_time(exif.text("DateTimeOriginal")) or exif_time(exif.text("DateTimeDigitized"))
    offset = exif.text("OffsetTimeOriginal") or exif.text("OffsetTimeDigitized") or ""
    return CameraText(
        make=make,
        model=model,
        caption=caption if caption.lower() in _CAMERA_CAPTIONS else None,
        exposure=dict(_exposure(exif)),
        taken_at=taken,
        zone=offset if _OFFSET.match(offset) else None,
        maker_note=exif.get("MakerNote") is not None,
        serial=exif.text("BodySerialNumber") or exif.text("CameraSerialNumber"),
        lens=device_name(exif.text("LensModel")),
        firmware=software[:120] if is_firmware and software else None,
        gps=_gps(exif),
        sizes=tuple(_sizes(exif)),
        thumbnail=exif.thumbnail,
        orientation=int(exif.number("Orientation", "IFD0") or 1),
        source=slot.mechanism,
        locator=slot.locator,
    )


def _from_xmp(xmp: Xmp, slot: Slot) -> CameraText:
    return _named(
        xmp.first("tiff:Make") or xmp.first("exif:Make"),
        xmp.first("tiff:Model") or xmp.first("exif:Model"),
        slot,
    )


def exif_time(text: str | None) -> str | None:
    """Return an EXIF time as ISO 8601; None where blank, zero or impossible."""
    match = _TIME.match(text or "")
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    if not (1 <= month <= 12 and 1 <= day <= 31 and year and hour < 24 and minute < 60):
        return None
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{min(second, 59):02}"


def _exposure(exif: Exif) -> Iterator[tuple[str, float]]:
    for name in _EXPOSURE:
        number = exif.number(name)
        # APEX shutter and aperture values may be zero or negative; the plain ones may not
        if number is not None and (number > 0 or name == "ShutterSpeedValue"):
            yield name, round(number, 6)


def _sizes(exif: Exif) -> Iterator[tuple[int, int]]:
    for width, height, group in (
        ("PixelXDimension", "PixelYDimension", "Exif"),
        ("ImageWidth", "ImageLength", "IFD0"),
    ):
        wide, high = exif.number(width, group), exif.number(height, group)
        if wide and high and wide >= 16 and high >= 16:  # placeholders such as 1×1 say nothing
            yield min(int(wide), _MAX_SIDE), min(int(high), _MAX_SIDE)


def _gps(exif: Exif) -> tuple[float, float] | None:
    latitude = _degrees(exif, "GPSLatitude", "S")
    longitude = _degrees(exif, "GPSLongitude", "W")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    if latitude == 0 and longitude == 0:  # no fix: phones write zeros
        return None
    return round(latitude, 6), round(longitude, 6)


def _degrees(exif: Exif, name: str, negative: str) -> float | None:
    value, reference = exif.get(name, "GPS"), exif.text(f"{name}Ref", "GPS")
    if not isinstance(value, tuple) or len(value) != 3 or reference is None:
        return None
    degrees = value[0] + value[1] / 60 + value[2] / 3600
    if not math.isfinite(degrees):
        return None
    return -degrees if reference.upper().startswith(negative) else degrees
