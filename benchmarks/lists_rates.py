"""Measures what a PDQ distance of 31 means: matches of different pictures, misses of altered ones.

Reads the benign pictures of a folder with a ``manifest.csv`` (their content goes nowhere), hashes
them as Assay does, compares all pairs, alters a sample in many ways, and asks the exact index of
the originals for it: as stored, in eight looks, and by parts. Prints Markdown, as BENCHMARKS.md
holds it; ``--json`` keeps all figures, ``--plot`` draws them. Run from the repository:
``.venv/bin/python benchmarks/lists_rates.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as a file, not as a module
    sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from assay.lists.index import DEFAULT_RADIUS as RADIUS  # noqa: E402
from assay.lists.index import HammingIndex  # noqa: E402
from assay.media.pdq import QUALITY, pdq_hash  # noqa: E402
from assay.media.pdq_turns import eight  # noqa: E402
from benchmarks import _rates_copies, _rates_pairs, _rates_pictures, _rates_plot, _rates_report  # noqa: E402
from benchmarks._rates_changes import CHANGES, Change  # noqa: E402
from benchmarks._rates_copies import WAYS, Asked, Found, Measured  # noqa: E402
from benchmarks._rates_pictures import LARGER, Pictures  # noqa: E402

MEDIA = ROOT.parent / "shared" / "data" / "images"
CACHE = ROOT / "benchmarks" / ".cache"


def run(
    folder: Path,
    cache: Path,
    *,
    sample: int = 600,
    limit: int | None = None,
    filler: int = 1_000_000,
    seed: int = 31,
    changes: Sequence[Change] = CHANGES,
) -> dict[str, Any]:
    """Measure everything on the pictures of one folder."""
    started = time.perf_counter()
    pictures = _rates_pictures.read(folder, limit)
    good = np.flatnonzero(pictures.quality >= QUALITY)
    _say(f"{len(pictures.entries)} pictures, {len(good)} of quality {QUALITY} or more")
    result: dict[str, Any] = {"set": _set(pictures), "seed": seed, "pairs": _pairs(pictures)}
    index = _rates_copies.build(cache / "rates-index", pictures, filler, seed)
    result["index"] = {"hashes": index.count, "same": _same(pictures, index)}
    random = np.random.default_rng(seed)
    drawn = sorted(random.choice(good, min(sample, len(good)), replace=False).tolist())
    result["changes"] = []
    for change in changes:
        measured = _rates_copies.measure(change, pictures, drawn, index, seed)
        result["changes"].append(_row(measured, pictures))
        _say(f"{time.perf_counter() - started:.0f} s: {change.group}, {change.name}")
    result["unaltered"] = _unaltered(pictures, good.tolist(), index)
    result["edits"] = _edits(folder)
    result["full_size"] = _full_size(folder.parent / "provenance", changes, seed)
    result["seconds"] = time.perf_counter() - started
    result["load"] = os.getloadavg()[0]
    return result


def _set(pictures: Pictures) -> dict[str, Any]:
    return {
        "pictures": len(pictures.entries),
        "labels": Counter(entry.label for entry in pictures.entries),
        "repeats": pictures.repeats,
        "below": int((pictures.quality < QUALITY).sum()),
        "larger": int((pictures.short >= LARGER).sum()),
        "short": np.percentile(pictures.short, (0, 50, 100)).tolist(),
    }


def _pairs(pictures: Pictures) -> list[dict[str, Any]]:
    """Compare all pairs: as stored and in eight looks, with the gate and without."""
    stored = pictures.hashes[:, None]
    looks = eight(pictures.hashes, pictures.turned)
    gate = pictures.quality >= QUALITY
    real = np.array([entry.label == "real" for entry in pictures.entries])
    found = []
    for way, queries in ((WAYS[0], stored), (WAYS[1], looks)):
        for gated, good in ((True, gate), (False, np.ones_like(gate))):
            distances = _rates_pairs.distances(queries, pictures.hashes, good)
            found.append(
                {
                    "way": way,
                    "gate": gated,
                    "pairs": distances.asked // 2,
                    "histogram": (distances.histogram / 2).tolist(),  # each pair is met twice
                    "real": int((good & real).sum()) * int((good & real).sum() - 1) // 2,
                    "pictures": len(distances.pictures),
                    "near": _near(pictures, distances.near),
                }
            )
    return found


def _near(pictures: Pictures, near: dict[tuple[int, int], int]) -> list[dict[str, Any]]:
    """Name every pair that is near, once, with what a person saw in it."""
    judged = _rates_pairs.judged()
    least: dict[tuple[int, int], int] = {}
    for (one, other), bits in near.items():
        pair = (min(one, other), max(one, other))
        least[pair] = min(bits, least.get(pair, bits))
    rows = []
    for (one, other), bits in sorted(least.items(), key=lambda row: (row[1], row[0])):
        a, b = pictures.entries[one], pictures.entries[other]
        relation, seen = judged.get(_rates_pairs.key(a.sha256, b.sha256), ("not looked at", ""))
        rows.append(
            {
                "bits": bits,
                "one": _name(a.path),
                "other": _name(b.path),
                "sha256": (a.sha256, b.sha256),
                "real": a.label == b.label == "real",
                "quality": (int(pictures.quality[one]), int(pictures.quality[other])),
                "manifest": "one file"
                if a.origin == b.origin
                else "one folder"
                if a.folder == b.folder
                else "elsewhere",
                "relation": relation,
                "seen": seen,
            }
        )
    return rows


def _name(path: Path) -> str:
    return "/".join(path.with_suffix("").parts[-2:])


def _same(pictures: Pictures, index: HammingIndex) -> bool:
    """Tell whether the index gives the pairs that comparing each with each gives."""
    gate = pictures.quality >= QUALITY
    near = _rates_pairs.distances(pictures.hashes[:, None], pictures.hashes, gate).near
    good = np.flatnonzero(gate)
    found = index.search(np.ascontiguousarray(pictures.hashes[good]))
    rows = zip(good[found.query].tolist(), found.record.tolist(), strict=True)
    return {(q, r) for q, r in rows if q != r} == set(near)


def _row(measured: Measured, pictures: Pictures) -> dict[str, Any]:
    numbers = np.array(measured.numbers, np.int64)
    of = len(numbers)
    matches = (measured.distance <= RADIUS) & (measured.quality >= QUALITY)
    larger = pictures.short[numbers] >= LARGER
    return {
        "group": measured.change.group,
        "name": measured.change.name,
        "of": of,
        "median": float(np.median(measured.distance)),
        "p95": float(np.percentile(measured.distance, 95)),
        "below": int((measured.quality < QUALITY).sum()),
        "larger": [int((matches & larger).sum()), int(larger.sum())],
        "ways": [_way(found, of, pictures) for found in measured.ways],
        "hashing_ms": [1000 * each / of for each in measured.hashing],
    }


def _way(found: Found, of: int, pictures: Pictures) -> dict[str, Any]:
    return {
        "found": found.right,
        "interval": _rates_pairs.interval(found.right, of),
        "queries": found.queries / of,
        "search_ms": 1000 * found.search / of,
        "strangers": _near(pictures, found.strangers),
    }


def _unaltered(pictures: Pictures, numbers: list[int], index: HammingIndex) -> dict[str, Any]:
    """Ask for every picture of the set as it is: what the looks and parts find besides itself."""
    asked = Asked()
    for number in numbers:
        path = pictures.entries[number].path
        kind = _rates_pictures.media_type(path)
        asked.add(number, _rates_pictures.plane(path.read_bytes(), kind))
    inside = {number: {number} for number in numbers}
    count = len(pictures.entries)
    found = [_rates_copies.ask(asked, way, index, inside, count) for way in range(len(WAYS))]
    return {
        "of": len(numbers),
        "hashing_ms": [1000 * each / len(numbers) for each in asked.seconds],
        "ways": [_way(each, len(numbers), pictures) for each in found],
    }


def _edits(folder: Path) -> list[dict[str, Any]]:
    """Compare real edits (inpainting, outpainting, restyling) with what they were made from."""
    rows = []
    for before, after in _rates_pictures.edits(folder):
        one, other = _rates_pictures.hashed(before), _rates_pictures.hashed(after)
        quality = min(one.quality, other.quality)
        rows.append({"tool": after.parent.name, "bits": one.distance(other), "quality": quality})
    return rows


def _full_size(folder: Path, changes: Sequence[Change], seed: int) -> dict[str, Any]:
    """Save and resize large pictures, since the set is of small ones."""
    paths = _rates_pictures.full_size(folder)
    images = [Image.open(path).convert("RGB") for path in paths]
    hashes = [_rates_pictures.hashed(path) for path in paths]
    rows = []
    for change in changes if images else ():
        if change.group not in ("saved again", "resized"):
            continue
        bits = []
        for before, image in zip(hashes, images, strict=True):
            file = change.file(image, np.random.default_rng(seed))
            changed = pdq_hash(_rates_pictures.plane(file, change.media_type))
            bits.append(changed.distance(before))
        found = sum(each <= RADIUS for each in bits)
        rows.append(
            {
                "name": f"{change.group}: {change.name}",
                "found": found,
                "median": float(np.median(bits)),
                "most": max(bits),
            }
        )
    return {"of": len(paths), "short": [min(image.size) for image in images], "changes": rows}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path, default=MEDIA, help="folder with manifest.csv")
    parser.add_argument("--pictures", type=int, default=600, help="how many are altered")
    parser.add_argument("--limit", type=int, help="take only so many of the set")
    parser.add_argument("--filler", type=int, default=1_000_000, help="made-up hashes in the index")
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--json", type=Path, help="file for all figures")
    parser.add_argument("--plot", type=Path, help="SVG file for the plot")
    asked = parser.parse_args()
    result = run(
        asked.media,
        asked.cache,
        sample=asked.pictures,
        limit=asked.limit,
        filler=asked.filler,
        seed=asked.seed,
    )
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
    if asked.plot:
        asked.plot.write_text(_rates_plot.plot(result), encoding="utf-8")
    print(_rates_report.markdown(result, " ".join(["benchmarks/lists_rates.py", *sys.argv[1:]])))


if __name__ == "__main__":
    main()
