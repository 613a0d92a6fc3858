"""One picture asked for in several looks: mirrored, turned, without bars, panel by panel.

``expand`` makes the queries, ``fold`` brings what they met back to the pictures. The hashes of the
turned picture are what ``assay.media.pdq_turns`` makes; this module is handed its function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assay.lists.matching import Hit

_BYTES = 32  # of a hash
_TURNED = 96  # of what else is needed to make the eight of one picture


class Eight(Protocol):
    """Return the hashes of the eight looks, N×8×32, the picture as it is first."""

    def __call__(
        self, hashes: NDArray[np.uint8], turned: NDArray[np.uint8], /
    ) -> NDArray[np.uint8]: ...


def expand(
    hashes: NDArray[np.uint8],
    turned: Sequence[bytes],
    eight: Eight,
    names: Sequence[str],
    parts: Sequence[str] = (),
) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    """Return M×32 queries, which of the N hashes each is of (M), and what each is called (M).

    ``hashes`` N×32; ``turned`` N times the 96 bytes that go with a hash, or empty where they are
    not known: then it is asked for as it is alone. ``names`` are those of the eight looks, "" for
    the first. ``parts`` N names, where a hash is of a part of a picture: "panel 2" gives
    "panel 2", "panel 2, mirrored", … The queries of a hash stand together, the stored one first.
    """
    given = np.ascontiguousarray(hashes, np.uint8).reshape(-1, _BYTES)
    known = np.array([len(each) == _TURNED for each in turned], np.bool_)
    if len(known) != len(given):
        raise ValueError(f"{len(given)} hashes, but {len(known)} to turn them by")
    looks = np.repeat(given[:, None], len(names), axis=1)
    if known.any():
        rows = [each for each in turned if len(each) == _TURNED]
        by = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, _TURNED)
        looks[known] = eight(given[known], by)
    asked = np.repeat(known[:, None], len(names), axis=1)
    asked[:, 0] = True
    owner, look = np.nonzero(asked)
    called = tuple(
        ", ".join(filter(None, (parts[at] if parts else "", names[which])))
        for at, which in zip(owner.tolist(), look.tolist(), strict=True)
    )
    return np.ascontiguousarray(looks[owner, look]), owner, called


def fold(
    owner: NDArray[np.int64] | Sequence[int],
    names: Sequence[str],
    hits: Sequence[Sequence[Hit]],
    count: int,
) -> list[list[Hit]]:
    """Return what ``count`` pictures met, from what M queries met, each with its variant's name.

    ``owner`` M says whose query each is: the rows of ``expand``, or the pictures that those are
    parts of. Of one record met by the same hash of its own through several variants the nearest
    stays, of equally near ones the earliest; list by list, nearest first. ``more`` becomes the most
    that one of the queries left out: then something was not read.
    """
    best: list[dict[tuple[str, int, str], Hit]] = [{} for _ in range(count)]
    more: list[dict[str, int]] = [{} for _ in range(count)]
    for whose, name, met in zip(map(int, owner), names, hits, strict=True):
        for hit in met:
            key = hit.list, hit.number, hit.value
            before = best[whose].get(key)
            if before is None or hit.distance < before.distance:
                best[whose][key] = replace(hit, variant=name)
            left = more[whose]
            left[hit.list] = max(left.get(hit.list, 0), hit.more)
    return [_ordered(mine, left) for mine, left in zip(best, more, strict=True)]


def _ordered(best: dict[tuple[str, int, str], Hit], more: dict[str, int]) -> list[Hit]:
    place = {name: at for at, name in enumerate(more)}
    rows = sorted(best.values(), key=lambda hit: (place[hit.list], hit.distance, hit.number))
    return [
        hit if hit.more == more[hit.list] else replace(hit, more=more[hit.list]) for hit in rows
    ]
