"""An item's evidence on a terminal: what is said, where, how strong, and by which check."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from itertools import groupby, islice

from assay.cli.output import plain
from assay.core.jsonvalue import Json, canonical
from assay.core.names import display
from assay.core.vocab import Level
from assay.exports.provenance import QuietText
from assay.exports.record import first_path, in_stack, match_line
from assay.verdict.policy import Policy

_WIDTH = 300  # characters shown of a field of a list's record; --json has all of it
_QUIET = {"prompt", "negative_prompt", "literals"}  # stored, shown only on request
_COLUMNS = 100  # of a terminal
_TEXTS, _LONG = 60, 4000  # texts of records shown of an item, and characters of each


def show_record(
    record: Mapping[str, Json],
    policy: Policy,
    *,
    prompts: bool,
    texts: Iterable[QuietText] = (),
) -> None:
    """Print one documented record for a person; ``texts`` are those of its records, if asked."""
    lane = f"lane {record['lane']}" if record["lane"] else "inventory"
    band = f", band {record['band']}" if record["band"] else ""
    rank = f", rank {record['rank']}" if record["rank"] else ""
    plain(first_path(record))
    plain(f"  origin    {record['origin']}   {lane}{band}{rank}")
    plain(f"  content   {record['media_type']}, {record['size']} bytes")
    for name in ("sha256", "sha1", "md5"):
        plain(f"  {name:<9} {record[name]}")
    pdq = record["pdq"]
    if isinstance(pdq, Mapping):
        plain(f"  pdq       {pdq['hash']} (quality {pdq['quality']})")
    _moving(record)
    _stack(record)
    _reasons(record)
    _claims(record, policy)
    _table(record, "camera", prompts=prompts)
    _table(record, "generator", prompts=prompts)
    _table(record, "c2pa", prompts=prompts)
    _facts(record)
    if prompts:
        _quiet(texts)
    _matches(record)
    _list(record, "findings", "kind", "text")
    _list(record, "failures", "examiner", "reason", "stage", "detail")
    _list(record, "decisions", "actor", "category", "note", "at")
    _prior(record)
    plain("  places")
    for place in _rows(record["occurrences"]):
        plain(f"    {place['path']}")
        for stamp in _rows(place["times"]):
            plain(f"      {stamp['field']}: {stamp['utc'] or stamp['raw']} ({stamp['zone']})")
    plain("")


def _matches(record: Mapping[str, Json]) -> None:
    """Show the hits on known-hash lists, each with the whole record of its source."""
    matches = _rows(record["matches"])
    if matches:
        plain("  lists")
    for match in matches:
        plain(f"    {match_line(match)}")
        plain(f"      version {str(match['list_version'])[:12]}")
        said = match["record"]
        for name, value in said.items() if isinstance(said, Mapping) else ():
            plain(f"      {display(name)}: {display(_line(value))[:_WIDTH]}")


def _line(value: Json) -> str:
    return value if isinstance(value, str) else canonical(value).decode("ascii")


def _moving(record: Mapping[str, Json]) -> None:
    """Show the frames of a moving picture that were looked at."""
    frames = _rows(record["frames"])
    if not frames:
        return
    plain("  frames    only: motion and sound were not examined")
    for frame in frames:
        at = f"{float(str(frame['time'])):8.2f} s" if frame["time"] is not None else " " * 10
        pdq = frame["pdq"]
        found = f"{pdq['hash']} (quality {pdq['quality']})" if isinstance(pdq, Mapping) else "-"
        plain(f"    {frame['index']!s:>7} {at}  {found}")


def _stack(record: Mapping[str, Json]) -> None:
    """Show what stands with an item as near-duplicates, or what it stands with."""
    stack = record["stack"]
    if not isinstance(stack, Mapping):
        return
    if stack["head"] != record["sha256"]:
        plain(f"  stack     reviewed with {stack['head']}")
        return
    plain(f"  {in_stack(record)}")
    for member in _rows(stack["members"]):
        plain(f"    {member['distance']!s:>3} bits  {member['item']}")


def _prior(record: Mapping[str, Json]) -> None:
    """Show what prior cases found and decided; it moved nothing here."""
    met = _rows(record["prior"])
    if met:
        plain("  met before (shown, not applied)")
    for row in met:
        lane = f"lane {row['lane']}" if row["lane"] is not None else "inventory or not placed"
        more = f" and {int(str(row['places'])) - 1} more" if int(str(row["places"])) > 1 else ""
        plain(f"    {row['name']} ({row['case']}): {row['origin'] or 'not judged'}, {lane}")
        plain(f"      {row['path']}{more}")
        for d in _rows(row["decisions"]):
            said = (d["actor"], d["scheme"], d["category"], d["note"], d["at"])
            plain("      " + ", ".join(display(str(v)) for v in said if v not in (None, "")))


def _rows(value: Json) -> list[Mapping[str, Json]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _reasons(record: Mapping[str, Json]) -> None:
    plain("  why")
    for reason in _rows(record["reasons"]):
        if reason["code"] != "evidence":
            plain(f"    - {reason['text']}")


def _claims(record: Mapping[str, Json], policy: Policy) -> None:
    """Print the evidence table: one block for each level, its statements below it."""
    claims = _rows(record["claims"])
    if not claims:
        plain("  evidence  none: nothing in the file speaks about its origin")
        return
    plain("  evidence  strongest first; no error rate has been measured for any level")
    for name, group in groupby(claims, key=lambda claim: str(claim["level"])):
        level = policy.levels[Level(name)]
        told = level.words if name != Level.N else "the structure against the camera text"
        _wrapped(f"    {name:<3} ", told)
        for title, words in (("to forge", level.forge), ("to strengthen", level.strengthen)):
            if words:
                _wrapped(f"        {title}: ", words)
        for claim in group:
            _claim(claim)


def _claim(claim: Mapping[str, Json]) -> None:
    """Print one statement, and below it slot, place in the file and check."""
    tool = f" [{display(str(claim['tool']))}]" if claim["tool"] else ""
    _wrapped("        - ", display(str(claim["text"])) + tool)
    said = dict.fromkeys(str(claim[name]) for name in ("where", "locator") if claim[name])
    where = ", ".join(map(display, said))
    check = f"{claim['examiner']} {claim['version']}"
    _wrapped("          ", f"in {where}; {check}" if where else check)


def _wrapped(begin: str, text: str) -> None:
    """Print a text behind ``begin``, broken where a terminal of ``_COLUMNS`` ends."""
    wrap = textwrap.TextWrapper(
        _COLUMNS, initial_indent=begin, subsequent_indent=" " * 10, break_on_hyphens=False
    )
    for line in wrap.wrap(text):
        plain(line)


def _quiet(texts: Iterable[QuietText]) -> None:
    """Print the texts that stand in no item: a person asked for them."""
    shown = list(islice(texts, _TEXTS + 1))
    if shown:
        plain("  texts of records, as the file holds them")
    for row in shown[:_TEXTS]:
        _wrapped("    ", f"{row.what} in {display(row.where)}")
        text = "too long to be kept" if row.text is None else display(row.text)
        _wrapped("      ", text if len(text) <= _LONG else f"{text[:_LONG]}… ({len(text)} in all)")
    if len(shown) > _TEXTS:
        plain("    and more")


def _facts(record: Mapping[str, Json]) -> None:
    """Print what was seen beside the evidence, one line each; --json has every field."""
    trailer = record["trailer"]
    told = [(name, record[name]) for name in ("signature", "tables", "recompression")]
    lines = [(name, str(row["text"])) for name, row in told if isinstance(row, Mapping)]
    lines += [("watermark", str(row["text"])) for row in _rows(record["watermark"])]
    if isinstance(trailer, Mapping):
        what = f"{trailer['what']}, {trailer['bytes']} bytes, {trailer['locator']}"
        lines.append(("after the end", what))
    if lines:
        plain("  facts     beside the evidence")
    for name, text in lines:
        _wrapped(f"    {name}: ", display(text))


def _table(record: Mapping[str, Json], name: str, *, prompts: bool) -> None:
    value = record[name]
    if not isinstance(value, Mapping):
        return
    plain(f"  {name}")
    for key, entry in value.items():
        if entry in (None, "", [], {}):
            continue
        if key in _QUIET and not prompts:
            plain(f"    {key}: {len(str(entry))} characters, shown with --prompts")
        else:
            plain(f"    {key}: {display(_flat(entry))[:400]}")


def _flat(value: Json) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_flat(v)}" for k, v in value.items() if v is not None)
    if isinstance(value, list):
        return "; ".join(_flat(v) for v in value)
    return str(value)


def _list(record: Mapping[str, Json], name: str, *fields: str) -> None:
    rows = _rows(record[name])
    if rows:
        plain(f"  {name}")
    for row in rows:
        plain("    " + ", ".join(display(str(row[f])) for f in fields if row[f] not in (None, "")))
