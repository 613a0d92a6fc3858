"""Measures a case of up to a million items: memory, bytes, rates, first page, resume, report.

The items are made from the facts of a real triage of ``examples/mixed-case``, given new digests and
paths, and go through the coordinator's own commit: facts, ledger, verdicts, placements, custody.
Workers are left out: ``benchmarks/triage.py`` measures them. Listing is measured on a real tree.
Run from the repository: ``.venv/bin/python benchmarks/scale.py --items 1000000``; it prints
Markdown as BENCHMARKS.md holds it and writes a plot (SVG) and JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as a file, not as a module
    sys.path.insert(0, str(ROOT))

from assay.core.facts import Sha256  # noqa: E402
from assay.core.vocab import EntryKind  # noqa: E402
from assay.engine.batch import Batch, Committer  # noqa: E402
from assay.engine.feed import Feed  # noqa: E402
from assay.engine.ledger import Ledger  # noqa: E402
from assay.engine.progress import Progress  # noqa: E402
from assay.engine.ranking import in_order, rank_of  # noqa: E402
from assay.engine.session import CaseOptions, Session, create, open_session  # noqa: E402
from assay.engine.settled import Settled  # noqa: E402
from assay.engine.stacks import find_stacks  # noqa: E402
from assay.engine.traces import find_traces  # noqa: E402
from assay.engine.triage import add_sources  # noqa: E402
from assay.exports.items import records  # noqa: E402
from assay.exports.report import ReportOptions, write_report  # noqa: E402
from assay.exports.selection import Selection  # noqa: E402
from assay.sources.folder import FolderSource  # noqa: E402
from assay.store.check import check_case  # noqa: E402
from assay.store.coverage import coverage  # noqa: E402
from assay.store.records import Bundle, Entry, EntryState  # noqa: E402
from benchmarks import _plot  # noqa: E402

EXAMPLE = ROOT / "examples" / "mixed-case"
BATCH = 256  # items a commit, as in a run
STEPS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
T = TypeVar("T")


@dataclass(slots=True)
class Point:
    """What was measured at one size. Seconds unless the name says otherwise."""

    items: int
    rate: float  # items a second committed since the point before, by the wall clock
    cpu_ms: float  # CPU time an item since the point before, in ms; no other process counts in it
    memory: float  # MiB of the coordinator (resident)
    bytes_per_item: float  # of case.db
    batch_ms: float  # one commit of 256 items with its re-ranking, median of the last 20
    first_page_ms: float  # opening the case and reading the first 20 items of the queue
    rank_ms: float  # the rank of one item
    resume: float  # until a run knows which files need no look
    settled_us: float  # microseconds to know one file again
    coverage: float
    traces: float
    stacks: float  # finding the near-duplicates of the whole case
    report: float
    report_kib: float
    verify: float | None  # checking every row and the chain; at the larger sizes on request only


def templates() -> list[Bundle]:
    """Return the items of a real triage, as the case of the example holds them."""
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case"
        env = {**os.environ, "ASSAY_HOME": str(Path(folder) / "home")}
        program = [sys.executable, "-m", "assay.cli.main"]
        command = [*program, "triage", str(EXAMPLE), "--case", str(case), "--json"]
        subprocess.run(command, env=env, check=False, stdout=subprocess.DEVNULL)
        with open_session(case) as session:
            shas = [sha for sha, _ in in_order(session.case.connection)]
            return [
                bundle
                for bundle in session.case.reader.facts_of(shas).values()
                if all(f.container is None for f in bundle.occurrences)
            ]


def clone(bundle: Bundle, number: int, source: str) -> tuple[Bundle, str]:
    """Return a template as item ``number``: another content at another path."""
    sha = Sha256(hashlib.sha256(b"%d" % number).hexdigest())
    item = replace(bundle.item, sha256=sha, md5=sha[:32], sha1=sha[:40])
    found = bundle.occurrences[0]
    key = f"DCIM/{number // 1000:04d}EXMPL/{number % 1000:03d}-{found.occurrence.chain[0][-12:]}"
    key = key.replace("/", "_") if key.count("/") > 2 else key
    place = replace(found.occurrence, source=source, chain=(key,), sha256=sha)
    fresh = hashlib.sha256(b"pdq %d" % number).hexdigest()
    return Bundle(
        item=item,
        occurrences=(replace(found, occurrence=place),),
        observations=tuple(
            replace(o, item=sha, value={**o.value, "hash": fresh} if "hash" in o.value else o.value)
            for o in bundle.observations
        ),
        failures=tuple(replace(f, item=sha) for f in bundle.failures),
        ledger=tuple(replace(row, item=sha) for row in bundle.ledger),
    ), key


def batches(
    made: Sequence[Bundle], start: int, stop: int, source: str, plan: str
) -> Iterator[Batch]:
    numbers = iter(range(start, stop))
    while chunk := list(islice(numbers, BATCH)):
        batch = Batch()
        for number in chunk:
            bundle, key = clone(made[number % len(made)], number, source)
            place = bundle.occurrences[0].occurrence
            batch.items.append(bundle.item)
            batch.occurrences += bundle.occurrences
            batch.observations += bundle.observations
            batch.failures += bundle.failures
            batch.ledger += bundle.ledger
            batch.dirty[bundle.item.sha256] = None
            batch.entries.append(
                Entry(
                    source=place.source,
                    key=key,
                    kind=EntryKind.FILE,
                    state=EntryState.DONE,
                    size=bundle.item.size,
                    mtime_ns=1_700_000_000_000_000_000 + number,
                    sha256=bundle.item.sha256,
                    plan=plan,
                )
            )
        yield batch


def timed(action: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def resident() -> float:
    """Return the memory of this process now, in MiB; its maximum where /proc is not there."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / (1 << 20)
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(
    case: Path,
    items: int,
    rate: float,
    cpu_ms: float,
    batch_ms: float,
    memory: float,
    *,
    verify: bool,
) -> Point:
    size = sum(p.stat().st_size for p in case.glob("case.db*"))

    def first_page() -> Session:
        session = open_session(case)
        page = list(islice(records(session, Selection(top=20)), 20))
        assert len(page) == 20
        return session

    first, session = timed(first_page)
    with session:
        connection = session.case.connection
        middle = next(islice(in_order(connection), min(items // 2, 5000), None))[0]
        placement = session.case.reader.placement(middle)
        assert placement is not None
        rank, _ = timed(lambda: rank_of(connection, placement))
        source = session.case.reader.sources()[0]
        plan = session.plan().digest()
        resume, settled = timed(lambda: Settled(session.case, source.id, plan))
        assert len(settled) == items
        entries = list(islice(session.case.reader.entries(source.id), 1000))
        look, known = timed(lambda: sum(e in settled for e in entries))  # type: ignore[operator]
        assert known == len(entries)
        account, rows = timed(lambda: coverage(connection))
        assert all(row.adds_up for row in rows)
        traces, _ = timed(lambda: list(find_traces(connection, session.policy)))
        stacks, _ = timed(lambda: list(find_stacks(session.case, session.policy)))
        out = case.parent / "report.html"
        report, _ = timed(lambda: write_report(session, out, ReportOptions()))
        checked = timed(lambda: check_case(session.case))[0] if verify else None
    return Point(
        items=items,
        rate=rate,
        cpu_ms=cpu_ms,
        memory=memory,
        bytes_per_item=size / items,
        batch_ms=batch_ms,
        first_page_ms=first * 1000,
        rank_ms=rank * 1000,
        resume=resume,
        settled_us=look / len(entries) * 1e6,
        coverage=account,
        traces=traces,
        stacks=stacks,
        report=report,
        report_kib=out.stat().st_size / 1024,
        verify=checked,
    )


def grow(folder: Path, sizes: Sequence[int], verify_to: int) -> list[Point]:
    """Fill one case step by step and measure it at each size."""
    made = templates()
    case = folder / "case"
    source = folder / "source"
    source.mkdir()
    points = []
    with create(case, CaseOptions(evaluation_date="2026-01-01"), "benchmark") as session:
        opened = FolderSource.open(source)
        add_sources(session, [opened], "benchmark")
        plan = session.plan()
    before = 0
    for size in sizes:
        with open_session(case, write=True) as session:
            progress = Progress()
            committer = Committer(
                session.case, session.pinned, session.policy, progress, "benchmark"
            )
            ledger = Ledger(session.case)
            times = []
            start, busy = time.perf_counter(), time.process_time()
            for batch in batches(made, before, size, opened.id, plan.digest()):
                for item in batch.items:  # as a run asks for every content that a worker meets
                    ledger.wanted(item.sha256, item.media_type, plan)
                spent, _ = timed(partial(committer.commit, batch, f"{len(batch)} items"))
                ledger.committed()
                times.append(spent)
            rate = (size - before) / (time.perf_counter() - start)
            cpu_ms = (time.process_time() - busy) / (size - before) * 1000
            last = sorted(times[-20:])
            memory = resident()
        batch_ms = last[len(last) // 2] * 1000
        point = measure(case, size, rate, cpu_ms, batch_ms, memory, verify=size <= verify_to)
        print(json.dumps({k: v and round(v, 3) for k, v in asdict(point).items()}), file=sys.stderr)
        points.append(point)
        before = size
    return points


def listing(folder: Path, files: int) -> dict[str, float]:
    """Return the rate at which a real tree of small files is listed, and what that takes."""
    root = folder / "tree"
    per = 500
    for number in range(files):
        if number % per == 0:
            place = root / f"{number // per % 40:02d}" / f"{number // per:05d}"
            place.mkdir(parents=True)
        (place / f"{number:07d}.png").write_bytes(b"")
    before = resident()
    feed = Feed([FolderSource.open(root)])
    start = time.perf_counter()
    count = 0
    while feed.listing or count < files:
        count += sum(1 for entry in feed.ready() if entry is not None)
    seconds = time.perf_counter() - start
    feed.stop()
    return {"files": files, "rate": files / seconds, "memory": resident() - before}


def growth(points: Sequence[Point], name: str) -> float:
    """Return the exponent with which a figure grows between the last two sizes measured."""
    import math

    rows = [(p.items, getattr(p, name)) for p in points if getattr(p, name)]
    if len(rows) < 2:
        return 0.0
    (n, a), (m, b) = rows[-2:]
    return math.log(b / a) / math.log(m / n)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=200_000, help="of the tree that is listed")
    parser.add_argument("--verify-to", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="kept; default: a temporary one")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    sizes = [n for n in STEPS if n < given.items] + [given.items]
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        points = grow(folder, sizes, given.verify_to)
        listed = listing(folder, given.files)
    rows = [asdict(p) for p in points]
    if given.json:
        given.json.write_text(json.dumps({"points": rows, "listing": listed}, indent=2))
    if given.plot:
        given.plot.write_text(_plot.growth(rows, list(rows[0])[1:]))
    print(table(points))
    print(
        f"\nListing: {listed['rate']:,.0f} files a second, {listed['memory']:.0f} MiB more "
        f"while {listed['files']:,} files wait."
    )


def table(points: Sequence[Point]) -> str:
    names = list(Point.__dataclass_fields__)[1:]
    lines = ["| | " + " | ".join(f"{p.items:,}" for p in points) + " | growth |"]
    lines.append("|---|" + "---|" * (len(points) + 1))
    for name in names:
        cells = ["-" if (v := getattr(p, name)) is None else f"{v:,.3g}" for p in points]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | n^{growth(points, name):.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
