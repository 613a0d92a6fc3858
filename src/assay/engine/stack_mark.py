"""The mark of a stack: what a person saw and decides on."""

from __future__ import annotations

from collections.abc import Iterable

from assay.core.facts import Sha256
from assay.core.jsonvalue import digest_of


def stack_mark(head: Sha256, members: Iterable[Sha256]) -> str:
    """Return 12 digits that stand for exactly these files."""
    return digest_of([head, *sorted(members)])[:12]
