"""Lists a tree: the folders where people keep pictures first, each entry once, no link followed.

A folder waits in a heap, by its class and then its path, until its turn comes; then its files
follow in the order of their names. Where a folder holds one of an earlier class, that one goes
first. So the order is the same each time, and at most one folder of each class is begun and not
ended: memory is bounded by the folders that wait and by the names of a few.
"""

from __future__ import annotations

import heapq
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from assay.core.beside import Listing
from assay.core.errors import SourceError, SourceVanishedError
from assay.core.vocab import EntryKind
from assay.sources.filters import Filters
from assay.sources.found import Found
from assay.sources.order import DEEPEST, Order, Turn, folded
from assay.sources.state import described, inode_of, words_of
from assay.sources.tree import Parts, Tree

MAX_DEPTH = 4096  # folders inside folders; more is a file system that loops


@dataclass(frozen=True, slots=True)
class Chain:
    """The inodes of a folder and of all that hold it."""

    inode: str
    above: Chain | None

    def __contains__(self, inode: str) -> bool:
        here: Chain | None = self
        while here is not None:
            if here.inode == inode:
                return True
            here = here.above
        return False


@dataclass(order=True, slots=True)
class Waiting:
    """A folder that is still to be listed, or to be listed to its end."""

    turn: Turn
    parts: Parts
    path: Parts = field(compare=False)  # the end of its folded path, for the order
    above: Chain | None = field(compare=False)
    rest: Iterator[str] | None = field(default=None, compare=False)  # names, once it was begun
    listing: Listing = field(default_factory=Listing, compare=False)


class Walk:
    """One listing of a tree. ``gone`` tells from an error whether the whole source is away."""

    def __init__(
        self,
        tree: Tree,
        filters: Filters,
        excluded: frozenset[str],
        order: Order,
        gone: Callable[[OSError], SourceVanishedError | None],
    ) -> None:
        self._tree = tree
        self._filters = filters
        self._excluded = excluded
        self._order = order
        self._gone = gone
        self._heap: list[Waiting] = []

    def entries(self, above: Parts) -> Iterator[Found]:
        """Yield every entry; ``above`` is the root's own path. Raises SourceVanishedError."""
        path = tuple(folded(name) for name in above[-DEEPEST:])
        self._heap = [Waiting(Turn.REST, (), path, None)]
        while self._heap:
            folder = heapq.heappop(self._heap)
            if folder.rest is None:
                instead = self._enter(folder)
                if instead is not None:
                    yield replace(instead, turn=folder.turn)
                    continue
            assert folder.rest is not None
            if self._heap and self._heap[0].turn < folder.turn:
                heapq.heappush(self._heap, folder)
                continue
            for name in folder.rest:
                found = self._look((*folder.parts, name))
                if found is None:
                    self._wait(folder, name)
                else:
                    beside = folder.listing.words(name)
                    yield replace(found, turn=folder.turn, beside=beside)

    def _wait(self, folder: Waiting, name: str) -> None:
        """Let a folder inside another wait for its turn."""
        parts = (*folder.parts, name)
        path = (*folder.path, folded(name))[-DEEPEST:]
        turn = self._order.turn(path, len(parts), folder.turn)
        heapq.heappush(self._heap, Waiting(turn, parts, path, folder.above))

    def _enter(self, folder: Waiting) -> Found | None:
        """Begin a folder; returns the entry that stands for it where it is not entered."""
        parts = folder.parts
        instead = self._look(parts) if parts else None  # a link that a person named is followed
        if instead is not None:
            return instead
        try:
            inode = inode_of(self._tree.stat(parts))
            if (folder.above and inode in folder.above) or len(parts) >= MAX_DEPTH:
                detail = "the folder loops back to one that holds it"
                return Found("/".join(parts), EntryKind.UNREADABLE, inode=inode, detail=detail)
            folders, others = self._tree.names(parts)
        except OSError as error:
            return self._unreadable(parts, error)
        folder.above = Chain(inode, folder.above)
        folder.rest = iter(others)
        folder.listing = Listing(others)
        for name in folders:
            self._wait(folder, name)
        return None

    def _look(self, parts: Parts) -> Found | None:
        """Return what stands at a path; None for a folder to enter."""
        key = "/".join(parts)
        try:
            state = self._tree.stat(parts)
            if stat.S_ISDIR(state.st_mode):
                if inode_of(state) not in self._excluded:
                    return None
                return Found(key, EntryKind.EXCLUDED, detail="the case folder")
            if stat.S_ISLNK(state.st_mode):
                link = self._tree.link(parts)
                return replace(described(key, state, EntryKind.SYMLINK), detail=link)
        except OSError as error:
            return self._unreadable(parts, error)
        kind = EntryKind.FILE if stat.S_ISREG(state.st_mode) else EntryKind.SPECIAL
        found = described(key, state, kind)
        if kind is EntryKind.SPECIAL:
            return replace(found, size=None)
        reason = self._filters.reason(key, found.mtime_ns)
        return found if reason is None else replace(found, kind=EntryKind.EXCLUDED, detail=reason)

    def _unreadable(self, parts: Parts, error: OSError) -> Found:
        gone = self._gone(error)
        if gone is not None:
            raise gone from error
        if not parts:
            raise SourceError(f"the source cannot be listed: {words_of(error)}") from error
        return Found("/".join(parts), EntryKind.UNREADABLE, detail=words_of(error))
