"""Walks the pages of an Ogg file: the comments of Vorbis, Opus, FLAC, Theora and Speex streams.

Packets are put together only until a stream has given its comments; the rest is skipped page by
page and never decoded. Chained and interleaved streams are all read. Sources: RFC 3533 (Ogg),
RFC 7845 (Opus), RFC 9639 §10.1 (FLAC in Ogg), xiph.org's Vorbis, Theora and Speex manuals.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

from assay.media.gather import Gather
from assay.media.vorbis import read_comments

_MARK = b"OggS"
_MAX_STREAMS = 64  # followed at a time
_MAX_PACKET = 16 << 20  # bytes of one packet of comments
_MAX_PACKETS = 128  # of one stream that are looked at for comments; FLAC allows this many blocks
# The codec by the first bytes of a stream's first packet, and what its packet of comments
# begins with. Speex gives the second packet no mark.
_CODECS: tuple[tuple[bytes, str, bytes], ...] = (
    (b"\x01vorbis", "vorbis", b"\x03vorbis"),
    (b"OpusHead", "opus", b"OpusTags"),
    (b"\x80theora", "theora", b"\x81theora"),
    (b"\x7fFLAC", "flac", b""),
    (b"Speex   ", "speex", b""),
)
Range = tuple[int, int]


@dataclass(slots=True)
class _Stream:
    codec: str = ""
    mark: bytes = b""
    packets: int = 0  # that ended
    pieces: list[Range] = field(default_factory=list)  # of the packet that is still open
    size: int = 0  # of its pieces
    done: bool = False

    def add(self, start: int, end: int) -> None:
        self.size += end - start
        if self.pieces and self.pieces[-1][1] == start:
            start = self.pieces.pop()[0]
        self.pieces.append((start, end))

    def take(self) -> tuple[list[Range], int]:
        taken = self.pieces, self.size
        self.pieces, self.size = [], 0
        self.packets += 1
        return taken


def walk_ogg(gather: Gather) -> None:
    """Gather the slots of an Ogg file that starts at byte 0."""
    data, size = gather.data, len(gather.data)
    streams: dict[int, _Stream] = {}
    pos = 0
    while pos < size:
        gather.step()
        if data[pos : pos + 4] != _MARK or (pos + 4 < size and data[pos + 4]):
            after = data.find(b"OggS\0", pos + 1)
            if after < 0:
                gather.trailer(pos)
                break
            gather.trouble("malformed", f"bytes {pos}-{after} belong to no page")
            pos = after
        count = data[pos + 26] if pos + 27 <= size else 0
        lengths = data[pos + 27 : pos + 27 + count]
        head, first = pos, pos + 27 + count
        pos = first + sum(lengths)
        if pos > size or len(lengths) < count or first > size:
            gather.trouble("truncated", "the Ogg file ends inside a page")
            pos = size
        _page(gather, streams, head, first, lengths)
    gather.end = gather.end or min(pos, size)
    for stream in streams.values():
        _ended(gather, stream)


def _ended(gather: Gather, stream: _Stream | None) -> None:
    if stream is not None and stream.codec and not stream.done:
        gather.trouble("truncated", f"the {stream.codec} stream ends before its comments do")


def _page(
    gather: Gather, streams: dict[int, _Stream], head: int, first: int, lengths: bytes
) -> None:
    data = gather.data
    flags = data[head + 5 : head + 6]
    serial = int.from_bytes(data[head + 14 : head + 18], "little")
    if flags and flags[0] & 2:  # a stream begins, perhaps behind another of the same number
        if len(streams) >= _MAX_STREAMS:
            for old in [number for number, stream in streams.items() if stream.done]:
                del streams[old]
        if len(streams) >= _MAX_STREAMS and serial not in streams:
            gather.trouble("malformed", f"more than {_MAX_STREAMS} streams; the rest unread")
            return
        _ended(gather, streams.get(serial))
        streams[serial] = _Stream()
    stream = streams.get(serial)
    if stream is None or stream.done:
        return
    pos = first
    for length in lengths:
        end = min(pos + length, len(data))
        stream.add(pos, end)
        pos = end
        if length < 255 and _packet(gather, stream, *stream.take()):
            stream.done = True
            return
    if stream.size > _MAX_PACKET:
        gather.trouble("metadata_bomb", f"a packet of more than {_MAX_PACKET >> 20} MiB, not read")
        stream.done = True


def _packet(gather: Gather, stream: _Stream, pieces: list[Range], size: int) -> bool:
    """Look at one whole packet of a stream; returns whether the stream has given its comments."""
    start = pieces[0][0]
    head = gather.data[start : min(start + 16, pieces[0][1])]
    if stream.packets == 1:
        for magic, codec, mark in _CODECS:
            if head.startswith(magic):
                stream.codec, stream.mark = codec, mark
                gather.facts.setdefault("codec", codec)
                _picture_size(gather, codec, start)
        return not stream.codec
    if stream.codec == "flac":
        if head[:1] and head[0] & 0x7F == 4:
            _comments(gather, pieces, size, 4)  # behind the head of a metadata block
        return stream.packets >= _MAX_PACKETS or not head or bool(head[0] & 0x80)
    if head.startswith(stream.mark):
        _comments(gather, pieces, size, len(stream.mark))
    else:
        gather.trouble("malformed", f"the second packet of a {stream.codec} stream is no comment")
    return True


def _comments(gather: Gather, pieces: list[Range], size: int, skip: int) -> None:
    if size > _MAX_PACKET:
        gather.trouble("metadata_bomb", f"{size} bytes of comments were not read")
        return
    block = b"".join(gather.take(*piece) for piece in pieces)
    starts = [0, *accumulate(end - begin for begin, end in pieces)]

    def stored(offset: int) -> int:
        piece = min(bisect_right(starts, offset) - 1, len(pieces) - 1)
        return pieces[piece][0] + offset - starts[piece]

    def place(begin: int, end: int) -> Range:
        last = stored(skip + end - 1) + 1
        return (stored(skip + begin) if end > begin else last), last

    read_comments(gather, block[skip:], place, "Ogg comment")


def _picture_size(gather: Gather, codec: str, start: int) -> None:
    if codec == "theora":  # coded size in blocks of 16, then the size of the picture shown
        gather.width = int.from_bytes(gather.data[start + 14 : start + 17], "big")
        gather.height = int.from_bytes(gather.data[start + 17 : start + 20], "big")
