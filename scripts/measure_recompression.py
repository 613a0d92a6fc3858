"""Measure how often ``recompression`` is right, on pictures whose history is made here.

    OPENBLAS_NUM_THREADS=1 .venv/bin/python scripts/measure_recompression.py ../shared/data

Carriers: colour pictures of scikit-image that come as PNG (not retina.jpg and rocket.jpg), and the
originals of ``images/real`` at half size (which leaves no trace of how they were coded before).
Each is saved once at a quality (it must not be called double), and twice on the same grid (it
should be).
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import simplejpeg
from PIL import Image
from skimage import data as pictures

from assay.examiners.recompression import is_double
from assay.media.jpeg_tables import read_tables
from assay.media.requantised import Requantised, requantised

NAMES = ("astronaut", "chelsea", "coffee", "immunohistochemistry")
LAST = (60, 75, 80, 85, 90, 95, 98)
FIRST = (60, 70, 75, 80, 85, 90, 95)


def saved(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def carriers(data: Path | None, every: int) -> Iterator[tuple[str, Image.Image]]:
    for name in NAMES:
        yield "scikit-image", Image.fromarray(getattr(pictures, name)()).convert("RGB")
    if data is None:
        return
    with (data / "images/manifest.csv").open(encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["label"] == "real" and row["original_or_crop"] == "original"
        ]
    for row in rows[::every]:
        picture = Image.open(data / "images" / row["path"]).convert("RGB")
        half = (picture.width // 2, picture.height // 2)
        if min(half) >= 64:
            yield "originals at half size", picture.resize(half, Image.Resampling.LANCZOS)


def measure(data: bytes) -> Requantised | None:
    luma = simplejpeg.decode_jpeg(data, "GRAY")[..., 0]
    table = read_tables(data).luma
    return requantised(luma, table) if table is not None else None


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--every", type=int, default=3, help="take every n-th original")
    parser.add_argument("--scores", type=Path, help="write every score here, as CSV")
    options = parser.parse_args()
    results: dict[tuple[str, int, int], Counter[str]] = defaultdict(Counter)
    scores = []
    for source, picture in carriers(options.data, options.every):
        for first in (0, *FIRST):
            base = (
                Image.open(io.BytesIO(saved(picture, first))).convert("RGB") if first else picture
            )
            for last in LAST:
                found = measure(saved(base, last))
                cell = results[(source, first, last)]
                if found is None:
                    cell["too small or flat"] += 1
                    continue
                cell["measured"] += 1
                cell["double"] += is_double(found)
                cell["quality"] += is_double(found) and abs((found.first_quality or 0) - first) <= 1
                scores.append((source, first, last, round(found.score, 5), found.blocks))
    for source in dict.fromkeys(key[0] for key in results):
        print(f"{source}: share called double (rows: first quality, columns: last)")
        print("first  " + "".join(f"{last:>14}" for last in LAST))
        for first in (0, *FIRST):
            cells = [results[(source, first, last)] for last in LAST]
            shown = (f"{c['double']}/{c['measured']}" for c in cells)
            print(f"{first or 'none':<7}" + "".join(f"{text:>14}" for text in shown))
        exact = sum(c["quality"] for (s, f, _), c in results.items() if s == source and f)
        called = sum(c["double"] for (s, f, _), c in results.items() if s == source and f)
        print(f"first quality named within 1: {exact}/{called}")
    if options.scores:
        with options.scores.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(scores)
    return 0


if __name__ == "__main__":
    sys.exit(main())
