"""One record of another tool's case: who speaks, when, and what it says for people. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from assay.core.facts import Sha256
from assay.core.jsonvalue import Json, JsonObject, canonical
from assay.core.names import display
from assay.lists.adapters import _fields as fields

OWN = "assay:"  # begins the tags and the names of metadata that Assay's own export writes
OWN_DECISION = OWN + "decision"  # PropertyName of a decision that the export wrote a category for
_OWN_COMMENT = re.compile(r"\[Assay [^\]]*\]\s*")
_NOTE = 4000  # characters of a note
_BOTH = re.compile(r"\d[+-]\d\d:\d\dZ$")  # an offset and Z
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


@dataclass(frozen=True, slots=True)
class ForeignFile:
    name: str
    sha256: str
    size: int  # bytes
    format: str
    scheme: str  # whose categories it uses: "vics:US"


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks in one case of a file, as the file names it."""

    file: ForeignFile
    stated: Mapping[str, str]  # SourceApplicationName, SourceApplicationVersion, ContactName

    @property
    def name(self) -> str:
        """Return "Example Review 3.1 (A. Examiner)"; "" where the file names nobody."""
        tool = f"{self.tool} {self._said('SourceApplicationVersion')}".strip() if self.tool else ""
        person = self._said("ContactName")
        return f"{tool} ({person})" if tool and person else tool or person

    @property
    def tool(self) -> str:
        return self._said("SourceApplicationName")

    def _said(self, name: str) -> str:
        return " ".join(display(self.stated.get(name, "")).split())


@dataclass(frozen=True, slots=True)
class Told:
    """What one record says about one item of the case."""

    item: Sha256
    speaker: Speaker
    category: str  # as the source writes it
    at: str  # ISO 8601 UTC; "" = not stated
    note: str
    place: str  # file and byte
    listed: bool  # the record says that a list gave the category, not a person
    own: str  # the decision that it stands for, by the word of Assay's own export; "" = none

    @property
    def scheme(self) -> str:
        return self.speaker.file.scheme


def moment(text: str, zone: str | None) -> tuple[str, str]:
    """Return a stated time as ISO 8601 UTC ("" where there is none), and what to say about it.

    A time without a zone is taken in ``zone``, else as UTC, and that is said.
    """
    stated = f"its time is stated as {display(text[:60])}"
    if _BOTH.search(text):  # as a known writer of VICS does
        found, remark = moment(text.removesuffix("Z"), zone)
        return found, remark or f"{stated}: taken with its offset"
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return "", stated if text else ""
    if time.year == 1:  # the empty time of .NET
        return "", ""
    if _UTC.fullmatch(text):
        return text, ""
    remark = ""
    if time.tzinfo is None:
        remark = f"{stated}, without a zone: taken as {zone or 'UTC'}"
        time = time.replace(tzinfo=ZoneInfo(zone) if zone else UTC)
    try:
        return time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z", remark
    except OverflowError:
        return "", stated


def note(record: JsonObject, remark: str) -> str:
    """Return what the record says for people, without what Assay's own export put there."""
    comments = _OWN_COMMENT.sub("", _text(record.get("Comments"))).strip()
    tags = [tag.strip() for tag in _text(record.get("Tags")).split(";")]
    others = "; ".join(tag for tag in tags if tag and not tag.startswith(OWN))
    parts = (comments, f"tags: {others}" if others else "", remark)
    text = "; ".join(part for part in parts if part)
    return text if len(text) <= _NOTE else f"{text[:_NOTE]}… (cut: {len(text)} characters)"


def _text(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical(value).decode()


def is_listed(record: JsonObject) -> bool:
    """Tell whether a record says that a list, and not a person, gave its category."""
    try:
        return fields.truth(record.get("IsPrecategorized"), "IsPrecategorized") is True
    except ValueError:
        return False


def own_word(record: JsonObject) -> str:
    """Return by which decision Assay's own export wrote the category of a record."""
    parts = record.get("MediaMetadata")
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, Mapping) and part.get("PropertyName") == OWN_DECISION:
            return str(part.get("PropertyValue"))
    return ""
