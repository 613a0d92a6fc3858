"""The peer: threatexchange's PDQ of a file plus Pillow's EXIF, in an environment of its own.

Two halves in one file. The benchmark imports ``build`` and ``measure``; the peer's own Python runs
the file as a script, which must therefore need nothing of Assay.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PEER = "threatexchange==1.2.17"
HASHER = "pdqhash==0.2.8"  # what it computes with; has no wheels: a C compiler is needed
FOLDER = Path(__file__).resolve().parent / ".cache" / "peer-venv"
_CHUNK = 4  # files handed to a process at once


class PeerMissingError(Exception):
    """The peer could not be built here; its text says why."""


def build(folder: Path) -> Path:
    """Return the Python of an environment that has the peer, made at the first call.

    Raises PeerMissingError where pip fails: no network, no compiler, no suitable Python.
    """
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    try:
        if not python.exists():
            venv.EnvBuilder(with_pip=True).create(folder)
        if _run(python, "-c", "import threatexchange, pdqhash").returncode:
            done = _run(python, "-m", "pip", "install", "-q", PEER, HASHER)
            if done.returncode:
                raise PeerMissingError(done.stderr.strip().splitlines()[-1])
    except (OSError, subprocess.CalledProcessError) as error:
        raise PeerMissingError(str(error)) from error
    return python


@dataclass(frozen=True, slots=True)
class Rates:
    seconds: float  # wall time of all files
    ms: dict[str, float]  # folder -> milliseconds a file in its process


def measure(python: Path, files: Sequence[Path], processes: int) -> Rates:
    """Hash files in one process or a pool; starting it and importing is not counted."""
    order = json.dumps([str(path) for path in files])
    command = [str(python), "-P", __file__, str(processes)]
    done = subprocess.run(command, input=order, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    return Rates(answer["seconds"], answer["ms"])


def _run(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(python), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# -- run by the peer's Python ----------------------------------------------------------------------


def hash_one(path: str) -> tuple[str, float, str, int]:
    """Hash a file and read its EXIF as a user of the peer would; returns what it cost."""
    from PIL import Image
    from threatexchange.signal_type.pdq.signal import (  # type: ignore[import-not-found, unused-ignore]
        PdqSignal,
    )

    started = time.perf_counter()
    pdq = PdqSignal.hash_from_file(Path(path))
    with Image.open(path) as image:
        exif = image.getexif()
        tags = {**exif, **exif.get_ifd(0x8769), **exif.get_ifd(0x8825)}
    return Path(path).parent.name, time.perf_counter() - started, pdq, len(tags)


def _warm(_: int) -> None:
    from threatexchange.signal_type.pdq.signal import PdqSignal  # noqa: F401

    time.sleep(0.5)  # so that every process of the pool gets one of these


def main() -> None:
    """Read a list of files from stdin, hash them, write what it cost to stdout."""
    files = json.load(sys.stdin)
    processes = int(sys.argv[1])
    if processes == 1:
        hash_one(files[0])
        started = time.perf_counter()
        rows = [hash_one(path) for path in files]
        seconds = time.perf_counter() - started
    else:
        with multiprocessing.Pool(processes) as pool:
            pool.map(_warm, range(processes), 1)
            started = time.perf_counter()
            rows = list(pool.imap_unordered(hash_one, files, _CHUNK))
            seconds = time.perf_counter() - started
    spent: dict[str, list[float]] = {}
    for kind, took, _, _ in rows:
        spent.setdefault(kind, []).append(took)
    ms = {kind: 1000 * sum(times) / len(times) for kind, times in spent.items()}
    json.dump({"seconds": seconds, "ms": ms}, sys.stdout)


if __name__ == "__main__":
    main()
