"""A fork server that imports and warms up before its pool is made, while other things are done."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from assay.sandbox import platform
from assay.sandbox.forked import NurseryProcess


class HeadStart:
    """Starts the fork server for a task at once; a pool that is given it takes it over.

    A context manager that ends the process where no pool took it. Does nothing on systems without
    a fork server.
    """

    def __init__(self, task: str) -> None:
        self._task = task
        self._nursery = NurseryProcess(task) if platform.has_fork_server() else None

    def take(self, task: str) -> NurseryProcess | None:
        """Hand the process over, once; None where there is none for this task."""
        if task != self._task:
            return None
        nursery, self._nursery = self._nursery, None
        return nursery

    def close(self) -> None:
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
