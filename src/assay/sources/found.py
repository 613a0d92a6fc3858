"""What a source finds at a path, and what every source can do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from assay.core.facts import SourceId, Stamp
from assay.core.vocab import EntryKind
from assay.sources.order import Turn


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of a source. Only FILE can be opened; the others are recorded as they are."""

    key: str  # path inside the source, "/" between parts, surrogate-escaped
    kind: EntryKind
    size: int | None = None  # bytes; None where the entry has no content or could not be asked
    mtime_ns: int | None = None  # since 1970 UTC
    inode: str = ""  # "device:inode"; equal for hard links
    mode: int | None = None  # st_mode
    times: tuple[Stamp, ...] = ()
    detail: str = ""  # link target, error text, or why it was left out
    beside: tuple[str, ...] = ()  # finding words of files that may describe it (``core.beside``)
    turn: Turn = Turn.REST  # the class of the folder it lies in: when it is read, never whether


class EvidenceSource(Protocol):
    """Read-only evidence that is listed while it is examined."""

    @property
    def id(self) -> SourceId: ...
    @property
    def kind(self) -> str: ...
    @property
    def uri(self) -> str: ...
    @property
    def note(self) -> str: ...

    def walk(self) -> Iterator[Found]:
        """Yield every entry in a fixed order; raises SourceVanishedError where it is gone."""
        ...

    def open_entry(self, found: Found) -> int:
        """Return a read-only descriptor; raises OSError, or SourceVanishedError."""
        ...

    def alive(self) -> bool:
        """Tell whether the source still answers."""
        ...

    def close(self) -> None: ...
