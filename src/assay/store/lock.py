"""The lock that keeps a case to one writer, and names its holder to everyone else.

The operating system drops the lock with its process, so a killed writer never leaves one behind.
On a network file system it may hold for one machine alone; SQLite's own locks stand behind it.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
from pathlib import Path

from assay.core.errors import CaseBusyError
from assay.core.names import display
from assay.store.errors import file_errors
from assay.store.filesystem import NO_LOCKS, filesystem_of, no_locks

LOCK_NAME = "case.lock"
_LOCK_BYTE = 1 << 30  # Windows locks bar reading, so the locked byte lies far behind the text


class CaseLock:
    """Held from construction until ``release``; raises CaseBusyError or CaseError."""

    def __init__(self, folder: Path, *, since: str) -> None:
        path = folder / LOCK_NAME
        with file_errors(folder):
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        try:
            try:
                locked = _try_lock(self._fd)
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise
                raise no_locks(folder, filesystem_of(folder).kind) from error
            if not locked:
                raise _busy(folder, self._fd)
            with file_errors(folder):
                os.ftruncate(self._fd, 0)
                os.write(self._fd, json.dumps(_self(since)).encode("ascii"))
        except BaseException:
            os.close(self._fd)
            raise

    def release(self) -> None:
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1


def current_user() -> str:
    """Return the name of the user who runs this process, or its number where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _self(since: str) -> dict[str, str | int]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "user": current_user(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:500],
        "since": since,
    }


def _busy(folder: Path, fd: int) -> CaseBusyError:
    try:
        os.lseek(fd, 0, os.SEEK_SET)
        held = json.loads(os.read(fd, 1 << 16))
        holder = (
            f"process {held['pid']} ({held['command']}) of {held['user']} on {held['host']}, "
            f"since {held['since']}"
        )
    except (OSError, ValueError, KeyError, TypeError):
        holder = "another process"
    return CaseBusyError(
        f"The case {display(str(folder))} is being written by {display(holder)}.",
        hint="Wait until it has finished, or stop it; reading commands work meanwhile.",
    )


if sys.platform == "win32":  # not run by us: kept to the calls that the standard library documents
    import msvcrt

    def _try_lock(fd: int) -> bool:
        os.lseek(fd, _LOCK_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(fd, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
