"""Collects what workers send and commits it, with the verdicts it changes, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.core.facts import Failure, Item, Observation, Sha256
from assay.engine.checks import Pinned
from assay.engine.judging import Judge
from assay.engine.progress import Progress
from assay.store.case import Case
from assay.store.records import Entry, Found, LedgerRow
from assay.verdict.policy import Policy

ACTION = "facts.added"


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


class Committer:
    """Writes batches to a case and keeps its placements in step."""

    def __init__(
        self, case: Case, pinned: Pinned, policy: Policy, progress: Progress, actor: str
    ) -> None:
        self.case = case
        self.judge = Judge(case.reader, pinned, policy)
        self.progress = progress
        self.actor = actor

    def commit(self, batch: Batch, subject: str) -> None:
        """Write a batch; its custody event, facts and placements appear together or not at all."""
        with self.case.transaction(self.actor, ACTION, subject) as tx:
            tx.add_items(batch.items)
            tx.add_occurrences(batch.occurrences)
            tx.add_observations(batch.observations)
            tx.add_failures(batch.failures)
            tx.mark_all(batch.ledger)
            tx.put_entries(batch.entries)
            rulings = self.judge.rulings(batch.dirty)
            tx.put_verdicts(ruling.verdict for ruling in rulings)
            tx.put_placements(ruling.placement for ruling in rulings)
        for ruling in rulings:
            self.progress.placed(
                ruling.bundle.placement,
                ruling.placement,
                ruling.verdict.origin,
                ruling.facts.path,
            )
