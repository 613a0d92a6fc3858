"""Triages the files as a user would, and holds tier and origin against the labels of a manifest."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# What a label, older and coarser than the policy, would make of a file without any other check.
ORIGIN_OF = {
    "synthetic_strong": "synthetic",
    "synthetic_moderate": "unknown",  # S3 alone decides nothing: origin rule 4
    "synthetic_weak": "unknown",  # a lone label: origin rule 5
    "camera_supported": "camera",
    "camera_weak": "unknown",
    "edited": "edited",
    "conflict": "conflict",
    "credential_invalid": "unknown",
    "credential_only": "unknown",
    "no_evidence": "unknown",
    "unreadable": "unknown",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One file: what its label says, and what Assay said."""

    name: str
    label: str
    origin: str
    lane: int
    tier_wanted: str
    tier: str
    levels: tuple[str, ...]  # of its statements, strongest first within each kind

    @property
    def expected(self) -> str:
        return ORIGIN_OF[self.label]


def judged(folder: Path) -> list[Judged]:
    """Triage ``folder``/files in a case of its own, with what Assay ships and nothing else."""
    with tempfile.TemporaryDirectory(prefix="assay-provenance-") as made:
        case, out = Path(made) / "case", Path(made) / "items.jsonl"
        _assay("triage", folder / "files", "--case", case, "--json", partial=True)
        _assay("export", "items", "--case", case, "-o", out)
        lines = out.read_text(encoding="utf-8").splitlines()
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return list(matched(map(json.loads, lines), csv.DictReader(file)))


def matched(items: Iterable[dict], rows: Iterable[dict[str, str]]) -> Iterator[Judged]:  # type: ignore[type-arg]
    """Put every row of the manifest beside the item of its file. A missing item is a KeyError."""
    by_path = {place["path"]: item for item in items for place in item["occurrences"]}
    for row in rows:
        name = row["file"].removeprefix("files/")
        item = by_path[name]
        tier = item["c2pa"]["tier"] if item["c2pa"] else "none"
        levels = tuple(dict.fromkeys(c["level"] for c in item["claims"] if c["level"] != "N"))
        yield Judged(
            name, row["expected_verdict"], item["origin"], item["lane"], row["trust_tier"], tier,
            levels,
        )  # fmt: skip


def markdown(rows: list[Judged]) -> Iterator[str]:
    """Yield the table of labels and origins, the sums, and every disagreement."""
    origins = ("camera", "edited", "conflict", "unknown", "synthetic")
    yield "| label | files | " + " | ".join(origins) + " | as labelled |"
    yield "|---" * (len(origins) + 3) + "|"
    for label in sorted({row.label for row in rows}):
        mine = [row for row in rows if row.label == label]
        counts = Counter(row.origin for row in mine)
        cells = " | ".join(str(counts[o] or "") for o in origins)
        as_labelled = sum(row.origin == row.expected for row in mine)
        yield f"| {label} | {len(mine)} | {cells} | {as_labelled} |"
    exact = sum(row.tier == row.tier_wanted for row in rows)
    conflicts = [row for row in rows if row.label == "conflict"]
    found = sum(row.origin == "conflict" for row in conflicts)
    spoken = [
        r for r in rows if r.origin == "camera" and {"S1", "S2", "S3", "S4", "S5"} & {*r.levels}
    ]
    lowered = [r for r in rows if r.lane in (4, 5) and r.label != "synthetic_strong"]
    yield ""
    yield f"- tier as in the manifest: {exact} of {len(rows)}"
    yield f"- conflict recall: {found} of {len(conflicts)}"
    yield f"- *camera* with a statement that a machine made it: {len(spoken)}"
    yield f"- in lane 4 or 5 without a label synthetic_strong: {len(lowered)}"
    yield ""
    yield "| file | label | origin | levels |"
    yield "|---|---|---|---|"
    for row in rows:
        if row.origin != row.expected:
            levels = ", ".join(row.levels)
            yield f"| `{row.name}` | {row.label} | {row.origin} | {levels} |"


def _assay(*arguments: object, partial: bool = False) -> None:
    command = [str(Path(sys.executable).with_name("assay")), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and not (partial and done.returncode == 3):  # some file was refused
        raise RuntimeError(f"{' '.join(command[1:3])}: {done.stderr.strip()[-500:]}")
