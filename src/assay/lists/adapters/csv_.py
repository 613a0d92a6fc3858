"""CSV and TSV tables with saved column profiles: ICSE, CAID style, any table of hashes.

The delimiter, the encoding and the line of the header are found; columns are matched without
regard to case, spaces and punctuation. Columns that the profile does not name stay in the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain, islice
from typing import BinaryIO

from assay.core.jsonvalue import Json
from assay.lists.adapters import _fields as fields
from assay.lists.adapters import _profiles as profiles
from assay.lists.adapters import _table as table
from assay.lists.adapters._csv_row import Row
from assay.lists.adapters._lines import decoded, lines
from assay.lists.adapters._profiles import Profile
from assay.lists.adapters._seen import Seen
from assay.lists.adapters.plain import PlainAdapter
from assay.lists.model import ListEntry, ListFacts, Perceptual, Refused

_HASH = re.compile(r"\s*\"?(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[\w+/]{192})\"?\s*")
_LOOK = 20  # lines in which a header is looked for
_COLUMNS = 500  # that are considered


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the rows of a table are to be read."""

    profile: Profile
    delimiter: str
    header: tuple[str, ...]  # empty where the table has none
    line: int  # of the header, 0 where it has none


class CsvAdapter:
    """Reads tables.

    Options: ``profile`` (a name or a TOML file), ``profiles`` (a folder of more), ``delimiter``,
    ``namespace``.
    """

    name = "csv"

    def recognises(self, head: bytes, name: str) -> bool:
        text = decoded(head)
        if "\0" in text or text.lstrip()[:1] in ("{", "<", "["):
            return False
        shown = _numbered(text)
        if _choose(shown, profiles.built_in(), "") is not None:
            return True
        # a table whose columns no profile knows: read() says which there are
        texts = [line for _, line in shown]
        delimiter = table.delimiter_of(texts)
        split = [table.cells(line, delimiter) for line in texts]
        wide = [row for row in split if len(row) > 1]
        holds_hashes = any(_HASH.fullmatch(cell) for row in wide for cell in row)
        return holds_hashes and not PlainAdapter().recognises(head, name)

    def read(
        self, file: BinaryIO, options: Mapping[str, str]
    ) -> Iterator[ListFacts | ListEntry | Refused]:
        folder = options.get("profiles", "")
        wanted = options.get("profile", "")
        choice = (profiles.named(wanted, folder),) if wanted else profiles.known(folder)
        cut: list[int] = []
        source = _uncut(lines(file), cut)
        first = list(islice(source, _LOOK * 2))
        layout = _choose(
            [line for line in first if line[1].strip()], choice, options.get("delimiter", "")
        )
        if layout is None:
            yield ListFacts("table")
            yield _no_profile(first, choice, wanted)
            return
        profile = layout.profile
        namespace = options.get("namespace", "") or profile.namespace
        notes = [f"columns read as {profile.title or profile.name}"]
        unknown = _unknown(layout)
        if unknown:
            notes.append(f"columns kept in the record only: {', '.join(unknown)}")
        yield ListFacts(
            f"table ({profile.name})",
            namespace,
            categories=profile.categories,
            notes=tuple(notes),
        )
        reader = _Reader(layout, namespace)
        body = (line for line in chain(first, source) if line[0] > layout.line)
        for row in table.rows(body, layout.delimiter):
            yield from (Refused(f"line {at}", "the line is too long") for at in cut)
            if cut and row[0] in cut:
                cut.clear()
                continue
            cut.clear()
            if len(row) == 2:
                yield Refused(f"line {row[0]}", "a quote never closes", fields.short(row[1]))
            elif row[2].strip():
                yield from reader.entry(*row)
        if reader.repeated:
            yield ListFacts(
                f"table ({profile.name})",
                namespace,
                notes=(f"{reader.repeated} rows repeat an id or digest; each is kept as read",),
            )


def _uncut(source: Iterator[tuple[int, str, bool]], cut: list[int]) -> Iterator[tuple[int, str]]:
    for number, text, was_cut in source:
        if was_cut:
            cut.append(number)
        yield number, text


def _numbered(text: str) -> list[tuple[int, str]]:
    numbered = [(at, line) for at, line in enumerate(text.split("\n")[:200], 1) if line.strip()]
    return numbered[:_LOOK]


def _choose(
    shown: Sequence[tuple[int, str]], choice: Sequence[Profile], delimiter: str
) -> _Layout | None:
    """Find the profile, the delimiter and the line of the header that fit best together."""
    given = delimiter or next((table.hinted(line) for _, line in shown[:1]), "")
    candidates = (given,) if given else table.DELIMITERS
    best: tuple[int, _Layout] | None = None
    for at, line in shown[:_LOOK]:
        for mark in candidates:
            names = [cell.strip() for cell in table.cells(line, mark)][:_COLUMNS]
            if any(_HASH.fullmatch(name) for name in names):
                continue  # values, no names
            if line.lstrip().startswith("#") and len(names) == 1:
                continue  # a comment
            for profile in choice:
                fit = profile.fits(names) if profile.header else 0
                if fit and (best is None or fit > best[0]):
                    best = fit, _Layout(profile, mark, tuple(names), at)
    if best is not None:
        return best[1]
    for profile in choice:
        if not profile.header and len(choice) == 1:
            mark = given or table.delimiter_of([line for _, line in shown])
            return _Layout(profile, mark, (), 0)
    return None


def _no_profile(
    first: Sequence[tuple[int, str]], choice: Sequence[Profile], wanted: str
) -> Refused:
    shown = [(at, line) for at, line in first if line.strip()]
    delimiter = table.delimiter_of([line for _, line in shown])
    at, line = shown[0] if shown else (1, "")
    names = ", ".join(cell.strip() or "(unnamed)" for cell in table.cells(line, delimiter)[:40])
    if wanted:
        profile = choice[0]
        needs = ", ".join(profile.required or profile.any)
        reason = f"the column profile {wanted} does not fit: it needs {needs}"
    else:
        reason = "no column profile fits"
    return Refused(f"line {at}", f"{reason}; the columns found are: {names}", fields.short(line))


def _unknown(layout: _Layout) -> list[str]:
    used = set(layout.profile.columns(layout.header).values())
    return [name for at, name in enumerate(layout.header) if at not in used and name][:40]


@dataclass(slots=True)
class _Reader:
    """Makes entries of rows."""

    layout: _Layout
    namespace: str
    repeated: int = 0
    _columns: dict[str, int] = field(default_factory=dict)
    _names: list[str] = field(default_factory=list)
    _seen: Seen = field(default_factory=Seen)

    def __post_init__(self) -> None:
        self._columns = self.layout.profile.columns(self.layout.header)
        for at, name in enumerate(self.layout.header, 1):
            name = name or f"column {at}"
            self._names.append(name if name not in self._names else f"{name} ({at})")

    def entry(self, number: int, cells: list[str], text: str) -> Iterator[ListEntry | Refused]:
        place = f"line {number}"
        if not all(map(str.isascii, cells)):
            cells = fields.storable(cells)
        record = self._record(cells)
        row = Row(self.layout.profile, self._columns, cells)
        try:
            digests, hashes = row.digests(), row.hashes()
        except ValueError as error:
            yield Refused(place, str(error), fields.short(text))
            return
        own = row.cell("id")
        deleted = bool(row.truth("deleted"))
        if not (any(digests.values()) or hashes or (deleted and own)):
            reason = row.troubles[0] if row.troubles else "a row without any hash"
            yield Refused(place, reason, fields.short(text))
            return
        yield ListEntry(
            id=self._id(own, digests, hashes, text, deleted),
            md5=digests["md5"],
            sha1=digests["sha1"],
            sha256=digests["sha256"],
            size=row.number("size"),
            hashes=hashes,
            category=row.cell("category") or None,
            namespace=row.cell("namespace") or self.namespace,
            identified=row.truth("identified"),
            distributed=row.truth("distributed"),
            series=row.cell("series"),
            disputed=bool(row.truth("disputed")),
            deleted=deleted,
            updated=fields.moment(row.cell("updated")),
            label=" ".join(row.cell("label").split()),
            record=row.kept_record() or record,
            locator=place,
        )
        for reason in row.troubles:
            yield Refused(place, f"{reason}; the row is kept without it", fields.short(text))

    def _record(self, cells: Sequence[str]) -> dict[str, Json]:
        record: dict[str, Json] = dict(zip(self._names, cells, strict=False))
        record.update({f"column {at + 1}": cells[at] for at in range(len(self._names), len(cells))})
        return record

    def _id(
        self,
        own: str,
        digests: Mapping[str, str],
        hashes: tuple[Perceptual, ...],
        text: str,
        deleted: bool,
    ) -> str:
        first = next((value for value in digests.values() if value), "")
        if not first and hashes:
            value = hashes[0].value
            first = value.hex() if len(value) <= 32 else sha256(value).hexdigest()
        if own and self.layout.profile.id_scope == "file":
            own = f"{own}/{first}"
        own = own or first
        if self._seen.add(own) and not deleted:
            self.repeated += 1
            return f"{own}~{sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:12]}"
        return own
