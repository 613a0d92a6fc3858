"""Live progress on stderr: a small table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from assay.cli.output import stderr
from assay.core.vocab import Lane
from assay.engine.progress import Progress
from assay.exports.sizes import readable_size

_LINE_SECONDS = 10.0


class Watch:
    """Implements ``assay.engine.progress.Watcher``; a context manager."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._live = (
            None if quiet or not sys.stderr.isatty() else Live(console=stderr, transient=True)
        )
        self._quiet = quiet
        self._line_at = time.monotonic()
        self._waiting = ""

    def __enter__(self) -> Watch:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, progress: Progress) -> None:
        if self._live is not None:
            self._live.update(_table(progress))
            return
        now = time.monotonic()
        if self._waiting != progress.waiting_for:  # said at once, also where output is JSON
            self._waiting = progress.waiting_for
            stderr.print(_line(progress), markup=False)
        if not self._quiet and now - self._line_at >= _LINE_SECONDS:
            self._line_at = now
            stderr.print(_line(progress), markup=False)


def time_left(progress: Progress) -> str:
    """Say how long it may still take, or that the sources are still being listed."""
    if progress.listing:
        return "still listing"
    left = progress.seconds_left
    if left is None:
        return "time left unknown"
    minutes, seconds = divmod(round(left), 60)
    return f"{minutes}:{seconds:02d} left"


def _line(progress: Progress) -> str:
    if progress.waiting_for:
        return f"waiting for {progress.waiting_for} to come back (Ctrl-C stops; nothing is lost)"
    rate = readable_size(round(progress.bytes_per_second))
    return (
        f"{progress.files_done}/{progress.files_found} files, "
        f"{readable_size(progress.bytes_done)} at {rate}/s, "
        f"{time_left(progress)}; lane 1: {progress.lanes[1]}, lane 4: {progress.lanes[4]}, "
        f"inventory: {progress.lanes[9]}"
    )


def _table(progress: Progress) -> Group:
    lanes = Table.grid(padding=(0, 2))
    lanes.add_row(*(f"lane {int(lane)}: {progress.lanes[int(lane)]}" for lane in Lane))
    rows: list[Table | Text] = [Text(_line(progress)), lanes]
    if progress.top:
        top = Table(box=None, padding=(0, 2), show_header=False)
        for item in progress.top:
            top.add_row(f"lane 1 ({item.band})", item.origin.value, escape(item.path[-80:]))
        rows.append(top)
    return Group(*rows)
