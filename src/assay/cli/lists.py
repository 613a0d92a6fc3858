"""``assay lists``: known-hash lists, and meeting files and hashes with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli import lists_match
from assay.cli import options as opt
from assay.core.jsonvalue import Json
from assay.core.vocab import ListPolarity

if TYPE_CHECKING:
    from assay.lists.properties import Properties

app = typer.Typer(
    no_args_is_help=True, help="Known-hash lists: import, describe, match files and hashes."
)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the list.")]
_Owner = Annotated[str | None, typer.Option("--owner", help="Whose list it is.")]
_Handling = Annotated[
    str | None, typer.Option("--handling", help="How it may be passed on: a TLP word or free text.")
]
_Distance = Annotated[
    int | None,
    typer.Option("--distance", min=0, max=63, help="Bits: how near a PDQ hash must lie."),
]
_From = Annotated[
    str | None,
    typer.Option("--valid-from", metavar="YYYY-MM-DD", help="First day on which it is in force."),
]
_Until = Annotated[
    str | None,
    typer.Option("--valid-until", metavar="YYYY-MM-DD", help="Last day; empty = no bound."),
]
_Notes = Annotated[str | None, typer.Option("--notes", help="For people.")]
_Polarity = Annotated[
    ListPolarity | None,
    typer.Option(
        "--polarity",
        help="What its records mean, where list.toml has no row for their category.",
        show_default=False,
    ),
]


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
    owner: _Owner = None,
    handling: _Handling = None,
    distance: _Distance = None,
    valid_from: _From = None,
    valid_until: _Until = None,
    notes: _Notes = None,
    polarity: _Polarity = None,
    json: opt.JsonOption = False,
) -> None:
    """Import files into a list, which is made by its first one. The format shows in the content.

    A record that cannot be read is put into the quarantine and counted; it ends nothing. Exit 3
    where there was one. The other options say what the list is, as assay lists set does.
    """
    from assay.cli.output import emit, plain
    from assay.lists import changing, library
    from assay.trust.lists import home

    options = {
        key: value for key, value in (("format", form), ("profile", profile)) if value is not None
    }
    folder = library.folder_of(home(), name)
    changes = _changes(owner, handling, distance, valid_from, valid_until, notes)
    changing.with_changes(folder, changes)  # a wrong value is told before anything is imported
    refused = 0
    for path in files:
        summary = changing.add(folder, path, options)
        row = summary.to_json()
        refused += summary.refused.total()
        if json:
            emit({"list": name, **row})
            continue
        plain(f"{path.name}: {_counts(row)}")
        for reason, count in summary.refused.most_common(5):
            plain(f"  {count} refused: {reason}")
        if summary.new_codes:
            plain(f"  {summary.new_codes} categories place nothing until list.toml says what")
    if changes or polarity:
        found = changing.set_properties(folder, polarity=polarity, **changes)
        _tell_set(name, found, changes, polarity, json=json)
    raise typer.Exit(3 if refused else 0)


# ``update`` reads as what people do each week; both continue a list with newer files.
app.command("update", help="Import newer files into a list, as add does.")(add)


@app.command("set")
def set_(
    name: NameArgument,
    *,
    owner: _Owner = None,
    handling: _Handling = None,
    distance: _Distance = None,
    valid_from: _From = None,
    valid_until: _Until = None,
    notes: _Notes = None,
    polarity: _Polarity = None,
    json: opt.JsonOption = False,
) -> None:
    """Say what a list is: these options change its list.toml, comments in it stay.

    --polarity writes a row "*" for every namespace that the list's imports used: it says what the
    records of plain lists and of tables without categories mean. Cases that were matched with the
    list are matched again with their next run.
    """
    from assay.core.errors import UsageError
    from assay.lists import changing, library
    from assay.trust.lists import home

    folder = library.require(home(), name)
    changes = _changes(owner, handling, distance, valid_from, valid_until, notes)
    if not changes and polarity is None:
        raise UsageError("nothing to set", hint="assay lists set --help names what can be set")
    found = changing.set_properties(folder, polarity=polarity, **changes)
    _tell_set(name, found, changes, polarity, json=json)


def _changes(
    owner: str | None,
    handling: str | None,
    distance: int | None,
    valid_from: str | None,
    valid_until: str | None,
    notes: str | None,
) -> dict[str, Any]:
    given = {
        "owner": owner,
        "handling": handling,
        "distance": distance,
        "valid_from": valid_from,
        "valid_until": valid_until,
        "notes": notes,
    }
    return {key: value for key, value in given.items() if value is not None}


def _tell_set(
    name: str,
    found: Properties,
    changes: Mapping[str, Json],
    polarity: ListPolarity | None,
    *,
    json: bool,
) -> None:
    from assay.cli.output import emit, plain

    said = {**changes, **({"polarity": polarity.value} if polarity else {})}
    own = found.own_rows(found.categories) if polarity else {}
    if json:
        emit({"list": name, "set": said, "own_rows": own})
        return
    for key, value in said.items():
        plain(f"{key:<14} {_shown(value)}")
    for namespace, codes in own.items():
        shown = ", ".join(codes[:10]) + (", …" if len(codes) > 10 else "")
        plain(f"  not for {namespace} {shown}: these categories have rows of their own")


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
            emit_lines(
                [
                    {
                        "held": one.algorithm,
                        "value": one.value,
                        "reason": one.reason,
                        "by": one.by,
                    }
                ]
            )
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


app.command("match")(lists_match.match)


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
