"""One writer, many readers: what each sees, and how damage is told."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from assay.lists import index_tail, index_writer
from assay.lists.index import HammingIndex
from assay.lists.index_files import (
    HammingIndexError,
    IndexBusyError,
    IndexDamagedError,
    IndexMissingError,
)
from assay.lists.index_state import MANIFEST
from assay.lists.index_writer import IndexWriter
from tests.support.hamming import uniform

SECTIONS = {"hashes", "records", "starts", *(f"order of chunk {n}" for n in range(16))}


def some(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    return uniform(np.random.default_rng(seed), count), np.arange(count, dtype=np.uint64)


def records_of(index: HammingIndex, hashes: np.ndarray) -> list[int]:
    return index.search(hashes, 0).record.tolist()


def test_a_reader_sees_an_addition_without_opening_anew(tmp_path: Path) -> None:
    hashes, records = some(30)
    with IndexWriter(tmp_path) as writer:
        index = HammingIndex(tmp_path)
        for n in range(30):
            writer.add(hashes[n : n + 1], records[n : n + 1])
            assert records_of(index, hashes) == list(range(n + 1))
        assert not index.refresh()
        writer.delete(records[:10])
        assert index.refresh()
        assert records_of(index, hashes) == list(range(10, 30))


@pytest.mark.parametrize("base", [0, 10**12])
def test_many_records_are_deleted_at_once_wherever_their_numbers_lie(
    base: int, tmp_path: Path
) -> None:
    hashes, records = some(5000)
    IndexWriter.rebuild(tmp_path, [(hashes, records + np.uint64(base))])
    with IndexWriter(tmp_path) as writer:
        gone = np.random.default_rng(3).permutation(9000)[:4000] + base
        there = [n for n in range(5000) if n + base not in set(gone.tolist())]
        assert writer.delete(gone) == 5000 - len(there)
        assert writer.delete(gone) == 0
        assert writer.delete(np.zeros(0, np.uint64)) == 0
    index = HammingIndex(tmp_path)
    assert [r - base for r in records_of(index, hashes)] == there
    assert index.count == len(there)


def test_a_reader_of_old_files_goes_on_until_it_looks_again(tmp_path: Path) -> None:
    hashes, records = some(500)
    with IndexWriter(tmp_path) as writer:
        writer.add(hashes, records)
        writer.compact()
        index = HammingIndex(tmp_path)
        before = index.generation
        held = index.contents()
        first = next(held)
        writer.delete(records[:400])
        writer.compact()
        assert sorted(p.name for p in tmp_path.iterdir()) == [
            *("deleted-2", "lock", "manifest", "segment-2", "tail-2")
        ]
        # The old segment's file is gone, what was mapped of it is not.
        assert first[1].tolist() == list(range(500))
        assert records_of(index, hashes) == list(range(400, 500))
        assert index.generation == before + 1


def test_segments_stay_few_however_much_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_writer, "TAIL_LIMIT", 16)
    hashes, records = some(600)
    with IndexWriter(tmp_path) as writer:
        most = 0
        for n in range(0, 600, 6):
            writer.add(hashes[n : n + 6], records[n : n + 6])
            most = max(most, writer.segments)
        assert 1 < most <= 5
        assert records_of(HammingIndex(tmp_path), hashes) == list(range(600))


def test_a_second_writer_is_refused_and_readers_are_not(tmp_path: Path) -> None:
    with IndexWriter(tmp_path) as writer:
        writer.add(*some(3))
        with pytest.raises(IndexBusyError):
            IndexWriter(tmp_path)
        with pytest.raises(IndexBusyError):
            IndexWriter.rebuild(tmp_path, [])
        assert HammingIndex(tmp_path).count == 3
    IndexWriter(tmp_path).close()


def test_a_rebuild_takes_the_place_of_everything(tmp_path: Path) -> None:
    hashes, records = some(900)
    with IndexWriter(tmp_path) as writer:
        writer.add(hashes, records)
        writer.compact()
        writer.add(hashes[:5], records[:5])
    index = HammingIndex(tmp_path)
    blocks = [(hashes[n : n + 100], records[n : n + 100] + 5000) for n in range(0, 400, 100)]
    assert IndexWriter.rebuild(tmp_path, blocks) == 400
    assert records_of(index, hashes) == list(range(5000, 5400))
    assert IndexWriter.rebuild(tmp_path, []) == 0
    assert records_of(index, hashes) == []


def test_a_rebuild_that_fails_leaves_the_old_index(tmp_path: Path) -> None:
    hashes, records = some(10)
    IndexWriter.rebuild(tmp_path, [(hashes, records)])
    with pytest.raises(ValueError, match="record numbers"):
        IndexWriter.rebuild(tmp_path, [(hashes, records), (hashes, records[:3])])
    assert records_of(HammingIndex(tmp_path), hashes) == list(range(10))
    assert len(list(tmp_path.iterdir())) == 5


def test_a_full_disk_leaves_the_old_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file-size limit stands in for the full disk: writing stops in the middle, by the system."""
    resource = pytest.importorskip("resource")
    hashes, records = some(2000)
    with IndexWriter(tmp_path) as writer:
        writer.add(hashes[:100], records[:100])
        index = HammingIndex(tmp_path)
        old = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, old[1]))
        try:
            with pytest.raises(HammingIndexError, match="cannot be written"):
                writer.add(hashes[100:], records[100:])
            with pytest.raises(HammingIndexError, match="cannot be written"):
                writer.compact()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
            signal.signal(signal.SIGXFSZ, ignored)
        assert records_of(index, hashes) == list(range(100))
        assert not [p for p in tmp_path.iterdir() if p.name.startswith("segment")]
        writer.add(hashes[100:], records[100:])
        assert records_of(index, hashes) == list(range(2000))


def _damage(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def opening(folder: Path) -> IndexDamagedError | None:
    try:
        HammingIndex(folder)
    except IndexDamagedError as error:
        return error
    return None


def test_every_section_of_a_segment_is_named_when_it_is_damaged(tmp_path: Path) -> None:
    hashes, records = some(3000)
    IndexWriter.rebuild(tmp_path, [(hashes, records)])
    segment = tmp_path / "segment-1"
    whole = segment.read_bytes()
    named = set()
    orders = range(len(whole) - 16 * 12000, len(whole), 6000)
    for at in [
        *range(0, len(whole), 99_991),
        *range(0, 900, 90),
        *range(4095, 120_000, 9000),
        *orders,
    ]:
        _damage(segment, at)
        if error := opening(tmp_path):
            assert str(segment) in error.message
            assert "Rebuild" in error.hint
            named.add(error.section)
        else:  # only the filling between the sections may change unnoticed
            assert whole[at] == 0
        segment.write_bytes(whole)
    assert named >= SECTIONS | {"header"}
    HammingIndex(tmp_path).verify()


def test_opening_without_the_checksums_leaves_them_to_verify_and_to_folding(
    tmp_path: Path,
) -> None:
    IndexWriter.rebuild(tmp_path, [some(3000)])
    _damage(tmp_path / "segment-1", 5000)
    index = HammingIndex(tmp_path, check=False)
    with pytest.raises(IndexDamagedError, match="hashes"):
        index.verify()
    with IndexWriter(tmp_path) as writer, pytest.raises(IndexDamagedError, match="hashes"):
        writer.compact()  # else the damage would get a checksum of its own
    IndexWriter.rebuild(tmp_path, [some(3000)])
    index.verify()


@pytest.mark.parametrize("cut", ["segment-1", "tail-1", "deleted-1", MANIFEST])
def test_a_file_that_is_gone_cut_or_empty_is_damage(cut: str, tmp_path: Path) -> None:
    with IndexWriter(tmp_path) as writer:
        writer.add(*some(200))
        writer.compact()
        writer.add(*some(20))
        writer.delete(np.arange(5))
    path = tmp_path / cut
    whole = path.read_bytes()
    for kept in (0, 7, 20):
        path.write_bytes(whole[:kept])
        with pytest.raises(IndexDamagedError, match=cut):
            HammingIndex(tmp_path)
    path.unlink()
    for opened in (HammingIndex, IndexWriter):
        with pytest.raises(IndexDamagedError, match=cut):
            opened(tmp_path)
    assert IndexWriter.rebuild(tmp_path, [some(200)]) == 200
    assert HammingIndex(tmp_path).count == 200


@pytest.mark.parametrize("name", ["deleted-1", MANIFEST])
def test_any_changed_byte_of_bitmap_and_manifest_is_damage(name: str, tmp_path: Path) -> None:
    with IndexWriter(tmp_path) as writer:
        writer.add(*some(20))
        writer.compact()
        writer.delete(np.arange(5))
    path = tmp_path / name
    whole = path.read_bytes()
    for at in range(len(whole)):
        if whole[at : at + 1].isspace():
            continue
        _damage(path, at)
        with pytest.raises(HammingIndexError, match=name):
            HammingIndex(tmp_path)
        path.write_bytes(whole)


def test_any_changed_byte_of_the_tail_is_damage_or_takes_back_the_last_addition(
    tmp_path: Path,
) -> None:
    hashes, records = some(6)
    with IndexWriter(tmp_path) as writer:
        for n in range(0, 6, 2):
            writer.add(hashes[n : n + 2], records[n : n + 2])
    path = tmp_path / "tail-0"
    whole = path.read_bytes()
    header = len(whole) - 6 * 52
    for at in range(len(whole)):
        _damage(path, at)
        if at < header + 4 * 52:
            with pytest.raises(IndexDamagedError, match="tail-0"):
                HammingIndex(tmp_path)
        else:
            index = HammingIndex(tmp_path)
            assert records_of(index, hashes) == [0, 1, 2, 3]
            assert index.unfinished == 2 * 52
        path.write_bytes(whole)


def test_an_addition_cut_anywhere_is_taken_back_and_the_next_one_takes_its_place(
    tmp_path: Path,
) -> None:
    hashes, records = some(8)
    with IndexWriter(tmp_path) as writer:
        writer.add(hashes[:3], records[:3])
        writer.add(hashes[3:6], records[3:6])
    path = tmp_path / "tail-0"
    whole = path.read_bytes()
    for cut in range(len(whole) - 3 * 52, len(whole)):
        path.write_bytes(whole[:cut])
        index = HammingIndex(tmp_path)
        assert records_of(index, hashes) == [0, 1, 2]
        with IndexWriter(tmp_path) as writer:
            writer.add(hashes[6:], records[6:])
        assert records_of(index, hashes) == [0, 1, 2, 6, 7]
        assert index.unfinished == 0
        path.unlink()
        path.write_bytes(whole)


def test_a_tail_of_another_index_is_not_taken_for_its_own(tmp_path: Path) -> None:
    with IndexWriter(tmp_path) as writer:
        writer.add(*some(2))
    index_tail.create(tmp_path / "tail-0", 5)
    with pytest.raises(IndexDamagedError, match="generation 5"):
        HammingIndex(tmp_path)


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    with IndexWriter(tmp_path) as writer:
        writer.add(*some(2))
    for name in ("segment-1", "tail-1", "deleted-1.tmp", "manifest.tmp", "notes.txt"):
        (tmp_path / name).write_bytes(b"left")
    IndexWriter(tmp_path).close()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        *("deleted-0", "lock", "manifest", "notes.txt", "tail-0")
    ]


def test_a_folder_without_an_index_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError):
        HammingIndex(tmp_path)
    if os.geteuid():
        tmp_path.chmod(0o500)
        with pytest.raises(HammingIndexError, match="cannot be written"):
            IndexWriter(tmp_path / "new")
