"""Which dialect is read in which container, each cell with the file that proves it.

Made files are those of ``tests.support.generators``, written from documents and other readers'
source. Files of a folder are named. What a file proves is what the checks said about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assay.core.contract import Examiner
from assay.core.facts import Observation
from assay.core.vocab import Level
from benchmarks._provenance_reading import Read, read
from tests.support.generators import WRITERS

MADE = "made"
_COLUMNS = {
    "PNG": ("image/png",),
    "JPEG": ("image/jpeg",),
    "WebP": ("image/webp",),
    "other pictures": ("image/*",),
    "MP4, WebM": ("video/*",),
    "FLAC, MP3, Ogg, WAV": ("audio/*",),
    "PDF": ("application/pdf",),
}
_KINDS = ("generator", "label", "c2pa", "camera")
_WORDS = {  # labels whose words are a vocabulary's, whoever is named in them
    "TC260 AIGC": "TC260 AIGC label",
    "IPTC digital source type": "IPTC digital source type",
    "IPTC 2025.1": "IPTC 2025.1 AI fields",
}
_ORDER = tuple(Level)  # strongest first of each kind
_PLACES = ("UserComment", "Make", "stealth alpha", "stealth RGB", "comment", "ilst", "mdta", "XMP")


@dataclass(frozen=True, slots=True)
class Proof:
    dialect: str
    column: str
    place: str  # inside the container
    level: Level
    proof: str  # the file, or MADE


def proofs(shared: Sequence[Read], made: Sequence[tuple[str, Read]]) -> list[Proof]:
    """Return what every file proves; of made ones with the place that its writer names."""
    rows = [_proof(o, file.media_type, "", file.name) for file in shared for o in _told(file)]
    rows += [_proof(o, f.media_type, place, MADE) for place, f in made for o in _told(f)]
    return rows


def made_files(checks: dict[str, Examiner]) -> Iterator[tuple[str, Read, bool]]:
    """Yield of every writer the container, what was read, and whether that is what it should be."""
    for writer in WRITERS:
        file = read(writer.name, writer.build(), checks)
        levels = [o.level for o in file.observations if o.kind == writer.kind]
        yield writer.container.name, file, levels == [writer.level]


def table(rows: Sequence[Proof]) -> Iterator[str]:
    """Yield the table: dialects down, containers across."""
    yield "| dialect | " + " | ".join(_COLUMNS) + " |"
    yield "|---" * (len(_COLUMNS) + 1) + "|"
    for dialect in sorted({row.dialect for row in rows}, key=str.casefold):
        cells = (
            _cell([r for r in rows if (r.dialect, r.column) == (dialect, column)])
            for column in _COLUMNS
        )
        yield f"| {dialect} | " + " | ".join(cells) + " |"


def _told(file: Read) -> Iterator[Observation]:
    seen: set[str] = set()
    for o in file.observations:
        if o.kind in _KINDS and not (o.kind == "c2pa" and not o.value["manifests"]):
            name = dialect_of(o)
            if name not in seen:
                seen.add(name)
                yield o


def dialect_of(o: Observation) -> str:
    """Return the row of the table that an observation belongs to."""
    if o.kind == "c2pa":
        return "content credential (C2PA)"
    if o.kind == "camera":
        return "camera text"
    vocabulary = str(o.value.get("vocabulary", ""))
    return _WORDS.get(vocabulary) or str(o.value.get("tool")) or vocabulary


def _proof(o: Observation, media_type: str, place: str, name: str) -> Proof:
    if not place and o.kind in ("generator", "label"):
        where = f"{o.value.get('mechanism', '')} {o.value.get('field', '')} {o.locator}"
        found = next((word for word in _PLACES if word in where), "")
        place = "XMP" if not found and where.count(":") > 1 else found
    else:
        place = place.partition(" ")[2] if " " in place else place
    return Proof(dialect_of(o), _column(media_type), place, o.level, name.rpartition("/")[2])


def _column(media_type: str) -> str:
    family = media_type.partition("/")[0] + "/*"
    return next(
        (name for name, kinds in _COLUMNS.items() if media_type in kinds),
        next((name for name, kinds in _COLUMNS.items() if family in kinds), "other pictures"),
    )


def _cell(rows: Sequence[Proof]) -> str:
    """Write a cell: the places of made files, then the strongest shared one and how many more."""
    made = dict.fromkeys(f"{r.place} {r.level.value}".strip() for r in rows if r.proof == MADE)
    real = list(dict.fromkeys((r.proof, r.level) for r in rows if r.proof != MADE))
    real.sort(key=lambda pair: _ORDER.index(pair[1]))
    parts = [f"made: {', '.join(made)}"] if made else []
    if real:
        more = f" and {len(real) - 1} more" if len(real) > 1 else ""
        parts.append(f"shared: `{real[0][0]}` {real[0][1].value}{more}")
    return "; ".join(parts)
