"""Says what kind of content a file is, what its container's structure met, and what hides in it.

The one examiner that reports the troubles of the container walk. It judges no picture: it looks
for data behind the end, active content, and files or base64 inside kinds that hold no pictures.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.facts import Observation
from assay.core.jsonvalue import Json
from assay.core.slots import Slot, SlotKind
from assay.core.vocab import Need
from assay.media import embedded, encoded, ends
from assay.media.kinds import NO_PICTURES, is_text
from assay.media.sniff import BINARY, EMPTY, sniff
from assay.media.sniff_text import is_printable

_SHOWN = 8  # findings of one flag per file; the value lists all
_OCTETS = "no known type"
_ACTIVE_PDF = re.compile(rb"/(?:JavaScript|JS|Launch|RichMedia)\b")
_MACROS = {
    "application/msword": "_VBA_PROJECT".encode("utf-16-le"),
    "application/vnd.ms-excel": "_VBA_PROJECT".encode("utf-16-le"),
    "application/vnd.ms-powerpoint": "VBA".encode("utf-16-le"),
    "application/x-ole-storage": "_VBA_PROJECT".encode("utf-16-le"),
}
_OOXML = "application/vnd.openxmlformats-officedocument."


class ContentExaminer:
    """Implements ``assay.core.contract.Examiner`` for every kind of file."""

    info = ExaminerInfo(
        name="content",
        version="2",  # 2: runs of text are found across breaks and escapes
        kinds=("content",),
        media_types=("*/*",),
        needs=frozenset({Need.BYTES, Need.SLOTS}),
        place_check=True,
    )

    def prepare(self, settings: Settings) -> None:
        """Nothing to load: the tables are code."""

    def examine(self, view: View) -> Iterable[Observation]:
        """Yield one ``content`` observation and the findings about the container."""
        data = view.data()
        media_type = view.media_type
        findings = list(_structure(view, data))
        inside = embedded.Search((), complete=True)
        runs: list[encoded.Run] = []
        if media_type in NO_PICTURES or media_type == BINARY or is_text(media_type):
            inside = embedded.search(data)
            runs = list(encoded.runs(_as_bytes(data)))
        known_runs = [run for run in runs if run.media_type != BINARY]
        behind = _behind(data, media_type)
        for begin in inside.found[:_SHOWN]:
            findings.append(
                view.finding(
                    "embedded",
                    detail=f"{begin.media_type} at byte {begin.offset}",
                    locator=f"byte {begin.offset}",
                )
            )
        for run in known_runs[:_SHOWN]:
            findings.append(
                view.finding(
                    "embedded",
                    detail=f"{run.media_type} as text (base64 or hexadecimal) at {run.offset}",
                    locator=f"byte {run.offset}",
                )
            )
        if behind is not None:
            findings.append(_trailing(view, data, behind, len(data) - behind))
        clean = inside.complete and not inside.found and not runs and not findings
        label = NO_PICTURES.get(media_type)
        if is_text(media_type) and not is_printable(data):
            clean = False  # a script by its first lines, and something else behind them
        if media_type == EMPTY:
            clean = not data  # the one finding, "empty", is what puts it there
        value: dict[str, Json] = {
            "media_type": media_type,
            "no_pictures": label if clean else None,
            "embedded": [{"type": b.media_type, "offset": b.offset} for b in inside.found],
            "base64_at": known_runs[0].offset if known_runs else None,
            "long_run_at": runs[0].offset if runs else None,
        }
        yield view.observe("content", value)
        yield from findings

    def examples(self) -> Iterable[Sample]:
        """Yield a program, an empty file, and a small picture with something behind it."""
        yield Sample("empty", b"", EMPTY, ("content", "finding"))
        yield Sample("shell script", b"#!/bin/sh\nexit 0\n", "text/x-shellscript", ("content",))
        yield Sample("PNG with a tail", _png() + b"tail", "image/png", ("content", "finding"))


def _structure(view: View, data: bytes) -> Iterator[Observation]:
    if not data:
        yield view.finding("empty")
        return
    walk = view.walk()
    for trouble in walk.troubles:
        yield view.finding(trouble.flag, detail=trouble.detail)
    for slot in walk.slots:
        if slot.kind is SlotKind.TRAILER:
            yield _trailing(view, data, slot.offset, slot.length, slot)
    active = _active(data, view.media_type)
    if active:
        yield view.finding("active_content", detail=active)


def _active(data: bytes, media_type: str) -> str:
    if media_type == "application/pdf":
        hit = _ACTIVE_PDF.search(data)
        return f"{hit.group().decode('ascii')} at byte {hit.start()}" if hit else ""
    mark = b"vbaProject.bin" if media_type.startswith(_OOXML) else _MACROS.get(media_type)
    return "a macro project" if mark is not None and mark in data else ""


def _behind(data: bytes, media_type: str) -> int | None:
    """Return where data lies behind a program or font; None where there is none but padding."""
    end = ends.end_of(data, media_type)
    if end is None or len(data) - end < 8 or not data[end:].strip(b"\0"):
        return None  # some tools pad a library by a few bytes, others by zeros
    return end


def _trailing(
    view: View, data: bytes, start: int, size: int, slot: Slot | None = None
) -> Observation:
    head = slot.data if slot is not None else data[start : start + (1 << 16)]
    found = sniff(head, size)
    what = found if found != BINARY else _OCTETS
    if found == BINARY:
        inner = embedded.search(data, start)
        if inner.found:
            first = inner.found[0]
            what = f"{_OCTETS}, with {first.media_type} at byte {first.offset}"
    return view.finding(
        "trailing_data",
        detail=f"{size} bytes at byte {start}, {what}",
        locator=f"bytes {start}-{start + size}",
    )


def _as_bytes(data: bytes) -> bytes:
    """Return UTF-16 text with one byte a character, so that a run in it is seen."""
    if data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return data
    return data.decode("utf-16", "replace").encode("ascii", "replace")


def _png() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
        )

    header = b"\0\0\0\1\0\0\0\1\x08\0\0\0\0"
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0\x80"))
        + chunk(b"IEND", b"")
    )
