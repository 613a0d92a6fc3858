"""The command line as a person runs it: a process of its own, with its output and exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "assay.cli.main")
# Commands start quickly only with compiled modules, which some environments never write.
_CACHE = {
    "PYTHONDONTWRITEBYTECODE": "",
    "PYTHONPYCACHEPREFIX": os.path.join(tempfile.gettempdir(), "assay-tests-pycache"),
}


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """Return stdout as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last(self) -> Any:
        return self.rows[-1]


def assay(*words: str | os.PathLike[str], env: Mapping[str, str] | None = None) -> Ran:
    """Run a command to its end; a test gives every path it needs."""
    done = subprocess.run(
        [*COMMAND, *map(os.fspath, words)],
        capture_output=True,
        timeout=300,
        check=False,
        env={**os.environ, **_CACHE, **(env or {})},
    )
    return Ran(
        done.returncode,
        done.stdout.decode("utf-8", "surrogateescape"),
        done.stderr.decode("utf-8", "replace"),
    )


def items(case: Path) -> list[dict[str, Any]]:
    """Return the records of a case in the order of work, the inventory last."""
    done = assay("queue", "--case", case, "--members", "--json")
    assert done.code == 0, done.err
    return done.rows


def by_path(case: Path) -> dict[str, dict[str, Any]]:
    """Return the records by every path where each was found."""
    return {place["path"]: row for row in items(case) for place in row["occurrences"]}


def events(case: Path) -> list[dict[str, Any]]:
    """Return the custody events of a case."""
    out = case / "exports" / "custody-test.jsonl"
    done = assay("export", "custody", "--case", case, "-o", out)
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    out.unlink()
    return rows
