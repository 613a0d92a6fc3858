"""Make a benign seizure: a phone and a laptop of any number of files, with what must be found.

    .venv/bin/python scripts/make_seizure.py DIR --files 10000 --seed 7

The same seed and number give the same bytes. Beside DIR, DIR.manifest.jsonl says of every planted
picture, document and member where it lies, its SHA-256 and what a case must hold of it
(``scripts/seizure_plan.py``). Nothing is shown but drawings; see docs/methods/seizure.md.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts import seizure_broken as broken
from scripts import seizure_documents as documents
from scripts import seizure_laptop as laptop
from scripts import seizure_mail as mail
from scripts import seizure_moving as moving
from scripts import seizure_phone as phone
from scripts import seizure_stores as stores
from scripts import seizure_system as system
from scripts.seizure_plan import Dice, File, Maker

TIME = 1_717_226_400  # 2024-06-01 07:20 UTC, the modification time of the first file
_LEAST = 12  # photographs and pictures that the smallest seizure has: caches hold copies of them

# name, turns of 10,000 files, the least number of turns, the maker. A turn can be several files.
MAKERS: tuple[tuple[str, int, int, Maker], ...] = (
    ("photo", 1300, _LEAST, phone.camera_photo),
    ("burst", 20, 1, phone.burst),
    ("screenshot", 250, 2, phone.screenshot),
    ("received", 800, 10, phone.received),
    ("modern", 60, 2, phone.modern),
    ("chat", 15, 1, phone.chat),
    ("rolled_back", 5, 1, phone.rolled_back),
    ("settings", 40, 2, phone.settings),
    ("thumbdata", 2, 1, phone.thumbdata),
    ("contact", 30, 1, phone.contact),
    ("phone_video", 80, 2, moving.phone_video),
    ("motion_photo", 50, 1, moving.motion_photo),
    ("live_photo", 40, 1, moving.live_photo),
    ("animation", 90, 3, moving.animation),
    ("pages", 25, 1, moving.pages),
    ("laptop_video", 40, 3, moving.laptop_video),
    ("picture", 600, _LEAST, laptop.picture),
    ("raw_photo", 12, 1, laptop.raw_photo),
    ("sample", 16, 2, laptop.sample),
    ("archive", 60, 5, laptop.archive),
    ("locked_zip", 5, 1, laptop.locked_zip),
    ("volume", 6, 2, laptop.volume),
    ("page", 150, 3, laptop.page),
    ("fragment", 5, 1, laptop.fragment),
    ("fox_cache", 50, 1, laptop.fox_cache),
    ("thumbs_db", 8, 1, stores.thumbs_db),
    ("thumbcache", 6, 1, stores.thumbcache),
    ("browser", 200, 2, stores.browser),
    ("block_file", 2, 1, stores.block_file),
    ("word", 60, 3, documents.word),
    ("opened", 40, 3, documents.opened),
    ("legacy", 60, 3, documents.legacy),
    ("bitmap_sheet", 4, 1, documents.bitmap_sheet),
    ("pdf", 60, 1, documents.pdf),
    ("rich", 10, 1, documents.rich),
    ("message", 120, 2, mail.message),
    ("mailbox", 8, 1, mail.mailbox),
    ("outlook", 30, 1, mail.outlook),
    ("broken_file", 190, broken.COUNT, broken.broken_file),
    ("strange_names", 2, 1, broken.strange_names),
)
_BY_NAME = {name: maker for name, _, _, maker in MAKERS} | {"system": system.system}
Turn = tuple[str, int]


def turns(files: int) -> Iterator[Turn]:
    """Yield (maker, number) of every turn but those of the system's files."""
    for name, share, least, _ in MAKERS:
        for number in range(max(least, round(share * files / 10_000))):
            yield name, number


def made(turn: Turn, seed: int) -> list[File]:
    name, number = turn
    return _BY_NAME[name](number, Dice(seed, name, number))


def write(root: Path, file: File) -> None:
    path = os.fsencode(root) + b"/" + os.fsencode(file.path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if file.link is not None:
        Path(os.fsdecode(path)).symlink_to(file.link)
        return
    with open(path, "xb") as stream:
        stream.write(file.data)
    # a time of its own for each file, that depends on its path alone
    at = TIME + sum(file.path.encode("utf-8", "surrogateescape")) * 61 % 10_000_000
    os.utime(path, (at, at))


def _job(job: tuple[str, Turn, int]) -> tuple[int, int, list[str]]:
    """Make and write the files of one turn; returns files, bytes and lines of the manifest."""
    root, turn, seed = job
    files = made(turn, seed)
    lines = []
    for file in files:
        write(Path(root), file)
        lines += [json.dumps({**asdict(row), "maker": turn[0]}) for row in file.rows]
    return len(files), sum(len(file.data) for file in files), lines


def make(root: Path, files: int, seed: int, workers: int = 2) -> Counter[str]:
    """Write the seizure and its manifest; returns files, bytes and rows."""
    count: Counter[str] = Counter()
    root.mkdir(parents=True)
    manifest = root.with_name(root.name + ".manifest.jsonl")
    with multiprocessing.get_context("spawn").Pool(workers) as pool, manifest.open("w") as out:

        def run(chosen: list[Turn]) -> None:
            jobs = [(str(root), turn, seed) for turn in chosen]
            for number, size, lines in pool.imap(_job, jobs, chunksize=4):
                count.update(files=number, bytes=size, rows=len(lines))
                out.writelines(line + "\n" for line in lines)

        run(list(turns(files)))
        run([("system", number) for number in range(max(_LEAST, files - count["files"]))])
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("dir", type=Path, help="folder to make; it must not exist")
    parser.add_argument("--files", type=int, default=10_000, help="about how many files")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    given = parser.parse_args()
    if given.dir.exists():
        parser.error(f"{given.dir} exists")
    start = time.monotonic()
    count = make(given.dir, given.files, given.seed, given.workers)
    seconds = time.monotonic() - start
    print(
        f"{count['files']} files, {count['bytes'] / 1e6:.1f} MB, {count['rows']} planted contents "
        f"in {seconds:.1f} s: {given.dir}"
    )


if __name__ == "__main__":
    main()
