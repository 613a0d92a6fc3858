"""Opens mailboxes in the mbox formats: each message becomes a member, as stored.

A message begins behind a line "From sender date" and ends before the empty line that precedes the
next. Its bytes are given as they lie in the mailbox: a ">From " that a writer put there (mboxo,
mboxrd) is not undone, so that the digest is that of bytes in the evidence. A "From " line counts
where a field of a header follows and it holds a date or an empty line precedes. Source: RFC 4155.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.core.blob import Blob
from assay.core.errors import NotApplicable
from assay.core.facts import Stamp
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach
from assay.openers.mail_header import date_stamp
from assay.openers.mail_lines import Reader, before_line, line_starts, without_mark
from assay.openers.streams import pieces_of, stream_of

_LONGEST = 1024  # bytes of a separator line
_DATED = re.compile(rb"From .{0,512}\b(?:19|20)\d\d\b")
_DATE = re.compile(r"From \S{0,256} (.{10,64})")
_FIELD = re.compile(rb"[!-9;-~]{1,128}[ \t]{0,8}:|>From ")


class MboxOpener:
    name = "mbox"
    version = "1"
    reach = Reach.MEMBERS
    media_types: tuple[str, ...] = ("application/mbox",)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield the messages in order; NotApplicable where no message begins."""
        blob, base = without_mark(blob)
        number = 0
        separator, start = b"", -1
        reader = Reader(blob)
        for line, text, after in _separators(blob, reader):
            if start >= 0:
                number += 1
                end = max(start, _end(reader, line))
                yield _message(blob, number, start, end, separator, context, base)
            separator, start = text, after
        if start < 0:
            raise NotApplicable
        end = max(start, _end(reader, blob.size))
        yield _message(blob, number + 1, start, end, separator, context, base)

    def warm(self) -> None:
        """Nothing is loaded late."""


def _separators(blob: Blob, reader: Reader) -> Iterator[tuple[int, bytes, int]]:
    """Yield each separator: its offset, its text, the offset behind its line end."""
    for line in line_starts(blob, b"From "):
        text = reader.line(line, _LONGEST)
        after = line + len(text)
        after += 2 if reader.read(after, 2) == b"\r\n" else 1
        if not _FIELD.match(reader.read(after, 160)):
            continue
        if line == 0 or _DATED.match(text) or _end(reader, line) < line:
            yield line, text, after


def _end(reader: Reader, line: int) -> int:
    """Return where the empty line before ``line`` begins; ``line`` where there is none."""
    empty = before_line(reader, line)
    return empty if before_line(reader, empty) < empty else line


def _message(
    blob: Blob,
    number: int,
    start: int,
    end: int,
    separator: bytes,
    context: OpenContext,
    base: int,
) -> Member:
    return Member(
        name=f"message {number}",
        open=lambda: stream_of(pieces_of(blob, start, end - start)),
        stored_size=max(end - start, 1),
        times=tuple(_times(separator, context.timezone)),
        locator=f"bytes {base + start}-{base + end}",
    )


def _times(separator: bytes, timezone: str | None) -> Iterator[Stamp]:
    """Yield the time of a separator line: of delivery; RFC 4155 says UTC, writers differ."""
    date = _DATE.match(separator.decode("utf-8", "replace"))
    if date is not None:
        yield date_stamp("mbox From line", date.group(1).strip(), timezone)
