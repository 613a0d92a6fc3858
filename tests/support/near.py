"""Pictures of a case as facts alone: what is said about them and their hash."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from assay.core.facts import Failure, Observation
from assay.core.vocab import Level, Polarity
from assay.engine.batch import Batch, Committer
from assay.engine.checks import Pinned
from assay.engine.progress import Progress
from assay.store.case import Case
from assay.store.records import Found
from assay.verdict.policy import Policy, shipped_policy
from assay.verdict.scheme import shipped_scheme
from tests.support import cases


def looks(group: int, bits: int = 0) -> str:
    """Return a hash; those of one group differ by as many bits as their numbers do."""
    made = np.random.default_rng(group).integers(0, 2, 256, dtype=np.uint8)
    made[:bits] ^= 1
    return np.packbits(made).tobytes().hex()


@dataclass(slots=True)
class Picture:
    number: int
    hash: str
    levels: tuple[Level, ...] = ()
    quality: int = 100
    turned: str = ""
    part: str = ""  # the hash is that of a part alone
    failures: tuple[Failure, ...] = field(default=())

    def observations(self) -> list[Observation]:
        kind = "pdq_part" if self.part else "pdq"
        value = {"hash": self.hash, "quality": self.quality, "turned": self.turned}
        plain = replace(
            cases.seen(self.number, kind), level=Level.N, polarity=Polarity.NONE, llr=None
        )
        rows = [replace(plain, examiner="pdq", value={**value, "part": self.part})]
        rows.append(replace(plain, kind="picture", value={"decoded": "full"}))
        rows += [
            replace(plain, kind=f"said {n}", level=level, value={"text": "in a test"})
            for n, level in enumerate(self.levels)
        ]
        return rows


class Pinning(Pinned):
    """Every check is current, whatever it is called."""

    def facts(self, bundle):  # type: ignore[no-untyped-def]
        made = super().facts(bundle)
        return replace(made, observations=tuple(bundle.observations), failures=bundle.failures)


def pinned() -> Pinned:
    scheme = shipped_scheme()
    lanes = {(scheme.name, c.id): c.lane for c in scheme.categories.values()}
    return Pinning((), lanes)


def committer(case: Case, policy: Policy | None = None) -> Committer:
    return Committer(case, pinned(), policy or shipped_policy(), Progress(), cases.ACTOR)


def commit(to: Committer, *pictures: Picture) -> None:
    batch = Batch(
        items=[cases.item(p.number) for p in pictures],
        occurrences=[Found(cases.place(p.number)) for p in pictures],
        observations=[o for p in pictures for o in p.observations()],
        failures=[f for p in pictures for f in p.failures],
        dirty={cases.sha(p.number): None for p in pictures},
    )
    to.commit(batch, "in a test")


def lanes(case: Case) -> dict[int, tuple[str, int]]:
    """Return origin and lane of the items by their number."""
    found = {}
    for n in range(2000):
        verdict, placement = case.reader.verdict(cases.sha(n)), case.reader.placement(cases.sha(n))
        if verdict is None:
            if n > 100:
                break
            continue
        assert placement is not None
        found[n] = (verdict.origin.value, int(placement.lane or 0))
    return found
