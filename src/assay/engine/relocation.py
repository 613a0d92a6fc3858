"""A source that lies at another place now: another drive letter, another mount, a copy.

The new place is proved before it is believed: every file that the case read must have its size
there, and all of them, or a sample that anybody can draw again, their SHA-256.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from assay.core.blob import DescriptorBlob
from assay.core.errors import UsageError
from assay.core.facts import Source, SourceId
from assay.core.jsonvalue import Json, JsonObject, digest_of
from assay.core.medium import let_go
from assay.core.names import display
from assay.core.vocab import EntryKind
from assay.engine.session import Session
from assay.sources.folder import FolderSource
from assay.sources.found import Found
from assay.store.records import Entry, EntryState, Relocation

ALL_BELOW = 2000  # files of a source that are all compared unless a sample is asked for
SAMPLE = 300
_CONFIDENCE = 0.95
_PIECE = 4 << 20  # bytes
_NAMED = 100
ACTION = "source.relocated"


@dataclass(slots=True)
class Proof:
    """How a place compares with what the case read of a source."""

    source: Source
    before: str
    now: str
    files: int = 0  # read by the case
    hashed: int = 0
    missing: int = 0
    different: int = 0
    sample: int | None = None  # None: every file was to be hashed
    seed: str = ""
    named: tuple[tuple[str, str], ...] = ()  # (path, what is wrong) of the first ones

    @property
    def accepted(self) -> bool:
        """True where nothing differs and at least half of the files are there."""
        there = self.files - self.missing
        return self.different == 0 and self.hashed > 0 and 2 * there >= self.files

    @property
    def bound(self) -> float:
        """The share of files that may differ unseen, at 95 % confidence; 0 where all were read.

        With none of n differing it is 1 - 0.05^(1/n), about 3/n (the "rule of three", Hanley and
        Lippman-Hand, JAMA 1983).
        """
        if self.sample is None or self.hashed == 0:
            return 0.0 if self.sample is None else 1.0
        return float(1 - (1 - _CONFIDENCE) ** (1 / self.hashed))

    def note(self, key: str, what: str) -> None:
        if len(self.named) < _NAMED:
            self.named = (*self.named, (display(key), what))

    def to_json(self) -> JsonObject:
        return {
            "files": self.files,
            "hashed": self.hashed,
            "missing": self.missing,
            "different": self.different,
            "sample": self.sample,
            "seed": self.seed,
            "may_differ_at_95_percent": round(self.bound, 6),
        }


def opened_at(session: Session, path: str | os.PathLike[str]) -> FolderSource:
    """Open a file or folder that a person named, as the source that lies there now.

    A path from which a source was moved away is another source when something stands there again.
    Raises SourceError.
    """
    source = FolderSource.open(
        path, filters=session.filters(), exclude_paths=(session.case.folder,)
    )
    places = session.case.reader.places_of_sources()
    moved = session.case.reader.relocations()
    here = [name for name, relocation in moved.items() if relocation.path == source.root]
    number = 1
    derived = source.id
    while not here and source.id in moved and places.get(source.id) != source.root:
        number += 1
        content: dict[str, Json] = {"of": derived, "path": source.root, "number": number}
        source.id = SourceId(digest_of(content)[:32])
    if here:
        source.id = here[0]
    return source


def find_source(session: Session, text: str) -> Source:
    """Return the source that a person means by id, its beginning, or path; raises UsageError."""
    reader = session.case.reader
    sources = reader.sources()
    places = reader.places_of_sources()
    root = os.path.abspath(text)
    found = [s for s in sources if text in (s.id, s.uri) or root in (s.uri, places[s.id])]
    found = found or [s for s in sources if len(text) >= 4 and s.id.startswith(text)]
    if len(found) == 1:
        return found[0]
    known = "; ".join(f"{s.id[:12]} {display(places[s.id])}" for s in sources)
    raise UsageError(
        f"{display(text)!r} names {'no source' if not found else 'several sources'} of the case",
        hint=f"one of: {known or 'none'}",
    )


def relocate(
    session: Session, source: Source, path: Path, operator: str, *, sample: int | None = None
) -> Proof:
    """Compare a place with a source and, where it proves the same, open the source there from now.

    ``sample`` is the number of files to hash; 0 = all; None = all below 2,000, else 300. Files
    whose SHA-256 was compared count as unchanged in the next run; the others are read once more
    where their time changed. Raises SourceError, UsageError.
    """
    before = session.case.reader.places_of_sources()[source.id]
    opened = FolderSource.open(
        path,
        filters=session.filters(),
        exclude_paths=(session.case.folder,),
        known_as=source.id,
    )
    try:
        if opened.kind != source.kind:
            raise UsageError(f"{opened.uri} is a {opened.kind}, the source is a {source.kind}")
        proof = Proof(source, display(before), opened.uri)
        proof.files = session.case.reader.count_done(source.id)
        wanted = sample if sample is not None else (0 if proof.files < ALL_BELOW else SAMPLE)
        if wanted and wanted < proof.files:
            proof.sample = wanted
            head = session.case.reader.head()
            proof.seed = digest_of([head.hash if head else "", source.id, opened.uri])[:32]
        with tempfile.TemporaryFile("w+", encoding="ascii") as spool:
            _compare(session, opened, proof, spool)
            if proof.accepted:
                _record(session, opened, proof, spool, operator)
    finally:
        opened.close()
    return proof


def _record(
    session: Session, opened: FolderSource, proof: Proof, spool: IO[str], operator: str
) -> None:
    with session.case.transaction(operator, ACTION, opened.uri) as tx:
        content = proof.to_json()
        tx.add_relocation(Relocation(opened.id, opened.root, tx.at, content))
        tx.put_entries(_proved(session, opened.id, spool))
        tx.detail(
            source=opened.id,
            before=proof.before,
            now=proof.now,
            proof=content,
            missing_named=[list(pair) for pair in proof.named],
        )


def _compare(session: Session, opened: FolderSource, proof: Proof, spool: IO[str]) -> None:
    """Look at every file that the case read; hash those chosen, and write down their new state."""
    chosen = _sample(session, opened.id, proof)
    for entry in _read(session, opened.id):
        try:
            found = opened.find(entry.key)
        except OSError:
            proof.missing += 1
            proof.note(entry.key, "not there")
            continue
        if found.kind is not EntryKind.FILE or found.size != entry.size:
            proof.different += 1
            proof.note(entry.key, f"{found.size} bytes instead of {entry.size}")
            continue
        if chosen is not None and entry.key not in chosen:
            continue
        said = _differs(opened, found, entry)
        proof.hashed += 1
        if said:
            proof.different += 1
            proof.note(entry.key, said)
            continue
        row = [entry.key, found.mtime_ns, found.inode, found.mode]
        spool.write(json.dumps(row) + "\n")


def _differs(opened: FolderSource, found: Found, entry: Entry) -> str:
    """Say how a file's content differs from what the case read; "" where it is the same."""
    try:
        fd = opened.open_entry(found)
    except OSError as error:
        return error.strerror or str(error)
    try:
        blob, digest, offset = DescriptorBlob(fd), hashlib.sha256(), 0
        while piece := blob.read(offset, _PIECE):
            digest.update(piece)
            offset += len(piece)
    except OSError as error:
        return error.strerror or str(error)
    finally:
        let_go(fd)
    return "" if digest.hexdigest() == entry.sha256 else "another SHA-256"


def _sample(session: Session, source: SourceId, proof: Proof) -> frozenset[str] | None:
    """Return the files to hash: those with the lowest SHA-256 of the seed and their path.

    Anybody can draw the same sample again from the custody event. None = every file.
    """
    if proof.sample is None:
        return None
    keys = (entry.key for entry in _read(session, source))
    lowest = heapq.nsmallest(proof.sample, keys, key=lambda key: _lot(proof.seed, key))
    return frozenset(lowest)


def _lot(seed: str, key: str) -> bytes:
    return hashlib.sha256(f"{seed} {key}".encode("utf-8", "surrogateescape")).digest()


def _read(session: Session, source: SourceId) -> Iterator[Entry]:
    return (
        entry
        for entry in session.case.reader.entries(source)
        if entry.state is EntryState.DONE and entry.sha256 is not None
    )


def _proved(session: Session, source: SourceId, spool: IO[str]) -> Iterator[Entry]:
    """Yield the entries whose content was compared, as their files stand at the new place."""
    spool.seek(0)
    for line in spool:
        key, mtime_ns, inode, mode = json.loads(line)
        entry = session.case.reader.entry(source, key)
        if entry is not None:
            yield replace(entry, mtime_ns=mtime_ns, inode=inode, mode=mode)
