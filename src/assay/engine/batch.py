"""Collects what workers send and commits it, with the verdicts it changes, in one transaction."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from assay.core.contract import Frame
from assay.core.facts import Failure, Item, Match, Observation, Sha256
from assay.core.jsonvalue import Json
from assay.engine import sidecars
from assay.engine.checks import Pinned
from assay.engine.judging import Judge, Ruling, put
from assay.engine.matching import Matcher, fall_behind
from assay.engine.neighbours import Neighbourhood
from assay.engine.progress import Progress
from assay.store.case import Case
from assay.store.records import Entry, Found, Hash, LedgerRow
from assay.store.writer import Transaction
from assay.verdict.decide import HASHES
from assay.verdict.policy import Policy

ACTION = "facts.added"
_PAGE = 500  # items judged at a time
_MOST_PIXELS = (1 << 63) - 1  # what a column holds; a header can claim more
_HASH = re.compile("[0-9a-f]{64}")
_TURNED = re.compile("[0-9a-f]{192}")


@dataclass(slots=True)
class Batch:
    """Facts that wait for the next commit."""

    items: list[Item] = field(default_factory=list)
    occurrences: list[Found] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    ledger: list[LedgerRow] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    dirty: dict[Sha256, None] = field(default_factory=dict)  # items to judge again

    def __bool__(self) -> bool:
        return bool(
            self.items or self.occurrences or self.observations or self.failures or self.entries
        )

    def __len__(self) -> int:
        return len(self.items) + len(self.occurrences)


def hashes_of(observations: Sequence[Observation]) -> Iterator[Hash]:
    """Yield the perceptual hashes among observations as they are compared."""
    pixels = {
        o.item: _pixels(o.value.get("width"), o.value.get("height"))
        for o in observations
        if o.kind in ("picture", "motion")
    }
    for o in observations:
        if o.kind not in HASHES:
            continue
        frame = Frame.of(o.locator)
        digits, quality = o.value.get("hash"), o.value.get("quality")
        known = isinstance(digits, str) and _HASH.fullmatch(digits)
        if not known or not isinstance(quality, int) or not 0 <= quality <= 100:
            continue  # no examiner of ours; the observation itself is kept as it came
        assert isinstance(digits, str)
        yield Hash(
            item=o.item,
            hash=bytes.fromhex(digits),
            quality=quality,
            frame=frame.index if frame is not None else -1,
            rendering=_rendering(o),
            pixels=pixels.get(o.item, 0),
            turned=_turned(o.value.get("turned")),
        )


def _rendering(o: Observation) -> str:
    """Return what was hashed: "" = the picture, a rendering of it, or a part ("panel 2")."""
    name = str(o.value.get("part" if o.kind == "pdq_part" else "rendering", ""))
    return name.encode("utf-8", "backslashreplace").decode()  # no column holds a lone surrogate


def _turned(digits: Json) -> bytes:
    known = isinstance(digits, str) and _TURNED.fullmatch(digits)
    return bytes.fromhex(str(digits)) if known else b""


def _pixels(width: Json, height: Json) -> int:
    if not (isinstance(width, int) and isinstance(height, int)):
        return 0
    return max(0, min(width * height, _MOST_PIXELS))


class Committer:
    """Writes batches to a case and keeps its placements in step."""

    def __init__(
        self,
        case: Case,
        pinned: Pinned,
        policy: Policy,
        progress: Progress,
        actor: str,
        matcher: Matcher | None = None,
    ) -> None:
        self.matcher = matcher
        self.case = case
        self.judge = Judge(case.reader, pinned, policy)
        self.hood = Neighbourhood(case, self.judge, policy)
        self.progress = progress
        self.actor = actor

    def commit(self, batch: Batch, subject: str) -> None:
        """Write a batch; its custody event, facts and placements appear together or not at all."""
        hashes = list(hashes_of(batch.observations))
        matches, failed = self._meet(batch, hashes)
        dirty = {**batch.dirty, **dict.fromkeys(match.item for match in matches)}
        with self.case.transaction(self.actor, ACTION, subject) as tx:
            tx.add_items(batch.items)
            tx.add_occurrences(batch.occurrences)
            tx.add_observations(batch.observations)
            tx.add_failures(batch.failures)
            tx.mark_all(batch.ledger)
            tx.put_entries(batch.entries)
            tx.put_hashes(hashes)
            tx.add_matches(matches)
            if failed:
                fall_behind(tx, self.case)
            rulings = self._place(tx, list(dirty), {h.item for h in hashes})
            for page in self._beside(batch, dirty, tx.seq):
                rulings += self._place(tx, page)
        for ruling in rulings:
            self.progress.placed(
                ruling.bundle.placement,
                ruling.placement,
                ruling.verdict.origin,
                ruling.facts.path,
            )

    def _place(
        self, tx: Transaction, shas: Sequence[Sha256], hashed: Collection[Sha256] = ()
    ) -> list[Ruling]:
        rulings = self.judge.rulings(shas)
        put(tx, rulings)
        return rulings + self.hood.settle(tx, rulings, hashed)

    def _beside(
        self, batch: Batch, done: Mapping[Sha256, None], event: int
    ) -> Iterator[list[Sha256]]:
        """Yield, page by page, what lies beside new sidecars or in containers that have ended."""
        connection = self.case.connection
        shas = sidecars.described(connection, batch.occurrences, event)
        shas += sidecars.waiting(connection, batch.ledger)
        left = iter(dict.fromkeys(sha for sha in shas if sha not in done))
        while page := list(islice(left, _PAGE)):
            yield page

    def _meet(self, batch: Batch, hashes: Sequence[Hash]) -> tuple[list[Match], bool]:
        """Return what the lists say of new facts, and whether a list has failed just now."""
        if self.matcher is None or self.matcher.library is None:
            return [], False
        matches = self.matcher.matches(batch.items, hashes, batch.observations)
        return matches, self.matcher.library is None
