"""Tries the index layout for very long lists: 11 chunks of about 23 bits with two flipped bits.

The index that Assay has cuts a hash into 16 chunks of 16 bits; above some ten million hashes the
values of a chunk fill up and most time goes into comparing hashes that do not match. This builds
the other layout in memory, asks both for the same queries, and compares what they find. It is a
measurement of the layout, not an index: nothing is stored. Run from the repository, on a machine
with 80 bytes of memory and 130 of disk a hash: ``.venv/bin/python benchmarks/lists_layout.py``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as a file, not as a module
    sys.path.insert(0, str(ROOT))

import numba  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from assay.lists.index import HammingIndex  # noqa: E402
from assay.lists.index_writer import IndexWriter  # noqa: E402
from benchmarks import _lists_data, _report  # noqa: E402

CACHE = ROOT / "benchmarks" / ".cache" / "lists"
WIDTHS = np.array([24] * 3 + [23] * 8)  # bits of the chunks, 256 in all
FLIPS = np.array([2] * 10 + [1])  # 31 = 11 · 2 + 9: two in ten chunks, one in the last
RADIUS = _lists_data.RADIUS
_CAP = 10_000  # matches of a query, some of them found in several chunks
_BLOCK = 1 << 18

Words = NDArray[np.uint64]
_jit: Any = numba.njit(error_model="numpy")


@_jit
def _value(words: Any, first: Any, width: Any) -> Any:
    """Return ``width`` bits from bit ``first`` on of four words."""
    word, shift = first >> 6, first & 63
    value = words[word] >> np.uint64(shift)
    if shift + width > 64:
        value |= words[word + 1] << np.uint64(64 - shift)
    return np.int64(value & np.uint64((1 << width) - 1))


@_jit
def _sort(words: Any, first: Any, width: Any, order: Any) -> Any:
    """Sort the hashes by one chunk into ``order`` (N); return where each value begins."""
    starts = np.zeros((1 << width) + 1, np.uint32)
    for n in range(len(words)):
        starts[_value(words[n], first, width) + 1] += np.uint32(1)
    for value in range(1 << width):
        starts[value + 1] += starts[value]
    place = starts[:-1].copy()
    for n in range(len(words)):
        value = _value(words[n], first, width)
        order[place[value]] = n
        place[value] += np.uint32(1)
    return starts


@_jit
def _compare(
    words: Any, order: Any, first: Any, last: Any, query: Any, found: Any, count: Any
) -> Any:
    """Add the hashes at ``order[first:last]`` within the radius to ``found``."""
    for at in range(first, last):
        row = words[order[at]]
        bits = np.int64(0)
        for word in range(4):
            x = row[word] ^ query[word]
            x -= (x >> np.uint64(1)) & np.uint64(0x5555555555555555)
            x = (x & np.uint64(0x3333333333333333)) + (
                (x >> np.uint64(2)) & np.uint64(0x3333333333333333)
            )
            x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
            bits += np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))
        if bits <= RADIUS and count < len(found):
            found[count] = order[at]
            count += 1
    return count


@_jit
def _search(words: Any, orders: Any, starts: Any, query: Any, found: Any) -> Any:
    """Return how many matches ``found`` has, some of them twice, and how many were compared."""
    count, compared, first = 0, 0, 0
    for chunk in range(len(WIDTHS)):
        width = WIDTHS[chunk]
        begins = starts[chunk]
        value = _value(query, first, width)
        for one in range(-1, width):
            for other in range(-1, one if FLIPS[chunk] == 2 else 0):
                near = value
                if one >= 0:
                    near ^= 1 << one
                if other >= 0:
                    near ^= 1 << other
                low, high = np.int64(begins[near]), np.int64(begins[near + 1])
                compared += high - low
                count = _compare(words, orders[chunk], low, high, query, found, count)
            if one == -1:  # the loop above has no pass for the value itself
                low, high = np.int64(begins[value]), np.int64(begins[value + 1])
                compared += high - low
                count = _compare(words, orders[chunk], low, high, query, found, count)
        first += width
    return count, compared


class Layout:
    """The 11 orders of N×4 words."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.orders = np.empty((len(WIDTHS), len(words)), np.uint32)
        places = np.concatenate(([0], np.cumsum(WIDTHS)))
        self.starts = tuple(
            _sort(words, int(places[n]), int(width), self.orders[n])
            for n, width in enumerate(WIDTHS)
        )
        self.compared = 0
        self._found = np.empty(_CAP, np.int64)

    def search(self, query: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the numbers of all hashes within the radius of one query (32 bytes)."""
        count, self.compared = _search(
            self.words, self.orders, self.starts, query.view(np.uint64), self._found
        )
        return np.unique(self._found[:count])


def timed(search: Callable[[int], object], count: int) -> list[float]:
    """Return the CPU milliseconds of each of ``count`` single queries, after some to warm up."""
    for number in range(10):
        search(number)
    spent = []
    for number in range(count):
        start = time.process_time()
        search(number)
        spent.append(1000 * (time.process_time() - start))
    return spent


def run(count: int, cache: Path, queries: int = 1000) -> list[str]:
    """Measure both layouts; return rows of Markdown. Raises AssertionError where they differ."""
    data = _lists_data.make(cache, count)
    hashes = np.load(data / "hashes.npy", mmap_mode="r")
    asked = np.load(data / "queries.npy")[:queries]
    index = data / "index"
    shutil.rmtree(index, ignore_errors=True)

    def blocks() -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint64]]]:
        for start in range(0, count, _BLOCK):
            block = np.array(hashes[start : start + _BLOCK])
            yield block, np.arange(start, start + len(block), dtype=np.uint64)

    IndexWriter.rebuild(index, blocks())
    reader = HammingIndex(index)
    ours = timed(lambda n: reader.search(asked[n : n + 1], RADIUS), len(asked))
    expected = [
        np.unique(reader.search(asked[n : n + 1], RADIUS).record.astype(np.int64))
        for n in range(len(asked))
    ]
    shutil.rmtree(index)  # what is mapped stays until ``reader`` is gone
    Layout(np.zeros((2, 4), np.uint64)).search(asked[0])  # compiled before anything is measured
    start = time.process_time()
    layout = Layout(np.ascontiguousarray(hashes).view(np.uint64))
    built = time.process_time() - start
    long = timed(lambda n: layout.search(asked[n]), len(asked))
    compared = []
    for number, matches in enumerate(expected):
        assert np.array_equal(layout.search(asked[number]), matches), number
        compared.append(layout.compared)
    size = 32 + 4 * len(WIDTHS) + sum(start.nbytes for start in layout.starts) / count
    return [
        f"| {count:,} | 16 of 16, as Assay has it | {_ms(ours)} | 100 | |",
        f"| | 11 of 23 and 24 | {_ms(long)} | {size:.0f} | {built:.0f} s; "
        f"{statistics.median(compared):,.0f} compared a query |",
    ]


def _ms(spent: list[float]) -> str:
    return f"{statistics.median(spent):.2f} ms; {np.percentile(spent, 95):.2f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000000,10000000,30000000,100000000")
    parser.add_argument("--cache", type=Path, default=CACHE)
    asked = parser.parse_args()
    print(_report.machine())
    print()
    print("| hashes | layout | CPU a single query: median; 95 % within | bytes a hash | built |")
    print("|---|---|---|---|---|")
    for size in asked.sizes.split(","):
        print("\n".join(run(int(size), asked.cache)), flush=True)
    print(f"\nload {os.getloadavg()[0]:.1f}; the same matches in both")


if __name__ == "__main__":
    main()
