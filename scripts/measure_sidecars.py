"""Measure what sidecars cost: listing, judging with and without them, and floods of names.

    OPENBLAS_NUM_THREADS=1 .venv/bin/python scripts/measure_sidecars.py

Makes its own cases of facts alone in temporary folders. CPU seconds.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from assay.core.beside import Listing
from assay.core.facts import Item
from assay.engine.batch import Batch
from assay.engine.checks import Check, Pinned
from assay.engine.judging import Judge
from assay.store.case import Case
from assay.verdict.policy import shipped_policy
from tests.support import cases
from tests.support.sidecars import CHECKS, committer, facts

Place = tuple[tuple[str, ...], int | None]  # chain, number of the container
WITHOUT = tuple(check for check in CHECKS if check.name != "sidecar")
BATCH = 256


def filled(places: Sequence[Place], checks: Sequence[Check]) -> tuple[Case, float]:
    """Return a case that holds another content at each place, and the time it took."""
    case = cases.create(Path(tempfile.mkdtemp()) / "case")
    to = committer(case, checks)
    start = time.process_time()
    for first in range(0, len(places), BATCH):
        batch = Batch()
        for n, (chain, container) in enumerate(places[first : first + BATCH], first):
            says = "S1" if chain[-1].endswith("txt") else None
            facts(batch, n + 1000, *chain, container=container, says=says)
        to.commit(batch, "measured")
    return case, time.process_time() - start


def judging(case: Case, checks: Sequence[Check]) -> float:
    """Return microseconds an item, the best of three."""
    judge = Judge(case.reader, Pinned(checks, {}), shipped_policy())
    items: list[Item] = list(case.reader.items())
    times = []
    for _ in range(3):
        start = time.process_time()
        for first in range(0, len(items), BATCH):
            judge.rulings([i.sha256 for i in items[first : first + BATCH]], spread=False)
        times.append(time.process_time() - start)
    return min(times) / len(items) * 1e6


def listing(names: Sequence[str]) -> float:
    """Return microseconds a name."""
    start = time.process_time()
    seen = Listing(names)
    for name in names:
        seen.words(name)
    return (time.process_time() - start) / len(names) * 1e6


def main() -> None:
    """Print all figures."""
    alone = [f"{n // 100}/p{n}.png" for n in range(5000)]
    paired = [f"{n // 100}/p{n // 2}.{'png' if n % 2 else 'txt'}" for n in range(5000)]
    for title, names in (("no sidecar", alone), ("half are sidecars", paired)):
        case, _ = filled([((name,), None) for name in names], CHECKS)
        print(
            f"5,000 items, {title}: listing {listing(names):.1f} us a name, judging "
            f"{judging(case, WITHOUT):.0f} us an item without, {judging(case, CHECKS):.0f} with"
        )
    for n in (5_000, 10_000, 20_000):
        alike: list[Place] = [((f"a.{k}.png",), None) for k in range(n)]
        alike.append((("a.txt",), None))
        twice: list[Place] = [(("box.zip", "a.png" if k % 2 else "a.txt"), 20) for k in range(n)]
        for title, places in (("names alike", alike), ("two names in an archive", twice)):
            without, with_them = filled(places, WITHOUT)[1], filled(places, CHECKS)[1]
            print(f"{n} files, {title}: {without:.1f} s without, {with_them:.1f} s with")


if __name__ == "__main__":
    main()
