"""One item as a VICS media record: what VICS has a field for goes there, Assay's word into others.

What Assay found stands in ``MediaMetadata``, ``Tags`` and ``Comments`` under names that begin with
"assay:". It is never a category. Of the record by which a list knew the content exactly, every
field is carried on; those that this export states itself stand as ``assay:list FIELD``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assay import __version__
from assay.core.facts import Decision, Sha256
from assay.core.jsonvalue import Json, canonical
from assay.core.names import JOIN
from assay.core.vocab import Lane
from assay.engine.foreign_choice import own_decision
from assay.engine.foreign_record import OWN, OWN_DECISION
from assay.exports import words
from assay.exports.names import FILES, MediaNames
from assay.exports.record import match_line, strongest
from assay.exports.vics_category import Category, Row, category_of, is_exact
from assay.lists.adapters import _fields as fields
from assay.lists.adapters._vics_record import Record
from assay.lists.model import ListEntry, Perceptual

_STATED = (  # by this export itself, whatever a list's record says
    "MediaID", "Category", "MimeType", "RelativeFilePath", "MediaFiles", "IsPrecategorized",
    "PrecategorizationSource", "Tags", "Comments", "DateUpdated",
)  # fmt: skip
_SAME = ("MD5", "SHA1", "MediaSize", "MediaMetadata")  # equal in an exact match, or joined
# VICS field: the last word of the times that say so. A change of state (ctime) is none of them.
_TIMES = {
    "Created": ("birth time", "creation time"),
    "Written": ("mtime", "ZIP DOS time", "modification time", "MTIME"),
    "Accessed": ("atime",),
}


@dataclass(frozen=True, slots=True)
class Media:
    """A record to be written, and what it took from where."""

    entry: ListEntry
    category: Category
    lists: tuple[str, ...]  # whose records are in it


class Maker:
    """Makes the records of one export."""

    def __init__(
        self, scheme: str, lanes: Mapping[tuple[str, str], Lane], sources: Mapping[str, str]
    ) -> None:
        self._scheme = scheme
        self._lanes = lanes
        self._sources = sources  # id of a source -> its place, for people
        self._names = MediaNames()

    def media(self, row: Row) -> Media:
        """Return the record of an item of ``items.jsonl``; rows come in the order of the export."""
        matches, decisions = _rows(row, "matches"), _rows(row, "decisions")
        category = category_of(decisions, matches, self._scheme, self._lanes)
        known = [m for m in matches if is_exact(m) and m["record"]]
        first = next((m for m in known if m["namespace"] == self._scheme), None)
        first = first or next((m for m in known if str(m["namespace"]).startswith("vics:")), None)
        carried = dict(_record(first)) if first is not None else {}
        metadata = carried.pop("MediaMetadata", None)
        told: dict[str, Json] = {
            name: value for name, value in carried.items() if name not in _STATED
        }
        properties = _assay(row, category, decisions, matches)
        properties += [
            (f"{OWN}list {name}", _text(carried[name]))
            for name in _STATED
            if not fields.blank(carried.get(name))
        ]
        properties += [
            (f"{OWN}record {m['list']} {m['entry']}", _text(_record(m)))
            for m in known
            if m is not first
        ]
        identified = _agreed(known, "identified")
        if identified is None and "VictimIdentified" in told:
            properties.append((f"{OWN}list VictimIdentified", _text(told.pop("VictimIdentified"))))
        told |= {
            "MimeType": row["media_type"],
            "RelativeFilePath": f"{FILES}\\{self._names.name(row)}",
            "MediaFiles": [self._file(row, place) for place in _rows(row, "occurrences")],
            "MediaMetadata": [
                *_carried(metadata),
                *({"PropertyName": name, "PropertyValue": value} for name, value in properties),
            ],
            "IsPrecategorized": bool(category.lists),
            "Tags": f"{OWN}{_lane(row).replace(' ', '-')};{OWN}{row['origin']}",
            "Comments": _comment(row),
        }
        if category.lists:
            told["PrecategorizationSource"] = ", ".join(category.lists)
        entry = ListEntry(
            id=str(row["sha256"]),
            md5=str(row["md5"]),
            sha1=str(row["sha1"]),
            sha256=str(row["sha256"]),
            size=int(str(row["size"])),
            hashes=_hashes(row, carried),
            category=category.code,
            namespace=self._scheme,
            identified=identified,
            updated=fields.moment(category.updated),
            record=told,
        )
        return Media(entry, category, tuple(dict.fromkeys(str(m["list"]) for m in known)))

    def _file(self, row: Row, place: Row) -> dict[str, Json]:
        """Return one place of a content; paths as the case shows them, with backslashes."""
        path = str(place["path"])
        parent, inside, _ = path.rpartition(JOIN)
        file: dict[str, Json] = {
            "MD5": str(row["md5"]).upper(),
            "FileName": path.rsplit("/", 1)[-1],
            "FilePath": _windows(path),
            "SourceID": self._sources.get(str(place["source"]), str(place["source"])),
            "Deleted": place["state"] != "allocated",
            "Unallocated": place["state"] == "carved",
        }
        if inside:
            file["ParentFileName"] = parent.rsplit("/", 1)[-1]
            file["ParentFilePath"] = _windows(parent)
        for name, ends in _TIMES.items():
            stamps = [t for t in _rows(place, "times") if str(t["field"]).endswith(ends)]
            shown = [time for t in stamps if (time := _time(t))]
            if shown:
                file[name] = min(shown, key=lambda time: not time.endswith("Z"))
        return file


def _assay(
    row: Row, category: Category, decisions: list[Row], matches: list[Row]
) -> list[tuple[str, str]]:
    """Return what Assay says of an item as pairs of a name and a text."""
    pairs = [
        ("tool", f"Assay {__version__}, policy {row['policy']}"),
        ("lane", _lane(row)),
        ("band", str(row["band"] or "")),
        ("rank", str(row["rank"] or "")),
        ("origin", str(row["origin"])),
        ("score", "" if row["score"] is None else str(row["score"])),
        ("shown with", str(row["shown_with"] or "")),
        ("evidence", strongest(row)),
        *(("reason", str(reason["text"])) for reason in _rows(row, "reasons")),
        *(("finding", str(finding["text"])) for finding in _rows(row, "findings")),
        *(("on a list", match_line(match)) for match in matches),
    ]
    said = [(OWN + name, text) for name, text in pairs if text]
    for d in decisions:
        if d["category"] is not None:
            name = OWN_DECISION if d is category.decision else f"{OWN}decided"
            said.append((name, own_decision(_decision(row, d))))
        if d["note"]:
            said.append((f"{OWN}note", f"{d['actor']}: {d['note']}"))
    return said


def _carried(metadata: Json) -> list[Json]:
    """Return the metadata of a list's record; what an Assay said there is not said of this case."""
    found: list[Json] = []
    for part in metadata if isinstance(metadata, list) else ():
        name = part.get("PropertyName") if isinstance(part, Mapping) else None
        ours = isinstance(name, str) and name.startswith(OWN)
        found.append({**part, "PropertyName": f"{OWN}list {name}"} if ours else part)
    return found


def _decision(row: Row, d: Row) -> Decision:
    item = Sha256(str(row["sha256"]))
    return Decision(
        item, str(d["actor"]), str(d["scheme"]), str(d["category"]), str(d["note"]), str(d["at"])
    )


def _lane(row: Row) -> str:
    return f"lane {row['lane']}" if row["lane"] is not None else "inventory"


def _comment(row: Row) -> str:
    """Return Assay's word in one pair of brackets, so that it can be told from a person's."""
    meaning = next(text for lane, _, text in words.LANES if lane == row["lane"])
    said = f"{_lane(row)} ({meaning}), origin {row['origin']}: {strongest(row)}"
    return f"[Assay {__version__}: {said.replace('[', '(').replace(']', ')')}]"


def _agreed(matches: list[Row], name: str) -> bool | None:
    """Return what undisputed records say alike; None where one contradicts, or none says it."""
    said = {m[name] for m in matches if m[name] is not None}
    if len(said) != 1 or any(m["disputed"] for m in matches):
        return None
    return bool(said.pop())


def _hashes(row: Row, carried: Mapping[str, Json]) -> tuple[Perceptual, ...]:
    """Return the PDQ hash of the item, then the hashes that a list's record brought."""
    found: list[Perceptual] = []
    if isinstance(pdq := row["pdq"], Mapping):
        own = fields.pdq(pdq.get("hash"), pdq.get("quality"))
        found += [own] if own is not None else []
    listed = Record(carried).hashes(str(row["md5"]))
    return (*found, *(h for h in listed if h not in found))


def _time(stamp: Row) -> str:
    """Return a time as ISO 8601, in UTC where its zone is known, else as it was recorded."""
    if stamp["utc"] is not None:
        return str(stamp["utc"])
    raw = fields.moment(str(stamp["raw"]).replace(" ", "T"))
    return raw if raw[:4].isdigit() and raw[4:5] == "-" else ""


def _windows(path: str) -> str:
    return path.replace("/", "\\")


def _record(match: Row) -> Mapping[str, Json]:
    record = match["record"]
    return record if isinstance(record, Mapping) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else canonical(value).decode()


def _rows(row: Row, name: str) -> list[Row]:
    found = row[name]
    return [part for part in found if isinstance(part, Mapping)] if isinstance(found, list) else []
