"""The GIF walker keeps comments and application blocks and finds the end."""

from __future__ import annotations

from assay.core.slots import SlotKind
from assay.media.slots import walk
from tests.support.containers import JUMBF, XMP, gif_with, picture, sub_blocks

MAGIC_TRAILER = b"\1" + bytes(range(255, -1, -1)) + b"\0"


def test_comment_and_size() -> None:
    found = walk(gif_with(b"\x21\xfe" + sub_blocks(b"hello " * 100)), "image/gif")
    (slot,) = found.slots
    assert (slot.kind, slot.data) == (SlotKind.COMMENT, b"hello " * 100)
    assert (found.width, found.height, found.facts["frames"]) == (40, 30, "1")
    assert found.troubles == ()


def test_xmp_is_cut_out_without_its_magic_trailer() -> None:
    block = b"\x21\xff\x0bXMP DataXMP" + XMP + MAGIC_TRAILER
    (slot,) = walk(gif_with(block), "image/gif").slots
    assert (slot.kind, slot.data) == (SlotKind.XMP, XMP)


def test_a_manifest_in_its_application_block() -> None:
    block = b"\x21\xff\x0bC2PA_GIF\1\0\0" + sub_blocks(JUMBF)
    (slot,) = walk(gif_with(block), "image/gif").slots
    assert (slot.kind, slot.data) == (SlotKind.C2PA, JUMBF)


def test_trailer_and_truncation() -> None:
    assert walk(gif_with(tail=b"behind"), "image/gif").slots[-1].data == b"behind"
    cut = walk(picture("GIF", "P")[:-20], "image/gif")
    assert [t.flag for t in cut.troubles] == ["truncated"]
