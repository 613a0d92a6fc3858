"""Measures the exact index of known hashes beside faiss and threatexchange on the same hashes.

Makes its own hashes, builds the peers in an environment of their own, runs every engine in a
process of its own, one after the other, and prints Markdown, as BENCHMARKS.md holds it; ``--json``
keeps all figures. Run from the repository: ``.venv/bin/python benchmarks/lists.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as a file, not as a module
    sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from benchmarks import _lists_data, _lists_report, _peer  # noqa: E402

CACHE = ROOT / "benchmarks" / ".cache"
Pairs = set[tuple[int, int]]  # query, record
_LARGE = 3_000_000  # above, threatexchange would take a quarter of an hour and 6 GB


def run(count: int, cache: Path, python: Path | None) -> dict[str, Any]:
    """Measure everything at one number of hashes."""
    _say(f"{count} hashes: making them")
    data = _lists_data.make(cache, count)
    index = data / "index"
    shutil.rmtree(index, ignore_errors=True)
    result: dict[str, Any] = {"count": count, "load": os.getloadavg()[0]}
    for step in ("build", "query", "update"):
        _say(f"{count} hashes: {step}, load {os.getloadavg()[0]:.1f}")
        more = [data / "ours.npz"] if step == "query" else []
        command = [sys.executable, "-m", "benchmarks._lists_ours", step]
        result[step] = _json([*command, data, index, *more])
    shutil.rmtree(index)
    result["query"]["recall"] = recall(data, "ours")
    result["peers"] = []
    for engine in ("flat", "exchange") if python else ():
        if engine == "exchange" and count > _LARGE:
            continue
        _say(f"{count} hashes: {engine}, load {os.getloadavg()[0]:.1f}")
        script = Path(_lists_data.__file__).with_name("_lists_peer.py")
        peer = _json([python, "-P", script, engine, data, data / f"{engine}.npz"])
        peer["recall"] = recall(data, engine)
        peer["same"] = pairs(data / "ours.npz") == pairs(data / f"{engine}.npz")
        result["peers"].append(peer)
    result["load_after"] = os.getloadavg()[0]
    return result


def pairs(path: Path, below: int | None = None) -> Pairs:
    """Return the matches in a file, of the first queries only where ``below`` is given."""
    with np.load(path) as found:
        every = zip(found["query"].tolist(), found["record"].tolist(), strict=True)
        return {(q, r) for q, r in every if below is None or q < below}


def recall(data: Path, name: str) -> dict[str, float]:
    """Return recall, false matches and the matches that numpy found, for the checked queries."""
    truth = pairs(data / "truth.npz")
    found = pairs(data / f"{name}.npz", _lists_data.CHECKED)
    return {
        "recall": len(found & truth) / len(truth),
        "false": len(found - truth),
        "true": len(truth),
    }


def _json(command: list[Any]) -> Any:
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000000,10000000", help="numbers of hashes")
    parser.add_argument("--cache", type=Path, default=CACHE / "lists", help="hashes and indexes")
    parser.add_argument("--peer-dir", type=Path, default=_peer.FOLDER)
    parser.add_argument("--no-peer", dest="peer", action="store_false")
    parser.add_argument("--json", type=Path, help="file for all figures")
    asked = parser.parse_args()
    python, why = None, "left out with --no-peer"
    if asked.peer:
        try:
            python, why = _peer.build(asked.peer_dir), ""
        except _peer.PeerMissingError as error:
            why = str(error)
    results = [run(int(size), asked.cache, python) for size in asked.sizes.split(",")]
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(_lists_report.markdown(results, " ".join(["benchmarks/lists.py", *sys.argv[1:]]), why))


if __name__ == "__main__":
    main()
