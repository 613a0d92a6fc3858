"""Frames chosen from the moving pictures of a folder, and what choosing them costs.

python benchmarks/frames.py FOLDER [--frames N] [--sheet PICTURE.png]
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

from PIL import Image, ImageDraw

from assay.core.blob import MemoryBlob
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.media import decode, frames, pdq, sniff

TILE = 160  # pixels
ACROSS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=frames.FIRST_LOOK)
    parser.add_argument("--sheet", type=Path, help="write the chosen frames as one picture")
    options = parser.parse_args()
    _print_start()
    print("| file | size | frames | chosen | choose, CPU ms | decode again, CPU ms |")
    print("|---|---|---|---|---|---|")
    rows: list[list[Image.Image]] = []
    total = 0.0
    for path in sorted(p for p in options.folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        start = time.process_time()
        try:
            moving = frames.open_moving(
                MemoryBlob(data), sniff.sniff(data[: sniff.HEAD], len(data)), options.frames
            )
        except NotApplicable:
            continue
        except (Malformed, LimitReached) as error:
            print(f"| {path.name} | | {type(error).__name__}: {error} | | | |")
            continue
        chosen = time.process_time()
        pictures = list(_tiles(moving))
        again = time.process_time() - chosen
        total += chosen - start + again
        info = moving.info
        count = info.counted if info.counted is not None else f"about {info.declared}"
        print(
            f"| {path.name} | {info.width}×{info.height} | {count} | {len(info.frames)} | "
            f"{(chosen - start) * 1000:.0f} | {again * 1000:.0f} |"
        )
        rows.append(pictures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"\n{len(rows)} files, {total:.2f} s of CPU, at most {peak} MiB in memory")
    if options.sheet is not None and rows:
        _sheet(rows).save(options.sheet)


def _print_start() -> None:
    """Print what moving pictures add to the start of a worker."""
    decode.warm()
    pdq.warm()
    before, start = _memory(), time.process_time()
    frames.warm()
    spent = (time.process_time() - start) * 1000
    print(f"warm(): {spent:.0f} ms of CPU, {_memory() - before} MiB\n")


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20


def _tiles(moving: frames.Moving) -> list[Image.Image]:
    tiles = []
    for frame, picture in moving.frames():
        tile = Image.fromarray(picture.rgb(TILE))
        ImageDraw.Draw(tile).text((2, 2), frame.locator.partition(" ")[2], fill=(255, 255, 0))
        tiles.append(tile)
    return tiles


def _sheet(rows: list[list[Image.Image]]) -> Image.Image:
    lines = [row[at : at + ACROSS] for row in rows for at in range(0, len(row), ACROSS)]
    sheet = Image.new("RGB", (ACROSS * (TILE + 4), len(lines) * (TILE + 4)))
    for y, line in enumerate(lines):
        for x, tile in enumerate(line):
            sheet.paste(tile, (x * (TILE + 4), y * (TILE + 4)))
    return sheet


if __name__ == "__main__":
    main()
