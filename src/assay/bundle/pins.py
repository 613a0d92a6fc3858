"""The lock file: which version of every package, with which digests, and where it applies.

Reads what ``uv pip compile --universal --generate-hashes`` and ``pip-compile`` write: one
``name==version ; marker --hash=sha256:…`` a requirement, lines joined by a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assay.core.errors import AssayError

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)\s*(?:;\s*(.*))?")
_HASH = re.compile(r"\s--hash=sha256:([0-9a-f]{64})")
_TOKEN = re.compile(r"\s*(\(|\)|and\b|or\b|[<>=!]=|<|>|[a-z_]+|'[^']*'|\"[^\"]*\")")
_COMPARE: Mapping[str, Callable[[object, object], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}


@dataclass(frozen=True, slots=True)
class Pin:
    name: str
    version: str
    marker: str  # an environment marker of PEP 508; empty = everywhere
    hashes: tuple[str, ...]  # SHA-256 of every file of this version

    def line(self) -> str:
        """Return it as a requirement without a marker."""
        return requirement(self.name, self.version, self.hashes)


def requirement(name: str, version: str, hashes: tuple[str, ...]) -> str:
    """Return a line that pip takes with ``--require-hashes``."""
    return " ".join([f"{name}=={version}", *(f"--hash=sha256:{h}" for h in hashes)])


def normal(name: str) -> str:
    """Return a package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse(text: str, where: str) -> tuple[Pin, ...]:
    """Return the pins of a lock file; raises AssayError naming a line that is not one."""
    pins = []
    for line in text.replace("\\\n", " ").splitlines():
        words = line.partition(" #")[0].strip()
        if not words or words.startswith("#"):
            continue
        found = _PIN.fullmatch(_HASH.sub("", " " + words).strip())
        hashes = tuple(_HASH.findall(" " + words))
        if found is None or not hashes:
            raise AssayError(
                f"{where}: not a pin with digests: {words[:80]}",
                hint="make it with: uv pip compile --universal --generate-hashes",
            )
        pins.append(Pin(normal(found[1]), found[2], (found[3] or "").strip(), hashes))
    return tuple(pins)


def applies(marker: str, environment: Mapping[str, str]) -> bool:
    """Tell whether a marker holds there; raises AssayError for what it cannot read."""
    if not marker:
        return True
    tokens, end = [], 0
    while end < len(marker.rstrip()):
        found = _TOKEN.match(marker, end)
        if found is None:
            raise AssayError(f"the marker {marker!r} cannot be read")
        tokens.append(found[1])
        end = found.end()
    try:
        holds = _any(tokens, environment)
    except (IndexError, KeyError, ValueError, TypeError) as error:
        raise AssayError(f"the marker {marker!r} cannot be read") from error
    if tokens:
        raise AssayError(f"the marker {marker!r} cannot be read")
    return holds


def _any(tokens: list[str], environment: Mapping[str, str]) -> bool:
    holds = _all(tokens, environment)
    while tokens and tokens[0] == "or":
        tokens.pop(0)
        holds = _all(tokens, environment) or holds
    return holds


def _all(tokens: list[str], environment: Mapping[str, str]) -> bool:
    holds = _one(tokens, environment)
    while tokens and tokens[0] == "and":
        tokens.pop(0)
        holds = _one(tokens, environment) and holds
    return holds


def _one(tokens: list[str], environment: Mapping[str, str]) -> bool:
    if tokens[0] == "(":
        tokens.pop(0)
        holds = _any(tokens, environment)
        if tokens.pop(0) != ")":
            raise ValueError
        return holds
    left, operator, right = tokens.pop(0), tokens.pop(0), tokens.pop(0)
    versions = any(word.startswith("python_") for word in (left, right))
    a, b = (_value(word, environment, version=versions) for word in (left, right))
    return _COMPARE[operator](a, b)


def _value(word: str, environment: Mapping[str, str], *, version: bool) -> object:
    text = word[1:-1] if word[0] in "'\"" else environment[word]
    return tuple(int(part) for part in text.split(".")) if version else text
