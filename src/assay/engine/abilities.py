"""What this installation reads and what it does not: libraries, openers, kinds left closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

from assay.core.vocab import Reach
from assay.media.kinds import HOLDS_PICTURES

# Package -> what is not done without it. Each is required; a damaged installation may lack one.
_READERS: Mapping[str, str] = {
    "pillow": "pictures",
    "simplejpeg": "JPEG pictures",
    "pi-heif": "HEIC pictures",
    "opencv-python-headless": "frames of videos",
    "c2pa-python": "content credentials",
    "encypher-c2pa": "the second opinion on content credentials",
    "cryptography": "certificates of signers",
    "numba": "fast perceptual hashes",
    "defusedxml": "XMP",
    "py7zr": "7z archives",
    "pyzipper": "AES in ZIP archives",
    "pypdf": "PDF documents",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """A library that reads files; ``version`` is None where it is missing."""

    name: str
    version: str | None
    reads: str

    @property
    def hint(self) -> str:
        return f"install the version that requirements.lock names: {self.name}"


def readers() -> tuple[Reader, ...]:
    """Return the libraries that read files, with their versions."""
    return tuple(Reader(name, _version(name), reads) for name, reads in _READERS.items())


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def not_opened() -> dict[str, list[str]]:
    """Return the kinds that can hold pictures and have no opener: label -> media types.

    The same rule by which a file of such a kind gets the finding ``not_opened``: an opener that
    only looks beside the content does not count.
    """
    from assay.openers.registry import all_openers

    opened = {
        kind
        for opener in all_openers()
        if opener.reach is not Reach.BESIDE
        for kind in opener.media_types
    }
    closed: dict[str, list[str]] = {}
    for kind, label in HOLDS_PICTURES.items():
        if kind not in opened:
            closed.setdefault(label, []).append(kind)
    return closed
