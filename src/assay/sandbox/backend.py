"""What the pool asks of a way to run workers, and what it shares with each of them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from assay.core.jsonvalue import Json, JsonObject
from assay.core.vocab import SealLevel
from assay.sandbox.breadcrumb import Breadcrumb
from assay.sandbox.platform import WorkerLimits
from assay.sandbox.task import SandboxError


@dataclass(frozen=True, slots=True)
class Plan:
    """What every worker of a pool runs, and under which limits."""

    task: str  # "module:factory"
    settings: JsonObject
    limits: WorkerLimits
    level: SealLevel  # wanted


class Handle(Protocol):
    """One worker as the coordinator holds it."""

    @property
    def ended(self) -> bool:
        """True once its line is closed; what came before has then been received."""
        ...

    def send(self, frame: bytes, fds: Sequence[int] = ()) -> None:
        """Queue a frame; never blocks and never fails: a dead worker shows by ``ended``."""
        ...

    def receive(self) -> list[Json]:
        """Return the values that have come; raises wire.WireError."""
        ...

    def breadcrumb(self) -> Breadcrumb: ...


class Backend(Protocol):
    """Starts, watches and ends workers."""

    @property
    def passes_descriptors(self) -> bool: ...

    def prestart(self, workers: int) -> Sequence[Handle]:
        """Start what of ``workers`` can be started without waiting for anything; returns those."""
        ...

    def launch(self) -> Handle:
        """Start a worker, which will say "ready"; waits for preparations; raises SandboxError."""
        ...

    def wait(self, seconds: float) -> Sequence[Handle]:
        """Return the workers that have something to receive or have ended."""
        ...

    def end(self, handle: Handle) -> int | None:
        """Kill if need be, and clean up; returns exit code or -signal, None where not known."""
        ...

    def last_words(self, handle: Handle) -> str:
        """Return the end of what a worker that never got ready wrote to standard error."""
        ...

    def close(self) -> None: ...


def tail(stream: IO[bytes], limit: int = 2000) -> str:
    """Return the end of a file of error output."""
    stream.flush()
    size = stream.seek(0, 2)
    stream.seek(max(0, size - limit))
    return stream.read(limit).decode("utf-8", "replace").strip()


def error_file() -> IO[bytes]:
    """Return a file without a name for a child's standard error."""
    return tempfile.TemporaryFile(prefix="assay-stderr-")


def not_prepared(task: str, reason: str, words: str) -> SandboxError:
    """Return the error for a task whose imports or warm-ups failed."""
    message = f"the workers' task {task} could not be prepared: {reason}"
    return SandboxError(message, hint=f"What it said last:\n{words}" if words else "")
