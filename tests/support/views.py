"""The engine's own view over bytes in memory, for the unit tests of examiners."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from assay.core.blob import MemoryBlob
from assay.core.contract import Examiner
from assay.core.facts import Observation, Sha256
from assay.engine.view import FileView, Shared

_WHOLE = 1 << 30  # bytes; tests decide themselves how much they give


def make_view(
    examiner: Examiner,
    data: bytes,
    media_type: str,
    earlier: Iterable[Observation] = (),
    kind: type[FileView] = FileView,
) -> FileView:
    """Return a view of ``data`` for one examiner, after the observations given."""
    shared = Shared(MemoryBlob(data), _WHOLE, media_type)
    shared.sha256 = Sha256(hashlib.sha256(data).hexdigest())
    shared.observations.extend(earlier)
    return kind(shared, examiner.info, "")
