"""Opens e-mails, Apple Mail files and saved web pages; ``mail_parts`` walks the message itself.

A part's content is the decoded file, as it was attached; text bodies are members too. Sources: RFC
5322 and 2045 (mail), 2557 (MHTML).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from assay.core.blob import Blob, MemoryBlob
from assay.core.errors import NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach
from assay.openers.mail_header import charsets, read_header
from assay.openers.mail_lines import Reader, without_mark
from assay.openers.mail_parts import Message, filled
from assay.openers.streams import Slice

EMLX = "message/x-emlx"  # Apple Mail: a length, a message, a property list
_EMLX_LENGTH = re.compile(rb"\s{0,16}(\d{1,12})\s{0,16}?\r?\n")


class MailOpener:
    name = "mail"
    version = "1"
    reach = Reach.MEMBERS
    media_types: tuple[str, ...] = ("message/rfc822", "application/x-mimearchive", EMLX)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield every part in order; NotApplicable where there is no header, or nothing else."""
        length = _EMLX_LENGTH.match(blob.read(0, 64))
        if length is None:
            body, base = without_mark(blob)
            if not read_header(body, Reader(body), 0).fields:
                raise NotApplicable  # its one part would be the file again
            parts = Message(body, context, base=base).parts()
        else:
            parts = _emlx(blob, length.end(), int(length.group(1)), context)
        first = next(parts, None)
        if first is None:
            raise NotApplicable
        yield from chain((first,), parts)

    def warm(self) -> None:
        charsets()
        sample = (
            b"Date: Mon, 1 Jan 2024 00:00:00 +0100\nContent-Transfer-Encoding: base64\n"
            b"Content-Type: text/plain; name*=utf-8''a%20b; name==?koi8-r?q?a?=\n\nYQ==\n"
        )
        for entry in self.open(MemoryBlob(sample), OpenContext()):
            if isinstance(entry, Member) and entry.open is not None:
                entry.open().read()


def _emlx(blob: Blob, start: int, length: int, context: OpenContext) -> Iterator[Member | Trouble]:
    end = min(start + length, blob.size)
    if start + length > blob.size:
        yield Trouble("truncated", f"the message should have {length} bytes")
    yield from Message(Slice(blob, start, end - start), context, base=start).parts()
    if filled(blob, end, blob.size):
        yield Message(blob, context).raw("properties", end, blob.size)
