"""Measures ``assay triage`` against the sum of its stages and against threatexchange.

Makes its own corpus, builds the peer in an environment of its own, and prints Markdown, as
BENCHMARKS.md holds it. Run from the repository: ``.venv/bin/python benchmarks/triage.py``.
Ratios count, not absolute rates: everything compared is measured in the same run, in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as a file, not as a module
    sys.path.insert(0, str(ROOT))

from assay.sandbox.platform import ONE_THREAD  # noqa: E402
from benchmarks import _peer, _pipeline, _report  # noqa: E402
from benchmarks._corpus import KINDS, Corpus, Kind, make  # noqa: E402

CACHE = ROOT / "benchmarks" / ".cache"
HELPS = 9  # runs of --help
Stages = dict[str, dict[str, float]]  # kind -> stage -> CPU ms a file


@dataclass(slots=True)
class Round:
    """One turn of everything. Seconds of wall time unless said otherwise."""

    stages: Stages
    busy: Stages  # the same while every core does it
    whole: _pipeline.Timed
    fixed: _pipeline.Timed  # the same command on one small file
    peer: dict[int, _peer.Rates] = field(default_factory=dict)  # by number of processes


@dataclass(slots=True)
class Results:
    corpus: Corpus
    cores: int
    rounds: list[Round]
    watched: _pipeline.Watched
    helps: list[float]
    no_peer: str = ""  # why there is none
    loads: list[float] = field(default_factory=list)  # of the machine before each round


def stages_of(corpus: Path, scale: float, env: Mapping[str, str], copies: int) -> Stages:
    """Return the stages measured in ``copies`` processes at once, the mean of them."""
    command = [sys.executable, "-m", "benchmarks._stages", str(corpus), "--scale", str(scale)]
    env = {**env, **ONE_THREAD}
    running = [
        subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(copies)
    ]
    answers: list[Stages] = [json.loads(p.communicate()[0]) for p in running]
    return {
        kind: {
            stage: statistics.fmean(a[kind][stage] for a in answers) for stage in answers[0][kind]
        }
        for kind in answers[0]
    }


def run_round(
    corpus: Corpus, asked: argparse.Namespace, env: Mapping[str, str], python: Path | None
) -> Round:
    """Measure everything once, one after the other."""
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(dir=asked.cache) as scratch:
        case = Path(scratch) / "case"
        one = make(Path(scratch), 0, (_one_of(KINDS[0]),))
        fixed = _pipeline.triage(one.folder, case, env, 1)
        whole = _pipeline.triage(corpus.folder, case, env, len(corpus.paths))
    place = asked.cache / "corpus"
    result = Round(
        stages=stages_of(place, asked.scale, env, 1),
        busy=stages_of(place, asked.scale, env, cores),
        whole=whole,
        fixed=fixed,
    )
    if python is not None:
        for processes in dict.fromkeys((1, cores)):
            result.peer[processes] = _peer.measure(python, corpus.paths, processes)
    return result


def _one_of(kind: Kind) -> Kind:
    return Kind(kind.folder, 1, kind.width, kind.height, kind.grain, kind.quality, kind.label)


def run(asked: argparse.Namespace) -> Results:
    """Prepare corpus, peer and caches, then measure as often as asked."""
    asked.cache.mkdir(parents=True, exist_ok=True)
    env = _pipeline.environment(asked.cache)
    _say(f"making the corpus in {asked.cache}")
    corpus = make(asked.cache / "corpus", asked.scale)
    python, why = None, "left out with --no-peer"
    if asked.peer:
        try:
            _say(f"building the peer in {asked.peer_dir}")
            python, why = _peer.build(asked.peer_dir), ""
        except _peer.PeerMissingError as error:
            why = str(error)
            _say(f"no peer: {why}")
    _quiet(asked.wait_quiet)
    _say("watching one run (memory, first item); it warms the caches as well")
    with tempfile.TemporaryDirectory(dir=asked.cache) as scratch:
        _pipeline.watch(corpus.folder, Path(scratch) / "case", env)
        watched = _pipeline.watch(corpus.folder, Path(scratch) / "case", env)
    helps = [_pipeline.help_seconds(env) for _ in range(HELPS + 1)][1:]
    rounds, loads = [], []
    for number in range(asked.rounds):
        loads.append(_quiet(asked.wait_quiet))
        _say(f"round {number + 1} of {asked.rounds}, load {loads[-1]:.2f}")
        rounds.append(run_round(corpus, asked, env, python))
    return Results(corpus, os.cpu_count() or 1, rounds, watched, helps, why, loads)


def _quiet(seconds: float) -> float:
    """Wait until the machine has nothing else to do, or the time is over; returns its load."""
    until = time.monotonic() + seconds
    while os.getloadavg()[0] >= 1 and time.monotonic() < until:
        time.sleep(5)
    return os.getloadavg()[0]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="times 200 + 20 + 40 files")
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken of them")
    parser.add_argument("--cache", type=Path, default=CACHE, help="corpus, bytecode, cases")
    parser.add_argument("--peer-dir", type=Path, default=_peer.FOLDER)
    parser.add_argument("--no-peer", dest="peer", action="store_false")
    parser.add_argument(
        "--wait-quiet",
        type=float,
        default=0,
        metavar="SECONDS",
        help="wait so long for a load below 1 before each round",
    )
    asked = parser.parse_args()
    results = run(asked)
    print(_report.markdown(results, " ".join(["benchmarks/triage.py", *sys.argv[1:]])))


if __name__ == "__main__":
    main()
