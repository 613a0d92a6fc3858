"""What a video says about the device that recorded it: QuickTime keys, user data, RIFF lists.

Sources: Apple, QuickTime File Format ("Metadata", "User data atoms"); Android MediaMuxer's keys;
https://exiftool.org/TagNames/QuickTime.html (UserData: makers' own atoms) and RIFF.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from assay.core.slots import Slot, SlotKind, Walk
from assay.examiners._editors import editor_name, is_carrier

_MAX_TEXT = 400  # bytes
# Field by key, lower case. The makers' own atoms carry up to six bytes before the text
_FIELDS: Mapping[str, str] = {
    "com.apple.quicktime.make": "make",
    "com.apple.quicktime.model": "model",
    "com.apple.quicktime.software": "firmware",
    "com.apple.quicktime.creationdate": "taken",
    "com.apple.quicktime.location.iso6709": "place",
    "com.android.manufacturer": "make",
    "com.android.model": "model",
    "©mak": "make",
    "©mod": "model",
    "©swr": "firmware",
    "©day": "taken",
    "©xyz": "place",
    "@mak": "make",
    "@mod": "model",
    "@swr": "firmware",
    "manu": "make",  # Canon, Panasonic
    "modl": "model",
    "cnmn": "model",  # Canon
    "cnfv": "firmware",
    "firm": "firmware",  # GoPro
    "ecor": "make",  # the "exif" list of AVI files (Exif 2.2, annex of RIFF WAVE)
    "emdl": "model",
}
_CAME = "came"  # GoPro: the hash of a serial number, binary
_CANON = frozenset({"cnmn", "cnfv"})
_ZONE = re.compile(r"([+-]\d\d):?(\d\d)$|Z$", re.ASCII)
# ISO 6709 as phones write it: +48.8577+002.2950/ , height and datum may follow
_PLACE = re.compile(r"^([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)(?:[+-/C]|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class VideoText:
    """A video's statements about its device."""

    make: str | None
    model: str | None
    firmware: str | None  # no editor's and no system's name
    taken: str | None  # as written
    zone: str | None
    serial: str | None
    gps: tuple[float, float] | None  # degrees, north and east positive
    mechanism: str
    locator: str


def video_text(walk: Walk) -> VideoText | None:
    """Return what the keys of a video say; None where they name no device."""
    found: dict[str, Slot] = {}
    serial = None
    canon = False
    for slot in walk.slots:
        if slot.kind not in (SlotKind.TEXT, SlotKind.OTHER) or len(slot.data) > 1 << 16:
            continue
        key = slot.key.lower()
        if key in _FIELDS:
            found.setdefault(_FIELDS[key], slot)
            canon = canon or key in _CANON
        elif key == _CAME and slot.data.strip(b"\0"):
            serial = slot.data[:32].hex()
    named = found.get("make") or found.get("model")
    if named is None:
        return None
    taken = _text(found.get("taken"))
    firmware = _text(found.get("firmware"))
    if firmware and (editor_name(firmware) or is_carrier(firmware)):
        firmware = None
    return VideoText(
        make=_text(found.get("make")) or ("Canon" if canon else None),
        model=_text(found.get("model")),
        firmware=firmware[:120] if firmware else None,
        taken=taken,
        zone=_zone(taken),
        serial=serial,
        gps=_place(_text(found.get("place"))),
        mechanism=named.mechanism,
        locator=named.locator,
    )


def _text(slot: Slot | None) -> str | None:
    if slot is None:
        return None
    raw = slot.data[:_MAX_TEXT]
    if slot.kind is SlotKind.OTHER and raw[:4] == b"\0\0\0\0":
        raw = raw[6:]  # four zeros and two bytes of a checksum or language
    text = raw.partition(b"\0")[0].decode("utf-8", "replace").strip()
    return text or None


def _zone(taken: str | None) -> str | None:
    match = _ZONE.search(taken or "") if taken and "T" in taken else None
    if match is None:
        return None
    return f"{match[1]}:{match[2]}" if match[1] else "Z"


def _place(text: str | None) -> tuple[float, float] | None:
    match = _PLACE.match(text or "")
    if match is None:
        return None
    latitude, longitude = float(match[1]), float(match[2])
    if abs(latitude) > 90 or abs(longitude) > 180 or latitude == longitude == 0:
        return None
    return round(latitude, 6), round(longitude, 6)
