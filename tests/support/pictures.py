"""Small benign pictures made on the spot."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def jpeg(seed: int, size: tuple[int, int] = (120, 90), tail: bytes = b"") -> bytes:
    """Return a JPEG of soft colour fields that differs by ``seed``; ``tail`` follows its end."""
    random = np.random.default_rng(seed)
    small = Image.fromarray(random.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    out = io.BytesIO()
    small.resize(size, Image.Resampling.BICUBIC).save(out, "JPEG", quality=90)
    return out.getvalue() + tail


def folder_of(root: Path, count: int, *, tail: bytes = b"") -> Path:
    """Fill a folder with pictures, one in four of them inside a ZIP."""
    root.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        if number % 4 == 3:
            with zipfile.ZipFile(root / f"box{number:03}.zip", "w") as archive:
                archive.writestr("inside.jpg", jpeg(number, tail=tail))
        else:
            (root / f"picture{number:03}.jpg").write_bytes(jpeg(number, tail=tail))
    return root
