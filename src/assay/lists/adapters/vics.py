"""Project VIC's VICS 1.2, 1.3 and 2.0: hash sets (``#Media``) and cases (``#Cases``), as JSON.

The official model is under agreement; field names and traps come from working importers and
exporters (docs/reference/lists/vics.md). A record whose digests are broken identifies nothing for
sure and is refused as a whole; another broken field costs that field, which is reported too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, BinaryIO, cast

from assay.core.jsonvalue import Json
from assay.lists.adapters import _fields as fields
from assay.lists.adapters._seen import Seen
from assay.lists.adapters._vics_record import Record, label_of, without_records
from assay.lists.jsonstream import Begin, Damage, End, Path, Plan, Value, walk
from assay.lists.model import ListEntry, ListFacts, Refused
from assay.lists.textwindow import encoding_of

_CONTEXT = re.compile(r'"(?:@odata\.context|odata\.metadata)"\s*:\s*"([^"]{0,500})"')
_KNOWN_CONTEXT = re.compile(r"vic.*#(Media|Cases)\s*$", re.IGNORECASE)
_LOOKS_LIKE = re.compile(r'"(?:MediaID|MediaSize|RelativeFilePath|VictimIdentified|PhotoDNA)"\s*:')
_CASE_FIELD = re.compile(r'"(?:CaseID|CaseNumber|Media|ContactOrganization)"\s*:')
_VERSION = re.compile(r"DataModels/(\d+(?:\.\d+)*)\.xml(?:/([A-Za-z]{1,20}))?", re.IGNORECASE)
_NAMESPACES = {"us": "vics:US", "uk": "vics:UK", "default": "vics:Default", "custom": "vics:CUSTOM"}
UNSTATED = "vics:1.x"  # VICS 1.x does not say whose categories it uses
_CASE_FACTS = ("CaseID", "CaseNumber", "ContactOrganization", "SeizureDate", "TotalMediaFiles")
_TOOL_FACTS = ("SourceApplicationName", "SourceApplicationVersion", "ContactName")
_LOST_BRACKETS = 20  # records inside one another that are followed
_record_begins = re.compile(r'\{\s*"(?:MediaID|odata\.id|Category)"\s*:').match
_NESTED = ("HashName", "PropertyName")  # fields of the small objects inside a record


@dataclass(slots=True)
class _State:
    """What has been learnt about the file while reading it."""

    namespace: str = UNSTATED
    version: str = ""
    kind: str = ""  # "Media" or "Cases"; "" until the context says so
    case: dict[str, str] = field(default_factory=dict)
    in_case: bool = False  # between its beginning and its end
    seen: Seen = field(default_factory=Seen)
    repeated: int = 0
    fixed_namespace: str = ""  # what the caller says

    def context(self, text: str) -> None:
        if match := _VERSION.search(text):
            self.version = match[1]
            self.namespace = _NAMESPACES.get((match[2] or "").lower(), UNSTATED)
            if self.namespace == UNSTATED and not self.version.startswith("1"):
                self.namespace = f"vics:{match[2] or self.version}"
        if match := _KNOWN_CONTEXT.search(text):
            self.kind = match[1].capitalize()

    @property
    def categories_of(self) -> str:
        return self.fixed_namespace or self.namespace


class VicsAdapter:
    """Reads VICS hash sets and cases. Option ``namespace`` says whose categories 1.x uses."""

    name = "vics"

    def recognises(self, head: bytes, name: str) -> bool:
        text = _text_of(head)
        if text[:1] not in ("{", "["):
            return False
        match = _CONTEXT.search(text)
        if match and _KNOWN_CONTEXT.search(match[1].replace("\\/", "/")):
            return True
        return '"MD5"' in text and _LOOKS_LIKE.search(text) is not None

    def read(
        self, file: BinaryIO, options: Mapping[str, str]
    ) -> Iterator[ListFacts | ListEntry | Refused]:
        state = _State(fixed_namespace=options.get("namespace", ""))
        told = ""  # the namespace that was given out
        for part in walk(file, _plan(state)):
            if isinstance(part, Damage):
                yield Refused(f"byte {part.offset}", part.reason, fields.short(part.excerpt))
            elif isinstance(part, Begin):
                if part.path == ("value", "*"):
                    state.case, state.in_case = {}, True
            elif isinstance(part, End):
                if part.path == ("value", "*"):
                    state.in_case = False
                    yield _case_facts(state)
            elif part.path[-1:] == ("*",):
                if not told:
                    yield _facts(state)
                    told = state.categories_of
                yield from _record(part, state)
            else:
                _outer(part, state)
        if state.in_case:  # the file breaks off inside it
            yield _case_facts(state)
        if told != state.categories_of:  # nothing was read, or the context stood behind the records
            yield _facts(state)
        if state.repeated:
            count = "at least " if state.seen.full else ""
            yield ListFacts(
                format=_format(state),
                namespace=state.categories_of,
                version=state.version,
                notes=(
                    f"{count}{state.repeated} records repeat an MD5 that stands earlier in "
                    "the file; each is kept as it was read",
                ),
            )


def _plan(state: _State) -> Plan:
    def enter(path: Path, look: Any) -> bool:
        if path in {(), ("value",), ("value", "*", "Media")}:
            return True
        if path != ("value", "*") or state.kind == "Media":
            return False
        if state.kind:
            return True
        # the context stands behind the records, or nowhere: the first object shows what it is
        state.kind = "Cases" if _CASE_FIELD.search(look()) else "Media"
        return state.kind == "Cases"

    return Plan(enter, _is_record, _record_begins, ("value", "*", "Media", "*"))


def _is_record(value: Json) -> bool:
    """Tell a media record from what stands inside one, when found after damage."""
    if not isinstance(value, Mapping) or any(name in value for name in _NESTED):
        return False
    if "MediaID" in value or "Category" in value:
        return True
    return "MD5" in value and "FilePath" not in value


def _outer(part: Value, state: _State) -> None:
    """Take what is said outside the records."""
    if not isinstance(part.value, str | int):
        return
    text = str(fields.storable(str(part.value)))[:200]
    if part.key in ("@odata.context", "odata.metadata") and len(part.path) == 1:
        state.context(text)
    elif part.path[:2] == ("value", "*") and part.key in (*_CASE_FACTS, *_TOOL_FACTS):
        state.case[part.key] = text


def _format(state: _State) -> str:
    kind = "cases" if state.kind == "Cases" else "hash set"
    return f"VICS {state.version or 'of unstated version'} {kind}"


def _facts(state: _State) -> ListFacts:
    return ListFacts(_format(state), state.categories_of, version=state.version)


def _case_facts(state: _State) -> ListFacts:
    told = "; ".join(f"{name} {state.case[name]}" for name in _CASE_FACTS if name in state.case)
    return ListFacts(
        format=_format(state),
        namespace=state.categories_of,
        owner=state.case.get("ContactOrganization", ""),
        version=state.version,
        created=fields.moment(state.case.get("SeizureDate", "")),
        notes=(f"case: {told}",) if told else (),
        stated=dict(state.case),
    )


def _record(part: Value, state: _State, depth: int = 0) -> Iterator[ListEntry | Refused]:
    place = f"byte {part.offset}"
    if not isinstance(part.value, dict):
        yield Refused(place, "a record is not an object", fields.short(part.text))
        return
    record: dict[str, Any] = part.value
    if "\\u" in part.text or not part.text.isascii():
        record = fields.storable(record)
    if part.text.count('"MediaID"') > 1:
        record, swallowed = without_records(record)
        if swallowed:
            reason = f"{len(swallowed)} more records stand inside this one: a bracket is missing"
            told = "each is read" if depth < _LOST_BRACKETS else "none of them is read"
            yield Refused(place, f"{reason}; {told}", fields.short(part.text))
        for inner in swallowed if depth < _LOST_BRACKETS else ():
            again = Value(part.path, part.offset, inner, json.dumps(inner))
            yield from _record(again, state, depth + 1)
    reader = Record(record)
    try:
        md5, sha1, sha = reader.digests()
    except ValueError as error:
        yield Refused(place, str(error), fields.short(part.text))
        return
    hashes = reader.hashes(md5)
    if not (md5 or sha1 or sha or hashes):
        yield Refused(place, "a record without any hash", fields.short(part.text))
        return
    entry = ListEntry(
        id=_id(record, md5, part, state),
        md5=md5,
        sha1=sha1,
        sha256=sha,
        size=cast("int | None", reader.take(fields.number, "MediaSize")),
        hashes=hashes,
        category=cast("str | None", reader.take(fields.code, "Category")),
        namespace=state.categories_of,
        identified=cast("bool | None", reader.take(fields.truth, "VictimIdentified")),
        distributed=cast("bool | None", reader.take(fields.truth, "IsDistributed")),
        series=_text(record.get("Series")),
        updated=fields.moment(record.get("DateUpdated")),
        label=label_of(record),
        record=record,
        locator=place,
    )
    yield entry
    for reason in reader.troubles:
        reason = f"{reason}; the record is kept without it"
        yield Refused(place, reason, fields.short(part.text))


def _id(record: Mapping[str, Any], md5: str, part: Value, state: _State) -> str:
    """Return an id that stays when the category changes and differs between rows of one file.

    MediaID counts within one file, so the MD5 goes with it; a row whose MD5 came before is told
    apart by its text.
    """
    number = record.get("MediaID")
    known = isinstance(number, int | str) and not isinstance(number, bool) and str(number).strip()
    own = f"{str(number).strip()}/{md5}" if known else md5
    if case := state.case.get("CaseID"):
        own = f"{case}/{own}"
    if not own:
        own = sha256(part.text.encode("utf-8", "backslashreplace")).hexdigest()[:32]
    if state.seen.add(md5 or own):
        state.repeated += 1
        text = part.text.encode("utf-8", "backslashreplace")
        return f"{own}~{sha256(text).hexdigest()[:12]}"
    return own


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""


def _text_of(head: bytes) -> str:
    encoding, mark = encoding_of(head[:4])
    return head[mark:].decode(encoding, "replace").lstrip()
