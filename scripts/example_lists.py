"""The three known-hash lists beside the example case, in VICS 2.0, of its own benign pictures.

They state no more than a list of an authority would: digests, size, PDQ, a neutral category. The
second record of ``list-unidentified.json`` is of another file that looks like ``dunes.avif``.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from assay.engine.hashing import hash_paths
from assay.lists.model import ListEntry, Perceptual
from assay.lists.writers.vics import write_vics

CONTEXT = "US"
CATEGORIES = {"positive": "1", "not relevant": "5"}  # of Project VIC, United States
DATE = "2024-06-10T12:00:00Z"


def write_lists(folder: Path, files: Mapping[str, bytes], like_dunes: bytes) -> None:
    """Write ``list-*.json``; ``files`` are those of the case by path, ``like_dunes`` a JPEG."""
    lists = {
        "list-identified.json": [
            entry("Pictures/deep-field.jpg", files, identified=True, series="Example A"),
        ],
        "list-unidentified.json": [
            entry("Pictures/ridges.png", files, identified=False, series="Example B"),
            entry("dunes.jpg", {"dunes.jpg": like_dunes}, identified=False, series="Example B"),
        ],
        "list-not-relevant.json": [entry("Pictures/icon.bmp", files, kind="not relevant")],
    }
    for name, entries in lists.items():
        write_list(folder / name, entries)


def entry(
    name: str,
    files: Mapping[str, bytes],
    *,
    kind: str = "positive",
    identified: bool | None = None,
    series: str = "",
) -> ListEntry:
    data = files[name]
    return ListEntry(
        id=name,
        md5=hashlib.md5(data).hexdigest(),
        sha1=hashlib.sha1(data).hexdigest(),
        size=len(data),
        hashes=(pdq(name, data),),
        category=CATEGORIES[kind],
        namespace=f"vics:{CONTEXT}",
        identified=identified,
        series=series,
        updated=DATE,
        label=name.rpartition("/")[2],
    )


def pdq(name: str, data: bytes) -> Perceptual:
    """Return the hash of a picture as ``assay hash`` makes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(data)
        (row,) = hash_paths([path])
    assert row.pdq is not None
    return Perceptual("pdq", bytes.fromhex(row.pdq[0]), row.pdq[1])


def write_list(path: Path, entries: Iterable[ListEntry]) -> None:
    with path.open("wb") as out:
        written = write_vics(entries, out, CONTEXT)
    assert not written.left_out
