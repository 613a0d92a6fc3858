"""All lists of a user, under ``lists`` in Assay's data folder: opening, describing, matching.

    library = Library.open(home)
    hits = library.match_exact(sha256=..., md5=..., size=...)

Changing lists is ``changing``'s business. An open library stays as it was when opened.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.core.errors import PolicyError
from assay.core.jsonvalue import JsonObject, digest_of
from assay.lists import held, matching, properties
from assay.lists import manifest as manifests
from assay.lists.changing import repair
from assay.lists.hashers import Hasher, installed
from assay.lists.held import Held
from assay.lists.index_files import HammingIndexError
from assay.lists.manifest import Manifest
from assay.lists.matching import Hit, OpenList
from assay.lists.model import Refused
from assay.lists.properties import Properties
from assay.lists.reading import ListReader
from assay.lists.records import Stored
from assay.lists.sealed import ListDamagedError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER = "lists"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of ``ls``: read from the small files alone."""

    properties: Properties
    manifest: Manifest

    def to_json(self) -> JsonObject:
        found = self.manifest
        return {
            **self.properties.to_json(),
            "version": found.version,
            "records": found.live,
            "stored": found.count,
            "digests": {name: _total(parts) for name, parts in found.digests.items()},
            "hashes": {name: _total(parts) for name, parts in found.hashes.items()},
            "held": found.held.count if found.held else 0,
            "imports": list(found.imports),
        }


def _total(parts: tuple[manifests.Part, ...]) -> int:
    return sum(part.count for part in parts)


def folder_of(home: Path, name: str) -> Path:
    """Return the folder of a list; raises PolicyError for a name that is none."""
    if not _NAME.fullmatch(name):
        raise PolicyError(
            f"{name!r} cannot name a list",
            hint="use up to 64 letters, digits, dots, dashes and underscores",
        )
    return home / FOLDER / name


def names(home: Path) -> tuple[str, ...]:
    """Return the names of the lists there are."""
    with suppress(FileNotFoundError):
        folders = sorted((home / FOLDER).iterdir())
        return tuple(f.name for f in folders if _NAME.fullmatch(f.name) and manifests.exists(f))
    return ()


def require(home: Path, name: str) -> Path:
    """Return the folder of a list that exists; raises PolicyError naming those that do."""
    folder = folder_of(home, name)
    if not manifests.exists(folder):
        there = ", ".join(names(home)) or "none"
        raise PolicyError(f"there is no list {name!r}", hint=f"lists here: {there}")
    return folder


def show(home: Path, name: str) -> Listed:
    """Return what a list is, without opening its data."""
    folder = require(home, name)
    return Listed(properties.load(folder), manifests.load(folder))


def ls(home: Path) -> tuple[Listed, ...]:
    """Return every list, by name."""
    return tuple(show(home, name) for name in names(home))


def stats(home: Path, name: str) -> JsonObject:
    """Read a whole list and count what its current records say."""
    reader = ListReader(require(home, name), near=False)
    table = properties.load(reader.folder)
    reader.check()
    counts: dict[str, Counter[str]] = {
        key: Counter() for key in ("category", "polarity", "identified", "states", "hashes")
    }
    series: set[int] = set()
    disputed = 0
    for stored in reader.records():
        entry = stored.entry
        code = "null" if entry.category is None else entry.category
        counts["category"][f"{entry.namespace} {code}"] += 1
        counts["polarity"][table.polarity(entry.namespace, entry.category).value] += 1
        told = {None: "not stated", True: "yes", False: "no"}[entry.identified]
        counts["identified"][told] += 1
        counts["states"].update(n for n in ("md5", "sha1", "sha256") if getattr(entry, n))
        counts["states"].update(["size"] if entry.size is not None else [])
        counts["hashes"].update(each.algorithm for each in entry.hashes)
        disputed += entry.disputed
        if entry.series:
            series.add(hash(entry.series))
    size = sum(path.stat().st_size for path in reader.folder.rglob("*") if path.is_file())
    return {
        "name": name,
        "records": reader.manifest.live,
        "older": reader.manifest.count - reader.manifest.live,
        "disputed": disputed,
        "series": len(series),
        "held": reader.manifest.held.count if reader.manifest.held else 0,
        "bytes": size,
        **{key: dict(sorted(counter.items())) for key, counter in counts.items()},
    }


def quarantine(home: Path, name: str) -> tuple[Iterator[tuple[str, Refused]], tuple[Held, ...]]:
    """Return what was refused (file, piece), streaming, and the hashes left out of matching."""
    reader = ListReader(require(home, name), near=False)
    return reader.refused(), reader.held


def history(home: Path, name: str, entry: str) -> list[Stored]:
    """Return every version of an entry that a list ever read, oldest first."""
    return ListReader(require(home, name), near=False).history(entry)


class Library:
    """Every list, open for matching."""

    def __init__(
        self,
        lists: Mapping[str, OpenList],
        notes: tuple[str, ...] = (),
        hashers: Mapping[str, Hasher] | None = None,
    ) -> None:
        self._lists = lists
        self._hashers = hashers or {}
        self.notes = notes  # damage that was met and mended, for people

    @classmethod
    def open(cls, *homes: Path) -> Library:
        """Open every list; one that is damaged is rebuilt from its records, and ``notes`` say so.

        Raises ListDamagedError where that cannot be done: no list is left out in silence. Raises
        PolicyError where two of the folders hold a list of one name.
        """
        opened: dict[str, OpenList] = {}
        notes: list[str] = []
        for folder in (folder_of(home, name) for home in homes for name in names(home)):
            name = folder.name
            if name in opened:
                raise PolicyError(
                    f"there are two lists {name!r}: one is {folder}",
                    hint="remove one of them: assay lists rm, or delete the folder of the case",
                )
            try:
                reader = ListReader(folder)
            except (ListDamagedError, HammingIndexError) as error:
                notes += [f"{name}: {error}", *repair(folder, error)]
                reader = ListReader(folder)
            opened[name] = OpenList(reader, properties.load(folder))
        return cls(opened, tuple(notes), installed())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._lists)

    def get(self, name: str) -> OpenList:
        """Return one list; raises PolicyError where it is not among these."""
        try:
            return self._lists[name]
        except KeyError:
            there = ", ".join(self._lists) or "none"
            raise PolicyError(f"there is no list {name!r}", hint=f"lists here: {there}") from None

    def digest(self) -> JsonObject:
        """Return what a case pins: each list's version and everything that changes a match."""
        return {
            name: {
                "version": each.reader.manifest.version,
                "records": each.reader.manifest.live,
                "distance": each.properties.distance,
                "distances": dict(each.properties.distances),
                "categories": each.properties.categories_digest(),
                "valid_from": each.properties.valid_from,
                "valid_until": each.properties.valid_until,
                "held": held.digest(each.reader.held),
                "owner": each.properties.owner,
                "handling": each.properties.handling,
            }
            for name, each in self._lists.items()
        }

    def digest_text(self) -> str:
        """Return 64 hex digits over ``digest``."""
        return digest_of(self.digest())

    def match_exact(
        self, md5: str = "", sha1: str = "", sha256: str = "", size: int | None = None
    ) -> list[Hit]:
        """Return the records of all lists that state a digest of this content.

        Digests in hex, empty where not known; size in bytes. Every hit is either ``exact`` or a
        ``finding``. Raises ListDamagedError for damage that was not there at opening.
        """
        md5, sha1, sha256 = md5.lower(), sha1.lower(), sha256.lower()
        return [
            hit
            for each in self._lists.values()
            for hit in matching.exact(each, md5=md5, sha1=sha1, sha256=sha256, size=size)
        ]

    def match_pdq(
        self,
        hashes: NDArray[np.uint8],
        qualities: NDArray[np.integer] | None = None,
        *,
        radius: int | None = None,
        threads: int = 1,
    ) -> list[list[Hit]]:
        """Return for each of N×32 PDQ hashes the near records of all lists, list by list.

        ``qualities`` N (0-100, negative = not known): below 50 nothing is matched. ``radius``
        (0-63 bits) takes the place of each list's own distance. A batch costs less than its parts.
        """
        hits: list[list[Hit]] = [[] for _ in range(len(hashes))]
        for each in self._lists.values():
            near = matching.near_pdq(each, hashes, qualities, radius=radius, threads=threads)
            for mine, new in zip(hits, near, strict=True):
                mine.extend(new)
        return hits

    def match_other(self, algorithm: str, values: NDArray[np.uint8]) -> list[list[Hit]]:
        """Return for each of N×width values of a licensed hash the near records of all lists."""
        hits: list[list[Hit]] = [[] for _ in range(len(values))]
        hasher = self._hashers.get(algorithm)
        for each in self._lists.values():
            near = matching.near_other(each, algorithm, values, hasher)
            for mine, new in zip(hits, near, strict=True):
                mine.extend(new)
        return hits
