"""Files of several pictures side by side: pages of TIFF, sizes of an icon, pictures of HEIF.

Each is decoded by itself, so no order is needed and one damaged page spoils no other. A TIFF is
opened once per directory, by a header that points there: chains that loop or branch do not matter.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass

import pi_heif
from PIL import Image

from assay.core.contract import Frame
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.slots import Trouble
from assay.media.decode_headers import FRAMES_COUNTED, icon_count
from assay.media.decode_pillow import open_page, picture_of, quiet, words_of
from assay.media.decode_planes import Picture, check_size
from assay.media.frames_reel import Broken

_SUB = 0x014A  # TIFF technical note 1: SubIFDs
_MAX_SUB = 256  # of one directory


@dataclass(frozen=True, slots=True)
class Pages:
    """Implements ``Reel``; a subclass decodes one page."""

    data: bytes
    container: str
    count: int
    declared: int | None = None
    troubles: tuple[Trouble, ...] = ()
    pages: bool = True

    def read(
        self, wanted: Container[int] | None = None
    ) -> Iterator[tuple[Frame, Picture] | Broken]:
        for index in range(self.count):
            if wanted is not None and index not in wanted:
                continue
            frame = Frame(index, None)
            try:
                yield frame, self.page(index)
            except (LimitReached, Malformed) as error:
                yield Broken(frame, str(error))
            except MemoryError:
                raise
            except Exception as error:  # decoders raise almost anything on broken bytes
                yield Broken(frame, words_of(error))

    def page(self, index: int) -> Picture:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class TiffPages(Pages):
    offsets: tuple[int, ...] = ()  # of the directories

    def page(self, index: int) -> Picture:
        order = _ORDERS[self.data[:2]]
        if _big(self.data):
            head = self.data[:8] + struct.pack(order + "Q", self.offsets[index])
        else:
            head = self.data[:4] + struct.pack(order + "I", self.offsets[index])
        return open_page(head + self.data[len(head) :], "TIFF")


@dataclass(frozen=True, slots=True)
class IconSizes(Pages):
    def page(self, index: int) -> Picture:
        with quiet():
            icon = Image.open(io.BytesIO(self.data), formats=("ICO",))
            return picture_of(icon.ico.frame(index), "ICO")  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class HeifPictures(Pages):
    def page(self, index: int) -> Picture:
        # opened again each time: what was decoded stays in memory as long as the file object
        heif = pi_heif.open_heif(self.data, convert_hdr_to_8bit=True)
        check_size(*heif[index].size)
        return picture_of(heif[index].to_pillow(), "HEIF")


def open_tiff(data: bytes) -> TiffPages:
    """Raises NotApplicable where there is only one page."""
    offsets = tiff_directories(data)
    if len(offsets) < 2:
        raise NotApplicable("a TIFF of one page")
    return TiffPages(data, "tiff", len(offsets), offsets=offsets)


def open_icon(data: bytes) -> IconSizes:
    """Raises NotApplicable where there is only one picture."""
    count = min(icon_count(data), (len(data) - 6) // 16)  # each entry takes 16 bytes
    if count < 2:
        raise NotApplicable("an icon of one size")
    return IconSizes(data, "ico", count, icon_count(data))


def open_heif(data: bytes) -> HeifPictures:
    """Raises NotApplicable where there is only one picture, Malformed where there is none."""
    try:
        count = len(pi_heif.open_heif(data, convert_hdr_to_8bit=True))
    except MemoryError:
        raise
    except Exception as error:
        raise Malformed(f"HEIF: {words_of(error)}") from error
    if count < 2:
        raise NotApplicable("a HEIF file of one picture")
    return HeifPictures(data, "heif", count, count)


_ORDERS = {b"II": "<", b"MM": ">"}


def _big(data: bytes) -> bool:
    return data[2:4] in (b"+\0", b"\0+")


def tiff_directories(data: bytes) -> tuple[int, ...]:
    """Return the offsets of the main chain's directories, then of those below them (SubIFDs).

    Each is met once; at most FRAMES_COUNTED. Offsets outside the file end their chain.
    """
    order = _ORDERS.get(data[:2])
    if order is None or len(data) < 16:
        return ()
    big = _big(data)
    layout = _Layout(order, *(("Q", "Q", 20) if big else ("I", "H", 12)))
    found: dict[int, None] = {}
    starts = [layout.offset(data, 8 if big else 4)]
    while starts and len(found) < FRAMES_COUNTED:
        at = starts.pop(0)
        while at and at not in found and len(found) < FRAMES_COUNTED:
            entries = layout.entries(data, at)
            if entries is None:
                break
            found[at] = None
            starts += layout.children(data, at, entries)
            at = layout.following(data, at, entries)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Widths of a classic or a Big TIFF (TIFF 6.0 §2; BigTIFF)."""

    order: str
    pointer: str  # struct code
    count: str
    entry: int  # bytes

    def offset(self, data: bytes, at: int) -> int:
        size = struct.calcsize(self.pointer)
        value = data[at : at + size]
        return int.from_bytes(value, "little" if self.order == "<" else "big")

    def entries(self, data: bytes, at: int) -> int | None:
        head = struct.calcsize(self.count)
        if at + head > len(data):
            return None
        (count,) = struct.unpack_from(self.order + self.count, data, at)
        return int(count) if at + head + count * self.entry <= len(data) else None

    def following(self, data: bytes, at: int, entries: int) -> int:
        return self.offset(data, at + struct.calcsize(self.count) + entries * self.entry)

    def children(self, data: bytes, at: int, entries: int) -> list[int]:
        """Return the offsets in this directory's SubIFDs entry."""
        first = at + struct.calcsize(self.count)
        width = struct.calcsize(self.pointer)
        for number in range(min(entries, 1024)):
            place = first + number * self.entry
            (tag,) = struct.unpack_from(self.order + "H", data, place)
            if tag == _SUB:
                count = self.offset(data, place + 4)
                value = place + 4 + width
                if count > 1:
                    value = self.offset(data, value)
                return [self.offset(data, value + width * i) for i in range(min(count, _MAX_SUB))]
        return []
