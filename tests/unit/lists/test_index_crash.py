"""A writer killed anywhere leaves the old state or the new one, and the next writer goes on."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assay.lists import index_kernel, index_writer
from assay.lists.index import HammingIndex
from assay.lists.index_writer import IndexWriter
from tests.support.hamming import Model, uniform

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills forked processes")
LIMIT = 20  # of the tail in these tests
Step = Callable[[IndexWriter], object]


@pytest.fixture(autouse=True)
def _small_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_writer, "TAIL_LIMIT", LIMIT)
    assert index_kernel.CHUNKS == 16  # loaded here, not anew in every forked process


class Plan:
    """Steps of a writer and what the index holds after each; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._next = 0
        self.steps: list[Step] = []
        self.states: list[Model] = [[]]

    def add(self, count: int) -> None:
        hashes = uniform(self._random, count)
        records = np.arange(self._next, self._next + count, dtype=np.uint64)
        self._next += count
        new = [(h.tobytes(), int(r)) for h, r in zip(hashes, records, strict=True)]
        self.states.append(self.states[-1] + new)
        self.steps.append(lambda writer: writer.add(hashes, records))

    def delete(self, count: int) -> None:
        there = [record for _, record in self.states[-1]]
        gone = self._random.choice(there, min(count, len(there)), replace=False)
        self.states.append([e for e in self.states[-1] if e[1] not in set(gone.tolist())])
        self.steps.append(lambda writer: writer.delete(gone))

    def compact(self) -> None:
        self.states.append(self.states[-1])
        self.steps.append(lambda writer: writer.compact())

    def any(self) -> None:
        kind = int(self._random.integers(0, 10))
        if kind < 6:
            self.add(int(self._random.integers(1, LIMIT)))
        elif kind < 7:
            self.add(LIMIT + int(self._random.integers(1, 60)))
        elif kind < 9 and self.states[-1]:
            self.delete(int(self._random.integers(1, 20)))
        else:
            self.compact()


def held(folder: Path) -> Model:
    return [
        (w.tobytes(), int(r))
        for words, records in HammingIndex(folder).contents()
        for w, r in zip(words, records, strict=True)
    ]


def forked(work: Callable[[int], None]) -> tuple[int, int]:
    """Run ``work`` in a process of its own; return its id and a pipe from it."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(write)
        finally:
            os._exit(1)
    os.close(write)
    return child, read


def acknowledged(child: int, read: int) -> tuple[int, bool]:
    """Return how many steps a process finished, and whether it was killed."""
    with os.fdopen(read, "rb") as pipe:
        steps = len(pipe.read())
    return steps, os.WIFSIGNALED(os.waitpid(child, 0)[1])


CALLS = ("open", "pwrite", "ftruncate", "replace", "unlink", "mkdir")


def die_at(call: int) -> None:
    """Kill this process at its n-th call that changes files; of a write, half is still done."""
    calls = 0

    def watched(name: str) -> Callable[..., object]:
        real = getattr(os, name)

        def instead(*given: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if calls == call:
                if name == "pwrite":
                    fd, data, offset = given
                    real(fd, bytes(data)[: len(data) // 2], offset)  # type: ignore[arg-type]
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)

        return instead

    for name in CALLS:
        setattr(os, name, watched(name))


def test_killed_at_any_call_it_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    plan = Plan(3)
    plan.add(4)
    plan.delete(2)
    plan.compact()
    plan.add(5)
    plan.add(LIMIT + 30)  # a segment of its own
    plan.delete(9)
    plan.add(LIMIT - 1)
    plan.add(7)  # folds the tail
    before = tmp_path / "begun"
    places = 0
    for number, step in enumerate(plan.steps):
        for call in itertools.count(1):
            folder = tmp_path / f"{number}-{call}"
            if before.exists():
                shutil.copytree(before, folder)

            def work(pipe: int, folder: Path = folder, step: Step = step, call: int = call) -> None:
                die_at(call)
                with IndexWriter(folder) as writer:
                    step(writer)
                os._exit(0)

            if not acknowledged(*forked(work))[1]:
                assert held(folder) == plan.states[number + 1]
                before = folder
                break
            places += 1
            if (folder / "manifest").exists() or number:  # else killed before there was an index
                found = held(folder)
                assert found in plan.states[number : number + 2]
                with IndexWriter(folder) as writer:
                    assert held(folder) == found
                    writer.add(uniform(np.random.default_rng(call), 1), np.array([10**6]))
                assert held(folder)[:-1] == found
            IndexWriter(folder).close()
            shutil.rmtree(folder)
    assert places > 60


def test_killed_at_random_again_and_again_it_loses_nothing(tmp_path: Path) -> None:
    random = np.random.default_rng(11)
    plan = Plan(12)
    at = 0
    IndexWriter(tmp_path).close()
    for _ in range(25):
        while len(plan.steps) < at + 200:
            plan.any()
        steps = plan.steps[at:]

        def work(pipe: int, steps: list[Step] = steps) -> None:
            with IndexWriter(tmp_path) as writer:
                for step in steps:
                    step(writer)
                    os.write(pipe, b".")
            os._exit(0)

        child, pipe = forked(work)
        time.sleep(float(random.uniform(0, 0.2)))  # where it is by then differs from run to run
        os.kill(child, signal.SIGKILL)
        done, _ = acknowledged(child, pipe)
        found = held(tmp_path)
        old, new = plan.states[at + done], plan.states[min(at + done + 1, len(plan.steps))]
        assert found in (old, new)
        at += done + (found == new and done < len(steps))


def test_readers_beside_a_writer_see_whole_additions_only(tmp_path: Path) -> None:
    """Ten hashes are added and ten others deleted at a time, while segments come and go."""

    def work(pipe: int) -> None:
        random = np.random.default_rng(4)
        with IndexWriter(tmp_path) as writer:
            for n in range(150):
                batch = np.arange(10 * n, 10 * n + 10)
                writer.add(uniform(random, 10), batch)
                if n % 4 == 3:
                    writer.delete(batch - 20)
                if n % 25 == 0:
                    writer.compact()
                os.write(pipe, b".")
        os._exit(0)

    IndexWriter(tmp_path).close()
    child, pipe = forked(work)
    index = HammingIndex(tmp_path)
    last = -1
    looks = 0
    while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        index.refresh()
        for reader in (index, HammingIndex(tmp_path)):
            records = [int(r) for _, found in reader.contents() for r in found]
            batches = {r // 10 for r in records}
            assert len(records) == 10 * len(batches) == len(set(records))
            assert max(batches, default=-1) >= last  # never back to an older state
            last = max(batches, default=-1)
            # All but the deleted ones, up to the newest.
            assert batches >= {n for n in range(last + 1) if n % 4 != 1}
            looks += 1
    assert acknowledged(child, pipe) == (150, False)
    assert looks > 1
    index.refresh()
    assert index.count == 10 * (150 - 37)
