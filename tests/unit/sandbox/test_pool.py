"""The pool loses no good request, whatever the bad ones do, sealed or not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assay.core.vocab import FailureReason, SealLevel
from assay.sandbox.pool import (
    Asked,
    Finished,
    Message,
    OpenSource,
    SandboxError,
)
from tests.unit.sandbox.conftest import MakePool, bodies, deaths, drain

pytestmark = pytest.mark.usefixtures("mode")


def test_a_crash_a_hang_a_memory_bomb_and_an_exception_lose_none_of_thirty_good_requests(
    make_pool: MakePool,
) -> None:
    pool = make_pool(seconds=1.5, memory=384 << 20)
    planted = {3: "segfault", 9: "hang", 16: "bomb", 22: "raise", 27: "exit"}
    good: dict[int, str] = {}
    bad: dict[str, int] = {}
    for number in range(35):
        if number in planted:
            bad[planted[number]] = pool.submit({"do": planted[number]})
        else:
            good[pool.submit({"do": "echo", "text": f"file {number}"})] = f"file {number}"

    events = drain(pool)

    told = {ticket: found[0]["echo"] for ticket, found in bodies(events).items()}
    assert told == good
    died = deaths(events)
    assert set(died) == set(bad.values())
    assert {word: died[ticket].reason for word, ticket in bad.items()} == {
        "segfault": FailureReason.CRASH,
        "hang": FailureReason.TIMEOUT,
        "bomb": FailureReason.MEMORY,
        "raise": FailureReason.CRASH,
        "exit": FailureReason.CRASH,
    }
    for word, ticket in bad.items():
        assert died[ticket].trace == f"about to {word}"
    assert died[bad["segfault"]].detail == "SIGSEGV"
    assert died[bad["exit"]].detail == "exit code 3"
    assert died[bad["raise"]].detail == "ValueError: the file is not to my taste"


def test_dead_workers_are_replaced(make_pool: MakePool) -> None:
    pool = make_pool(workers=1)
    tickets = [pool.submit({"do": word}) for word in ("echo", "segfault", "echo")]

    told = bodies(drain(pool))

    assert told[tickets[0]][0]["pid"] != told[tickets[2]][0]["pid"]


def test_events_of_a_request_come_in_order_and_end_with_finished(make_pool: MakePool) -> None:
    pool = make_pool(workers=1)
    ticket = pool.submit({"do": "many", "count": 300})

    events = drain(pool)

    numbers = [event.body["number"] for event in events if isinstance(event, Message)]
    assert numbers == list(range(300))
    assert events[-1] == Finished(ticket)


def test_a_question_is_answered_to_the_worker_that_asked(make_pool: MakePool) -> None:
    pool = make_pool()
    tickets = [pool.submit({"do": "ask", "text": f"{n}"}) for n in range(6)]
    events = []
    while pool.in_flight:
        for event in pool.poll(10):
            events.append(event)
            if isinstance(event, Asked):
                pool.reply(event.ticket, {"to": event.body["question"]})

    told = bodies(events)

    for number, ticket in enumerate(tickets):
        assert told[ticket] == [{"answer": {"to": f"{number}"}}]


def test_the_deadline_stands_still_while_the_coordinator_owes_an_answer(
    make_pool: MakePool,
) -> None:
    pool = make_pool(workers=1, seconds=0.3)
    ticket = pool.submit({"do": "ask", "text": "?"})
    asked = pool.poll(10)
    late = pool.poll(0.6)
    pool.reply(ticket, {"late": True})

    events = drain(pool)

    assert asked == [Asked(ticket, {"question": "?"})]
    assert late == []
    assert bodies(events)[ticket] == [{"answer": {"late": True}}]


def test_a_task_moves_its_own_deadline(make_pool: MakePool) -> None:
    pool = make_pool(workers=2, seconds=0.4)
    longer = pool.submit({"do": "sleep", "budget": 20, "seconds": 0.8})
    shorter = pool.submit({"do": "sleep", "budget": 0.1, "seconds": 60})

    events = drain(pool)

    assert bodies(events)[longer] == [{"slept": True}]
    assert deaths(events)[shorter].reason is FailureReason.TIMEOUT


def test_a_worker_reads_the_file_it_was_given(make_pool: MakePool, tmp_path: Path) -> None:
    pool = make_pool()
    contents = {}
    for number in range(12):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(f"content {number}".encode())
        fd = os.open(path, os.O_RDONLY)
        contents[pool.submit({"do": "read"}, OpenSource(fd, str(path)))] = f"content {number}"
        os.close(fd)  # the caller's descriptor is the caller's

    told = bodies(drain(pool))

    assert {ticket: found[0]["data"] for ticket, found in told.items()} == contents


def test_descriptors_do_not_pile_up(make_pool: MakePool, tmp_path: Path) -> None:
    pool = make_pool(workers=1)
    path = tmp_path / "file"
    path.write_bytes(b"x")
    pool.submit({"do": "descriptors"})
    before = bodies(drain(pool)).popitem()[1][0]
    ours = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(20):
        pool.submit({"do": "read"}, OpenSource(path=str(path)))
    pool.submit({"do": "descriptors"})

    after = bodies(drain(pool)).popitem()[1][0]

    assert after == before
    assert not ours or len(os.listdir("/proc/self/fd")) == ours


def test_a_large_message_arrives_whole(make_pool: MakePool) -> None:
    pool = make_pool(workers=1)
    text = "y" * (5 << 20)
    ticket = pool.submit({"do": "echo", "text": text})

    assert bodies(drain(pool))[ticket][0]["echo"] == text


@pytest.mark.parametrize("what", ["garbage", "flood"])
def test_a_worker_that_breaks_the_protocol_is_ended(make_pool: MakePool, what: str) -> None:
    pool = make_pool(workers=1)
    bad, good = pool.submit({"do": what}), pool.submit({"do": "echo", "text": "ok"})

    events = drain(pool)

    assert deaths(events)[bad].reason is FailureReason.CRASH
    assert deaths(events)[bad].detail.startswith("protocol: ")
    assert bodies(events)[good][0]["echo"] == "ok"


def test_a_request_waiting_behind_a_long_one_is_done_by_another_worker(
    make_pool: MakePool,
) -> None:
    pool = make_pool(workers=2)
    long = pool.submit({"do": "sleep", "budget": 60, "seconds": 1.2})
    others = [pool.submit({"do": "echo", "text": str(n)}) for n in range(12)]

    order = [event.ticket for event in drain(pool) if isinstance(event, Finished)]

    assert sorted(order) == [long, *others]
    assert order[-1] == long


def test_settings_reach_the_task(make_pool: MakePool) -> None:
    pool = make_pool(workers=1, settings={"zone": "Europe/Berlin", "deep": {"list": [1, None]}})
    ticket = pool.submit({"do": "settings"})

    told = bodies(drain(pool))[ticket][0]

    assert told["settings"] == {"zone": "Europe/Berlin", "deep": {"list": [1, None]}}


def test_capacity_counts_two_requests_a_worker(make_pool: MakePool) -> None:
    pool = make_pool(workers=2)
    assert (pool.capacity(), pool.idle()) == (4, 2)

    for _ in range(3):
        pool.submit({"do": "sleep", "budget": 60, "seconds": 0.2})

    assert (pool.capacity(), pool.idle(), pool.in_flight) == (1, 0, 3)


def test_a_task_that_cannot_be_prepared_says_why(make_pool: MakePool) -> None:
    pool = make_pool(task="tests.support.tasks:make_unpreparable")
    pool.submit({"do": "echo"})
    with pytest.raises(SandboxError, match=r"libmissing\.so\.1 cannot be found") as caught:
        pool.poll(10)

    assert "a library complains" in caught.value.hint


def test_a_task_that_ends_its_process_while_preparing_is_an_error(make_pool: MakePool) -> None:
    pool = make_pool(task="tests.support.tasks:make_exiting")
    pool.submit({"do": "echo"})
    with pytest.raises(SandboxError):
        pool.poll(10)


def test_a_request_that_is_no_json_is_refused_and_harms_nothing(make_pool: MakePool) -> None:
    pool = make_pool(workers=1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        pool.submit({"do": "echo", "text": float("nan")})
    ticket = pool.submit({"do": "echo", "text": "fine"})

    assert bodies(drain(pool))[ticket][0]["echo"] == "fine"


def test_closing_twice_or_with_work_in_flight_is_fine(make_pool: MakePool) -> None:
    pool = make_pool()
    pool.submit({"do": "hang"})
    pool.poll(0)

    pool.close()
    pool.close()

    assert pool.in_flight == 0


def test_the_level_in_force_is_told_to_both_sides(make_pool: MakePool, mode: str) -> None:
    pool = make_pool(workers=1)
    ticket = pool.submit({"do": "seal"})

    told = bodies(drain(pool))[ticket][0]["seal"]

    assert told == pool.level
    if mode == "process":
        assert pool.level is SealLevel.PROCESS
