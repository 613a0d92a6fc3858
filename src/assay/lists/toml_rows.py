"""Changing single rows of a TOML text that people edit: every other line stays as it is.

Knows tables written under a ``[header]`` and rows of one line or several. What it cannot place it
does not touch: whoever calls it reads the result again and sees whether it says what was meant.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
Path = tuple[str, ...]  # of a table: () is the top


@dataclass(frozen=True, slots=True)
class _Statement:
    """A row, a header, or a line that says nothing."""

    start: int  # first line
    end: int  # behind the last
    table: Path  # the one it stands in; of a header the one that it opens
    said: dict[str, Any]
    is_header: bool


def with_row(text: str, table: Path, name: str, value: str) -> str:
    """Return the text with one row of a table set; ``value`` is TOML.

    A comment behind a row of one line stays. A row that was not there comes last in its table, a
    table that was not there last in the text. Raises ValueError where the text is no TOML.
    """
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    row = f"{key(name)} = {value}"
    after = -1  # line behind the last row of the table
    for each in _statements(lines):
        if each.table != table:
            continue
        if not each.is_header and list(each.said) == [name]:
            return "".join((*lines[: each.start], row, _comment(lines, each), *lines[each.end :]))
        if each.said or each.is_header:
            after = each.end
    if after < 0 and table:
        header = ".".join(map(key, table))
        gap = "\n" if lines else ""
        return "".join((*lines, f"{gap}[{header}]\n{row}\n"))
    at = after if after >= 0 else _preface(lines)
    return "".join((*lines[:at], row, "\n", *lines[at:]))


def key(text: str) -> str:
    """Write a name as TOML."""
    return text if _BARE.fullmatch(text) else string(text)


def string(text: str) -> str:
    """Write a TOML string; what UTF-8 cannot hold becomes a question mark."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


def _statements(lines: list[str]) -> Iterator[_Statement]:
    table: Path = ()
    at = 0
    while at < len(lines):
        end, said = _read(lines, at)
        is_header = lines[at].lstrip().startswith("[")
        if is_header:
            table = _path(said)
        yield _Statement(at, end, table, said, is_header)
        at = end


def _read(lines: list[str], at: int) -> tuple[int, dict[str, Any]]:
    """Return the end of the statement that begins here, and what it says."""
    for end in range(at + 1, len(lines) + 1):
        try:
            return end, tomllib.loads("".join(lines[at:end]))
        except tomllib.TOMLDecodeError:
            continue
    raise ValueError(f"line {at + 1} is no TOML")


def _path(said: dict[str, Any]) -> Path:
    """Return the table that a header opens; one of an array is none of ours."""
    names: list[str] = []
    inner: Any = said
    while isinstance(inner, dict) and inner:
        ((name, inner),) = inner.items()
        names.append(name)
    return tuple(names) if isinstance(inner, dict) else ("", *names)


def _comment(lines: list[str], row: _Statement) -> str:
    """Return what stands behind the value of a row of one line, with the line's end."""
    line = lines[row.start]
    if row.end == row.start + 1:
        for found in re.finditer("[ \t]*#", line):
            try:
                if tomllib.loads(line[: found.start()]) == row.said:
                    return line[found.start() :]
            except tomllib.TOMLDecodeError:
                continue
    return "\n"


def _preface(lines: list[str]) -> int:
    """Return the line behind the comment with which a text begins."""
    at = 0
    while at < len(lines) and lines[at].lstrip().startswith("#"):
        at += 1
    return at
