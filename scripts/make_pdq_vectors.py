"""Write tests/data/pdq_vectors.json with pdqhash 0.2.8 as the oracle.

It has no wheel and needs a C++ compiler, so it gets an environment of its own::

    python3.11 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install cython numpy setuptools pillow scikit-image
    /tmp/oracle/bin/pip install --no-build-isolation pdqhash==0.2.8
    PYTHONPATH=. /tmp/oracle/bin/python scripts/make_pdq_vectors.py

Grey planes are given to it as three equal channels.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pdqhash

from tests.support.planes import make

TINY = ((1, 1), (2, 3), (4, 9), (5, 5), (7, 5), (16, 16), (63, 64), (64, 64), (65, 127), (129, 128))
MIDDLE = ((300, 200), (257, 511), (512, 512), (513, 511), (640, 479), (1001, 333))
LONG = ((5, 4000), (4000, 6), (2049, 130), (97, 3001))
LARGE = ((1920, 1080), (1600, 1200), (3000, 2000))

CASES: list[tuple[str, tuple[int, int], int]] = []
for name, sizes in (
    ("noise", (*TINY, *MIDDLE, *LONG, (1920, 1080))),
    ("rings", (*TINY[3:], *MIDDLE, *LONG, *LARGE)),
    ("blocks", (*TINY[3:8], *MIDDLE)),
    ("ramp", (*MIDDLE, (1920, 1080))),
    ("edges", MIDDLE[:4]),
    ("flat", ((5, 5), (64, 64), (200, 300), (1001, 700))),
    ("astronaut", (*MIDDLE, *LONG, *LARGE)),
    ("coffee", (*TINY[3:], (1920, 1080))),
    ("chelsea", MIDDLE),
    ("rocket", (*MIDDLE[:3], (1600, 1200))),
    ("camera", (*MIDDLE, (3000, 2000))),
    ("coins", MIDDLE[:3]),
    ("page", MIDDLE[:3]),
):
    CASES += [(name, size, index) for index, size in enumerate(sizes)]


def main() -> None:
    rows = []
    for name, (width, height), index in CASES:
        for channels in (1, 3):
            if width * height > 3_000_000 and channels == 3 and name != "rings":
                continue  # keeps the test short
            seed = 7 * index + channels
            pixels = make(name, seed, width, height, channels)
            rgb = np.dstack([pixels] * 3) if channels == 1 else pixels
            vector, quality = pdqhash.compute(np.ascontiguousarray(rgb))
            digits = f"{int(''.join(str(bit) for bit in vector), 2):064x}"
            rows.append(
                {
                    "name": name,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "channels": channels,
                    "sha256": hashlib.sha256(pixels.tobytes()).hexdigest()[:16],
                    "hash": digits,
                    "quality": quality,
                }
            )
    target = Path(__file__).parent.parent / "tests" / "data" / "pdq_vectors.json"
    lines = ",\n".join(json.dumps(row) for row in rows)
    target.write_text(f'{{"oracle": "pdqhash 0.2.8", "vectors": [\n{lines}\n]}}\n')


main()
