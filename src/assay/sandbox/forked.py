"""Workers forked from a nursery: the coordinator's side of sockets, descriptors and reaping."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import selectors
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from typing import cast

from assay.core.jsonvalue import Json, JsonObject
from assay.core.medium import let_go
from assay.sandbox import platform, wire
from assay.sandbox.backend import Handle, Plan, error_file, not_prepared, tail
from assay.sandbox.breadcrumb import Breadcrumb, Reader
from assay.sandbox.platform import WorkerLimits
from assay.sandbox.task import SandboxError

_PIECE = 1 << 16  # bytes of one receive
_ROUND = 1 << 20  # bytes taken from one worker before the others get their turn
_ANSWER_SECONDS = 30.0  # for a fork or a reaping
_END_SECONDS = 10.0


class NurseryProcess:
    """The fork server as a child process, importing from the start; ``prepare`` it, then use it."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._patience = WorkerLimits().prepare  # seconds
        self._ready = False
        self._errors = error_file()
        self._decoder = wire.Decoder()
        self._control, theirs = socket.socketpair()
        arguments = [str(theirs.fileno()), str(os.getpid()), task]
        with theirs:
            self._process = subprocess.Popen(
                # -P: a file named json.py in the folder being examined must not be imported
                [sys.executable, "-P", "-m", "assay.sandbox.nursery", *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env=os.environ | platform.ONE_THREAD,
                **platform.apart(),
            )

    def prepare(self, plan: Plan) -> None:
        """Say with which settings it is to prepare the task, without waiting until it has."""
        self._patience = plan.limits.prepare
        order: JsonObject = {
            "settings": plan.settings,
            "limits": cast("Json", dataclasses.asdict(plan.limits)),
            "level": plan.level.value,
        }
        with contextlib.suppress(OSError):  # where it has ended, ``wait_ready`` tells why
            self._say(order, (), self._patience)

    def wait_ready(self) -> None:
        """Wait until the task is prepared; raises SandboxError with the reason where it is not."""
        if self._ready:
            return
        reason = ""
        try:
            answer = self._answer(self._patience)
            reason = str(answer.get("failed", ""))
        except TimeoutError:
            reason = f"not ready after {self._patience:g} s"
        except OSError as error:
            reason = str(error)
        if reason:
            raise not_prepared(self._task, reason, tail(self._errors))
        self._ready = True

    def fork(self, line: int, crumb: int) -> int:
        """Return the process id of a new worker that holds copies of the two descriptors."""
        answer = self._ask({"op": "fork"}, (line, crumb), _ANSWER_SECONDS)
        if "failed" in answer:
            raise SandboxError(f"no worker could be started: {answer['failed']}")
        return int(str(answer["pid"]))

    def end(self, pid: int) -> int | None:
        """Kill and reap a worker; returns its exit code, -signal, or None where it lingers."""
        code = self._ask({"op": "end", "pid": pid}, (), _ANSWER_SECONDS)["code"]
        return code if isinstance(code, int) else None

    def _ask(self, order: JsonObject, descriptors: Sequence[int], seconds: float) -> JsonObject:
        self._say(order, descriptors, seconds)
        return self._answer(seconds)

    def _say(self, order: JsonObject, descriptors: Sequence[int], seconds: float) -> None:
        data = wire.encode(order)
        self._control.settimeout(seconds)
        sent = wire.send(self._control, data, descriptors)
        self._control.sendall(data[sent:])

    def _answer(self, seconds: float) -> JsonObject:
        self._control.settimeout(seconds)
        while True:
            received = self._control.recv(_PIECE)
            if not received:
                raise ConnectionError("the fork server ended")
            for answer in self._decoder.feed(received):
                if isinstance(answer, dict):
                    return answer

    def close(self) -> None:
        """End the nursery and with it every worker."""
        if not self._ready:  # it has no workers yet, and does not listen while it prepares
            self._process.kill()
        with contextlib.suppress(OSError):
            # Its line closes as it ends: waiting for that is exact, where a wait for a process with
            # a time limit sleeps in steps.
            self._control.shutdown(socket.SHUT_WR)
            self._control.settimeout(_END_SECONDS)
            while self._control.recv(_PIECE):
                pass
        self._control.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()


class ForkedWorker:
    """One sealed worker: its socket, what waits to be sent, and its breadcrumb."""

    def __init__(
        self, nursery: NurseryProcess, pid: int, channel: socket.socket, crumb: Reader
    ) -> None:
        self.nursery = nursery  # the one that forked it, and alone can end it
        self.pid = pid
        self.channel = channel
        self.crumb = crumb
        self.ended = False
        self._decoder = wire.Decoder()
        self._outbox: deque[tuple[bytes, tuple[int, ...]]] = deque()

    def send(self, frame: bytes, fds: Sequence[int] = ()) -> None:
        # A copy: the pool may close its own before the worker has room to take this one.
        descriptors = tuple(os.dup(fd) for fd in fds)
        self._outbox.append((frame, descriptors))
        self.flush()

    @property
    def has_to_send(self) -> bool:
        return bool(self._outbox)

    def flush(self) -> None:
        """Send what the worker has room for."""
        while self._outbox:
            data, descriptors = self._outbox[0]
            try:
                sent = wire.send(self.channel, data, descriptors)
            except BlockingIOError:
                return
            except OSError:  # it died; the closed line tells the pool
                self.forget()
                return
            for descriptor in descriptors:
                let_go(descriptor)
            if sent == len(data):
                self._outbox.popleft()
            else:
                self._outbox[0] = (data[sent:], ())

    def forget(self) -> None:
        """Drop what was not sent."""
        for _, descriptors in self._outbox:
            for descriptor in descriptors:
                let_go(descriptor)
        self._outbox.clear()

    def receive(self) -> list[Json]:
        values: list[Json] = []
        taken = 0
        while taken < _ROUND:
            try:
                data = self.channel.recv(_PIECE)  # not recvmsg: descriptors from a worker are lost
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                self.ended = True
                break
            values += self._decoder.feed(data)
            taken += len(data)
            if len(data) < _PIECE:
                break
        return values

    def breadcrumb(self) -> Breadcrumb:
        return self.crumb.read()


class Forked:
    """Implements ``Backend`` on systems with a fork server."""

    passes_descriptors = True

    def __init__(self, plan: Plan, nursery: NurseryProcess | None = None) -> None:
        self._plan = plan
        self._nursery = nursery or NurseryProcess(plan.task)
        self._nursery.prepare(plan)
        self._selector = selectors.DefaultSelector()
        self._workers: set[ForkedWorker] = set()

    def prestart(self, workers: int) -> Sequence[Handle]:
        return ()  # the nursery is at work already, and workers are forked from it when it is ready

    def launch(self) -> ForkedWorker:
        self._nursery.wait_ready()
        ours, theirs = socket.socketpair()
        crumb = Reader()
        crumb.unlink()
        with theirs:
            try:
                pid = self._nursery.fork(theirs.fileno(), crumb.fd)
            except (OSError, wire.WireError):  # killed from outside: once more from the start
                self._nursery.close()
                self._nursery = NurseryProcess(self._plan.task)
                self._nursery.prepare(self._plan)
                self._nursery.wait_ready()
                try:
                    pid = self._nursery.fork(theirs.fileno(), crumb.fd)
                except (OSError, wire.WireError) as error:
                    raise SandboxError(f"no worker could be started: {error}") from error
        ours.setblocking(False)
        worker = ForkedWorker(self._nursery, pid, ours, crumb)
        self._selector.register(ours, selectors.EVENT_READ, worker)
        self._workers.add(worker)
        return worker

    def wait(self, seconds: float) -> list[Handle]:
        for worker in self._workers:
            self._watch(worker)
        ready: list[Handle] = []
        for key, mask in self._selector.select(max(seconds, 0)):
            worker = key.data
            if mask & selectors.EVENT_WRITE:
                worker.flush()
            if mask & selectors.EVENT_READ:
                ready.append(worker)
        return ready

    def _watch(self, worker: ForkedWorker) -> None:
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if worker.has_to_send else 0)
        if self._selector.get_key(worker.channel).events != wanted:
            self._selector.modify(worker.channel, wanted, worker)

    def end(self, handle: Handle) -> int | None:
        assert isinstance(handle, ForkedWorker)
        self._workers.discard(handle)
        self._selector.unregister(handle.channel)
        handle.forget()
        code = None
        if handle.nursery is self._nursery:  # else it died with the former one
            with contextlib.suppress(OSError, wire.WireError):
                code = self._nursery.end(handle.pid)
        handle.channel.close()
        handle.crumb.close()
        return code

    def last_words(self, handle: Handle) -> str:
        return ""  # the nursery prepared it; a worker is mute

    def close(self) -> None:
        for worker in self._workers:
            worker.forget()
            worker.channel.close()
            worker.crumb.close()
        self._workers.clear()
        self._selector.close()
        self._nursery.close()
