"""Reads the names of a table's columns out of its CREATE TABLE statement, without running it.

Only names come out of it, for people to read; a statement that cannot be followed gives fewer
names and hides no value.
"""

from __future__ import annotations

import re

_MAX_SQL = 1 << 20  # characters of a statement that are read
_MAX_COLUMNS = 32_767  # the most that SQLite can be built for
_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|\Z)|\s+          # not part of the statement
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|'(?:[^']|'')*')
    |(?P<word>[^\s"'`\[\](),;]+)|(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})
Token = tuple[str, bool]  # text without its quotes, whether it was quoted


def column_names(sql: str) -> list[str]:
    """Return the names of stored columns in the order of their values in a record.

    Empty where the statement is no plain CREATE TABLE (``sqlite.org/lang_createtable.html``).
    """
    parts, tail = _parts(_tokens(sql[:_MAX_SQL]))
    names: list[str] = []
    key: list[str] = []
    for part in parts[:_MAX_COLUMNS]:
        if not part:
            continue
        name, quoted = part[0]
        words = _words(part)
        if not quoted and name.upper() in _CONSTRAINTS:
            if "PRIMARY" in words[:4]:
                key = _listed(part)
            continue
        if "AS" in words and "STORED" not in words:  # a virtual column takes no place
            continue
        names.append(name)
        if "PRIMARY" in words:
            key = [name]
    if "WITHOUT" in tail:  # the key stands first (fileformat2 §2.4)
        known = {name.lower(): name for name in names}
        first = [known[k.lower()] for k in dict.fromkeys(key) if k.lower() in known]
        names = [*first, *(name for name in names if name not in first)]
    return names


def _tokens(sql: str) -> list[Token]:
    found: list[Token] = []
    for match in _TOKEN.finditer(sql):
        quoted, plain = match["quoted"], match["word"] or match["mark"]
        if quoted:
            found.append((quoted[1:-1].replace(quoted[-1] * 2, quoted[-1]), True))
        elif plain and plain not in "\"'`[":
            found.append((plain, False))
    return found


def _parts(tokens: list[Token]) -> tuple[list[list[Token]], list[str]]:
    """Return what stands between the commas of the outer brackets, and the words behind them."""
    parts: list[list[Token]] = []
    depth = 0
    for number, token in enumerate(tokens):
        text = "" if token[1] else token[0]
        if depth == 0 and text.upper() == "AS":
            return [], []  # CREATE TABLE … AS SELECT is never stored so
        depth += {"(": 1, ")": -1}.get(text, 0)
        if depth == 1 and text in ("(", ","):
            parts.append([])
        elif depth == 0 and text == ")":
            return parts, [t.upper() for t, quoted in tokens[number + 1 :] if not quoted]
        elif depth >= 1:
            parts[-1].append(token)
    return parts, []


def _words(part: list[Token]) -> list[str]:
    """Return a definition's own words: those in brackets belong to an expression or a type."""
    words: list[str] = []
    depth = 0
    for text, quoted in part:
        mark = "" if quoted else text
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if depth == 0 and not quoted:
            words.append(text.upper())
    return words


def _listed(part: list[Token]) -> list[str]:
    """Return the names in the brackets of a table's PRIMARY KEY."""
    names: list[str] = []
    wanted = False
    for text, quoted in part:
        if not quoted and text in "(,":
            wanted = True
        elif not quoted and text == ")":
            break
        elif wanted:
            names.append(text)
            wanted = False
    return names
