"""The exact lookup: nothing missed, nothing invented, memory bounded, damage found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assay.lists import spill
from assay.lists.digests import MANY, DigestFile, numbers, write_digests
from assay.lists.sealed import ListDamagedError
from assay.lists.spill import KEY, ROW, Spill


def rows_of(keys: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows = np.empty((len(keys), ROW), np.uint8)
    rows[:, :KEY] = keys
    rows[:, KEY:] = np.arange(len(keys), dtype="<u4").view(np.uint8).reshape(-1, 4)
    return rows


def written(folder: Path, rows: NDArray[np.uint8]) -> DigestFile:
    collected = Spill(folder)
    collected.add_rows(rows)
    write_digests(folder / "file", len(rows), collected.sorted())
    collected.close()
    return DigestFile(folder / "file")


@pytest.mark.parametrize("count", [1, 700, MANY + 5])
def test_every_digest_is_found_and_no_other(tmp_path: Path, count: int) -> None:
    rng = np.random.default_rng(count)
    rows = rows_of(rng.integers(0, 256, (count, KEY), np.uint8))
    file = written(tmp_path, rows)
    for at in rng.integers(0, count, 300):
        assert file.find(rows[at].tobytes()) == [at]
        other = rows[at].copy()
        other[KEY - 1] ^= 1
        assert file.find(other.tobytes()) == []


def test_a_digest_costs_at_most_20_bytes(tmp_path: Path) -> None:
    for count in (2000, MANY - 1, MANY + 5):
        keys = np.random.default_rng(1).integers(0, 256, (count, KEY), np.uint8)
        file = written(tmp_path, rows_of(keys))
        assert file.size <= 20 * count
        (tmp_path / "file").unlink()


def test_all_records_of_one_digest_are_found_in_order(tmp_path: Path) -> None:
    keys = np.random.default_rng(2).integers(0, 256, (5000, KEY), np.uint8)
    keys[100::50] = keys[7]
    file = written(tmp_path, rows_of(keys))
    assert file.find(keys[7].tobytes()) == [7, *range(100, 5000, 50)]


def test_sorting_on_disk_gives_what_sorting_in_memory_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spill, "CHUNK", 64)
    monkeypatch.setattr(spill, "_PART", 32)
    rng = np.random.default_rng(3)
    keys = rng.integers(0, 256, (3000, KEY), np.uint8)
    keys[:1000, :13] = 7  # many that differ late
    keys[1000:1500] = 9  # many that do not differ
    rows = rows_of(keys)
    collected = Spill(tmp_path)
    collected.add_rows(rows)
    parts = list(collected.sorted())
    collected.close()
    assert max(map(len, parts)) <= 64
    order = np.lexsort((*rows[:, KEY:].T, *rows[:, KEY - 1 :: -1].T))
    assert (np.concatenate(parts) == rows[order]).all()
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(min_size=KEY, max_size=KEY), max_size=60), st.binary(min_size=KEY))
def test_any_keys_agree_with_a_plain_search(
    tmp_path_factory: pytest.TempPathFactory, keys: list[bytes], absent: bytes
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    array = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, KEY)
    file = written(folder, rows_of(array))
    for key in [*keys, absent]:
        assert file.find(key) == [n for n, each in enumerate(keys) if each == key[:KEY]]
    if keys:
        ranged = list(file.rows(min(keys), max(keys)))
        assert sorted(numbers(np.concatenate(ranged))) == list(range(len(keys)))


def test_rows_that_are_not_sorted_are_refused(tmp_path: Path) -> None:
    rows = rows_of(np.array([[2] * KEY, [1] * KEY], np.uint8))
    with pytest.raises(ValueError, match="not sorted"):
        write_digests(tmp_path / "file", 2, iter([rows[:1], rows[1:]]))
    assert list(tmp_path.iterdir()) == []


def test_each_changed_byte_is_found(tmp_path: Path) -> None:
    keys = np.random.default_rng(4).integers(0, 256, (300, KEY), np.uint8)
    written(tmp_path, rows_of(keys))
    whole = (tmp_path / "file").read_bytes()
    for at in range(0, len(whole), 97):
        changed = bytearray(whole)
        changed[at] ^= 0x10
        (tmp_path / "file").write_bytes(changed)
        with pytest.raises(ListDamagedError, match="file"):
            DigestFile(tmp_path / "file")
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "file").write_bytes(whole[:size])
        with pytest.raises(ListDamagedError):
            DigestFile(tmp_path / "file")


def test_damage_in_a_large_file_is_found_where_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.lists.sealed.WHOLE", 0)
    keys = np.random.default_rng(5).integers(0, 256, (MANY, KEY), np.uint8)
    written(tmp_path, rows_of(keys))
    data = bytearray((tmp_path / "file").read_bytes())
    last = keys[np.lexsort(keys[:, ::-1].T)[-1]].tobytes()
    first = keys[np.lexsort(keys[:, ::-1].T)[0]].tobytes()
    at = data.rindex(last[2:])
    data[at] ^= 1
    (tmp_path / "file").write_bytes(data)
    file = DigestFile(tmp_path / "file")
    assert len(file.find(first)) == 1
    with pytest.raises(ListDamagedError, match="was changed"):
        file.find(last)
    with pytest.raises(ListDamagedError):
        file.check()
