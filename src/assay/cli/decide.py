"""``assay decide``: record what a person decided, here or in another tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import options as opt

if TYPE_CHECKING:
    from assay.engine.foreign import Options, Taken

_SHOWN = 20  # findings and moves printed; --json holds more


def decide(
    items: Annotated[
        list[str],
        typer.Argument(help="SHA-256 (or its beginning), MD5, SHA-1 or path; files with --from."),
    ] = [],  # noqa: B006 - Typer copies it
    *,
    case: opt.CaseOption,
    category: Annotated[
        str | None,
        typer.Option("--category", help="A category of the case's scheme, for example 1."),
    ] = None,
    stack: Annotated[
        str,
        typer.Option(
            "--stack", metavar="MARK", help="For every file of the stack that show lists."
        ),
    ] = "",
    note: Annotated[str, typer.Option("--note", help="A note, with or without a category.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take back your standing decision.")] = False,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", help="A CSV with columns item, category and, if wanted, note."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="vics", help="Take the categories of VICS files of another tool."
        ),
    ] = None,
    actor: Annotated[
        str, typer.Option("--actor", help="With --from: who decided, instead of the file's word.")
    ] = "",
    scheme: Annotated[
        Path | None,
        typer.Option("--scheme", help="With --from: a scheme file that becomes one of the case."),
    ] = None,
    namespace: Annotated[
        str,
        typer.Option("--namespace", help="With --from: whose categories VICS 1.x uses: vics:US."),
    ] = "",
    precategorized: Annotated[
        bool,
        typer.Option("--precategorized", help="With --from: also what a list categorised."),
    ] = False,
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Record a category, a note or an undo for items; actor and time go to the custody log.

    The lane of a category comes from the scheme (shipped: "neutral", categories 1 to 5). Where
    two people disagree, the lower lane number counts. A decision stands until its actor undoes it.

    --stack MARK decides on an item and every near-duplicate that "assay show" lists with it; where
    the stack holds other files by now, nothing is recorded.

    --from vics FILE… records what people decided in another tool as that tool's decisions. Exit 3
    where a record was broken, or agrees with an item in part only; such records are listed.
    """
    from assay.core.errors import UsageError
    from assay.engine.session import default_operator

    who = operator or default_operator()
    if source is None:
        if actor or scheme is not None or namespace or precategorized:
            raise UsageError(
                "--actor, --scheme, --namespace and --precategorized go with --from",
                hint="assay decide --from vics FILE --case DIR",
            )
        _decide(case, items, category, note, who, csv=csv, undo=undo, stack=stack, json=json)
        return
    if source != "vics":
        raise UsageError(f"--from {source!r} is not known", hint="known is: vics")
    if category is not None or note or undo or csv is not None or stack:
        raise UsageError(
            "--category, --stack, --note, --undo and --csv do not go with --from",
            hint="the files say the categories",
        )
    if not items:
        raise UsageError("no file to read", hint="assay decide --from vics FILE --case DIR")
    from assay.engine.foreign import Options

    options = Options(actor, namespace, scheme, precategorized)
    _take(case, [Path(item) for item in items], options, who, json=json)


def _decide(
    case: Path,
    items: list[str],
    category: str | None,
    note: str,
    who: str,
    *,
    csv: Path | None,
    undo: bool,
    stack: str,
    json: bool,
) -> None:
    from assay.cli.output import emit, plain
    from assay.core.errors import UsageError
    from assay.engine.deciding import Wish, record_decisions, wishes_from_csv
    from assay.engine.session import open_session

    if stack and len(items) != 1:
        raise UsageError("--stack is about one stack", hint="name one of its files")
    wishes = [Wish(item, category, note, undo=undo, stack=stack) for item in items]
    if csv is not None:
        wishes += wishes_from_csv(csv)
    with open_session(case, write=True) as session:
        changes = record_decisions(session, wishes, who)
        if json:
            emit(
                {
                    "decided": len(wishes),
                    "moved": [
                        {"item": c.item, "path": c.path, "lane": c.new.lane}
                        for c in changes
                        if c.moves
                    ],
                }
            )
        else:
            plain(f"{len(wishes)} recorded, {sum(c.moves for c in changes)} moved")
            for change in changes:
                if change.moves:
                    plain(f"  {_lane(change.new.lane)}  {change.path}")


def _take(case: Path, files: list[Path], options: Options, who: str, *, json: bool) -> None:
    from assay.cli.output import emit
    from assay.core.errors import ExitCode, UsageError
    from assay.engine.foreign import take
    from assay.engine.session import open_session

    for path in files:
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file", hint="give a VICS file")
    with open_session(case, write=True) as session:
        taken = take(session, files, options, who)
    if json:
        emit(_as_json(taken))
    else:
        _say(taken)
    partial = taken.refused.count or taken.differs.count
    raise typer.Exit(int(ExitCode.PARTIAL if partial else ExitCode.DONE))


def _as_json(taken: Taken) -> dict[str, object]:
    return {
        "files": [
            {"file": f.name, "sha256": f.sha256, "format": f.format, "scheme": f.scheme}
            for f in taken.files
        ],
        "decided": taken.recorded,
        **taken.counts(),
        "refused": taken.refused.count,
        "refused_named": taken.refused.first,
        "differs_named": taken.differs.first,
        "several": taken.several.count,
        "several_named": [
            {
                "item": one.item,
                "path": one.path,
                "actor": one.actor,
                "counts": one.counts,
                "said": [{"category": c, "at": at, "place": place} for c, at, place in one.said],
            }
            for one in taken.several.first
        ],
        "disagree": taken.disagree,
        "actors": dict(taken.actors),
        "unplaced": [
            {"scheme": scheme, "category": category, "decisions": count}
            for (scheme, category), count in sorted(taken.unplaced.items())
        ],
        "scheme_added": taken.added or None,
        "moves": taken.moves,
        "moved": [{"item": m.item, "path": m.path, "lane": m.new} for m in taken.moved],
    }


_WORDS = (
    ("already", "recorded before"),
    ("unchanged", "come back unchanged from this case"),
    ("older", "older than what the same actor decided since"),
    ("outdone", "outdone by a later one of the same actor"),
    ("repeated", "repeated"),
    ("uncategorised", "without a category"),
    ("listed", "categorised by a list, not a person (--precategorized takes them)"),
    ("unmet", "of contents that are not in this case"),
    ("differs", "agree with an item in part only"),
)


def _say(taken: Taken) -> None:
    from assay.cli.output import plain

    for file in taken.files:
        plain(f"{file.name}: {file.format}, categories of {file.scheme}")
    plain(f"{taken.records} records, {taken.recorded} recorded, {taken.moves} moved")
    counts = taken.counts()
    for name, words in _WORDS:
        if counts[name]:
            plain(f"  {counts[name]:>7} {words}")
    for who, count in taken.actors.items():
        plain(f"  by {who}: {count}")
    for move in taken.moved[:_SHOWN]:
        plain(f"  {_lane(move.new)}  {move.path}")
    _more(taken.moves, "moved")
    if taken.disagree:
        plain(f"  {taken.disagree} disagree with somebody else: the lower lane number counts")
    _say_schemes(taken)
    for one in taken.several.first[:_SHOWN]:
        listed = ", ".join(f"{category} ({at or 'no time'})" for category, at, _ in one.said)
        plain(f"  {one.path}: {listed} by {one.actor}: {one.counts} counts")
    _more(taken.several.count, "with several categories")
    for what, named in (("not decided", taken.differs), ("refused", taken.refused)):
        for row in named.first[:_SHOWN]:
            plain(f"  {what}: {row['file']} {row['place']}: {row['reason']}")
        _more(named.count, what)


def _say_schemes(taken: Taken) -> None:
    from assay.cli.output import plain

    if taken.added:
        plain(f"  the scheme {taken.added} is one of the case's now")
    for (scheme, category), count in sorted(taken.unplaced.items()):
        plain(
            f"  {count} of {scheme} category {category}: no scheme of the case says what it means"
        )
    for scheme in sorted({scheme for scheme, _ in taken.unplaced}):
        plain(f'  they place nothing; give a scheme with name = "{scheme}" by --scheme FILE')


def _more(count: int, what: str) -> None:
    from assay.cli.output import plain

    if count > _SHOWN:
        plain(f"  and {count - _SHOWN} more {what}: see --json")


def _lane(lane: int | None) -> str:
    return f"lane {int(lane)}" if lane else "inventory"
