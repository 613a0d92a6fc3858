"""Files beside each other as facts alone: contents, places and what the checks say of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from assay.core.facts import Observation
from assay.core.vocab import Level, Polarity, Role
from assay.engine.batch import Batch, Committer
from assay.engine.checks import Check, Pinned
from assay.engine.progress import Progress
from assay.store.case import Case
from assay.store.records import Found, LedgerRow, LedgerState
from assay.verdict.policy import shipped_policy
from tests.support import cases

TYPES = {"png": "image/png", "txt": "text/plain", "zip": "application/zip"}
CHECKS = (
    Check("sidecar", "1", "", "", ("text/*", "application/json"), 1, True, False),
    Check("genparams", "1", "", "", ("image/*",), 1, True, False),
)
# name of a member: its number and what it says
SIGNED, CHANGED, AGREES, PHOTO = 1, 2, 3, 4
SAYS = {CHANGED: "E", AGREES: "S1"}
OWN = {SIGNED: Level.S5, PHOTO: Level.C2}


def committer(case: Case, checks: Iterable[Check] = CHECKS) -> Committer:
    return Committer(case, Pinned(checks, {}), shipped_policy(), Progress(), cases.ACTOR)


def facts(
    batch: Batch,
    number: int,
    *chain: str,
    container: int | None = None,
    flags: tuple[str, ...] = (),
    says: str | None = None,
    own: Level | None = None,
    role: Role = Role.MEMBER,
    read: bool = True,
) -> None:
    """Add one content at one place, with what the checks have to say of it."""
    kind = TYPES.get(chain[-1].rpartition(".")[2].lower(), "text/plain")
    sha = cases.sha(number)
    place = replace(cases.place(number, *chain), flags=flags, role=role)
    batch.items.append(replace(cases.item(number), media_type=kind, size=number + 1))
    batch.occurrences.append(Found(place, cases.sha(container) if container else None))
    says, own = says or SAYS.get(number), own or OWN.get(number)
    if says is not None:
        value = {"says": says, "tool": "a tool", "text": f"says {says}"}
        batch.observations.append(Observation(sha, "sidecar", "1", "sidecar", value))
    if own is not None:
        polarity = Polarity.CAMERA if own is Level.C2 else Polarity.SYNTHETIC
        batch.observations.append(
            Observation(sha, "genparams", "1", "generator", {"text": "own"}, own, polarity)
        )
    state = LedgerState.DONE if read else LedgerState.FAILED
    check = "sidecar" if kind.startswith("text/") else "genparams"
    batch.ledger.append(LedgerRow(sha, check, "1", "", state))
    batch.dirty[sha] = None
