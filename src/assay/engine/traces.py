"""Small copies and their originals: a preview or cached thumbnail may be the only trace left."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sqlalchemy import Connection

from assay.core.facts import Sha256
from assay.lists.hamming import BYTES, nearest
from assay.media.kinds import RAWS
from assay.store import queries
from assay.store.records import Trace
from assay.verdict.policy import Policy

# Where applications keep small copies of pictures that lie elsewhere, by the container's type.
CACHES = (
    "application/vnd.sqlite3",
    "application/x-sqlite-wal",
    "application/x-sqlite-journal",
    "application/x-bplist",
    "application/x-thumbs-db",
    "application/x-thumbcache",
)
SMALL = 512 * 512  # pixels: above, a picture in a cache is no thumbnail


def find_traces(connection: Connection, policy: Policy) -> Iterator[Trace]:
    """Yield every small copy with the nearest larger picture of the case, where there is one.

    A small copy is an item that occurs only as preview or thumbnail, or as a small picture in an
    application's store, and is not shown with the picture that carries it. Frames of moving
    pictures count as originals. A copy too flat to be compared has none.
    """
    copies = queries.small_copies(connection, CACHES, sorted(RAWS), SMALL)
    if not copies:
        return
    items: list[Sha256] = []
    hashes = bytearray()
    pixels: list[int] = []
    for item, value, quality, size in queries.hashes(connection):
        if item not in copies and quality >= policy.near_quality:
            items.append(item)
            hashes += value
            pixels.append(size)
    comparable = [h for h in copies.values() if h is not None and h.quality >= policy.near_quality]
    at, distance = nearest(
        np.frombuffer(bytes(hashes), np.uint8).reshape(-1, BYTES),
        np.array(pixels, np.int64),
        np.frombuffer(b"".join(h.hash for h in comparable), np.uint8).reshape(-1, BYTES),
        np.array([h.pixels for h in comparable], np.int64),
        policy.near_distance,
    )
    found = {
        h.item: Trace(h.item, items[n], bits)
        for h, n, bits in zip(comparable, at.tolist(), distance.tolist(), strict=True)
        if n >= 0
    }
    for name in sorted(copies):
        yield found.get(name, Trace(name, None))
