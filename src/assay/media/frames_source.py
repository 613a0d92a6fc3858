"""A moving picture as a file object for decoders: bounded reading, patched numbers, no exceptions.

Decoders written in C ask for the same ranges again as often as a hostile index makes them; the
account kept here ends that. It knows no format.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping

from assay.core.blob import Blob
from assay.core.errors import Malformed

ROUNDS = 4  # times the size of the file that one decoder may read of it
_ALLOWANCE = 64 << 20  # bytes on top, for the buffers of small files
_SEEK_SIZE = 0x10000  # libavformat's AVSEEK_SIZE: tell the size, do not move


class Source(io.BufferedIOBase):
    """A blob as a seekable file; ``spent`` tells that the account is empty and reading ended."""

    def __init__(self, blob: Blob, patches: Mapping[int, bytes] | None = None) -> None:
        super().__init__()
        self._blob = blob
        self._patches = patches or {}
        self._position = 0
        self._left = ROUNDS * blob.size + _ALLOWANCE
        self.spent = False
        self.error: OSError | Malformed | None = None  # of the medium; kept, since C cannot raise

    def check(self) -> None:
        """Raise what reading raised, if anything; the decoder took it for the end of the file."""
        if self.error is not None:
            raise self.error

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence & _SEEK_SIZE:
            return self._blob.size
        base = {os.SEEK_CUR: self._position, os.SEEK_END: self._blob.size}.get(whence, 0)
        self._position = min(max(base + offset, 0), self._blob.size)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Return up to ``size`` bytes; none once the account is empty or the medium fails."""
        left = self._blob.size - self._position
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > self._left:
            self.spent = True
            return b""
        self._left -= wanted
        try:
            data = self._blob.read(self._position, wanted)
        except (OSError, Malformed) as error:
            self.error = self.error or error
            return b""
        for offset, value in self._patches.items():
            at = offset - self._position
            if -len(value) < at < len(data):
                data = _overlay(data, at, value)
        self._position += len(data)
        return data

    def read1(self, size: int = -1) -> bytes:
        return self.read(size)


def _overlay(data: bytes, at: int, value: bytes) -> bytes:
    """Return ``data`` with ``value`` laid over it from ``at``, which may lie before its start."""
    if at < 0:
        value, at = value[-at:], 0
    value = value[: len(data) - at]
    return data[:at] + value + data[at + len(value) :]
