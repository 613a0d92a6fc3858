"""What a task is, what a worker offers it, and what the coordinator hears of it.

The pool is generic: it knows nothing of media. A task is loaded by name inside the worker.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol

from assay.core.blob import Blob
from assay.core.errors import AssayError
from assay.core.jsonvalue import JsonObject
from assay.core.vocab import FailureReason, SealLevel


class SandboxError(AssayError):
    """Workers cannot be started or kept alive."""


class Link(Protocol):
    """A task's line to the coordinator while it handles one request."""

    @property
    def seal(self) -> SealLevel:
        """The level that confines this worker."""
        ...

    @property
    def beside(self) -> tuple[Blob, ...]:
        """The files that the request's file belongs to, where the coordinator gave some."""
        ...

    def send(self, message: JsonObject) -> None:
        """Hand a result over; it counts even if the worker dies later in the request."""
        ...

    def ask(self, message: JsonObject) -> JsonObject:
        """Ask the coordinator and wait for its reply; the deadline stands still meanwhile."""
        ...

    def trace(self, text: str) -> None:
        """Note what comes next, up to 246 bytes; told with ``Died``. Costs about a microsecond."""
        ...

    def budget(self, seconds: float) -> None:
        """Set a new wall deadline, ``seconds`` from now."""
        ...


class Task(Protocol):
    """The work of a pool, made by a factory named ``module:factory``.

    ``preload`` and ``prepare`` run before the seal, once each and in this order, and must leave no
    thread running.
    """

    def preload(self) -> None:
        """Import and warm up what depends on no setting; may run long before ``prepare``."""
        ...

    def prepare(self, settings: JsonObject) -> None:
        """Import and warm up everything else."""
        ...

    def handle(self, request: JsonObject, source: Blob | None, link: Link) -> None:
        """Do one request. An exception out of it ends the worker and is told as ``Died``."""
        ...


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A file for a request: a descriptor, a path, or both.

    Where descriptors can be passed the worker gets ``fd``, or the pool opens ``path`` for it;
    elsewhere the worker opens ``path`` itself. The caller keeps ``fd``.
    """

    fd: int | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A result of a request that is still running."""

    ticket: int
    body: JsonObject


@dataclass(frozen=True, slots=True)
class Asked:
    """The worker waits for ``Pool.reply`` with this ticket."""

    ticket: int
    body: JsonObject


@dataclass(frozen=True, slots=True)
class Finished:
    """The request is done; nothing more comes for this ticket."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Died:
    """The request ended its worker, which was replaced; nothing more comes for this ticket.

    ``reason`` is CRASH, TIMEOUT or MEMORY; UNREADABLE where a spawned worker could not open the
    path. ``trace`` is the task's last note, ``detail`` a signal, an exit code or an error's line.
    """

    ticket: int
    reason: FailureReason
    trace: str
    detail: str


Event = Message | Asked | Finished | Died


def load(name: str) -> Task:
    """Return the task named ``module:factory``; raises whatever importing or making it raises."""
    module, _, factory = name.partition(":")
    task: Task = getattr(importlib.import_module(module), factory)()
    return task
