"""Provenance: cost per file, dialects by container, agreement with other readers, labels.

python benchmarks/provenance.py [--files FOLDER] [--rounds N] [--no-peers] [--json FILE]

FOLDER holds files/, manifest.csv and trust/ (the shared provenance set). Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in a worker; threads that spin cost CPU
ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # run as a file, not as a module
    sys.path.insert(0, str(ROOT))

from benchmarks import _provenance_coverage as coverage  # noqa: E402
from benchmarks import _provenance_peers as peers  # noqa: E402
from benchmarks import _provenance_verdicts as verdicts  # noqa: E402
from benchmarks._provenance_reading import (  # noqa: E402
    BASIC,
    DECODE,
    STEPS,
    Read,
    examiners,
    read_all,
    share,
)
from tests.support.generators import WRITERS  # noqa: E402

MEDIAN_ASKED, BASIC_ASKED = 40.0, 5.0  # CPU milliseconds a file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = ROOT.parent / "shared" / "data" / "provenance"
    parser.add_argument("--files", type=Path, default=shared)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder: Path = options.files
    checks = examiners()
    files = read_all(folder / "files", checks, options.rounds)
    made = list(coverage.made_files(checks))
    judged = verdicts.judged(folder)
    rows = [] if options.no_peers else list(_agreements(folder, files, [f for _, f, _ in made]))
    right = sum(good for _, _, good in made)
    proofs = coverage.proofs(files, [(place, file) for place, file, _ in made])
    parts = (
        ("Cost", cost_table(files)),
        ("Dialect by container", coverage.table(proofs)),
        ("", [f"Made files read as their writers say: {right} of {len(made)}."]),
        ("Agreement", agreement_table(rows)),
        ("Labels", verdicts.markdown(judged)),
    )
    for title, lines in parts:
        print("\n".join([f"\n### {title}\n" if title else "", *lines]))
    if options.json is not None:
        kept = {
            "cost": [{"file": f.name, "type": f.media_type, **f.ms} for f in files],
            "agreement": [asdict(row) for row in rows],
            "judged": [asdict(row) for row in judged],
        }
        options.json.write_text(json.dumps(kept, indent=1) + "\n")


def cost_table(files: Sequence[Read]) -> Iterator[str]:
    """Yield the steps, then the sums that have a target."""
    sets = (
        ("all", list(files)),
        ("without a credential", [f for f in files if not f.credential]),
        ("with one", [f for f in files if f.credential]),
    )
    heads = " | ".join(
        f"{name} ({len(chosen)}): median; 95 % within; most" for name, chosen in sets
    )
    yield f"| CPU ms a file | {heads} |"
    yield "|---" * (len(sets) + 1) + "|"
    for step in (DECODE, *STEPS):
        cells = [_spread([f.ms[step] for f in chosen]) for _, chosen in sets]
        name = "decoding, apart" if step == DECODE else step
        yield f"| {name} | {' | '.join(cells)} |"
    for name, steps in (("all but decoding", STEPS), ("walk + exif + c2pa", BASIC)):
        cells = [_spread([f.of(*steps) for f in chosen]) for _, chosen in sets]
        yield f"| **{name}** | {' | '.join(cells)} |"
    whole = statistics.median(f.of(*STEPS) for f in files)
    plain = sets[1][1]
    over = [f for f in plain if f.of(*BASIC) > BASIC_ASKED]
    middle = statistics.median([f.of(*BASIC) for f in plain] or [0.0])
    yield ""
    met = _met(whole, MEDIAN_ASKED)
    yield f"- median of all: {whole:.1f} ms, asked ≤ {MEDIAN_ASKED:.0f}: {met}"
    yield (
        f"- walk + exif + c2pa without a credential: median {middle:.1f} ms, asked ≤ "
        f"{BASIC_ASKED:.0f}: {_met(middle, BASIC_ASKED)}; {len(plain) - len(over)} of {len(plain)} "
        "files are within it"
    )
    for file in sorted(over, key=lambda f: -f.of(*BASIC)):
        yield f"    - above: `{file.name}` {file.of(*BASIC):.1f} ms"


def agreement_table(rows: Sequence[peers.Agreement]) -> Iterator[str]:
    """Yield the counts of every peer and slot, then every difference."""
    yield "| peer | slot | both read it | agree | differ | only Assay | only the peer |"
    yield "|---|---|---|---|---|---|---|"
    for r in rows:
        counts = (r.both, r.agree, len(r.differ), len(r.ours_only), len(r.peer_only))
        yield f"| {r.peer} | {r.slot} | {' | '.join(map(str, counts))} |"
    yield ""
    for r in rows:
        for name, ours, theirs in r.differ:
            yield f"- {r.peer}, {r.slot}, `{name}`: Assay `{ours[:80]}`, the peer `{theirs[:80]}`"
        for name in r.peer_only:
            yield f"- {r.peer}, {r.slot}, `{name}`: only the peer"


def _agreements(
    folder: Path, files: Sequence[Read], made: Sequence[Read]
) -> Iterator[peers.Agreement]:
    """Compare with every peer that can be had here; of the others a line says why not."""
    steps: tuple[Callable[[], list[peers.Agreement]], ...] = (
        lambda: _with_sd(folder, files, made),
        lambda: _with_exiftool(folder, files),
        lambda: peers.compare(
            "c2pa-python by itself",
            peers.credentials(files),
            peers.by_c2pa(folder / "files", files, folder / "trust"),
        ),
    )
    for step in steps:
        try:
            yield from step()
        except peers.PeerMissingError as error:
            print(f"A peer was not measured: {error}", file=sys.stderr)


def _with_sd(folder: Path, files: Sequence[Read], made: Sequence[Read]) -> list[peers.Agreement]:
    python = peers.build_sd()
    real = {file.name: folder / "files" / file.name for file in files}
    rows = peers.compare(
        f"sd-parsers {peers.SD_PARSERS}, shared files",
        peers.records(files),
        peers.by_sd(python, real),
    )
    with tempfile.TemporaryDirectory(prefix="assay-made-") as place:
        paths = {}
        for number, writer in enumerate(WRITERS):
            if writer.container.media_type.startswith("image/"):
                paths[writer.name] = Path(place) / f"{number}"
                paths[writer.name].write_bytes(writer.build())
        kept = [file for file in made if file.name in paths]
        theirs = peers.by_sd(python, paths)
    return rows + peers.compare(
        f"sd-parsers {peers.SD_PARSERS}, made files", peers.records(kept), theirs
    )


def _with_exiftool(folder: Path, files: Sequence[Read]) -> list[peers.Agreement]:
    name = f"exiftool {peers.exiftool_version()}"
    return peers.compare(name, peers.fields(files), peers.by_exiftool(folder / "files"))


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    return f"{statistics.median(values):.2f}; {share(values, 0.95):.1f}; {max(values):.0f}"


def _met(value: float, asked: float) -> str:
    return "met" if value <= asked else f"**missed** by {value - asked:.1f} ms"


if __name__ == "__main__":
    main()
