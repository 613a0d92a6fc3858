"""Lines of a text file of any size and encoding, numbered, each bounded in length."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from assay.lists.textwindow import encoding_of

MAX_LINE = 1 << 20  # characters; of a longer line only its beginning is given
_CHUNK = 1 << 18


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as Windows-1252, its five unused codes as Latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    raw = error.object[error.start : error.end]
    text = "".join(
        bytes((byte,)).decode("cp1252", "ignore") or bytes((byte,)).decode("latin-1")
        for byte in raw
    )
    return text, error.end


codecs.register_error("assay-cp1252", _as_cp1252)


def decoded(head: bytes) -> str:
    """Return the text of the beginning of a file."""
    encoding, mark = encoding_of(head[:4])
    errors = "assay-cp1252" if encoding == "utf-8" else "replace"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    return decoder.decode(head[mark:]).replace("\r\n", "\n").replace("\r", "\n")


def lines(file: BinaryIO) -> Iterator[tuple[int, str, bool]]:
    """Yield line number (from 1), text without its end, and whether it was cut at MAX_LINE."""
    encoding, mark = "", 0
    decoder: io.IncrementalNewlineDecoder | None = None
    rest, count, cut = "", 0, False
    while True:
        raw = file.read(_CHUNK)
        if decoder is None:
            encoding, mark = encoding_of(raw[:4])
            errors = "assay-cp1252" if encoding == "utf-8" else "replace"
            inner = codecs.getincrementaldecoder(encoding)(errors)
            decoder = io.IncrementalNewlineDecoder(inner, translate=True)
            raw, at_end = raw[mark:], not raw
        else:
            at_end = not raw
        *whole, rest = (rest + decoder.decode(raw, final=at_end)).split("\n")
        for line in whole:
            count += 1
            yield count, line[:MAX_LINE], cut or len(line) > MAX_LINE
            cut = False
        if len(rest) > MAX_LINE:
            rest, cut = rest[:MAX_LINE], True
        if at_end:
            break
    if rest:
        yield count + 1, rest, cut
