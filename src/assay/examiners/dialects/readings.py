"""Every record of a file: what the table reads in each bundle, one record per writer.

Told twice by one writer is told once: a narrow dialect absorbs a wide one in the same bundle, a
copy that an editor mirrored from EXIF into XMP falls away, and the net below all dialects reads
only what no dialect read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from assay.examiners.dialects import generic
from assay.examiners.dialects.record import Bundle, Record, Text
from assay.examiners.dialects.table import DIALECTS, Dialect
from assay.examiners.dialects.texts import EXIF, XMP, wrapped

GENERIC = Dialect(
    "generic", (), (), generic.parse, frozenset(), "no documented dialect: common words of records"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A record, the dialect that read it and the texts it was read from."""

    dialect: Dialect
    bundle: Bundle
    record: Record
    absorbed: tuple[tuple[str, Record], ...] = ()  # the same writer's other records, by dialect
    wrapper: str = ""  # key of the text that holds the bundle, where a converter wrapped it

    @property
    def outer_keys(self) -> tuple[str, ...]:
        """The keys of the file's own texts that were read."""
        return (self.wrapper,) if self.wrapper else tuple(text.key for text in self.texts)

    @property
    def texts(self) -> tuple[Text, ...]:
        """The texts the record was read from, the first copy of each key."""
        keys = self.record.read_from or self.dialect.keys
        found: dict[str, Text] = {}
        for text in self.bundle.texts:
            if not keys or text.key in keys:
                found.setdefault(text.key, text)
        order = {key: number for number, key in enumerate(keys)}
        return tuple(sorted(found.values(), key=lambda t: order.get(t.key, len(order))))

    @property
    def origin(self) -> str:
        """The mechanism, where copies that editors make by themselves count as one.

        Editors mirror EXIF into XMP, and ImageMagick into PNG text "exif:…".
        """
        mirrored = self.bundle.has("exif:usercomment") and not self.bundle.has("parameters")
        return EXIF if self.bundle.family == XMP or mirrored else self.bundle.family


def readings(bundles: tuple[Bundle, ...]) -> tuple[Reading, ...]:
    """Read every record of a file.

    One bundle may hold two writers' records (ComfyUI nodes that add AUTOMATIC1111 text).
    """
    found: list[Reading] = []
    for bundle in bundles:
        here = _unwrapped(bundle, _dialects(bundle))
        done = [key for reading in here for key in reading.outer_keys]
        record = generic.parse(bundle, done)
        if record is not None:
            here.append(Reading(GENERIC, bundle, record))
        found += here
    return tuple(_without_copies(found))


def _dialects(bundle: Bundle) -> list[Reading]:
    return _absorb([r for dialect in DIALECTS if (r := _read(dialect, bundle)) is not None])


def _unwrapped(bundle: Bundle, here: list[Reading]) -> list[Reading]:
    """Add what is read from texts that a converter put into one object.

    A dialect that reads such an object as its own stays, unless a narrow one that absorbs it is
    found inside.
    """
    for key, inner in wrapped(bundle):
        outer = [r for r in here if r.record.read_from == (key,)]
        found = [replace(r, wrapper=key) for r in _dialects(inner)]
        narrow = {name for r in found for name in r.dialect.absorbs}
        if found and all(r.dialect.name in narrow for r in outer):
            here = [*(r for r in here if r not in outer), *found]
    return here


def _read(dialect: Dialect, bundle: Bundle) -> Reading | None:
    if bundle.family not in dialect.families:
        return None
    if dialect.keys and not any(bundle.has(key) for key in dialect.keys):
        return None
    record = dialect.parse(bundle)
    return Reading(dialect, bundle, record) if record is not None else None


def _absorb(here: list[Reading]) -> list[Reading]:
    for narrow in list(here):
        wide = [other for other in here if other.dialect.name in narrow.dialect.absorbs]
        if not wide or narrow not in here:
            continue
        record = narrow.record
        for other in wide:
            record = record.completed_by(other.record)
        told = tuple((other.dialect.name, other.record) for other in wide)
        here = [r for r in here if r not in wide]
        here[here.index(narrow)] = replace(narrow, record=record, absorbed=told)
    return here


def _without_copies(found: list[Reading]) -> list[Reading]:
    seen: set[tuple[str, str, frozenset[str]]] = set()
    kept = []
    for reading in found:
        key = (reading.dialect.name, reading.origin, frozenset(t.text for t in reading.texts))
        if key not in seen:
            seen.add(key)
            kept.append(reading)
    return kept
