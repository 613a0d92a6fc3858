"""The cells of one row of a table, by the field that a profile says they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.core.jsonvalue import Json
from assay.lists.adapters import _fields as fields
from assay.lists.adapters._profiles import Profile
from assay.lists.jsonstream import finite
from assay.lists.model import Perceptual


class Row:
    """The cells of one row by field, and what of them could not be read."""

    def __init__(self, profile: Profile, columns: Mapping[str, int], cells: Sequence[str]) -> None:
        self._profile = profile
        self._columns = columns
        self._cells = cells
        self.troubles: list[str] = []

    def cell(self, what: str) -> str:
        at = self._columns.get(what, -1)
        text = self._cells[at].strip() if 0 <= at < len(self._cells) else ""
        return text[1:] if self._profile.escaped and text.startswith("'") else text

    def digests(self) -> dict[str, str]:
        """Return the digests; raises ValueError where one of them is broken."""
        found = {kind: fields.digest(self.cell(kind), kind) for kind in fields.HEX}
        if bare := self.cell("hash"):
            named, _ = fields.by_form(bare)
            found.update({kind: value for kind, value in named.items() if not found[kind]})
        return found

    def hashes(self) -> tuple[Perceptual, ...]:
        found: list[Perceptual] = []
        for name in ("pdq", "photodna", "netclean", "tmk"):
            try:
                quality = self.cell("pdq_quality") if name == "pdq" else None
                hash_ = fields.perceptual(name, self.cell(name), quality)
            except ValueError as error:
                self.troubles.append(str(error))
                continue
            if hash_:
                found.append(hash_)
        if bare := self.cell("hash"):
            found += fields.by_form(bare)[1]
        found += self._written_hashes()
        return tuple(found)

    def _written_hashes(self) -> Iterator[Perceptual]:
        """Read ``algorithm:hex[:quality]`` parts, the way our own writer puts them."""
        for part in self.cell("hashes").split():
            name, _, rest = part.partition(":")
            value, _, quality = rest.partition(":")
            try:
                yield Perceptual(name, bytes.fromhex(value), fields.number(quality, "quality"))
            except ValueError as error:
                self.troubles.append(f"other hashes: {error}")

    def number(self, what: str) -> int | None:
        number: int | None = self._try(what, fields.number)
        return number

    def truth(self, what: str) -> bool | None:
        text = self.cell(what)
        known = self._profile.truth.get(text.lower()) if text else None
        said: bool | None = known if known is not None else self._try(what, fields.truth)
        return said

    def _try(self, what: str, read: Any) -> Any:
        text = self.cell(what)
        if not text:
            return None
        try:
            return read(text, what)
        except ValueError as error:
            self.troubles.append(str(error))
            return None

    def kept_record(self) -> dict[str, Json] | None:
        """Return the source record that our own writer put into a cell."""
        text = self.cell("record")
        if not text:
            return None
        try:
            value = fields.storable(json.loads(text, parse_constant=str, parse_float=finite))
        except (ValueError, RecursionError):
            self.troubles.append("the record is no JSON")
            return None
        return value if isinstance(value, dict) else None
