"""Carves whole files out of bytes that no reader understands, and out of what follows a file's end.

Beginnings come from ``media.embedded``, ends from ``media.extents``: a file is given out only where
its own structure says how long it is, or, for pictures and films, up to where that breaks off. Only
what lies in one piece is found; what is compressed or encrypted is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from assay.core.blob import Blob
from assay.core.errors import LimitReached, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Allocation, Reach
from assay.media import embedded, ends
from assay.media.extents import extent
from assay.media.sniff import BINARY, HEAD, sniff
from assay.openers.caches import thumbnails_in
from assay.openers.previews import PreviewsOpener
from assay.openers.streams import MIN_UNLISTED, pieces_of, stream_of
from assay.openers.zipdir import read_directory

MAX_CARVED = 10_000  # files out of one
MAX_SEARCHED = 4 << 30  # bytes of one file
MAX_UNENDED = 64 << 20  # bytes given out of a picture or film whose end is not known
WINDOW = 8 << 20  # bytes searched at once
_LEAST_WINDOW = 1 << 12  # bytes; where even these hold too many beginnings, the rest is left
_PEEK = 1 << 12  # bytes behind a window that a check of a beginning may need
_READS = 4  # times its own size that looking for ends in a blob may read, …
_READS_FLOOR = 64 << 20  # … and this many bytes more
_WHOLE = 256 << 20  # bytes; a larger program is not read to find its end

# Kinds that can hold whole files in one piece and have no reader of their own, or none that sees
# what was deleted inside. Archives with a reader report their unlisted bytes themselves.
STORES = (
    BINARY,
    "application/x-ese-database",
    "application/x-msaccess",
    "application/vnd.ms-outlook-pst",
    "application/x-segb",
    "application/x-raw-disk-image",
    "application/x-iso9660-image",
    "application/x-vhd",
    "application/x-vhdx",
    "application/x-vmdk",
    "application/x-vdi",
    "application/x-qcow2",
    "application/x-aff",
    "application/x-archive",
    "application/x-cpio",
    "application/x-stuffit",
    "application/x-indesign",
    "application/vnd.ms-htmlhelp",
    "application/x-mobipocket-ebook",
    "application/onenote",
    "application/x-registry-hive",
    "application/x-evtx",
)
# Kinds whose end is known, so that what was put behind it is found.
ENDED = (
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/heic",
    "image/heif",
    "image/avif",
    "image/jp2",
    "video/mp4",
    "video/quicktime",
    "video/3gpp",
    "video/3gpp2",
    "video/x-msvideo",
    "audio/mp4",
    "audio/wav",
    "application/pdf",
    "application/vnd.microsoft.portable-executable",
    "application/x-elf",
    "application/x-mach-binary",
    "font/ttf",
    "font/otf",
    "font/woff",
    "font/woff2",
)
# An archive of these kinds is opened, or its place reported, by ``appended`` wherever it lies.
_ARCHIVES = frozenset({"application/x-7z-compressed", "application/vnd.rar"})
_UNENDED = ("image/", "video/", "audio/")  # given out even where no end is known


class CarveOpener:
    name = "carve"
    version = "1"
    reach = Reach.BESIDE
    media_types: tuple[str, ...] = STORES + ENDED

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield carved files in order, then one count; NotApplicable where none is found."""
        media_type = sniff(blob.read(0, HEAD), blob.size)
        start = _search_from(blob, media_type)
        if start is None:
            raise NotApplicable
        others = PreviewsOpener.media_types if media_type in ENDED else ()
        given = thumbnails_in(blob) if media_type == BINARY else []
        spans = {at: at + length for *_, at, length in given}
        search = Carver(blob, pictures=media_type not in others, given=spans)
        found = False
        for entry in search.files(start):
            found = True
            yield entry
        if not found:
            raise NotApplicable

    def warm(self) -> None:
        """Nothing to load: the tables are code."""


def _search_from(blob: Blob, media_type: str) -> int | None:
    """Return where what no reader accounts for begins; None where there is no such part."""
    if media_type not in ENDED:
        return 1
    if media_type in ends.KINDS:
        whole = blob.read(0, blob.size) if blob.size <= _WHOLE else b""
        end = ends.end_of(whole, media_type)
    else:
        known = extent(blob, 0, media_type)
        end = known.end if known is not None and known.complete else None
    return end if end is not None and blob.size - end >= MIN_UNLISTED else None


class Carver:
    """One search of a blob. ``pictures`` False: somebody else gives out pictures and films.

    ``given`` holds what another opener gives out: first byte -> the byte behind it.
    """

    def __init__(
        self, blob: Blob, *, pictures: bool = True, given: Mapping[int, int] | None = None
    ) -> None:
        self._blob = blob
        self._metered = _Metered(blob)
        self._pictures = pictures
        self._given = given or {}
        self._limit = blob.size
        self._crowded = 0  # windows with more beginnings than were looked at
        self._endless: Counter[str] = Counter()  # beginnings without a known end
        directory = read_directory(blob, 1)
        self._archive_end = directory.end if directory is not None else None

    def files(self, start: int, stop: int | None = None) -> Iterator[Member | Trouble]:
        """Yield whole files from ``start`` on, then what was found and what was left."""
        self._limit = self._blob.size if stop is None else min(stop, self._blob.size)
        given: Counter[str] = Counter()
        free = start
        end = min(self._limit, start + MAX_SEARCHED)
        beginnings = self._beginnings(start, end)
        following = next(beginnings, None)
        while following is not None:
            begin, following = following, next(beginnings, None)
            if begin.offset < free or not self._wanted(begin.media_type):
                continue
            if begin.offset in self._given:
                free = self._given[begin.offset]
                continue
            try:
                last = self._end(begin, following)
            except LimitReached as error:
                yield Trouble(error.flag, str(error))
                break
            if last is None:
                continue
            if sum(given.values()) >= MAX_CARVED:
                yield Trouble("count_limit", f"more than {MAX_CARVED} files found by structure")
                break
            free = last
            given[begin.media_type] += 1
            yield member(self._blob, begin.offset, last)
        if given:
            yield Trouble("carved", _counted(given))
        if given and self._endless:
            yield Trouble("embedded", f"without a known end: {_counted(self._endless)}")
        if self._crowded:
            yield Trouble("count_limit", f"too many beginnings of files in {self._crowded} places")
        if end < self._limit:
            yield Trouble("size_limit", f"only the first {MAX_SEARCHED} bytes were searched")

    def _wanted(self, media_type: str) -> bool:
        if media_type in _ARCHIVES:
            return False
        return self._pictures or not media_type.startswith(("image/", "video/"))

    def _end(self, begin: embedded.Beginning, following: embedded.Beginning | None) -> int | None:
        known = extent(self._metered, begin.offset, begin.media_type, self._limit)
        if begin.media_type == "application/zip" and known is not None:
            # the archive whose end record closes the blob is opened by ``appended``
            return known.end if known.end != self._archive_end else None
        if known is not None:
            return known.end
        if not begin.media_type.startswith(_UNENDED):
            self._endless[begin.media_type] += 1
            return None
        stop = following.offset if following is not None else self._limit
        return min(stop, begin.offset + MAX_UNENDED)

    def _beginnings(self, start: int, end: int) -> Iterator[embedded.Beginning]:
        for window in range(start, end, WINDOW):
            yield from self._window(window, min(window + WINDOW, end))

    def _window(self, start: int, end: int) -> Iterator[embedded.Beginning]:
        """Yield beginnings in order; a window that holds too many is searched by halves."""
        found = embedded.search(self._blob.read(start, end - start + _PEEK), 0)
        if not found.complete and end - start > _LEAST_WINDOW:
            middle = (start + end) // 2
            yield from self._window(start, middle)
            yield from self._window(middle, end)
            return
        self._crowded += not found.complete
        for begin in found.found:
            offset = start + begin.offset
            if offset < end:
                yield embedded.Beginning(self._kind(begin.media_type, offset), offset)

    def _kind(self, media_type: str, offset: int) -> str:
        """Name a family that its magic number alone does not tell apart."""
        if media_type in ("application/x-riff", "video/mp4", "video/x-matroska"):
            return sniff(self._blob.read(offset, 1 << 12), self._blob.size - offset)
        return media_type


class _Metered:
    """A blob that stops giving once looking for ends has read far more than it holds."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._left = _READS * blob.size + _READS_FLOOR

    @property
    def size(self) -> int:
        return self._blob.size

    def read(self, offset: int, length: int) -> bytes:
        data = self._blob.read(offset, length)
        self._left -= max(len(data), 64)
        if self._left < 0:
            raise LimitReached("looking for the ends of files goes on and on", flag="count_limit")
        return data


def member(blob: Blob, start: int, stop: int) -> Member:
    """Return a range of a blob as a carved member."""
    return Member(
        name=f"bytes {start}-{stop}",
        open=lambda: stream_of(pieces_of(blob, start, stop - start)),
        stored_size=stop - start,
        state=Allocation.CARVED,
        locator=f"bytes {start}-{stop}",
    )


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
