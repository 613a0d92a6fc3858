"""``assay lists match``: files and hashes meet every list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import options as opt

if TYPE_CHECKING:
    from assay.engine.hashing import Look
    from assay.lists.library import Library
    from assay.lists.matching import Hit
    from assay.lists.query import Query

_TOGETHER = 256  # hashes looked up at once


def match(
    queries: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE|HASH…", help="Files; hashes, bare or as ALGORITHM:VALUE."),
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

    A file is met by its digests, and by the PDQ of its picture as it is, mirrored and turned, of
    its parts and its frames; the variant says which. Of bare hashes 32 digits are an MD5, 40 a
    SHA-1, 64 are looked up as SHA-256 and as PDQ, 192 characters are PhotoDNA. A digest that agrees
    while the size or another digest of the record differs is a finding, not a match. Exit 3 where a
    file could not be read.
    """
    from assay.cli.output import emit_lines, plain, stderr
    from assay.core.errors import UsageError
    from assay.lists.library import Library
    from assay.trust.lists import home

    given = [*(queries or []), *(_lines(hashes) if hashes is not None else [])]
    if not given:
        raise UsageError("nothing to look up", hint="name files or hashes, or give --from FILE")
    asked = [_asked(text) for text in given]
    library = Library.open(home())
    for note in library.notes:
        stderr.print(note, markup=False)
    unread: list[str] = []
    for query, hit in _matches(library, asked, radius, unread):
        if json:
            emit_lines([{"query": query, **hit.to_json()}])
        else:
            plain(_line(query, hit))
    raise typer.Exit(3 if unread else 0)


def _asked(text: str) -> Query | Path:
    from assay.core.errors import UsageError
    from assay.lists import query

    if (found := query.parse(text)) is not None:
        return found
    if Path(text).is_file():
        return Path(text)
    raise UsageError(f"{text!r} is neither a file nor a hash", hint=f"hashes are {query.FORMS}")


def _matches(
    library: Library, asked: Sequence[Query | Path], radius: int | None, unread: list[str]
) -> Iterator[tuple[str, Hit]]:
    """Yield every match of every query, in the order given; add to ``unread`` what failed."""
    from assay.lists import query

    for is_path, group in groupby(asked, lambda each: isinstance(each, Path)):
        if is_path:
            yield from _of_files(library, [p for p in group if isinstance(p, Path)], radius, unread)
            continue
        given = [each for each in group if isinstance(each, query.Query)]
        for start in range(0, len(given), _TOGETHER):
            some = given[start : start + _TOGETHER]
            for one, hits in zip(some, query.ask(library, some, radius), strict=True):
                yield from ((one.text, hit) for hit in hits)


def _of_files(
    library: Library, paths: Sequence[Path], radius: int | None, unread: list[str]
) -> Iterator[tuple[str, Hit]]:
    from assay.cli.output import stderr
    from assay.engine.ahead import head_start
    from assay.engine.hashing import hash_paths

    with head_start() as ahead:
        for path, row in zip(paths, hash_paths(paths, ahead=ahead), strict=True):
            if row.error:
                unread.append(row.path)
                stderr.print(f"{row.path}: {row.error}", markup=False)
                continue
            hits = library.match_exact(row.md5, row.sha1, row.sha256, path.stat().st_size)
            hits += _near(library, row.looks, radius)
            yield from ((row.path, hit) for hit in hits)


def _near(library: Library, looks: Sequence[Look], radius: int | None) -> list[Hit]:
    """Return what is near any look of one file, by the look that is nearest."""
    import os

    import numpy as np

    from assay.engine.looks import expand, fold

    if not looks:
        return []
    hashes = np.frombuffer(b"".join(look.hash for look in looks), np.uint8).reshape(-1, 32)
    names = [look.name for look in looks]
    queries, owner, called = expand(hashes, [look.turned for look in looks], names)
    qualities = np.array([look.quality for look in looks])[owner]
    threads = os.cpu_count() or 1
    found = library.match_pdq(queries, qualities, radius=radius, threads=threads)
    (hits,) = fold(np.zeros(len(owner), np.int64), called, found, 1)
    return hits


def _line(query: str, hit: Hit) -> str:
    what = "finding" if hit.finding else hit.polarity.value
    known = {True: ", identified", False: ", not identified", None: ""}[hit.entry.identified]
    differs = f"; differs: {', '.join(hit.differs)}" if hit.differs else ""
    category = f" category {hit.entry.category}" if hit.entry.category is not None else ""
    variant = f" ({hit.variant})" if hit.variant else ""
    return (
        f"{query}{variant}: {hit.list} {hit.entry.id} by {hit.algorithm}, distance {hit.distance} "
        f"of {hit.threshold}, {what}{category}{known}{differs}"
    )


def _lines(path: Path) -> list[str]:
    from assay.core.errors import UsageError

    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="give a readable file") from None
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
