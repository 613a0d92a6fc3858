"""By what a source is known again after it was away: a disk plugged in again, a share mounted anew.

Device numbers change with every plugging in; the number of a root folder says little (it is the
same on every ext4, FAT or NTFS disk); on FAT other folders get new numbers each time. So what came
back is the source if the entries at its top are what they were: of up to 64 names remembered at
the start, at least half with the same kind, size and time of change. An empty mount point, or
another card from the same camera, is not taken for it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from assay.core.medium import let_go
from assay.sources.state import inode_of

_REMEMBERED = 64  # names at the top of a source
Mark = tuple[int, int, int]  # kind (S_IFMT), size in bytes, mtime in ns


@dataclass(frozen=True, slots=True)
class Identity:
    """What the system says about a root while it stays connected."""

    device: int
    inode: int
    mounted: bool  # the root is itself the top of a file system


class Anchor:
    """The root of a source, asked again and again whether it is still there."""

    def __init__(self, root: str, state: os.stat_result) -> None:
        self._root = root
        self._folder = stat.S_ISDIR(state.st_mode)
        self._identity = _identify(root, state)
        self._device = _device_path(self._identity.device)
        self._marks: dict[str, Mark] = {}
        self._away = False

    def remember(self, names: Iterable[str], passed_over: frozenset[str] = frozenset()) -> None:
        """Remember entries at the top by name, "" for the root itself.

        Those with an inode in ``passed_over`` (the case folder) are left out: they change.
        """
        for name in names:
            if len(self._marks) == _REMEMBERED:
                return
            try:
                state = self._state(name)
            except OSError:
                continue
            if inode_of(state) not in passed_over:
                self._marks[name] = _mark(state)

    def there(self) -> bool:
        """Tell whether the root answers and is the same, or the same again."""
        here = self._asked()
        self._away = not here
        return here

    def _asked(self) -> bool:
        try:
            state = os.stat(self._root)
            if self._folder:
                let_go(os.open(self._root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)))
        except OSError:
            return False
        now, old = _identify(self._root, state), self._identity
        if self._device and now.device == old.device and not os.path.exists(self._device):
            return False  # an unplugged disk that is still mounted answers from the cache
        if now == old and not self._away:
            return True
        if not (self._alike() if self._marks else _same_place(now, old)):
            return False
        self._identity = now
        self._device = _device_path(now.device)
        return True

    @property
    def identity(self) -> Identity:
        return self._identity

    def _state(self, name: str) -> os.stat_result:
        return os.lstat(os.path.join(self._root, name)) if name else os.stat(self._root)

    def _alike(self) -> bool:
        hits = 0
        for name, mark in self._marks.items():
            try:
                hits += _mark(self._state(name)) == mark
            except OSError:
                continue
        return 2 * hits >= len(self._marks)


def _same_place(now: Identity, old: Identity) -> bool:
    """Compare two roots with nothing at their top."""
    return (now.inode, now.mounted) == (old.inode, old.mounted)


def _mark(state: os.stat_result) -> Mark:
    kind = stat.S_IFMT(state.st_mode)
    # What a file system calls the size of a folder is its own affair.
    return kind, 0 if stat.S_ISDIR(kind) else state.st_size, state.st_mtime_ns


def _identify(root: str, state: os.stat_result) -> Identity:
    above = os.path.dirname(os.path.realpath(root))
    try:
        mounted = os.stat(above).st_dev != state.st_dev
    except OSError:
        mounted = False
    return Identity(state.st_dev, state.st_ino, mounted)


def _device_path(device: int) -> str:
    """Return where Linux shows the block device of a file system, or "" where it does not."""
    if os.name != "posix" or os.major(device) == 0:
        return ""
    path = f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"
    return path if os.path.exists(path) else ""
