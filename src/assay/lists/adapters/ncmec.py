"""NCMEC hash-sharing v2: answers of ``GET entries`` as saved to disk, one file a page.

Source: the service's documentation and facebook/ThreatExchange's client (hash_api.py). XML is
read with expat, element by element; a document type declaration, and so any entity, ends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit

from assay.core.jsonvalue import Json
from assay.lists.adapters import _fields as fields
from assay.lists.adapters._lines import decoded
from assay.lists.model import ListEntry, ListFacts, Perceptual, Refused
from assay.lists.xmlstream import Broken, Element, Outside, walk

NAMESPACE = "https://hashsharing.ncmec.org/hashsharing/v2"
_KINDS = {
    "image": ("image", False),
    "video": ("video", False),
    "deletedImage": ("image", True),
    "deletedVideo": ("video", True),
}
_LISTS = ("images", "videos")
_ROOT = re.compile(r"<(?:[\w.-]+:)?queryResult[\s>]")
_HOLDS = re.compile(r"<(?:[\w.-]+:)?(?:images|videos)[\s>/]")
_PERCEPTUAL = ("pdna", "pdq", "netclean")
# what only a link is given for: kept in the record, fetched by nobody here
_LINKED = ("videntifier", "tmk-pdqf", "ssvh-pdna", "ssvh-safer-hash")


class NcmecAdapter:
    """Reads pages of NCMEC's hash-sharing service."""

    name = "ncmec"

    def recognises(self, head: bytes, name: str) -> bool:
        text = decoded(head)
        if not text.lstrip().startswith("<") or not _ROOT.search(text):
            return False
        return NAMESPACE in text or _HOLDS.search(text) is not None

    def read(
        self, file: BinaryIO, options: Mapping[str, str]
    ) -> Iterator[ListFacts | ListEntry | Refused]:
        yield ListFacts("NCMEC hash sharing v2", "ncmec", owner="NCMEC", version="2")
        stated: dict[str, str] = {}
        latest: list[str] = []
        counted = dict.fromkeys(_LISTS, 0)
        notes: list[str] = []
        for part in walk(file, tuple(_KINDS)):
            if isinstance(part, Broken):
                yield Refused(f"byte {part.offset}", part.reason, fields.short(part.excerpt))
            elif isinstance(part, Outside):
                if part.name in _LISTS and part.name not in stated:
                    stated[part.name] = part.attributes.get("count", "")
                    latest.append(part.attributes.get("maxTimestamp", ""))
                elif part.name == "next" and part.text.strip():
                    notes.append(_page(part.text.strip()))
            else:
                counted["images" if _KINDS[part.name][0] == "image" else "videos"] += 1
                yield from _entry(part)
        notes += [
            f"the file says {stated[name]} {name} and holds {counted[name]}"
            for name in _LISTS
            if stated.get(name, "").isdigit() and int(stated[name][:18]) != counted[name]
        ]
        times = sorted(fields.moment(time) for time in latest if time)
        yield ListFacts(
            "NCMEC hash sharing v2",
            "ncmec",
            owner="NCMEC",
            version="2",
            created=times[-1] if times else "",
            notes=tuple(notes),
        )


def _page(link: str) -> str:
    """Say that more pages belong to this answer; entries are not in the order of time."""
    query = parse_qs(urlsplit(link[:2000]).query)
    start, most = (query.get(name, [""])[0] for name in ("start", "max"))
    more = f" from entry {start}" if start.isdigit() else ""
    of = f" of {most}" if most.isdigit() else ""
    return f"this file is one page of several: another begins{more}{of}"


def _entry(element: Element) -> Iterator[ListEntry | Refused]:
    place = f"byte {element.offset}"
    record = fields.storable(element.content)
    kind, deleted = _KINDS[element.name]
    record = {"kind": element.name, **(record if isinstance(record, dict) else {})}
    entry_id, member = _text(record.get("id")), _attribute(record.get("member"), "id")
    prints = record.get("fingerprints")
    given: Mapping[str, Any] = prints if isinstance(prints, dict) else {}
    troubles: list[str] = []
    try:
        md5, sha1 = (fields.digest(_one(given, name, troubles), name) for name in ("md5", "sha1"))
        hashes = _hashes(given, troubles)
    except ValueError as error:
        yield Refused(place, str(error), _excerpt(record))
        return
    if not entry_id:
        yield Refused(place, f"{element.name} without an id", _excerpt(record))
        return
    linked = any(name in given for name in _LINKED)
    if not (deleted or md5 or sha1 or hashes or linked):
        yield Refused(place, f"{element.name} without fingerprints", _excerpt(record))
        return
    yield ListEntry(
        id=f"{member}/{kind}/{entry_id}",
        md5=md5,
        sha1=sha1,
        hashes=hashes,
        category=_text(record.get("classification")) or None,
        namespace="ncmec",
        disputed=_disputed(record.get("feedback")),
        deleted=deleted,
        updated=fields.moment(_text(record.get("timestamp"))),
        label=f"{kind} {entry_id} of {_text(record.get('member')) or 'an unnamed member'}",
        record=record,
        locator=place,
    )
    for reason in troubles:
        yield Refused(place, f"{reason}; the record is kept without it", _excerpt(record))


def _excerpt(record: Mapping[str, Any]) -> str:
    return fields.short(str(record))


def _hashes(given: Mapping[str, Any], troubles: list[str]) -> tuple[Perceptual, ...]:
    found = []
    for name in _PERCEPTUAL:
        for value in _all(given.get(name)):
            try:
                hash_ = fields.perceptual(name, value)
            except ValueError as error:
                troubles.append(str(error))
                continue
            if hash_:
                found.append(hash_)
    return tuple(found)


def _one(given: Mapping[str, Any], name: str, troubles: list[str]) -> str:
    values = _all(given.get(name))
    if len(values) > 1:
        troubles.append(f"{len(values) - 1} more {name} of the same entry")
    return values[0] if values else ""


def _all(value: Json) -> list[str]:
    return [_text(part) for part in value] if isinstance(value, list) else [_text(value)]


def _text(value: object) -> str:
    if isinstance(value, list):
        return _text(value[0]) if value else ""
    if isinstance(value, Mapping):
        return _text(value.get("#text"))
    return value.strip() if isinstance(value, str) else ""


def _attribute(value: object, name: str) -> str:
    return _text(value.get("@" + name)) if isinstance(value, Mapping) else ""


def _disputed(feedback: object) -> bool:
    """Tell whether a member says that a fingerprint of the entry is wrong."""
    parts = feedback if isinstance(feedback, list) else [feedback]
    return any(isinstance(part, Mapping) and part.get("negativeFeedback") for part in parts)
