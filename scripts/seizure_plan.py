"""What the makers of the generated seizure have in common: files, what is planted in them, dice.

A maker is a function of a number and its dice; it returns the files of one turn, each with the
contents that must come out of it. The manifest is these rows, one JSON object a line.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from scripts.seizure_pictures import Picture

Name = str | None  # of a member: None where the opener names it


@dataclass(frozen=True, slots=True)
class Planted:
    """One content that must be an item of a case, or an entry that must be recorded."""

    chain: tuple[Name, ...]  # path below the seizure, then the names inside
    sha256: str  # of the bytes as stored; empty where there is no content (a link)
    size: int  # bytes
    kind: str  # what it is, for a person
    role: str = "file"  # as items.jsonl says: "file", "member", "preview", …
    shows: bool = False  # a picture or video: never later than lane 1
    scene: int | None = None  # which drawing it shows; copies of any size have the same
    with_picture: bool = False  # a preview that matches: shown with the picture that carries it
    copy: str = ""  # of a small copy: "only_trace" or "original"
    locked: bool = False  # listed by name as locked
    signs: tuple[str, ...] = ()  # broken: one of these findings or failure reasons, and lane 1
    flags: tuple[str, ...] = ()  # findings that it must have although nothing is broken


@dataclass(slots=True)
class File:
    """One file of the seizure. ``link`` is the target of a symbolic link instead of content."""

    path: str
    data: bytes
    rows: list[Planted] = field(default_factory=list)
    link: str | None = None

    def inside(
        self,
        picture: Picture | bytes,
        *names: Name,
        kind: str,
        role: str = "member",
        copy: str = "",
        shows: bool = True,
    ) -> File:
        """Note what must come out of this file, with the preview that the picture carries."""
        found = picture if isinstance(picture, Picture) else Picture(picture, None)
        chain = (self.path, *(names or (None,)))
        self.rows.append(row(chain, found.data, kind, role, shows, found.scene, copy=copy))
        self._preview(found, chain, kind)
        return self

    def _preview(self, picture: Picture, chain: tuple[Name, ...], kind: str) -> None:
        if picture.thumbnail:
            self.rows.append(
                row(
                    (*chain, None),
                    picture.thumbnail,
                    f"thumbnail in EXIF ({kind})",
                    "preview",
                    True,
                    picture.scene,
                    with_picture=True,
                )
            )


def row(
    chain: tuple[Name, ...],
    data: bytes,
    kind: str,
    role: str = "file",
    shows: bool = False,
    scene: int | None = None,
    *,
    copy: str = "",
    with_picture: bool = False,
) -> Planted:
    digest = hashlib.sha256(data).hexdigest()
    return Planted(
        chain, digest, len(data), kind, role, shows, scene, copy=copy, with_picture=with_picture
    )


def plain(path: str, data: bytes, kind: str, *, shows: bool = False) -> File:
    """Return a file without anything inside."""
    return File(path, data, [row((path,), data, kind, shows=shows)])


def pictured(path: str, picture: Picture, kind: str) -> File:
    """Return a picture file; its EXIF thumbnail must come out of it."""
    file = File(path, picture.data, [row((path,), picture.data, kind, "file", True, picture.scene)])
    file._preview(picture, (path,), kind)
    return file


def locked(path: str, data: bytes, kind: str) -> File:
    found = row((path,), data, kind)
    return File(path, data, [Planted(**{**asdict(found), "locked": True, "chain": (path,)})])


def broken(path: str, data: bytes, kind: str, *signs: str, shows: bool = False) -> File:
    """Return a damaged file; one of ``signs`` must be among its findings or failures."""
    found = row((path,), data, kind, shows=shows)
    return File(path, data, [Planted(**{**asdict(found), "signs": signs, "chain": (path,)})])


@dataclass(frozen=True, slots=True)
class Dice:
    """All chance of one turn of a maker; the same for the same seed, maker and number."""

    seed: int
    maker: str
    number: int

    def random(self) -> random.Random:
        return random.Random(f"{self.seed}/{self.maker}/{self.number}")  # noqa: S311 - no secret

    def scene(self, part: str = "", number: int | None = None, maker: str = "") -> int:
        """Return the number of a drawing; that of another maker's turn where one is named."""
        at = self.number if number is None else number
        text = f"{self.seed}/{maker or self.maker}/{at}/{part}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")

    def noise(self, size: int) -> bytes:
        """Return bytes that look random throughout."""
        return self.random().randbytes(size)


Maker = Callable[[int, Dice], list[File]]
