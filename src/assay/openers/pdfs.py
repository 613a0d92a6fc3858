"""Opens the pictures and attached files of a PDF; its text and drawings stay unread.

Every image is given as it is stored: a JPEG or JPEG 2000 file byte for byte, other samples as
their coded bytes with a PNG drawn from them. Images that no page shows, and those that a later
revision replaced, come too. Where the file does not parse, JPEGs are found by their structure.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.core.blob import Blob, MemoryBlob
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach
from assay.openers import pdf_samples
from assay.openers.carve import Carver
from assay.openers.pdf_file import Document, bound_parser
from assay.openers.pdf_members import Contents
from assay.openers.pdf_walk import survey


class PdfOpener:
    name = "pdf"
    version = "1"
    reach = Reach.PART
    media_types: tuple[str, ...] = ("application/pdf",)

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield images, attachments and what looks like a file among the streams, in file order.

        Raises Encrypted where no password opens it, Malformed where nothing can be found.
        """
        if b"%PDF-" not in blob.read(0, 1024):
            raise NotApplicable
        bound_parser()
        try:
            document = Document(blob, context.passwords)
            found = survey(document)
        except (Malformed, LimitReached) as error:
            yield from _by_structure(blob, str(error))
            return
        yield from Contents(blob, document, found, context.limits).members()

    def warm(self) -> None:
        """Parse, decrypt and draw one of each kind, so that nothing is loaded later."""
        for data in pdf_samples.samples():
            for entry in self.open(MemoryBlob(data), OpenContext((b"wrong", b"pw"))):
                if isinstance(entry, Member) and entry.open is not None:
                    entry.open().read()
                    if entry.rendering is not None:
                        entry.rendering().read()


def _by_structure(blob: Blob, why: str) -> Iterator[Member | Trouble]:
    yield Trouble("malformed", why)
    yield from Carver(blob).files(5)
