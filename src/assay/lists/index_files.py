"""What all files of a Hamming index share: errors, safe writing, and the lock of its one writer."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.core.errors import AssayError

_LOCK = "lock"
_REBUILD = "Rebuild the index from the list's stored records; they are not affected."


class HammingIndexError(AssayError):
    """The index of a known-hash list cannot be used."""


class IndexMissingError(HammingIndexError):
    """There is no index in this folder."""


class IndexBusyError(HammingIndexError):
    """Another process writes to this index."""


class IndexDamagedError(HammingIndexError):
    """A file of the index is not what was written; it must be rebuilt from the stored records."""

    def __init__(self, path: Path, section: str, what: str) -> None:
        super().__init__(f"{path}: {section}: {what}", hint=_REBUILD)
        self.path = path
        self.section = section  # of the file: "header", "hashes", "order of chunk 3"


class IndexLock:
    """Held from construction until ``release``; the system drops it when its process dies."""

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            if isinstance(error, BlockingIOError):
                raise IndexBusyError(
                    f"{folder}: another process writes to this index",
                    hint="Wait for it to end; reading and matching go on meanwhile.",
                ) from None
            raise

    def release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says while a file is written into one sentence with its name."""
    try:
        yield
    except OSError as error:
        raise HammingIndexError(
            f"{path}: cannot be written ({error.strerror})",
            hint="The index is as it was before. Free space or check the disk, then do it again.",
        ) from error


def write_all(fd: int, data: memoryview | bytes, offset: int) -> None:
    """Write all of ``data`` at ``offset``: one call writes 2 GiB at most."""
    rest = memoryview(data).cast("B")
    while len(rest):
        done = os.pwrite(fd, rest, offset)
        rest = rest[done:]
        offset += done


def replace(path: Path, data: bytes) -> None:
    """Put a small file in place: whoever opens it finds the old or the new one, whole."""
    with writing(path):
        temporary = path.with_name(path.name + ".tmp")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            write_all(fd, data, 0)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, path)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names that were created, changed or removed in ``folder`` last."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
