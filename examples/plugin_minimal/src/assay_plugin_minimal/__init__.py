"""Reads the comments of a GIF. A whole examiner in one module: copy it and change four lines."""

from __future__ import annotations

from collections.abc import Iterable

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.facts import Observation
from assay.core.slots import SlotKind
from assay.core.vocab import Need


class GifCommentExaminer:
    """Yields one neutral observation for each comment block of a GIF."""

    info = ExaminerInfo(
        name="gifcomment",
        version="1",
        kinds=("gif_comment",),
        media_types=("image/gif",),
        needs=frozenset({Need.SLOTS}),
    )

    def prepare(self, settings: Settings) -> None:
        """Nothing to load."""

    def examine(self, view: View) -> Iterable[Observation]:
        for slot in view.walk().slots:
            if slot.kind is SlotKind.COMMENT:
                text = slot.data.decode("utf-8", "replace")[:500]
                yield view.observe(
                    "gif_comment",
                    {"tool": "", "text": text},
                    basis="GIF89a specification, section 24, Comment Extension",
                    locator=slot.locator,
                )

    def examples(self) -> Iterable[Sample]:
        comment = b"\x21\xfe\x05hello\x00"
        head = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
        image = b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b"
        yield Sample("one comment", head + comment + image, "image/gif", ("gif_comment",))
