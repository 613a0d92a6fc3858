"""Preparing begins before it is needed, and nobody waits for it before that."""

from __future__ import annotations

import os

import pytest

from assay.sandbox import platform
from assay.sandbox.headstart import HeadStart
from assay.sandbox.pool import SandboxError
from tests.unit.sandbox.conftest import TASK, MakePool, bodies, drain
from tests.unit.sandbox.test_lifetime import _descendants

needs_fork_server = pytest.mark.skipif(
    not platform.has_fork_server(), reason="needs a fork server and /proc"
)


def test_a_pool_without_work_waits_for_nothing(make_pool: MakePool, mode: str) -> None:
    pool = make_pool(task="tests.support.tasks:make_unpreparable")

    assert pool.poll(0) == []
    assert (pool.capacity(), pool.idle()) == (4, 2)
    pool.close()


@needs_fork_server
def test_a_pool_takes_the_head_start_over(make_pool: MakePool) -> None:
    with HeadStart(TASK) as ahead:
        (early,) = _descendants(os.getpid())
        pool = make_pool(workers=1, settings={"zone": "UTC"}, ahead=ahead)

    ticket = pool.submit({"do": "settings"})
    told = bodies(drain(pool))[ticket][0]

    assert told["settings"] == {"zone": "UTC"}
    assert early in _descendants(os.getpid())
    assert len(_descendants(os.getpid())) == 2, "the early process and its worker, no other"


@needs_fork_server
def test_a_head_start_that_no_pool_took_leaves_no_process(make_pool: MakePool) -> None:
    with HeadStart(TASK):
        pass

    assert _descendants(os.getpid()) == []


def test_a_head_start_for_another_task_is_left_alone(make_pool: MakePool, mode: str) -> None:
    with HeadStart("tests.support.tasks:make_exiting") as ahead:
        pool = make_pool(workers=1, ahead=ahead)
        ticket = pool.submit({"do": "echo", "text": "ok"})

        assert bodies(drain(pool))[ticket][0]["echo"] == "ok"


@needs_fork_server
def test_a_head_start_that_died_is_told_with_its_reason(make_pool: MakePool) -> None:
    task = "tests.support.tasks:make_unloadable"
    with HeadStart(task) as ahead:
        pool = make_pool(task=task, ahead=ahead)
        pool.submit({"do": "echo"})
        with pytest.raises(SandboxError, match="nothing of the kind"):
            pool.poll(10)
