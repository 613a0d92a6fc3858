"""Finds the pictures, attached files and page content of a PDF among all of its objects.

It walks the objects themselves, not the pages: an image that no page shows any more, or that a
later revision replaced, is found like any other. Pages are asked only for their numbers, their
thumbnails and the names of attachments. Source: ISO 32000-2 §7.7, §7.11, §12.3.4, §14.13.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pypdf.generic import DictionaryObject, IndirectObject, PdfObject, StreamObject

from assay.core.errors import LimitReached
from assay.openers.pdf_file import Document
from assay.openers.pdf_filters import PICTURES
from assay.openers.pdf_objects import (
    elements,
    filters_of,
    is_mask,
    readable,
    reference,
    resolve,
    value,
)
from assay.openers.pdf_places import Place

IMAGE, FILE, OTHER = "image", "file", "other"
MAX_STEPS = 200_000  # dictionaries looked at on the way through pages and names
_MANY = 200_000  # objects; of more, only those that have a stream are read
_NOT_CONTENT = frozenset({"/XRef", "/ObjStm", "/Metadata"})
_FONTS = frozenset({"/Type1C", "/CIDFontType0C", "/OpenType"})


@dataclass(frozen=True, slots=True)
class Row:
    """One stream that matters."""

    place: Place
    kind: str  # IMAGE, FILE or OTHER: content, forms, patterns, whatever else
    live: bool  # False: the table does not list it (replaced by a later revision, or left over)


@dataclass(slots=True)
class Survey:
    """What one walk over the objects found. Object numbers stand for objects in use."""

    rows: list[Row] = field(default_factory=list)
    unread: list[Place] = field(default_factory=list)  # headers whose object does not parse
    soft_masks: set[int] = field(default_factory=set)
    thumbnails: set[int] = field(default_factory=set)
    names: dict[int, str] = field(default_factory=dict)  # of attached files
    pages: dict[int, int] = field(default_factory=dict)  # object: first page that uses it, from 1
    resources: dict[int, DictionaryObject] = field(default_factory=dict)  # of page content


def survey(document: Document) -> Survey:
    """Read every object once; memory holds a row for each stream that matters, no content."""
    found = Survey()
    _Pages(document, found).walk()
    reader = document.reader
    live = {
        reader.live((number, generation))
        for generation, entries in list(reader.xref.items())
        for number in list(entries)
    }
    many = len(document.places) > _MANY
    for place in document.places:
        used = place.offset in live
        if not place.streams and (many or not used):
            continue
        try:
            thing = document.at(place)
            kind = _kind(thing, found, place)
            if place.streams and not isinstance(thing, StreamObject):
                found.unread.append(place)  # pypdf gives what it could read of a dictionary
        except (MemoryError, LimitReached):
            raise
        except Exception:
            if place.streams:
                found.unread.append(place)
            continue
        if kind:
            found.rows.append(Row(place, kind, used))
    return found


def _kind(thing: PdfObject | None, found: Survey, place: Place) -> str:
    if not isinstance(thing, DictionaryObject):
        return ""
    _note(thing, found)
    if not isinstance(thing, StreamObject):
        return ""
    kind, subtype = value(thing, "/Type"), value(thing, "/Subtype")
    filters = filters_of(thing)
    if subtype == "/Image" or (filters and filters[-1].name in PICTURES) or is_mask(thing):
        return IMAGE
    if kind == "/EmbeddedFile" or place.key[0] in found.names:
        return FILE
    if kind in _NOT_CONTENT or subtype in _FONTS or "/Length1" in thing:
        return ""
    return OTHER


def _note(thing: DictionaryObject, found: Survey) -> None:
    for key in ("/SMask", "/Mask"):
        mask = reference(thing, key)
        if mask is not None:
            found.soft_masks.add(mask)
    thumbnail = reference(thing, "/Thumb")
    if thumbnail is not None:
        found.thumbnails.add(thumbnail)
    if "/EF" in thing:
        _attached(thing, found)


def _attached(specification: object, found: Survey) -> None:
    """Note the streams of a file specification under its name."""
    files = value(specification, "/EF")
    name = readable(value(specification, "/UF")) or readable(value(specification, "/F"))
    for key in ("/UF", "/F", "/DOS", "/Mac", "/Unix"):
        number = reference(files, key)
        if number is not None and number not in found.names:
            found.names[number] = name


class _Pages:
    """One bounded walk through page tree, resources, annotations and the tree of attachments."""

    def __init__(self, document: Document, found: Survey) -> None:
        self._reader = document.reader
        self._found = found
        self._steps = 0
        self._seen: set[int] = set()

    def walk(self) -> None:
        try:
            root: object = self._reader.root_object
        except (MemoryError, LimitReached):
            raise
        except Exception:
            return  # the objects are still walked; only page numbers and names are missing
        for specification in elements(value(root, "/AF")):
            _attached(specification, self._found)
        self._names(value(value(root, "/Names"), "/EmbeddedFiles"))
        for number, page in enumerate(self._pages(root), 1):
            self._page(page, number)

    def _step(self) -> bool:
        self._steps += 1
        return self._steps <= MAX_STEPS

    def _new(self, found: object) -> bool:
        """Tell whether a reference is met for the first time."""
        if not isinstance(found, IndirectObject):
            return True
        if found.idnum in self._seen:
            return False
        self._seen.add(found.idnum)
        return True

    def _glimpse(self, pointer: object) -> object:
        """Resolve a reference; a stream is not kept, so that memory holds no picture."""
        found = resolve(pointer)
        if isinstance(pointer, IndirectObject) and isinstance(found, StreamObject):
            self._reader.resolved_objects.pop((pointer.generation, pointer.idnum), None)
        return found

    def _pages(self, root: object) -> Iterator[DictionaryObject]:
        first = dict.get(root, "/Pages") if isinstance(root, dict) else None
        stack: list[tuple[object, object]] = [(first, None)]
        while stack and self._step():
            pointer, inherited = stack.pop()
            node = resolve(pointer) if self._new(pointer) else None
            if not isinstance(node, DictionaryObject):
                continue
            resources = value(node, "/Resources") or inherited
            kids = value(node, "/Kids")
            if isinstance(kids, list):
                stack.extend((kid, resources) for kid in reversed(kids[:MAX_STEPS]))
                continue
            if isinstance(resources, DictionaryObject):
                dict.__setitem__(node, "/Resources", resources)
            yield node

    def _page(self, page: DictionaryObject, number: int) -> None:
        _note(page, self._found)
        resources = value(page, "/Resources")
        self._use(resources, number)
        contents = dict.get(page, "/Contents")
        several = self._glimpse(contents)
        for pointer in several if isinstance(several, list) else [contents]:
            if isinstance(pointer, IndirectObject) and self._step():
                self._found.pages.setdefault(pointer.idnum, number)
                if isinstance(resources, DictionaryObject):
                    self._found.resources.setdefault(pointer.idnum, resources)
        for note in elements(value(page, "/Annots")):
            if not self._step():
                return
            _attached(value(note, "/FS"), self._found)
            for pointer in _values(value(note, "/AP")):
                states = [pointer, *_values(self._glimpse(pointer))]
                self._things([s for s in states if isinstance(s, IndirectObject)], number)

    def _use(self, resources: object, number: int) -> None:
        for key in ("/XObject", "/Pattern"):
            self._things(_values(value(resources, key)), number)

    def _things(self, pointers: list[object], number: int) -> None:
        """Note images and forms, and what the forms use in turn, as used on a page."""
        stack = [p for p in pointers if isinstance(p, IndirectObject)]
        while stack and self._step():
            pointer = stack.pop()
            self._found.pages.setdefault(pointer.idnum, number)
            if not self._new(pointer):
                continue
            # only forms and patterns have resources: what an image says is read later
            resources = value(self._glimpse(pointer), "/Resources")
            for key in ("/XObject", "/Pattern"):
                stack.extend(
                    p for p in _values(value(resources, key)) if isinstance(p, IndirectObject)
                )

    def _names(self, tree: object) -> None:
        stack = [tree]
        while stack and self._step():
            node = stack.pop()
            for pointer in _raw(value(node, "/Kids")):
                if self._new(pointer):
                    stack.append(resolve(pointer))
            for specification in elements(value(node, "/Names")):
                if isinstance(specification, DictionaryObject):
                    _attached(specification, self._found)


def _values(found: object) -> list[object]:
    return list(found.values())[:4096] if isinstance(found, dict) else []


def _raw(found: object) -> list[object]:
    return list(found[:4096]) if isinstance(found, list) else []
