"""Extensions by content, for files that we name. Nothing that a double click would run gets one."""

from __future__ import annotations

from functools import cache

from assay.media.extensions import PROMISES

OTHER = "bin"
_FAMILIES = ("image/", "video/", "audio/")
_ALSO = {
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/x-7z-compressed": "7z",
    "message/rfc822": "eml",
}
_ACTIVE = frozenset({"image/svg+xml"})  # holds scripts that a browser runs


def extension_of(media_type: str) -> str:
    """Return the usual extension of a picture, video, sound and few others; else "bin"."""
    return _extensions().get(media_type, OTHER)


@cache
def _extensions() -> dict[str, str]:
    found: dict[str, str] = {}
    raw = [p for p in PROMISES if p.label == "a raw photo"]
    rows = [(p.extensions, p.types.split()[-1:]) for p in raw]  # the last type is the special one
    rows += [(p.extensions, p.types.split()) for p in PROMISES if p not in raw]
    for extensions, types in rows:
        for media_type in types:
            found.setdefault(media_type, extensions.split()[0])
    shown = {
        media_type: extension
        for media_type, extension in found.items()
        if media_type.startswith(_FAMILIES) and media_type not in _ACTIVE
    }
    return {**shown, **_ALSO}
