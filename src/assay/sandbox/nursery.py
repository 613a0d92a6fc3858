"""The fork server: prepares the task once, alone on one thread, then forks sealed workers.

A replacement so costs a fork and a seal instead of seconds of imports. It answers one order at a
time, holds no worker's socket (a copy would keep a dead worker's line open), and ends with its
coordinator. The task's name is an argument and its settings the first order, so that imports begin
before the settings are known. Run as ``python -P -m assay.sandbox.nursery FD PARENT TASK``.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import time
import traceback
from typing import NoReturn

from assay.core.jsonvalue import Json, JsonObject
from assay.core.vocab import SealLevel
from assay.sandbox import platform, seal, wire
from assay.sandbox.breadcrumb import Writer
from assay.sandbox.task import Task, load
from assay.sandbox.worker import serve

_REAP_SECONDS = 5.0  # a killed worker in an uninterruptible read may take longer


class Control:
    """Orders from the coordinator, each with the descriptors that came with it."""

    def __init__(self, channel: socket.socket, parent: int) -> None:
        self._channel = channel
        self._parent = parent
        self._decoder = wire.Decoder()
        self._orders: list[Json] = []
        self._descriptors: list[int] = []

    def order(self) -> tuple[JsonObject, list[int]]:
        """Wait for the next order; raises EOFError when the coordinator is gone."""
        while not self._orders:
            # Another process of the coordinator may hold a copy of its end, so that the line never
            # closes: look at the parent as well.
            if not select.select([self._channel], [], [], 1.0)[0]:
                if os.getppid() != self._parent:
                    raise EOFError
                continue
            data, descriptors = wire.receive(self._channel, 1 << 16)
            if not data:
                raise EOFError
            self._descriptors += descriptors
            self._orders += self._decoder.feed(data)
        order = self._orders.pop(0)
        if not isinstance(order, dict):
            raise wire.WireError("not an order")
        descriptors, self._descriptors = self._descriptors, []
        return order, descriptors

    def say(self, answer: JsonObject) -> None:
        self._channel.sendall(wire.encode(answer))

    def close(self) -> None:
        self._channel.close()


class Line:
    """A sealed worker's line: a blocking socket. Implements ``worker.Line``."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._decoder = wire.Decoder()

    def send(self, value: Json) -> None:
        self._channel.sendall(wire.encode(value))

    def receive(self, *, wait: bool) -> tuple[list[Json], list[int]]:
        flags = 0 if wait else socket.MSG_DONTWAIT
        try:
            data, descriptors = wire.receive(self._channel, 1 << 16, flags)
        except BlockingIOError:
            return [], []
        if not data:
            raise EOFError
        return self._decoder.feed(data), descriptors


class Nursery:
    """Forks and reaps; at most one order is in work."""

    def __init__(self, control: Control, name: str) -> None:
        self.control = control
        self.children: set[int] = set()
        seal.preload()
        self.task: Task = load(name)
        self.task.preload()
        order, _ = control.order()
        self.limits = platform.WorkerLimits(**order["limits"])  # type: ignore[arg-type]
        self.level = SealLevel(str(order["level"]))
        settings = order["settings"]
        assert isinstance(settings, dict)
        self.task.prepare(settings)
        self._settle()

    def _settle(self) -> None:
        """Make sure that a fork copies all of this process, and copies it cheaply."""
        threads = platform.thread_count()
        if threads > 1:
            raise RuntimeError(
                f"{threads - 1} thread(s) were started while preparing; a seal would not cover them"
            )
        gc.freeze()  # collections in the children must not copy the pages they share

    def run(self) -> None:
        """Obey until the coordinator is gone, then take every worker along."""
        try:
            while True:
                order, descriptors = self.control.order()
                match order:
                    case {"op": "fork"}:
                        self.control.say(self._fork(descriptors))
                    case {"op": "end", "pid": int(pid)} if pid in self.children:
                        self.control.say({"code": self._end(pid, _REAP_SECONDS)})
                    case _:
                        raise wire.WireError("not an order")
        except (EOFError, OSError):
            pass
        finally:
            for pid in tuple(self.children):
                os.kill(pid, signal.SIGKILL)
            for pid in tuple(self.children):
                self._end(pid, _REAP_SECONDS)

    def _fork(self, descriptors: list[int]) -> JsonObject:
        nursery = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            for descriptor in descriptors:
                os.close(descriptor)
            return {"failed": str(error)}
        if pid == 0:
            try:
                self._become_worker(nursery, *descriptors)
            finally:
                os._exit(1)
        for descriptor in descriptors:
            os.close(descriptor)
        self.children.add(pid)
        return {"pid": pid}

    def _become_worker(self, nursery: int, line: int, crumb: int) -> NoReturn:
        platform.die_with_parent(nursery)
        gc.enable()
        self.control.close()
        quiet = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):  # libraries may chatter; a full disk or a terminal is not theirs
            os.dup2(quiet, standard)
        os.close(quiet)
        slot = Writer(crumb)
        os.close(crumb)
        channel = Line(socket.socket(fileno=line))
        serve(channel, self.task, slot, seal.apply(self.level, self.limits))

    def _end(self, pid: int, seconds: float) -> int | None:
        """Kill a worker that still lives and return how it ended: exit code, -signal or None.

        A death that is under way keeps its own cause.
        """
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + seconds
        pause = 0.0005
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self.children.discard(pid)
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > until:
                return None
            time.sleep(pause)
            pause = min(pause * 2, 0.05)


def main() -> int:
    """Serve the coordinator on the descriptor named by the first argument."""
    descriptor, parent, name = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    platform.ignore_interrupts()
    gc.disable()  # imports leave next to nothing to collect; looking takes a fifth of their time
    # While preparing, this process does not look at its line, so the kernel has to end it; later
    # the thread that started it may end before the coordinator does, and the closed line is the
    # sign.
    platform.die_with_parent(parent)
    control = Control(socket.socket(fileno=descriptor), parent)
    try:
        nursery = Nursery(control, name)
    except EOFError:
        return 0
    except BaseException as error:
        traceback.print_exc()
        control.say({"failed": traceback.format_exception_only(error)[-1].strip()[:2000]})
        return 1
    platform.die_with_parent(parent, wanted=False)
    control.say({"ready": True})
    nursery.run()
    os._exit(0)  # taking every library down in order takes longer than all else at the end of a run


if __name__ == "__main__":
    sys.exit(main())
