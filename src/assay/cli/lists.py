"""``assay lists``: known-hash lists, and meeting files and hashes with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import options as opt
from assay.core.jsonvalue import Json

if TYPE_CHECKING:
    from assay.lists.library import Library
    from assay.lists.matching import Hit

app = typer.Typer(
    no_args_is_help=True, help="Known-hash lists: import, describe, match files and hashes."
)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the list.")]
_PDQ_DIGITS = 64


@app.command("add")
def add(
    name: NameArgument,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files of the list.")],
    *,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", help="vics, nsrl, ncmec, csv or plain.", show_default="by content"
        ),
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="Column profile of a CSV file.")
    ] = None,
    json: opt.JsonOption = False,
) -> None:
    """Import files into a list, which is made by its first one. The format shows in the content.

    A record that cannot be read is put into the quarantine and counted; it ends nothing. Exit 3
    where there was one.
    """
    from assay.cli.output import emit, plain
    from assay.lists import changing, library
    from assay.trust.lists import home

    options = {
        key: value for key, value in (("format", form), ("profile", profile)) if value is not None
    }
    refused = 0
    for path in files:
        summary = changing.add(library.folder_of(home(), name), path, options)
        row = summary.to_json()
        refused += summary.refused.total()
        if json:
            emit({"list": name, **row})
        else:
            plain(f"{path.name}: {_counts(row)}")
            for reason, count in summary.refused.most_common(5):
                plain(f"  {count} refused: {reason}")
    raise typer.Exit(3 if refused else 0)


# ``update`` reads as what people do each week; both continue a list with newer files.
app.command("update", help="Import newer files into a list, as add does.")(add)


@app.command("ls")
def ls(*, json: opt.JsonOption = False) -> None:
    """List the lists: records, distance, owner, handling, version."""
    from assay.cli.output import emit_lines, plain
    from assay.lists import library
    from assay.trust.lists import home

    rows = library.ls(home())
    if json:
        emit_lines(row.to_json() for row in rows)
        return
    if not rows:
        plain("no list is installed: assay lists add NAME FILE…")
    for row in rows:
        found = row.properties
        plain(
            f"{found.name:<24} {row.manifest.live:>10} records  distance {found.distance:>2}  "
            f"{found.owner or 'no owner'}  {found.handling or 'no handling rule'}  "
            f"{row.manifest.version[:12]}"
        )


@app.command("show")
def show(name: NameArgument, *, json: opt.JsonOption = False) -> None:
    """Show what a list says about itself: owner, categories and their polarity, imports."""
    from assay.cli.output import emit, plain
    from assay.lists import library
    from assay.trust.lists import home

    row = library.show(home(), name).to_json()
    if json:
        emit(row)
        return
    for key, value in row.items():
        plain(f"{key:<14} {_shown(value)}")


@app.command("stats")
def stats(name: NameArgument, *, json: opt.JsonOption = False) -> None:
    """Read a whole list, check it, and count what its records say."""
    from assay.cli.output import emit, plain
    from assay.lists import library
    from assay.trust.lists import home

    row = library.stats(home(), name)
    if json:
        emit(row)
        return
    for key, value in row.items():
        plain(f"{key:<12} {_shown(value)}")


@app.command("quarantine")
def quarantine(name: NameArgument, *, json: opt.JsonOption = False) -> None:
    """List what was refused, with file, place and reason, and the hashes that match too much."""
    from assay.cli.output import emit_lines, plain
    from assay.lists import library
    from assay.trust.lists import home

    refused, held = library.quarantine(home(), name)
    for file, piece in refused:
        if json:
            emit_lines(
                [
                    {
                        "file": file,
                        "locator": piece.locator,
                        "reason": piece.reason,
                        "excerpt": piece.excerpt,
                    }
                ]
            )
        else:
            plain(f"{file} {piece.locator}: {piece.reason}")
    for one in held:
        if json:
            emit_lines([{"held": one.algorithm, "value": one.value, "reason": one.reason}])
        else:
            plain(f"held: {one.algorithm} {one.value}: {one.reason}")


@app.command("compact")
def compact(name: NameArgument, *, json: opt.JsonOption = False) -> None:
    """Write a list anew without repeats; damage is mended on the way where that can be done."""
    from assay.cli.output import emit, plain
    from assay.lists import changing, library
    from assay.trust.lists import home

    notes = changing.compact(library.require(home(), name))
    if json:
        emit({"list": name, "notes": list(notes)})
        return
    for note in notes or ["done"]:
        plain(note)


@app.command("rm")
def rm(
    name: NameArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: opt.JsonOption = False,
) -> None:
    """Remove a list for good. What cases recorded of it stays in them."""
    from assay.cli.output import emit, plain
    from assay.lists import changing, library
    from assay.trust.lists import home

    folder = library.require(home(), name)
    if not yes and not typer.confirm(f"Remove the list {name}?", default=False):
        raise typer.Exit(0)
    changing.remove(folder)
    emit({"removed": name}) if json else plain(f"{name} is removed")


@app.command("match")
def match(
    queries: Annotated[
        list[str] | None, typer.Argument(metavar="FILE|HASH…", help="Files, or hashes in hex.")
    ] = None,
    *,
    hashes: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A file with one hash a line.")
    ] = None,
    radius: Annotated[
        int | None,
        typer.Option("--radius", min=0, max=63, help="Bits, instead of each list's own distance."),
    ] = None,
    json: opt.JsonOption = False,
) -> None:
    """Look files or hashes up in every list: one line a match, none for a miss.

    32 digits are an MD5, 40 a SHA-1, 64 are looked up as SHA-256 and as PDQ. A digest that agrees
    while the size or another digest of the record differs is shown as a finding, not as a match.
    """
    from assay.cli.output import emit_lines, plain, stderr
    from assay.core.errors import UsageError
    from assay.lists.library import Library
    from assay.trust.lists import home

    given = [*(queries or []), *(_lines(hashes) if hashes is not None else [])]
    if not given:
        raise UsageError("nothing to look up", hint="name files or hashes, or give --from FILE")
    library = Library.open(home())
    for note in library.notes:
        stderr.print(note, markup=False)
    for query, found in _matches(library, given, radius):
        if json:
            emit_lines([{"query": query, **found.to_json()}])
        else:
            plain(_line(query, found))


def _matches(
    library: Library, given: Sequence[str], radius: int | None
) -> Iterator[tuple[str, Hit]]:
    """Yield every match of every query, in the order given."""
    import numpy as np

    from assay.core.errors import UsageError

    def near(digits: str, quality: int) -> list[Hit]:
        row = np.frombuffer(bytes.fromhex(digits), np.uint8)[None, :]
        return library.match_pdq(row, np.array([quality]), radius=radius)[0]

    for query in given:
        digits = query.strip().lower()
        if not set(digits) - set("0123456789abcdef") and len(digits) in (32, 40, 64):
            known = {len(digits): digits}
            hits = library.match_exact(known.get(32, ""), known.get(40, ""), known.get(64, ""))
            if len(digits) == _PDQ_DIGITS:
                hits += near(digits, -1)
            yield from ((query, hit) for hit in hits)
        elif Path(query).is_file():
            yield from _of_file(library, Path(query), near)
        else:
            raise UsageError(
                f"{query!r} is neither a file nor a hash",
                hint="hashes are 32, 40 or 64 hexadecimal digits",
            )


def _of_file(
    library: Library, path: Path, near: Callable[[str, int], list[Hit]]
) -> Iterator[tuple[str, Hit]]:
    from assay.cli.output import stderr
    from assay.engine.hashing import hash_paths

    for row in hash_paths([path]):
        if row.error:
            stderr.print(f"{row.path}: {row.error}", markup=False)
            continue
        size = path.stat().st_size
        hits = library.match_exact(row.md5, row.sha1, row.sha256, size)
        if row.pdq is not None:
            hits += near(*row.pdq)
        yield from ((row.path, hit) for hit in hits)


def _line(query: str, hit: Hit) -> str:
    what = "finding" if hit.finding else hit.polarity.value
    known = {True: ", identified", False: ", not identified", None: ""}[hit.entry.identified]
    differs = f"; differs: {', '.join(hit.differs)}" if hit.differs else ""
    category = f" category {hit.entry.category}" if hit.entry.category is not None else ""
    return (
        f"{query}: {hit.list} {hit.entry.id} by {hit.algorithm}, distance {hit.distance} of "
        f"{hit.threshold}, {what}{category}{known}{differs}"
    )


def _lines(path: Path) -> list[str]:
    from assay.core.errors import UsageError

    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="give a readable file") from None
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _counts(row: Mapping[str, Json]) -> str:
    if row.get("unchanged"):
        return "imported before; nothing to do"
    words = [
        f"{value} {key.replace('_', ' ')}"
        for key, value in row.items()
        if isinstance(value, int) and value
    ]
    return ", ".join(words) or "nothing in it"


def _shown(value: Json) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(part)}" for key, part in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(map(_shown, value)) or "none"
    return "not stated" if value in (None, "") else str(value)
