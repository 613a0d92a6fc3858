"""Meeting a list: which of its current records state this content, and what they say about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np

from assay.core.facts import Match, Sha256
from assay.core.jsonvalue import JsonObject
from assay.lists.hashers import Hasher
from assay.lists.held import values as held_values
from assay.lists.model import ListEntry, Polarity
from assay.lists.perceptual import CAP, euclidean, scan
from assay.lists.properties import Category, Properties
from assay.lists.reading import DIGESTS, ListReader
from assay.lists.sealed import ListDamagedError
from assay.lists.writing import QUALITY

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLOOD = 100  # different contents of one case that one perceptual hash may match
_UNREAD = "unread"  # the entry of a record that cannot be read


@dataclass(frozen=True, slots=True)
class OpenList:
    """A list open for matching, and what its owner says about it."""

    reader: ListReader
    properties: Properties


@dataclass(frozen=True, slots=True)
class Hit:
    """A content met a record of a list."""

    list: str  # its name
    version: str  # of the list: 64 hex digits
    number: int  # of the record in the list
    entry: ListEntry
    algorithm: str  # the strongest that agrees: "sha256", "sha1", "md5", or a perceptual one
    polarity: Polarity  # by the list's own table
    category: Category | None  # None where no table knows the record's code
    distance: int = 0  # 0 for a digest
    threshold: int = 0
    # Digests and size that both the record and the content state, by whether they are the same.
    agrees: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()  # not empty: no match but a finding
    value: str = ""  # of a perceptual hash of the record, hex
    unread: str = ""  # why the record could not be read: confirmed by 16 bytes of a digest only
    more: int = 0  # further records that this list has for the query, at least; not given
    variant: str = ""  # of the content that met it: "mirrored", "panel 2"; empty = as it is

    @property
    def exact(self) -> bool:
        """Tell whether every digest and the size that the record states are the content's."""
        return bool(self.agrees) and not self.differs

    @property
    def finding(self) -> bool:
        """Tell whether a digest agrees and another statement of the record does not."""
        return bool(self.agrees) and bool(self.differs)

    def fact(
        self, item: Sha256, *, edition: str = "", frame: int = -1, in_force: bool = True
    ) -> Match:
        """Return it as the fact of a case; a list that is not in force places nothing."""
        return Match(
            item=item,
            list_id=self.list,
            entry=self.entry.id,
            algorithm=self.algorithm,
            distance=self.distance,
            threshold=self.threshold,
            list_version=self.version,
            record=self.entry.record,
            edition=edition,
            frame=frame,
            value=self.value,
            polarity=self.polarity if in_force else Polarity.NONE,
            identified=self.entry.identified,
            distributed=self.entry.distributed,
            disputed=self.entry.disputed,
            differs=self.differs,
            variant=self.variant,
            unread=self.unread,
            category=self.entry.category,
            namespace=self.entry.namespace,
            more=self.more,
        )

    def to_json(self) -> JsonObject:
        """Return everything but the version, with the source's whole record."""
        entry = self.entry
        return {
            "list": self.list,
            "entry": entry.id,
            "algorithm": self.algorithm,
            "distance": self.distance,
            "threshold": self.threshold,
            "polarity": self.polarity.value,
            "namespace": entry.namespace,
            "category": entry.category,
            "category_name": self.category.name if self.category else None,
            "identified": entry.identified,
            "distributed": entry.distributed,
            "series": entry.series,
            "disputed": entry.disputed,
            "updated": entry.updated,
            "label": entry.label,
            "locator": entry.locator,
            "agrees": list(self.agrees),
            "differs": list(self.differs),
            "value": self.value,
            "variant": self.variant,
            "unread": self.unread,
            "more": self.more,
            "record": entry.record,
        }


class _More(TypedDict, total=False):
    distance: int
    threshold: int
    agrees: tuple[str, ...]
    differs: tuple[str, ...]
    value: str
    unread: str
    more: int


def exact(
    against: OpenList,
    *,
    md5: str = "",
    sha1: str = "",
    sha256: str = "",
    size: int | None = None,
) -> list[Hit]:
    """Return the records of one list that state a digest of this content, in their order.

    Digests are lower-case hex, empty where not known. A record that states another digest or size
    than the content has comes back as a finding (``Hit.finding``).
    """
    known = {"md5": md5, "sha1": sha1, "sha256": sha256}
    found: dict[int, list[str]] = {}
    for name in DIGESTS:
        if digest := known[name]:
            value = bytes.fromhex(digest)
            if not against.reader.is_held(name, value):
                for number in against.reader.find(name, value):
                    found.setdefault(number, []).append(name)
    numbers = sorted(found)
    more = max(0, len(numbers) - CAP)
    hits = (_confirm(against, n, found[n], known, size, more) for n in numbers[:CAP])
    return [hit for hit in hits if hit is not None]


def _confirm(
    against: OpenList,
    number: int,
    names: list[str],
    known: dict[str, str],
    size: int | None,
    more: int,
) -> Hit | None:
    try:
        entry = against.reader.record(number).entry
    except ListDamagedError as error:
        # What stood there is lost, not that the list knows the content.
        entry = ListEntry(id=_UNREAD)
        return _hit(against, number, entry, names[-1], agrees=(names[-1],), unread=str(error))
    agrees: list[str] = []
    differs: list[str] = []
    for name in DIGESTS:
        stated, ours = getattr(entry, name), known[name]
        if stated and ours:
            (agrees if stated == ours else differs).append(name)
    if not agrees:
        return None  # the same 16 bytes, another digest
    strongest = agrees[-1]
    if entry.size is not None and size is not None:
        (agrees if entry.size == size else differs).append("size")
    return _hit(
        against,
        number,
        entry,
        strongest,
        agrees=tuple(agrees),
        differs=tuple(differs),
        more=more,
    )


def near_pdq(
    against: OpenList,
    hashes: NDArray[np.uint8],
    qualities: NDArray[np.integer] | None = None,
    *,
    radius: int | None = None,
    threads: int = 1,
) -> list[list[Hit]]:
    """Return for each of N×32 hashes the records of one list within its distance, nearest first.

    ``qualities`` N (0-100; negative = not known, which counts as good): below 50 nothing matches.
    ``radius`` (0-63 bits) takes the place of the list's own distance.
    """
    threshold = against.properties.distance if radius is None else radius
    good = np.ones(len(hashes), np.bool_)
    if qualities is not None:
        good = (qualities < 0) | (qualities >= QUALITY)
    asked = np.flatnonzero(good)
    queries = np.ascontiguousarray(hashes[asked])
    rows = against.reader.near.search(queries, threshold, threads)
    mapped = ((int(asked[at]), number, bits) for at, number, bits in rows)
    return _near(against, "pdq", mapped, hashes, threshold, None)


def near_other(
    against: OpenList,
    algorithm: str,
    values: NDArray[np.uint8],
    hasher: Hasher | None = None,
) -> list[list[Hit]]:
    """Return for each of N×width values of another algorithm the near records of one list."""
    threshold = against.properties.distances.get(algorithm, hasher.threshold if hasher else 0)
    held = held_values(against.reader.held, algorithm)
    rows = scan(against.reader.columns.get(algorithm, []), values, threshold, hasher, held)
    found = sorted(rows, key=lambda row: (row[0], row[2], row[1]))
    return _near(against, algorithm, found, values, threshold, hasher)


def _near(
    against: OpenList,
    algorithm: str,
    rows: Iterable[tuple[int, int, int]],
    queries: NDArray[np.uint8],
    threshold: int,
    hasher: Hasher | None,
) -> list[list[Hit]]:
    hits: list[list[Hit]] = [[] for _ in queries]
    more: Counter[int] = Counter()
    seen: set[tuple[int, int]] = set()
    for at, number, distance in rows:
        if (at, number) in seen or against.reader.marks.is_dead(number):
            continue
        if len(hits[at]) >= CAP:
            more[at] += 1
            continue
        value, unread = b"", ""
        try:
            entry = against.reader.record(number).entry
        except ListDamagedError as error:
            entry, unread = ListEntry(id=_UNREAD), str(error)
        else:
            stated = _stated(entry, algorithm, queries[at].tobytes(), distance, against, hasher)
            if stated is None:
                continue  # held, or a hash of the record that is not compared
            value = stated
        seen.add((at, number))
        hits[at].append(
            _hit(
                against,
                number,
                entry,
                algorithm,
                distance=distance,
                threshold=threshold,
                value=value.hex(),
                unread=unread,
            )
        )
    for at, count in more.items():
        hits[at] = [replace(hit, more=count) for hit in hits[at]]
    return hits


def _stated(
    entry: ListEntry,
    algorithm: str,
    query: bytes,
    distance: int,
    against: OpenList,
    hasher: Hasher | None,
) -> bytes | None:
    """Return the record's hash that lies at this distance and may be matched."""
    for each in entry.hashes:
        if each.algorithm != algorithm or against.reader.is_held(algorithm, each.value):
            continue
        if algorithm == "pdq":
            bits = (int.from_bytes(each.value, "big") ^ int.from_bytes(query, "big")).bit_count()
            if bits != distance or (each.quality is not None and each.quality < QUALITY):
                continue
        elif len(each.value) != len(query) or distance_of(each.value, query, hasher) != distance:
            continue
        return each.value
    return None


def distance_of(value: bytes, query: bytes, hasher: Hasher | None) -> int:
    """Return how far two values of a licensed hash lie apart."""
    row = np.frombuffer(value, np.uint8)[None, :]
    if hasher is not None:
        return int(hasher.distances(query, row)[0])
    return int(euclidean(np.frombuffer(query, np.uint8), row)[0])


def _hit(
    against: OpenList, number: int, entry: ListEntry, algorithm: str, **more: Unpack[_More]
) -> Hit:
    properties = against.properties
    return Hit(
        list=properties.name,
        version=against.reader.manifest.version,
        number=number,
        entry=entry,
        algorithm=algorithm,
        polarity=properties.polarity(entry.namespace, entry.category),
        category=properties.category(entry.namespace, entry.category),
        **more,
    )


def flooded(
    hits: Iterable[tuple[Sha256, Hit]], limit: int = FLOOD
) -> Iterator[tuple[str, str, str, int]]:
    """Yield (list, algorithm, value, contents) of perceptual hashes that match too much.

    ``hits`` are those of a whole case. Different contents count, not matches: many copies of one
    picture are one. Whether such a hash is then held is for a person, or the caller's policy.
    """
    met: dict[tuple[str, str, str], set[Sha256]] = {}
    for item, hit in hits:
        if hit.value:
            met.setdefault((hit.list, hit.algorithm, hit.value), set()).add(item)
    for (name, algorithm, value), items in sorted(met.items()):
        if len(items) > limit:
            yield name, algorithm, value, len(items)
