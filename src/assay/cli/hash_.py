"""``assay hash``: digests and perceptual hashes of files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import options as opt
from assay.core.jsonvalue import Json

if TYPE_CHECKING:
    from assay.sandbox.headstart import HeadStart


def hash_files(
    files: Annotated[list[Path], typer.Argument(help="Files to hash.")],
    *,
    workers: opt.WorkersOption = 1,
    json: opt.JsonOption = False,
) -> None:
    """Print MD5, SHA-1, SHA-256 and PDQ of files. --json gives JSON Lines."""
    from assay.engine.ahead import head_start

    with head_start() as ahead:
        _hash(files, workers, json=json, ahead=ahead)


def _hash(files: list[Path], workers: int, *, json: bool, ahead: HeadStart | None) -> None:
    from assay.cli.output import emit_lines, plain, stderr
    from assay.engine.hashing import hash_paths

    partial = False
    for row in hash_paths(files, workers=workers, ahead=ahead):
        if row.error:
            partial = True
            stderr.print(f"{row.path}: {row.error}", markup=False)
            continue
        if json:
            pdq: Json = {"hash": row.pdq[0], "quality": row.pdq[1]} if row.pdq else None
            emit_lines(
                [
                    {
                        "path": row.path,
                        "md5": row.md5,
                        "sha1": row.sha1,
                        "sha256": row.sha256,
                        "pdq": pdq,
                    }
                ]
            )
        else:
            shown = f"{row.pdq[0]} (quality {row.pdq[1]})" if row.pdq else "none: no picture"
            plain(row.path)
            plain(
                f"  md5    {row.md5}\n  sha1   {row.sha1}\n  sha256 {row.sha256}\n  pdq    {shown}"
            )
    raise typer.Exit(3 if partial else 0)
