"""A made source and a disk to read it from, for ``benchmarks/reading.py``.

The disk is ``tests/support/fusefs.py``: a real file system in user space that counts what is read
from it, or paces it as a hard disk would.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import simplejpeg

from benchmarks._pipeline import _has_item
from tests.support.mounts import Namespace

MIB = 1 << 20
FOLDERS = ("DCIM/100TEST", "Users/person/Pictures/Holiday", "Users/person/Downloads", "backup/old")
_WIDTH, _HEIGHT = 1280, 960
_LOOK_SECONDS = 0.05
_STAMP = "made"
_IO = """
import subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
if done.returncode:
    sys.exit(done.stderr.decode()[-2000:])
print(open("/proc/self/io").read())  # the children's counts are added when they are waited for
"""


@dataclass(frozen=True, slots=True)
class Source:
    folder: Path
    sizes: Mapping[str, int]  # bytes by path inside it

    @property
    def size(self) -> int:
        return sum(self.sizes.values())


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of ``assay triage``; seconds from starting the process."""

    wall: float
    summary: Mapping[str, object]
    first_item: float | None = None  # until one in lane 1 was committed
    first_open: float | None = None  # until the first file was opened
    last_listing: float | None = None  # until the last folder was listed
    read: Mapping[str, int] = field(default_factory=dict)  # bytes by path
    opens: Mapping[str, int] = field(default_factory=dict)


def source_of(folder: Path) -> Source:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return Source(folder, {p.relative_to(folder).as_posix(): p.stat().st_size for p in paths})


def make(folder: Path, files: int) -> Source:
    """Make a source as a seized disk may look: pictures, archives, videos, a system. About 1 GB
    at 2000 files; the same bytes for the same number."""
    stamp = folder.with_suffix(f".{_STAMP}")
    if not stamp.exists() or stamp.read_text() != str(files):
        shutil.rmtree(folder, ignore_errors=True)
        pictures = _Pictures()
        for number in range(files):
            _write(folder / FOLDERS[number % 4] / f"{number:05}.jpg", pictures.jpeg(number))
        for number in range(files // 100):
            _write(folder / "backup" / f"{number:03}.zip", _zip(pictures, 10, files + 10 * number))
            _write(folder / "backup" / f"{number:03}.tar.gz", _tar(pictures, 2 * files + number))
            video(folder / "Users" / "person" / "Videos" / f"{number:03}.mp4", number)
        random = np.random.default_rng(7)
        for number in range(files // 10):
            program = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + b"L\1"
            _write(
                folder / "Windows" / "System32" / f"{number}.dll", program + random.bytes(1 << 16)
            )
        stamp.write_text(str(files))
    return source_of(folder)


def make_large(folder: Path, size: int) -> Source:
    """Make one archive and one file of unknown bytes, each of about ``size`` bytes."""
    stamp = folder.with_suffix(f".{_STAMP}")
    if not stamp.exists() or stamp.read_text() != str(size):
        shutil.rmtree(folder, ignore_errors=True)
        pictures = _Pictures()
        count = size // len(pictures.jpeg(0)) + 1
        _write(folder / "pictures.zip", _zip(pictures, count, 100_000))
        _write(folder / "unknown.bin", np.random.default_rng(8).bytes(size))
        stamp.write_text(str(size))
    return source_of(folder)


class _Pictures:
    """Noise on soft colour fields, shifted by the number, so that no two files are equal."""

    def __init__(self) -> None:
        random = np.random.default_rng(6)
        fields = cv2.resize(
            random.integers(0, 255, (6, 8, 3), dtype=np.uint8), (_WIDTH, _HEIGHT)
        ).astype(np.float32)
        noise = random.normal(0, 9, fields.shape).astype(np.float32)
        self._plane = np.clip(fields + noise, 0, 255).astype(np.uint8)

    def jpeg(self, number: int) -> bytes:
        shifted = np.roll(self._plane, (7 * number, 13 * number), axis=(0, 1))
        data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(shifted), quality=85)
        comment = str(number).encode()
        return data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _zip(pictures: _Pictures, count: int, first: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(first, first + count):
            entry = zipfile.ZipInfo(f"{number}.jpg", (2024, 5, 6, 7, 8, 10))
            archive.writestr(entry, pictures.jpeg(number))
    return out.getvalue()


def _tar(pictures: _Pictures, number: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        info = tarfile.TarInfo("inside.jpg")
        data = pictures.jpeg(number)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def video(path: Path, seed: int) -> None:
    """Write two seconds of moving noise, a few MB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25.0, (640, 480))
    for _ in range(50):
        writer.write(random.integers(0, 255, (480, 640, 3), dtype=np.uint8))
    writer.release()


def command(folder: Path, case: Path) -> list[str]:
    words = ["triage", str(folder), "--case", str(case), "--json"]
    return [sys.executable, "-m", "assay.cli.main", *words]


def run(folder: Path, case: Path, env: Mapping[str, str], space: Namespace | None = None) -> Ran:
    """Triage a folder into a new case and watch for the first item; raises RuntimeError."""
    shutil.rmtree(case, ignore_errors=True)
    enter = space.enter if space is not None else []
    started = time.monotonic()
    process = subprocess.Popen(
        [*enter, *command(folder, case)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    first = None
    while process.poll() is None:
        if first is None and _has_item(case / "case.db"):
            first = time.monotonic() - started
        time.sleep(_LOOK_SECONDS)
    wall = time.monotonic() - started
    out, errors = process.communicate()
    if process.returncode not in (0, 3):
        raise RuntimeError(f"exit code {process.returncode}: {errors.decode()[-2000:]}")
    return Ran(wall, json.loads(out.splitlines()[-1]), first)


def run_from_disk(
    source: Source, work: Path, env: Mapping[str, str], space: Namespace, *words: str
) -> Ran:
    """Triage a source through the disk in user space; ``words`` say how the disk behaves."""
    point, report = work / "disk", work / "disk.json"
    point.mkdir(exist_ok=True)
    server = space.disk(source.folder, point, "--report", str(report), *words)
    began = time.monotonic()
    ran = run(point, work / "case", env, space)
    space.run("umount", point)
    server.wait(timeout=60)
    told = json.loads(report.read_text())
    late = began - told["began"]
    return Ran(
        ran.wall,
        ran.summary,
        ran.first_item,
        told["first_open"] - late if told["first_open"] is not None else None,
        told["last_listing"] - late,
        told["read"],
        told["opens"],
    )


def bytes_read(folder: Path, case: Path, env: Mapping[str, str]) -> int:
    """Return ``rchar`` of a run and all its processes: what every read(2) of any file gave."""
    shutil.rmtree(case, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-c", _IO, *command(folder, case)],
        env=env, capture_output=True, check=True, text=True,
    )  # fmt: skip
    rows = dict(line.split(": ") for line in done.stdout.splitlines() if ": " in line)
    return int(rows["rchar"])
