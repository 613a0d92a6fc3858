"""Opens Outlook messages (.msg): the texts, every attachment, messages inside messages.

Attachments are given byte for byte with the name and times that the message states. The RTF body
is given unpacked. Short properties (addresses, keys, flags) are not given: they can hold neither
pictures nor the message's text; the subject stands in the headers, or is given by itself. Sources:
[MS-OXMSG], [MS-OXPROPS], [MS-OXCMSG].
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import replace

from assay.core.blob import Blob
from assay.core.errors import Encrypted, Malformed, NotApplicable
from assay.core.facts import Stamp
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach
from assay.media.sniff import HEAD, sniff
from assay.openers import ole_streams
from assay.openers.ole_native import plain
from assay.openers.ole_storage import MAGIC, OLE_TYPES, Compound, Entry
from assay.openers.ole_streams import entry_members, free_members, is_file
from assay.openers.rtfpacked import unpacked
from assay.openers.stamps import filetime_stamp
from assay.openers.streams import stream_of

_PROPERTIES = "__properties_version1.0"
_ATTACHMENT, _RECIPIENT = "__attach_version1.0_", "__recip_version1.0_"
_STREAM = re.compile(r"__substg1\.0_([0-9a-f]{4})([0-9a-f]{4})(?:-[0-9a-f]{1,8})?$", re.I)
_SUBJECT, _HEADERS, _RTF = 0x0037, 0x007D, 0x1009
_TEXTS = {_HEADERS: "headers.txt", 0x1000: "body.txt", 0x1013: "body.html"}
_DATA = "__substg1.0_37010102"
_OBJECT = "__substg1.0_3701000d"  # an attached message or object: a storage
_NAMES = (0x3707, 0x3704, 0x3001)  # long, short, shown
_TIMES = ((0x30070040, "MSG created"), (0x30080040, "MSG modified"))
_WORTH = 1024  # bytes; a longer property is given whatever it is
_DEEPEST = 16  # messages inside messages


class MsgOpener:
    name = "msg"
    version = "1"
    reach = Reach.MEMBERS
    media_types: tuple[str, ...] = OLE_TYPES

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield texts and attachments; NotApplicable for any other compound file."""
        if blob.read(0, 8) != MAGIC:
            raise NotApplicable
        try:
            compound = Compound(blob)
        except Malformed as error:
            raise NotApplicable from error  # the opener of compound files says what is wrong
        if not is_message(compound):
            raise NotApplicable
        yield from compound.drain()
        locks: list[str] = []
        yield from _message(compound, (), "", locks, 0)
        yield from free_members(compound)
        if locks:
            raise Encrypted("; ".join(dict.fromkeys(locks)))

    def warm(self) -> None:
        ole_streams.warm()
        filetime_stamp("", 0)


def is_message(compound: Compound, folder: tuple[str, ...] = ()) -> bool:
    """Tell whether a storage is a message: its properties stand in a stream of this name."""
    return _PROPERTIES in compound.names(folder)


def _message(
    compound: Compound, folder: tuple[str, ...], prefix: str, locks: list[str], depth: int
) -> Iterator[Member | Trouble]:
    entries = compound.children(folder)
    titled = any(_property(entry) == _HEADERS for entry in entries)
    for entry in entries:
        number = _property(entry)
        if number is None:
            continue
        label = _TEXTS.get(number, "subject.txt" if number == _SUBJECT and not titled else "")
        if number == _RTF:
            yield _rich(compound, entry, prefix)
        elif label:
            yield plain(compound.stream(entry), prefix + label, _where(entry))
        else:
            yield from _other(compound, entry, prefix)
        yield from compound.drain()
    for entry in entries:
        if entry.is_stream:
            continue
        if entry.name.lower().startswith(_ATTACHMENT):
            yield from _attachment(compound, entry, prefix, locks, depth)
        elif entry.name.lower().startswith(_RECIPIENT):
            for child in compound.children(entry.path):
                yield from _other(compound, child, f"{prefix}{entry.name}/")


def _attachment(
    compound: Compound, storage: Entry, prefix: str, locks: list[str], depth: int
) -> Iterator[Member | Trouble]:
    names = compound.names(storage.path)
    label = prefix + (_label(compound, names) or storage.name)
    times = tuple(_times(compound, names.get(_PROPERTIES)))
    for key, entry in names.items():
        if key == _DATA:
            member = plain(compound.stream(entry), label, _where(entry))
            yield replace(member, times=times)
        elif _property(entry) not in _NAMES:
            yield from _other(compound, entry, f"{label}/")
    inner = (
        *storage.path,
        next(
            (e.name for e in compound.children(storage.path) if e.name.lower() == _OBJECT), _OBJECT
        ),
    )
    if is_message(compound, inner):
        if depth >= _DEEPEST:
            yield Trouble("nesting_limit", f"{label}: more than {_DEEPEST} messages")
        else:
            yield from _message(compound, inner, f"{label}/", locks, depth + 1)
    else:
        yield from _objects(compound, inner, locks)
    yield from compound.drain()


def _objects(
    compound: Compound, folder: tuple[str, ...], locks: list[str]
) -> Iterator[Member | Trouble]:
    """Yield what an attached object's storage holds, and the storages in it."""
    todo = [folder]
    while todo:
        for entry in compound.children(todo.pop()):
            if entry.is_stream:
                yield from entry_members(compound, entry, locks)
            else:
                todo.append(entry.path)


def _rich(compound: Compound, entry: Entry, prefix: str) -> Member:
    stream = compound.stream(entry)
    return Member(
        name=f"{prefix}body.rtf",
        open=lambda: stream_of(unpacked(stream)),
        stored_size=max(stream.size, 1),
        locator=_where(entry),
    )


def _other(compound: Compound, entry: Entry, prefix: str) -> Iterator[Member]:
    """Yield a property of any other kind where it is a file by itself, or long."""
    if not entry.is_stream or entry.name.lower() == _PROPERTIES:
        return
    stream = compound.stream(entry)
    if stream.size >= _WORTH or is_file(sniff(stream.read(0, HEAD), stream.size)):
        yield plain(stream, prefix + entry.name, _where(entry))


def _property(entry: Entry) -> int | None:
    match = _STREAM.match(entry.name) if entry.is_stream else None
    return int(match.group(1), 16) if match else None


def _label(compound: Compound, names: dict[str, Entry]) -> str:
    for number in _NAMES:
        for kind, encoding in (("001f", "utf-16-le"), ("001e", "latin-1")):
            entry = names.get(f"__substg1.0_{number:04x}{kind}")
            if entry is not None:
                raw = compound.stream(entry).read(0, 1024)
                found = raw.decode(encoding, "replace").rstrip("\0")
                if found:
                    return found
    return ""


def _times(compound: Compound, properties: Entry | None) -> Iterator[Stamp]:
    """Read the fixed-size properties of an attachment: 16 bytes each behind 8 ([MS-OXMSG] 2.4)."""
    if properties is None:
        return
    data = compound.stream(properties).read(8, 1 << 14)
    for at in range(0, len(data) - 15, 16):
        tag, ticks = struct.unpack_from("<I4xQ", data, at)
        for number, field in _TIMES:
            if tag == number and ticks:
                yield filetime_stamp(field, ticks)


def _where(entry: Entry) -> str:
    return f"stream {'/'.join(entry.path)}"
