"""Metadata slots: named raw pieces of a file, each with its byte range.

Container walkers (``assay.media.slots``) produce them; examiners read them. Keeping the range
lets every statement in a report point to its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class SlotKind(StrEnum):
    EXIF = "exif"  # a TIFF block, without the "Exif\0\0" prefix
    XMP = "xmp"  # an XMP packet, UTF-8 XML
    IPTC = "iptc"  # an IPTC-IIM block (Photoshop 8BIM 0x0404)
    TEXT = "text"  # a keyword and its text (PNG tEXt/zTXt/iTXt, Matroska tag, mdta key, …)
    COMMENT = "comment"  # JPEG COM, GIF comment
    C2PA = "c2pa"  # a JUMBF manifest store, reassembled
    ICC = "icc"
    MPF = "mpf"
    TRAILER = "trailer"  # bytes after the end of the picture
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Slot:
    kind: SlotKind
    data: bytes  # payload, inflated where it was compressed (bounded)
    offset: int  # of the first byte of the payload as stored
    length: int  # bytes as stored
    key: str = ""  # TEXT: the keyword; OTHER: the name of the segment or box
    mechanism: str = ""  # "JPEG APP1", "PNG tEXt", "RIFF EXIF", "ISO-BMFF uuid", …
    complete: bool = True  # False where a limit or the end of the file cut it

    @property
    def locator(self) -> str:
        return f"bytes {self.offset}-{self.offset + self.length}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A finding of a walker or decoder: a word of ``core.findings`` and its detail."""

    flag: str
    detail: str


@dataclass(frozen=True, slots=True)
class Walk:
    """What a container walker found in one file."""

    container: str  # "jpeg", "png", "webp", "gif", "tiff", "isobmff", "riff", "svg", "none"
    slots: tuple[Slot, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    width: int | None = None  # pixels as stored, from the container's own header
    height: int | None = None
    end: int | None = None  # offset of the first byte after the picture, where known
    # start and end of what holds coded pixels alone: scans of a JPEG, IDAT chunks of a PNG
    coded: tuple[tuple[int, int], ...] = ()
    facts: dict[str, str] = field(default_factory=dict)  # e.g. {"dqt": "…sha256…", "bits": "16"}
