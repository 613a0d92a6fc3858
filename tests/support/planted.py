"""A third-party examiner that misbehaves on request, installed for one subprocess by its path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_CODE = """
from assay.core.contract import ExaminerInfo, Sample
from assay.core.vocab import Need


class Planted:
    info = ExaminerInfo(
        name="planted", version="{version}", kinds=("planted",), media_types=("image/*",),
        needs=frozenset({{Need.BYTES}}), place_check=True,
    )

    def prepare(self, settings):
        pass

    def examine(self, view):
        data = view.data()
        if b"PLANTED-CRASH" in data:
            import ctypes
            ctypes.string_at(0)
        if b"PLANTED-HANG" in data:
            while True:
                pass
        if b"PLANTED-BOMB" in data:
            hold = [bytearray(1 << 30) for _ in range(64)]
        if b"PLANTED-SLOW" in data:
            import time
            time.sleep(0.2)
        if b"PLANTED-ERROR" in data:
            raise RuntimeError("planted")
        yield view.observe("planted", {{"tool": "", "text": "seen by {version}"}})

    def examples(self):
        yield Sample("any", b"GIF89a", "image/gif", ("planted",))
"""


def install(folder: Path, version: str = "1") -> Mapping[str, str]:
    """Write the plug-in into a folder and return the environment in which it is installed."""
    (folder / "assay_planted.py").write_text(_CODE.format(version=version))
    meta = folder / "assay_planted-1.dist-info"
    meta.mkdir(exist_ok=True)
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: assay-planted\nVersion: 1\n")
    (meta / "entry_points.txt").write_text("[assay.examiners]\nplanted = assay_planted:Planted\n")
    return {"PYTHONPATH": os.fspath(folder), "PYTHONDONTWRITEBYTECODE": "1"}
