"""Previews that directories name: in an EXIF block, a TIFF file, a raw photo shaped like one.

A JPEG is given byte for byte; bare strips are given as stored, with a TIFF of one directory around
them to look at. Sources: Exif 3.0 §4.6.4, TIFF 6.0, TIFF/EP, DNG 1.7; exiftool.org/TagNames for
what makers do (Panasonic 0x002E; Canon, Nikon, Sony and Samsung directories).
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.core.vocab import Role
from assay.media.ifds import Block, Directory, read_block
from assay.media.jpegs import Span, measure
from assay.media.tiff_wrap import is_picture, strips_of, wrap
from assay.openers.parts import Part, Parts, Source

_JPEG_START, _JPEG_SIZE = 0x0201, 0x0202
_PANASONIC = 0x002E  # the preview as the value of a tag
_JPEG_CODED = (6, 7, 34892)  # old and new JPEG, lossy DNG
_SUBFILE, _COMPRESSION = 0x00FE, 0x0103
_MAX_BARE = 32 << 20  # bytes of strips that are wrapped
_SMALLEST = 16  # pixels a side; less shows nothing


def exif_parts(source: Source, parts: Parts, *, carve: bool = True) -> Iterator[Part]:
    """Yield the thumbnails of an EXIF block, then JPEGs in its maker notes by their structure."""
    taken: list[Span] = []
    block = read_block(source.data)
    if block is not None:
        if block.looped:
            parts.note("metadata_loop", f"EXIF directories, bytes {source.span[0]}")
        for directory in block.directories[1:]:
            name = "EXIF thumbnail" if directory.name == "IFD1" else f"EXIF {directory.name}"
            for part in _jpeg_of(source, block, directory, name, taken):
                yield part
                break
            else:
                yield from _bare(source, block, directory, name, taken)
    if carve:
        yield from source.carved("picture in the EXIF block", taken, parts)


def tiff_parts(source: Source, parts: Parts, *, raw: bool) -> Iterator[Part]:
    """Yield the previews of a TIFF file or (``raw``) of a raw photo.

    The pages of a TIFF are its own pictures; in a raw photo every decodable one is a preview.
    """
    block = read_block(source.data)
    if block is None:
        return
    if block.looped:
        parts.note("metadata_loop", "TIFF directories")
    sensor: list[Span] = []
    for directory in block.directories:
        taken: list[Span] = []
        name = f"{directory.name} preview"
        below = directory.name.startswith("SubIFD")
        yield from _jpeg_of(source, block, directory, name, taken)
        if raw or below:
            yield from _single(source, block, directory, name, taken)
        if not taken and (below or (raw and _reduced(block, directory))):
            yield from _bare(source, block, directory, name, taken)
        sensor += strips_of(block, directory)
        entry = directory.entries.get(_PANASONIC)
        if raw and entry is not None and directory.name == "IFD0":
            end = min(entry.at + entry.count, len(source.data))
            if measure(source.data, entry.at, end) is not None:
                yield source.part("JpgFromRaw", entry.at, end)
    # coded sensor data can look like a JPEG; it is named as such and never searched
    parts.taken.extend(sensor)


def _jpeg_of(
    source: Source, block: Block, directory: Directory, name: str, taken: list[Span]
) -> Iterator[Part]:
    """Yield the JPEG that JPEGInterchangeFormat points at, as far as it is there."""
    start = block.number(directory, _JPEG_START)
    if not start or source.data[start : start + 2] != b"\xff\xd8":
        return
    jpeg = measure(source.data, start)
    size = block.number(directory, _JPEG_SIZE) or (0 if jpeg is None else jpeg.end - start)
    # one that breaks its structure is given too: what is named is never left out for damage
    if not size or (jpeg is not None and not jpeg.decoded):
        return
    end = min(start + size, len(source.data))
    taken.append((start, end))
    yield source.part(name, start, end)


def _single(
    source: Source, block: Block, directory: Directory, name: str, taken: list[Span]
) -> Iterator[Part]:
    """Yield a picture kept as one strip or tile that is a JPEG file by itself."""
    spans = strips_of(block, directory)
    if len(spans) != 1 or block.number(directory, _COMPRESSION) not in _JPEG_CODED:
        return
    jpeg = measure(source.data, *spans[0])
    # tables kept apart (347) make it no file by itself; a lossless JPEG is sensor data
    if jpeg is None or not jpeg.decoded or 347 in directory.entries:
        return
    taken.append(spans[0])
    own = _reduced(block, directory) or directory.name == "IFD0"
    yield source.part(name, *spans[0], Role.PREVIEW if own else Role.MEMBER)


def _bare(
    source: Source, block: Block, directory: Directory, name: str, taken: list[Span]
) -> Iterator[Part]:
    """Yield strips or tiles with a picture file around them."""
    spans = strips_of(block, directory)
    if not spans or not is_picture(block, directory):
        return
    sides = block.number(directory, 256) or 0, block.number(directory, 257) or 0
    if min(sides) < _SMALLEST or sum(b - a for a, b in spans) > _MAX_BARE:
        return
    taken.extend(spans)
    at = source.at
    yield Part(
        name,
        (source.span,) if at is None else tuple((at + a, at + b) for a, b in spans),
        content=None if at is not None else b"".join(source.data[a:b] for a, b in spans),
        rendering=lambda: wrap(block, directory, [source.data[a:b] for a, b in spans]),
        media_type="image/x-tiff-strips",
    )


def _reduced(block: Block, directory: Directory) -> bool:
    return bool((block.number(directory, _SUBFILE) or 0) & 1)
