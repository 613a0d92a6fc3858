"""Deadlines: whose time counts, and what moves them."""

from __future__ import annotations

import math

from assay.sandbox.platform import WorkerLimits
from assay.sandbox.slots import Request, Slot

LIMITS = WorkerLimits(seconds=20, total=100)


def _slot(*tickets: int) -> Slot:
    slot = Slot(ready=True)
    for ticket in tickets:
        slot.add(Request(ticket, b"", None), 1000, LIMITS)
    return slot


def test_an_idle_worker_has_no_deadline() -> None:
    assert _slot().deadline == math.inf


def test_a_waiting_request_gets_its_time_when_its_turn_comes() -> None:
    slot = _slot(1, 2)
    assert slot.deadline == 1020

    slot.next(1015, LIMITS)

    assert slot.head.request.ticket == 2
    assert slot.deadline == 1035


def test_a_budget_sets_a_new_deadline_but_never_past_the_ceiling() -> None:
    slot = _slot(1)
    slot.budget(50, 1010)
    assert slot.deadline == 1060

    slot.budget(90, 1050)

    assert slot.deadline == 1100


def test_waiting_for_an_answer_takes_nothing_from_the_worker() -> None:
    slot = _slot(1)
    slot.asked(1005)
    assert slot.deadline == math.inf

    slot.answered(5000)

    assert slot.deadline == 5015


def test_time_without_a_listener_does_not_count() -> None:
    slot = _slot(1)

    slot.postpone(300)

    assert (slot.deadline, slot.ceiling) == (1320, 1400)


def test_what_was_taken_back_waits_no_longer() -> None:
    slot = _slot(1, 2)
    slot.waiting()[0].dropped = True

    assert slot.waiting() == []
