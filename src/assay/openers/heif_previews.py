"""The picture items of an HEIF or AVIF file beside its picture, as members.

A JPEG item is a file as it stands; HEVC and AV1 items are given as stored, with a file of their own
around them to look at. See ``media.heif_items``.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.core.vocab import Role
from assay.media.heif_items import Item, Items, read, wrap
from assay.media.jpegs import measure
from assay.openers.parts import Part

_LIKE = ("thumbnail", "gain map")  # made from the picture itself


def item_parts(data: bytes) -> Iterator[Part]:
    """Yield thumbnails, gain maps, depth maps, hidden pictures and sources of derived ones."""
    found = read(data)
    if found is None:
        return
    for item, what in found.beside():
        spans = found.spans(item.number)
        if spans:
            yield _part(data, found, item, what, spans)


def _part(
    data: bytes, found: Items, item: Item, what: str, spans: tuple[tuple[int, int], ...]
) -> Part:
    name = f"item {item.number} ({what})"
    role = Role.PREVIEW if what in _LIKE else Role.MEMBER
    if item.kind == b"jpeg" and len(spans) == 1 and measure(data, *spans[0]) is not None:
        return Part(name, spans, role)
    return Part(
        name,
        spans,
        role,
        rendering=lambda: wrap(found, item.number),
        media_type=f"image/x-heif-{item.kind.decode('latin-1').strip()}",
    )
