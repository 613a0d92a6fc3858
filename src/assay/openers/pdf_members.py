"""The members of one PDF, object by object: pictures, attachments, inline images, what is damaged.

A picture that is a file by itself is given as that file; coded samples as they are stored, with a
PNG drawn from them. Everything that inflates or is drawn is counted against the file's size.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from pypdf.generic import DictionaryObject, StreamObject

from assay.core.blob import Blob
from assay.core.errors import LimitReached, Malformed
from assay.core.opening import Limits, Member
from assay.core.slots import Trouble
from assay.core.vocab import Allocation, Role
from assay.media.kinds import HOLDS_PICTURES, is_audio, is_picture, is_video
from assay.media.sniff import HEAD, sniff
from assay.openers.carve import Carver
from assay.openers.pdf_file import Document
from assay.openers.pdf_filters import Filter, Unsupported, undo
from assay.openers.pdf_inline import Inline, inline_images
from assay.openers.pdf_objects import filters_of, is_mask, picture_of, raw, value
from assay.openers.pdf_pixels import Picture, check, render
from assay.openers.pdf_places import Place
from assay.openers.pdf_walk import FILE, IMAGE, Row, Survey
from assay.openers.streams import Notes

STREAM_TYPE = "image/x-pdf-stream"
MAX_INLINE = 20_000  # inline images of one file
_CONTENT = 32 << 20  # bytes of decoded content searched for inline images, each stream
_CONTENT_ALL = 256 << 20  # bytes of all of them, and 64 times the file's size
_DRAWN_ALL = 1 << 30  # bytes of samples drawn, and 64 times the file's size
_FILES = frozenset({"DCTDecode", "JPXDecode"})  # coded as a picture file
_SHOWN = 200  # objects that do not parse, searched one by one


class Contents:
    """The members of one document, read object by object."""

    def __init__(self, blob: Blob, document: Document, found: Survey, limits: Limits) -> None:
        self._blob = blob
        self._document = document
        self._found = found
        self._limits = limits
        self._notes = Notes()
        self._inline = MAX_INLINE
        self._content_left = _CONTENT_ALL + 64 * blob.size
        self._drawn_left = _DRAWN_ALL + 64 * blob.size
        self._left_out = False
        self._letters = 0
        self._old = 0

    def members(self) -> Iterator[Member | Trouble]:
        document = self._document
        if document.damage:
            yield Trouble("malformed", f"the cross-reference table: {document.damage[:200]}")
        if not document.complete:
            yield Trouble("count_limit", f"more than {len(document.places)} objects")
        for row in self._found.rows:
            try:
                thing = document.at(row.place)
                if isinstance(thing, StreamObject):
                    yield from self._stream(row, thing)
            except (MemoryError, LimitReached):
                raise
            except Exception as error:
                kind = f"{type(error).__name__}: {error}"
                yield Trouble("malformed", f"{_named(row.place)}: {kind[:200]}")
            yield from self._notes.drain()
        yield from self._unread()
        if self._old:
            detail = f"{self._old} objects that the cross-reference table no longer lists"
            yield Trouble("carved", detail)
        if self._letters:
            yield Trouble("left_out", f"{self._letters} letters of bitmap fonts")
        if self._inline <= 0:
            yield Trouble("count_limit", f"more than {MAX_INLINE} inline images")

    # -- streams -------------------------------------------------------------------------------

    def _stream(self, row: Row, thing: StreamObject) -> Iterator[Member | Trouble]:
        if row.kind == IMAGE:
            yield from self._image(row, thing)
        elif row.kind == FILE:
            yield self._file(row, thing)
        else:
            yield from self._content(row, thing)

    def _image(self, row: Row, thing: StreamObject) -> Iterator[Member | Trouble]:
        name, number = self._name(row), row.place.key[0]
        notes = [self._page(number)]
        if is_mask(thing):
            notes.append("stencil mask")
        elif number in self._found.soft_masks:
            notes.append("mask of another image")
        role = Role.THUMBNAIL if number in self._found.thumbnails else Role.MEMBER
        yield from self._pixels(row, name, thing, raw(thing), notes, role)

    def _pixels(
        self,
        row: Row,
        name: str,
        dictionary: DictionaryObject,
        stored: bytes,
        notes: Sequence[str],
        role: Role = Role.MEMBER,
        colours: DictionaryObject | None = None,
        where: str = "",
    ) -> Iterator[Member | Trouble]:
        """Yield one image: the file that it is, or its coded samples and a drawing of them."""
        filters = [one for one in filters_of(dictionary) if one.name != "Crypt"]
        said = [note for note in notes if note]
        if self._document.encrypted:
            said.append("decrypted")
        if filters and filters[-1].name in _FILES:
            outer = filters[:-1]
            if outer:
                said.append(f"without {' and '.join(one.name for one in outer)} around it")
            yield self._member(
                row, name, self._peeled(stored, outer), stored, "; ".join(said), role, where
            )
            return
        said.append(" and ".join(one.name for one in filters) or "plain samples")
        detail = "; ".join(said)
        refused: Trouble | None = None
        rendering: Callable[[], BinaryIO] | None = None
        try:
            picture = picture_of(dictionary, colours)
            check(picture)
            if self._drawn_left < 0:
                raise LimitReached("too much was drawn before", flag="decompression_bomb")
            rendering = self._drawn(name, picture, stored)
        except Unsupported as kind:
            refused = Trouble("not_opened", f"{kind} in {name}")
        except LimitReached as error:
            refused = Trouble(error.flag, f"{name}: {error}")
        except Malformed as error:
            refused = Trouble("malformed", f"{name}: {error}")
        role = Role.STREAM if role is Role.MEMBER else role
        opened = lambda: io.BytesIO(stored)  # noqa: E731
        yield self._member(row, name, opened, stored, detail, role, where, rendering)
        if refused is not None:
            yield refused

    def _drawn(self, name: str, picture: Picture, stored: bytes) -> Callable[[], BinaryIO]:
        def draw() -> BinaryIO:
            try:
                drawn, rows = render(picture, stored)
            except Unsupported as kind:
                raise Malformed(f"{kind} is not decoded") from kind
            self._drawn_left -= picture.row * rows
            if rows < picture.height:
                self._notes.add("truncated", f"{name}: {rows} of {picture.height} rows are there")
            return io.BytesIO(drawn)

        return draw

    def _peeled(self, stored: bytes, outer: Sequence[Filter]) -> Callable[[], BinaryIO]:
        def peel() -> BinaryIO:
            if not outer:
                return io.BytesIO(stored)
            try:
                return io.BytesIO(undo(stored, outer, self._room(stored)))
            except Unsupported as kind:
                raise Malformed(f"{kind} is not decoded") from kind

        return peel

    def _room(self, stored: bytes) -> int:
        """Return how much to decode so that the engine meets its own limit if there is more."""
        limits = self._limits
        return min(limits.member_size, limits.ratio * len(stored) + limits.ratio_floor) + 1

    def _file(self, row: Row, thing: StreamObject) -> Member:
        number = row.place.key[0]
        stored = raw(thing)
        name = self._found.names.get(number) or self._name(row)
        detail = "attached file"
        if self._document.encrypted:
            detail += "; decrypted"
        return self._member(row, name, self._peeled(stored, filters_of(thing)), stored, detail)

    def _content(self, row: Row, thing: StreamObject) -> Iterator[Member | Trouble]:
        """Look into a stream of no declared kind: a file by its content, or inline images."""
        stored = raw(thing)
        filters = filters_of(thing)
        if self._content_left < 0:
            if not self._left_out:
                yield Trouble("decompression_bomb", "page content inflates on and on")
            self._left_out = True
            return
        try:
            content = undo(stored, filters, _CONTENT)
            self._content_left -= len(content)
        except Unsupported as kind:
            yield Trouble("not_opened", f"{kind} in {_named(row.place)}")
            return
        except Malformed:
            return  # no picture is declared here, and no text can be
        if _is_file(content):
            opened = self._peeled(stored, filters)
            yield self._member(row, self._name(row), opened, stored, "stream without a kind")
            return
        resources = value(thing, "/Resources") or self._found.resources.get(row.place.key[0])
        colours = value(resources, "/ColorSpace")
        for number, one in enumerate(inline_images(content, max(self._inline, 0))):
            if one.glyph:
                self._letters += 1
                continue
            self._inline -= 1
            yield from self._inlined(row, number, one, content, colours)
            yield from self._notes.drain()

    def _inlined(
        self, row: Row, number: int, one: Inline, content: bytes, colours: object
    ) -> Iterator[Member | Trouble]:
        name = f"{self._name(row)} inline image {number}"
        where = f"{_named(row.place)}, decoded bytes {one.start}-{one.end}"
        notes = [self._page(row.place.key[0]), "inline"]
        if is_mask(one.dictionary):
            notes.append("stencil mask")
        named = colours if isinstance(colours, DictionaryObject) else None
        stored = content[one.start : one.end]
        yield from self._pixels(
            row, name, one.dictionary, stored, notes, colours=named, where=where
        )

    # -- members -------------------------------------------------------------------------------

    def _member(
        self,
        row: Row,
        name: str,
        opened: Callable[[], BinaryIO],
        stored: bytes,
        detail: str,
        role: Role = Role.MEMBER,
        where: str = "",
        rendering: Callable[[], BinaryIO] | None = None,
    ) -> Member:
        state = Allocation.ALLOCATED
        if not row.live:
            state, self._old = Allocation.CARVED, self._old + 1
        return Member(
            name=name,
            open=opened,
            stored_size=max(len(stored), 1),
            state=state,
            locator=where or f"{_named(row.place)}, offset {row.place.offset}",
            detail=detail,
            role=role,
            rendering=rendering,
            media_type=STREAM_TYPE if rendering is not None else "",
        )

    def _name(self, row: Row) -> str:
        where = "" if row.live else f" at byte {row.place.offset}"
        return f"{_named(row.place)}{where}"

    def _page(self, number: int) -> str:
        page = self._found.pages.get(number)
        return f"page {page}" if page is not None else ""

    def _unread(self) -> Iterator[Member | Trouble]:
        """Search what does not parse for pictures by their structure."""
        unread = self._found.unread
        if not unread:
            return
        first = _named(unread[0])
        yield Trouble("malformed", f"{len(unread)} objects do not parse, the first is {first}")
        offsets = [place.offset for place in self._document.places]
        following = dict(zip(offsets, [*offsets[1:], self._blob.size], strict=True))
        for place in unread[:_SHOWN]:
            yield from Carver(self._blob).files(place.offset, following[place.offset])


def _named(place: Place) -> str:
    return f"object {place.key[0]} {place.key[1]}"


def _is_file(content: bytes) -> bool:
    """Tell whether decoded bytes are a picture, film, sound, document or archive."""
    media_type = sniff(content[:HEAD], len(content))
    seen = is_picture(media_type) or is_video(media_type) or is_audio(media_type)
    return (seen or media_type in HOLDS_PICTURES) and media_type != "application/postscript"
