"""Facts as JSON between worker and coordinator. Worker output is untrusted: types are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.core.facts import Failure, Item, Observation, Occurrence, Sha256, SourceId, Stamp
from assay.core.jsonvalue import Json, JsonObject
from assay.core.vocab import Allocation, EntryKind, FailureReason, Level, Polarity, Role, SealLevel
from assay.store.records import Found

_HEX = frozenset("0123456789abcdef")


def observation_to_wire(o: Observation) -> JsonObject:
    return {
        "item": o.item,
        "examiner": o.examiner,
        "version": o.version,
        "kind": o.kind,
        "value": o.value,
        "level": o.level.value,
        "polarity": o.polarity.value,
        "basis": o.basis,
        "config": o.config,
        "llr": o.llr,
        "locator": o.locator,
        "model": o.model,
    }


def observation_from_wire(wire: Mapping[str, Json], seal: SealLevel) -> Observation:
    value = wire["value"]
    llr = wire["llr"]
    if not isinstance(value, Mapping) or not (llr is None or isinstance(llr, int | float)):
        raise ValueError("observation of a wrong shape")
    return Observation(
        item=Sha256(str(wire["item"])),
        examiner=str(wire["examiner"]),
        version=str(wire["version"]),
        kind=str(wire["kind"]),
        value=value,
        level=Level(str(wire["level"])),
        polarity=Polarity(str(wire["polarity"])),
        basis=str(wire["basis"]),
        config=str(wire["config"]),
        llr=llr,
        locator=str(wire["locator"]),
        model=str(wire["model"]),
        seal=seal,
    )


def failure_to_wire(f: Failure) -> JsonObject:
    return {
        "item": f.item,
        "examiner": f.examiner,
        "version": f.version,
        "stage": f.stage,
        "reason": f.reason.value,
        "detail": f.detail,
        "attempts": f.attempts,
        "config": f.config,
    }


def failure_from_wire(wire: Mapping[str, Json]) -> Failure:
    return Failure(
        item=Sha256(str(wire["item"])),
        examiner=str(wire["examiner"]),
        version=str(wire["version"]),
        stage=str(wire["stage"]),
        reason=FailureReason(str(wire["reason"])),
        detail=str(wire["detail"])[:2000],
        attempts=int(str(wire["attempts"])),
        config=str(wire["config"]),
    )


def item_from_wire(wire: Mapping[str, Json]) -> Item:
    parent = wire["parent"]
    return Item(
        sha256=Sha256(_digest(wire["sha256"], 64)),
        md5=_digest(wire["md5"], 32),
        sha1=_digest(wire["sha1"], 40),
        size=int(str(wire["size"])),
        media_type=str(wire["media_type"]),
        parent=Sha256(_digest(parent, 64)) if parent else None,
    )


def _digest(value: Json, digits: int) -> str:
    """Return a digest; anything else could be a path where a digest names a file."""
    if not isinstance(value, str) or len(value) != digits or not set(value) <= _HEX:
        raise ValueError("a digest was expected")
    return value


def stamps_to_wire(stamps: Sequence[Stamp]) -> list[Json]:
    return [[s.field, s.raw, s.zone, s.utc] for s in stamps]


def stamps_from_wire(wire: Json) -> tuple[Stamp, ...]:
    rows = wire if isinstance(wire, list) else []
    return tuple(
        Stamp(str(field), str(raw), str(zone), str(utc) if utc is not None else None)
        for field, raw, zone, utc in rows
    )


def occurrence_from_wire(wire: Mapping[str, Json], source: SourceId) -> Found:
    chain, flags = wire["chain"], wire["flags"]
    sha256, size, mode = wire["sha256"], wire["size"], wire["mode"]
    if not isinstance(chain, list) or not isinstance(flags, list):
        raise TypeError("occurrence of a wrong shape")
    occurrence = Occurrence(
        source=source,
        chain=tuple(str(part) for part in chain),
        kind=EntryKind(str(wire["kind"])),
        sha256=Sha256(str(sha256)) if sha256 else None,
        size=int(str(size)) if size is not None else None,
        times=stamps_from_wire(wire["times"]),
        mode=int(str(mode)) if mode is not None else None,
        state=Allocation(str(wire["state"])),
        inode=str(wire["inode"]),
        flags=tuple(str(flag) for flag in flags),
        role=Role(str(wire["role"])),
    )
    return Found(occurrence, Sha256(str(wire["container"])) if wire["container"] else None)
