"""Small wheels, made by hand, and the lock file that pins them."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path


def wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, bytes],
    *,
    info: Mapping[str, bytes] | None = None,
    licence: str = "License-Expression: MIT",
) -> Path:
    """Write a pure-Python wheel; ``info`` holds more files of its dist-info folder."""
    stem = f"{name}-{version}"
    metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{licence}\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = {
        **files,
        **{f"{stem}.dist-info/{inner}": data for inner, data in (info or {}).items()},
        f"{stem}.dist-info/METADATA": metadata.encode(),
        f"{stem}.dist-info/WHEEL": tags.encode(),
    }
    record = "".join(f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in rows.items())
    rows[f"{stem}.dist-info/RECORD"] = f"{record}{stem}.dist-info/RECORD,,\n".encode()
    target = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in rows.items():
            archive.writestr(path, data)
    return target


def pin(made: Path) -> str:
    """Return the line of a lock file for a wheel."""
    name, version = made.name.split("-")[:2]
    return (
        f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(made.read_bytes()).hexdigest()}\n"
    )


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
