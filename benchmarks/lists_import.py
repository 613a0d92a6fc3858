"""Measures how fast each list adapter reads, and how much memory it takes, at a million records.

Each format is made from a fixed seed into a folder, then read in a process of its own; its peak
resident memory (VmHWM, Linux) counts interpreter and imports. Then the VICS file, whose records
have MD5, SHA-1, PhotoDNA and PDQ, becomes a list, and one hash more is added to it: resident with
mapped files, and the anonymous part (looked up fifty times a second). No other process helps. Last
come the steps with perceptual hashes, at that size and ten times as many.
Run as ``.venv/bin/python benchmarks/lists_import.py [--records N] [--only-list]``; prints Markdown.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_READ = """
import sys, time
from pathlib import Path
from assay.lists.adapters.registry import open_list
from assay.lists.model import ListEntry, Refused
began, cpu = time.perf_counter(), time.process_time()
entries = refused = 0
for part in open_list(Path(sys.argv[1])):
    entries += isinstance(part, ListEntry)
    refused += isinstance(part, Refused)
print(entries, refused, time.perf_counter() - began, time.process_time() - cpu)
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""

_LIST = """
import sys, threading, time
from pathlib import Path
anonymous, done = 0, threading.Event()
def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))
def watch():
    global anonymous
    while not done.wait(0.02):
        anonymous = max(anonymous, status("RssAnon"))
threading.Thread(target=watch, daemon=True).start()
from assay.lists import changing
began, cpu = time.perf_counter(), time.process_time()
summary = changing.add(Path(sys.argv[1]), Path(sys.argv[2]))
spent = time.perf_counter() - began, time.process_time() - cpu
done.set()
print(summary.changes.added, *spent, status("VmHWM"), anonymous)
"""

_PARTS = """
import sys, time
from pathlib import Path
import numpy as np
from assay.lists import flood, near_build
from assay.lists.columns import ColumnFile, ColumnWriter
from assay.lists.index_writer import IndexWriter
from assay.lists.marks import Marks
what, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
def blocks():
    for start in range(0, count, 1 << 16):
        size = min(1 << 16, count - start)
        rows = np.random.default_rng(start).integers(0, 256, (size, 32), np.uint8)
        yield rows, np.arange(start, start + size, dtype=np.uint64)
if what.startswith("index"):
    build = near_build.build if what == "index by numpy" else IndexWriter.rebuild
    if build is IndexWriter.rebuild:
        import assay.lists.index_kernel
    work = lambda: build(folder / what, blocks())
else:
    column = ColumnWriter(folder / what, 32)
    for rows, numbers in blocks():
        column.add_rows(np.hstack((rows, numbers.astype("<u4").view(np.uint8).reshape(-1, 4))))
    file, marks = ColumnFile(column.path, 32, column.close()), Marks(0)
    marks.grow(count)
    few = frozenset(np.random.default_rng(n).bytes(32) for n in range(int(what.split()[1] or 0)))
    if few:
        work = lambda: flood.flooded_among([file], marks, 1000, few)
    else:
        work = lambda: flood.flooded([file], marks, 1000)
cpu = time.process_time()
work()
spent = time.process_time() - cpu
lines = Path("/proc/self/status").read_text().splitlines()
print(spent, next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""


def _digests(number: int) -> tuple[str, str, str]:
    raw = b"%d" % number
    return (
        hashlib.md5(raw).hexdigest().upper(),
        hashlib.sha1(raw).hexdigest().upper(),
        hashlib.sha256(raw).hexdigest().upper(),
    )


def _photodna(number: int) -> str:
    return base64.b64encode((hashlib.sha512(b"%d" % number).digest() * 3)[:144]).decode()


def _vics(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8-sig") as out:
        context = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Media"
        out.write(f'{{"@odata.context": "{context}", "value": [\n')
        for number in range(count):
            md5, sha1, sha256 = _digests(number)
            record = {
                "MediaID": number,
                "Category": number % 6,
                "MD5": md5,
                "SHA1": sha1,
                "PhotoDNA": _photodna(number),
                "MediaSize": str(number),
                "VictimIdentified": "false",
                "IsDistributed": True,
                "Series": "",
                "DateUpdated": "2020-01-01T00:00:00.0000000Z",
                "AlternativeHashes": [{"MD5": md5, "HashName": "PDQ", "HashValue": sha256}],
                "MediaFiles": [{"MD5": md5, "FileName": f"{number}.jpg", "FilePath": "a\\b"}],
            }
            out.write((",\n" if number else "") + json.dumps(record))
        out.write("]}")


def _nsrl(path: Path, count: int) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE FILE(sha256, sha1, md5, crc32, file_name, file_size INTEGER, package_id "
        "INTEGER, PRIMARY KEY (sha256, sha1, md5, crc32, file_name, file_size, package_id));"
        "CREATE TABLE MFG(manufacturer_id, name); CREATE TABLE OS(operating_system_id, name,"
        "version, manufacturer_id); CREATE TABLE PKG(package_id, name, version,"
        "operating_system_id, manufacturer_id, language, application_type);"
        "CREATE TABLE VERSION(version, build_set, build_date, release_date, description);"
        "CREATE VIEW DISTINCT_HASH AS SELECT DISTINCT sha256, sha1, md5, crc32 FROM FILE;"
        "INSERT INTO OS VALUES(1, 'System', '1', 1);"
    )
    packages = ((n, f"Package {n}", "1.0", 1, 1, "English", "Tool") for n in range(100_000))
    connection.executemany("INSERT INTO PKG VALUES(?,?,?,?,?,?,?)", packages)
    rows = ((*_nsrl_row(number),) for number in range(count))
    connection.executemany("INSERT INTO FILE VALUES(?,?,?,?,?,?,?)", rows)
    connection.commit()
    connection.close()


def _nsrl_row(number: int) -> tuple[str, str, str, str, str, int, int]:
    md5, sha1, sha256 = _digests(number)
    return sha256, sha1, md5, "0000ABCD", f"file{number}.dll", number, number % 100_000


def _delta(path: Path, count: int) -> None:
    with path.open("w") as out:
        out.write("BEGIN TRANSACTION;\n")
        for number in range(count):
            out.write(f"INSERT INTO FILE VALUES{_nsrl_row(number)!r};\n")
        out.write("COMMIT;\n")


def _ncmec(path: Path, count: int) -> None:
    with path.open("w") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?><queryResult xmlns="https://')
        out.write(f'hashsharing.ncmec.org/hashsharing/v2"><images count="{count}">')
        for number in range(count):
            md5, sha1, sha256 = (digest.lower() for digest in _digests(number))
            out.write(
                f'<image><member id="42">Member</member><timestamp>2020-01-01T00:00:00Z</timestamp>'
                f"<id>{number}</id><classification>A1</classification><fingerprints><md5>{md5}</md5>"
                f"<sha1>{sha1}</sha1><pdq>{sha256}</pdq></fingerprints></image>\n"
            )
        out.write("</images></queryResult>")


def _csv(path: Path, count: int) -> None:
    with path.open("w") as out:
        out.write("ImageID,MD5,SHA1,PhotoDNA,IsDistributed,VictimIdentified,SeriesName,Baseline\n")
        for number in range(count):
            md5, sha1, _ = _digests(number)
            out.write(f'{number},{md5},{sha1},{_photodna(number)},True,False,"A, b",Yes\n')


def _plain(path: Path, count: int) -> None:
    with path.open("w") as out:
        out.writelines(f"{_digests(number)[number % 3]}\n" for number in range(count))


MAKERS = {
    "VICS 2.0": ("set.json", _vics),
    "NSRL database": ("rds.db", _nsrl),
    "NSRL delta": ("delta.sql", _delta),
    "NCMEC": ("entries.xml", _ncmec),
    "table (ICSE)": ("icse.csv", _csv),
    "plain lines": ("plain.txt", _plain),
}


def _measured(count: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, make) in MAKERS.items():
            path = Path(folder) / file
            make(path, count)
            size = path.stat().st_size / 1e6
            done = subprocess.run(
                [sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=True
            )
            entries, refused, wall, cpu, peak = done.stdout.split()
            if (int(entries), int(refused)) != (count, 0):
                raise SystemExit(f"{name}: {entries} entries and {refused} refused of {count}")
            yield (
                f"| {name} | {size:.0f} | {count / float(wall):,.0f} | {count / float(cpu):,.0f} "
                f"| {int(peak) / 1024:.0f} |"
            )
            path.unlink()


def _into_a_list(count: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path, one = Path(folder) / "set.json", Path(folder) / "one.txt"
        _vics(path, count)
        one.write_text(f"pdq {_digests(-1)[2]}\n")
        for name, file, expected in (("the whole file", path, count), ("one hash more", one, 1)):
            command = [sys.executable, "-c", _LIST, str(Path(folder) / "lists" / "list"), str(file)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            added, wall, cpu, resident, anonymous = map(float, done.stdout.split())
            if added != expected:
                raise SystemExit(f"{name}: {added} records added")
            yield (
                f"| {name} | {wall:.2f} | {cpu:.2f} | {resident * 1024 / 1e6:.0f} "
                f"| {anonymous * 1024 / 1e6:.0f} |"
            )


def _parts(count: int) -> Iterator[str]:
    """Measure what an import does with the perceptual hashes of a list, step by step."""
    steps = {
        "index by numpy": "index built by numpy, as an import does",
        "index by kernel": "index built by the compiled kernel",
        "flood 0": "what records share, counted over the whole list",
        "flood 4000": "the same for 4,000 new hashes",
        "flood 1": "the same for one new hash",
    }
    for what, told in steps.items():
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-c", _PARTS, what, folder, str(count)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        cpu, peak = map(float, done.stdout.split())
        yield f"| {told} | {count:,} | {cpu:.2f} | {peak * 1024 / 1e6:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--only-list", action="store_true", help="leave the adapters out")
    given = parser.parse_args()
    count = given.records
    began = time.perf_counter()
    if not given.only_list:
        print(f"{count:,} records a format, one process, one thread\n")
        print("| format | MB | records/s | records/CPU s | peak MiB |")
        print("|---|---|---|---|---|")
        for line in _measured(count):
            print(line, flush=True)
        print()
    print(f"a VICS file of {count:,} records into a list\n")
    print("| what | wall s | CPU s | peak resident MB | of it anonymous MB |")
    print("|---|---|---|---|---|")
    for line in _into_a_list(count):
        print(line, flush=True)
    print("\nof that, made-up hashes alone\n")
    print("| what | hashes | CPU s | peak resident MB |")
    print("|---|---|---|---|")
    for size in (count, 10 * count):
        for line in _parts(size):
            print(line, flush=True)
    print(f"\n{time.perf_counter() - began:.0f} s in all")


if __name__ == "__main__":
    main()
