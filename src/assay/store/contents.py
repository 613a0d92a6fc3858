"""The content of each fact as JSON: what its id, its digest and the custody chain rest on.

Every field by its name in ``core.facts``; a third party can rebuild each from the row.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.core.facts import Decision, Failure, Item, Match, Occurrence, Source, Stamp
from assay.core.jsonvalue import Json, JsonObject, digest_of
from assay.store.records import Found, Relocation

DIGITS = 32  # hex digits of ids and row digests: 128 bits, as ``Observation.id``


def short_digest(value: Json) -> str:
    """Return the digest by which a fact is known in its row and in the custody chain."""
    return digest_of(value)[:DIGITS]


def source_content(source: Source) -> JsonObject:
    return {
        "id": source.id,
        "kind": source.kind,
        "uri": source.uri,
        "opened_at": source.opened_at,
        "operator": source.operator,
        "read_only": source.read_only,
        "note": source.note,
    }


def item_content(item: Item) -> JsonObject:
    return {
        "sha256": item.sha256,
        "md5": item.md5,
        "sha1": item.sha1,
        "size": item.size,
        "media_type": item.media_type,
        "parent": item.parent,
    }


def occurrence_content(found: Found) -> JsonObject:
    o = found.occurrence
    content: dict[str, Json] = {
        "source": o.source,
        "chain": list(o.chain),
        "kind": o.kind.value,
        "sha256": o.sha256,
        "container": found.container,
        "size": o.size,
        "times": times_content(o.times),
        "mode": o.mode,
        "state": o.state.value,
        "inode": o.inode,
        "flags": list(o.flags),
    }
    if o.role:  # left out where there is none, as in cases of schema 0001
        content["role"] = o.role.value
    return content


def occurrence_id(o: Occurrence) -> str:
    """Return the id of a place and what was there: other content later is another occurrence."""
    return short_digest([o.source, list(o.chain), o.kind.value, o.sha256])


def failure_content(failure: Failure) -> JsonObject:
    return {
        "item": failure.item,
        "examiner": failure.examiner,
        "version": failure.version,
        "config": failure.config,
        "stage": failure.stage,
        "reason": failure.reason.value,
        "detail": failure.detail,
        "attempts": failure.attempts,
    }


def match_content(match: Match) -> JsonObject:
    content: dict[str, Json] = {
        "item": match.item,
        "list": match.list_id,
        "list_version": match.list_version,
        "edition": match.edition,
        "entry": match.entry,
        "algorithm": match.algorithm,
        "distance": match.distance,
        "threshold": match.threshold,
        "frame": match.frame,
        "value": match.value,
        "polarity": match.polarity.value,
        "identified": match.identified,
        "distributed": match.distributed,
        "disputed": match.disputed,
        "differs": list(match.differs),
        "unread": match.unread,
        "category": match.category,
        "namespace": match.namespace,
        "more": match.more,
        "record": match.record,
    }
    if match.variant:  # left out where there is none, as in cases of schema 0003
        content["variant"] = match.variant
    return content


def decision_content(decision: Decision) -> JsonObject:
    return {
        "item": decision.item,
        "actor": decision.actor,
        "scheme": decision.scheme,
        "category": decision.category,
        "note": decision.note,
        "at": decision.at,
        "undone": decision.undone,
        "seen": list(decision.seen),
    }


def relocation_content(relocation: Relocation) -> JsonObject:
    return {
        "source": relocation.source,
        "path": relocation.path,
        "at": relocation.at,
        "proof": relocation.proof,
    }


def times_content(stamps: Sequence[Stamp]) -> list[Json]:
    return [[s.field, s.raw, s.zone, s.utc] for s in stamps]
