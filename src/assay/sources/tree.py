"""Reaches folders and files under a root part by part, never through a link.

Every step is taken from the descriptor of the folder above it, so that neither very long paths nor
a folder swapped for a link during the run lead elsewhere. Where the platform cannot (Windows),
plain paths are used. A tree is used by two threads at once, one that lists and one that opens, so
every step holds its lock: a descriptor let go by one must not be used by the other.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

from assay.core.medium import let_go
from assay.sources.atime import KEPT, Want, open_quietly

Parts = tuple[str, ...]
_KEPT_OPEN = 16  # folders whose descriptors are held
BY_DESCRIPTOR = os.open in os.supports_dir_fd and os.scandir in os.supports_fd


class Tree:
    """Descriptor-relative access below one root folder."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._open: OrderedDict[Parts, int] = OrderedDict()
        self._lock = threading.Lock()
        self.note = KEPT

    def names(self, parts: Parts) -> tuple[list[str], list[str]]:
        """Return the names of the folders in a folder, and all others, sorted; raises OSError.

        What is a folder is as the folder itself tells it, and may have changed by the next step.
        """
        with self._lock:
            target = self._folder(parts) if BY_DESCRIPTOR else self._path(parts)
            folders: list[str] = []
            others: list[str] = []
            with os.scandir(target) as entries:
                for entry in entries:
                    (folders if _is_folder(entry) else others).append(entry.name)
            return sorted(folders), sorted(others)

    def stat(self, parts: Parts) -> os.stat_result:
        """Return the state of an entry itself, not of what a link names; raises OSError."""
        with self._lock:
            if not parts:
                return os.stat(self._root)
            if not BY_DESCRIPTOR:
                return os.lstat(self._path(parts))
            return os.stat(parts[-1], dir_fd=self._folder(parts[:-1]), follow_symlinks=False)

    def link(self, parts: Parts) -> str:
        """Return what a symbolic link names; raises OSError."""
        with self._lock:
            if not BY_DESCRIPTOR:
                return os.readlink(self._path(parts))  # noqa: PTH115 - names stay str
            return os.readlink(parts[-1], dir_fd=self._folder(parts[:-1]))

    def open(self, parts: Parts) -> int:
        """Open a file read-only; raises OSError."""
        with self._lock:
            if not BY_DESCRIPTOR:
                descriptor, note = open_quietly(self._path(parts))
            else:
                descriptor, note = open_quietly(parts[-1], dir_fd=self._folder(parts[:-1]))
            self.note = self.note or note
            return descriptor

    def close(self) -> None:
        """Let go of every folder, so that the device can be removed."""
        with self._lock:
            while self._open:
                let_go(self._open.popitem()[1])

    def _path(self, parts: Parts) -> str:
        return os.path.join(self._root, *parts)

    def _folder(self, parts: Parts) -> int:
        """Return a descriptor of a folder; it belongs to the tree and stays open for a while."""
        known = len(parts)
        while known and parts[:known] not in self._open:
            known -= 1
        descriptor = self._open.get(parts[:known], -1)
        if descriptor < 0:
            descriptor = self._keep((), open_quietly(self._root, Want.ROOT))
        else:
            self._open.move_to_end(parts[:known])
        for depth in range(known, len(parts)):
            step = open_quietly(parts[depth], Want.FOLDER, dir_fd=descriptor)
            descriptor = self._keep(parts[: depth + 1], step)
        return descriptor

    def _keep(self, parts: Parts, opened: tuple[int, str]) -> int:
        descriptor, note = opened
        self.note = self.note or note
        self._open[parts] = descriptor
        while len(self._open) > _KEPT_OPEN:
            let_go(self._open.popitem(last=False)[1])
        return descriptor


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False  # what it is will be seen when it is looked at
