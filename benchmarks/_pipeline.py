"""Runs ``assay`` as a user does, as a subprocess, and takes time, memory and the first item.

Timed runs are not disturbed; what must be watched while it goes on has a run of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PASSES = "0-1"
_LOOK_SECONDS = 0.05  # between two looks at a running case
_MEMORY_EVERY = 10  # looks
_LANE_1 = "SELECT 1 FROM placements WHERE lane = 1 LIMIT 1"


@dataclass(frozen=True, slots=True)
class Timed:
    wall: float  # seconds from starting the process to its end
    cpu: float  # seconds of the process and all its workers
    summary: Mapping[str, object]  # the last line of --json


@dataclass(slots=True)
class Watched:
    """What another process saw of a run. Memory as peaks of PSS, in bytes."""

    first_item: float | None = None  # seconds from process start to a committed lane-1 item
    worker: int = 0  # the largest worker
    workers: int = 0  # all workers together
    nursery: int = 0
    coordinator: int = 0
    seen: set[int] = field(default_factory=set)


def environment(cache: Path) -> dict[str, str]:
    """Return variables for children: compiled bytecode as a pip install has it, no user lists."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(cache / "bytecode")
    env["ASSAY_HOME"] = str(cache / "home")
    return env


def assay() -> str:
    """Return the command that belongs to this Python."""
    beside = Path(sys.executable).parent / "assay"
    return str(beside) if beside.exists() else "assay"


def triage(folder: Path, case: Path, env: Mapping[str, str], items: int) -> Timed:
    """Run the command to its end on a new case; raises RuntimeError unless it did all of it."""
    shutil.rmtree(case, ignore_errors=True)
    started = time.perf_counter()
    before = os.times()
    done = subprocess.run(_command(folder, case), env=env, capture_output=True, check=False)
    after = os.times()
    wall = time.perf_counter() - started
    if done.returncode != 0:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr.decode()[-2000:]}")
    summary = json.loads(done.stdout.splitlines()[-1])
    if summary["examined"] < items or summary["failed"] or summary["unread"]:  # previews besides
        raise RuntimeError(f"not every file was examined: {summary}")
    cpu = after.children_user - before.children_user + after.children_system
    return Timed(wall, cpu - before.children_system, summary)


def watch(folder: Path, case: Path, env: Mapping[str, str]) -> Watched:
    """Run the command and look at its case and its processes meanwhile (Linux only)."""
    shutil.rmtree(case, ignore_errors=True)
    watched = Watched()
    started = time.perf_counter()
    process = subprocess.Popen(
        _command(folder, case), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    looks = 0
    while process.poll() is None:
        if watched.first_item is None and _has_item(case / "case.db"):
            watched.first_item = time.perf_counter() - started
        if looks % _MEMORY_EVERY == 0:
            _take_memory(process.pid, watched)
        looks += 1
        time.sleep(_LOOK_SECONDS)
    return watched


def help_seconds(env: Mapping[str, str]) -> float:
    """Return the wall time of ``assay --help``."""
    started = time.perf_counter()
    subprocess.run([assay(), "--help"], env=env, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def _command(folder: Path, case: Path) -> list[str]:
    target = ["triage", str(folder), "--case", str(case)]
    return [assay(), *target, "--passes", PASSES, "--json"]


def _has_item(database: Path) -> bool:
    if not database.exists():
        return False
    try:
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=0.01)
        try:
            return connection.execute(_LANE_1).fetchone() is not None
        finally:
            connection.close()
    except sqlite3.Error:
        return False  # being made


def _take_memory(pid: int, watched: Watched) -> None:
    """Take the PSS of a run's coordinator, its fork server and the workers of that."""
    watched.coordinator = max(watched.coordinator, _pss(pid))
    for nursery in _children(pid):
        watched.nursery = max(watched.nursery, _pss(nursery))
        sizes = []
        for worker in _children(nursery):
            watched.seen.add(worker)
            sizes.append(_pss(worker))
        watched.worker = max([watched.worker, *sizes])
        watched.workers = max(watched.workers, sum(sizes))


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from (int(child) for child in task.read_text().split())
        except OSError:
            continue  # it ended


def _pss(pid: int) -> int:
    """Return a process's share of memory in bytes, pages shared with n others counted 1/n."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it ended, or this user may not look
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
