"""Measures PDQ of 2-megapixel luma planes against ``pdqhash`` on the same planes, in turns.

The peer runs in the environment that ``benchmarks/triage.py`` builds. Prints Markdown.
Run from the repository: ``.venv/bin/python benchmarks/pdq.py``.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as a file, not as a module
    sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from assay.media.pdq import PdqHash, pdq_hash, warm  # noqa: E402
from benchmarks import _peer, _report  # noqa: E402
from benchmarks._corpus import Kind, scene  # noqa: E402

WIDTH, HEIGHT = 1664, 1248  # 2.08 megapixels
TARGET = 2.5  # ms, DESIGN §10
_KIND = Kind("pdq", 1, WIDTH, HEIGHT, 6.0)
_SCRIPT = """
import sys, time, numpy, pdqhash
for name in sys.argv[1:]:
    plane = numpy.load(name)
    rgb = numpy.ascontiguousarray(numpy.stack([plane] * 3, -1))
    started = time.perf_counter()
    bits, quality = pdqhash.compute(rgb)
    spent = time.perf_counter() - started
    print(numpy.packbits(bits.astype(bool)).tobytes().hex(), quality, spent)
"""


def planes(count: int) -> list[NDArray[np.uint8]]:
    """Return luma planes (H×W) of benign scenes with grain of their own."""
    rng = np.random.Generator(np.random.PCG64(7))
    found = []
    for number in range(count):
        picture = scene(_KIND, seed=9000 + number)[..., 1]
        grain = rng.standard_normal(picture.shape, dtype=np.float32) * _KIND.grain
        found.append(np.clip(picture + grain, 0, 255).astype(np.uint8))
    return found


def ours(found: list[NDArray[np.uint8]]) -> tuple[list[PdqHash], list[float]]:
    """Return hashes and milliseconds of each."""
    hashes, spent = [], []
    for plane in found:
        started = time.perf_counter()
        hashes.append(pdq_hash(plane))
        spent.append(1000 * (time.perf_counter() - started))
    return hashes, spent


def theirs(python: Path, names: list[Path]) -> tuple[list[PdqHash], list[float]]:
    """Return the peer's hashes and milliseconds for the planes in files.

    It takes RGB only, so it is given the plane three times; stacking it is not counted.
    """
    command = [str(python), "-P", "-c", _SCRIPT, *map(str, names)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    hashes, spent = [], []
    for line in done.stdout.splitlines():
        digits, quality, seconds = line.split()
        hashes.append(PdqHash(digits, int(quality)))
        spent.append(1000 * float(seconds))
    return hashes, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planes", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-dir", type=Path, default=_peer.FOLDER)
    asked = parser.parse_args()
    found = planes(asked.planes)
    warm()
    ours(found[:2])
    mine: list[float] = []
    peers: list[float] = []
    bits = quality = 0
    python, why = None, ""
    try:
        python = _peer.build(asked.peer_dir)
    except _peer.PeerMissingError as error:
        why = str(error)
    with tempfile.TemporaryDirectory() as scratch:
        names = [Path(scratch) / f"{number:03}.npy" for number in range(len(found))]
        for name, plane in zip(names, found, strict=True):
            np.save(name, plane)
        for _ in range(asked.rounds):
            hashes, spent = ours(found)
            mine += spent
            if python is not None:
                others, spent = theirs(python, names)
                peers += spent
                both = list(zip(hashes, others, strict=True))
                bits = max([bits, *(a.distance(b) for a, b in both)])
                quality = max([quality, *(abs(a.quality - b.quality) for a, b in both)])
    middle = statistics.median(mine)
    print(f"Command: `.venv/bin/python {' '.join(['benchmarks/pdq.py', *sys.argv[1:]])}`\n")
    print(f"{_report.machine()}\n")
    print(f"{len(found)} planes of {WIDTH}x{HEIGHT}, {asked.rounds} rounds.\n")
    print("| what | target | median | 90 % below | |\n|---|---|---|---|---|")
    met = "met" if middle <= TARGET else "**missed**"
    print(
        f"| Assay, plane → hash | ≤ {TARGET} ms | {middle:.2f} ms | {_high(mine):.2f} ms | {met} |"
    )
    if python is None:
        print(f"\nThe peer was not measured: {why}.")
        return
    theirs_ms = statistics.median(peers)
    print(f"| pdqhash 0.2.8 | | {theirs_ms:.2f} ms | {_high(peers):.2f} ms | |")
    same = "met" if not bits else "**missed**"
    print(f"| largest distance to pdqhash | 0 bits | {bits} bits | | {same} |")
    print(f"| largest difference in quality | 0 | {quality} | | |")


def _high(values: list[float]) -> float:
    return statistics.quantiles(values, n=10)[-1]


if __name__ == "__main__":
    main()
