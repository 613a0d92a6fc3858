"""Opens files that hold one other file in compressed form: .gz, .bz2, .xz, .lzma, .zst.

A compressed tar is not its business (``tars`` comes first). Damage and a missing end leave what
could be decoded, with a finding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from assay.core.blob import Blob
from assay.core.errors import NotApplicable
from assay.core.facts import Stamp
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach
from assay.openers.inflate import FORMATS, PACKED, Unpacked, format_of
from assay.openers.stamps import unix_stamp
from assay.openers.streams import Notes, stream_of, text, unlisted

UNNAMED = "content"  # the formats other than gzip store no name
_HEAD = 1 << 16  # bytes in which a gzip header's name must end
_EXTRA, _NAME = 4, 8  # gzip flags (RFC 1952 §2.3.1)


class SingleOpener:
    name = "single"
    version = "1"
    reach = Reach.WHOLE
    media_types: tuple[str, ...] = PACKED

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the one member, then what was wrong with it; all its streams are joined."""
        kind = format_of(blob.read(0, 8))
        if kind is None:
            raise NotApplicable
        name, times = _gzip_header(blob) if kind.name == "gzip" else (UNNAMED, ())
        notes = Notes()
        unpacked = Unpacked(blob, kind, notes)
        yield Member(
            name=name,
            open=lambda: stream_of(unpacked.pieces()),
            stored_size=max(blob.size, 1),
            times=times,
        )
        yield from notes.drain()
        rest = unlisted(blob, unpacked.end, blob.size)
        if rest is not None:
            yield rest

    def warm(self) -> None:
        for kind in FORMATS:
            kind.decoder()


def _gzip_header(blob: Blob) -> tuple[str, tuple[Stamp, ...]]:
    head = blob.read(0, _HEAD)
    if len(head) < 10:
        return UNNAMED, ()
    flags = head[3]
    (mtime,) = struct.unpack_from("<L", head, 4)
    times = (unix_stamp("gzip MTIME", mtime),) if mtime else ()
    at = 10
    if flags & _EXTRA:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    end = head.find(b"\0", at) if flags & _NAME else -1
    return (text(head[at:end]) if end > at else UNNAMED), times
