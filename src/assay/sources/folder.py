"""A file or folder on disk as a source: listed in a fixed order, opened read-only.

Links are recorded and never followed. A root that is gone is one SourceVanishedError, never a
failure per file; everything else that cannot be read is an entry of its own.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assay.core.errors import SourceError, SourceVanishedError
from assay.core.facts import Source, SourceId
from assay.core.jsonvalue import digest_of
from assay.core.medium import let_go
from assay.core.names import display
from assay.core.vocab import EntryKind
from assay.sources.filters import Filters
from assay.sources.found import Found
from assay.sources.identity import Anchor
from assay.sources.order import Turn, shipped_order
from assay.sources.state import described, inode_of, words_of
from assay.sources.tree import Tree
from assay.sources.walk import Walk

_NO_FILTERS = Filters()


class FolderSource:
    """One path that a person named. Use ``open``."""

    def __init__(
        self, root: str, kind: str, anchor: Anchor, excluded: frozenset[str], filters: Filters
    ) -> None:
        self.kind = kind  # "file" or "folder"
        self.root = root
        self.uri = display(root)
        self.id = SourceId(digest_of({"kind": kind, "path": root})[:32])
        self._anchor = anchor
        self._excluded = excluded
        self._filters = filters
        self._tree = Tree(root if kind == "folder" else os.path.dirname(root))

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        exclude_paths: Sequence[str | os.PathLike[str]] = (),
        filters: Filters = _NO_FILTERS,
        known_as: SourceId | None = None,
    ) -> FolderSource:
        """Open a file or folder; ``exclude_paths`` (the case folder) are passed over.

        ``known_as`` is the id of a source that was recorded at another place and moved here.
        Raises SourceError where the path is missing, unreadable or neither file nor folder.
        """
        root = os.path.abspath(os.fspath(path))
        try:
            state = os.stat(root)
        except OSError as error:
            raise SourceError(
                f"{display(root)}: {words_of(error)}", hint="check the path and its permissions"
            ) from error
        if stat.S_ISDIR(state.st_mode):
            kind = "folder"
        elif stat.S_ISREG(state.st_mode):
            kind = "file"
        else:
            raise SourceError(
                f"{display(root)}: neither a file nor a folder",
                hint="devices are read through an image of them",
            )
        source = cls(root, kind, Anchor(root, state), _inodes(exclude_paths), filters)
        source.id = known_as or source.id
        if kind == "file":
            source._anchor.remember([""])
        else:
            try:
                folders, others = source._tree.names(())
                source._anchor.remember(sorted(folders + others), source._excluded)
            except OSError as error:
                raise SourceError(
                    f"{display(root)}: {words_of(error)}", hint="check the folder's permissions"
                ) from error
        return source

    @property
    def note(self) -> str:
        """Say whether access times could be protected, as far as is known by now."""
        return self._tree.note

    def record(self, operator: str, opened_at: str) -> Source:
        """Return the fact about this source; ``opened_at`` in ISO 8601 UTC."""
        return Source(self.id, self.kind, self.uri, opened_at, operator, note=self.note)

    def alive(self) -> bool:
        """Tell whether the root is still there and the same; knows it again when it came back."""
        before = self._anchor.identity
        there = self._anchor.there()
        if self._anchor.identity != before:  # folders held open belong to what went away
            self._tree.close()
        return there

    def close(self) -> None:
        """Let go of open folders."""
        self._tree.close()

    # -- listing -------------------------------------------------------------------------------

    def walk(self) -> Iterator[Found]:
        """Yield every entry below the root, folders where people keep pictures first.

        The order is that of ``walk.Walk``, the same each time. Raises SourceVanishedError.
        """
        self._check()
        if self.kind == "file":
            yield self._file_root()
            return
        try:
            self._tree.stat(())
        except OSError as error:
            raise self._gone(error) or SourceError(f"{self.uri}: {words_of(error)}") from error
        above = tuple(os.path.realpath(self.root).split(os.sep))
        walk = Walk(self._tree, self._filters, self._excluded, shipped_order(), self._gone)
        yield from walk.entries(above)

    def _file_root(self) -> Found:
        try:
            state = os.stat(self.root)  # a link that a person named is followed
        except OSError as error:
            raise self._gone(error) or SourceError(f"{self.uri}: {words_of(error)}") from error
        named = described(os.path.basename(self.root), state, EntryKind.FILE)
        return replace(named, turn=Turn.PICTURES)

    def find(self, key: str) -> Found:
        """Return what stands at a path inside the source now; raises OSError.

        Raises SourceVanishedError where the source itself is gone.
        """
        try:
            if self.kind == "file":
                if key != os.path.basename(self.root):
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), key)
                return self._file_root()
            state = self._tree.stat(tuple(key.split("/")))
        except OSError as error:
            raise self._gone(error) or error from error
        kind = EntryKind.FILE if stat.S_ISREG(state.st_mode) else EntryKind.SPECIAL
        return described(key, state, kind)

    # -- reading -------------------------------------------------------------------------------

    def open_entry(self, found: Found) -> int:
        """Return a descriptor of a file, read-only, leaving its access time where permitted.

        Raises OSError where the entry cannot be read or is no file any more, and
        SourceVanishedError where the source itself is gone.
        """
        if found.kind is not EntryKind.FILE:
            raise OSError(errno.EINVAL, f"a {found.kind.value} is not opened", found.key)
        try:
            if self.kind == "file":
                descriptor = self._open_root()
            else:
                descriptor = self._tree.open(tuple(found.key.split("/")))
        except OSError as error:
            raise self._gone(error) or error from error
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return descriptor
        except OSError as error:
            let_go(descriptor)
            raise self._gone(error) or error from error
        let_go(descriptor)
        raise OSError(errno.EINVAL, "no longer a file", found.key)

    def _open_root(self) -> int:
        target = os.path.realpath(self.root)  # the person named the link, if it is one
        self._tree.close()
        self._tree = Tree(os.path.dirname(target))
        return self._tree.open((os.path.basename(target),))

    # -- vanished ------------------------------------------------------------------------------

    def _check(self) -> None:
        if not self.alive():
            raise self._vanished()

    def _gone(self, error: OSError) -> SourceVanishedError | None:
        """Return the error to raise where it was not one entry but the root that failed."""
        if error.errno in (errno.EACCES, errno.EPERM, errno.ELOOP) or self.alive():
            return None
        self._tree.close()
        return self._vanished()

    def _vanished(self) -> SourceVanishedError:
        return SourceVanishedError(
            f"{self.uri} is no longer there",
            hint="connect it again and run the same command: it goes on where it stopped",
        )


def _inodes(paths: Sequence[str | os.PathLike[str]]) -> frozenset[str]:
    inodes = set()
    for path in paths:
        try:
            inodes.add(inode_of(os.stat(path)))
        except OSError:
            continue  # not there yet, so it cannot be met
    return frozenset(inodes)
