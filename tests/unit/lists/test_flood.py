"""Hashes that too many records share: counted over all imports, held, and let go again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from assay.lists import changing, flood, library, matching, perceptual, writing
from assay.lists.columns import ColumnFile, ColumnWriter
from assay.lists.held import Held
from assay.lists.library import Library
from assay.lists.marks import Marks
from assay.lists.model import ListEntry, Perceptual
from tests.support.listing import Piece, entry, imported, known, near, pdq

FEW = (0, 1 << 12)  # new hashes counted one by one
SHARED = (Perceptual("pdq", pdq(7)),)


def sharing(numbers: Iterable[int], **changes: object) -> list[Piece]:
    return [entry(n, hashes=SHARED, **changes) for n in numbers]


@pytest.fixture(params=FEW)
def folder(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a list that holds what more than 20 records share, counted in either way."""
    monkeypatch.setattr(writing, "_FEW", request.param)
    imported(tmp_path, "list", [entry(0)])
    folder = tmp_path / "lists" / "list"
    changing.set_properties(folder, flood=20)
    return folder


def held(home: Path) -> list[tuple[str, str]]:
    return [(one.value, one.reason) for one in library.quarantine(home, "list")[1]]


def test_the_records_of_several_imports_count_together(tmp_path: Path, folder: Path) -> None:
    imported(tmp_path, "list", sharing(range(1, 16)))
    assert held(tmp_path) == []
    assert len(Library.open(tmp_path).match_pdq(near(7))[0]) == 15
    summary = imported(tmp_path, "list", sharing(range(16, 26)))
    assert held(tmp_path) == [(pdq(7).hex(), "25 records share it")]
    assert summary.held == 1
    found = Library.open(tmp_path)
    assert found.match_pdq(np.concatenate((near(7), near(7, 9)))) == [[], []]
    assert len(found.match_exact(**known(3))) == 1
    assert len(found.match_pdq(near(0))[0]) == 1


def test_the_same_records_in_every_weekly_file_count_once(tmp_path: Path, folder: Path) -> None:
    for week in range(3):
        imported(tmp_path, "list", sharing(range(1, 16)), str(week))
        imported(tmp_path, "list", sharing(range(1, 16), label=f"week {week}"), f"new {week}")
    assert held(tmp_path) == []


def test_a_record_that_states_a_hash_twice_counts_once(tmp_path: Path, folder: Path) -> None:
    twice = [entry(n, hashes=SHARED * 2) for n in range(1, 20)]
    imported(tmp_path, "list", twice)
    assert held(tmp_path) == []


def test_what_is_no_longer_shared_by_so_many_is_matched_again(tmp_path: Path, folder: Path) -> None:
    imported(tmp_path, "list", sharing(range(1, 26)))
    assert len(held(tmp_path)) == 1
    gone: list[Piece] = [entry(n, deleted=True) for n in range(1, 21)]
    imported(tmp_path, "list", gone)
    assert held(tmp_path) == []
    hits = Library.open(tmp_path).match_pdq(near(7))[0]
    assert [hit.entry.id for hit in hits] == [f"e{n}" for n in range(21, 26)]


def test_what_a_person_released_or_held_stays_so(tmp_path: Path, folder: Path) -> None:
    imported(tmp_path, "list", sharing(range(1, 26)))
    changing.release(folder, "pdq", pdq(7).hex())
    changing.hold(folder, Held("pdq", pdq(0).hex(), "a logo", "examiner"))
    imported(tmp_path, "list", sharing(range(30, 40)))
    changing.compact(folder)
    assert held(tmp_path) == [(pdq(0).hex(), "a logo")]
    hits = Library.open(tmp_path).match_pdq(np.concatenate((near(7), near(0))))
    assert [len(each) for each in hits] == [35, 0]
    changing.hold(folder, Held("pdq", pdq(7).hex(), "after all", "examiner"))
    assert Library.open(tmp_path).match_pdq(near(7)) == [[]]


def test_a_held_hash_takes_no_place_of_those_beside_it(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perceptual, "CAP", 3)
    monkeypatch.setattr(matching, "CAP", 3)
    beside = Perceptual("pdq", near(7, 5).tobytes())
    imported(tmp_path, "list", [entry(100, hashes=(beside,)), *sharing(range(1, 16))])
    imported(tmp_path, "list", sharing(range(16, 40)))
    (hits,) = Library.open(tmp_path).match_pdq(near(7))
    assert [(hit.entry.id, hit.distance, hit.more) for hit in hits] == [("e100", 5, 0)]
    changing.release(folder, "pdq", pdq(7).hex())
    (hits,) = Library.open(tmp_path).match_pdq(near(7))
    assert [hit.distance for hit in hits] == [0, 0, 0]


def test_licensed_hashes_are_held_too(tmp_path: Path, folder: Path) -> None:
    value = bytes(range(144))
    dna = (Perceptual("photodna", value),)
    many = [entry(n, hashes=dna) for n in range(1, 26)]
    imported(tmp_path, "list", many[:15])
    imported(tmp_path, "list", many[15:])
    assert held(tmp_path) == [(value.hex(), "25 records share it")]
    query = np.frombuffer(value, np.uint8)[None, :]
    assert Library.open(tmp_path).match_other("photodna", query) == [[]]
    changing.release(folder, "photodna", value.hex())
    assert len(Library.open(tmp_path).match_other("photodna", query)[0]) == 25


def test_a_case_pins_what_is_held(tmp_path: Path, folder: Path) -> None:
    imported(tmp_path, "list", sharing(range(1, 16)))
    before = Library.open(tmp_path).digest_text()
    changing.set_properties(folder, flood=10)
    assert Library.open(tmp_path).digest_text() == before  # nothing is held because of it yet
    changing.compact(folder)
    assert len(held(tmp_path)) == 1
    assert Library.open(tmp_path).digest_text() != before


@pytest.mark.parametrize("seed", range(4))
def test_counting_by_buckets_agrees_with_a_plain_dictionary(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood, "_LEAST", 2)
    monkeypatch.setattr(flood, "_MOST", 4)  # so few buckets that different values meet in them
    rng = np.random.default_rng(seed)
    files, told = [], []
    marks = Marks(0)
    marks.grow(4000)
    marks.kill(rng.choice(4000, 700, replace=False).astype(np.uint32))
    for at in range(4):
        writer = ColumnWriter(tmp_path / f"pdq-{at}", 32)
        for number in range(at * 1000, at * 1000 + 1000):
            value = pdq(int(rng.zipf(1.3)) % 500)
            writer.add(value, number)
            if not marks.is_dead(number):
                told.append(value)
        files.append(ColumnFile(writer.path, 32, writer.close()))
    for limit in (1, 10, 60, 5000):
        expected = {value: count for value, count in Counter(told).items() if count > limit}
        assert flood.flooded(files, marks, limit) == expected
        some = frozenset(pdq(n) for n in (1, 2, 3, 40, 501))
        few = {value: count for value, count in expected.items() if value in some}
        assert flood.flooded_among(files, marks, limit, some) == few


def test_nothing_is_flooded_in_a_list_without_hashes(tmp_path: Path) -> None:
    assert flood.flooded([], Marks(0), 1) == {}
    imported(tmp_path, "list", [ListEntry(id="one", md5="ab" * 16)])
    assert held(tmp_path) == []
