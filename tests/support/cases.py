"""Small cases on disk with real SQLite files, for tests of the store and of what reads it."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from assay.core.facts import (
    Failure,
    Item,
    Match,
    Observation,
    Occurrence,
    Placement,
    Reason,
    Sha256,
    Source,
    SourceId,
    Stamp,
    Verdict,
)
from assay.core.vocab import (
    Band,
    EntryKind,
    FailureReason,
    Lane,
    Level,
    ListPolarity,
    Origin,
    Polarity,
)
from assay.store import schema
from assay.store.case import Case
from assay.store.pins import Pins, TrustPin

ACTOR = "A. Examiner"
SOURCE = SourceId("source-1")
BAD_NAME = "DCIM/\udcff\u202egpj.exe"  # an undecodable byte and a right-to-left override

PINS = Pins(
    case_id="case-1",
    created="2026-01-01T00:00:00Z",
    assay_version="0.1.0",
    policy_version="1",
    policy_digest="ab" * 32,
    evaluation_date="2026-01-01",
    timezone="Europe/Amsterdam",
    examiners={"exif": "1", "c2pa": "1"},
    configs={"c2pa": "0123456789abcdef"},
    trust=(TrustPin("agency", "signer", "cd" * 32, 2),),
    limits={"depth": 16},
    exclude=("*.\udcff", 'a "quoted" \\ name\n'),
)


def ticking(start: str = "2026-01-01T00:00:") -> Callable[[], str]:
    """Return a clock that moves one second at each look."""
    seconds = count()
    return lambda: f"{start}{next(seconds) % 60:02d}.000000Z"


def create(folder: Path) -> Case:
    return Case.create(
        folder, PINS, actor=ACTOR, settings={"c2pa": {"anchors": []}}, clock=ticking()
    )


def sha(n: int) -> Sha256:
    return Sha256(hashlib.sha256(b"%d" % n).hexdigest())


def source() -> Source:
    return Source(SOURCE, "folder", "/evidence/card", "2026-01-01T00:00:00Z", ACTOR)


def item(n: int) -> Item:
    data = b"%d" % n
    return Item(
        sha256=sha(n),
        md5=hashlib.md5(data).hexdigest(),
        sha1=hashlib.sha1(data).hexdigest(),
        size=n,
        media_type="image/jpeg",
    )


def place(n: int, *chain: str) -> Occurrence:
    return Occurrence(
        source=SOURCE,
        chain=chain or (f"DCIM/{n:04d}.jpg",),
        kind=EntryKind.FILE,
        sha256=sha(n),
        size=n,
        times=(Stamp("mtime", "1767225600.0", "UTC", "2026-01-01T00:00:00Z"),),
        mode=0o100644,
        inode="1:2",
        flags=("control_name",),
    )


def seen(n: int, kind: str = "camera") -> Observation:
    return Observation(
        item=sha(n),
        examiner="camera",
        version="1",
        kind=kind,
        value={"make": "Example", "text": "Make é \udcff", "gps": [52.0, -0.0], "n": n},
        level=Level.C2,
        polarity=Polarity.CAMERA,
        basis="EXIF 3.0",
        llr=-1.5,
        locator="bytes 20-1544",
    )


def failed(n: int, detail: str = "no \udcff text") -> Failure:
    return Failure(sha(n), "exif", "1", "examine", FailureReason.MALFORMED, detail)


def met(n: int, name: str = "known") -> Match:
    return Match(
        item=sha(n),
        list_id=name,
        entry="7 \udcff",
        algorithm="pdq",
        distance=12,
        threshold=31,
        list_version="ef" * 32,
        record={"Category": 1, "Series": "é \udcff", "Odd": [None, {"x": 1.5}]},
        edition="01" * 16,
        frame=3,
        value="ab" * 32,
        polarity=ListPolarity.POSITIVE,
        identified=False,
        differs=("size",),
        category="1",
        namespace="vics:US",
        more=2,
    )


def judged(n: int) -> Verdict:
    return Verdict(sha(n), Origin.CAMERA, None, (Reason("camera.c2", {"make": "Example"}),), "1")


def placed(n: int, lane: Lane | None = Lane.POSSIBLE_NEW_VICTIM) -> Placement:
    band = Band.A if lane is Lane.POSSIBLE_NEW_VICTIM else None
    return Placement(sha(n), lane, band, (1, -2.5, "DCIM/é"), (Reason("lane.rest"),))


def fill(case: Case, first: int = 1, items: int = 3) -> None:
    """Add items with all kinds of facts, in one transaction."""
    numbers = range(first, first + items)
    with case.transaction(ACTOR, "batch.examined", "source-1") as tx:
        tx.add_source(source())
        tx.add_items(map(item, numbers))
        tx.add_occurrences(map(place, numbers))
        tx.add_observations(seen(n, kind) for n in numbers for kind in ("camera", "exif"))
        tx.add_matches(met(n) for n in numbers)
        tx.add_failures(map(failed, numbers))
        tx.put_verdicts(map(judged, numbers))
        tx.put_placements(map(placed, numbers))
        tx.add_decision(sha(first), scheme="neutral", category="category 1", seen=("lane.rest",))


@contextmanager
def tampering(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open a closed case's database as somebody else would, past the append-only triggers."""
    database = sqlite3.connect(os.fspath(folder / "case.db"))
    saved = database.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name in schema.TRIGGERS:
        database.execute(f"DROP TRIGGER {name}")
    yield database
    for (sql,) in saved:
        database.execute(sql)
    database.commit()
    database.close()
