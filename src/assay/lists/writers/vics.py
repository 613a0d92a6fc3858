"""Writing VICS 2.0: entries of any list as a hash set, or as the media of a case.

What VICS has a field for goes there; what it has none for stays where it came from, or goes into
``MediaMetadata``. A category is written only where its namespace is the one of the context: a code
of one country means something else in another. docs/reference/lists/vics.schema.json says what is
valid.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from assay.core.errors import UsageError
from assay.core.jsonvalue import JsonObject, canonical
from assay.lists.adapters import _fields as fields
from assay.lists.model import ListEntry, Perceptual

CONTEXTS = ("US", "UK", "Default", "CUSTOM")
_CONTEXT = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/{}/$metadata#{}"
_TOTALS = ("TotalMediaFiles", "TotalPrecategorized")  # known when all media are written
_SAMPLE = 100  # ids of left-out entries that are kept
SOURCE_RECORD = "assay:record"  # PropertyName of the whole record of a list that is no VICS
SOURCE_CATEGORY = "assay:category"  # of "namespace code" where the context has no such code
_AS_READ = "assay:as read:"  # then the field's name: a value that VICS 2.0 cannot hold

_BOOLEANS = (
    "VictimIdentified",
    "OffenderIdentified",
    "IsDistributed",
    "IsSuspected",
    "SelfGenerated",
    "IsPrecategorized",
)
_NUMBERS = ("MediaID", "MediaSize")
_TEXTS = (
    "MimeType",
    "RelativeFilePath",
    "PrecategorizationSource",
    "Series",
    "Tags",
    "Comments",
    "Miniature",
)
_FILE_TEXTS = ("MD5", "FileName", "FilePath")
_LISTS = ("AlternativeHashes", "Exifs", "MediaFiles", "MediaMetadata")


@dataclass(slots=True)
class Written:
    """What went into a file, and what could not."""

    count: int = 0
    precategorized: int = 0
    left_out: dict[str, int] = field(default_factory=dict)  # reason -> entries
    sample: list[str] = field(default_factory=list)  # ids of the first entries left out

    def leave(self, entry: ListEntry, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1
        if len(self.sample) < _SAMPLE:
            self.sample.append(entry.id)


def write_vics(
    entries: Iterable[ListEntry],
    out: BinaryIO,
    context: str = "Default",
    case: JsonObject | None = None,
) -> Written:
    """Write a hash set (``#Media``), or with ``case`` (its fields) a case (``#Cases``).

    ``context`` is US, UK, Default or CUSTOM. Entries without an MD5 cannot be told in VICS and
    withdrawn ones are none: both are counted in what is returned. Streaming; raises UsageError for
    an unknown context.
    """
    if context not in CONTEXTS:
        known = ", ".join(CONTEXTS)
        raise UsageError(f"unknown VICS context {context!r}", hint=f"known ones are {known}")
    kind = "Media" if case is None else "Cases"
    head = {"@odata.context": _CONTEXT.format(context, kind)}
    out.write(json.dumps(head).encode()[:-1] + b', "value": [')
    if case is not None:
        told = json.dumps({k: v for k, v in case.items() if k != "Media" and k not in _TOTALS})
        out.write(told.encode()[:-1] + (b", " if len(told) > 2 else b"") + b'"Media": [')
    written = Written()
    for entry in entries:
        if entry.deleted:
            written.leave(entry, "withdrawn by its source")
        elif not entry.md5:
            written.leave(entry, "without an MD5, which VICS demands")
        else:
            number = written.count + 1
            told_of = media(entry, f"vics:{context}", number)
            line = json.dumps(told_of, allow_nan=False)
            out.write((b",\n" if written.count else b"\n") + line.encode())
            written.count = number
            written.precategorized += told_of.get("IsPrecategorized") is True
    if case is None:
        out.write(b"\n]}\n")
    else:
        totals = dict(zip(_TOTALS, (written.count, written.precategorized), strict=True))
        out.write(b"\n], " + json.dumps(totals).encode()[1:] + b"]}\n")
    return written


def media(entry: ListEntry, namespace: str, number: int) -> dict[str, Any]:
    """Return an entry as a VICS 2.0 media record; ``number`` is its MediaID where it has none."""
    from_vics = entry.namespace.startswith("vics:") or "MD5" in entry.record
    told: dict[str, Any] = dict(entry.record) if from_vics else {}
    for name in ("SHA1", "PhotoDNA", "DateUpdated"):
        if fields.blank(told.get(name)):
            told.pop(name, None)
    odd: dict[str, Any] = {}  # known fields that hold what they must not
    for names, read in ((_BOOLEANS, fields.truth), (_NUMBERS, fields.number), (_TEXTS, _text)):
        for name in names:
            _settle(told, odd, name, read)
    for name in _LISTS:
        _settle(told, odd, name, _objects)
    metadata = told.pop("MediaMetadata", None) or []
    for part in (*metadata, *told.get("Exifs", ())):
        _spell(part, ("PropertyName", "PropertyValue"))
    told["MD5"] = entry.md5.upper()
    told.setdefault("MediaID", number)
    told["Category"] = _category(entry, namespace)
    _set(told, "SHA1", entry.sha1.upper())
    _set(told, "MediaSize", entry.size)
    _set(told, "VictimIdentified", entry.identified)
    _set(told, "IsDistributed", entry.distributed)
    _set(told, "Series", entry.series)
    _set(told, "DateUpdated", entry.updated)
    if "SHA1" in told and not entry.sha1:
        odd["SHA1"] = told.pop("SHA1")
    if "DateUpdated" in told and not entry.updated:
        odd["DateUpdated"] = told.pop("DateUpdated")
    _hashes(told, odd, entry)
    _files(told, entry)
    if told["Category"] is None and entry.category is not None:
        metadata.append(_property(SOURCE_CATEGORY, f"{entry.namespace} {entry.category}"))
    metadata += [_property(_AS_READ + name, _line(value)) for name, value in odd.items()]
    if not from_vics and entry.record:
        metadata.append(_property(SOURCE_RECORD, canonical(entry.record).decode()))
    if metadata:
        told["MediaMetadata"] = metadata
    return told


def _settle(
    told: dict[str, Any], odd: dict[str, Any], name: str, read: Callable[[Any, str], Any]
) -> None:
    """Give a field the type that VICS 2.0 knows, or set it aside."""
    if name not in told:
        return
    value = told.pop(name)
    try:
        settled = read(value, name)
    except ValueError:
        odd[name] = value
        return
    if settled is not None:
        told[name] = settled


def _text(value: Any, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{name} is not text")


def _objects(value: Any, name: str) -> list[dict[str, Any]] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(part, Mapping) for part in value):
        raise ValueError(f"{name} is not a list of objects")
    return [dict(part) for part in value]


def _set(told: dict[str, Any], name: str, value: object) -> None:
    if value not in (None, ""):
        told[name] = value


def _category(entry: ListEntry, namespace: str) -> int | None:
    code = entry.category or ""
    fits = entry.namespace == namespace and code.isascii() and code.isdigit() and len(code) < 10
    return int(code) if fits else None


def _hashes(told: dict[str, Any], odd: dict[str, Any], entry: ListEntry) -> None:
    """Write the hashes that VICS has no field for as alternative ones, each once."""
    listed = told.pop("AlternativeHashes", [])
    for other in listed:
        _spell(other, ("HashName", "HashValue"))
        if not isinstance(other.get("MD5"), str):
            other["MD5"] = told["MD5"]
    there = {(fields.plain_name(other["HashName"]), other["HashValue"].lower()) for other in listed}
    if "PhotoDNA" in told and not any(hash_.algorithm == "photodna" for hash_ in entry.hashes):
        odd["PhotoDNA"] = told.pop("PhotoDNA")
    told.pop("PhotoDNA", None)
    for hash_ in entry.hashes:
        if _listed(listed, hash_):
            continue
        if hash_.algorithm == "photodna" and "PhotoDNA" not in told:
            told["PhotoDNA"] = base64.b64encode(hash_.value).decode()
        else:
            listed.append(_alternative(told["MD5"], hash_))
    if entry.sha256 and ("sha256", entry.sha256) not in there and "SHA256" not in told:
        other = {"MD5": told["MD5"], "HashName": "SHA256", "HashValue": entry.sha256.upper()}
        listed.append(other)
    if listed:
        told["AlternativeHashes"] = listed


def _listed(listed: list[dict[str, Any]], hash_: Perceptual) -> bool:
    for other in listed:
        try:
            if fields.perceptual(other["HashName"], other["HashValue"], hash_.quality) == hash_:
                return True
        except ValueError:
            continue
    return False


def _alternative(md5: str, hash_: Perceptual) -> dict[str, Any]:
    name = hash_.algorithm.upper() if hash_.algorithm in ("pdq", "tmk") else hash_.algorithm
    other: dict[str, Any] = {"MD5": md5, "HashName": name, "HashValue": hash_.value.hex()}
    if hash_.quality is not None:
        other["Quality"] = hash_.quality
    return other


def _files(told: dict[str, Any], entry: ListEntry) -> None:
    """Give every media file the three fields that the format demands of it."""
    files = told.get("MediaFiles")
    if files is None and entry.label and "RelativeFilePath" not in told:
        told["MediaFiles"] = [{"MD5": told["MD5"], "FileName": entry.label, "FilePath": ""}]
        return
    for file in files or ():
        file.setdefault("MD5", told["MD5"])
        _spell(file, _FILE_TEXTS)


def _spell(part: dict[str, Any], names: tuple[str, ...]) -> None:
    """Give a part the text fields that the format demands of it."""
    for name in names:
        if not isinstance(part.get(name), str):
            part[name] = _line(part.get(name))


def _property(name: str, value: str) -> dict[str, str]:
    return {"PropertyName": name, "PropertyValue": value}


def _line(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical(value).decode()
