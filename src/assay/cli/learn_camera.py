"""``assay trust learn-camera``: teach Assay the JPEG tables of cameras at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as opt


def learn_camera(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder of pictures as the cameras wrote them.")
    ],
    *,
    json: opt.JsonOption = False,
) -> None:
    """Learn the JPEG tables of cameras from their own files, for new cases.

    They confirm where a picture comes from and are shown as a fact; they decide nothing. Kept are
    digests and counts. Cases that exist keep what they were made with.
    """
    from assay.engine.ahead import head_start

    with head_start() as ahead:
        from assay.cli.output import emit, plain
        from assay.core.names import display
        from assay.engine.cameras import keep
        from assay.engine.learning import learn

        table = learn(folder, ahead=ahead)
    keep(table)
    if json:
        emit(
            {
                "name": table.name,
                "files": table.files,
                "models": [row.to_json() for row in table.rows],
                "left_out": dict(table.left_out),
            }
        )
        return
    for row in table.rows:
        count = len(row.quantisation)
        plain(
            f"{display(f'{row.maker} {row.model}')}: {row.files} files, {count} quantisation tables"
        )
    for reason, number in table.left_out.items():
        plain(f"not learned from: {number} ({reason})")
