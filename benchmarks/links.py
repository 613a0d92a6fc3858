"""What ``assay links`` takes on a made case: alone, with another, and for exports and reports.

python benchmarks/links.py [--items 100000] [--turns 5] [--cache FOLDER] [--json FILE]

Nine of ten items carry a key: devices and workshops of very different sizes, and many keys that
one item alone carries. Beside it each item has four other observations, so that the table is as
wide as that of a real case. Prints Markdown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as a file, not as a module
    sys.path.insert(0, str(ROOT))

from assay.core.facts import (  # noqa: E402
    Item,
    Observation,
    Occurrence,
    Placement,
    Sha256,
    Source,
    SourceId,
)
from assay.core.vocab import Band, EntryKind, Lane  # noqa: E402
from assay.engine.links import carried, described, looked, ranked, top_groups  # noqa: E402
from assay.engine.prior import open_priors  # noqa: E402
from assay.engine.session import CaseOptions, create, open_session  # noqa: E402
from assay.examiners.fingerprint import key_of  # noqa: E402
from assay.store.fingerprints import links_of  # noqa: E402

SOURCE = SourceId("bench")
INDEX = "observations_fingerprints"
_MAKE_INDEX = (
    f"CREATE INDEX IF NOT EXISTS {INDEX} ON observations "
    "(json_extract(value, '$.key'), item) WHERE kind = 'fingerprint'"
)
DEVICES, WORKSHOPS = 400, 800
_BATCH = 5000
_OTHERS = ("exif", "camera", "picture", "pdq")
_FILLER = {"text": "what other checks said " * 40}  # about as long as an EXIF block's fields


def _items(first: int, count: int) -> Iterator[tuple[Item, Occurrence, Placement]]:
    for n in range(first, first + count):
        data = b"%d" % n
        sha = Sha256(hashlib.sha256(data).hexdigest())
        md5, sha1 = hashlib.md5(data).hexdigest(), hashlib.sha1(data).hexdigest()
        yield (
            Item(sha, md5, sha1, n, "image/jpeg"),
            Occurrence(SOURCE, (f"DCIM/{n % 997:03d}", f"{n:07d}.jpg"), EntryKind.FILE, sha, n),
            Placement(sha, Lane.POSSIBLE_NEW_VICTIM, Band.B, (n,), ()),
        )


def _print(n: int, chance: random.Random) -> dict[str, object] | None:
    draw = chance.random()
    if draw < 0.1:
        return None
    parts: dict[str, str]
    if draw < 0.5:  # a few devices took most photos
        kind, serial = "camera_serial", int(DEVICES * chance.random() ** 4)
        parts = {"maker": "example", "model": "model 7", "serial": f"{serial:08d}"}
        text = f"Example Corp Model 7; serial {serial:08d}"
    elif draw < 0.8:
        kind, graph = "generator", f"{int(WORKSHOPS * chance.random() ** 4):032x}"
        parts = {"tool": "comfyui", "models": "base", "loras": "calm", "graph": graph}
        text = f"ComfyUI; model base; LoRA calm; workflow {graph[-8:]}"
    else:
        kind, parts, text = "camera", {"firmware": str(n)}, f"Example Corp; firmware {n}"
    return {"kind": kind, "key": key_of(kind, parts), "parts": parts, "text": text}


def make(folder: Path, items: int, seed: int) -> None:
    """Make a case of that many items; another seed has half its devices in common."""
    chance = random.Random(seed)
    options = CaseOptions(evaluation_date="2026-01-01")
    with create(folder, options, "bench") as session:
        version = next(c.version for c in session.checks if c.name == "fingerprint")
        for first in range(0, items, _BATCH):
            rows = list(_items(seed * items // 2 + first, min(_BATCH, items - first)))
            with session.case.transaction("bench", "batch.examined", SOURCE) as tx:
                if not first:
                    tx.add_source(Source(SOURCE, "folder", "/made", "2026-01-01T00:00:00Z", "b"))
                tx.add_items(item for item, _, _ in rows)
                tx.add_occurrences(place for _, place, _ in rows)
                tx.put_placements(placement for _, _, placement in rows)
                tx.add_observations(
                    Observation(item.sha256, kind, "1", kind, {**_FILLER, "n": item.size})
                    for item, _, _ in rows
                    for kind in _OTHERS
                )
                tx.add_observations(
                    Observation(item.sha256, "fingerprint", version, "fingerprint", value)  # type: ignore[arg-type]
                    for item, _, _ in rows
                    if (value := _print(item.size, chance)) is not None
                )


def _index(folder: Path) -> None:
    """Make the index where the schema does not bring it."""
    with sqlite3.connect(folder / "case.db") as database:
        database.execute(_MAKE_INDEX)
    database.close()


def timed(turns: int, work: Callable[[], object]) -> tuple[float, float]:
    """Return the medians of wall time and of this process's CPU time, in seconds."""
    wall, cpu = [], []
    for _ in range(turns):
        start, busy = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - busy)
    return statistics.median(wall), statistics.median(cpu)


def command(*words: str | Path) -> Callable[[], object]:
    line = [sys.executable, "-m", "assay.cli.main", "links", *map(os.fspath, words)]
    # children run with compiled bytecode, as after an installation
    cache = os.path.join(tempfile.gettempdir(), "assay-benchmarks-pycache")
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": cache}
    return lambda: subprocess.run(line, check=True, capture_output=True, cwd=ROOT, env=env)


def _inside(folder: Path, other: Path, turns: int) -> dict[str, tuple[float, float]]:
    """Return what the parts take in an open case."""
    with open_session(folder) as session, closing(open_priors([other])) as others:
        connection = session.case.connection
        alone, both = looked(session)[0], looked(session, others)[0]
        page = [item.sha256 for item, _, _ in _items(0, 500)]
        known = carried(connection)
        return {
            "find the threads": timed(turns, lambda: ranked(alone)),
            "find and describe all": timed(turns, lambda: list(described(alone, ranked(alone)))),
            "the same in two cases": timed(turns, lambda: list(described(both, ranked(both)))),
            "the 20 largest, for the report": timed(turns, lambda: top_groups(session, 20)),
            "counts for an export, once": timed(turns, lambda: carried(connection)),
            "links of 500 items": timed(turns, lambda: links_of(connection, page, known)),
            "links of one item": timed(turns, lambda: links_of(connection, page[:1])),
        }


def _threads(folder: Path) -> str:
    with open_session(folder) as session:
        cases, _ = looked(session)
        groups = list(described(cases, ranked(cases)))
    kinds = Counter(group.kind for group in groups)
    sizes = ", ".join(str(group.items) for group in groups[:3])
    return f"{len(groups)} threads ({dict(kinds)}), the largest of {sizes} items"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--items", type=int, default=100_000)
    asked.add_argument("--turns", type=int, default=5)
    asked.add_argument("--cache", type=Path, default=ROOT / "benchmarks" / ".cache")
    asked.add_argument("--json", type=Path)
    given = asked.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.cache) as scratch:
        one, two = Path(scratch) / "one", Path(scratch) / "two"
        made = time.perf_counter()
        make(one, given.items, 0)
        make(two, given.items, 1)
        made = time.perf_counter() - made
        for folder in (one, two):
            _index(folder)
        found = {
            "`assay links`": timed(given.turns, command("--case", one)),
            "`assay links --top 20`": timed(given.turns, command("--case", one, "--top", "20")),
            "`assay links --with`": timed(given.turns, command("--case", one, "--with", two)),
            **_inside(one, two, given.turns),
        }
        start, _ = timed(given.turns, command("--help"))
        threads = _threads(one)
    print(f"{given.items} items a case, {threads}; made in {made:.0f} s")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; `--help` {start:.2f} s\n")
    print("| | wall s | CPU s |\n|---|---|---|")
    for row, (wall, cpu) in found.items():
        own = f"{cpu:.3f}" if not row.startswith("`") else ""  # a command is another process
        print(f"| {row} | {wall:.3f} | {own} |")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
