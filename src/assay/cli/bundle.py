"""``assay bundle``: one folder that installs Assay on a machine without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import options as opt

if TYPE_CHECKING:
    from assay.bundle.make import Bundle


def bundle(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder to make.", show_default=False)
    ],
    *,
    platform: Annotated[
        str | None,
        typer.Option(
            "--platform",
            help="linux-x86_64, linux-aarch64, macos-arm64, macos-x86_64 or windows-x86_64.",
            show_default="this machine's",
        ),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option("--python", help="3.11, 3.12 or 3.13.", show_default="the one that runs"),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="Take wheels from this folder; use no network."),
    ] = None,
    lock: Annotated[
        Path | None,
        typer.Option(
            "--lock", metavar="FILE", help="Pins with digests instead of the shipped ones."
        ),
    ] = None,
    with_trust: Annotated[
        bool, typer.Option("--with-trust", help="Also carry your own trust lists.")
    ] = False,
    json: opt.JsonOption = False,
) -> None:
    """Make a folder that installs Assay without a network: wheels, digests, licences, installers.

    The only command that uses the network: pip fetches the wheels, with pip's own settings.
    """
    from assay.bundle.make import Wanted, make
    from assay.bundle.target import target_of
    from assay.cli.output import emit, plain, stderr

    target = target_of(platform, python)
    parts = ("trust",) if with_trust else ()
    if not json:
        origin = f"from {source}" if source is not None else "fetched by pip"
        stderr.print(f"wheels for {target.words}, {origin}", markup=False)
    with stderr.status("") as status:

        def progress(done: int, total: int, name: str) -> None:
            status.update(f"{done} of {total} packages {name}" if name else "writing")

        made = make(output, Wanted(target, source, lock, parts), progress)
    if json:
        emit(
            {
                "folder": str(made.folder),
                "platform": target.platform.name,
                "python": target.python,
                "packages": len(made.packages),
                "bytes": made.size,
                "sums_sha256": made.sums_sha256,
                "left_out": list(made.left_out),
            }
        )
        return
    plain(_summary(made))


def _summary(made: Bundle) -> str:
    from assay.exports.sizes import readable_size

    lines = [
        f"{made.folder}: {len(made.packages)} packages, {readable_size(made.size)}",
        f"  SHA-256 of SHA256SUMS: {made.sums_sha256}",
        "  Write it down and compare it on the other machine; then: sh install.sh PLACE",
    ]
    lines += [
        f"  not in it: {name}, which is installed here; give pins that name it with --lock"
        for name in made.left_out
    ]
    return "\n".join(lines)
