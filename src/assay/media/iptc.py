"""Reads an IPTC-IIM block into named fields; it judges none of them.

Source: IPTC Information Interchange Model 4.2 (2014), records 1 and 2; names as in
exiftool.org/TagNames/IPTC.html. Bounded in number of datasets; never raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.core.slots import Trouble

_MARKER = 0x1C
_MAX_DATASETS = 10_000
_UTF8 = b"\x1b%G"  # dataset 1:90, ISO 2022 escape for UTF-8
_BINARY = frozenset({(1, 0), (2, 0), (1, 90)})  # versions and the character set itself

# (record, dataset) of IIM 4.2 chapters 5 and 6
NAMES: Mapping[tuple[int, int], str] = {
    (2, 3): "ObjectTypeReference",
    (2, 4): "ObjectAttributeReference",
    (2, 5): "ObjectName",
    (2, 7): "EditStatus",
    (2, 10): "Urgency",
    (2, 12): "SubjectReference",
    (2, 15): "Category",
    (2, 20): "SupplementalCategories",
    (2, 22): "FixtureIdentifier",
    (2, 25): "Keywords",
    (2, 26): "ContentLocationCode",
    (2, 27): "ContentLocationName",
    (2, 30): "ReleaseDate",
    (2, 35): "ReleaseTime",
    (2, 37): "ExpirationDate",
    (2, 40): "SpecialInstructions",
    (2, 55): "DateCreated",
    (2, 60): "TimeCreated",
    (2, 62): "DigitalCreationDate",
    (2, 63): "DigitalCreationTime",
    (2, 65): "OriginatingProgram",
    (2, 70): "ProgramVersion",
    (2, 75): "ObjectCycle",
    (2, 80): "By-line",
    (2, 85): "By-lineTitle",
    (2, 90): "City",
    (2, 92): "Sub-location",
    (2, 95): "Province-State",
    (2, 100): "Country-PrimaryLocationCode",
    (2, 101): "Country-PrimaryLocationName",
    (2, 103): "OriginalTransmissionReference",
    (2, 105): "Headline",
    (2, 110): "Credit",
    (2, 115): "Source",
    (2, 116): "CopyrightNotice",
    (2, 118): "Contact",
    (2, 120): "Caption-Abstract",
    (2, 122): "Writer-Editor",
    (2, 130): "ImageType",
    (2, 131): "ImageOrientation",
    (2, 135): "LanguageIdentifier",
}


@dataclass(frozen=True, slots=True)
class Iptc:
    """Fields by name (``2:200`` where unknown), in the order of the block."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()


def read_iptc(data: bytes) -> Mapping[str, tuple[str, ...]]:
    """Return the fields of an IIM block; never raises."""
    return parse_iptc(data).fields


def parse_iptc(data: bytes) -> Iptc:
    """Return the fields of an IIM block and what could not be read; never raises."""
    datasets: list[tuple[int, int, bytes]] = []
    troubles: list[Trouble] = []
    at = 0
    while at + 5 <= len(data) and data[at] == _MARKER:
        if len(datasets) >= _MAX_DATASETS:
            troubles.append(Trouble("metadata_bomb", f"more than {_MAX_DATASETS} IPTC datasets"))
            break
        record, number, size = data[at + 1], data[at + 2], int.from_bytes(data[at + 3 : at + 5])
        at += 5
        if size & 0x8000:  # extended dataset (IIM 4.2, 1.5.ii): the length's own length
            width = size & 0x7FFF
            size = int.from_bytes(data[at : at + width]) if width <= 8 else len(data) + 1
            at += width
        if at + size > len(data):
            troubles.append(
                Trouble("malformed", f"IPTC {record}:{number} reaches beyond its block")
            )
            size = max(0, len(data) - at)
        datasets.append((record, number, data[at : at + size]))
        at += size
    return Iptc(_named(datasets), tuple(troubles))


def _named(datasets: list[tuple[int, int, bytes]]) -> Mapping[str, tuple[str, ...]]:
    utf8 = any(row[:2] == (1, 90) and row[2].startswith(_UTF8) for row in datasets)
    fields: dict[str, list[str]] = {}
    for record, number, raw in datasets:
        if (record, number) in _BINARY:
            continue
        name = NAMES.get((record, number), f"{record}:{number}")
        fields.setdefault(name, []).append(_text(raw, declared=utf8))
    return {name: tuple(values) for name, values in fields.items()}


def _text(raw: bytes, *, declared: bool) -> str:
    """UTF-8 where declared or where it decodes (most writers forget 1:90), else Latin-1."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "replace") if declared else raw.decode("latin-1")
    return text.replace("\0", "").strip()
