"""Tracks of ISO base media (MP4, MOV, 3GP, HEIF sequences), and numbers too large to be believed.

The decoder makes an index entry for every sample that a table claims, so a claim of 10^9 samples
in 20 bytes would take gigabytes: such counts are cut to what the bytes can hold.
Sources: ISO/IEC 14496-12 §8; Apple QuickTime File Format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.blob import Blob
from assay.media.frames_tracks import Header, Track

_MAX_BOXES = 20_000
_DEPTH = 8
_INSIDE = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"})
_KINDS = {b"vide": "video", b"pict": "video", b"auxv": "video", b"soun": "sound"}
MAX_RUN = 1_000_000  # samples of one run of a fragment
_RUN_FIELDS = 0xF00  # flags: duration, size, flags and time offset given for each sample


@dataclass(slots=True)
class _Walk:
    blob: Blob
    header: Header
    boxes: int = 0
    scale: int = 0  # units per second of the track now read
    times: int = 0  # samples that its table of times counts


def read_boxes(blob: Blob) -> Header:
    """Return the tracks and the patches for counts that cannot be true."""
    brand = blob.read(8, 4) if blob.read(4, 4) == b"ftyp" else b"qt  "
    container = {b"qt  ": "quicktime", b"heic": "heif", b"avis": "avif"}.get(brand, "mp4")
    walk = _Walk(blob, Header("3gpp" if brand[:2] == b"3g" else container))
    _level(walk, 0, blob.size, 0)
    _close(walk)
    return walk.header


def _level(walk: _Walk, start: int, end: int, depth: int) -> None:
    for name, at, stop in _boxes(walk, start, end, depth):
        if name == b"trak":
            _close(walk)
            walk.header.tracks.append(Track(""))
        if name in (b"mvex", b"moof"):
            walk.header.fragmented = True
        if name in _INSIDE:
            if depth < _DEPTH:
                _level(walk, at, stop, depth + 1)
        elif walk.header.tracks and name in _READ:
            _READ[name](walk, at, walk.blob.read(at, min(stop - at, 32)))


def _boxes(walk: _Walk, start: int, end: int, depth: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of the content of the boxes of one level."""
    at = start
    while at + 8 <= end and walk.boxes < _MAX_BOXES:
        walk.boxes += 1
        head = walk.blob.read(at, 16)
        size, name, skip = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1 and len(head) == 16:
            size, skip = int.from_bytes(head[8:], "big"), 16
        elif size == 0:
            size = end - at
        if size < skip:
            return
        if at + size > end and depth == 0 and size < 1 << 48:
            walk.header.missing = max(walk.header.missing, at + size - end)
        yield name, at + skip, min(at + size, end)
        at += size


def _handler(walk: _Walk, at: int, data: bytes) -> None:
    track = walk.header.tracks[-1]
    track.kind = track.kind or _KINDS.get(data[8:12], "")


def _media(walk: _Walk, at: int, data: bytes) -> None:
    """Read time scale and duration (mdhd)."""
    wide = data[:1] == b"\1"
    if len(data) >= (32 if wide else 20):
        scale, duration = struct.unpack_from(">IQ" if wide else ">II", data, 20 if wide else 12)
        walk.scale = scale
        if scale:
            walk.header.tracks[-1].duration = duration / scale


def _entry(walk: _Walk, at: int, data: bytes) -> None:
    """Read the name of the coding from the first sample description (stsd)."""
    walk.header.tracks[-1].codec = data[12:16].decode("ascii", "replace").strip("\0 ")


def _times(walk: _Walk, at: int, data: bytes) -> None:
    """Sum the samples that the table of times counts (stts); each entry takes eight bytes."""
    count = min(int.from_bytes(data[4:8], "big"), 1 << 20)
    table = walk.blob.read(at + 8, 8 * count)
    walk.times = sum(n for n, _ in struct.iter_unpack(">II", table[: len(table) // 8 * 8]))


def _sizes(walk: _Walk, at: int, data: bytes) -> None:
    """Read how many samples there are (stsz), and cut a number that the file cannot hold."""
    if len(data) < 12:
        return
    size, count = struct.unpack_from(">II", data, 4)
    track = walk.header.tracks[-1]
    track.frames, track.listed = count, size == 0
    room = walk.blob.size // (size or 4) + 1
    if count > room:
        walk.header.patches[at + 8] = struct.pack(">I", room)
        walk.header.lies.append(f"{count} samples of {size or 'any'} bytes in {walk.blob.size}")
        track.listed = False


def _run(walk: _Walk, at: int, data: bytes) -> None:
    """Cut the number of samples of a fragment's run (trun) that lists none of them."""
    if len(data) < 8:
        return
    flags, count = int.from_bytes(data[1:4], "big"), int.from_bytes(data[4:8], "big")
    if not flags & _RUN_FIELDS and count > MAX_RUN:
        walk.header.patches[at + 4] = struct.pack(">I", MAX_RUN)
        walk.header.lies.append(f"a fragment of {count} samples")


def _close(walk: _Walk) -> None:
    """Compare the two tables of the track that was read last."""
    if walk.header.tracks:
        track = walk.header.tracks[-1]
        if track.kind == "video" and track.frames and walk.times not in (0, track.frames):
            walk.header.lies.append(f"times for {walk.times} frames and sizes for {track.frames}")
    walk.times = walk.scale = 0


_READ = {
    b"hdlr": _handler,
    b"mdhd": _media,
    b"stsd": _entry,
    b"stts": _times,
    b"stsz": _sizes,
    b"trun": _run,
}
