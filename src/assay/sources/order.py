"""Which folders are listed first: by the table ``data/folders.toml``, from names alone.

A name says when a file is read, never whether, and never what is in it.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib import resources

DEEPEST = 4  # names of a path that a pattern may look at


class Turn(IntEnum):
    """When a folder is listed; the lower, the earlier."""

    PICTURES = 0
    PEOPLE = 1
    REST = 2
    SYSTEM = 3


@dataclass(frozen=True, slots=True)
class Pattern:
    """The end of a folder's path. Names are folded; "*" in one stands for any characters."""

    names: tuple[str, ...]
    turn: Turn
    inside: Turn | None  # the class of folders in which it holds although it would not
    top: bool  # only at the top of a source

    @classmethod
    def of(cls, text: str, turn: Turn, inside: Turn | None) -> Pattern:
        names = tuple(folded(name) for name in text.strip("/").split("/"))
        if not all(names) or len(names) > DEEPEST:
            raise ValueError(f"{text!r} is not one to {DEEPEST} names of folders")
        return cls(names, turn, inside, text.startswith("/"))

    def matches(self, path: Sequence[str], depth: int) -> bool:
        """Tell whether a folded path, ``depth`` names below the source's root, ends like this."""
        count = len(self.names)
        if count > len(path) or (self.top and depth != count):
            return False
        return all(_like(n, p) for n, p in zip(self.names, path[-count:], strict=True))


class Order:
    """The table, ready to be asked. Use ``Order.of`` or ``shipped_order``."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._plain: dict[str, list[Pattern]] = {}  # by their last name
        self._open: list[Pattern] = []  # whose last name holds "*"
        for pattern in patterns:
            if "*" in pattern.names[-1]:
                self._open.append(pattern)
            else:
                self._plain.setdefault(pattern.names[-1], []).append(pattern)

    @classmethod
    def of(cls, text: str) -> Order:
        """Read a table; raises ValueError where it breaks its own rules."""
        table = tomllib.loads(text)
        return cls(pattern for group in table["group"] for pattern in _patterns(group))

    def turn(self, path: Sequence[str], depth: int, above: Turn) -> Turn:
        """Return the class of a folder.

        ``path`` is the end of its folded path (names above the source's root may be among them),
        ``depth`` the number of its names below that root, ``above`` the class of its parent.
        """
        if above is Turn.PICTURES:
            return above
        candidates = [*self._plain.get(path[-1], []), *self._open]
        matching = [p for p in candidates if _holds(p, above) and p.matches(path, depth)]
        if not matching:
            return above
        best = min(matching, key=lambda p: (-len(p.names), p.turn))
        return best.turn


def _holds(pattern: Pattern, above: Turn) -> bool:
    """Tell whether a pattern may change the class inside a folder of another class."""
    if above is Turn.SYSTEM and pattern.turn < above:
        return pattern.inside is Turn.SYSTEM
    if above is Turn.PEOPLE and pattern.turn > above:
        return pattern.inside is Turn.PEOPLE
    return True


@cache
def shipped_order() -> Order:
    """Return the order of the table that comes with Assay."""
    data = resources.files("assay.sources").joinpath("data/folders.toml")
    return Order.of(data.read_text(encoding="utf-8"))


def folded(name: str) -> str:
    """Return a name without regard to case and to composed or decomposed accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


_INSIDE = {None: None, "system": Turn.SYSTEM, "people": Turn.PEOPLE}


def _patterns(group: Mapping[str, object]) -> Iterable[Pattern]:
    folders, turn, inside = group["folders"], group["class"], group.get("inside")
    if not isinstance(folders, list) or not group["source"] or inside not in _INSIDE:
        raise ValueError(f"the group {group.get('name')!r} is not complete")
    for text in folders:
        yield Pattern.of(str(text), Turn(int(str(turn))), _INSIDE[str(inside) if inside else None])


def _like(pattern: str, name: str) -> bool:
    if "*" not in pattern:
        return pattern == name
    return _compiled(pattern).fullmatch(name) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
