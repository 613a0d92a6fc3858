"""A pool of sealed workers: hands requests out, bounds their time, replaces workers that die.

Knows tickets, deadlines and events; how workers are made is the backend's matter. Nothing that a
worker sends is trusted: frames are checked, and one that breaks the protocol ends its worker.
"""

from __future__ import annotations

import math
import os
import signal
import time
from collections import deque
from types import TracebackType
from typing import Self

from assay.core.jsonvalue import Json, JsonObject
from assay.core.vocab import FailureReason, SealLevel
from assay.sandbox import platform
from assay.sandbox.backend import Backend, Handle, Plan, not_prepared
from assay.sandbox.breadcrumb import Breadcrumb
from assay.sandbox.forked import Forked
from assay.sandbox.headstart import HeadStart
from assay.sandbox.platform import WorkerLimits
from assay.sandbox.slots import Request, Slot
from assay.sandbox.spawned import Spawned
from assay.sandbox.task import Asked, Died, Event, Finished, Message, OpenSource, SandboxError
from assay.sandbox.wire import WireError, encode
from assay.sandbox.worker import MEMORY_EXIT, open_regular

__all__ = [
    "Asked",
    "Died",
    "Event",
    "Finished",
    "Message",
    "OpenSource",
    "Pool",
    "SandboxError",
    "WorkerLimits",
]

DEPTH = 2  # requests a worker holds: one in work, one so that it need not wait for us
PATIENCE = 0.5  # seconds after which a request waiting behind another may go elsewhere
ABSENCE = 1.0  # seconds between polls from which on deadlines stand still
RECYCLE = 1000  # requests after which a worker is replaced, so that leaks blame no file
_TRIES = 3  # times a request is handed out that never seems to begin
_STILLBORN = 3  # workers in a row that die before they are ready

NEVER_BEGAN = "workers ended before they began it"
_WEAKEST_LAST = tuple(SealLevel)


class Pool:
    """Workers for one task. Use as a context manager; not for use by several threads.

    Preparing begins at once, in other processes; the first ``poll`` with something in flight waits
    for it, and raises SandboxError where the task cannot be prepared or workers cannot be started.
    """

    def __init__(
        self,
        task: str,
        settings: JsonObject,
        *,
        workers: int,
        limits: WorkerLimits | None = None,
        level: SealLevel | None = None,
        ahead: HeadStart | None = None,
    ) -> None:
        self.limits = limits or WorkerLimits()
        # in force: the weakest that a worker reported, known before the first event
        self.level = SealLevel.FULL
        self.missing: tuple[str, ...] = ()  # measures that could not be taken, one sentence each
        self._task = task
        self._workers = max(1, workers)
        self._begun = False
        self._events: list[Event] = []
        self._pending: deque[Request] = deque()
        self._slots: dict[Handle, Slot] = {}
        self._in_flight: dict[int, Request] = {}
        self._tickets = 0
        self._stillborn = 0
        self._left = time.monotonic()
        self._closed = False
        plan = Plan(task, settings, self.limits, level or SealLevel.FULL)
        self._backend: Backend
        if platform.has_fork_server():
            self._backend = Forked(plan, ahead.take(task) if ahead is not None else None)
        else:
            self._backend = Spawned(plan)
        for handle in self._backend.prestart(self._workers):
            self._slots[handle] = Slot()

    def _begin(self) -> None:
        """Wait until every worker is ready."""
        while len(self._slots) < self._workers:
            self._launch()
        until = time.monotonic() + self.limits.prepare
        while not all(slot.ready for slot in self._slots.values()):
            if time.monotonic() > until:
                reason = f"not ready after {self.limits.prepare:g} s"
                raise not_prepared(self._task, reason, "")
            self._listen(0.2)
        self._begun = True
        self._left = time.monotonic()

    # -- what the coordinator calls ------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        """Requests submitted whose end has not been told yet."""
        return len(self._in_flight)

    def idle(self) -> int:
        """Return how many workers have nothing to do."""
        busy = sum(1 for slot in self._slots.values() if slot.places)
        return max(0, self._workers - busy - len(self._pending))

    def capacity(self) -> int:
        """Return how many more requests keep every worker busy without waiting for us."""
        return max(0, self._workers * DEPTH - len(self._in_flight))

    def submit(self, request: JsonObject, *sources: OpenSource) -> int:
        """Queue a request and return its ticket; raises OSError where its path cannot be opened.

        The first source is the file to work on, others are the files that it belongs to.
        """
        fds: list[int] = []
        paths: list[str] = []
        try:
            for source in sources:
                if not self._backend.passes_descriptors:
                    if source.path is None:
                        raise SandboxError("workers on this system need the path of a file")
                    paths.append(os.path.abspath(source.path))
                elif source.fd is not None:
                    fds.append(os.dup(source.fd))
                elif source.path is not None:
                    fds.append(open_regular(source.path))
        except BaseException:
            for fd in fds:
                os.close(fd)
            raise
        ticket = self._tickets + 1
        frame = encode(["do", ticket, request, len(fds), paths])
        work = Request(ticket, frame, tuple(fds))
        self._tickets = ticket
        self._in_flight[work.ticket] = work
        self._pending.append(work)
        self._dispatch()
        return work.ticket

    def reply(self, ticket: int, message: JsonObject) -> None:
        """Answer that ticket's ``Asked``; ignored where its worker has died meanwhile."""
        for handle, slot in self._slots.items():
            if slot.asking and slot.head.request.ticket == ticket:
                slot.answered(time.monotonic())
                handle.send(encode(["answer", message]))
                return

    def poll(self, timeout: float) -> list[Event]:
        """Wait up to ``timeout`` seconds for events and return them; raises SandboxError."""
        if not self._begun:
            if not self._in_flight:
                time.sleep(timeout)
                return []
            self._begin()
        now = time.monotonic()
        if now - self._left > ABSENCE:  # workers may have waited for us all that time
            for slot in self._slots.values():
                slot.postpone(now - self._left)
        until = now + timeout
        while True:
            self._dispatch()
            self._listen(0 if self._events else min(until, self._next_alarm()) - time.monotonic())
            self._end_overdue()
            self._take_back()
            self._dispatch()
            if self._events or time.monotonic() >= until:
                break
        self._left = time.monotonic()
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """End every worker and the fork server; requests in flight are forgotten."""
        if self._closed:
            return
        self._closed = True
        self._backend.close()
        self._slots.clear()
        for request in self._in_flight.values():
            request.close()
        self._in_flight.clear()
        self._pending.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- handing out ---------------------------------------------------------------------------

    def _dispatch(self) -> None:
        while self._pending:
            now = time.monotonic()
            handle = self._roomiest(now)
            if handle is None:
                return
            request = self._pending.popleft()
            slot = self._slots[handle]
            slot.add(request, now, self.limits)
            handle.send(request.frame, request.fds)

    def _roomiest(self, now: float) -> Handle | None:
        """Return an idle worker, else one whose work seems to end soon, else None."""
        second = None
        for handle, slot in self._slots.items():
            if not slot.ready or slot.served >= RECYCLE:
                continue
            if not slot.places:
                return handle
            if len(slot.places) < DEPTH and now - slot.since < PATIENCE:
                second = second or handle
        return second

    def _take_back(self) -> None:
        """Free requests that wait behind a long one, so that no photograph waits for an archive."""
        if len(self._slots) < 2:
            return
        now = time.monotonic()
        for handle, slot in self._slots.items():
            if now - slot.since >= PATIENCE:
                for place in slot.waiting():
                    place.dropped = True
                    handle.send(encode(["drop", place.request.ticket]))
                    self._pending.appendleft(place.request)

    # -- hearing -------------------------------------------------------------------------------

    def _listen(self, seconds: float) -> None:
        for handle in self._backend.wait(seconds):
            if handle not in self._slots:
                continue
            try:
                for value in handle.receive():
                    self._hear(handle, value)
                    if handle not in self._slots:
                        break
                else:
                    if handle.ended:
                        self._lose(handle, None, "")
            except WireError as error:
                self._lose(handle, FailureReason.CRASH, f"protocol: {error}")

    def _hear(self, handle: Handle, value: Json) -> None:
        slot = self._slots[handle]
        match value:
            case ["ready", str(level), list(missing)] if not slot.ready:
                self._welcome(slot, level, [str(sentence) for sentence in missing])
            case ["unprepared", str(reason)] if not slot.ready:
                raise not_prepared(self._task, reason, self._backend.last_words(handle))
            case _ if not slot.places or slot.asking:
                raise WireError("a frame out of turn")
            case ["dropped"] if slot.head.dropped:
                self._next(handle)
            case _ if slot.head.dropped:  # it began before it heard; another worker has it now
                self._lose(handle, FailureReason.CRASH, "overtaken")
            case _:
                self._progress(handle, slot, value)

    def _progress(self, handle: Handle, slot: Slot, value: Json) -> None:
        ticket = slot.head.request.ticket
        match value:
            case ["send", dict(body)]:
                self._events.append(Message(ticket, body))
            case ["ask", dict(body)]:
                slot.asked(time.monotonic())
                self._events.append(Asked(ticket, body))
            case ["budget", int(seconds) | float(seconds)]:
                slot.budget(min(seconds, self.limits.stretch), time.monotonic())
            case ["done"]:
                self._finish(slot.head.request, Finished(ticket))
                self._next(handle)
            case ["failed", str(reason), str(detail)]:
                self._failed(handle, ticket, reason, detail[:1000])
            case _:
                raise WireError("not a frame of a worker")

    def _failed(self, handle: Handle, ticket: int, reason: str, detail: str) -> None:
        if reason == FailureReason.UNREADABLE.value:
            request = self._slots[handle].head.request
            self._finish(request, Died(ticket, FailureReason.UNREADABLE, "", detail))
            self._next(handle)
            return
        memory = reason == FailureReason.MEMORY.value
        self._lose(handle, FailureReason.MEMORY if memory else FailureReason.CRASH, detail)

    def _next(self, handle: Handle) -> None:
        slot = self._slots[handle]
        slot.next(time.monotonic(), self.limits)
        if slot.served >= RECYCLE and not slot.places:
            del self._slots[handle]
            self._backend.end(handle)
            self._launch()

    def _finish(self, request: Request, event: Event) -> None:
        del self._in_flight[request.ticket]
        request.close()
        self._events.append(event)

    # -- birth and death -----------------------------------------------------------------------

    def _launch(self) -> None:
        until = time.monotonic() + self.limits.prepare
        self._slots[self._backend.launch()] = Slot(deadline=until)

    def _welcome(self, slot: Slot, level: str, missing: list[str]) -> None:
        if level not in _WEAKEST_LAST:
            raise WireError("not a level")
        slot.ready = True
        slot.deadline = math.inf
        self._stillborn = 0
        self.level = max(self.level, SealLevel(level), key=_WEAKEST_LAST.index)
        self.missing = tuple(dict.fromkeys((*self.missing, *missing)))

    def _lose(self, handle: Handle, reason: FailureReason | None, detail: str) -> None:
        """End a worker, tell whose request it was, give back what it had not begun, replace it."""
        slot = self._slots.pop(handle)
        crumb = handle.breadcrumb()
        code = self._backend.end(handle)
        if not slot.ready:
            self._stillborn += 1
            if self._stillborn >= _STILLBORN:
                raise SandboxError(
                    f"workers end before they are ready: {_cause(code)[1]}",
                    hint="A memory limit below what the task needs to start does this.",
                )
        if reason is None:
            reason, detail = _cause(code)
        for place in reversed(slot.places):
            if place.dropped:
                continue
            if place is slot.head and not self._innocent(place.request, crumb, detail):
                ticket = place.request.ticket
                text = crumb.text if crumb.ticket == ticket else ""
                self._finish(place.request, Died(ticket, reason, text, detail or NEVER_BEGAN))
            else:
                self._pending.appendleft(place.request)
        self._launch()

    def _innocent(self, request: Request, crumb: Breadcrumb, detail: str) -> bool:
        """Tell whether a worker ended before it began the request, or with the fork server."""
        request.tries += 1
        began = crumb.ticket == request.ticket and detail != ""
        return not began and request.tries < _TRIES

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for handle, slot in tuple(self._slots.items()):
            if now >= slot.deadline:
                spent = now - slot.since
                self._lose(handle, FailureReason.TIMEOUT, f"not done after {spent:.1f} s")

    def _next_alarm(self) -> float:
        alarms = [slot.deadline for slot in self._slots.values()]
        if len(self._slots) > 1:
            alarms += [slot.since + PATIENCE for slot in self._slots.values() if slot.waiting()]
        return min(alarms)


def _cause(code: int | None) -> tuple[FailureReason, str]:
    """Put the way a worker ended into words."""
    if code is None:
        return FailureReason.CRASH, ""
    if code == MEMORY_EXIT:
        return FailureReason.MEMORY, "the worker's memory limit was reached"
    if code >= 0:
        return FailureReason.CRASH, f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name == "SIGKILL":
        return FailureReason.CRASH, "SIGKILL from outside; the system may be out of memory"
    return FailureReason.CRASH, name
