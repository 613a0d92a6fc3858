"""Finds the metadata of a PDF: Info dictionaries, XMP streams and the C2PA store, packed or not.

It follows no cross-reference table, so a damaged one hides nothing, and every saved revision is
read. Pages and pictures are the opener's work. Sources: ISO 32000-2 §14.3 (Info, Metadata), §7.5.7
(object streams); C2PA 2.x A.6 (PDF).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.slots import SlotKind
from assay.media.gather import Gather
from assay.media.pdf_syntax import Ref, String, Value, read_dictionary

_MAX_NAMED = 64  # Info dictionaries, embedded files named as stores
_MAX_PACKETS = 1024  # streams of XMP: every picture may bring its own
_MAX_HITS = 4096  # places of one key looked at
_MAX_INDEX = 1 << 20  # bytes of an object stream's own table
_BACK = 4096  # bytes of a dictionary before the key that gives it away
_SPACE = rb"[\0\t\n\f\r ]"
_STREAM = re.compile(_SPACE + rb"{0,16}stream(?:\r\n|\n|\r)")
_STORE = re.compile(rb"....jumb....jumdc2pa", re.DOTALL)
_INFO = re.compile(rb"%b{0,16}([0-9]{1,10})%b{1,16}[0-9]{1,5}%b{1,16}R" % (_SPACE, _SPACE, _SPACE))
_LOCKED = re.compile(rb"%b{0,16}(?:[0-9]|<<)" % _SPACE)
_FLATE = ("/FlateDecode", "/Fl")
Texts = dict[str, Value]


@dataclass(frozen=True, slots=True)
class _Stream:
    entries: Texts
    start: int  # of the stored bytes
    end: int

    @property
    def filters(self) -> list[Value]:
        found = self.entries.get("/Filter")
        return found if isinstance(found, list) else [] if found is None else [found]

    @property
    def is_packed(self) -> bool:
        return len(self.filters) == 1 and self.filters[0] in _FLATE


def walk_pdf(gather: Gather) -> None:
    """Gather the slots of a PDF."""
    pdf = _Pdf(gather)
    pdf.info()
    pdf.metadata()
    pdf.stores()


class _Pdf:
    """One file being read; it remembers what it read, so that no place is read twice."""

    def __init__(self, gather: Gather) -> None:
        self.gather = gather
        self.data = gather.data
        self.known: dict[int, _Stream | None] = {}
        self.ending = (-1, -1)  # from where "endstream" was last searched, and where it stands
        self.locked = any(_LOCKED.match(self.data, at + 8) for at in self.hits(b"/Encrypt"))
        if self.locked:
            gather.facts["encrypted"] = "yes"

    def hits(self, key: bytes) -> Iterator[int]:
        pos = -1
        for _ in range(_MAX_HITS):
            pos = self.data.find(key, pos + 1)
            if pos < 0:
                return
            self.gather.step()
            yield pos
        if self.data.find(key, pos + 1) >= 0:
            detail = f"more than {_MAX_HITS} times {key.decode()}; the rest unread"
            self.gather.trouble("count_limit", detail)

    def dictionary(self, pos: int, data: bytes | None = None) -> tuple[Texts, int, bool]:
        source = self.data if data is None else data
        return read_dictionary(source, pos, self.gather.step)

    def object_before(self, pos: int) -> int | None:
        """Return where the content of the object around ``pos`` begins."""
        begin = self.data.rfind(b"obj", max(0, pos - _BACK), pos)
        return None if begin < 0 else begin + 3

    def stream_at(self, pos: int | None) -> _Stream | None:
        if pos is None:
            return None
        if pos not in self.known:
            self.known[pos] = self._stream_at(pos)
        return self.known[pos]

    def _stream_at(self, pos: int) -> _Stream | None:
        data = self.data
        entries, end, whole = self.dictionary(pos)
        begin = _STREAM.match(data, end) if whole else None
        if begin is None:
            return None
        start = begin.end()
        stop = start + _number(entries.get("/Length"))
        if stop > start and data[stop : stop + 16].lstrip(b"\r\n \t\0").startswith(b"endstream"):
            return _Stream(entries, start, stop)
        # the length stands elsewhere, or is wrong
        if not self.ending[0] <= start <= self.ending[1]:
            found = data.find(b"endstream", start)
            self.ending = (start, len(data) if found < 0 else found)
        stop = self.ending[1]
        if stop == len(data):
            self.gather.trouble("truncated", f"the stream at byte {start} has no end")
        elif data[max(start, stop - 2) : stop] == b"\r\n":
            stop -= 2
        elif stop > start and data[stop - 1] in b"\r\n":
            stop -= 1
        return _Stream(entries, start, stop)

    def objects(self, numbers: list[int]) -> dict[int, list[int]]:
        """Return where the contents of these objects begin; a revision repeats its objects."""
        named = b"|".join(b"%d" % number for number in numbers)
        pattern = rb"(%b)%b{1,16}[0-9]{1,5}%b{1,16}obj" % (named, _SPACE, _SPACE)
        found: dict[int, list[int]] = {number: [] for number in numbers}
        for hit in re.finditer(pattern, self.data) if numbers else ():
            self.gather.step()
            if not self.data[max(0, hit.start() - 1) : hit.start()].isdigit():
                found[int(hit[1])].append(hit.end())
        return found

    def info(self) -> None:
        """Keep the texts of every Info dictionary that a trailer or XRef stream names."""
        references = (_INFO.match(self.data, at + 5) for at in self.hits(b"/Info"))
        wanted = list(dict.fromkeys(int(hit[1]) for hit in references if hit is not None))
        if len(wanted) > _MAX_NAMED:
            self.gather.trouble("count_limit", f"{len(wanted)} Info dictionaries; the rest unread")
        places = self.objects(wanted[:_MAX_NAMED])
        for pos in (pos for found in places.values() for pos in found):
            entries, end, whole = self.dictionary(pos)
            if not whole and end > pos:
                detail = f"the Info dictionary at byte {pos} breaks off at byte {end}"
                self.gather.trouble("malformed", detail)
            self.texts(entries, None)
        missing = {number for number, found in places.items() if not found}
        if missing:
            self.packed_info(missing)

    def packed_info(self, missing: set[int]) -> None:
        """Look for Info dictionaries in object streams; only one that holds some is inflated."""
        for pos in self.hits(b"/ObjStm"):
            stream = self.stream_at(self.object_before(pos))
            first = _number(stream.entries.get("/First")) if stream is not None else 0
            if stream is None or not stream.is_packed or not 0 < first <= _MAX_INDEX:
                continue
            # deflated bytes are hardly more than what they hold, so the index lies in these
            head = self.data[stream.start : min(stream.end, stream.start + 2 * first + 64)]
            index = [_number(word) for word in self.gather.peek(head, first).split()]
            rows = [row for row in zip(index[::2], index[1::2], strict=False) if row[0] in missing]
            if not rows:
                continue
            packed = self.gather.take(stream.start, stream.end)
            content, _ = self.gather.inflate(packed, f"the object stream at byte {stream.start}")
            for _, offset in rows[:_MAX_NAMED]:
                entries, _, _ = self.dictionary(first + offset, content)
                self.texts(entries, (stream.start, stream.end))

    def texts(self, entries: Texts, place: tuple[int, int] | None) -> None:
        for name, value in entries.items():
            if not isinstance(value, String):
                continue
            start, end = place or (value.start, value.end)
            self.gather.slot(
                SlotKind.TEXT,
                start,
                end,
                key=name[1:257],
                mechanism="PDF Info",
                payload=value.text.encode("utf-8", "replace"),
                complete=not self.locked,  # strings of an encrypted file are no words
            )

    def metadata(self) -> None:
        """Keep the streams of XMP; those of an encrypted file only where they lie open."""
        seen = set[int]()
        for pos in self.hits(b"/Metadata"):
            if not self.data[max(0, pos - 32) : pos].rstrip(b"\0\t\n\f\r ").endswith(b"/Type"):
                continue  # a reference to one
            stream = self.stream_at(self.object_before(pos))
            if stream is None or stream.start in seen:
                continue
            seen.add(stream.start)
            if len(seen) > _MAX_PACKETS:
                self.gather.trouble("count_limit", f"more than {_MAX_PACKETS} streams of XMP")
                return
            opened = not stream.filters and b"<" in self.data[stream.start : stream.start + 64]
            if opened or (not stream.filters and not self.locked):
                self.keep(SlotKind.XMP, stream, "Metadata")
                continue
            packed = self.gather.take(stream.start, stream.end) if stream.is_packed else b""
            if packed and (not self.locked or b"<" in self.gather.peek(packed, 64)):
                self.keep(SlotKind.XMP, stream, "Metadata", packed)
            else:  # encrypted, or coded in a way that is not undone
                self.keep(SlotKind.OTHER, stream, "Metadata", complete=False)

    def stores(self) -> None:
        """Keep the manifest stores among the embedded files, told by their first bytes."""
        data, seen = self.data, set[int]()
        for pos in (*self.embedded(), *self.open_stores()):
            stream = self.stream_at(pos)
            if stream is None or stream.start in seen:
                continue
            seen.add(stream.start)
            if _STORE.match(data, stream.start):
                self.keep(SlotKind.C2PA, stream, "C2PA_Manifest")
            elif stream.is_packed:
                head = data[stream.start : min(stream.end, stream.start + 4096)]
                if _STORE.match(self.gather.peek(head, 64)):
                    packed = self.gather.take(stream.start, stream.end)
                    self.keep(SlotKind.C2PA, stream, "C2PA_Manifest", packed)

    def keep(
        self, kind: SlotKind, stream: _Stream, key: str, packed: bytes = b"", *,
        complete: bool = True,
    ) -> None:  # fmt: skip
        payload, whole = None, True
        if packed:
            what = f"the {key} stream at byte {stream.start}"
            payload, whole = self.gather.inflate(packed, what)
        self.gather.slot(
            kind,
            stream.start,
            stream.end,
            key=key,
            mechanism="PDF stream",
            payload=payload,
            complete=complete and whole,
        )

    def embedded(self) -> Iterator[int]:
        """Yield the places of embedded files: by their type, and by who names them as a store."""
        for at in self.hits(b"/EmbeddedFile"):
            begin = self.object_before(at)
            if begin is not None:
                yield begin
        named: list[int] = []
        for at in self.hits(b"/C2PA_Manifest"):
            begin = self.object_before(at)
            files = self.dictionary(begin)[0].get("/EF") if begin is not None else None
            values = files.values() if isinstance(files, dict) else ()
            named += [value.number for value in values if isinstance(value, Ref)]
        for places in self.objects(list(dict.fromkeys(named))[:_MAX_NAMED]).values():
            yield from places

    def open_stores(self) -> Iterator[int]:
        """Yield the places of streams that begin with a store, whatever their dictionary says."""
        for at in self.hits(b"jumdc2pa"):
            before = self.data[max(0, at - 32) : max(0, at - 12)].rstrip(b"\r\n")
            begin = self.object_before(at) if before.endswith(b"stream") else None
            if begin is not None:
                yield begin


def _number(value: Value | None) -> int:
    """Return a plain whole number; 0 for anything else, a reference included."""
    return int(value) if isinstance(value, bytes) and value.isdigit() and len(value) <= 10 else 0
