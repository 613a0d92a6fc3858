"""What a run has done so far, for whoever shows it. The engine writes, the command line reads."""

from __future__ import annotations

import bisect
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from assay.core.facts import Placement, Sha256
from assay.core.vocab import Lane, Origin
from assay.verdict.place import lane_number

TOP = 5  # items of lane 1 shown while a run goes on
_KEPT = 64  # candidates kept, so that a few may move away


@dataclass(frozen=True, slots=True)
class TopItem:
    band: str
    key: tuple[int | float | str, ...]
    sha256: Sha256
    path: str
    origin: Origin


@dataclass(slots=True)
class Progress:
    """Counts of one run. Sizes in bytes, times in seconds of a monotonic clock."""

    started: float = field(default_factory=time.monotonic)
    listing: bool = True
    files_found: int = 0
    bytes_found: int = 0
    files_done: int = 0
    bytes_done: int = 0
    examined: int = 0  # items, children included
    skipped: int = 0  # items met again that needed nothing
    failed: int = 0  # items on which a check did not finish
    unread: int = 0  # entries that could not be read at all
    excluded: int = 0
    first_item: float | None = None  # seconds after the start until lane 1 had its first item
    waiting_for: str = ""  # a source that is gone
    lanes: Counter[int] = field(default_factory=Counter)  # 1-5; 9 = inventory
    _top: list[TopItem] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def bytes_per_second(self) -> float:
        return self.bytes_done / max(self.seconds, 1e-3)

    @property
    def seconds_left(self) -> float | None:
        """Return an estimate, or None while the sources are still being listed."""
        if self.listing or not self.bytes_done:
            return None
        return (self.bytes_found - self.bytes_done) / self.bytes_per_second

    @property
    def top(self) -> list[TopItem]:
        return self._top[:TOP]

    def placed(self, before: Placement | None, now: Placement, origin: Origin, path: str) -> None:
        """Take note of a placement and of the one that it replaces."""
        if before is not None and before.shown_with is None:
            self.lanes[lane_number(before.lane)] -= 1
            if before.lane is Lane.POSSIBLE_NEW_VICTIM:
                self._top = [t for t in self._top if t.sha256 != before.item]
        if now.shown_with is not None:
            return
        self.lanes[lane_number(now.lane)] += 1
        if now.lane is not Lane.POSSIBLE_NEW_VICTIM:
            return
        if self.first_item is None:
            self.first_item = self.seconds
        band = now.band.value if now.band else ""
        row = TopItem(band, now.key, now.item, path, origin)
        bisect.insort(self._top, row, key=lambda t: (t.band, t.key))
        del self._top[_KEPT:]


class Watcher(Protocol):
    """Whoever shows progress; called about five times a second from the run's own thread."""

    def update(self, progress: Progress) -> None: ...


class Silent:
    """Shows nothing."""

    def update(self, progress: Progress) -> None:
        """Do nothing."""
