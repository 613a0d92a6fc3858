"""Which record of an entry is current: the last one, unless it withdraws the entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from assay.lists.digests import DigestFile, numbers
from assay.lists.marks import Marks
from assay.lists.spill import KEY, ROW

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEW = 20  # times fewer new rows than old ones: looked up one by one instead of side by side


class _Sums(Protocol):
    def of(self, records: NDArray[np.uint32]) -> NDArray[np.uint64]: ...


class _Changes(Protocol):
    added: int
    replaced: int
    withdrawn: int
    unknown: int
    duplicates: int


def supersede(
    parts: Iterable[NDArray[np.uint8]],
    older: list[DigestFile],
    marks: Marks,
    sums: _Sums,
    deleted: NDArray[np.uint32],
    changes: _Changes,
) -> Iterator[NDArray[np.uint8]]:
    """Pass on the sorted rows of new records by entry, and mark which are not current.

    ``older`` are the rows of earlier imports, ``deleted`` the new records (ascending) that withdraw
    their entry. Two versions that say the same count as a repeat: the older one stays.
    """
    follows = False  # whether the first row of a part has an earlier version beside it
    for rows, final in _overlapping(parts):
        keys = _keys(rows)
        records = numbers(rows)
        same = (keys[1:] == keys[:-1]).all(axis=1)  # as the next row
        early, late = records[:-1][same], records[1:][same]
        marks.kill(early)
        repeats = sums.of(early) == sums.of(late)
        marks.repeats(early[repeats])
        changes.duplicates += int(repeats.sum())
        changes.replaced += int((~repeats).sum())
        done = rows if final else rows[:-1]
        is_last = ~(np.append(same, False) if final else same)
        alone = ~np.append(follows, same)[: len(done)][is_last]
        follows = bool(same[-1]) if len(same) else follows
        last = done[is_last]
        if len(last):
            gone = np.isin(numbers(last), deleted, assume_unique=True)
            _against(last, gone, alone, older, marks, sums, changes)
        yield done


def _against(
    last: NDArray[np.uint8],
    gone: NDArray[np.bool_],
    alone: NDArray[np.bool_],
    older: list[DigestFile],
    marks: Marks,
    sums: _Sums,
    changes: _Changes,
) -> None:
    """Set the last new record of each entry against the current one of earlier imports.

    Where that says the same, the earlier one stays, unless other versions came between (the new
    one is not ``alone``): in the order of their numbers the last must be the current one.
    """
    new = numbers(last)
    marks.kill(new[gone])
    met = np.zeros(len(last), np.bool_)
    for file in older:
        at, old = _same_keys(last, file)
        current = ~marks.are_dead(old)
        at, old = at[current], old[current]
        met[at] = True
        equal = (sums.of(old) == sums.of(new[at])) & ~gone[at]
        repeats = equal & alone[at]
        marks.kill(old[~repeats])
        marks.kill(new[at[repeats]])
        marks.repeats(new[at[repeats]])
        changes.duplicates += int(equal.sum())
        changes.replaced += int((~equal & ~gone[at]).sum())
    changes.withdrawn += int((gone & met).sum())
    changes.unknown += int((gone & ~met).sum())
    changes.added += int((~met & ~gone).sum())


def _same_keys(
    rows: NDArray[np.uint8], file: DigestFile
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Return which of the sorted rows have keys of the file, and the records they stand for."""
    if len(rows) * _FEW < file.count:
        pairs = [(at, n) for at, row in enumerate(rows) for n in file.find(row[:KEY].tobytes())]
        found = np.array(pairs, np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1].astype(np.uint32)
    keys = _keys(rows)
    ats, records = [np.zeros(0, np.int64)], [np.zeros(0, np.uint32)]
    for part in file.rows(rows[0, :KEY].tobytes(), rows[-1, :KEY].tobytes()):
        theirs = _keys(part)
        # Keys are unique here, and their first halves nearly so: step over the rare equal ones.
        at = np.searchsorted(keys[:, 0], theirs[:, 0])
        todo = np.flatnonzero(at < len(keys))
        while len(todo):
            equal = keys[at[todo], 0] == theirs[todo, 0]
            todo = todo[equal]
            hit = keys[at[todo], 1] == theirs[todo, 1]
            ats.append(at[todo[hit]])
            records.append(numbers(part[todo[hit]]))
            todo = todo[~hit]
            at[todo] += 1
            todo = todo[at[todo] < len(keys)]
    return np.concatenate(ats), np.concatenate(records)


def current_rows(parts: Iterable[NDArray[np.uint8]], marks: Marks) -> Iterator[NDArray[np.uint8]]:
    """Pass on the rows of records that are current."""
    for part in parts:
        yield part[~marks.are_dead(numbers(part))]


def _overlapping(
    parts: Iterable[NDArray[np.uint8]],
) -> Iterator[tuple[NDArray[np.uint8], bool]]:
    """Give each part with the last row of the one before, and tell which is the final one.

    An entry's versions may stand in any number of parts, so a last row waits for its successor.
    """
    rest = np.zeros((0, ROW), np.uint8)
    for part in parts:
        if len(part):
            rows = np.concatenate((rest, part))
            yield rows, False
            rest = rows[-1:]
    if len(rest):
        yield rest, True


def _keys(rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the keys of rows as N×2 numbers that sort as the keys do."""
    return np.ascontiguousarray(rows[:, :KEY]).view(">u8").astype(np.uint64)
