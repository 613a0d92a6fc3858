"""Opens files for reading without leaving a trace: no access time, no link followed, no waiting.

Knows the flags of the platform it runs on; where one is missing the file is opened without it.
"""

from __future__ import annotations

import errno
import os
from enum import Enum

_NOATIME = getattr(os, "O_NOATIME", 0)  # Linux; refused to those who do not own the file
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_PLAIN = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a FIFO put in the file's place must not block the run
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)  # Windows
)
_FOLDER = getattr(os, "O_DIRECTORY", 0)

KEPT = ""
REFUSED = "access times may change: O_NOATIME was refused on some files"
ABSENT = "access times may change: this platform has no O_NOATIME"


class Want(Enum):
    """What a path must be for it to be opened."""

    FILE = _NOFOLLOW
    FOLDER = _NOFOLLOW | _FOLDER
    ROOT = _FOLDER  # a folder that a person named: a link there is followed


def open_quietly(
    path: str, want: Want = Want.FILE, *, dir_fd: int | None = None
) -> tuple[int, str]:
    """Open ``path`` read-only; returns the descriptor and KEPT, REFUSED or ABSENT.

    Raises OSError. A FIFO opens without waiting: the caller must check what it got.
    """
    flags = _PLAIN | want.value
    if not _NOATIME:
        return os.open(path, flags, dir_fd=dir_fd), ABSENT
    try:
        return os.open(path, flags | _NOATIME, dir_fd=dir_fd), KEPT
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
    return os.open(path, flags, dir_fd=dir_fd), REFUSED
