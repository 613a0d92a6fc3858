"""What one row of NSRL's FILE says, and how the rows of one file become one entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.core.jsonvalue import Json
from assay.lists.adapters import _fields as fields
from assay.lists.model import ListEntry, Refused

COLUMNS = ("sha256", "sha1", "md5", "crc32", "file_name", "file_size", "package_id")
_ROWS_KEPT = 16  # names and packages of one file that its entry lists

Row = Mapping[str, Any]


@dataclass(slots=True)
class Package:
    """A row of PKG with the names of its system and maker."""

    name: str
    version: str = ""
    system: str = ""
    maker: str = ""
    language: str = ""
    kind: str = ""

    @property
    def line(self) -> str:
        named = " ".join(part for part in (self.name, self.version) if part)
        return ", ".join(part for part in (named, self.system) if part)


@dataclass(slots=True)
class Group:
    """Neighbouring rows that state one and the same file."""

    sha256: str
    sha1: str
    md5: str
    size: int | None
    place: str
    rows: list[dict[str, Json]] = field(default_factory=list)
    count: int = 0
    label: str = ""

    def entry(self, before: Group | None) -> ListEntry:
        """Return the entry; ``before`` is the group before, told apart where it shares the id."""
        own = self.sha256 or self.sha1 or self.md5
        if before and own == (before.sha256 or before.sha1 or before.md5):
            own = f"{own}~{self.sha1[:8]}{self.md5[:8]}-{self.size}"
        first, *others = self.rows
        record: dict[str, Json] = {**first, "rows": self.count}
        if others:
            record["other_rows"] = others
        return ListEntry(
            id=own,
            md5=self.md5,
            sha1=self.sha1,
            sha256=self.sha256,
            size=self.size,
            category="known software",
            namespace="nsrl",
            label=self.label,
            record=record,
            locator=self.place,
        )


def fold(
    rows: Iterator[tuple[str, Row] | ListEntry | Refused], packages: Mapping[str, Package]
) -> Iterator[ListEntry | Refused]:
    """Make one entry of neighbouring rows with the same digests and size.

    The database gives its rows in the order of its key, so all rows of a file are neighbours.
    Entries and refusals among the rows keep their place.
    """
    group: Group | None = None
    before: Group | None = None
    for item in rows:
        if not isinstance(item, tuple):
            if group:
                yield group.entry(before)
                before, group = group, None
            yield item
            continue
        place, row = item
        try:
            sha256, sha1, md5 = (
                fields.digest(row.get(kind), kind) for kind in ("sha256", "sha1", "md5")
            )
            if not (sha256 or sha1 or md5):
                raise ValueError("a row without any digest")
        except ValueError as error:
            yield Refused(place, str(error), fields.short(str(dict(row))))
            continue
        trouble = ""
        try:
            size = fields.number(row.get("file_size"), "file_size")
        except ValueError as error:
            size, trouble = None, str(error)
        same = group and (group.sha256, group.sha1, group.md5, group.size) == (
            sha256,
            sha1,
            md5,
            size,
        )
        if group is None or not same:
            if group:
                yield group.entry(before)
                before = group
            group = Group(sha256, sha1, md5, size, place)
        _add(group, row, packages)
        if trouble:
            reason = f"{trouble}; the row is kept without it"
            yield Refused(place, reason, fields.short(str(dict(row))))
    if group:
        yield group.entry(before)


def _add(group: Group, row: Row, packages: Mapping[str, Package]) -> None:
    group.count += 1
    if len(group.rows) >= _ROWS_KEPT:
        return
    told = {key: _json(value) for key, value in row.items()}
    package = packages.get(str(row.get("package_id")))
    if package:
        told.update(
            package=package.name,
            package_version=package.version,
            operating_system=package.system,
            manufacturer=package.maker,
            language=package.language,
            application_type=package.kind,
        )
    if not group.rows:
        name = fields.base_name(row.get("file_name"))
        group.label = f"{name} ({package.line})" if package and package.line else name
    group.rows.append(told)


def _json(value: Any) -> Json:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return repr(value)  # no digest or size is one, and infinities have no canonical form
    return value if isinstance(value, int) or value is None else str(value)


def row_of(values: Sequence[Any], columns: Sequence[str]) -> dict[str, Any]:
    """Return a row by column names; more values than columns keep their position as name."""
    named = dict(zip(columns, values, strict=False))
    named.update({f"column {at + 1}": values[at] for at in range(len(columns), len(values))})
    return named
