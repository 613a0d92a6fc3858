"""What ``assay doctor`` says about the seal: the level, the self-test, and how to raise it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from assay.core.vocab import SealLevel
from assay.sandbox import landlock, platform, seccomp
from assay.sandbox.pool import Died, Message, Pool, SandboxError, WorkerLimits
from assay.sandbox.selftest import ALLOWED, ATTEMPTS

_TASK = "assay.sandbox.selftest:make"
_SECONDS = 60.0  # for the self-test; it takes milliseconds

NO_LANDLOCK = (
    "This kernel offers no Landlock, so workers are not kept from the file system by it: use "
    "Linux 5.13 or newer with landlock among the security modules (boot option lsm=landlock,…)."
)
NO_SECCOMP = (
    "libseccomp could not be loaded, so system calls are not filtered: install it (Debian and "
    "Ubuntu: libseccomp2; Fedora, RHEL and Arch: libseccomp) and the Python package pyseccomp."
)
NO_LINUX = (
    "Only Linux lets a program seal itself without rights; here workers are plain processes with "
    "time and, where the system can, memory limits. Examine untrusted media in a Linux machine "
    "or container for the full seal."
)
FORCED = f"The environment variable {platform.SANDBOX_VARIABLE} asks for plain processes: unset it."


@dataclass(frozen=True, slots=True)
class SealReport:
    """The level in force, what was tried inside a worker, and what would raise the level."""

    level: SealLevel
    attempts: Mapping[str, str]  # name of the attempt → "blocked" or "allowed"
    leaks: tuple[str, ...]  # attempts that this level should have stopped, in words
    missing: tuple[str, ...]  # measures that the worker could not take, with the system's reason
    hints: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """True where everything that the level promises was blocked."""
        return not self.leaks


def hints() -> tuple[str, ...]:
    """Return one sentence for each thing that would raise the level on this machine."""
    if platform.forced_to_fallback():
        return (FORCED,)
    if not platform.LINUX:
        return (NO_LINUX,)
    wanting = ((landlock.abi() > 0, NO_LANDLOCK), (seccomp.available(), NO_SECCOMP))
    return tuple(sentence for there, sentence in wanting if not there)


def check(level: SealLevel | None = None, *, memory: int = 1 << 30) -> SealReport:
    """Start a worker, let it try to break out, and report; raises SandboxError."""
    limits = WorkerLimits(memory=memory, seconds=_SECONDS)
    with Pool(_TASK, {"memory": memory}, workers=1, limits=limits, level=level) as pool:
        outcomes = _run(pool)
        in_force, missing = pool.level, pool.missing
    leaks = tuple(
        attempt.words
        for attempt in ATTEMPTS
        if in_force in attempt.stopped_at and outcomes.get(attempt.name) == ALLOWED
    )
    if sys.platform == "win32":  # there are no memory limits to leak there
        leaks = tuple(words for words in leaks if "memory" not in words)
    return SealReport(in_force, outcomes, leaks, missing, hints())


def _run(pool: Pool) -> dict[str, str]:
    pool.submit({})
    outcomes: dict[str, str] = {}
    while pool.in_flight:
        for event in pool.poll(_SECONDS):
            match event:
                case Message(body=body):
                    outcomes = {name: str(outcome) for name, outcome in body.items()}
                case Died(trace=trace, detail=detail):
                    raise SandboxError(f"the self-test ended its worker at {trace!r}: {detail}")
                case _:
                    pass
    return outcomes
