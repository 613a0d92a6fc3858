"""The peers of ``benchmarks/lists.py``, run by the Python of their own environment.

Needs nothing of Assay. Prints JSON: what each cost, and where it wrote the matches it found.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

RADIUS = 31
FEW = 200  # queries asked one by one of an engine that compares all


def status(field: str) -> float:
    """Return a line of this process's memory (VmRSS, VmHWM) in MB; 0 where it is not known."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return 0.0


def flat(hashes: np.ndarray, queries: np.ndarray, out: Path) -> dict[str, object]:
    """faiss.IndexBinaryFlat: compares a query with every hash."""
    import faiss  # type: ignore[import-not-found, unused-ignore]

    faiss.omp_set_num_threads(os.cpu_count() or 1)
    before = status("VmRSS")
    started = time.perf_counter()
    index = faiss.IndexBinaryFlat(256)
    index.add(hashes)
    build = time.perf_counter() - started
    memory = status("VmRSS") - before
    wall, cpu = [], []
    faiss.omp_set_num_threads(1)
    for n in range(FEW + 3):
        started, spent = time.perf_counter(), time.process_time()
        index.range_search(queries[n : n + 1], RADIUS + 1)
        wall.append(1000 * (time.perf_counter() - started))
        cpu.append(1000 * (time.process_time() - spent))
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    started = time.perf_counter()
    limits, _, found = index.range_search(queries, RADIUS + 1)
    batch = 1000 * (time.perf_counter() - started) / len(queries)
    np.savez(
        out, query=np.repeat(np.arange(len(queries)), np.diff(limits).astype(int)), record=found
    )
    return {
        "name": f"faiss-cpu {version('faiss-cpu')} IndexBinaryFlat",
        "wall": wall[3:],
        "cpu": cpu[3:],
        "batch": batch,
        "build": build,
        "memory": memory,
    }


def exchange(hashes: np.ndarray, queries: np.ndarray, out: Path) -> dict[str, object]:
    """threatexchange's default index of PDQ hashes: faiss' multi-hash tables, queried by text."""
    from threatexchange.signal_type.pdq.signal import (  # type: ignore[import-not-found, unused-ignore]
        PdqSignal,
    )

    before = status("VmRSS")
    texts = hashes.tobytes().hex()
    started = time.perf_counter()
    index = PdqSignal.get_index_cls()((texts[64 * n : 64 * n + 64], n) for n in range(len(hashes)))
    build = time.perf_counter() - started
    memory = status("VmRSS") - before - len(texts) / 1e6
    wall, cpu, which, records = [], [], [], []
    for n, query in enumerate(queries):
        text = query.tobytes().hex()
        started, spent = time.perf_counter(), time.process_time()
        found = index.query(text)
        wall.append(1000 * (time.perf_counter() - started))
        cpu.append(1000 * (time.process_time() - spent))
        which += [n] * len(found)
        records += [match.metadata for match in found]
    np.savez(out, query=np.array(which, int), record=np.array(records, int))
    return {
        "name": f"threatexchange {version('threatexchange')} {type(index).__name__}",
        "wall": wall,
        "cpu": cpu,
        "batch": None,  # it takes one query a call
        "build": build,
        "memory": memory,
    }


def main() -> None:
    """Arguments: engine, folder of the data, file for the matches."""
    engine, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    hashes, queries = np.load(folder / "hashes.npy"), np.load(folder / "queries.npy")
    result = {"flat": flat, "exchange": exchange}[engine](hashes, queries, out)
    json.dump(result | {"peak": status("VmHWM")}, sys.stdout)


if __name__ == "__main__":
    main()
