"""Puts the results of ``benchmarks/triage.py`` into Markdown: targets first, then the stages."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.triage import Results, Round, Stages

MIB = 1 << 20
_PACKAGES = ("assay", "numpy", "numba", "pillow", "simplejpeg", "c2pa-python", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class Target:
    """One row of the first table; ``met`` compares the median with what DESIGN §10 asks."""

    name: str
    asked: str
    values: tuple[float, ...]
    unit: str
    met: Callable[[float], bool] | None = None

    def row(self) -> str:
        if not self.values:
            return f"| {self.name} | {self.asked} | not measured | | |"
        middle = statistics.median(self.values)
        spread = f"{min(self.values):.2f} – {max(self.values):.2f}"
        verdict = "" if self.met is None else "met" if self.met(middle) else "**missed**"
        return f"| {self.name} | {self.asked} | {middle:.2f}{self.unit} | {spread} | {verdict} |"


def markdown(results: Results, command: str) -> str:
    """Return everything as it goes into BENCHMARKS.md."""
    corpus = results.corpus
    kinds = ", ".join(f"{len(paths)} {label}" for label, paths in corpus.files.items())
    loads = ", ".join(f"{load:.2f}" for load in results.loads)
    lines = [
        f"Command: `.venv/bin/python {command}`",
        "",
        machine(),
        "",
        f"Corpus: {len(corpus.paths)} files, {corpus.size / MIB:.0f} MiB ({kinds}). "
        f"{len(results.rounds)} rounds; load of the machine before each: {loads}.",
        "",
        "| what | target | median | spread | |",
        "|---|---|---|---|---|",
        *(target.row() for target in targets(results)),
        "",
        "Stages alone, CPU ms a file (one process, one thread, warm caches; medians):",
        "",
        *stage_table(results),
        "",
        *rates(results),
    ]
    if results.no_peer:
        lines += ["", f"The peer was not measured: {results.no_peer}."]
    return "\n".join(lines)


def targets(results: Results) -> list[Target]:
    rounds, cores = results.rounds, results.cores
    # On a corpus so small that start-up outweighs it, what is left without it is noise.
    long = rounds if all(r.whole.wall > 2 * r.fixed.wall for r in rounds) else []
    files = len(results.corpus.paths)
    rows = [
        Target(
            "pipeline ÷ limit, whole command",
            "≥ 0.85",
            tuple(limit(r.stages, results) / r.whole.wall for r in rounds),
            "",
            lambda v: v >= 0.85,
        ),
        Target(
            "pipeline ÷ limit, without start-up and close",
            "≥ 0.85",
            tuple(limit(r.stages, results) / _net(r) for r in long),
            "",
            lambda v: v >= 0.85,
        ),
        Target(
            f"the same, stages measured with all {cores} cores busy",
            "",
            tuple(limit(r.busy, results) / _net(r) for r in long),
            "",
        ),
        Target(
            "the same by CPU time instead of wall time",
            "",
            tuple(cores * limit(r.stages, results) / (r.whole.cpu - r.fixed.cpu) for r in long),
            "",
        ),
        Target(
            "start-up and close: the command on one small file",
            "",
            tuple(r.fixed.wall for r in rounds),
            " s",
        ),
    ]
    best = [_best(r) for r in rounds if r.peer]
    rows += [
        Target(
            "files/s ÷ best peer set-up, whole command",
            "≥ 5",
            tuple(b / r.whole.wall for b, r in zip(best, rounds, strict=False)),
            "×",
            lambda v: v >= 5,
        ),
        Target(
            "files/s ÷ best peer set-up, without start-up and close",
            "≥ 5",
            tuple(b / _net(r) for b, r in zip(best, long, strict=False)),
            "×",
            lambda v: v >= 5,
        ),
    ]
    watched = results.watched
    first = () if watched.first_item is None else (watched.first_item,)
    inside = tuple(float(str(r.whole.summary["first_item_seconds"])) for r in rounds)
    rows += [
        Target(
            "first lane-1 item committed, from process start", "< 10 s", first, " s", _under(10)
        ),
        Target("first lane-1 item, from the start of the run", "< 10 s", inside, " s", _under(10)),
        Target("`assay --help`", "< 0.3 s", tuple(results.helps), " s", _under(0.3)),
        Target("memory of the largest worker (PSS)", "", (watched.worker / MIB,), " MiB"),
        Target(
            f"memory of all {cores} workers, fork server, coordinator (PSS)",
            "",
            ((watched.workers + watched.nursery + watched.coordinator) / MIB,),
            " MiB",
        ),
        Target("files/s, whole command", "", tuple(files / r.whole.wall for r in rounds), ""),
        Target(
            "cores kept busy, whole command",
            f"of {cores}",
            tuple(r.whole.cpu / r.whole.wall for r in rounds),
            "",
        ),
    ]
    return rows


def limit(stages: Stages, results: Results) -> float:
    """Return the seconds that the corpus would take were there nothing but the stages."""
    files = results.corpus.files
    ms = sum(len(files[kind]) * sum(row.values()) for kind, row in stages.items())
    return ms / 1000 / results.cores


def stage_table(results: Results) -> list[str]:
    """Return the rows of stages by kind of file, their sums, and the peer beside them."""
    kinds = list(results.corpus.files)
    rows = ["| stage | " + " | ".join(kinds) + " |", "|---" * (len(kinds) + 1) + "|"]
    stages = [r.stages for r in results.rounds]
    middle = {
        kind: {
            stage: statistics.median(s[kind][stage] for s in stages) for stage in stages[0][kind]
        }
        for kind in kinds
    }
    for stage in middle[kinds[0]]:
        values = [middle[kind][stage] for kind in kinds]
        if any(value >= 0.005 for value in values):
            rows.append(_cells(stage, values, ""))
    rows.append(_cells("**sum**", [sum(middle[kind].values()) for kind in kinds], "**"))
    peers = [r.peer[1].ms for r in results.rounds if r.peer]
    if peers:
        folders = [paths[0].parent.name for paths in results.corpus.files.values()]
        values = [statistics.median(ms[folder] for ms in peers) for folder in folders]
        rows.append(_cells("peer, one process (wall)", values, ""))
    return rows


def _cells(name: str, values: Sequence[float], mark: str) -> str:
    return f"| {name} | " + " | ".join(f"{mark}{v:.2f}{mark}" for v in values) + " |"


def rates(results: Results) -> list[str]:
    """Return files per second of every set-up that was measured."""
    files = len(results.corpus.paths)
    rounds = results.rounds
    rows = [
        "| set-up | files/s (median) | spread |",
        "|---|---|---|",
        _rate("assay triage, whole command", [files / r.whole.wall for r in rounds]),
        _rate("assay triage, without start-up and close", [files / _net(r) for r in rounds]),
    ]
    for processes in rounds[0].peer:
        name = "1 process" if processes == 1 else f"pool of {processes} processes"
        values = [files / r.peer[processes].seconds for r in rounds]
        rows.append(_rate(f"threatexchange PDQ + Pillow EXIF, {name}", values))
    return rows


def machine() -> str:
    """Name the machine and the versions that the numbers belong to."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"Machine: {model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}; {packages}."
    )


def _rate(name: str, values: Sequence[float]) -> str:
    return f"| {name} | {statistics.median(values):.1f} | {min(values):.1f} – {max(values):.1f} |"


def _net(one: Round) -> float:
    return one.whole.wall - one.fixed.wall


def _best(one: Round) -> float:
    """Return the seconds of the fastest way in which the peer was run."""
    return min(rates.seconds for rates in one.peer.values())


def _under(bound: float) -> Callable[[float], bool]:
    return lambda value: value < bound
