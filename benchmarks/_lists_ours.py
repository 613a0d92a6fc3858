"""Assay's part of ``benchmarks/lists.py``: each step in a process of its own, for its memory.

Run as ``python -m benchmarks._lists_ours STEP DATA INDEX [OUT]``; prints JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.lists import index_kernel  # noqa: F401 - compiled before anything is measured
from assay.lists.index import HammingIndex
from assay.lists.index_search import cores
from assay.lists.index_writer import TAIL_LIMIT, IndexWriter
from benchmarks._lists_data import RADIUS

_BLOCK = 1 << 18  # hashes handed over at once
NEW = 100  # hashes added one by one
RADII = (15, 31, 47, 63)


class Memory:
    """Watches the memory of this process that is not mapped from files; MB."""

    def __init__(self) -> None:
        self.base = self.peak = _own()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.01):
            self.peak = max(self.peak, _own())


def build(data: Path, index: Path) -> dict[str, object]:
    """Build the index from blocks, as a list's store would give them."""
    hashes = np.load(data / "hashes.npy", mmap_mode="r")

    def blocks() -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint64]]]:
        for start in range(0, len(hashes), _BLOCK):
            block = np.array(hashes[start : start + _BLOCK])
            yield block, np.arange(start, start + len(block), dtype=np.uint64)

    with Memory() as memory:
        started, spent = time.perf_counter(), time.process_time()
        IndexWriter.rebuild(index, blocks())
        wall, cpu = time.perf_counter() - started, time.process_time() - spent
    size = sum(path.stat().st_size for path in index.iterdir())
    return {
        "wall": wall,
        "cpu": cpu,
        "bytes": size,
        "own_before": memory.base,
        "own": memory.peak,
        "peak": _status("VmHWM"),
    }


def query(data: Path, index: Path, out: Path) -> dict[str, object]:
    """Open with all checksums, then ask one by one, all at once, and at other radii."""
    queries = np.load(data / "queries.npy")
    before = _own()
    started = time.perf_counter()
    quick = HammingIndex(index, check=False)
    unchecked = time.perf_counter() - started
    started, spent = time.perf_counter(), time.process_time()
    reader = HammingIndex(index)
    checked, checking = time.perf_counter() - started, time.process_time() - spent
    del quick
    wall, cpu = [], []
    for n in range(len(queries)):
        started, spent = time.perf_counter(), time.process_time()
        reader.search(queries[n : n + 1], RADIUS)
        wall.append(1000 * (time.perf_counter() - started))
        cpu.append(1000 * (time.process_time() - spent))
    started, spent = time.perf_counter(), time.process_time()
    found = reader.search(queries, RADIUS, threads=cores())
    batch = 1000 * (time.perf_counter() - started) / len(queries)
    batch_cpu = 1000 * (time.process_time() - spent) / len(queries)
    started = time.perf_counter()
    reader.nearest(queries, RADIUS, threads=cores())
    nearest = 1000 * (time.perf_counter() - started) / len(queries)
    radii = {}
    for radius in RADII:
        some = queries[: 200 if radius < 40 else 40]
        spent = time.process_time()
        for n in range(len(some)):
            reader.search(some[n : n + 1], radius)
        radii[radius] = 1000 * (time.process_time() - spent) / len(some)
    np.savez(out, query=found.query, record=found.record)
    return {
        "wall": wall[3:],
        "cpu": cpu[3:],
        "batch": batch,
        "batch_cpu": batch_cpu,
        "nearest": nearest,
        "radii": radii,
        "open": checked,
        "open_cpu": checking,
        "open_unchecked": unchecked,
        "own": _own() - before,
        "peak": _status("VmHWM"),
        "capped": int(found.capped.sum()),
    }


def update(data: Path, index: Path) -> dict[str, object]:
    """Add hashes one by one while another process looks for them, then delete, then compact.

    The tail is nearly full at the start, so one of the additions folds it into a segment.
    """
    new = np.random.default_rng(77).integers(0, 256, (NEW, 32), np.uint8)
    np.save(data / "new.npy", new)
    with IndexWriter(index) as writer:
        filling = TAIL_LIMIT - NEW // 2
        rows = np.random.default_rng(78).integers(0, 256, (filling, 32), np.uint8)
        writer.add(rows, np.full(filling, 1 << 31))
        command = [sys.executable, "-m", "benchmarks._lists_ours", "watch", str(data), str(index)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as watcher:
            assert watcher.stdout is not None
            watcher.stdout.readline()  # it is ready
            begun, took = [], []
            for n in range(NEW):
                begun.append(time.monotonic())
                writer.add(new[n : n + 1], np.array([1_000_000_000 + n]))
                took.append(1000 * (time.monotonic() - begun[-1]))
                time.sleep(0.02)
            seen = json.loads(watcher.stdout.read())
        started = time.perf_counter()
        one = writer.delete(np.array([12345]))
        delete_one = time.perf_counter() - started
        started = time.perf_counter()
        many = writer.delete(np.arange(0, writer.count, 10))
        delete_many = time.perf_counter() - started
        with Memory() as memory:
            started, spent = time.perf_counter(), time.process_time()
            writer.compact()
            wall, cpu = time.perf_counter() - started, time.process_time() - spent
        left = writer.count
    return {
        "visible": [1000 * (s - b) for s, b in zip(seen, begun, strict=True)],
        "add": took,
        "delete_one": delete_one,
        "delete_many": delete_many,
        "deleted": one + many,
        "compact": wall,
        "compact_cpu": cpu,
        "own": memory.peak,
        "left": left,
    }


def watch(data: Path, index: Path) -> list[float]:
    """Ask for each new hash until it is there; return when it was."""
    new = np.load(data / "new.npy")
    reader = HammingIndex(index, check=False)
    reader.search(new, RADIUS)
    print("ready", flush=True)
    seen = []
    for n in range(len(new)):
        while not len(reader.search(new[n : n + 1], RADIUS).record):
            pass
        seen.append(time.monotonic())
    return seen


def _own() -> float:
    return _status("RssAnon")


def _status(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def main() -> None:
    step, *places = sys.argv[1], *map(Path, sys.argv[2:])
    steps = {"build": build, "query": query, "update": update, "watch": watch}
    json.dump(steps[step](*places), sys.stdout)  # type: ignore[operator]


if __name__ == "__main__":
    main()
