"""Pools over the tests' own tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assay.core.jsonvalue import JsonObject
from assay.core.vocab import SealLevel
from assay.sandbox import platform
from assay.sandbox.headstart import HeadStart
from assay.sandbox.pool import Asked, Died, Event, Message, Pool, WorkerLimits

ROOT = Path(__file__).resolve().parents[3]
TASK = "tests.support.tasks:make"

MakePool = Callable[..., Pool]


@pytest.fixture(params=["sealed", "process"])
def mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test both with this system's best workers and with the fallback for other systems."""
    if request.param == "process":
        monkeypatch.setenv(platform.SANDBOX_VARIABLE, "process")
    return str(request.param)


@pytest.fixture
def make_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePool]:
    """Make pools whose workers can import the tests; all are closed at the end."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # workers never import from the working folder
    pools: list[Pool] = []

    def make(
        *,
        task: str = TASK,
        settings: JsonObject | None = None,
        workers: int = 2,
        seconds: float = 30.0,
        memory: int = 1 << 30,
        level: SealLevel | None = None,
        ahead: HeadStart | None = None,
    ) -> Pool:
        limits = WorkerLimits(memory=memory, seconds=seconds)
        pool = Pool(task, settings or {}, workers=workers, limits=limits, level=level, ahead=ahead)
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        pool.close()


def drain(pool: Pool, *, answer: JsonObject | None = None) -> list[Event]:
    """Return every event until nothing is in flight, answering each question the same."""
    events: list[Event] = []
    while pool.in_flight:
        for event in pool.poll(10):
            events.append(event)
            if isinstance(event, Asked):
                pool.reply(event.ticket, answer or {})
    return events


def bodies(events: list[Event]) -> dict[int, list[JsonObject]]:
    """Return the results by ticket, in order."""
    found: dict[int, list[JsonObject]] = {}
    for event in events:
        if isinstance(event, Message):
            found.setdefault(event.ticket, []).append(event.body)
    return found


def deaths(events: list[Event]) -> dict[int, Died]:
    return {event.ticket: event for event in events if isinstance(event, Died)}
