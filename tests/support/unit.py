"""The unit of work in this process, without a pool: for tests of what it says about a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from assay.core.blob import Blob, MemoryBlob
from assay.core.contract import Settings
from assay.core.jsonvalue import Json, JsonObject
from assay.core.opening import Limits
from assay.core.vocab import SealLevel
from assay.engine.plan import Plan, make_plan
from assay.engine.registry import installed
from assay.engine.unit import Unit


@dataclass
class Recorder:
    """Implements ``assay.sandbox.task.Link``: wants every check, keeps every message."""

    plan: Plan
    sent: list[JsonObject] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    seal: SealLevel = SealLevel.NONE
    beside: tuple[Blob, ...] = ()

    def send(self, message: JsonObject) -> None:
        self.sent.append(message)

    def ask(self, message: JsonObject) -> JsonObject:
        infos = self.plan.applicable(str(message["media_type"]))
        return {"run": [info.name for info in infos]}

    def trace(self, text: str) -> None:
        self.traces.append(text)

    def budget(self, seconds: float) -> None:
        assert seconds > 0

    # -- what the tests ask ----------------------------------------------------------------------

    def of(self, operation: str) -> list[Mapping[str, Json]]:
        return [m for m in self.sent if m["op"] == operation]

    def paths(self) -> list[str]:
        return ["!/".join(m["occurrence"]["chain"]) for m in self.sent if "occurrence" in m]  # type: ignore[call-overload, index]

    def flags(self) -> set[str]:
        """Return the finding words of the file and of everything inside it."""
        found: set[str] = set()
        for m in self.sent:
            for o in m.get("observations", ()):  # type: ignore[union-attr]
                if o["kind"] == "finding":  # type: ignore[index, call-overload]
                    found.add(o["value"]["flag"])  # type: ignore[index, call-overload]
            occurrence = m.get("occurrence")
            if isinstance(occurrence, Mapping):
                found.update(occurrence["flags"])  # type: ignore[arg-type]
        return found

    def failures(self) -> list[Mapping[str, Json]]:
        return [f for m in self.sent for f in m.get("failures", ())]  # type: ignore[union-attr, misc]


@cache
def prepared(passwords: tuple[bytes, ...], limits: Limits | None) -> tuple[Plan, Unit]:
    settings = Settings(evaluation_date="2026-01-01")
    plan = make_plan(installed(), settings, passwords=passwords, limits=limits)
    unit = Unit()
    unit.preload()
    unit.prepare(plan.to_wire())
    return plan, unit


def examine(
    name: str,
    data: bytes,
    *,
    passwords: tuple[bytes, ...] = (),
    limits: Limits | None = None,
    poison: Mapping[str, Json] | None = None,
) -> Recorder:
    """Run the unit of work over bytes and return everything it said."""
    plan, unit = prepared(passwords, limits)
    link = Recorder(plan)
    request: JsonObject = {"chain": [name], "times": [], "poison": dict(poison or {})}
    unit.handle(request, MemoryBlob(data), link)
    return link
