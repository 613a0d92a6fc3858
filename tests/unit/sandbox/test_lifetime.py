"""Nothing outlives the pool or its coordinator, and no worker holds another's line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.core.vocab import FailureReason
from assay.sandbox import platform
from assay.sandbox.pool import SandboxError
from tests.unit.sandbox.conftest import ROOT, MakePool, bodies, deaths, drain

pytestmark = pytest.mark.skipif(
    not platform.LINUX, reason="reads /proc to see which processes are left"
)
SECONDS = 10.0

COORDINATOR = """
import sys
from assay.sandbox.pool import Pool, Message, WorkerLimits
pool = Pool("tests.support.tasks:make", {}, workers=2, limits=WorkerLimits(seconds=600))
pool.submit({"do": "echo"})
pids = [e.body["pid"] for e in pool.poll(10) if isinstance(e, Message)]
pool.submit({"do": "hang"}), pool.submit({"do": "hang"})
print(pids[0], flush=True)
while True:
    pool.poll(60)
"""


def _descendants(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == pid:
                found += [int(entry.name), *_descendants(int(entry.name))]
    return found


def _alive(pids: list[int]) -> list[int]:
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX":  # an orphan is reaped by whoever is init here
            found.append(pid)
    return found


def _gone(pids: list[int]) -> bool:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if not _alive(pids):
            return True
        time.sleep(0.02)
    return False


def test_no_process_is_left_after_closing(make_pool: MakePool, mode: str) -> None:
    pool = make_pool(workers=3)
    pool.submit({"do": "segfault"})
    pool.submit({"do": "echo"})
    drain(pool)
    pool.submit({"do": "hang"})
    pool.poll(0)
    children = _descendants(os.getpid())
    assert len(children) == (3 if mode == "process" else 4), "workers, and the fork server if any"

    pool.close()

    assert _descendants(os.getpid()) == []


def test_a_killed_coordinator_takes_its_hanging_workers_along(mode: str, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    coordinator = subprocess.Popen(
        [sys.executable, "-c", COORDINATOR], stdout=subprocess.PIPE, env=environment
    )
    assert coordinator.stdout is not None
    worker = int(coordinator.stdout.readline())
    family = _descendants(coordinator.pid)
    assert worker in family

    coordinator.kill()
    coordinator.wait()
    coordinator.stdout.close()

    assert _gone(family), f"still there under {mode}"
    assert list(tmp_path.iterdir()) == []


def test_a_terminals_interrupt_does_not_reach_the_workers(make_pool: MakePool, mode: str) -> None:
    pool = make_pool(workers=1)
    ticket = pool.submit({"do": "sleep", "budget": 60, "seconds": 0.5})
    pool.poll(0.1)
    for pid in _descendants(os.getpid()):
        assert os.getpgid(pid) != os.getpgid(0)
        os.kill(pid, signal.SIGINT)

    assert bodies(drain(pool))[ticket] == [{"slept": True}]


@pytest.mark.skipif(not platform.has_fork_server(), reason="needs a fork server")
def test_a_worker_holds_only_its_own_line(make_pool: MakePool) -> None:
    pool = make_pool(workers=4)
    pool.submit({"do": "descriptors"})

    found = bodies(drain(pool)).popitem()[1][0]["sockets"]

    assert found == 1


@pytest.mark.skipif(not platform.has_fork_server(), reason="needs a fork server")
def test_a_killed_fork_server_is_started_again_and_blames_no_request(make_pool: MakePool) -> None:
    pool = make_pool(workers=2)
    tickets = [pool.submit({"do": "sleep", "budget": 60, "seconds": 0.3}) for _ in range(4)]
    pool.poll(0.1)
    os.kill(min(_descendants(os.getpid())), signal.SIGKILL)

    events = drain(pool)

    assert deaths(events) == {}
    assert sorted(bodies(events)) == tickets


@pytest.mark.skipif(not platform.has_fork_server(), reason="needs a fork server")
def test_a_worker_killed_from_outside_is_reported_with_its_signal(make_pool: MakePool) -> None:
    pool = make_pool(workers=1)
    ticket = pool.submit({"do": "hang"})
    pool.poll(0.3)
    os.kill(max(_descendants(os.getpid())), signal.SIGKILL)

    died = deaths(drain(pool))[ticket]

    assert died.reason is FailureReason.CRASH
    assert died.detail.startswith("SIGKILL")


@pytest.mark.skipif(not platform.has_fork_server(), reason="needs a fork server")
def test_threads_that_a_seal_would_miss_are_refused(make_pool: MakePool) -> None:
    pool = make_pool(task="tests.support.tasks:make_threaded")
    pool.submit({"do": "echo"})
    with pytest.raises(SandboxError, match="thread"):
        pool.poll(10)
