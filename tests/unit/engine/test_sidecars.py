"""Sidecars joined by place: any order, any run, any flood; doubt raises and nothing lowers."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from assay.core.vocab import EntryKind, Level, Role
from assay.engine import sidecars
from assay.engine.batch import Batch, Committer
from assay.engine.checks import Pinned
from assay.engine.judging import Judge
from assay.store.case import Case
from assay.store.records import Found, LedgerRow, LedgerState
from assay.verdict.policy import shipped_policy
from tests.support import cases
from tests.support.sidecars import AGREES, CHANGED, CHECKS, PHOTO, SIGNED, committer, facts


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return cases.create(tmp_path / "case")


def origins(case: Case, *numbers: int) -> list[str]:
    found = [case.reader.verdict(cases.sha(n)) for n in numbers]
    return [v.origin.value for v in found if v is not None]


def codes(case: Case, number: int) -> list[str]:
    verdict = case.reader.verdict(cases.sha(number))
    assert verdict is not None
    return [r.code for r in verdict.reasons]


def recomputed(case: Case) -> None:
    """Nothing moves when every item is judged again from what is stored."""
    judge = Judge(case.reader, Pinned(CHECKS, {}), shipped_policy())
    shas = [item.sha256 for item in case.reader.items()]
    for ruling in judge.rulings(shas, spread=False):
        assert ruling.verdict == ruling.bundle.verdict
        assert ruling.placement == ruling.bundle.placement


PLACES = {
    "signed": (SIGNED, "a/one.png"),
    "copy": (SIGNED, "b/two.png"),
    "changed": (CHANGED, "b/two.png.txt"),
    "agrees": (AGREES, "a/one.TXT"),
    "photo": (PHOTO, "c/three.png"),
    "again": (AGREES, "c/three.txt"),
}


def test_the_order_of_arrival_and_the_number_of_runs_do_not_matter(tmp_path: Path) -> None:
    seen = set()
    for number, order in enumerate(list(permutations(PLACES))[::37]):
        case = cases.create(tmp_path / f"case-{number}")
        to = committer(case)
        for n, name in enumerate(order):
            if (number + n) % 3 == 0:
                to = committer(case)  # another run
            batch = Batch()
            facts(batch, PLACES[name][0], *PLACES[name][1:])
            to.commit(batch, "in a test")
        assert origins(case, SIGNED, PHOTO) == ["edited", "conflict"], order
        recomputed(case)
        verdicts = [case.reader.verdict(cases.sha(n)) for n in (SIGNED, PHOTO)]
        seen.add(repr([v.reasons for v in verdicts if v is not None]))
    assert len(seen) == 1


def test_all_in_one_batch(case: Case) -> None:
    batch = Batch()
    for number, *chain in PLACES.values():
        facts(batch, number, *chain)
    committer(case).commit(batch, "in a test")
    assert origins(case, SIGNED, PHOTO) == ["edited", "conflict"]


def one(to: Committer, number: int, *chain: str, **more: object) -> None:
    batch = Batch()
    facts(batch, number, *chain, **more)  # type: ignore[arg-type]
    to.commit(batch, "in a test")


def test_what_was_listed_is_pending_until_it_was_read(case: Case) -> None:
    to = committer(case)
    flags = ("sidecar_txt", "sidecar_name_txt")
    one(to, SIGNED, "one.png", flags=flags)
    assert origins(case, SIGNED) == ["unknown"]
    one(to, AGREES, "one.txt")
    assert origins(case, SIGNED) == ["unknown"]  # the other one is still to come
    one(to, 7, "one.png.txt")
    assert origins(case, SIGNED) == ["synthetic"]
    recomputed(case)


def test_a_place_that_was_not_read_and_is_later(case: Case) -> None:
    to = committer(case)
    one(to, SIGNED, "one.png")
    assert origins(case, SIGNED) == ["synthetic"]
    unread = replace(cases.place(9, "one.txt"), sha256=None, kind=EntryKind.UNREADABLE)
    to.commit(Batch(occurrences=[Found(unread)]), "in a test")
    assert origins(case, SIGNED) == ["unknown"]
    assert "sidecar.unread" in codes(case, SIGNED)
    one(to, AGREES, "one.txt")
    assert origins(case, SIGNED) == ["synthetic"]


def test_a_check_that_failed_on_a_sidecar_counts_as_not_read(case: Case) -> None:
    to = committer(case)
    one(to, AGREES, "one.txt", read=False)
    one(to, SIGNED, "one.png")
    assert origins(case, SIGNED) == ["unknown"]
    to.commit(_done(AGREES), "in a test")
    one(to, AGREES, "one.txt")  # read again
    assert origins(case, SIGNED) == ["synthetic"]


def _done(number: int) -> Batch:
    row = LedgerRow(cases.sha(number), "sidecar", "1", "", LedgerState.DONE)
    return Batch(ledger=[row], dirty={cases.sha(number): None}, items=[])


@pytest.mark.parametrize(
    "elsewhere",
    [("b/one.txt",), ("one.txt", "one.txt"), ("two.txt",), ("one.png.png.txt",), ("xone.txt",)],
)
def test_another_place_is_not_beside_it(case: Case, elsewhere: tuple[str, ...]) -> None:
    to = committer(case)
    one(to, CHANGED, *elsewhere)
    one(to, SIGNED, "one.png")
    assert origins(case, SIGNED) == ["synthetic"]


def test_a_preview_has_no_sidecar(case: Case) -> None:
    to = committer(case)
    one(to, 20, "box.zip")
    _end(to, 20)
    one(to, CHANGED, "box.zip", "one.txt", container=20)
    one(to, SIGNED, "box.zip", "one.png", container=20, role=Role.THUMBNAIL)
    assert origins(case, SIGNED) == ["synthetic"]


def _end(to: Committer, container: int, state: LedgerState = LedgerState.DONE) -> None:
    row = LedgerRow(cases.sha(container), "open:zip", "1", "", state)
    place = Found(cases.place(container, "box.zip"))
    to.commit(Batch(ledger=[row], occurrences=[place]), "in a test")


def test_in_a_container_names_are_known_at_its_end(case: Case) -> None:
    to = committer(case)
    one(to, SIGNED, "box.zip", "in/one.png", container=20)
    assert origins(case, SIGNED) == ["unknown"]
    one(to, 20, "box.zip")
    _end(to, 20)
    assert origins(case, SIGNED) == ["synthetic"]
    recomputed(case)
    # another container that holds it breaks off, and a password opens it later
    one(to, SIGNED, "other.zip", "one.png", container=21)
    _end(to, 21, LedgerState.FAILED)
    assert origins(case, SIGNED) == ["unknown"]
    _end(to, 21)
    assert origins(case, SIGNED) == ["synthetic"]


def test_a_case_made_without_the_check_stays_as_it_was(case: Case) -> None:
    to = committer(case, [c for c in CHECKS if c.name != "sidecar"])
    one(to, SIGNED, "one.png", flags=("sidecar_txt",))
    one(to, CHANGED, "one.txt")
    assert origins(case, SIGNED) == ["synthetic"]


def test_more_sidecars_at_a_place_than_are_read_hold_it_back(case: Case) -> None:
    to = committer(case)
    one(to, SIGNED, "box.zip", "one.png", container=20)
    one(to, 20, "box.zip")
    _end(to, 20)
    flood = range(100, 100 + sidecars.CONTENTS + 4)
    for n in flood:
        one(to, n, "box.zip", "one.txt", container=20, says="S1")
        expected = "synthetic" if n < 100 + sidecars.CONTENTS else "unknown"
        assert origins(case, SIGNED) == [expected], n
    recomputed(case)
    spots = [Found(cases.place(n, "box.zip", "one.txt"), cases.sha(20)) for n in flood]
    head = case.reader.head()
    assert head is not None
    assert sidecars.described(case.connection, spots, head.seq + 1) == []
    assert sidecars.described(case.connection, spots, 0) == [cases.sha(SIGNED)]


def test_more_places_than_are_looked_at_hold_it_back(case: Case) -> None:
    to = committer(case)
    for n in range(sidecars.PLACES + 1):
        assert origins(case, SIGNED) == (["synthetic"] if n else [])
        one(to, SIGNED, f"{n:03d}/one.png")
    assert origins(case, SIGNED) == ["unknown"]


def test_a_name_that_could_have_been_cut_holds_it_back(case: Case) -> None:
    to = committer(case)
    one(to, 20, "box.zip")
    _end(to, 20)
    one(to, SIGNED, "box.zip", "x" * 4080 + ".png", container=20)
    assert origins(case, SIGNED) == ["unknown"]


def test_a_new_sidecar_raises_pictures_beside_it_page_by_page(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.engine.batch._PAGE", 3)
    to = committer(case)
    batch = Batch()
    numbers = range(50, 60)
    for n in numbers:
        facts(batch, n, f"one.{n}.png" if n == 59 else f"one.x{n}png", own=Level.S5)
        batch.items[-1] = replace(batch.items[-1], media_type="image/png")
        batch.ledger.append(LedgerRow(cases.sha(n), "genparams", "1", "", LedgerState.DONE))
    to.commit(batch, "in a test")
    assert origins(case, *numbers) == ["synthetic"] * 10
    one(to, CHANGED, "one.txt")
    assert origins(case, *numbers) == ["edited"] * 9 + ["synthetic"]


def test_each_statement_is_told_once_and_bounded(case: Case) -> None:
    to = committer(case)
    for n in range(40):
        one(to, AGREES, f"{n:02d}/one.txt")
        one(to, PHOTO, f"{n:02d}/one.png")
    assert codes(case, PHOTO).count("sidecar.says") == 1
