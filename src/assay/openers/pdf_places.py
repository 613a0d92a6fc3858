"""Where the objects of a PDF are: every "12 0 obj" in the bytes, in one pass over them.

Knows nothing of what the objects are, only whether a stream stands in them (ISO 32000-2 §7.3.10).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.blob import Blob

MAX_HEADERS = 1_000_000  # objects of one file
_WINDOW = 4 << 20  # bytes searched at once
_BACK = 40  # bytes before the word "obj" that may hold its two numbers
_NUMBERS = re.compile(rb"(\d{1,10})[\0\t\n\f\r ]{1,8}(\d{1,5})[\0\t\n\f\r ]{0,8}$")

_DEEPEST = 100  # arrays and dictionaries inside each other; writers stay below 20
_BRACKETS = re.compile(rb"<<|>>|[\[\]]|\bstream[\r\n]")

Key = tuple[int, int]  # object number, generation


@dataclass(frozen=True, slots=True)
class Place:
    """One object header in the file."""

    offset: int
    key: Key
    streams: bool  # the word "stream" stands between this header and the next


def places(blob: Blob) -> list[Place]:
    """Return every object header of a file in order; at most ``MAX_HEADERS``."""
    found: list[tuple[int, Key]] = []
    streams: list[int] = []
    start = 0
    while start < blob.size and len(found) < MAX_HEADERS:
        back = min(start, _BACK)
        data = blob.read(start - back, back + _WINDOW + 8)
        for hit in re.finditer(rb"obj|stream(?=[\r\n ])", data):
            at = hit.start()
            if not back <= at < back + _WINDOW:
                continue
            before = data[max(0, at - _BACK) : at]
            if hit.group() == b"stream":
                if not before.endswith(b"end"):
                    streams.append(start - back + at)
                continue
            numbers = _NUMBERS.search(before)
            if numbers is not None:
                offset = start - back + at - (len(before) - numbers.start())
                found.append((offset, (int(numbers[1]), int(numbers[2]))))
        start += _WINDOW
    return list(_with_streams(found, streams, blob.size))


def _with_streams(found: list[tuple[int, Key]], streams: list[int], size: int) -> Iterator[Place]:
    next_stream = 0
    for number, (offset, key) in enumerate(found):
        end = found[number + 1][0] if number + 1 < len(found) else size
        while next_stream < len(streams) and streams[next_stream] < offset:
            next_stream += 1
        inside = next_stream < len(streams) and streams[next_stream] < end
        yield Place(offset, key, inside)


def too_deep(data: bytes) -> bool:
    """Tell whether brackets are nested deeper than any writer does: parsing that takes minutes."""
    depth = 0
    for hit in _BRACKETS.finditer(data):
        token = hit.group()
        if token in (b"<<", b"["):
            depth += 1
            if depth > _DEEPEST:
                return True
        elif token in (b">>", b"]"):
            depth = max(0, depth - 1)
        else:
            return False
    return False
