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
from assay.sandbox import platform, wire
from assay.sandbox.backend import Handle, Plan, error_file, not_prepared, tail
from assay.sandbox.breadcrumb import Breadcrumb, Reader
from assay.sandbox.task import SandboxError

_PIECE = 1 << 16  # bytes of one receive
_ROUND = 1 << 20  # bytes taken from one worker before the others get their turn
_ANSWER_SECONDS = 30.0  # for a fork or a reaping


class NurseryProcess:
    """The fork server as a child process; raises SandboxError where it is gone."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._errors = error_file()
        self._decoder = wire.Decoder()
        self._control, theirs = socket.socketpair()
        arguments = [str(theirs.fileno()), str(os.getpid())]
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
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        order: JsonObject = {
            "task": self._plan.task,
            "settings": self._plan.settings,
            "limits": cast("Json", dataclasses.asdict(self._plan.limits)),
            "level": self._plan.level.value,
        }
        seconds = self._plan.limits.prepare
        try:
            answer = self._ask(order, (), seconds)
        except TimeoutError:
            reason = f"not ready after {seconds:g} s"
            raise not_prepared(self._plan.task, reason, tail(self._errors)) from None
        except OSError as error:
            raise not_prepared(self._plan.task, str(error), tail(self._errors)) from None
        if "failed" in answer:
            reason = str(answer["failed"])
            raise not_prepared(self._plan.task, reason, tail(self._errors))

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
        data = wire.encode(order)
        self._control.settimeout(seconds)
        sent = wire.send(self._control, data, descriptors)
        self._control.sendall(data[sent:])
        while True:
            received = self._control.recv(_PIECE)
            if not received:
                raise ConnectionError("the fork server ended")
            for answer in self._decoder.feed(received):
                if isinstance(answer, dict):
                    return answer

    def close(self) -> None:
        """End the nursery and with it every worker."""
        self._control.close()
        try:
            self._process.wait(10)
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

    def send(self, frame: bytes, fd: int | None = None) -> None:
        # A copy: the pool may close its own before the worker has room to take this one.
        descriptors = () if fd is None else (os.dup(fd),)
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
                os.close(descriptor)
            if sent == len(data):
                self._outbox.popleft()
            else:
                self._outbox[0] = (data[sent:], ())

    def forget(self) -> None:
        """Drop what was not sent."""
        for _, descriptors in self._outbox:
            for descriptor in descriptors:
                os.close(descriptor)
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

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._nursery = NurseryProcess(plan)
        self._selector = selectors.DefaultSelector()
        self._workers: set[ForkedWorker] = set()

    def launch(self) -> ForkedWorker:
        ours, theirs = socket.socketpair()
        crumb = Reader()
        crumb.unlink()
        with theirs:
            try:
                pid = self._nursery.fork(theirs.fileno(), crumb.fd)
            except (OSError, wire.WireError):  # killed from outside: once more from the start
                self._nursery.close()
                self._nursery = NurseryProcess(self._plan)
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
