"""Measures the store of known-hash lists: exact lookup at NSRL scale, importing, memory, bytes.

Everything is made up: random digests and records without meaning. Each part runs in a process of
its own, whose peak memory is the kernel's ``VmHWM`` and, apart, the anonymous pages alone (mapped
files count as resident while memory is free). Prints Markdown. Run from the repository:
``.venv/bin/python benchmarks/lists_digests.py [--digests 74000000] [--records 1000000]``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as a file, not as a module
    sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from assay.lists import changing  # noqa: E402
from assay.lists.digests import DigestFile, write_digests  # noqa: E402
from assay.lists.library import Library  # noqa: E402
from assay.lists.spill import CHUNK, ROW, Spill  # noqa: E402
from benchmarks import _report  # noqa: E402

MIB = 1 << 20


class Memory:
    """The most anonymous memory that this process had, looked up twenty times a second."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, float]:
        self._done.set()
        self._thread.join()
        return {"anonymous": self.peak, "resident": _status("VmHWM")}

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.peak = max(self.peak, _status("RssAnon"))


def _status(name: str) -> float:
    """Return a line of this process's status, in MiB."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def _rows(count: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.Generator(np.random.PCG64(seed))
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        rows = rng.integers(0, 256, (size, ROW), np.uint8)
        rows[:, 16:] = np.arange(start, start + size, dtype="<u4").view(np.uint8).reshape(-1, 4)
        yield rows


def digests(folder: Path, count: int) -> dict[str, object]:
    """Sort, write and look up ``count`` random digests."""
    memory = Memory()
    started = time.perf_counter()
    spill = Spill(folder)
    asked: list[tuple[bytes, int]] = []
    picked = random.Random(3)
    for rows in _rows(count, 1):
        spill.add_rows(rows)
        for at in picked.sample(range(len(rows)), min(len(rows), 100)):
            asked.append((rows[at, :16].tobytes(), int(rows[at, 16:].view("<u4")[0])))
    path = folder / f"digests-{count}"
    write_digests(path, count, spill.sorted())
    spill.close()
    built = time.perf_counter() - started
    peak = memory.stop()
    started = time.perf_counter()
    file = DigestFile(path)
    opened = time.perf_counter() - started
    picked.shuffle(asked)
    asked = asked[:20_000]
    found, cold = _lookups(file, asked, expect=True)
    _, warm = _lookups(file, asked, expect=True)
    absent = [(picked.randbytes(16), -1) for _ in asked]
    _, missed = _lookups(file, absent, expect=False)
    return {
        "digests": count,
        "build_s": built,
        **peak,
        "open_ms": opened * 1000,
        "bytes": path.stat().st_size / count,
        "found": found,
        "asked": len(asked),
        "first_us": cold,
        "warm_us": warm,
        "missed_us": missed,
    }


def _lookups(
    file: DigestFile, asked: list[tuple[bytes, int]], *, expect: bool
) -> tuple[int, dict[str, float]]:
    times, found = [], 0
    for digest, number in asked:
        started = time.perf_counter_ns()
        numbers = file.find(digest)
        times.append((time.perf_counter_ns() - started) / 1000)
        found += (number in numbers) == expect
    times.sort()
    rank = {"median": 0.5, "p99": 0.99, "worst": 1.0}
    return found, {n: times[min(len(times) - 1, int(len(times) * r))] for n, r in rank.items()}


def make_vics(path: Path, count: int) -> None:
    """Write a made-up VICS 2.0 hash set: neutral names, random digests."""
    rng = random.Random(11)
    context = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Media"
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"@odata.context":"{context}","value":[\n')
        for number in range(count):
            file.write(",\n" if number else "")
            pdq = rng.randbytes(32).hex()
            md5 = rng.randbytes(16).hex().upper()
            row = {
                "MediaID": number + 1,
                "Category": rng.randrange(6),
                "MD5": md5,
                "SHA1": rng.randbytes(20).hex().upper(),
                "MediaSize": rng.randrange(10_000, 9_000_000),
                "MimeType": "image/jpeg",
                "RelativeFilePath": f"set\\{number // 1000:04d}\\{number:08d}.jpg",
                "DateUpdated": "2026-01-02T03:04:05.0000000Z",
                "VictimIdentified": rng.random() < 0.2,
                "IsDistributed": True,
                "Series": f"series {rng.randrange(5000)}",
                "AlternativeHashes": [{"MD5": md5, "HashName": "PDQ", "HashValue": pdq}],
                "MediaFiles": [
                    {"MD5": md5, "FileName": f"{number:08d}.jpg", "FilePath": "E:\\set\\"}
                ],
            }
            file.write(json.dumps(row, separators=(",", ":")))
        file.write("\n]}")


def imports(folder: Path, count: int) -> dict[str, object]:
    """Import a VICS file of ``count`` records, then one more record, then match."""
    source = folder / "set.json"
    target = folder / "lists" / "made-up"
    memory = Memory()
    started, before = time.perf_counter(), time.process_time()
    summary = changing.add(target, source)
    spent, processor = time.perf_counter() - started, time.process_time() - before
    peak = memory.stop()
    stored = sum(p.stat().st_size for p in target.rglob("*") if p.is_file())
    one = folder / "one.txt"
    added = []
    for number in range(5):
        one.write_text(f"sha256 {hashlib.sha256(str(number).encode()).hexdigest()}\n")
        started = time.perf_counter()
        changing.add(target, one)
        added.append(time.perf_counter() - started)
    started = time.perf_counter()
    library = Library.open(folder)
    opened = time.perf_counter() - started
    reader = library.get("made-up").reader
    picked = random.Random(5)
    times, read = [], []
    for number in picked.sample(range(summary.read), min(2000, summary.read)):
        started = time.perf_counter_ns()
        entry = reader.record(number).entry
        read.append((time.perf_counter_ns() - started) / 1000)
        started = time.perf_counter_ns()
        hits = library.match_exact(md5=entry.md5, sha1=entry.sha1, size=entry.size)
        times.append((time.perf_counter_ns() - started) / 1000)
        assert [hit.entry.id for hit in hits if hit.exact] == [entry.id]
    return {
        "summary": {k: v for k, v in summary.to_json().items() if k not in ("about", "sha256")},
        "source_mib": source.stat().st_size / MIB,
        "import_s": spent,
        "import_cpu_s": processor,
        **peak,
        "stored_bytes": stored / count,
        "one_more_s": statistics.median(added),
        "open_s": opened,
        "record_us": statistics.median(read),
        "match_us": statistics.median(times),
    }


def _apart(part: str, folder: Path, count: int) -> dict[str, object]:
    command = [sys.executable, __file__, "--part", part, "--folder", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--count", str(count)], check=True, capture_output=True, env=environment
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digests", type=int, default=74_000_000)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--part", choices=("digests", "imports"))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--count", type=int)
    given = parser.parse_args()
    if given.part:
        run = digests if given.part == "digests" else imports
        print(json.dumps(run(given.folder, given.count)))
        return
    print(_report.machine(), "\n")
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        if given.records:
            make_vics(folder / "set.json", given.records)
            print(json.dumps(_apart("imports", folder, given.records), indent=1))
        for count in sorted({min(given.digests, 10_000_000), given.digests} - {0}):
            print(json.dumps(_apart("digests", folder, count), indent=1), flush=True)


if __name__ == "__main__":
    main()
