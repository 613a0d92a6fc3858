"""Workers as plain processes, for systems without a fork server: paths instead of descriptors.

Both sides of this fallback are here. Pipes and threads rather than sockets, because they work on
every system. Each worker prepares the task for itself; time and memory limits are its only bounds.
Run as ``python -P -m assay.sandbox.spawned``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import subprocess
import sys
import threading
import traceback
from collections import deque
from collections.abc import Sequence
from typing import IO, cast

from assay.core.jsonvalue import Json
from assay.core.vocab import SealLevel
from assay.sandbox import platform, seal, wire
from assay.sandbox.backend import Handle, Plan, error_file, tail
from assay.sandbox.breadcrumb import Breadcrumb, Reader, Writer
from assay.sandbox.task import SandboxError, load
from assay.sandbox.worker import serve

_PIECE = 1 << 16  # bytes of one read
_QUEUED = 64  # pieces waiting for the coordinator; then the readers hold back
_END_SECONDS = 10.0


# -- the coordinator's side --------------------------------------------------------------------

_Pieces = queue.Queue["tuple[SpawnedWorker, bytes]"]


class SpawnedWorker:
    """One worker process with a thread for each direction, so that neither side can block us."""

    def __init__(self, plan: Plan, pieces: _Pieces) -> None:
        self.ended = False
        self.pieces: deque[bytes] = deque()
        self.crumb = Reader()
        self.errors: IO[bytes] = error_file()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "assay.sandbox.spawned"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=os.environ | platform.ONE_THREAD,
            bufsize=0,
            **platform.apart(),
        )
        self._closing = threading.Event()
        self._decoder = wire.Decoder()
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._threads = (
            threading.Thread(target=self._pump_out, daemon=True),
            threading.Thread(target=self._pump_in, args=(pieces,), daemon=True),
        )
        for thread in self._threads:
            thread.start()
        limits = cast("Json", dataclasses.asdict(plan.limits))
        order: Json = ["prepare", plan.task, plan.settings, limits, self.crumb.path]
        self.send(wire.encode(order))

    def send(self, frame: bytes, fds: Sequence[int] = ()) -> None:
        if fds:
            raise SandboxError("this system cannot pass descriptors to workers")
        self._outbox.put(frame)

    def receive(self) -> list[Json]:
        values: list[Json] = []
        while self.pieces:
            piece = self.pieces.popleft()
            if not piece:
                self.ended = True
                break
            values += self._decoder.feed(piece)
        return values

    def breadcrumb(self) -> Breadcrumb:
        return self.crumb.read()

    def end(self) -> int:
        """Kill if need be, and release everything; returns the exit code or -signal."""
        self._closing.set()
        if self.ended:  # its line is closed: let it finish dying of its own cause
            try:
                self.process.wait(1)
            except subprocess.TimeoutExpired:
                self.process.kill()
        else:
            self.process.kill()
        code = self.process.wait()
        self._outbox.put(None)
        for thread in self._threads:
            thread.join(_END_SECONDS)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.crumb.close()
        self.errors.close()
        return code

    def _pump_out(self) -> None:
        pipe = self.process.stdin
        assert pipe is not None
        while (data := self._outbox.get()) is not None:
            view = memoryview(data)
            try:
                while view:
                    view = view[pipe.write(view) :]
            except (OSError, ValueError):  # it died, or is being closed
                return

    def _pump_in(self, pieces: _Pieces) -> None:
        pipe = self.process.stdout
        assert pipe is not None
        while True:
            try:
                piece = pipe.read(_PIECE)
            except (OSError, ValueError):
                piece = b""
            while not self._closing.is_set():
                try:
                    pieces.put((self, piece), timeout=0.1)
                    break
                except queue.Full:
                    continue
            if not piece:
                return


class Spawned:
    """Implements ``Backend`` on every system."""

    passes_descriptors = False

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._pieces: _Pieces = queue.Queue(_QUEUED)
        self._workers: set[SpawnedWorker] = set()

    def prestart(self, workers: int) -> Sequence[Handle]:
        return [self.launch() for _ in range(workers)]

    def launch(self) -> SpawnedWorker:
        worker = SpawnedWorker(self._plan, self._pieces)
        self._workers.add(worker)
        return worker

    def wait(self, seconds: float) -> Sequence[Handle]:
        ready: dict[SpawnedWorker, None] = {}
        timeout = max(seconds, 0.0)
        for _ in range(_QUEUED):
            try:
                worker, piece = self._pieces.get(timeout > 0, timeout or None)
            except queue.Empty:
                break
            timeout = 0.0
            if worker in self._workers:
                worker.pieces.append(piece)
                ready[worker] = None
        return tuple(ready)

    def end(self, handle: Handle) -> int | None:
        assert isinstance(handle, SpawnedWorker)
        self._workers.discard(handle)
        return handle.end()

    def last_words(self, handle: Handle) -> str:
        assert isinstance(handle, SpawnedWorker)
        return tail(handle.errors)

    def close(self) -> None:
        for worker in tuple(self._workers):
            self.end(worker)


# -- the worker's side -------------------------------------------------------------------------


class PipeLine:
    """Frames over two pipes; ends the process as soon as the coordinator is gone."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._outgoing = outgoing
        self._values: queue.SimpleQueue[Json] = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(incoming,), daemon=True).start()

    def _listen(self, incoming: int) -> None:
        decoder = wire.Decoder()
        while data := os.read(incoming, _PIECE):
            for value in decoder.feed(data):
                self._values.put(value)
        os._exit(0)  # even from the middle of a hang: nothing outlives the coordinator

    def send(self, value: Json) -> None:
        view = memoryview(wire.encode(value))
        while view:
            view = view[os.write(self._outgoing, view) :]

    def receive(self, *, wait: bool) -> tuple[list[Json], list[int]]:
        try:
            return [self._values.get(wait)], []
        except queue.Empty:
            return [], []


def main() -> int:
    """Prepare the task named in the first frame, then serve."""
    platform.ignore_interrupts()
    line = PipeLine(os.dup(0), os.dup(1))
    quiet = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):  # a library that prints must not break the frames
        os.dup2(quiet, standard)
    try:
        match line.receive(wait=True)[0]:
            case [["prepare", str(name), dict(settings), dict(limits), str(path)]]:
                task = load(name)
                task.preload()
                task.prepare(settings)
            case _:
                raise wire.WireError("not a frame of the coordinator")
        slot = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        crumb = Writer(slot)
        os.close(slot)
        with contextlib.suppress(OSError):  # Windows keeps an open file's name
            os.unlink(path)  # so that a killed coordinator leaves nothing behind
    except BaseException as error:
        traceback.print_exc()
        sys.stderr.flush()
        line.send(["unprepared", traceback.format_exception_only(error)[-1].strip()[:2000]])
        return 1
    os.dup2(quiet, 2)
    bounds = platform.WorkerLimits(**limits)
    return serve(line, task, crumb, seal.apply(SealLevel.PROCESS, bounds))


if __name__ == "__main__":
    sys.exit(main())
