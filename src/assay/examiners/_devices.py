"""What devices write: makers that are no cameras, and the containers that each maker writes.

Tables only; every row has its source. Where a table knows nothing, the answer is "unknown", which
never speaks against a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoCamera:
    """A Make and Model, by pattern, under which no camera writes pictures."""

    make: str  # pattern, matched from the start, ignoring case
    model: str
    what: str
    source: str


# A console or program that is missing here is only taken for a camera, which moves nothing down.
NO_CAMERAS = (
    NoCamera(
        r"polyphony digital", r"", "game screenshot", "ianare/exif-samples jpg/tests/45-gps_ifd.jpg"
    ),
    # macOS writes the computer's own model into screen recordings: provenance files/contentauth
    NoCamera(
        r"apple",
        r"(iMac|Mac|Macmini|MacBook|MacBookPro|MacBookAir|MacPro)[\d ]+,\d+$",
        "screen recording of a computer",
        "contentauth/c2pa-rs sdk/tests/fixtures/c.mov",
    ),
)

# Words that writers leave where they know no device
_PLACEHOLDERS = frozenset(
    {"unknown", "none", "null", "n/a", "na", "undefined", "default", "(null)", "0", "-", "string"}
)
# Generators keep whole records here: ComfyUI "workflow:{…}" and "prompt:{…}" (provenance.md §4)
_RECORD = re.compile(r"^\s*(\w{1,40}\s*[:=]\s*)?[{\[]")
_MAX_NAME = 120  # characters; no maker's name comes near it


def device_name(text: str | None) -> str | None:
    """Return a Make or Model as a device writes it; None for records, blanks, placeholders."""
    if text is None or len(text) > _MAX_NAME or _RECORD.match(text) or "\n" in text:
        return None
    name = " ".join(text.split())
    return None if not name or name.lower() in _PLACEHOLDERS else name


def no_camera(make: str | None, model: str | None) -> NoCamera | None:
    """Return the row of the table that a Make and Model fall under."""
    for row in NO_CAMERAS:
        if re.match(row.make, make or "", re.IGNORECASE) and re.match(
            row.model, model or "", re.IGNORECASE
        ):
            return row
    return None


# Containers that no camera or phone is known to write a capture into. PNG and WebP: screenshots
# and downloads only (developer.android.com CaptureRequest JPEG, HEIC, RAW, Ultra HDR; Apple
# AVCapturePhotoOutput: JPEG, HEVC, DNG). AVIF and JPEG XL occur as converters' output.
_FOREIGN = frozenset(
    {
        "image/png",
        "image/apng",
        "image/webp",
        "image/gif",
        "image/bmp",
        "image/avif",
        "image/jxl",
        "image/svg+xml",
        "image/vnd.adobe.photoshop",
    }
)
_NATIVE = frozenset({"image/jpeg", "image/mpo"})
_HEIF = frozenset({"image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"})
# Makers with HEIF capture in their manuals (iOS 11, Galaxy S10, EOS-1D X Mark III, α7S III, Z 8,
# X-H2; Android 10 phones). General knowledge, not checked maker by maker: others stay unknown.
_HEIF_MAKERS = (
    "apple|samsung|canon|sony|fujifilm|nikon|google|xiaomi|redmi|oppo|oneplus|vivo|realme|huawei"
    "|honor|motorola|nothing|lg|hmd|nokia|meizu|zte|asus|panasonic|om digital|hasselblad|dji"
    "|insta360|leica"
)
# Phones whose makers never wrote TIFF; cameras of the 1990s and 2000s did, so they stay unknown
_NO_TIFF = "apple|samsung|google|xiaomi|redmi|oppo|oneplus|vivo|realme|huawei|honor|htc|motorola|lg"
# Cameras that do write PNG: Raspberry Pi's (raspistill -e png, rpicam-still --encoding png)
_PNG_MAKERS = "raspberry ?pi"


def container_agrees(make: str | None, media_type: str) -> bool | None:
    """Tell whether the maker writes this container; None where the tables do not know."""
    maker = make or ""
    if media_type in _NATIVE:
        return True
    if media_type == "image/png" and re.match(_PNG_MAKERS, maker, re.IGNORECASE):
        return True
    if media_type in _FOREIGN:
        return False
    if media_type in _HEIF:
        return True if re.match(_HEIF_MAKERS, maker, re.IGNORECASE) else None
    if media_type == "image/tiff":
        return False if re.match(_NO_TIFF, maker, re.IGNORECASE) else None
    return True if media_type in _RAW else None


# Raw kinds are written by cameras alone (or by a converter to DNG, which keeps the capture)
_RAW = frozenset(
    {
        "image/x-adobe-dng",
        "image/x-canon-cr2",
        "image/x-canon-cr3",
        "image/x-nikon-nef",
        "image/x-sony-arw",
        "image/x-fuji-raf",
        "image/x-fujifilm-raf",
        "image/x-olympus-orf",
        "image/x-panasonic-rw2",
        "image/x-pentax-pef",
        "image/x-samsung-srw",
    }
)
