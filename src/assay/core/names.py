"""Hostile file names: how they are kept, shown and flagged.

Names are ``str`` with ``surrogateescape``, so that every byte of a non-UTF-8 name survives.
``display`` gives the form that reports, logs and JSON may show.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence

JOIN = "!/"  # between a container and the path inside it
LONG_CHAIN = 4096  # characters: the longest path that systems take, and inner paths beside it
_KEPT = 200  # characters of each name of a longer chain
_SHORT = 280  # characters of a name that is never cut, so that none is cut twice
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_HIDDEN = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")


def display(name: str) -> str:
    r"""Return a printable form: undecodable bytes as ``\xff``, control and bidi as ``\u202e``."""
    if name.isascii() and name.isprintable():
        return name
    return "".join(_shown(char) for char in name)


def _shown(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape of an undecodable byte
        return f"\\x{code - 0xDC00:02x}"
    if (
        char in _BIDI
        or char in _HIDDEN
        or unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    ):
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
    return char


def join_chain(chain: Sequence[str]) -> str:
    """Return the display path of a chain: ``a.zip!/b.zip!/c.jpg``."""
    return JOIN.join(display(part) for part in chain)


def bounded(chain: Sequence[str]) -> tuple[str, ...]:
    """Return a chain whose long names are cut where it is longer than any honest path.

    Every member repeats the names of the containers around it, so that a few names of 64 KiB in a
    small archive would fill a disk. A cut name keeps its beginning, its length and a digest, so
    that two names stay two. The first name, a path of the source, is never touched.
    """
    if sum(map(len, chain)) <= LONG_CHAIN:
        return tuple(chain)
    return (*chain[:1], *(name if len(name) <= _SHORT else _cut(name) for name in chain[1:]))


def _cut(name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name[:_KEPT]}[cut: {len(name)} characters, SHA-256 {digest[:32]}]"


def name_flags(name: str) -> tuple[str, ...]:
    """Return the finding words that a path inside a source or container deserves."""
    flags = []
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or (len(name) > 1 and name[1] == ":"):
        flags.append("path_traversal")
    if any(unicodedata.category(char) == "Cc" for char in name):
        flags.append("control_name")
    if any(char in _BIDI or char in _HIDDEN for char in name):
        flags.append("bidi_name")
    if any(0xDC80 <= ord(char) <= 0xDCFF for char in name):
        flags.append("undecodable_name")
    return tuple(flags)


def duplicates(names: Iterable[str]) -> frozenset[str]:
    """Return the names that occur more than once (byte for byte, case and form kept apart)."""
    seen: set[str] = set()
    twice: set[str] = set()
    for name in names:
        (twice if name in seen else seen).add(name)
    return frozenset(twice)
