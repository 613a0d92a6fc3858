"""The one small file that says which files are a list: replaced whole, so a list is never half.

Everything else in a list's folder is written under a new name first. A reader sees the old
manifest or the new one; files that no manifest names are remains of a killed writer, and the next
writer removes them. A second copy stands in where the first is damaged.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from assay.core.errors import AssayError
from assay.core.jsonvalue import JsonObject, digest_of
from assay.lists.sealed import ListDamagedError

NAME = "manifest.json"
COPY = "manifest.copy.json"
_LOCK = "list.lock"
_FORMAT = 1


class ListBusyError(AssayError):
    """Another process writes to this list."""


@dataclass(frozen=True, slots=True)
class Part:
    """One sorted file of digests, or one of perceptual hashes."""

    file: str
    seal: str
    count: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run of records: three files with one stem."""

    stem: str
    base: int  # number in the list of its first record
    count: int
    seals: Mapping[str, str]  # by file ending: index, sums


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a list consists of now."""

    generation: int = 0  # rises with every change; part of the names of new files
    version: str = ""  # over everything imported and decided, in order; 64 hex digits
    runs: tuple[Run, ...] = ()
    digests: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)  # by algorithm, and "id"
    hashes: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)  # perceptual, by algorithm
    dead: Part | None = None  # bitmap of records replaced, withdrawn or repeated
    held: Part | None = None  # hashes that match too much (JSON)
    live: int = 0  # records that are not dead
    index: str = ""  # folder of the Hamming index; empty where there is nothing to index
    indexed: int = 0  # hashes in it
    index_dead: int = 0  # records that were dead when it was built
    imports: tuple[JsonObject, ...] = ()  # what was read when, and its summary

    @property
    def count(self) -> int:
        """Records stored, older versions included."""
        return self.runs[-1].base + self.runs[-1].count if self.runs else 0

    def files(self) -> set[str]:
        """Return the name of every file that belongs to the list."""
        parts = [part for group in (self.digests, self.hashes) for each in group.values()
                 for part in each]  # fmt: skip
        parts += [part for part in (self.dead, self.held) if part is not None]
        names = {part.file for part in parts}
        names |= {f"{run.stem}.{end}" for run in self.runs for end in ("blocks", "index", "sums")}
        return names | {str(each["refused_file"]) for each in self.imports if each["refused_file"]}

    def to_json(self) -> JsonObject:
        def groups(found: Mapping[str, tuple[Part, ...]]) -> JsonObject:
            return {name: [_row(part) for part in parts] for name, parts in found.items()}

        body: dict[str, Any] = {
            "format": _FORMAT,
            "generation": self.generation,
            "version": self.version,
            "runs": [[run.stem, run.base, run.count, dict(run.seals)] for run in self.runs],
            "digests": groups(self.digests),
            "hashes": groups(self.hashes),
            "dead": _row(self.dead) if self.dead else None,
            "held": _row(self.held) if self.held else None,
            "live": self.live,
            "index": self.index,
            "indexed": self.indexed,
            "index_dead": self.index_dead,
            "imports": list(self.imports),
        }
        return body

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Rebuild it; raises ValueError, KeyError or TypeError where it is not one."""
        if row["format"] != _FORMAT:
            raise ValueError(f"format {row['format']} is not known to this version")

        def groups(found: Mapping[str, Any]) -> dict[str, tuple[Part, ...]]:
            return {name: tuple(Part(*part) for part in parts) for name, parts in found.items()}

        return cls(
            generation=int(row["generation"]),
            version=str(row["version"]),
            runs=tuple(Run(*run) for run in row["runs"]),
            digests=groups(row["digests"]),
            hashes=groups(row["hashes"]),
            dead=Part(*row["dead"]) if row["dead"] else None,
            held=Part(*row["held"]) if row["held"] else None,
            live=int(row["live"]),
            index=str(row["index"]),
            indexed=int(row["indexed"]),
            index_dead=int(row["index_dead"]),
            imports=tuple(row["imports"]),
        )

    def changed(self, what: JsonObject) -> str:
        """Return the version that follows from this one by what was imported or decided."""
        return digest_of({"before": self.version, "change": what})


def _row(part: Part) -> list[str | int]:
    return [part.file, part.seal, part.count]


def exists(folder: Path) -> bool:
    return (folder / NAME).exists() or (folder / COPY).exists()


def load(folder: Path) -> Manifest:
    """Return the manifest of a list; raises ListDamagedError where neither copy is whole."""
    trouble: Exception | None = None
    for name in (NAME, COPY):
        try:
            row = json.loads((folder / name).read_bytes())
            body = row["manifest"]
            if digest_of(body) != row["sha256"]:
                raise ValueError("its checksum does not agree")
            return Manifest.from_json(body)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            trouble = trouble or error
    raise ListDamagedError(folder / NAME, str(trouble))


def commit(folder: Path, manifest: Manifest) -> Manifest:
    """Make ``manifest`` what the list is; every file it names must be on the disk already."""
    manifest = replace(manifest, generation=manifest.generation + 1)
    body = manifest.to_json()
    text = json.dumps({"manifest": body, "sha256": digest_of(body)}).encode("ascii")
    sync_folder(folder)
    for name in (NAME, COPY):
        write_whole(folder / name, text)
    return manifest


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file in one step that outlives a power cut: old or new, never a part."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class WriteLock:
    """Held by the one writer of a list; the operating system drops it with its process."""

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(self._fd)
        except OSError as error:
            os.close(self._fd)
            raise ListBusyError(
                f"{folder}: another process is writing to this list",
                hint="wait until it has finished; reading and matching work meanwhile",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        os.close(self._fd)


if sys.platform == "win32":  # not run by us: kept to the calls that the library documents
    import msvcrt

    def _lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
