"""Learn which cameras and programs write which JPEG tables, from the shared picture sets.

    .venv/bin/python scripts/make_camera_table.py ../shared/data

It reads ``images/manifest.csv`` and ``provenance/manifest.csv`` there and writes digests and
counts only: no picture, no name of a file. A file counts for a camera if its EXIF names one, no
editor is named, nothing speaks of a generator, and the size that EXIF states is that of the
original; where no size can be compared, only tables that no IJG encoder writes count, because any
program may have saved the others. Cutting without loss (jpegtran) keeps the quantisation tables,
rewrites the Huffman ones and sometimes the stated size, so Huffman tables come from originals
alone, and only where they are no standard tables.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from assay.examiners._camera_text import camera_text
from assay.examiners._editors import editors
from assay.examiners._structure import SizeRelation, check_size
from assay.examiners._tables import FORMAT, TableRow, model_key
from assay.media.jpeg_tables import read_tables
from assay.media.slots import walk

TARGET = Path(__file__).parents[1] / "src/assay/examiners/data/cameras.json"
AI = ("synthetic", "conflict")


@dataclass
class Learned:
    """What is known so far of one device or program."""

    maker: str
    model: str
    files: int = 0
    quantisation: Counter[str] = field(default_factory=Counter)
    huffman: Counter[str] = field(default_factory=Counter)

    def row(self) -> TableRow:
        return TableRow(self.maker, self.model, self.files, self.quantisation, self.huffman)


@dataclass(frozen=True)
class Given:
    """One file of a set. ``size``: of the original, in pixels; None = the file's own."""

    path: Path
    source: str
    original: bool
    size: tuple[int, int] | None


def files(data: Path) -> Iterator[Given]:
    """Yield the files of both sets that may be a camera's."""
    with (data / "images/manifest.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["label"] != "real" or row["format"] != "JPEG" or row["orig_format"] != "JPEG":
                continue
            kept = row["original_or_crop"]
            if kept != "original" and "jpegtran" not in kept:
                continue  # pixels alone were kept: the tables are of whoever saved the crop
            size = (int(row["orig_width"]), int(row["orig_height"])) if kept != "original" else None
            source = row["repo_path_commit"].partition("/")[0]
            repository = "/".join(row["repo_path_commit"].split("/")[:2])
            yield Given(data / "images" / row["path"], repository or source, size is None, size)
    with (data / "provenance/manifest.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            path = data / "provenance" / row["file"]
            if row["expected_verdict"].startswith(AI) or row["source_repo"] == "derived":
                continue
            if path.suffix.lower() in (".jpg", ".jpeg"):
                yield Given(path, row["source_repo"], original=True, size=None)


def learn(data: Path) -> tuple[list[TableRow], Counter[str], Counter[str]]:
    """Return the rows, the files learned from by source, and why others were left out."""
    found: dict[str, Learned] = {}
    sources: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for given in files(data):
        content = given.path.read_bytes()
        seen = walk(content, "image/jpeg")
        named = editors(seen)
        text = camera_text(seen)
        tables = read_tables(content)
        if not tables.quantisation or not tables.segments.endswith("SOS"):
            left_out["no tables"] += 1
        elif named:
            if len({n.name for n in named}) == 1 and tables.ijg_quality is None:
                row = found.setdefault(f"program {named[0].name}", Learned("", named[0].name))
                row.files += 1
                row.quantisation[tables.digest] += 1
            left_out["an editor is named"] += 1
        elif not (text.make and text.model):
            left_out["no camera is named"] += 1
        else:
            here = (seen.width or 0, seen.height or 0)
            relation = check_size(given.size or here, text.sizes).relation
            if given.size is not None and here in text.sizes:
                relation = SizeRelation.UNKNOWN  # the cutting tool wrote the size of the crop
            if relation not in (SizeRelation.SAME, SizeRelation.UNKNOWN):
                left_out["another size than stated"] += 1
                continue
            if relation is SizeRelation.UNKNOWN and tables.ijg_quality is not None:
                left_out["no size to compare, and tables that any program writes"] += 1
                continue
            key = model_key(text.make, text.model)
            row = found.setdefault(key, Learned(text.make, text.model))
            row.files += 1
            row.quantisation[tables.digest] += 1
            if given.original and not tables.standard_huffman and not tables.progressive:
                row.huffman[tables.huffman] += 1
            sources[given.source] += 1
    rows = [one.row() for _, one in sorted(found.items())]
    return rows, sources, left_out


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder with images/ and provenance/")
    parser.add_argument("--out", type=Path, default=TARGET)
    options = parser.parse_args()
    rows, sources, left_out = learn(options.data)
    table = {
        "format": FORMAT,
        "about": "digests of JPEG tables by device and program; scripts/make_camera_table.py",
        "sources": dict(sorted(sources.items())),
        "rows": [row.to_json() for row in rows],
    }
    options.out.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    cameras = [row for row in rows if row.maker]
    print(
        f"{len(cameras)} models from {sum(r.files for r in cameras)} files,"
        f" {len({d for r in cameras for d in r.quantisation})} quantisation tables,"
        f" {sum(len(r.quantisation) for r in cameras)} pairs of model and table,"
        f" {sum(len(r.huffman) for r in cameras)} Huffman tables of their own;"
        f" {len(rows) - len(cameras)} programs; left out: {dict(left_out)}",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
