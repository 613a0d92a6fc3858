"""Lists the sources in a thread of its own: examination starts before the walk has ended."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assay.core.errors import SourceVanishedError
from assay.core.facts import Occurrence
from assay.core.names import name_flags
from assay.core.vocab import EntryKind
from assay.sources.folder import FolderSource
from assay.sources.found import Found

AHEAD = 50_000  # entries listed ahead of the work; bounds memory


@dataclass(frozen=True, slots=True)
class Listed:
    source: FolderSource
    found: Found


@dataclass(frozen=True, slots=True)
class Vanished:
    """A source went away while it was being listed; what follows is listed when it is back."""

    source: FolderSource


@dataclass(frozen=True, slots=True, order=True)
class _Waiting:
    """What was listed, in the order in which it is worked on."""

    turn: int  # of the folder, 0 first: where people keep pictures comes before system folders
    number: int  # in the order of listing
    entry: Listed | Vanished | BaseException | None = field(compare=False)


_AT_ONCE, _AT_THE_END = -1, 1 << 30


class Feed:
    """Entries of all sources. ``files`` and ``size`` grow while the walk goes on.

    What waits is taken by the turn of its folder, then in the order of listing, so that a folder
    of pictures that is found late does not wait behind the system folders found before it.
    """

    def __init__(self, sources: Sequence[FolderSource]) -> None:
        self.files = 0
        self.size = 0  # bytes
        self.listing = True
        self._queue: queue.PriorityQueue[_Waiting] = queue.PriorityQueue(AHEAD)
        self._count = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._walk, args=(tuple(sources),), name="assay-listing", daemon=True
        )
        self._thread.start()

    def _walk(self, sources: Sequence[FolderSource]) -> None:
        try:
            for source in sources:
                self._walk_one(source)
        except BaseException as error:
            self._put(error)
        self.listing = False
        self._put(None)

    def _walk_one(self, source: FolderSource) -> None:
        seen: set[str] = set()
        while not self._stop.is_set():
            try:
                for found in source.walk():
                    if found.key in seen:
                        continue  # listed before the source vanished
                    seen.add(found.key)
                    if found.kind is EntryKind.FILE:
                        self.files += 1
                        self.size += found.size or 0
                    if not self._put(Listed(source, found)):
                        return
                return
            except SourceVanishedError:
                self._put(Vanished(source))
                while not source.alive():
                    if self._stop.wait(1.0):
                        return

    def _put(self, entry: Listed | Vanished | BaseException | None) -> bool:
        turn = _AT_ONCE if entry is not None else _AT_THE_END
        if isinstance(entry, Listed):
            turn = entry.found.turn
        self._count += 1
        waiting = _Waiting(turn, self._count, entry)
        while not self._stop.is_set():
            try:
                self._queue.put(waiting, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False

    def ready(self) -> Iterator[Listed | Vanished | None]:
        """Yield what is listed by now without waiting; None once at the end of all sources."""
        while True:
            try:
                entry = self._queue.get_nowait().entry
            except queue.Empty:
                return
            if isinstance(entry, BaseException):
                raise entry
            yield entry
            if entry is None:
                return

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)


def path_of(source: FolderSource, found: Found) -> str:
    """Return the absolute path of a listed entry, with its bytes surrogate-escaped."""
    return source.root if source.kind == "file" else os.path.join(source.root, found.key)


def occurrence_of(source: FolderSource, found: Found) -> Occurrence:
    """Return the fact about an entry that no worker reads: a link, an excluded or unread file."""
    return Occurrence(
        source=source.id,
        chain=(found.key,),
        kind=found.kind,
        size=found.size,
        times=found.times,
        mode=found.mode,
        inode=found.inode,
        flags=name_flags(found.key),
    )
