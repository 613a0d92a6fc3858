"""Hashes that a list leaves out of matching: who decided it, why, and how that is stored."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from assay.core.jsonvalue import digest_of
from assay.lists.columns import WIDTHS
from assay.lists.manifest import Part
from assay.lists.sealed import ListDamagedError, SealedFile, SealedWriter

OURS = "assay"  # held by rule, not by a person


@dataclass(frozen=True, slots=True)
class Held:
    """A hash that is not matched, because it says too little; ``reason`` tells why."""

    algorithm: str
    value: str  # hex
    reason: str
    by: str = OURS  # who decided it
    released: bool = False  # a person decided that it is matched: no rule holds it again

    @property
    def key(self) -> tuple[str, str]:
        return self.algorithm, self.value


def read_held(folder: Path, part: Part | None) -> tuple[Held, ...]:
    """Return what was decided, the released ones too; raises ListDamagedError."""
    if part is None:
        return ()
    file = SealedFile(folder / part.file, part.seal)
    try:
        return tuple(Held(*row) for row in json.loads(bytes(file.read(0, file.size))))
    except (ValueError, TypeError) as error:
        raise ListDamagedError(file.path, str(error)) from error


def write_held(folder: Path, name: str, held: tuple[Held, ...]) -> Part | None:
    """Write what was decided; return None where that is nothing. Its count is of those held."""
    if not held:
        return None
    writer = SealedWriter(folder / f"held-{name}")
    rows = [[each.algorithm, each.value, each.reason, each.by, each.released] for each in held]
    writer.write(json.dumps(rows).encode("ascii"))
    return Part(f"held-{name}", writer.close(), len(in_force(held)))


def in_force(held: Iterable[Held]) -> tuple[Held, ...]:
    """Return those that are not matched."""
    return tuple(each for each in held if not each.released)


def problem(held: Held) -> str:
    """Return why this cannot be held, empty where it can."""
    if not held.reason:
        return "a hash is held for a reason"
    try:
        size = len(bytes.fromhex(held.value))
    except ValueError:
        return f"{held.value[:100]!r} is not hex"
    width = WIDTHS.get(held.algorithm, size)
    if size != width:
        return f"a {held.algorithm} hash has {width} bytes, not {size}"
    return ""


def values(held: Iterable[Held], algorithm: str) -> frozenset[bytes]:
    """Return the values of one algorithm that are not matched."""
    return frozenset(bytes.fromhex(h.value) for h in in_force(held) if h.algorithm == algorithm)


def digest(held: Iterable[Held]) -> str:
    """Return 64 hex digits over what is not matched, empty where everything is."""
    keys = sorted(list(each.key) for each in in_force(held))
    return digest_of({"held": keys}) if keys else ""
