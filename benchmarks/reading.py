"""Measures how often evidence is read, and how a run fares on a disk that is slow.

*Once*: the file system itself counts every read (no page cache), bytes read ÷ bytes of the source.
*Slow*: the same source at 100 MB/s and 5 ms for each opened file, wall time ÷ the floor of such a
disk. Run from the repository: ``.venv/bin/python benchmarks/reading.py``. Needs FUSE and mount
namespaces (Linux); about ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as a file, not as a module
    sys.path.insert(0, str(ROOT))

from benchmarks import _disk, _pipeline, _report  # noqa: E402
from tests.support.mounts import namespace  # noqa: E402

CACHE = ROOT / "benchmarks" / ".cache"
RATE = 100.0  # 10^6 bytes a second
OPEN_MS = 5.0
LARGE = 300 << 20  # bytes; above the 256 MiB that a worker holds
TARGET = 1.05


@dataclass(frozen=True, slots=True)
class Results:
    source: _disk.Source
    large: _disk.Source
    once: _disk.Ran
    once_large: _disk.Ran
    local: _disk.Ran
    quick: _disk.Ran  # through the disk in user space, unpaced
    slow: _disk.Ran
    calls: int  # rchar of a run on the local folder, less that of a run on an empty one

    @property
    def floor(self) -> float:
        """Seconds that the slow disk needs to give each file once."""
        return self.source.size / (RATE * 1e6) + len(self.source.sizes) * OPEN_MS / 1000


def measure(work: Path, files: int, large: int) -> Results:
    source = _disk.make(CACHE / "reading", files)
    big = _disk.make_large(CACHE / "reading-large", large)
    env = _pipeline.environment(CACHE)
    empty, case = work / "empty", work / "case"
    empty.mkdir()
    start = _disk.bytes_read(empty, case, env)  # also compiles the bytecode
    with namespace() as space:
        return Results(
            source,
            big,
            once=_disk.run_from_disk(source, work, env, space, "--direct"),
            once_large=_disk.run_from_disk(big, work, env, space, "--direct"),
            local=_disk.run(source.folder, case, env),
            quick=_disk.run_from_disk(source, work, env, space),
            slow=_disk.run_from_disk(
                source, work, env, space, "--rate", str(RATE), "--open-ms", str(OPEN_MS)
            ),
            calls=_disk.bytes_read(source.folder, case, env) - start,
        )


def by_kind(source: _disk.Source, ran: _disk.Ran) -> dict[str, tuple[int, int, float, float]]:
    """Return files, bytes, bytes read ÷ bytes, and openings a file, by suffix."""
    files: Counter[str] = Counter()
    size: Counter[str] = Counter()
    read: Counter[str] = Counter()
    opens: Counter[str] = Counter()
    for path, length in source.sizes.items():
        kind = path.rpartition(".")[2]
        files[kind] += 1
        size[kind] += length
        read[kind] += ran.read.get(path, 0)
        opens[kind] += ran.opens.get(path, 0)
    return {
        kind: (files[kind], size[kind], read[kind] / size[kind], opens[kind] / files[kind])
        for kind in sorted(files)
    }


def ratio(source: _disk.Source, ran: _disk.Ran) -> float:
    return sum(ran.read.values()) / source.size


def as_json(results: Results) -> dict[str, object]:
    """Return every figure; times in seconds, sizes in bytes."""
    slow = results.slow
    return {
        "files": len(results.source.sizes),
        "bytes": results.source.size,
        "read_ratio": ratio(results.source, results.once),
        "read_by_kind": by_kind(results.source, results.once),
        "read_ratio_large": ratio(results.large, results.once_large),
        "read_by_kind_large": by_kind(results.large, results.once_large),
        "rchar_ratio": results.calls / results.source.size,
        "wall": {
            "local": results.local.wall,
            "user_space_disk": results.quick.wall,
            "slow_disk": slow.wall,
        },
        "floor": results.floor,
        "wall_to_floor": slow.wall / results.floor,
        "wall_to_best": slow.wall / max(results.floor, results.local.wall),
        "first_item": {"local": results.local.first_item, "slow_disk": slow.first_item},
        "first_open": slow.first_open,
        "last_listing": slow.last_listing,
        "summary": dict(slow.summary),
        "cores": os.cpu_count(),
    }


def text(figures: Mapping[str, object], results: Results) -> str:
    """Return the figures as they go into BENCHMARKS.md."""
    slow, source = results.slow, results.source
    once = ratio(source, results.once)
    lines = [
        f"Command: `.venv/bin/python {' '.join(['benchmarks/reading.py', *sys.argv[1:]])}`",
        "",
        _report.machine(),
        "",
        f"Source: {len(source.sizes)} files, {source.size / 1e9:.2f} GB.",
        "",
        "| what | target | measured | |",
        "|---|---|---|---|",
        f"| bytes read ÷ bytes of the source | ≤ {TARGET} | {once:.3f} | {_met(once <= TARGET)} |",
        f"| the same by `rchar` of all processes | | {figures['rchar_ratio']:.3f} | |",
        f"| the same, files above 256 MiB | | {ratio(results.large, results.once_large):.3f} | |",
        f"| wall, local disk in the page cache | | {results.local.wall:.1f} s | |",
        f"| wall, disk in user space, unpaced | | {results.quick.wall:.1f} s | |",
        f"| wall, {RATE:.0f} MB/s and {OPEN_MS:.0f} ms a file | | {slow.wall:.1f} s | |",
        f"| floor of that disk | | {results.floor:.1f} s | |",
        f"| slow wall ÷ floor | | {figures['wall_to_floor']:.2f} | |",
        f"| slow wall ÷ the longer of floor and local wall | | {figures['wall_to_best']:.2f} | |",
        f"| first lane-1 item, slow disk | < 10 s | {_seconds(slow.first_item)} "
        f"| {_met(slow.first_item is not None and slow.first_item < 10)} |",
        f"| first file opened, slow disk | | {_seconds(slow.first_open)} | |",
        f"| last folder listed, slow disk | | {_seconds(slow.last_listing)} | |",
        "",
        "| kind | files | MB | read ÷ size | openings a file |",
        "|---|---|---|---|---|",
    ]
    for which, ran in ((source, results.once), (results.large, results.once_large)):
        for kind, (files, size, read, opens) in by_kind(which, ran).items():
            name = kind if which is source else f"{kind}, large"
            lines.append(f"| {name} | {files} | {size / 1e6:.0f} | {read:.3f} | {opens:.2f} |")
    return "\n".join(lines)


def _met(reached: bool) -> str:
    return "met" if reached else "**missed**"


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000, help="pictures; the rest follows")
    parser.add_argument("--large", type=int, default=LARGE, help="bytes of each large file")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    given = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        results = measure(Path(folder), given.files, given.large)
    figures = as_json(results)
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(text(figures, results))


if __name__ == "__main__":
    main()
