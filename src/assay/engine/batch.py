"""Collects what workers send and commits it, with the verdicts it changes, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from assay.core.facts import Failure, Item, Observation, Sha256, Verdict
from assay.core.facts import Placement as Placed
from assay.engine.checks import Pinned
from assay.engine.progress import Progress
from assay.store.case import Case
from assay.store.records import Entry, Found, LedgerRow
from assay.verdict.judge import judge
from assay.verdict.place import place
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
        self.pinned = pinned
        self.policy = policy
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
            judged = self.judge(batch.dirty)
            tx.put_verdicts(verdict for verdict, _ in judged)
            tx.put_placements(placement for _, placement in judged)

    def judge(self, shas: Iterable[Sha256]) -> list[tuple[Verdict, Placed]]:
        """Judge items from the stored facts and note their places."""
        judged = []
        for bundle in self.case.reader.facts_of(list(shas)).values():
            facts = self.pinned.facts(bundle)
            verdict = judge(facts, self.policy)
            placement = place(facts, verdict, self.policy)
            self.progress.placed(placement, verdict.origin, facts.path)
            judged.append((verdict, placement))
        return judged
