"""What an opener is: it turns a container's blob into members, without ever touching a disk.

The engine reads each member through its own limits (depth, count, size, total, ratio), so an
opener never decides how much is too much. One module per kind; see ``assay.openers``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from assay.core.blob import Blob
from assay.core.facts import Stamp
from assay.core.slots import Trouble
from assay.core.vocab import Allocation, EntryKind, Reach, Role


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what containers may unfold to; all of them are recorded in the case."""

    depth: int = 16  # containers inside containers
    members: int = 200_000  # per top-level container
    member_size: int = 512 << 20  # bytes of one member
    total_size: int = 64 << 30  # bytes unfolded from one top-level container
    ratio: int = 200  # expansion allowed once a member exceeds ratio_floor
    ratio_floor: int = 8 << 20  # bytes; below this any ratio is allowed


class MemberReader(Protocol):
    def __call__(self) -> BinaryIO:
        """Open the member's content as a stream; may raise Encrypted, Malformed, OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of a container. ``open`` is None for entries without content (links, devices)."""

    name: str  # as stored, surrogate-escaped where not text; the engine adds it to the chain
    kind: EntryKind = EntryKind.FILE
    open: MemberReader | None = None
    stored_size: int | None = None  # compressed bytes, for the ratio limit
    times: tuple[Stamp, ...] = ()
    mode: int | None = None
    state: Allocation = Allocation.ALLOCATED
    locator: str = ""  # "offset 1234"
    detail: str = ""  # link target and the like
    role: Role = Role.MEMBER
    # Only where the stored bytes are no picture file by themselves (Role.STREAM): a lossless
    # picture file (PNG) that shows them, made by us. ``open`` still gives the bytes as stored, and
    # their digest names the item; every statement about pixels says that it rests on a rendering.
    rendering: MemberReader | None = None
    media_type: str = ""  # of stored bytes with a rendering: "image/x-pdf-flate", …; else sniffed


@dataclass(frozen=True, slots=True)
class OpenContext:
    """What an opener is told: passwords to try, and the assumed time zone."""

    passwords: tuple[bytes, ...] = ()
    timezone: str | None = None
    limits: Limits = field(default_factory=Limits)
    sibling: Blob | None = None  # the file that this one belongs to: a database for its "-wal"


class Opener(Protocol):
    name: str
    version: str
    media_types: tuple[str, ...]  # exact types, or "*/*"
    reach: Reach  # how much of the file it accounts for

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield members and troubles; raises Encrypted, Malformed or NotApplicable."""
        ...

    def warm(self) -> None:
        """Run every lazy import and decoder once, before the seal."""
        ...
