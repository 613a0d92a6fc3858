"""Names for files that we write: made here, of digits and an extension by content.

Nothing that a double click would run gets its own extension.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from assay.core.errors import CaseError
from assay.core.jsonvalue import Json
from assay.core.names import display
from assay.media.extensions import PROMISES

OTHER = "bin"
FILES = "files"  # the folder of the originals of an export
_DIGEST = re.compile("[0-9a-f]{64}")
_DIGITS = 12  # of the SHA-256 in a file's name
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


class MediaNames:
    """The names of contents in one export: ``LANE-RANK-BEGINNING OF THE SHA-256.EXTENSION``.

    Two exports of the same selection, taken in its order, give the same names.
    """

    def __init__(self) -> None:
        self._unranked: set[str] = set()  # a rank is never given twice, so those names never meet

    def name(self, row: Mapping[str, Json]) -> str:
        """Return the name of the content of a record; raises CaseError where it has no digest."""
        sha = str(row["sha256"])
        if not _DIGEST.fullmatch(sha):  # a case from elsewhere; it would become part of a path
            raise CaseError(
                f"{display(sha)!r} is no SHA-256", hint="assay verify says what changed"
            )
        lane = str(row["lane"]) if row["lane"] is not None else "inventory"
        rank = f"{int(str(row['rank'])):07d}" if row["rank"] is not None else "unranked"
        extension = extension_of(str(row["media_type"]))
        if row["rank"] is None:
            mark = f"{lane}-{sha[:_DIGITS]}"
            if mark in self._unranked:
                return f"{lane}-{rank}-{sha}.{extension}"
            self._unranked.add(mark)
        return f"{lane}-{rank}-{sha[:_DIGITS]}.{extension}"


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
