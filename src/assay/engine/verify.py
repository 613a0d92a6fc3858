"""``assay verify``: the chain, the facts, every verdict recomputed, the account, the sources."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.errors import SourceError, SourceVanishedError
from assay.core.medium import let_go
from assay.core.names import display
from assay.core.vocab import EntryKind
from assay.engine.feed import path_of
from assay.engine.rejudge import changes
from assay.engine.session import Session
from assay.engine.triage import stored_sources
from assay.store.check import check_case
from assay.store.coverage import coverage
from assay.store.records import EntryState

_PIECE = 4 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    part: str  # "custody", "facts", "verdicts", "account", "sources"
    text: str


def verify(session: Session, *, sources: bool = False) -> Iterator[Finding]:
    """Yield everything that does not agree; an intact case yields nothing."""
    for problem in check_case(session.case).problems:
        yield Finding("facts", f"{problem.where}: {problem.text}")
    for change in changes(session):
        yield Finding(
            "verdicts",
            f"{change.item} ({change.path}): the stored verdict does not follow from the facts",
        )
    for row in coverage(session.case.connection):
        if not row.adds_up:
            yield Finding("account", f"{row.source}: found and its classes do not add up")
    if sources:
        yield from _sources(session)


def _sources(session: Session) -> Iterator[Finding]:
    """Read every file again and compare its SHA-256 with the case."""
    try:
        opened = stored_sources(session)
    except SourceError as error:
        yield Finding("sources", error.message)
        return
    for source in opened:
        known = {
            entry.key: entry.sha256
            for entry in session.case.reader.entries(source.id)
            if entry.state is EntryState.DONE
        }
        try:
            for found in source.walk():
                if found.kind is not EntryKind.FILE or found.key not in known:
                    continue
                digest = _digest(source.open_entry(found))
                if digest != known.pop(found.key):
                    yield Finding(
                        "sources", f"{display(path_of(source, found))}: its content changed"
                    )
        except SourceVanishedError as error:
            yield Finding("sources", error.message)
            continue
        for key in known:
            yield Finding("sources", f"{source.uri}: {key!a} is no longer there")


def _digest(fd: int) -> str:
    try:
        digest = hashlib.sha256()
        while piece := os.read(fd, _PIECE):
            digest.update(piece)
        return digest.hexdigest()
    finally:
        let_go(fd)
