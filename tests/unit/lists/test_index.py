"""The index finds exactly what comparing all with all finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.lists import index_search, index_writer
from assay.lists.index import HammingIndex, Matches
from assay.lists.index_files import IndexMissingError
from assay.lists.index_search import Part
from assay.lists.index_writer import IndexWriter
from tests.support.hamming import Model, brute, clustered, flipped, near, uniform

MAKERS = {"uniform": uniform, "clustered": clustered}


def triples(matches: Matches) -> list[tuple[int, int, int]]:
    return list(
        zip(
            matches.query.tolist(),
            matches.distance.tolist(),
            matches.record.tolist(),
            strict=True,
        )
    )


def numbered(hashes: np.ndarray, first: int = 0) -> tuple[np.ndarray, np.ndarray, Model]:
    records = np.arange(first, first + len(hashes), dtype=np.uint64)
    return hashes, records, [(row.tobytes(), first + n) for n, row in enumerate(hashes)]


@pytest.fixture(params=[True, False], ids=["tables", "one by one"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search segments by their tables, or by comparing all: small ones would never use tables."""
    monkeypatch.setattr(index_search, "_pays", lambda count, radius: request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", MAKERS)
def test_every_radius_finds_all_and_nothing_else(kind: str, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    hashes, records, model = numbered(MAKERS[kind](random, 3000))
    queries = np.concatenate([near(random, hashes, 60), uniform(random, 4)])
    IndexWriter.rebuild(tmp_path, [(hashes, records)])
    index = HammingIndex(tmp_path)
    for radius in range(64):
        found = index.search(queries, radius, cap=3000)
        assert triples(found) == brute(model, queries, radius)
        assert not found.capped.any()


@settings(max_examples=40, deadline=None)
@given(data=st.data(), kind=st.sampled_from(sorted(MAKERS)), seed=st.integers(0, 1 << 30))
def test_additions_deletions_and_folds_in_any_order(
    data: st.DataObject, kind: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    random = np.random.default_rng(seed)
    model: Model = []
    folder = tmp_path_factory.mktemp("index")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_writer, "TAIL_LIMIT", 40)
        tables = data.draw(st.booleans())
        patch.setattr(index_search, "_pays", lambda count, radius: tables)
        with IndexWriter(folder) as writer:
            index = HammingIndex(folder)  # opened while empty: it must take everything in
            for step in data.draw(st.lists(st.sampled_from("aaAdc"), min_size=1, max_size=12)):
                if step in "aA":
                    count = data.draw(st.integers(0, 30 if step == "a" else 300))
                    hashes = MAKERS[kind](random, count)
                    records = random.integers(0, 200, count).astype(np.uint64)
                    writer.add(hashes, records)
                    model += [(h.tobytes(), int(r)) for h, r in zip(hashes, records, strict=True)]
                elif step == "d":
                    gone = data.draw(st.lists(st.integers(0, 250), max_size=20))
                    left = [entry for entry in model if entry[1] not in gone]
                    assert writer.delete(np.array(gone, np.uint64)) == len(model) - len(left)
                    model = left
                else:
                    writer.compact()
                    assert (writer.segments, writer.deleted) == (min(1, len(model)), 0)
                assert writer.count == len(model)
        radius = data.draw(st.integers(0, 63))
        rows = np.frombuffer(b"".join(h for h, _ in model) or bytes(32), np.uint8)
        queries = near(random, rows.reshape(-1, 32), 12)
        expected = brute(model, queries, radius)
        for reader in (index, HammingIndex(folder)):
            assert triples(reader.search(queries, radius, cap=1000, threads=2)) == expected
            nearest = reader.nearest(queries, radius)
            for q in range(len(queries)):
                best = [(d, n) for n, (d, r) in enumerate(_of(model, queries[q])) if d <= radius]
                assert nearest.found[q] == bool(best)
                if best:
                    assert nearest.distance[q] == min(best)[0]
                    assert nearest.record[q] == model[min(best)[1]][1]
        assert list(_contents(index)) == model


def _of(model: Model, query: np.ndarray) -> list[tuple[int, int]]:
    rows = [np.frombuffer(h, np.uint8) for h, _ in model]
    return [
        (int(np.bitwise_count(row ^ query).sum()), r)
        for row, (_, r) in zip(rows, model, strict=True)
    ]


def _contents(index: HammingIndex) -> Model:
    return [
        (w.tobytes(), int(r))
        for words, records in index.contents()
        for w, r in zip(words, records, strict=True)
    ]


def test_many_queries_at_once_give_what_each_gives_alone(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    hashes, records, model = numbered(clustered(random, 2000))
    queries = near(random, hashes, 3000)  # several blocks a thread
    with IndexWriter(tmp_path) as writer:
        writer.add(hashes[:1500], records[:1500])
        writer.compact()
        writer.add(hashes[1500:], records[1500:])
    index = HammingIndex(tmp_path)
    alone = index.search(queries, cap=2000)
    shared = index.search(queries, cap=2000, threads=3)
    assert triples(alone) == triples(shared) == brute(model, queries, 31)
    assert (
        index.nearest(queries, threads=3).record.tolist() == index.nearest(queries).record.tolist()
    )


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("cap", [1, 7, 200])
def test_a_hash_that_matches_too_much_gets_the_nearest_and_a_flag(cap: int, tmp_path: Path) -> None:
    random = np.random.default_rng(9)
    centre = uniform(random, 1)[0]
    bits = random.permutation(np.arange(3000) % 60)
    hashes = np.array([flipped(random, centre, int(n)) for n in bits])
    with IndexWriter(tmp_path) as writer:
        writer.add(hashes[:2000], np.arange(2000))
        writer.compact()
        writer.add(hashes[2000:], np.arange(2000, 3000))
    queries = np.array([centre, ~centre])
    found = HammingIndex(tmp_path).search(queries, 47, cap=cap)
    assert found.capped.tolist() == [True, False]
    assert found.query.tolist() == [0] * cap
    assert found.distance.tolist() == sorted(n for n in bits.tolist() if n <= 47)[:cap]
    assert all(bits[r] == d for r, d in zip(found.record, found.distance, strict=True))
    assert len(set(found.record.tolist())) == cap


@pytest.mark.usefixtures("way")
def test_the_nearest_is_found_though_a_farther_one_is_found_first(tmp_path: Path) -> None:
    query = uniform(np.random.default_rng(6), 1)
    easy, hard, harder = np.repeat(query, 3, axis=0)
    easy[:3], easy[3] = ~easy[:3], easy[3] ^ 63  # 30 bits in two chunks; the others are the same
    hard[::2] ^= 1  # 16 bits, one in every chunk
    hard[1] ^= 1
    harder[::2] ^= 3  # 32 bits, two in every chunk
    harder[1] ^= 1
    with IndexWriter(tmp_path) as writer:
        for record, row in enumerate((harder, easy, hard)):
            writer.add(row[None], np.array([record]))
        writer.compact()
        index = HammingIndex(tmp_path)
        found = index.nearest(query, 63)
        assert (found.record.tolist(), found.distance.tolist()) == ([2], [17])
        writer.delete(np.array([2]))
        found = index.nearest(query, 63)
        assert (found.record.tolist(), found.distance.tolist()) == ([1], [30])
        assert not index.nearest(query, 29).found.any()


def test_just_as_many_matches_as_the_cap_are_not_flagged(tmp_path: Path) -> None:
    same = np.zeros((10, 32), np.uint8)
    IndexWriter.rebuild(tmp_path, [(same, np.arange(10))])
    index = HammingIndex(tmp_path)
    assert not index.search(same[:1], cap=10).capped.any()
    assert index.search(same[:1], cap=9).capped.all()


@pytest.mark.usefixtures("way")
def test_the_same_hash_under_several_records_gives_all_of_them(tmp_path: Path) -> None:
    row = uniform(np.random.default_rng(2), 1)
    top = (1 << 64) - 1
    with IndexWriter(tmp_path) as writer:
        writer.add(np.repeat(row, 3, axis=0), np.array([7, 7, top], np.uint64))
        writer.compact()
        writer.add(row, np.array([1 << 40], np.uint64))
    index = HammingIndex(tmp_path)
    assert index.search(row, 0).record.tolist() == [7, 7, 1 << 40, top]
    with IndexWriter(tmp_path) as writer:
        assert writer.delete(np.array([7], np.uint64)) == 2
        writer.add(row, np.array([7], np.uint64))  # a number may be used again
    assert index.search(row, 0).record.tolist() == [7, 1 << 40, top]


def test_a_damaged_order_never_reads_outside_the_hashes(way: None) -> None:
    words = index_search.as_words(uniform(np.random.default_rng(3), 16))
    part = Part(
        words,
        np.arange(16, dtype=np.uint64),
        np.zeros(2, np.uint8),
        np.full((16, 16), (1 << 32) - 1, np.uint32),
        np.tile(np.array([0, *[16] * 65536], np.uint32), (16, 1)),
    )
    queries = words.view(np.uint8).reshape(-1, 32)
    assert set(index_search.search((part,), queries, 31, 10, 1).distance.tolist()) <= {0}


def test_what_is_no_hash_or_no_radius_is_refused(tmp_path: Path) -> None:
    with IndexWriter(tmp_path) as writer:
        with pytest.raises(ValueError, match="N×32"):
            writer.add(np.zeros((1, 31), np.uint8), np.zeros(1, np.uint64))
        with pytest.raises(ValueError, match="record numbers"):
            writer.add(np.zeros((2, 32), np.uint8), np.zeros(1, np.uint64))
        with pytest.raises(ValueError, match="not negative"):
            writer.add(np.zeros((1, 32), np.uint8), np.array([-1]))
    index = HammingIndex(tmp_path)
    with pytest.raises(ValueError, match="64 bits"):
        index.search(np.zeros((1, 32), np.uint8), 64)
    with pytest.raises(ValueError, match="cap"):
        index.search(np.zeros((1, 32), np.uint8), cap=0)
    assert len(index.search(np.zeros((0, 32), np.uint8)).query) == 0
    assert not index.nearest(np.zeros((2, 32), np.uint8)).found.any()
    with pytest.raises(IndexMissingError):
        HammingIndex(tmp_path / "elsewhere")
