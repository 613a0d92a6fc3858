"""Which examiners and openers are installed, in the order in which they run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points

from assay.core.contract import EXAMINER_GROUP, Examiner
from assay.core.errors import AssayError


def installed() -> tuple[Examiner, ...]:
    """Load every installed examiner, cheap passes first, each after those it reads from.

    Raises AssayError naming a plug-in that cannot be loaded, breaks the contract or whose name is
    taken: silently running without a check would be worse.
    """
    return in_order([_load(point) for point in entry_points(group=EXAMINER_GROUP)])


def _load(point: EntryPoint) -> Examiner:
    owner = point.dist.name if point.dist is not None else "unknown package"
    try:
        examiner = point.load()()
    except Exception as error:
        raise AssayError(
            f"examiner {point.name!r} of {owner} cannot be loaded: {type(error).__name__}: {error}",
            hint=f"repair or uninstall {owner}",
        ) from error
    if not isinstance(examiner, Examiner):
        raise AssayError(
            f"examiner {point.name!r} of {owner} does not keep the examiner contract",
            hint="see docs/reference/examiner.md",
        )
    return examiner


def in_order(examiners: Iterable[Examiner]) -> tuple[Examiner, ...]:
    """Sort by pass, then by name, moving each behind those it names in ``after``."""
    waiting = sorted(examiners, key=lambda e: (e.info.cost, e.info.name))
    names = [e.info.name for e in waiting]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise AssayError(f"two installed examiners are named {sorted(twice)[0]!r}")
    ordered: list[Examiner] = []
    while waiting:
        done = {e.info.name for e in ordered}
        ready = next((e for e in waiting if _ready(e, done, names)), None)
        if ready is None:
            loop = ", ".join(e.info.name for e in waiting)
            raise AssayError(f"examiners wait for each other: {loop}")
        waiting.remove(ready)
        ordered.append(ready)
    return tuple(ordered)


def _ready(examiner: Examiner, done: set[str], names: Sequence[str]) -> bool:
    return all(name in done or name not in names for name in examiner.info.after)
