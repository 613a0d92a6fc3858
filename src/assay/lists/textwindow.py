"""A window on the text of a large file, which knows the byte offset of what it shows."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import BinaryIO

CHUNK = 1 << 20  # bytes read at a time


def encoding_of(head: bytes) -> tuple[str, int]:
    """Return the encoding of a text by its first bytes, and how many of them are its mark."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return name, len(mark)
    if head[1:2] == b"\0" and head[:1] != b"\0":
        return "utf-16-le", 0
    if head[:1] == b"\0" and head[1:2] not in (b"\0", b""):
        return "utf-16-be", 0
    return "utf-8", 0


@dataclass(slots=True)
class TextWindow:
    """A window of decoded text that knows the byte offset of its first character."""

    file: BinaryIO
    text: str = ""
    offset: int = 0  # bytes before ``text``
    ended: bool = False
    bytes_read: int = 0
    ascii: bool = True  # one byte a character, so that offsets need no counting
    _encoding: str = ""
    _errors: str = "surrogateescape"
    _decoder: codecs.IncrementalDecoder | None = field(default=None)

    def more(self, size: int = CHUNK) -> bool:
        """Read on; False at the end of the file."""
        while not self.ended:
            raw = self.file.read(size)
            self.bytes_read += len(raw)
            if self._decoder is None:
                self._encoding, mark = encoding_of(raw[:4])
                raw = raw[mark:]
                self.offset = mark
                # surrogateescape maps single bytes, so it cannot stand for a broken UTF-16 unit
                self._errors = "surrogateescape" if self._encoding == "utf-8" else "replace"
                self._decoder = codecs.getincrementaldecoder(self._encoding)(self._errors)
            self.ended = not raw
            new = self._decoder.decode(raw, final=self.ended)
            if new:
                self.ascii = self.ascii and self._encoding == "utf-8" and new.isascii()
                self.text += new
                return True
        return False

    def byte_at(self, at: int) -> int:
        """Return the byte offset of a character of the window."""
        return self.offset + (at if self.ascii else self.bytes_of(0, at))

    def bytes_of(self, start: int, end: int) -> int:
        """Return how many bytes the characters from ``start`` to ``end`` were."""
        return len(self.text[start:end].encode(self._encoding, self._errors))

    def drop(self, at: int) -> None:
        """Forget the characters before ``at``."""
        self.offset = self.byte_at(at)
        self.text = self.text[at:]
        self.ascii = self._encoding == "utf-8" and self.text.isascii()
