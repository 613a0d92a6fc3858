"""Opens compound files of Office 97-2003 and others like them, for the pictures inside.

Gives the pictures of drawings, embedded files and objects, whole streams that are files of a known
kind, and what the structure of a JPEG, PNG or the like betrays elsewhere: in streams whose records
it does not know, and in sectors that no stream uses any more. Text stays unread, so such a file
never counts as read to its end. Macros are not looked at. Sources: [MS-CFB], [MS-DOC], [MS-XLS],
[MS-PPT], [MS-ODRAW], [MS-OLEDS].
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.core.blob import Blob
from assay.core.errors import Encrypted, Malformed, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach
from assay.openers import msg, ole_streams, thumbsdb
from assay.openers.ole_carve import carved
from assay.openers.ole_storage import MAGIC, OLE_TYPES, Compound
from assay.openers.ole_streams import entry_members, free_members


class OleOpener:
    name = "ole"
    version = "1"
    reach = Reach.PART
    media_types: tuple[str, ...] = OLE_TYPES

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield pictures and embedded files; raises Encrypted once all that is open was given."""
        if blob.read(0, 8) != MAGIC:
            raise NotApplicable
        try:
            compound = Compound(blob)
        except Malformed:
            # the file itself begins at 0
            yield from carved(blob, "bytes", "the file", known=lambda offset: max(offset, 1))
            raise
        if msg.is_message(compound) or thumbsdb.is_store(compound):
            raise NotApplicable
        yield from compound.drain()
        locks: list[str] = []
        for entry in compound.entries:
            if entry.is_stream:
                yield from entry_members(compound, entry, locks)
        yield from free_members(compound)
        if locks:
            raise Encrypted("; ".join(dict.fromkeys(locks)))

    def warm(self) -> None:
        ole_streams.warm()
