"""The pictures of ``benchmarks/lists_rates.py``: read from a manifest, each content once, hashed.

Knows the columns of the manifest beside the test media (``path``, ``label``, ``orig_sha256``,
``repo_path_commit``) and what they say about pictures that come from one another.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.core.errors import LimitReached, Malformed
from assay.lists.index import DEFAULT_RADIUS as RADIUS
from assay.media.decode import hash_plane, open_picture
from assay.media.pdq import QUALITY, PdqHash, pdq_hash
from assay.media.pdq_turns import BYTES, TURNED

LABELS = ("real", "synthetic")  # "edited" ones are altered copies of "edited_input" ones
FULL_SIZE = 600  # pixels of the shorter side
LARGER = 320  # pixels of the shorter side: how much the small pictures of the set matter
_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of the set."""

    path: Path
    label: str  # "real", "synthetic"
    origin: str  # where it comes from: repository and path, without commit and panel
    sha256: str  # of the file

    @property
    def folder(self) -> str:
        """Where its origin lies: pictures of one series share it."""
        return self.origin.rpartition("/")[0]


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """The set, in the order of the paths, with what is hashed of each."""

    entries: tuple[Entry, ...]
    hashes: NDArray[np.uint8]  # N×32
    turned: NDArray[np.uint8]  # N×96, what the seven other looks are made from
    quality: NDArray[np.int64]  # N, 0–100
    short: NDArray[np.int64]  # N, pixels of the shorter side
    repeats: int  # files left out: their content is in the set already

    def image(self, number: int) -> Image.Image:
        """Decode one picture as RGB."""
        with Image.open(self.entries[number].path) as image:
            return image.convert("RGB")


def read(folder: Path, limit: int | None = None) -> Pictures:
    """Read and hash the pictures that ``manifest.csv`` calls real or synthetic.

    Of the same original (``orig_sha256``) or the same pixels the first is kept.
    ``limit`` takes that many, spread evenly over the paths.
    """
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["path"])
    rows = [row for row in rows if row["label"] in LABELS]
    if limit is not None:
        rows = rows[:: max(1, len(rows) // limit)][:limit]
    entries: list[Entry] = []
    hashes: list[PdqHash] = []
    short: list[int] = []
    seen: set[str] = set()
    for row in rows:
        path = folder / row["path"]
        pixels = plane(path.read_bytes(), media_type(path))
        same = {row["orig_sha256"], hashlib.sha256(pixels.tobytes()).hexdigest()}
        if same & seen:
            continue
        seen |= same
        origin = row["repo_path_commit"].partition("@")[0].partition("#")[0]
        entries.append(Entry(path, row["label"], origin, row["sha256"]))
        hashes.append(pdq_hash(pixels))
        short.append(min(pixels.shape[:2]))
    return Pictures(
        tuple(entries),
        hash_rows(hashes),
        rows_of([each.turned for each in hashes], TURNED),
        np.array([each.quality for each in hashes], np.int64),
        np.array(short, np.int64),
        len(rows) - len(entries),
    )


def edits(folder: Path) -> list[tuple[Path, Path]]:
    """Return the edited pictures of the set with what they were made from: before, after."""
    found = []
    for after in sorted((folder / "edited").glob("*/*_after*.*")):
        stem = after.name.partition("_")[0]
        found += [(before, after) for before in after.parent.glob(f"{stem}_before.*")]
    return found


def full_size(folder: Path) -> list[Path]:
    """Return files of pictures as large as cameras and generators make them, each picture once.

    The set itself is of small pictures; ``folder`` holds the test media of provenance, where one
    picture stands in many files: of those within ``RADIUS`` bits the first is kept.
    """
    if not (folder / "manifest.csv").exists():
        return []
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        paths = sorted(folder / row["file"] for row in csv.DictReader(file))
    kept: list[tuple[Path, PdqHash]] = []
    for path in paths:
        try:
            pixels = plane(path.read_bytes(), media_type(path))
        except (KeyError, LimitReached, Malformed):  # broken on purpose, or no picture
            continue
        mine = pdq_hash(pixels)
        near = any(mine.distance(other) <= RADIUS for _, other in kept)
        if min(pixels.shape[:2]) >= FULL_SIZE and mine.quality >= QUALITY and not near:
            kept.append((path, mine))
    return [path for path, _ in kept]


def plane(data: bytes, kind: str) -> NDArray[np.uint8]:
    """Return the pixels of a file that Assay hashes: H×W of a JPEG, H×W×3 of the others."""
    picture = open_picture(data, kind)
    return picture.luma() if hash_plane(picture.info) == "Y" else picture.rgb()


def hashed(path: Path) -> PdqHash:
    """Return the hash of a file of the set."""
    return pdq_hash(plane(path.read_bytes(), media_type(path)))


def media_type(path: Path) -> str:
    """Return the media type by the name, which the manifest keeps right."""
    return _TYPES[path.suffix]


def rows_of(values: Sequence[bytes], width: int) -> NDArray[np.uint8]:
    """Return N values of one width as N×width."""
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, width)


def hash_rows(hashes: Sequence[PdqHash]) -> NDArray[np.uint8]:
    """Return N×32."""
    return rows_of([bytes.fromhex(each.hex) for each in hashes], BYTES)
