"""Every error Assay raises on purpose, each with the exit code and the hint a person needs.

Trouble with one file is not an error: it is a ``Failure`` or a finding, and the run goes on.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the command line (DESIGN §8)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3  # done, but some items could not be examined; they are listed


class AssayError(Exception):
    """What went wrong in one sentence, and in ``hint`` what to do about it."""

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AssayError):
    """The command was given something it cannot work with."""

    exit_code = ExitCode.USAGE


class CaseError(AssayError):
    """The case folder cannot be used: missing, read-only, full, newer, damaged."""


class CaseBusyError(CaseError):
    """Another process writes to this case; the message names it."""


class SourceError(AssayError):
    """A source cannot be opened or listed."""


class SourceVanishedError(SourceError):
    """A source that was there is gone: pause and resume, do not fail its files."""


class PolicyError(AssayError):
    """A policy, scheme or trust file does not say what it must."""


class IntegrityError(AssayError):
    """``verify`` found facts, custody chain or placements that do not agree."""


class NotApplicable(Exception):  # noqa: N818 - a quiet answer, not an error
    """Raised by an examiner or opener that has nothing to say about this file. Not recorded."""


class Malformed(Exception):  # noqa: N818 - becomes a Failure record, never reaches a user as an error
    """The bytes break their format. Recorded as a ``Failure``; ``offset`` in bytes where known."""

    def __init__(self, message: str, *, offset: int | None = None) -> None:
        super().__init__(message if offset is None else f"{message} (at byte {offset})")
        self.offset = offset


class LimitReached(Exception):  # noqa: N818 - becomes a Failure record
    """A limit on size, count, depth, ratio or pixels stopped the work; ``flag`` is its finding."""

    def __init__(self, message: str, *, flag: str) -> None:
        super().__init__(message)
        self.flag = flag


class Encrypted(Exception):  # noqa: N818 - becomes a Failure record
    """The content is locked and no password given opens it."""
