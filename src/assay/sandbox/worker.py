"""The worker's side: take requests in order, run the task, tell the coordinator.

The same loop serves forked, sealed workers (a socket that brings descriptors) and spawned ones
(pipes that bring paths). It ends with the process: nothing is left to unwind.
"""

from __future__ import annotations

import os
import stat
import traceback
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from assay.core.blob import Blob, DescriptorBlob
from assay.core.jsonvalue import Json, JsonObject
from assay.core.medium import let_go
from assay.core.vocab import FailureReason, SealLevel
from assay.sandbox import platform, wire
from assay.sandbox.breadcrumb import Writer
from assay.sandbox.seal import Sealed
from assay.sandbox.task import Task

MEMORY_EXIT = 77  # exit code where not even the word "memory" could be sent


class Line(Protocol):
    """Frames to and from the coordinator."""

    def send(self, value: Json) -> None: ...

    def receive(self, *, wait: bool) -> tuple[list[Json], list[int]]:
        """Return values and descriptors that came; nothing where none came and not ``wait``.

        Raises EOFError when the coordinator is gone.
        """
        ...


@dataclass(frozen=True, slots=True)
class Request:
    ticket: int
    body: JsonObject
    fds: tuple[int, ...]
    paths: tuple[str, ...]


class Inbox:
    """Sorts what arrives: the next request may come while the task waits for an answer."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._requests: deque[Request] = deque()
        self._answers: deque[JsonObject] = deque()
        self._descriptors: deque[int] = deque()
        self._dropped: set[int] = set()

    def request(self) -> Request:
        """Return the next request that was not taken back, in the order of arrival."""
        while self._fill(wait=False):
            pass
        while not self._requests:
            self._fill(wait=True)
        return self._requests.popleft()

    def was_dropped(self, request: Request) -> bool:
        """Tell whether the coordinator took the request back; it may come again later."""
        dropped = request.ticket in self._dropped
        self._dropped.discard(request.ticket)
        return dropped

    def answer(self) -> JsonObject:
        while not self._answers:
            self._fill(wait=True)
        return self._answers.popleft()

    def _fill(self, *, wait: bool) -> bool:
        values, descriptors = self._line.receive(wait=wait)
        self._descriptors.extend(descriptors)
        for value in values:
            match value:
                case ["do", int(ticket), dict(body), int(count), list(paths)]:
                    fds = tuple(self._descriptors.popleft() for _ in range(count))
                    names = tuple(path for path in paths if isinstance(path, str))
                    self._requests.append(Request(ticket, body, fds, names))
                case ["answer", dict(body)]:
                    self._answers.append(body)
                case ["drop", int(ticket)]:
                    self._dropped.add(ticket)
                case _:
                    raise wire.WireError("not a frame of the coordinator")
        return bool(values)


class WorkerLink:
    """Implements ``task.Link`` for the request in work."""

    __slots__ = ("_crumb", "_inbox", "_line", "beside", "seal")

    def __init__(self, line: Line, inbox: Inbox, crumb: Writer, seal: SealLevel) -> None:
        self._line = line
        self._inbox = inbox
        self._crumb = crumb
        self.seal = seal
        self.beside: tuple[Blob, ...] = ()

    def send(self, message: JsonObject) -> None:
        self._line.send(["send", message])

    def ask(self, message: JsonObject) -> JsonObject:
        self._line.send(["ask", message])
        return self._inbox.answer()

    def trace(self, text: str) -> None:
        self._crumb.note(text)

    def budget(self, seconds: float) -> None:
        self._line.send(["budget", seconds])


def serve(line: Line, task: Task, crumb: Writer, sealed: Sealed) -> NoReturn:
    """Handle requests until the coordinator goes or one of them ends this process."""
    try:
        line.send(["ready", sealed.level.value, list(sealed.missing)])
        inbox = Inbox(line)
        link = WorkerLink(line, inbox, crumb, sealed.level)
        while True:
            request = inbox.request()
            if inbox.was_dropped(request):
                _close(request.fds)
                line.send(["dropped"])
                continue
            crumb.start(request.ticket)
            failed = _handle(task, request, link)
            if failed is None:
                line.send(["done"])
                continue
            line.send(["failed", failed.reason.value, failed.detail])
            if failed.reason is not FailureReason.UNREADABLE:
                os._exit(MEMORY_EXIT if failed.reason is FailureReason.MEMORY else 1)
    except (EOFError, OSError):  # the coordinator is gone
        os._exit(0)
    except MemoryError:
        os._exit(MEMORY_EXIT)
    except BaseException:
        os._exit(1)


@dataclass(frozen=True, slots=True)
class _Failed:
    reason: FailureReason
    detail: str


def _handle(task: Task, request: Request, link: WorkerLink) -> _Failed | None:
    fds = list(request.fds)
    try:
        try:
            fds += [open_regular(path) for path in request.paths]
            blobs = [DescriptorBlob(fd) for fd in fds]
        except OSError as error:
            return _Failed(FailureReason.UNREADABLE, str(error))
        link.beside = tuple(blobs[1:])
        task.handle(request.body, blobs[0] if blobs else None, link)
        return None
    except MemoryError:
        return _Failed(FailureReason.MEMORY, "the worker's memory limit was reached")
    except EOFError:
        raise
    except BaseException as error:
        last = traceback.format_exception_only(error)[-1].strip()
        return _Failed(FailureReason.CRASH, last[:1000])
    finally:
        _close(fds)


def open_regular(path: str) -> int:
    """Open a regular file for reading; raises OSError for anything else."""
    fd = os.open(path, platform.OPEN_FLAGS)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(f"not a regular file: {path}")
    return fd


def _close(fds: Sequence[int]) -> None:
    for fd in fds:
        let_go(fd)
