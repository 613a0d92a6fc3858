"""Which cameras and programs write which JPEG tables: the facts learned, and what a file's say.

Tables are facts of files that were seen (``data/cameras.json``; a laboratory adds its own with
``assay trust learn-camera``). They are a lead: another table than those learned is no evidence,
because a model has many, and most models were never seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

from assay.core.jsonvalue import Json, JsonObject
from assay.media.jpeg_tables import JpegTables

FORMAT = 1
_SHOWN = 5  # models named in one statement
_MAX_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class TableRow:
    """What was learned of one device or program."""

    maker: str  # EXIF Make as written; blank for a program
    model: str  # EXIF Model as written, or the program's name
    files: int  # how many files it was learned from
    quantisation: Mapping[str, int]  # digest of ``JpegTables`` -> files that carried it
    huffman: Mapping[str, int] = field(default_factory=dict)  # of untouched files only

    def to_json(self) -> dict[str, Json]:
        return {
            "maker": self.maker,
            "model": self.model,
            "files": self.files,
            "quantisation": dict(sorted(self.quantisation.items())),
            "huffman": dict(sorted(self.huffman.items())),
        }

    @classmethod
    def from_json(cls, row: JsonObject) -> TableRow:
        """Read a row; raises ValueError, KeyError or TypeError where it is none."""
        return cls(
            maker=str(row["maker"]),
            model=str(row["model"]),
            files=int(str(row["files"])),
            quantisation=_counts(row["quantisation"]),
            huffman=_counts(row.get("huffman", {})),
        )


def _counts(value: Json) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise TypeError("a table of digests and counts expected")
    return {str(digest): int(str(count)) for digest, count in value.items()}


def rows_from_json(value: Json) -> tuple[TableRow, ...]:
    """Read the rows of a table of facts; raises ValueError, KeyError or TypeError."""
    if not isinstance(value, list | tuple) or len(value) > _MAX_ROWS:
        raise ValueError(f"a list of at most {_MAX_ROWS} rows expected")
    return tuple(TableRow.from_json(row) for row in value if isinstance(row, Mapping))


@lru_cache(maxsize=1)
def shipped_rows() -> tuple[TableRow, ...]:
    """Return the rows that Assay ships."""
    text = resources.files("assay.examiners").joinpath("data/cameras.json").read_text("utf-8")
    return rows_from_json(json.loads(text)["rows"])


@dataclass(frozen=True, slots=True)
class TablesSaid:
    """What the learned facts say of one file's tables."""

    seen_for: str  # "model", "maker", "others", "nobody": who wrote these tables before
    model_files: int  # files of the named model that were learned from; 0 = model never seen
    models: tuple[str, ...]  # who wrote them, the named model first
    programs: tuple[str, ...]
    huffman_seen: bool | None  # with these tables, for the named model; None: nothing to compare

    def sentence(self, tables: JpegTables) -> str:
        """Return what is said in one line."""
        quality = tables.ijg_quality
        parts = [f"IJG quality {quality}" if quality else "tables of the encoder's own"]
        if self.seen_for == "model":
            parts.append(f"seen in files of this model ({self.models[0]})")
        elif self.seen_for == "maker":
            parts.append(f"seen in files of this maker: {', '.join(self.models)}")
        elif self.seen_for == "others":
            parts.append(f"seen in files of {', '.join(self.models)}")
        elif self.model_files:
            parts.append(f"not among those of the {self.model_files} known files of this model")
        if self.programs:
            parts.append(f"written by {', '.join(self.programs)} too")
        if tables.huffman:
            parts.append(f"{'standard' if tables.standard_huffman else 'own'} Huffman tables")
        return "; ".join(parts)[:300]


class KnownTables:
    """The learned facts, ready to be asked."""

    def __init__(self, rows: Iterable[TableRow]) -> None:
        self._by_digest: dict[str, list[TableRow]] = {}
        self._by_model: dict[str, list[TableRow]] = {}
        for row in rows:
            for digest in row.quantisation:
                self._by_digest.setdefault(digest, []).append(row)
            if row.maker:
                self._by_model.setdefault(model_key(row.maker, row.model), []).append(row)

    def ask(self, tables: JpegTables, make: str | None, model: str | None) -> TablesSaid:
        """Return who wrote these tables before, as seen from the camera that a file names."""
        writers = self._by_digest.get(tables.digest, [])
        cameras = [row for row in writers if row.maker]
        programs = sorted({row.model for row in writers if not row.maker})
        key = model_key(make, model)
        own = self._by_model.get(key, []) if make or model else []
        seen_for, shown = "nobody", cameras
        if any(row in own for row in cameras):
            seen_for, shown = "model", own
        elif make and (alike := [r for r in cameras if _maker(r.maker) == _maker(make)]):
            seen_for, shown = "maker", alike
        elif cameras:
            seen_for = "others"
        # optimised tables differ from picture to picture and say nothing
        known = {digest for row in own for digest in row.huffman}
        return TablesSaid(
            seen_for=seen_for,
            model_files=sum(row.files for row in own),
            models=tuple(dict.fromkeys(device(row.maker, row.model) for row in shown))[:_SHOWN],
            programs=tuple(programs)[:_SHOWN],
            huffman_seen=tables.huffman in known if known and tables.huffman else None,
        )


def device(make: str | None, model: str | None) -> str:
    """Return maker and model in one name: "Canon" and "Canon EOS 40D" is "Canon EOS 40D"."""
    make, model = make or "", model or ""
    if model.lower().startswith(make.lower()):
        return model
    return f"{make} {model}".strip()


def model_key(make: str | None, model: str | None) -> str:
    """Return what two spellings of one model have in common."""
    return " ".join(device(make, model).casefold().split())


def _maker(make: str) -> str:
    """Return a maker's first word: "NIKON" of "NIKON CORPORATION"."""
    return (make.casefold().split() or [""])[0].rstrip(",.")
