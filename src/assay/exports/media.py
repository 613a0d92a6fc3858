"""Original media as files, with a manifest and a list that ``sha256sum -c`` checks.

``DIR/files/<lane>-<rank>-<beginning of the SHA-256>.<extension by content>``, ``DIR/SHA256SUMS``,
``DIR/manifest.jsonl``. Names are made here: no name of the evidence ever reaches the file system.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from assay.core.errors import CaseError, UsageError
from assay.core.facts import Sha256
from assay.core.jsonvalue import Json
from assay.core.names import display, join_chain
from assay.engine.originals import Original, Originals
from assay.engine.session import Session
from assay.exports.handover import require_outside
from assay.exports.items import records
from assay.exports.names import FILES, MediaNames
from assay.exports.record import first_path
from assay.exports.selection import Selection

SUMS, MANIFEST = "SHA256SUMS", "manifest.jsonl"
_PAGE = 1000  # items in work at a time: a container is walked once a page
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700


@dataclass(slots=True)
class Handed:
    """What an export of media came to."""

    files: int = 0
    size: int = 0  # bytes
    missing: int = 0
    named: tuple[tuple[str, str], ...] = ()  # (path, why) of the first missing ones
    digest: str = ""  # SHA-256 of SHA256SUMS

    def miss(self, path: str, why: str) -> None:
        self.missing += 1
        if len(self.named) < 100:
            self.named = (*self.named, (path, why))


def export_media(
    session: Session,
    selection: Selection,
    folder: Path,
    operator: str,
    *,
    passwords: tuple[bytes, ...] = (),
    workers: int = 0,
) -> Handed:
    """Copy the originals of a selection into a new or empty folder.

    Two custody events frame the work, so that a copy that was cut short is on record as well. On
    an error nothing that was written is left. Raises UsageError, CaseError.
    """
    _check_place(session, folder)
    count, size = _weigh(session, selection)
    _check_room(folder, size)
    begun: dict[str, Json] = {"items": count, "bytes": size, "selection": _words(selection)}
    with session.case.transaction(operator, "media.export.begun", str(folder)) as tx:
        tx.detail(**begun)
    out: _Folder | None = None
    try:
        out = _Folder(folder)
        with Originals(session, passwords=passwords, workers=workers) as originals:
            handed = _export(session, selection, out, originals)
        handed.digest = out.finish()
    except BaseException as error:
        if out is not None:
            out.remove()
        with session.case.transaction(operator, "media.export.failed", str(folder)) as tx:
            tx.detail(reason=display(str(error) or type(error).__name__)[:500])
        if isinstance(error, OSError):
            raise CaseError(
                f"{display(str(folder))}: {error.strerror or error}; nothing is left of this copy",
                hint="free some space or choose another place with -o",
            ) from error
        raise
    with session.case.transaction(operator, "media.exported", str(folder)) as tx:
        tx.detail(
            files=handed.files, bytes=handed.size, missing=handed.missing, sha256=handed.digest
        )
    return handed


def _export(session: Session, selection: Selection, out: _Folder, originals: Originals) -> Handed:
    handed = Handed()
    where = session.case.reader.places_of_sources()
    uris = {str(source): display(path) for source, path in where.items()}
    rows = records(session, selection)
    media = MediaNames()
    while page := list(islice(rows, _PAGE)):
        wanted = [Original(Sha256(str(row["sha256"])), int(str(row["size"]))) for row in page]
        names = {o.sha256: media.name(row) for o, row in zip(wanted, page, strict=True)}
        originals.fetch(wanted, lambda sha, names=names: out.file(names[sha], sha))
        for original, row in zip(wanted, page, strict=True):
            had = original.place is not None
            name = f"{FILES}/{names[original.sha256]}" if had else None
            out.note(name, original.sha256, _entry(name, original, row, uris))
            if had:
                handed.files += 1
                handed.size += original.size
            else:
                handed.miss(first_path(row), original.why or "it occurs nowhere as a file")
    return handed


def _entry(
    name: str | None, original: Original, row: Mapping[str, Json], uris: Mapping[str, str]
) -> dict[str, Json]:
    """Return the line of a content in ``manifest.jsonl``; ``file`` is null where it is missing."""
    places = row["occurrences"]
    assert isinstance(places, list)
    place = original.place
    return {
        "file": name,
        "sha256": original.sha256,
        "md5": row["md5"],
        "sha1": row["sha1"],
        "size": original.size,
        "media_type": row["media_type"],
        "lane": row["lane"],
        "band": row["band"],
        "rank": row["rank"],
        "origin": row["origin"],
        "shown_with": row["shown_with"],
        "copied_from": None
        if place is None
        else {"source": uris[place.source], "path": join_chain(place.chain)},
        "places": [
            {
                "source": uris.get(str(p["source"]), str(p["source"])),
                "path": p["path"],
                "role": p["role"],
                "state": p["state"],
            }
            for p in places
            if isinstance(p, Mapping)
        ],
        "unread_ranges": [list(pair) for pair in original.unread],
        "missing": None if place is not None else original.why,
    }


def _words(selection: Selection) -> dict[str, Json]:
    return {
        "lane": selection.lane,
        "origin": selection.origin.value if selection.origin is not None else None,
        "top": selection.top,
        "where": [[name, display(value)] for name, value in selection.where],
    }


# ---- before anything is written


def _check_place(session: Session, folder: Path) -> None:
    """Refuse a folder that is not empty, or that lies inside the evidence."""
    shown = display(str(folder))
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"{shown} is not a folder", hint="choose another place with -o")
    if folder.exists() and next(folder.iterdir(), None) is not None:
        raise UsageError(
            f"{shown} is not empty: nothing is ever written over",
            hint="give a folder that is empty or does not exist yet",
        )
    if not folder.absolute().parent.is_dir():
        raise UsageError(f"{display(str(folder.parent))}: no such folder", hint="make it first")
    require_outside(session, folder)


def _weigh(session: Session, selection: Selection) -> tuple[int, int]:
    """Return how many contents are selected, and their bytes."""
    count = size = 0
    for row in records(session, selection):
        count += 1
        size += int(str(row["size"]))
    return count, size


def _check_room(folder: Path, size: int) -> None:
    there = folder if folder.exists() else folder.absolute().parent
    free = shutil.disk_usage(there).free
    if size > free:
        raise CaseError(
            f"{display(str(folder))}: {size} bytes are selected, {free} are free there",
            hint="select less with --lane, --top or --where, or choose another disk",
        )


# ---- writing


class _Folder:
    """The folder that is being filled, for its owner alone. Nothing in it is ever written over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = not folder.exists()
        folder.mkdir(_PRIVATE_FOLDER, exist_ok=True)
        with suppress(OSError):  # FAT and its like know no permissions
            folder.chmod(_PRIVATE_FOLDER)
        self._files = folder / FILES
        self._written: list[Path] = []
        self._sums: IO[str] | None = None
        self._manifest: IO[str] | None = None
        self._files.mkdir(_PRIVATE_FOLDER)

    def file(self, name: str, sha256: Sha256) -> _File:
        return _File(self._files / name, sha256)

    def note(self, name: str | None, sha256: Sha256, entry: Mapping[str, Json]) -> None:
        """Put a content into the manifest and, where there is a file, into the list of digests."""
        if self._manifest is None or self._sums is None:
            self._manifest, self._sums = self._new(MANIFEST), self._new(SUMS)
        self._manifest.write(json.dumps(entry, ensure_ascii=True) + "\n")
        if name is not None:
            self._sums.write(f"{sha256}  {name}\n")

    def finish(self) -> str:
        """Give the lists their names; returns the SHA-256 of SHA256SUMS."""
        for name, stream in ((MANIFEST, self._manifest), (SUMS, self._sums)):
            stream = stream or self._new(name)
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
            (self._folder / _partial(name)).rename(self._folder / name)
        for folder in (self._files, self._folder):
            _sync(folder)
        with (self._folder / SUMS).open("rb") as written:
            return hashlib.file_digest(written, "sha256").hexdigest()

    def remove(self) -> None:
        """Take back everything that was written."""
        for stream in (self._manifest, self._sums):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        shutil.rmtree(self._files, ignore_errors=True)
        for name in (MANIFEST, SUMS):
            for path in (self._folder / name, self._folder / _partial(name)):
                with suppress(OSError):
                    path.unlink(missing_ok=True)
        if self._made:
            with suppress(OSError):
                self._folder.rmdir()

    def _new(self, name: str) -> IO[str]:
        fd = _create(self._folder / _partial(name))
        return os.fdopen(fd, "w", encoding="ascii", newline="\n")


class _File:
    """One content that is coming in: under another name until it is whole and proved."""

    def __init__(self, path: Path, sha256: Sha256) -> None:
        self._path = path
        self._partial = path.with_name(_partial(path.name))
        self._sha256 = sha256
        self._fd = _create(self._partial)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def settle(self) -> bool:
        """Read back what was written; keep it only where its SHA-256 is that of the case."""
        os.fsync(self._fd)
        os.lseek(self._fd, 0, os.SEEK_SET)
        digest = hashlib.sha256()
        while piece := os.read(self._fd, 4 << 20):
            digest.update(piece)
        if digest.hexdigest() != self._sha256:
            self.drop()
            return False
        os.close(self._fd)
        self._fd = -1
        self._partial.rename(self._path)
        return True

    def drop(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._partial.unlink(missing_ok=True)


def _partial(name: str) -> str:
    return name + ".partial"


def _create(path: Path) -> int:
    """Make a file that was not there, for its owner alone; raises FileExistsError, OSError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(path, flags | getattr(os, "O_CLOEXEC", 0), _PRIVATE_FILE)


def _sync(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
