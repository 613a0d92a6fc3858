"""Which items an export or report is about: lane, origin, top N and ``--where``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assay.core.errors import UsageError
from assay.core.jsonvalue import Json
from assay.core.vocab import Origin


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions that all must hold. ``where`` compares fields of the documented record."""

    lane: int | None = None
    origin: Origin | None = None
    top: int | None = None
    where: tuple[tuple[str, str], ...] = ()

    def of(self, records: Iterable[dict[str, Json]]) -> Iterator[dict[str, Json]]:
        """Yield the records that match, in their order, at most ``top``."""
        left = self.top
        for record in records:
            if left == 0:
                return
            if self.matches(record):
                yield record
                left = left - 1 if left is not None else None

    def matches(self, record: Mapping[str, Json]) -> bool:
        if self.lane is not None and record["lane"] != self.lane:
            return False
        if self.origin is not None and record["origin"] != self.origin.value:
            return False
        return all(_has(record, path.split("."), wanted) for path, wanted in self.where)


def stands_alone(record: Mapping[str, Json]) -> bool:
    """Tell whether an item is listed for itself: no preview and no near-duplicate of another."""
    stack = record["stack"]
    heads = not isinstance(stack, Mapping) or stack["head"] == record["sha256"]
    return record["shown_with"] is None and heads


def _has(value: Json, path: Sequence[str], wanted: str) -> bool:
    """Tell whether a field, or one of several in a list, has the wanted value as text."""
    if isinstance(value, list):
        return any(_has(part, path, wanted) for part in value)
    if not path:
        return _text(value) == wanted.casefold()
    if isinstance(value, Mapping):
        return path[0] in value and _has(value[path[0]], path[1:], wanted)
    return False


def _text(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).casefold()


def parse_selection(
    *,
    lane: int | None = None,
    origin: str | None = None,
    top: int | None = None,
    where: str | None = None,
) -> Selection:
    """Build a selection from command-line words; raises UsageError."""
    if origin is not None and origin not in {o.value for o in Origin}:
        raise UsageError(
            f"--origin {origin!r} is not an origin", hint="one of " + ", ".join(Origin)
        )
    pairs = []
    for part in (where or "").split(","):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        if not equals:
            raise UsageError(
                f"--where {part!r} has no '='", hint="write FIELD=VALUE[,FIELD=VALUE…]"
            )
        pairs.append((name.strip(), value.strip()))
    return Selection(lane, Origin(origin) if origin else None, top, tuple(pairs))
