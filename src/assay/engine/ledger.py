"""Which checks have run on which content: read from the case, with what is not committed yet.

Memory stays bounded by one batch, however many items a case holds.
"""

from __future__ import annotations

from collections.abc import Iterable

from assay.core.facts import Sha256
from assay.engine.plan import Plan
from assay.store import queries
from assay.store.case import Case
from assay.store.records import LedgerRow, LedgerState

Key = tuple[str, str, str]  # examiner, version, config


class Ledger:
    """The work already done. With ``retry`` a check that failed counts as not done."""

    def __init__(self, case: Case, *, retry: bool = False) -> None:
        self._connection = case.connection
        self._retry = retry
        self._new: dict[Sha256, set[Key]] = {}  # since the last commit
        self._again: set[tuple[Sha256, str, str, str]] = set()

    def mark(self, rows: Iterable[LedgerRow]) -> None:
        """Take note of checks that have ended and are not committed yet."""
        for row in rows:
            self._new.setdefault(row.item, set()).add((row.examiner, row.version, row.config))
            if self._retry and row.state is LedgerState.FAILED:
                self._again.add((row.item, row.examiner, row.version, row.config))

    def committed(self) -> None:
        """Forget what the case holds by now."""
        self._new.clear()

    def wanted(self, sha256: Sha256, media_type: str, plan: Plan) -> list[str]:
        """Return the checks still to run, with those that they read from; empty if none."""
        done = self._done(sha256)
        infos = [info for info in plan.applicable(media_type) if plan.in_passes(info)]
        missing = {
            info.name
            for info in infos
            if (info.name, info.version, plan.config(info.name, media_type)) not in done
        }
        if not missing:
            return []
        needed = set(missing)
        for info in reversed(infos):  # plan order: what an examiner reads comes before it
            if info.name in needed:
                needed.update(info.after)
        return [info.name for info in infos if info.name in needed]

    def _done(self, sha256: Sha256) -> set[Key]:
        done = set(self._new.get(sha256, ()))
        for examiner, version, config, state in queries.ledger_keys(self._connection, sha256):
            # a check that failed in this very run is not tried twice in it
            tried = not self._retry or (sha256, examiner, version, config) in self._again
            if tried or state == LedgerState.DONE:
                done.add((examiner, version, config))
        return done
