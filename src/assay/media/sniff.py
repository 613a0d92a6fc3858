"""Names the type of a file by its content, never by its name, from its first 64 KiB.

No library of magic numbers: the table is ``magic``; families that one number cannot tell apart are
looked at in ``sniff_media`` and ``sniff_files``, text in ``sniff_text``. ``disagrees`` compares a
file's name with its content.
"""

from __future__ import annotations

from assay.media.extensions import disagrees
from assay.media.magic import MAGICS
from assay.media.sniff_files import FILE_TESTS, REFINE
from assay.media.sniff_media import LAST_TESTS, MEDIA_TESTS
from assay.media.sniff_stores import STORE_TESTS
from assay.media.sniff_text import BINARY, sniff_text

__all__ = ["BINARY", "EMPTY", "HEAD", "disagrees", "sniff"]

HEAD = 1 << 16  # bytes looked at
EMPTY = "inode/x-empty"


def sniff(head: bytes, size: int) -> str:
    """Return the media type of a file of ``size`` bytes that begins with ``head``.

    ``application/octet-stream`` means unidentified, ``inode/x-empty`` 0 bytes. Never raises.
    """
    if size == 0 or not head:
        return EMPTY
    head = head[:HEAD]
    for row in MAGICS:
        if head.startswith(row.magic, row.offset):
            refine = REFINE.get(row.media_type)
            found = refine(head) if refine is not None else row.media_type
            if found:
                return found
    for test in (*MEDIA_TESTS, *FILE_TESTS, *STORE_TESTS):
        found = test(head)
        if found:
            return found
    found = sniff_text(head, size)
    if found == BINARY:
        found = next(filter(None, (test(head) for test in LAST_TESTS)), BINARY)
    return found
