"""Reads a container the way the engine does: member by member, in order, troubles apart."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from assay.core.blob import MemoryBlob
from assay.core.errors import Encrypted, LimitReached, Malformed, NotApplicable
from assay.core.opening import Limits, Member, OpenContext, Opener
from assay.core.slots import Trouble

CAP = 4 << 20  # bytes read of one member
MANY = 500  # entries read of one container


@dataclass
class Contents:
    members: list[Member] = field(default_factory=list)
    data: dict[str, bytes] = field(default_factory=dict)  # the last content of each name
    errors: dict[str, Exception] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [member.name for member in self.members]

    @property
    def flags(self) -> set[str]:
        return {trouble.flag for trouble in self.troubles}

    def member(self, name: str) -> Member:
        return next(member for member in self.members if member.name == name)


def contents(
    opener: Opener,
    data: bytes,
    *,
    passwords: tuple[bytes, ...] = (),
    timezone: str | None = None,
    limits: Limits | None = None,
) -> Contents:
    """Open ``data`` and read every member; only the contract's errors are caught."""
    context = OpenContext(passwords, timezone, limits or Limits())
    found = Contents()
    for entry in opener.open(MemoryBlob(data), context):
        if isinstance(entry, Trouble):
            found.troubles.append(entry)
            continue
        found.members.append(entry)
        if entry.open is not None:
            try:
                with entry.open() as stream:
                    found.data[entry.name] = stream.read(CAP)
            except (Encrypted, Malformed, LimitReached, OSError) as error:
                found.errors[entry.name] = error
        if len(found.members) + len(found.troubles) >= MANY:
            break
    return found


def keeps_the_contract(opener: Opener, data: bytes, passwords: tuple[bytes, ...] = ()) -> None:
    """Read whatever these bytes are; fails on any error that the contract does not name."""
    with contextlib.suppress(Encrypted, Malformed, NotApplicable, LimitReached):
        contents(opener, data, passwords=passwords)


def damaged(data: bytes, cut: int, flips: list[tuple[int, int]]) -> bytes:
    """Cut and flip bytes, at places counted modulo the length."""
    changed = bytearray(data[: max(1, len(data) - cut % len(data))])
    for place, value in flips:
        changed[place % len(changed)] ^= value
    return bytes(changed)
