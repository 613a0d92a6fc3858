"""What a bundle may carry beside the program: one row each, copied only when asked for.

The installer copies every such folder into the data folder of the new installation.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.core.errors import AssayError
from assay.trust.lists import home


@dataclass(frozen=True, slots=True)
class Part:
    name: str  # folder in the bundle and below ASSAY_HOME
    pattern: str  # of the files that belong to it
    words: str


PARTS = (Part("trust", "*.json", "trust lists of the operator who made this folder"),)


def carry(names: Sequence[str], folder: Path) -> list[Part]:
    """Copy the parts asked for from the user's data folder; raises AssayError where it is empty."""
    carried = []
    for part in (p for p in PARTS if p.name in names):
        files = sorted((home() / part.name).glob(part.pattern))
        if not files:
            raise AssayError(
                f"--with-{part.name}: {home() / part.name} holds nothing to carry",
                hint=f"add to it first, or leave out --with-{part.name}",
            )
        (folder / part.name).mkdir()
        for file in files:
            shutil.copyfile(file, folder / part.name / file.name)
        carried.append(part)
    return carried
