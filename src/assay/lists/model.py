"""What a known-hash list says, in one shape whatever format it came in, and what reads a format.

An adapter turns a file into ``ListFacts`` (about the file), ``ListEntry`` (a record) and
``Refused`` (what is no record); nothing else of a format reaches the rest of Assay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol, runtime_checkable

from assay.core.jsonvalue import JsonObject
from assay.core.vocab import ListPolarity

HEAD = 1 << 16  # bytes of a file that an adapter sees before it says whether it reads it
Polarity = ListPolarity  # a case keeps it with its matches


@dataclass(frozen=True, slots=True)
class Perceptual:
    """A perceptual hash as a list states it."""

    algorithm: str  # "pdq", "photodna", "tmk", "netclean", …
    value: bytes
    quality: int | None = None  # PDQ 0-100; None = the list states none, which counts as good


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One record of a list: what it identifies, what it says about it, and all it was."""

    id: str  # the source's own, else derived from the content of the record
    md5: str = ""  # lower-case hex; empty where the record states none
    sha1: str = ""
    sha256: str = ""
    size: int | None = None  # bytes
    hashes: tuple[Perceptual, ...] = ()
    category: str | None = None  # as the source writes it: "1", "A1"
    namespace: str = ""  # of the category: "vics:US", "ncmec", "nsrl", "csv:PROFILE"
    identified: bool | None = None  # whether a victim is identified; None = not stated
    distributed: bool | None = None
    series: str = ""
    disputed: bool = False  # feedback or another opinion says that the record is wrong
    deleted: bool = False  # the source withdraws the entry with this id
    updated: str = ""  # ISO 8601 as given, with Z where the zone is known
    label: str = ""  # a line for people: file name, package
    record: JsonObject = field(default_factory=dict)  # every field of the source, unknown ones too
    locator: str = ""  # "line 12", "byte 1234", "row 7"


@dataclass(frozen=True, slots=True)
class Refused:
    """A piece of a file that is no record: counted and kept, never fatal, never silent."""

    locator: str
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What a file says about itself as a whole."""

    format: str
    namespace: str = ""
    owner: str = ""
    version: str = ""
    created: str = ""  # ISO 8601 as given
    categories: Mapping[str, str] = field(default_factory=dict)  # code -> name that the file gives
    notes: tuple[str, ...] = ()
    stated: Mapping[str, str] | None = None  # of a case, by the source's names; None = of no case


@runtime_checkable
class Adapter(Protocol):
    """Reads one format, streaming: memory does not grow with the file."""

    name: str  # "vics", "nsrl", "ncmec", "csv", "plain"

    def recognises(self, head: bytes, name: str) -> bool:
        """Tell by the first 64 KiB of a file whether it is of this format."""
        ...

    def read(
        self, file: BinaryIO, options: Mapping[str, str]
    ) -> Iterator[ListFacts | ListEntry | Refused]:
        """Yield what the file holds, in its order; a bad record never ends the reading."""
        ...
