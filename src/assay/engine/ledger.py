"""Which checks have run on which content, in memory while a run goes on."""

from __future__ import annotations

from assay.core.facts import Sha256
from assay.engine.checks import OPENER
from assay.engine.plan import Plan
from assay.store import queries
from assay.store.case import Case
from assay.store.records import LedgerRow, LedgerState

Key = tuple[str, str, str]  # examiner, version, config
_NOTHING: frozenset[Key] = frozenset()


def _is_opener(key: Key) -> bool:
    return key[0].partition(":")[0] == OPENER


class Ledger:
    """The work already done. ``types`` remembers the media type of each content."""

    def __init__(self, case: Case) -> None:
        self._done: dict[Sha256, frozenset[Key]] = case.reader.known_ledger()
        failed = case.reader.known_ledger(LedgerState.FAILED)
        self._locked = {sha for sha, keys in failed.items() if any(map(_is_opener, keys))}
        self._types = queries.media_types(case.connection)
        self._shared: dict[frozenset[Key], frozenset[Key]] = {}

    def mark(self, row: LedgerRow) -> None:
        key = (row.examiner, row.version, row.config)
        keys = self._done.get(row.item, _NOTHING) | {key}
        self._done[row.item] = self._shared.setdefault(keys, keys)
        if _is_opener(key) and row.state is LedgerState.FAILED:
            self._locked.add(row.item)

    def wanted(self, sha256: Sha256, media_type: str, plan: Plan) -> list[str]:
        """Return the checks still to run, with those that they read from; empty if none."""
        self._types[sha256] = media_type
        done = self._done.get(sha256, _NOTHING)
        infos = [info for info in plan.applicable(media_type) if plan.in_passes(info)]
        missing = {
            info.name
            for info in infos
            if (info.name, info.version, plan.config(info.name)) not in done
        }
        if not missing:
            return []
        needed = set(missing)
        for info in reversed(infos):  # plan order: what an examiner reads comes before it
            if info.name in needed:
                needed.update(info.after)
        return [info.name for info in infos if info.name in needed]

    def complete(self, sha256: Sha256, plan: Plan) -> bool:
        """Tell whether nothing is left to run on a content of a file that did not change."""
        media_type = self._types.get(sha256)
        return media_type is not None and not self.wanted(sha256, media_type, plan)

    def locked(self, sha256: Sha256) -> bool:
        """Tell whether opening this content had failed, so that a password may help."""
        return sha256 in self._locked
