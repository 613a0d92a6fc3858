"""Holds a case against the manifest of a generated seizure (``scripts/make_seizure.py``)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.core.names import JOIN, display

Row = Mapping[str, Any]  # of the manifest
Record = Mapping[str, Any]  # of items.jsonl


def manifest_of(root: Path) -> list[Row]:
    path = root.with_name(root.name + ".manifest.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def label(row: Row) -> str:
    return f"{row['kind']}: " + JOIN.join(display(n) if n else "…" for n in row["chain"])


@dataclass(frozen=True)
class Held:
    """A case and the manifest, ready to be compared."""

    rows: Sequence[Row]
    records: Mapping[str, Record]  # by SHA-256

    @classmethod
    def of(cls, root: Path, records: Sequence[Record]) -> Held:
        return cls(manifest_of(root), {record["sha256"]: record for record in records})

    # -- the questions; each returns what is wrong, in words --------------------------------------

    def lost(self) -> list[str]:
        """Return what is no item, not where it was planted, or not in the role that it has."""
        return list(self._each(_lost, lambda row: bool(row["sha256"])))

    def late(self) -> list[str]:
        """Return planted pictures and videos that stand later than lane 1."""
        return list(self._each(_late, lambda row: row["shows"]))

    def apart(self) -> list[str]:
        """Return previews that are not shown with the picture that carries them."""
        return list(self._each(_apart, lambda row: row["with_picture"]))

    def copies(self) -> list[str]:
        """Return small copies whose original was not found, or was found where there is none."""
        return list(self._each(self._copy, lambda row: bool(row["copy"])))

    def unsaid(self) -> list[str]:
        """Return broken files without their finding or failure, or later than lane 1."""
        return list(self._each(_unsaid, lambda row: row["signs"] or row["flags"]))

    def unnamed(self, locked: Sequence[str]) -> list[str]:
        """Return locked files that are not among the names that the report lists."""
        return [
            label(row)
            for row in self.rows
            if row["locked"] and not any(_within(name, display(row["chain"][0])) for name in locked)
        ]

    # ----------------------------------------------------------------------------------------------

    def _each(
        self,
        ask: Callable[[Row, Record | None], str],
        wanted: Callable[[Row], bool],
    ) -> Iterator[str]:
        for row in filter(wanted, self.rows):
            wrong = ask(row, self.records.get(row["sha256"]))
            if wrong:
                yield f"{label(row)}: {wrong}"

    def _copy(self, row: Row, record: Record | None) -> str:
        if record is None:
            return "no item"
        copy = record["small_copy"]
        flagged = any(finding["kind"] == "only_trace" for finding in record["findings"])
        if copy is None:
            return "not taken for a small copy"
        if row["copy"] == "only_trace":
            return "" if copy["original"] is None and flagged else f"has an original: {copy}"
        if copy["original"] is None or flagged:
            return "said to be the only trace"
        shown = {r["scene"] for r in self.rows if r["sha256"] == copy["original"]}
        return "" if row["scene"] in shown else f"another picture's: {copy}"


def _within(path: str, top: str) -> bool:
    return path == top or path.startswith(top + JOIN)


def _lost(row: Row, record: Record | None) -> str:
    if record is None:
        return "no item"
    if record["size"] != row["size"]:
        return f"{record['size']} bytes"
    top = display(row["chain"][0])
    if len(row["chain"]) == 1:
        places = [p for p in record["occurrences"] if p["path"] == top]
    else:
        places = [p for p in record["occurrences"] if p["path"].startswith(top + JOIN)]
    if not places:
        return "not found there"
    if not any(place["role"] == row["role"] for place in places):
        return f"not as {row['role']} but {', '.join(sorted({p['role'] for p in places}))}"
    named = [name for name in row["chain"] if name is not None]
    if not any(all(display(name) in place["path"] for name in named) for place in places):
        return f"under another name: {places[0]['path']}"
    return ""


def _late(row: Row, record: Record | None) -> str:
    if record is None or record["lane"] == 1:
        return ""
    return f"in lane {record['lane']}"


def _apart(row: Row, record: Record | None) -> str:
    if record is None or record["shown_with"]:
        return ""
    return " ".join(r["text"] for r in record["reasons"] if r["code"].startswith("preview"))


def _unsaid(row: Row, record: Record | None) -> str:
    if record is None:
        return "no item"
    said = {finding["kind"] for finding in record["findings"]}
    said |= {failure["reason"] for failure in record["failures"]}
    missing = set(row["flags"]) - said
    if missing:
        return f"not said: {missing}"
    if not row["signs"]:
        return ""
    if not said & set(row["signs"]):
        return f"said {sorted(said)}, not {row['signs']}"
    return "" if record["lane"] == 1 else f"in lane {record['lane']}"
