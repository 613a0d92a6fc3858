"""Facts to rows and back, in the order of the columns of ``store.schema``. Runs no SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from assay.core.facts import (
    Decision,
    Failure,
    Item,
    Match,
    Neighbours,
    Observation,
    ObservationId,
    Occurrence,
    Placement,
    Reason,
    Sha256,
    Source,
    SourceId,
    Stacked,
    Stamp,
    Verdict,
)
from assay.core.jsonvalue import Json
from assay.core.names import display, join_chain
from assay.core.vocab import (
    Allocation,
    Band,
    EntryKind,
    FailureReason,
    Lane,
    Level,
    ListPolarity,
    Origin,
    Polarity,
    Role,
    SealLevel,
)
from assay.store.contents import (
    decision_content,
    failure_content,
    item_content,
    match_content,
    occurrence_content,
    occurrence_id,
    relocation_content,
    short_digest,
    source_content,
    times_content,
)
from assay.store.records import (
    Entry,
    EntryState,
    Found,
    Hash,
    LedgerRow,
    LedgerState,
    Relocation,
    Trace,
)
from assay.store.sortable import sortable, unsorted_key
from assay.store.values import Bound, dump, integer, measured, number, real, string, text

Row = Sequence[Any]  # one row as the driver gives it


def source_row(source: Source, seq: int) -> tuple[Bound, ...]:
    return (
        source.id,
        text(source.kind),
        text(source.uri),
        text(source.opened_at),
        text(source.operator),
        int(source.read_only),
        text(source.note),
        short_digest(source_content(source)),
        seq,
    )


def relocation_row(relocation: Relocation, seq: int) -> tuple[Bound, ...]:
    return (
        short_digest(relocation_content(relocation)),
        relocation.source,
        dump(relocation.path),
        text(relocation.at),
        dump(relocation.proof),
        seq,
    )


def entry_row(entry: Entry, seq: int) -> tuple[Bound, ...]:
    return (
        entry.source,
        entry_key(entry.key),
        display(entry.key),
        entry.kind.value,
        entry.state.value,
        number(entry.size),
        number(entry.mtime_ns),
        text(entry.inode),
        number(entry.mode),
        entry.sha256,
        text(entry.detail),
        entry.plan,
        seq,
    )


def entry_key(key: str) -> str:
    """Return the stored form of a path inside a source."""
    return dump(key)


def item_row(item: Item, seq: int) -> tuple[Bound, ...]:
    return (
        item.sha256,
        item.md5,
        item.sha1,
        number(item.size),
        text(item.media_type),
        item.parent,
        short_digest(item_content(item)),
        seq,
    )


def occurrence_row(found: Found, seq: int) -> tuple[Bound, ...]:
    o = found.occurrence
    return (
        occurrence_id(o),
        o.source,
        dump(list(o.chain)),
        join_chain(o.chain),
        o.kind.value,
        o.sha256,
        found.container,
        number(o.size),
        dump(times_content(o.times)),
        number(o.mode),
        o.state.value,
        text(o.inode),
        dump(list(o.flags)),
        o.role.value,
        short_digest(occurrence_content(found)),
        seq,
    )


def observation_row(o: Observation, oid: ObservationId, seq: int) -> tuple[Bound, ...]:
    return (
        o.item,
        oid,
        text(o.examiner),
        text(o.version),
        text(o.kind),
        dump(o.value),
        o.level.value,
        o.polarity.value,
        text(o.basis),
        text(o.config),
        real(o.llr),
        text(o.locator),
        text(o.model),
        o.seal.value,
        seq,
    )


def failure_row(failure: Failure, seq: int) -> tuple[Bound, ...]:
    return (
        failure.item,
        text(failure.examiner),
        text(failure.version),
        text(failure.config),
        text(failure.stage),
        failure.reason.value,
        text(failure.detail),
        number(failure.attempts),
        short_digest(failure_content(failure)),
        seq,
    )


def match_row(match: Match, seq: int) -> tuple[Bound, ...]:
    return (
        match.item,
        short_digest(match_content(match)),
        text(match.list_id),
        text(match.list_version),
        match.edition,
        text(match.entry),
        text(match.algorithm),
        number(match.distance),
        number(match.threshold),
        number(match.frame),
        match.value,
        match.polarity.value,
        _truth(match.identified),
        _truth(match.distributed),
        int(match.disputed),
        dump(list(match.differs)),
        text(match.unread),
        None if match.category is None else text(match.category),
        text(match.namespace),
        number(match.more),
        dump(match.record),
        text(match.variant),
        seq,
    )


def ledger_row(row: LedgerRow, seq: int) -> tuple[Bound, ...]:
    return (
        row.item,
        text(row.examiner),
        text(row.version),
        text(row.config),
        row.state.value,
        seq,
    )


def verdict_row(verdict: Verdict, seq: int) -> tuple[Bound, ...]:
    return (
        verdict.item,
        verdict.origin.value,
        verdict.score,
        _reasons(verdict.reasons),
        text(verdict.policy),
        seq,
    )


def placement_row(placement: Placement, seq: int) -> tuple[Bound, ...]:
    return (
        placement.item,
        None if placement.lane is None else int(placement.lane),
        None if placement.band is None else placement.band.value,
        sortable(placement.key),
        _reasons(placement.reasons),
        placement.shown_with,
        placement.stack,
        seq,
    )


def decision_row(decision: Decision, seq: int) -> tuple[Bound, ...]:
    """Return the columns after ``id``, which the database gives."""
    return (
        decision.item,
        text(decision.actor),
        text(decision.scheme),
        None if decision.category is None else text(decision.category),
        text(decision.note),
        text(decision.at),
        int(decision.undone),
        dump(list(decision.seen)),
        short_digest(decision_content(decision)),
        seq,
    )


def source_from(row: Row) -> Source:
    sid, kind, uri, opened_at, operator, read_only, note = row[:7]
    return Source(
        id=SourceId(sid),
        kind=string(kind),
        uri=string(uri),
        opened_at=string(opened_at),
        operator=string(operator),
        read_only=bool(read_only),
        note=string(note),
    )


def relocation_from(row: Row) -> Relocation:
    _digest, source, path, at, proof = row[:5]
    return Relocation(SourceId(source), json.loads(path), string(at), json.loads(proof))


def entry_from(row: Row) -> Entry:
    source, key, _path, kind, state, size, mtime_ns, inode, mode, sha256, detail, plan = row[:12]
    return Entry(
        source=SourceId(source),
        key=json.loads(key),
        kind=EntryKind(kind),
        state=EntryState(state),
        size=integer(size),
        mtime_ns=integer(mtime_ns),
        inode=string(inode),
        mode=integer(mode),
        sha256=Sha256(sha256) if sha256 else None,
        detail=string(detail),
        plan=plan,
    )


def item_from(row: Row) -> Item:
    sha256, md5, sha1, size, media_type, parent = row[:6]
    return Item(
        sha256=Sha256(sha256),
        md5=md5,
        sha1=sha1,
        size=integer(size) or 0,
        media_type=string(media_type),
        parent=Sha256(parent) if parent else None,
    )


def occurrence_from(row: Row) -> Found:
    _id, source, chain, _path, kind, sha256, container, size, times, mode, state = row[:11]
    inode, flags, role = row[11:14]
    occurrence = Occurrence(
        source=SourceId(source),
        chain=tuple(json.loads(chain)),
        kind=EntryKind(kind),
        sha256=Sha256(sha256) if sha256 else None,
        size=integer(size),
        times=tuple(Stamp(*stamp) for stamp in json.loads(times)),
        mode=integer(mode),
        state=Allocation(state),
        inode=string(inode),
        flags=tuple(json.loads(flags)),
        role=Role(role),
    )
    return Found(occurrence, Sha256(container) if container else None)


def observation_from(row: Row) -> Observation:
    item, _id, examiner, version, kind, value, level, polarity, basis, config, llr = row[:11]
    locator, model, seal = row[11:14]
    return Observation(
        item=Sha256(item),
        examiner=string(examiner),
        version=string(version),
        kind=string(kind),
        value=cast(Mapping[str, Json], json.loads(value)),
        level=Level(level),
        polarity=Polarity(polarity),
        basis=string(basis),
        config=string(config),
        llr=measured(llr),
        locator=string(locator),
        model=string(model),
        seal=SealLevel(seal),
    )


def failure_from(row: Row) -> Failure:
    item, examiner, version, config, stage, reason, detail, attempts = row[:8]
    return Failure(
        item=Sha256(item),
        examiner=string(examiner),
        version=string(version),
        stage=string(stage),
        reason=FailureReason(reason),
        detail=string(detail),
        attempts=integer(attempts) or 0,
        config=string(config),
    )


def match_from(row: Row) -> Match:
    item, _digest, name, version, edition, entry, algorithm, distance, threshold = row[:9]
    frame, value, polarity, identified, distributed, disputed, differs, unread = row[9:17]
    category, namespace, more, record, variant = row[17:22]
    return Match(
        item=Sha256(item),
        list_id=string(name),
        entry=string(entry),
        algorithm=string(algorithm),
        distance=integer(distance) or 0,
        threshold=integer(threshold) or 0,
        list_version=string(version),
        record=cast(Mapping[str, Json], json.loads(record)),
        edition=string(edition),
        frame=int(frame),
        value=string(value),
        polarity=ListPolarity(polarity),
        identified=None if identified is None else bool(identified),
        distributed=None if distributed is None else bool(distributed),
        disputed=bool(disputed),
        differs=tuple(json.loads(differs)),
        unread=string(unread),
        category=None if category is None else string(category),
        namespace=string(namespace),
        more=integer(more) or 0,
        variant=string(variant),
    )


def ledger_from(row: Row) -> LedgerRow:
    item, examiner, version, config, state = row[:5]
    return LedgerRow(
        Sha256(item), string(examiner), string(version), string(config), LedgerState(state)
    )


def verdict_from(row: Row) -> Verdict:
    item, origin, score, reasons, policy = row[:5]
    return Verdict(Sha256(item), Origin(origin), score, _reasons_from(reasons), string(policy))


def placement_from(row: Row) -> Placement:
    item, lane, band, sort, reasons, shown_with, stack = row[:7]
    return Placement(
        item=Sha256(item),
        lane=None if lane is None else Lane(lane),
        band=None if band is None else Band(band),
        key=unsorted_key(sort),
        reasons=_reasons_from(reasons),
        shown_with=Sha256(shown_with) if shown_with else None,
        stack=Sha256(stack) if stack else None,
    )


def trace_from(row: Row) -> Trace:
    item, original, distance = row[:3]
    return Trace(Sha256(item), Sha256(original) if original else None, distance)


def hash_row(h: Hash, seq: int) -> tuple[Bound, ...]:
    return (h.item, h.frame, h.rendering, h.hash, h.quality, h.pixels, h.turned, seq)


def neighbours_row(n: Neighbours, seq: int) -> tuple[Bound, ...]:
    return (n.item, n.camera, n.camera_distance, n.possible, n.possible_distance, seq)


def neighbours_from(row: Row) -> Neighbours:
    item, camera, camera_distance, possible, possible_distance = row[:5]
    return Neighbours(
        Sha256(item),
        Sha256(camera) if camera else None,
        camera_distance,
        Sha256(possible) if possible else None,
        possible_distance,
    )


def stacked_from(row: Row) -> Stacked:
    item, head, distance = row[:3]
    return Stacked(Sha256(item), Sha256(head), distance)


def decision_from(row: Row) -> Decision:
    _id, item, actor, scheme, category, note, at, undone, seen = row[:9]
    return Decision(
        item=Sha256(item),
        actor=string(actor),
        scheme=string(scheme),
        category=None if category is None else string(category),
        note=string(note),
        at=string(at),
        undone=bool(undone),
        seen=tuple(json.loads(seen)),
    )


def _truth(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _reasons(reasons: Sequence[Reason]) -> str:
    return dump([[r.code, r.params, r.observation] for r in reasons])


def _reasons_from(stored: str) -> tuple[Reason, ...]:
    return tuple(Reason(code, params, seen) for code, params, seen in json.loads(stored))
