"""Digests and PDQ of single files, by the same sealed workers and checks as a case."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assay.core.contract import Frame, Settings
from assay.core.jsonvalue import Json
from assay.core.names import display
from assay.engine.ahead import TASK
from assay.engine.plan import make_plan, seconds_for
from assay.engine.registry import installed
from assay.sandbox.headstart import HeadStart
from assay.sandbox.platform import WorkerLimits
from assay.sandbox.pool import Pool
from assay.sandbox.task import Asked, Died, Event, Finished, Message, OpenSource

_CHECKS = ("digest", "pdq")
_KINDS = ("pdq", "pdq_variant", "pdq_part")
_NO_DATE = "1970-01-01"  # neither check looks at a date


@dataclass(frozen=True, slots=True)
class Look:
    """One hash by which a file can be met: of its picture, a part, a rendering or a frame."""

    name: str  # "" = the picture as the lists were made; "panel 2", "frame 12, without bars"
    hash: bytes  # 32 bytes
    quality: int  # 0-100
    turned: bytes = b""  # 96 bytes: see media.pdq_turns; empty where not known


@dataclass(slots=True)
class Hashed:
    path: str  # display form
    md5: str = ""
    sha1: str = ""
    sha256: str = ""
    pdq: tuple[str, int] | None = None  # hash and quality; None where it is no still picture
    looks: list[Look] = field(default_factory=list)
    error: str = ""
    done: bool = field(default=False, repr=False)


def hash_paths(
    paths: Sequence[Path], *, workers: int = 1, ahead: HeadStart | None = None
) -> Iterator[Hashed]:
    """Yield one row per path in the given order; a file that cannot be read has ``error``."""
    examiners = [e for e in installed() if e.info.name in _CHECKS]
    plan = make_plan(examiners, Settings(evaluation_date=_NO_DATE))
    rows = [Hashed(display(os.fspath(path))) for path in paths]
    limits = WorkerLimits(seconds=seconds_for(0))
    count = workers or os.cpu_count() or 1
    with Pool(TASK, plan.to_wire(), workers=count, limits=limits, ahead=ahead) as pool:
        tickets: dict[int, Hashed] = {}
        following, told = 0, 0
        while told < len(rows):
            while following < len(rows) and pool.capacity() > 0:
                _submit(pool, paths[following], rows[following], tickets)
                following += 1
            for event in pool.poll(0.1):
                _take(pool, event, tickets)
            while told < len(rows) and rows[told].done:
                yield rows[told]
                told += 1


def _submit(pool: Pool, path: Path, row: Hashed, tickets: dict[int, Hashed]) -> None:
    try:
        request = {"chain": [path.name], "contents": "no"}
        tickets[pool.submit(request, OpenSource(path=os.fspath(path)))] = row
    except OSError as error:
        row.error, row.done = error.strerror or str(error), True


def _take(pool: Pool, event: Event, tickets: dict[int, Hashed]) -> None:
    row = tickets[event.ticket]
    if isinstance(event, Asked):
        pool.reply(event.ticket, {"run": list(_CHECKS)})
    elif isinstance(event, Message):
        _fill(row, event.body)
    elif isinstance(event, Died):
        row.error, row.done = f"{event.reason.value}: {event.detail}", True
    elif isinstance(event, Finished):
        row.done = True


def _fill(row: Hashed, body: Mapping[str, Json]) -> None:
    if body.get("op") == "unread":
        row.error = str(body.get("detail"))
    item, seen = body.get("item"), body.get("observations")
    if body.get("op") != "item" or not isinstance(item, Mapping) or not isinstance(seen, list):
        return
    row.md5, row.sha1, row.sha256 = str(item["md5"]), str(item["sha1"]), str(item["sha256"])
    for observation in seen:
        if isinstance(observation, Mapping) and observation["kind"] in _KINDS:
            look = _look(observation)
            row.looks.append(look)
            if not look.name:
                row.pdq = look.hash.hex(), look.quality


def _look(observation: Mapping[str, Json]) -> Look:
    value = observation["value"]
    assert isinstance(value, Mapping)
    frame = Frame.of(str(observation.get("locator", "")))
    names = (
        f"frame {frame.index}" if frame is not None else "",
        str(value.get("rendering", "")),
        str(value.get("part", "")),
    )
    return Look(
        name=", ".join(filter(None, names)),
        hash=bytes.fromhex(str(value["hash"])),
        quality=int(str(value["quality"])),
        turned=bytes.fromhex(str(value.get("turned", ""))),
    )
