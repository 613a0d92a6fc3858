"""How commands speak: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping

from rich.console import Console

from assay.core.jsonvalue import Json

stderr = Console(stderr=True, highlight=False, soft_wrap=True)
stdout = Console(highlight=False, soft_wrap=True)


def emit(value: Mapping[str, object] | list[object]) -> None:
    """Write one JSON value as a line of stdout."""
    print(json.dumps(value, ensure_ascii=True, default=str))


def emit_lines(rows: Iterable[Mapping[str, Json]]) -> None:
    """Write JSON Lines; nothing for no rows."""
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=True) + "\n")


def plain(text: str) -> None:
    """Write text to stdout as it is, without markup: names of files are hostile."""
    print(text)
