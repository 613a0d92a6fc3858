"""The command line inside the test's own process: the same words, output and exit codes, faster."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

from assay.cli.main import main
from tests.support.command import Ran


def assay_here(*words: str | os.PathLike[str]) -> Ran:
    """Run a command that needs no worker and no other process to its end."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        patch.object(sys, "argv", ["assay", *map(os.fspath, words)]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Ran(code, out.getvalue(), err.getvalue())


def items_here(case: Path) -> list[dict[str, Any]]:
    """Return the records of a case in the order of work, the inventory last."""
    done = assay_here("queue", "--case", case, "--json")
    assert done.code == 0, done.err
    return done.rows


def by_path_here(case: Path) -> dict[str, dict[str, Any]]:
    """Return the records by every path where each was found."""
    return {place["path"]: row for row in items_here(case) for place in row["occurrences"]}


def events_here(case: Path) -> list[dict[str, Any]]:
    """Return the custody events of a case."""
    out = case.parent / "custody-test.jsonl"
    done = assay_here("export", "custody", "--case", case, "-o", out)
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    out.unlink()
    return rows
