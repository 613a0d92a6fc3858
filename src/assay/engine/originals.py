"""The original bytes of contents, from the sources that hold them, proved by their SHA-256.

A file is copied as it lies; what lies inside another file is taken out again by a sealed worker
(``engine.giving``). Where one place of a content is gone or changed, the next one is tried.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self

from assay.core.blob import DescriptorBlob
from assay.core.errors import SourceError, SourceVanishedError
from assay.core.facts import Occurrence, Sha256, SourceId
from assay.core.jsonvalue import Json
from assay.core.medium import let_go
from assay.core.names import display
from assay.core.vocab import EntryKind
from assay.engine.ahead import TASK
from assay.engine.family import owner_of
from assay.engine.feed import path_of
from assay.engine.giving import PIECE
from assay.engine.plan import seconds_for
from assay.engine.session import Session
from assay.engine.triage import open_stored
from assay.sandbox.platform import WorkerLimits
from assay.sandbox.pool import Pool
from assay.sandbox.task import Asked, Died, Finished, OpenSource
from assay.sources.folder import FolderSource
from assay.sources.found import Found

_PLACES = 16  # files that are tried for one content
_DEATHS = 4  # workers that one file may end before it is left

CHANGED = "its content is no longer what the case holds"
NOT_INSIDE = "it is no longer found inside"


class Receiver(Protocol):
    """Takes the bytes of one content. What it raises ends the whole work."""

    def write(self, data: bytes) -> None: ...

    def settle(self) -> bool:
        """Keep what was written if its SHA-256 is right; tells whether it was."""
        ...

    def drop(self) -> None:
        """Forget what was written."""
        ...


class Receivers(Protocol):
    def __call__(self, sha256: Sha256) -> Receiver:
        """Begin to receive a content."""
        ...


@dataclass(slots=True)
class Original:
    """A content that is wanted, and how it went."""

    sha256: Sha256
    size: int  # bytes
    place: Occurrence | None = None  # where it was taken from; None = not had
    why: str = ""  # what went wrong at the last place tried
    unread: tuple[tuple[int, int], ...] = ()  # byte ranges the medium did not give: zeros


@dataclass(slots=True)
class _Visit:
    """One file on its way through a worker, and the contents still wanted from it."""

    source: FolderSource
    found: Found
    wanted: dict[Sha256, tuple[Original, Occurrence]]
    poison: dict[str, Json] = field(default_factory=dict)
    deaths: int = 0
    receiver: Receiver | None = None  # of the content now coming
    coming: Sha256 | None = None
    size: int = 0  # bytes of it so far
    refused: set[Sha256] = field(default_factory=set)

    def drop(self) -> None:
        if self.receiver is not None:
            self.receiver.drop()
        self.receiver = self.coming = None
        self.size = 0


class Originals:
    """Fetches contents of one case. A context manager: sources and workers stay open meanwhile."""

    def __init__(
        self, session: Session, *, passwords: tuple[bytes, ...] = (), workers: int = 0
    ) -> None:
        self.gone: dict[SourceId, str] = {}  # why a source cannot be opened
        self.sources: dict[SourceId, FolderSource] = {}
        self._session = session
        self._passwords = passwords
        self._workers = workers or os.cpu_count() or 1
        self._pool: Pool | None = None
        for source in session.case.reader.sources():
            try:
                self.sources[source.id] = open_stored(session, source)
            except SourceError as error:
                self.gone[source.id] = error.message

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.close()
        for source in self.sources.values():
            source.close()

    def fetch(self, wanted: Sequence[Original], receivers: Receivers) -> None:
        """Fetch contents; afterwards each ``Original`` says where it was taken from, or why not."""
        inside: list[tuple[Original, Iterator[Occurrence]]] = []
        for original in wanted:
            places = [
                found.occurrence
                for found in self._session.case.reader.occurrences(original.sha256)
                if found.occurrence.kind is EntryKind.FILE
            ]
            if not self._copy(original, [p for p in places if len(p.chain) == 1], receivers):
                inside.append((original, _one_a_file([p for p in places if len(p.chain) > 1])))
        while inside:
            inside = self._round(inside, receivers)

    # -- files as they lie ---------------------------------------------------------------------

    def _copy(self, original: Original, places: Sequence[Occurrence], receivers: Receivers) -> bool:
        for place in places[:_PLACES]:
            source = self._source(original, place)
            if source is None:
                continue
            try:
                fd = source.open_entry(_found(place))
            except (OSError, SourceVanishedError) as error:
                original.why = _words(error)
                continue
            try:
                self._copy_from(fd, original, place, receivers(original.sha256))
            finally:
                let_go(fd)
            if original.place is not None:
                return True
        return False

    def _copy_from(
        self, fd: int, original: Original, place: Occurrence, receiver: Receiver
    ) -> None:
        blob = DescriptorBlob(fd)
        if blob.size != original.size:
            receiver.drop()
            original.why = CHANGED
            return
        offset = 0
        try:
            while offset < blob.size:
                try:
                    data = blob.read(offset, PIECE)
                except OSError as error:
                    original.why = _words(error)
                    break
                if not data:
                    break
                receiver.write(data)
                offset += len(data)
        except BaseException:
            receiver.drop()
            raise
        if offset == blob.size and receiver.settle():
            original.place, original.unread = place, blob.unread
        else:
            receiver.drop()
            original.why = original.why or CHANGED

    # -- what lies inside ----------------------------------------------------------------------

    def _round(
        self, inside: Sequence[tuple[Original, Iterator[Occurrence]]], receivers: Receivers
    ) -> list[tuple[Original, Iterator[Occurrence]]]:
        """Visit the next file of every content once; returns what has further places to try."""
        visits: dict[tuple[SourceId, str], _Visit] = {}
        tried: list[tuple[Original, Iterator[Occurrence]]] = []
        for original, places in inside:
            for place in places:
                source = self._source(original, place)
                if source is None:
                    continue
                key = (place.source, place.chain[0])
                visit = visits.setdefault(key, _Visit(source, _found(place), {}))
                visit.wanted[original.sha256] = (original, place)
                tried.append((original, places))
                break
        self._visit(list(visits.values()), receivers)
        return [(original, places) for original, places in tried if original.place is None]

    def _visit(self, waiting: list[_Visit], receivers: Receivers) -> None:
        if not waiting:
            return
        pool = self._opened_pool()
        visits: dict[int, _Visit] = {}
        try:
            while waiting or visits:
                while waiting and pool.capacity() > 0:
                    visit = waiting.pop()
                    ticket = self._submit(pool, visit)
                    if ticket is not None:
                        visits[ticket] = visit
                if not visits:
                    continue
                for event in pool.poll(0.1):
                    if isinstance(event, Asked):
                        go = self._take(visits[event.ticket], event.body, receivers)
                        pool.reply(event.ticket, {"go": go})
                    elif isinstance(event, Finished):
                        _ended(visits.pop(event.ticket))
                    elif isinstance(event, Died):
                        visit = visits.pop(event.ticket)
                        if _again(visit, event):
                            waiting.append(visit)
        finally:
            for visit in visits.values():
                visit.drop()

    def _opened_pool(self) -> Pool:
        if self._pool is None:
            plan = self._session.plan(passwords=self._passwords)
            limits = WorkerLimits(seconds=seconds_for(0))
            self._pool = Pool(TASK, plan.to_wire(), workers=self._workers, limits=limits)
        return self._pool

    def _submit(self, pool: Pool, visit: _Visit) -> int | None:
        opened: list[OpenSource] = []
        try:
            for key in (visit.found.key, owner_of(visit.found.key)):
                if key is None:
                    continue
                found = replace(visit.found, key=key)
                try:
                    fd = visit.source.open_entry(found)
                except (OSError, SourceVanishedError) as error:
                    if opened:  # a journal without its database is read by itself
                        break
                    for original, _ in visit.wanted.values():
                        original.why = _words(error)
                    return None
                opened.append(OpenSource(fd, path_of(visit.source, found)))
            wanted: list[Json] = list(visit.wanted)
            request: dict[str, Json] = {"chain": [visit.found.key], "poison": visit.poison}
            return pool.submit({**request, "originals": wanted}, *opened)
        finally:
            for source in opened:
                if source.fd is not None:
                    let_go(source.fd)

    def _take(self, visit: _Visit, body: Mapping[str, Json], receivers: Receivers) -> bool:
        """Take one piece from a worker; False where it is not one that should come now."""
        sha = Sha256(str(body.get("sha256")))
        known = visit.wanted.get(sha)
        if known is None or sha in visit.refused:
            return False
        original, place = known
        if visit.coming not in (None, sha):
            visit.drop()
        if visit.receiver is None:
            visit.receiver, visit.coming = receivers(sha), sha
        try:
            data = base64.b64decode(str(body.get("data")), validate=True)
        except binascii.Error:
            data = b""
        fits = body.get("offset") == visit.size and visit.size + len(data) <= original.size
        if fits:
            visit.receiver.write(data)
            visit.size += len(data)
        whole = visit.size == original.size
        if not fits or (body.get("last") is True) != whole or (not data and not whole):
            visit.refused.add(sha)
            visit.drop()
            return False
        if not whole:
            return True
        if visit.receiver.settle():
            original.place, original.why = place, ""
            del visit.wanted[sha]
        else:
            visit.refused.add(sha)
            visit.receiver.drop()
        visit.receiver = visit.coming = None
        visit.size = 0
        return True

    def _source(self, original: Original, place: Occurrence) -> FolderSource | None:
        source = self.sources.get(place.source)
        if source is None:
            original.why = self.gone.get(place.source, "its source is not part of the case")
        return source


def _ended(visit: _Visit, why: str = "") -> None:
    """Say of everything that did not come what happened."""
    visit.drop()
    for original, _ in visit.wanted.values():
        original.why = why or f"{NOT_INSIDE} {display(visit.found.key)}"


def _again(visit: _Visit, event: Died) -> bool:
    """Tell whether a file is walked once more, without the opener that ended the worker."""
    visit.drop()
    visit.deaths += 1
    if visit.deaths >= _DEATHS or not event.trace or not visit.wanted:
        _ended(visit, f"reading {display(visit.found.key)} ended the worker: {event.detail}")
        return False
    visit.poison[event.trace] = {
        "reason": event.reason.value,
        "detail": event.detail,
        "attempts": 1,
    }
    return True


def _one_a_file(places: Sequence[Occurrence]) -> Iterator[Occurrence]:
    """Yield one place for each top-level file, since one walk finds them all."""
    files: set[tuple[SourceId, str]] = set()
    for place in places:
        key = (place.source, place.chain[0])
        if key not in files and len(files) < _PLACES:
            files.add(key)
            yield place


def _found(place: Occurrence) -> Found:
    return Found(place.chain[0], EntryKind.FILE)


def _words(error: OSError | SourceVanishedError) -> str:
    if isinstance(error, SourceVanishedError):
        return error.message
    return error.strerror or str(error)
