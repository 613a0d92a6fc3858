"""Read the members of a container into memory under the limits, once for all openers.

Openers say what is inside; how much is too much is decided here. Nothing is ever written to disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from assay.core.blob import Blob
from assay.core.errors import Encrypted, LimitReached, Malformed, NotApplicable
from assay.core.findings import INCOMPLETE
from assay.core.jsonvalue import Json
from assay.core.opening import Limits, Member, OpenContext, Opener
from assay.core.slots import Trouble
from assay.core.vocab import EntryKind, FailureReason, Reach

_PIECE = 1 << 20  # bytes
# What an opener of each reach says of a file it opened. Only "container" lets a file that was read
# to its last member leave the lanes.
OPENED = {
    Reach.WHOLE: "container",
    Reach.MEMBERS: "container",
    Reach.PART: "part",
    Reach.BESIDE: "appended",
}


@dataclass(slots=True)
class Unfolded:
    """What one top-level file has unfolded to so far."""

    members: int = 0
    size: int = 0  # bytes


@dataclass(slots=True)
class Outcome:
    """How opening one container ended."""

    opener: str
    version: str
    members: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    failures: dict[FailureReason, list[str]] = field(default_factory=dict)
    relations: list[dict[str, Json]] = field(default_factory=list)  # of previews to their picture

    @property
    def prefix(self) -> str:
        """Return what tells this opener's members from those of another on the same file."""
        name = self.opener.partition(":")[2]
        return "" if name in ("", "zip", "tar", "sevenzip", "single") else f"{name}:"

    def trouble(self, flag: str, detail: str, reason: FailureReason | None = None) -> None:
        """Keep a finding (each flag at most a few times) and, where given, a failure."""
        if sum(t.flag == flag for t in self.troubles) < 20:
            self.troubles.append(Trouble(flag, detail))
        if reason is not None:
            self.failures.setdefault(reason, []).append(detail[:500])

    @property
    def complete(self) -> bool:
        """True where every member was read: only then may the container leave the lanes."""
        return not self.failures and not any(t.flag in INCOMPLETE for t in self.troubles)


_REASONS = {
    "not_opened": FailureReason.UNSUPPORTED,
    "no_sibling": FailureReason.UNSUPPORTED,
    "nesting_limit": FailureReason.LIMIT,
    "metadata_loop": FailureReason.MALFORMED,
    "pixel_limit": FailureReason.LIMIT,
    "high_entropy": FailureReason.ENCRYPTED,
    "encrypted": FailureReason.ENCRYPTED,
    "unreadable_member": FailureReason.UNREADABLE,
    "truncated": FailureReason.MALFORMED,
    "malformed": FailureReason.MALFORMED,
    "decompression_bomb": FailureReason.LIMIT,
    "overlapping_entries": FailureReason.MALFORMED,
    "header_mismatch": FailureReason.MALFORMED,
    "size_limit": FailureReason.LIMIT,
    "count_limit": FailureReason.LIMIT,
    "total_limit": FailureReason.LIMIT,
}


@dataclass(frozen=True, slots=True)
class Read:
    """One entry of a container; ``data`` is None where it has no content or was not read."""

    member: Member
    data: bytes | None
    flags: tuple[str, ...] = ()
    rendering: bytes | None = None  # a picture file made by us of bytes that are none


def unfold(
    opener: Opener, blob: Blob, context: OpenContext, unfolded: Unfolded, outcome: Outcome
) -> Iterator[Read]:
    """Yield every entry; NotApplicable passes through, all other trouble goes into ``outcome``."""
    limits = context.limits
    try:
        for entry in opener.open(blob, context):
            if isinstance(entry, Trouble):
                outcome.trouble(entry.flag, entry.detail, _REASONS.get(entry.flag))
                continue
            unfolded.members += 1
            if unfolded.members > limits.members:
                raise LimitReached(f"more than {limits.members} members", flag="count_limit")
            outcome.members += 1
            yield _read(entry, blob, limits, unfolded, outcome)
    except NotApplicable:
        raise
    except Encrypted as error:
        outcome.trouble("encrypted", str(error) or "the whole container", FailureReason.ENCRYPTED)
    except Malformed as error:
        outcome.trouble("malformed", str(error), FailureReason.MALFORMED)
    except LimitReached as error:
        outcome.trouble(error.flag, str(error), FailureReason.LIMIT)
    except MemoryError:
        outcome.trouble("total_limit", "the worker's memory limit", FailureReason.MEMORY)
    except Exception as error:
        outcome.trouble("malformed", f"{type(error).__name__}: {error}", FailureReason.CRASH)


def _read(member: Member, blob: Blob, limits: Limits, unfolded: Unfolded, outcome: Outcome) -> Read:
    if member.kind is not EntryKind.FILE or member.open is None:
        flag = _ENTRY_FLAGS.get(member.kind)
        if flag is not None:
            outcome.trouble(flag, member.name)
        return Read(member, None, (flag,) if flag else ())
    try:
        data = _content(member, blob, limits, unfolded)
        return Read(member, data, rendering=_rendering(member, limits, outcome))
    except LimitReached as error:
        if error.flag == "total_limit":
            raise
        flag, detail, reason = error.flag, f"{member.name}: {error}", FailureReason.LIMIT
    except Encrypted:
        flag, detail, reason = "encrypted", member.name, FailureReason.ENCRYPTED
    except MemoryError:
        flag, detail, reason = "size_limit", member.name, FailureReason.MEMORY
    except Exception as error:
        flag, detail = "unreadable_member", f"{member.name}: {type(error).__name__}: {error}"
        reason = FailureReason.UNREADABLE
    outcome.trouble(flag, detail, reason)
    return Read(member, None, (flag,))


_ENTRY_FLAGS = {
    EntryKind.SYMLINK: "link",
    EntryKind.HARDLINK: "link",
    EntryKind.SPECIAL: "special_file",
    EntryKind.UNREADABLE: "unreadable_member",
}


def _rendering(member: Member, limits: Limits, outcome: Outcome) -> bytes | None:
    """Make the picture of stored pixels; where that fails the bytes alone stay an item."""
    if member.rendering is None:
        return None
    detail = f"{member.name}: {member.detail or member.media_type}"
    try:
        with member.rendering() as stream:
            made = stream.read(limits.member_size + 1)
        if len(made) > limits.member_size:
            raise LimitReached("the rendering is too large", flag="size_limit")
    except Exception as error:
        outcome.trouble("not_opened", f"{detail}: {error}", FailureReason.UNSUPPORTED)
        return None
    return made


def _content(member: Member, blob: Blob, limits: Limits, unfolded: Unfolded) -> bytes:
    assert member.open is not None
    pieces: list[bytes] = []
    size = 0
    stored = member.stored_size if member.stored_size is not None else blob.size
    with member.open() as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            unfolded.size += len(piece)
            if size > limits.ratio_floor and size > limits.ratio * max(stored, 1):
                raise LimitReached(
                    f"expands more than {limits.ratio} times (stored {stored} bytes)",
                    flag="decompression_bomb",
                )
            if size > limits.member_size:
                raise LimitReached(f"larger than {limits.member_size} bytes", flag="size_limit")
            if unfolded.size > limits.total_size:
                raise LimitReached(f"more than {limits.total_size} bytes", flag="total_limit")
            pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
