"""The workers' task by name, and a head start for them while a command imports what it needs.

Imports almost nothing itself: that is the point.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from assay.sandbox.headstart import HeadStart

TASK = "assay.engine.unit:make"


def head_start(case: Path | None = None) -> AbstractContextManager[HeadStart | None]:
    """Prepare workers from now on, unless the case exists: it may turn out to need none."""
    if case is not None and case.exists():
        return nullcontext()
    return HeadStart(TASK)
