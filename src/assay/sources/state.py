"""From what the operating system says about an entry to a ``Found``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from assay.core.facts import Stamp
from assay.core.vocab import EntryKind
from assay.sources.found import Found

_SECOND = 1_000_000_000  # ns


def described(key: str, state: os.stat_result, kind: EntryKind) -> Found:
    """Return the entry at ``key`` with its size, times, mode and inode."""
    return Found(
        key=key,
        kind=kind,
        size=state.st_size,
        mtime_ns=state.st_mtime_ns,
        inode=inode_of(state),
        mode=state.st_mode,
        times=tuple(_times(state)),
    )


def inode_of(state: os.stat_result) -> str:
    """Return "device:inode", equal for hard links."""
    return f"{state.st_dev}:{state.st_ino}"


def words_of(error: OSError) -> str:
    """Return what went wrong, without the path."""
    return error.strerror or str(error)


def _times(state: os.stat_result) -> Iterator[Stamp]:
    """Yield mtime, ctime (state change; creation on Windows) and birth time where it is known."""
    yield _stamp("mtime", state.st_mtime_ns)
    yield _stamp("birth time" if os.name == "nt" else "ctime", state.st_ctime_ns)
    birth: float | None = getattr(state, "st_birthtime", None)
    if birth is not None and os.name != "nt":
        yield _stamp("birth time", int(birth * _SECOND))


def _stamp(field: str, nanoseconds: int) -> Stamp:
    seconds, rest = divmod(nanoseconds, _SECOND)
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return Stamp(field, str(nanoseconds), "UTC")
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    utc = moment.replace(tzinfo=None).isoformat() + fraction + "Z"
    return Stamp(field, str(nanoseconds), "UTC", utc)
