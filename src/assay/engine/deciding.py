"""Decisions of people: checked against the scheme, stored, and the items placed anew."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assay.core.errors import UsageError
from assay.core.facts import Sha256
from assay.engine.rejudge import Change, apply
from assay.engine.session import Session
from assay.engine.stack_mark import stack_mark
from assay.store import queries


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants recorded about what they named."""

    item: str  # a digest, its beginning, or a path
    category: str | None = None
    note: str = ""
    undo: bool = field(default=False, kw_only=True)
    stack: str = field(default="", kw_only=True)  # the mark of the stack as it was shown


def wishes_from_csv(path: Path) -> list[Wish]:
    """Read a CSV with columns item, category and note; raises UsageError naming file and line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}", hint="give a readable CSV file in UTF-8") from None
    rows = csv.DictReader(text.splitlines())
    if not {"item", "category"} <= set(rows.fieldnames or ()):
        raise UsageError(
            f"{path}: line 1: columns item and category are needed",
            hint="its first line must name the columns: item,category,note",
        )
    wishes = []
    for row in rows:
        if not (row["item"] or "").strip():
            raise UsageError(f"{path}: line {rows.line_num}: no item is named")
        wishes.append(
            Wish(
                row["item"].strip(), (row["category"] or "").strip() or None, row.get("note") or ""
            )
        )
    return wishes


def whole_stack(session: Session, wish: Wish) -> list[Wish]:
    """Return the wish for every file of a stack, as ``show`` lists them; raises UsageError.

    A decision is only about members that were shown (DESIGN §5): the mark of the stack names
    exactly those.
    """
    head = _one(session, wish.item)
    placement = session.case.reader.placement(head)
    if placement is not None and placement.stack is not None:
        head = placement.stack
    members = [item for item, _ in queries.stacked_with(session.case.connection, [head])]
    if not members or stack_mark(head, members) != wish.stack:
        raise UsageError(
            f"{wish.item}: its stack holds other files than {wish.stack!r} stands for",
            hint=f"look at it again: assay show {head[:12]} --case {session.case.folder}",
        )
    return [replace(wish, item=item) for item in (head, *members)]


def record_decisions(session: Session, wishes: Sequence[Wish], operator: str) -> list[Change]:
    """Store decisions, notes and undos, all or none; returns what moved. Raises UsageError."""
    if not wishes:
        raise UsageError("nothing to decide", hint="name items, or give --csv FILE")
    scheme = next(iter(session.schemes.values()))
    wishes = [w for wish in wishes for w in (whole_stack(session, wish) if wish.stack else [wish])]
    resolved: list[tuple[Sha256, Wish]] = []
    for wish in wishes:
        if wish.category is None and not wish.note and not wish.undo:
            raise UsageError(f"{wish.item}: no category, note or undo", hint="give --category")
        resolved.append((_one(session, wish.item), wish))
    with session.case.transaction(operator, "decision.recorded", f"{len(resolved)} items") as tx:
        for sha, wish in resolved:
            category = scheme.category(wish.category).id if wish.category is not None else None
            verdict = session.case.reader.verdict(sha)
            codes = [r.code for r in verdict.reasons] if verdict is not None else []
            tx.add_decision(
                sha,
                scheme=scheme.name,
                category=None if wish.undo else category,
                note=wish.note,
                undone=wish.undo,
                seen=(*codes, *([f"stack {wish.stack}"] if wish.stack else [])),
            )
    return apply(session, list(dict.fromkeys(sha for sha, _ in resolved)), operator, "case.placed")


def _one(session: Session, text: str) -> Sha256:
    found = session.case.reader.resolve(text)
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"no item matches {text!r}", hint="see: assay queue")
    raise UsageError(f"{text!r} matches {len(found)} items", hint="give more digits of the SHA-256")
