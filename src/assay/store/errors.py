"""From what SQLite and the operating system say to one sentence for a person, with a hint."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from assay.core.errors import CaseBusyError, CaseError
from assay.core.names import display


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str  # {case} is the case folder, {says} the original message
    hint: str
    kind: type[CaseError] = CaseError


_FULL = _Sentence(
    "The disk that holds the case {case} is full; the step at hand was taken back.",
    "Free some space and run the same command again: finished work is kept.",
)
_READ_ONLY = _Sentence(
    "The case {case} cannot be written: the folder or its disk is read-only.",
    "Copy the case folder to a place where you may write, or use a command that only reads.",
)
_BUSY = _Sentence(
    "The case {case} is locked by another program.",
    "Wait for it to end, or close what has case.db open.",
    CaseBusyError,
)
_DAMAGED = _Sentence(
    "The database of the case {case} is damaged ({says}).",
    "Keep this folder as it is and go on with a backup copy of it.",
)
_UNOPENED = _Sentence(
    "The database of the case {case} cannot be opened ({says}).",
    "Check that the folder is there and that you may read it.",
)
_BAD_DISK = _Sentence(
    "The disk that holds the case {case} reports an error ({says}).",
    "Check the disk and its connection, then run the same command again.",
)
_OTHER = _Sentence("The case {case} cannot be used ({says}).", "")

# Primary result codes, https://www.sqlite.org/rescode.html; extended ones begin with these names.
_BY_CODE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": _DAMAGED,
    "SQLITE_FORMAT": _DAMAGED,
    "SQLITE_CANTOPEN": _UNOPENED,
    "SQLITE_IOERR": _BAD_DISK,
}
_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    getattr(errno, "EDQUOT", errno.ENOSPC): _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.ENOENT: _UNOPENED,
    errno.EIO: _BAD_DISK,
}


def code_of(error: sqlite3.Error | DBAPIError) -> str:
    """Return SQLite's primary result code by name; empty where there is none."""
    name: object = getattr(_original(error), "sqlite_errorname", "")
    return "_".join(str(name).split("_")[:2]) if name else ""


def case_error(error: sqlite3.Error | DBAPIError | OSError, folder: Path) -> CaseError:
    """Return the error to raise for trouble with a case's database or files."""
    if isinstance(error, OSError):
        sentence = _BY_ERRNO.get(error.errno or 0, _OTHER)
        says = error.strerror or str(error)
    else:
        sentence = _BY_CODE.get(code_of(error), _OTHER)
        says = str(_original(error))
    message = sentence.text.format(case=display(str(folder)), says=says)
    return sentence.kind(message, hint=sentence.hint)


@contextmanager
def database_errors(folder: Path) -> Iterator[None]:
    """Turn SQLite's errors into a ``CaseError``; lets everything else through."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        raise case_error(error, folder) from error


@contextmanager
def file_errors(folder: Path) -> Iterator[None]:
    """Turn the operating system's errors into a ``CaseError``; lets everything else through."""
    try:
        yield
    except OSError as error:
        raise case_error(error, folder) from error


def _original(error: sqlite3.Error | DBAPIError) -> BaseException:
    if isinstance(error, DBAPIError):
        return error.orig or error
    return error
