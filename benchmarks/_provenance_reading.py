"""Runs the checks that read provenance on a folder of files, and takes what each costs.

One process, one thread, warm; CPU time. Decoding, the digest and reading the file are apart.
"""

from __future__ import annotations

import hashlib
import math
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from assay.core.blob import MemoryBlob
from assay.core.contract import Examiner, Settings, accepts
from assay.core.facts import Observation, Sha256
from assay.engine.cameras import camera_options
from assay.engine.registry import installed
from assay.engine.stage import run_examiner
from assay.engine.trusting import Named, trust_with
from assay.engine.view import HEAD, Shared
from assay.media.sniff import sniff

WALK, DECODE = "walk", "decode"
CHECKS = ("exif", "genparams", "camera", "c2pa", "signature", "fingerprint")  # in this order
STEPS = (WALK, *CHECKS)
BASIC = (WALK, "exif", "c2pa")  # what the target for a file without a manifest counts
_WHOLE = 256 << 20  # bytes of a file that is read whole, as in a worker


@dataclass(frozen=True, slots=True)
class Read:
    """One file: what the checks said and what they cost."""

    name: str  # below its folder, or of what made it
    media_type: str
    ms: dict[str, float]  # step -> CPU milliseconds, median of the rounds
    observations: tuple[Observation, ...]

    @property
    def credential(self) -> bool:
        return any(o.kind == "c2pa" for o in self.observations)

    def of(self, *steps: str) -> float:
        """Return what some steps cost together, in milliseconds."""
        return sum(self.ms[step] for step in steps)


def examiners() -> dict[str, Examiner]:
    """Return the checks that are measured, prepared as for a case made today."""
    found = {e.info.name: e for e in installed()}
    trust, _ = trust_with(Named())
    today = datetime.now(UTC).date().isoformat()
    settings = Settings(evaluation_date=today, options={**trust, **camera_options()})
    chosen = {name: found[name] for name in CHECKS}
    for examiner in chosen.values():
        examiner.prepare(settings)
    return chosen


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def read(name: str, data: bytes, checks: dict[str, Examiner], rounds: int = 1) -> Read:
    """Run the checks ``rounds`` times on one file; nothing is kept from round to round."""
    spent: list[dict[str, float]] = []
    for _ in range(rounds):
        shared = Shared(MemoryBlob(data), _WHOLE)
        shared.sha256 = Sha256(hashlib.sha256(data).hexdigest())
        spent.append(_once(shared, data, checks))
    ms = {step: statistics.median(row[step] for row in spent) for step in spent[0]}
    return Read(name, shared.media_type, ms, tuple(shared.observations))


def read_all(folder: Path, checks: dict[str, Examiner], rounds: int) -> list[Read]:
    """Read every file of a folder, after one pass that warms up."""
    paths = files_of(folder)
    for path in paths:
        read(path.name, path.read_bytes(), checks)
    return [
        read(path.relative_to(folder).as_posix(), path.read_bytes(), checks, rounds)
        for path in paths
    ]


def share(values: Sequence[float], part: float) -> float:
    """Return the smallest value that at least ``part`` of all do not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else 0.0


def _once(shared: Shared, data: bytes, checks: dict[str, Examiner]) -> dict[str, float]:
    ms = {WALK: _timed(lambda: _walk(shared, data)), DECODE: _timed(lambda: _decode(shared))}
    for name, examiner in checks.items():
        ms[name] = 0.0
        if accepts(examiner.info.media_types, shared.media_type):
            ms[name] = _timed(partial(_examine, examiner, shared))
    return ms


def _walk(shared: Shared, data: bytes) -> None:
    shared.media_type = sniff(data[:HEAD], len(data)) if data else "inode/x-empty"
    with suppress(Exception):  # kept, and raised again for the check that asks
        shared.walk()


def _decode(shared: Shared) -> None:
    with suppress(Exception):
        shared.picture().luma()


def _examine(examiner: Examiner, shared: Shared) -> None:
    seen, _ = run_examiner(examiner, shared, "")
    shared.observations.extend(seen)


def _timed(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)
