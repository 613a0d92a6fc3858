"""Files that belong together: a database and its journals, among the members of one container."""

from __future__ import annotations

from collections.abc import Iterator

from assay.core.blob import Blob, MemoryBlob

JOURNALS = ("-wal", "-journal")  # suffixes of SQLite's files beside a database
_DATABASE = b"SQLite format 3\0"
_KEPT = 256 << 20  # bytes of databases kept while their journals may still come


def owner_of(name: str) -> str | None:
    """Return the name of the database that a journal belongs to; None for any other file."""
    for suffix in JOURNALS:
        if name.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return None


class Family:
    """Keeps the databases of one container until their journals come; archives list them first."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def of(self, name: str, data: bytes) -> Blob | None:
        """Take note of a member; returns the database that it belongs to, where it was met."""
        if data.startswith(_DATABASE):
            self._kept[name] = data
            for oldest in self._too_many():
                del self._kept[oldest]
        owner = owner_of(name)
        kept = self._kept.get(owner) if owner is not None else None
        return MemoryBlob(kept) if kept is not None else None

    def _too_many(self) -> Iterator[str]:
        size = sum(map(len, self._kept.values()))
        for name in list(self._kept)[:-1]:
            if size <= _KEPT:
                return
            size -= len(self._kept[name])
            yield name
