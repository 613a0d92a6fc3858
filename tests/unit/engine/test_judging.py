"""Previews are judged with the pictures that carry them, whatever the order and however many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assay.core.facts import Observation, Placement
from assay.core.vocab import Lane, Role
from assay.engine.checks import Pinned
from assay.engine.judging import Judge
from assay.store.case import Case
from assay.store.records import Found
from assay.verdict.policy import shipped_policy
from tests.support import cases


def preview(n: int, carrier: int) -> tuple[Found, Observation]:
    """Return item ``n`` as a preview of another, which it shows to the bit."""
    place = replace(cases.place(n, f"{carrier}.jpg", f"preview {n}"), role=Role.PREVIEW)
    relation = Observation(
        item=cases.sha(carrier),
        examiner="open:previews",
        version="1",
        kind="preview",
        value={"member": cases.sha(n), "distance": 0, "quality": 100},
    )
    return Found(place, cases.sha(carrier)), relation


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return cases.create(tmp_path / "case")


def fill(case: Case, items: int, pairs: Sequence[tuple[int, int]]) -> None:
    inside = {n for n, _ in pairs}
    made = [preview(n, carrier) for n, carrier in pairs]
    with case.transaction(cases.ACTOR, "facts.added", "test") as tx:
        tx.add_source(cases.source())
        tx.add_items(map(cases.item, range(items)))
        tx.add_occurrences(cases.place(n) for n in range(items) if n not in inside)
        tx.add_occurrences(place for place, _ in made)
        tx.add_observations(relation for _, relation in made)


def judged(case: Case, *numbers: int) -> dict[int, Placement]:
    judge = Judge(case.reader, Pinned((), {}), shipped_policy())
    rulings = judge.rulings([cases.sha(n) for n in numbers], spread=False)
    return {n: r.placement for n, r in zip(numbers, rulings, strict=True)}


def test_a_preview_that_few_pictures_carry_stands_with_the_first_of_them(case: Case) -> None:
    fill(case, 17, [(0, n) for n in range(1, 17)])
    assert judged(case, 0)[0].shown_with in {cases.sha(n) for n in range(1, 17)}


def test_a_preview_that_many_pictures_carry_is_an_item_and_costs_no_look_at_them(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(case, 41, [(0, n) for n in range(1, 41)])
    read: list[str] = []
    facts_of = case.reader.facts_of
    monkeypatch.setattr(case.reader, "facts_of", lambda s: read.extend(s) or facts_of(s))
    placed = judged(case, 0)[0]
    assert (placed.shown_with, placed.lane) == (None, Lane.POSSIBLE_NEW_VICTIM)
    assert placed.reasons[-1].code == "preview.of_many"
    assert read == [cases.sha(0)]


@pytest.mark.parametrize("depth", [8, 12, 16, 17, 40])
def test_previews_inside_previews_are_judged_alike_alone_and_together(
    case: Case, depth: int
) -> None:
    """``verify`` judges pages of items, a run batches: both must come to the same end."""
    fill(case, depth + 1, [(n, n - 1) for n in range(1, depth + 1)])
    everything = range(depth + 1)
    together = judged(case, *everything)
    assert judged(case, *reversed(everything)) == together
    assert {n: judged(case, n)[n] for n in everything} == together
    assert together[depth].shown_with == (cases.sha(0) if depth <= 16 else None)


def test_previews_that_are_said_to_contain_one_another_end_as_items(case: Case) -> None:
    ring = [(n, m) for n in range(6) for m in range(6) if n != m]
    fill(case, 7, ring)
    assert all(p.shown_with is None for p in judged(case, *range(6)).values())
