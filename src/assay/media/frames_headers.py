"""What the header of a video says: tracks, sound, frames, duration. All of it may be a lie.

Read apart from the decoder, which does not tell whether there is sound or a second video. Each
reader is bounded by the bytes it takes, decodes nothing and never raises.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from assay.core.blob import Blob
from assay.media.frames_boxes import read_boxes
from assay.media.frames_tracks import Header, Track

HEAD = 1 << 20  # bytes of the beginning that hold a header, except in ISO base media
_MAX_ELEMENTS = 4096


def read_header(blob: Blob, media_type: str) -> Header:
    """Return what the header says; an empty one for a kind whose header is not read."""
    reader = _READERS.get(media_type)
    if reader is None:
        return Header(media_type.rpartition("/")[2].removeprefix("x-"), partial=True)
    return reader(blob)


# -- AVI (OpenDML AVI File Format Extensions 1.02; Microsoft AVI RIFF) -----------------------------


def _avi(blob: Blob) -> Header:
    data = blob.read(0, HEAD)
    header = Header("avi")
    header.missing = max(0, 8 + _little(data, 4) - blob.size)
    for name, start, end in _chunks(data, 12, len(data), {b"hdrl", b"strl"}):
        if name == b"strh" and end - start >= 36:
            kind, codec = data[start : start + 4], data[start + 4 : start + 8]
            scale, rate = struct.unpack_from("<II", data, start + 20)
            frames = _little(data, start + 32)
            track = Track(_AVI.get(kind, ""), _name(codec), frames)
            if scale and rate:
                track.duration = frames * scale / rate
            header.tracks.append(track)
        elif name == b"strf" and end - start >= 40 and header.tracks[-1:] == header.videos[-1:]:
            _top_down(header, data, start)
    return header


def _top_down(header: Header, data: bytes, start: int) -> None:
    """Let bare pixels stored bottom-up be read top-down: OpenCV 5.0.0 writes out of bounds there.

    ``start`` is that of the BITMAPINFOHEADER: height at byte 8, compression at 16, 0 = BI_RGB.
    """
    (height,) = struct.unpack_from("<i", data, start + 8)
    if data[start + 16 : start + 20] == bytes(4) and height > 0:
        header.patches[start + 8] = struct.pack("<i", -height)
        header.flipped = True


_AVI = {b"vids": "video", b"auds": "sound"}


def _chunks(data: bytes, at: int, end: int, inside: set[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """Yield RIFF chunks, walking into the lists of the given names."""
    for _ in range(_MAX_ELEMENTS):
        if at + 8 > end:
            return
        name, size = data[at : at + 4], _little(data, at + 4)
        if name == b"LIST" and data[at + 8 : at + 12] in inside:
            at += 12
            continue
        yield name, at + 8, min(at + 8 + size, end)
        at += 8 + size + (size & 1)


# -- Matroska and WebM (RFC 8794, RFC 9559) --------------------------------------------------------

_SEGMENT, _INFO, _TRACKS, _ENTRY = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE
_CLUSTER, _SCALE, _DURATION, _TYPE, _CODEC = 0x1F43B675, 0x2AD7B1, 0x4489, 0x83, 0x86
_MASTERS = frozenset({_SEGMENT, _INFO, _TRACKS, _ENTRY})
_EBML = {1: "video", 2: "sound"}


def _matroska(blob: Blob) -> Header:
    data = blob.read(0, HEAD)
    header = Header("webm" if b"webm" in data[:64] else "matroska")
    scale, duration = 1_000_000, 0.0
    for number, start, end in _elements(data):
        if number == _CLUSTER:
            break
        if number == _SEGMENT and end > start:
            header.missing = max(0, end - blob.size)
        elif number == _ENTRY:
            header.tracks.append(Track(""))
        elif number == _TYPE and header.tracks:
            header.tracks[-1].kind = _EBML.get(int.from_bytes(data[start:end], "big"), "")
        elif number == _CODEC and header.tracks:
            header.tracks[-1].codec = _name(data[start : min(end, start + 40)])
        elif number == _SCALE:
            scale = int.from_bytes(data[start : min(end, start + 8)], "big")
        elif number == _DURATION and end - start in (4, 8) and end <= len(data):
            (duration,) = struct.unpack(">f" if end - start == 4 else ">d", data[start:end])
    seconds = duration * scale / 1e9
    for track in header.tracks:
        track.duration = seconds if 0 < seconds < float("inf") else None
    return header


def _elements(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield EBML elements, going into the masters that lead to the tracks."""
    at = 0
    for _ in range(_MAX_ELEMENTS):
        number, after = _variable(data, at, keep_marker=True)
        size, start = _variable(data, after, keep_marker=False)
        if start <= after or after <= at:
            return
        yield number, start, start + size
        at = start if number in _MASTERS else start + size


def _variable(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """Return a variable-size integer and the offset behind it; that of ``at`` at the end."""
    if at >= len(data) or not data[at]:
        return 0, at
    length = 9 - data[at].bit_length()
    if at + length > len(data):
        return 0, at
    value = int.from_bytes(data[at : at + length], "big")
    if not keep_marker:
        value &= (1 << 7 * length) - 1
        if value == (1 << 7 * length) - 1:  # unknown size: to the end
            value = 0
    return value, at + length


# -- the others: only which kinds of stream there are ----------------------------------------------


def _flv(blob: Blob) -> Header:
    """Adobe FLV 10.1, E.2: flags of the header."""
    flags = (blob.read(4, 1) or b"\0")[0]
    header = Header("flv")
    header.tracks += [Track("video")] * bool(flags & 1) + [Track("sound")] * bool(flags & 4)
    return header


_ASF_STREAM = bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365")
_ASF = {
    bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b"): "video",
    bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b"): "sound",
}


def _asf(blob: Blob) -> Header:
    """ASF 01.20.05, 3.3: the stream properties objects."""
    return _found("asf", blob, _ASF_STREAM, lambda data, at: _ASF.get(data[at + 24 : at + 40], ""))


def _real(blob: Blob) -> Header:
    """RealMedia: the MIME type in each media properties header."""

    def kind(data: bytes, at: int) -> str:
        words = data[at : at + 256]
        return "video" if b"video/" in words else "sound" if b"audio/" in words else ""

    return _found("realmedia", blob, b"MDPR", kind)


_OGG = {b"\x80theora": "video", b"\1video": "video", b"BBCD\0": "video", b"OVP80": "video"} | {
    b"\1vorbis": "sound",
    b"OpusHead": "sound",
    b"\x7fFLAC": "sound",
    b"Speex": "sound",
}


def _ogg(blob: Blob) -> Header:
    """RFC 3533: the first packet of each logical stream names its codec."""

    def kind(data: bytes, at: int) -> str:
        if at + 27 > len(data) or not data[at + 5] & 2:  # not the beginning of a stream
            return "-"
        packet = data[at + 27 + data[at + 26] :][:16]
        return next((what for magic, what in _OGG.items() if packet.startswith(magic)), "")

    return _found("ogg", blob, b"OggS", kind)


def _program(blob: Blob) -> Header:
    """ISO/IEC 13818-1, table 2-22: stream ids of packets; seen early, so absence says nothing."""
    data = blob.read(0, HEAD)
    header = Header("mpeg", partial=True)
    seen: set[str] = set()
    at = data.find(b"\0\0\1")
    while 0 <= at < len(data) - 3 and len(seen) < 2:
        number = data[at + 3]
        if 0xC0 <= number <= 0xDF:
            seen.add("sound")
        elif 0xE0 <= number <= 0xEF or number == 0xB3:
            seen.add("video")
        at = data.find(b"\0\0\1", at + 3)
    header.tracks += [Track(kind) for kind in sorted(seen)]
    return header


def _found(container: str, blob: Blob, mark: bytes, kind: Callable[[bytes, int], str]) -> Header:
    data = blob.read(0, HEAD)
    header = Header(container)
    at = data.find(mark)
    while at >= 0 and len(header.tracks) < _MAX_ELEMENTS:
        found = kind(data, at)
        if found != "-":
            header.tracks.append(Track(found))
        at = data.find(mark, at + len(mark))
    return header


def _little(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _name(code: bytes) -> str:
    return code.split(b"\0")[0].decode("ascii", "replace").strip()


_READERS: dict[str, Callable[[Blob], Header]] = {
    "video/mp4": read_boxes,
    "video/quicktime": read_boxes,
    "video/3gpp": read_boxes,
    "video/3gpp2": read_boxes,
    "image/heic": read_boxes,
    "image/heif": read_boxes,
    "image/avif": read_boxes,
    "image/heic-sequence": read_boxes,
    "image/heif-sequence": read_boxes,
    "image/avif-sequence": read_boxes,
    "video/x-msvideo": _avi,
    "video/x-matroska": _matroska,
    "video/webm": _matroska,
    "video/x-flv": _flv,
    "video/x-ms-asf": _asf,
    "application/vnd.rn-realmedia": _real,
    "video/ogg": _ogg,
    "video/mpeg": _program,
}
