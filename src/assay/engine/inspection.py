"""Examine a few files without a case: the same workers, checks and policy, nothing kept."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.core.errors import SourceError
from assay.engine.ranking import in_order
from assay.engine.session import CaseOptions, Judged, create
from assay.engine.triage import add_sources, open_sources, run_case
from assay.sandbox.headstart import HeadStart
from assay.store import queries
from assay.verdict.policy import Policy


@dataclass(frozen=True, slots=True)
class Inspected:
    items: list[Judged]
    policy: Policy
    unread: list[str]


def inspect_files(
    files: Sequence[Path],
    options: CaseOptions,
    passwords: tuple[bytes, ...] = (),
    *,
    ahead: HeadStart | None = None,
) -> Inspected:
    """Examine files through a case in a private temporary folder, which is removed afterwards.

    Raises SourceError for a path that is missing or a folder.
    """
    for path in files:
        if path.is_dir():
            raise SourceError(f"{path}: is a folder", hint="assay triage works on folders")
    with (
        tempfile.TemporaryDirectory(prefix="assay-inspect-") as folder,
        create(Path(folder) / "case", options, "inspect") as session,
    ):
        sources = open_sources(session, files)
        add_sources(session, sources, "inspect")
        plan = session.plan(passwords=passwords)
        run_case(session, sources, plan, operator="inspect", ahead=ahead)
        shas = [sha for sha, _ in in_order(session.case.connection)]
        items = list(session.judged(shas))
        order = {source.id: number for number, source in enumerate(sources)}
        items.sort(
            key=lambda j: (
                order.get(j.bundle.occurrences[0].occurrence.source, 0),
                j.bundle.occurrences[0].occurrence.chain,
            )
        )
        return Inspected(items, session.policy, queries.unread(session.case.connection))
