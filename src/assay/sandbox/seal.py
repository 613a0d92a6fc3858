"""Seal this process as strongly as the system allows, best level first, and say which it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assay.core.vocab import SealLevel
from assay.sandbox import landlock, platform, seccomp


@dataclass(frozen=True, slots=True)
class Sealed:
    """The level in force and one sentence for each measure that could not be taken."""

    level: SealLevel
    missing: tuple[str, ...] = ()


_LEVELS = {  # (Landlock in force, seccomp in force)
    (True, True): SealLevel.FULL,
    (True, False): SealLevel.LANDLOCK,
    (False, True): SealLevel.SECCOMP,
    (False, False): SealLevel.PROCESS,
}
_LANDLOCK = frozenset({SealLevel.FULL, SealLevel.LANDLOCK})
_SECCOMP = frozenset({SealLevel.FULL, SealLevel.SECCOMP})


def preload() -> None:
    """Load what sealing needs while files can still be opened and processes started."""
    seccomp.available()


def apply(wanted: SealLevel, limits: platform.WorkerLimits) -> Sealed:
    """Seal this process for good, up to ``wanted``; falls back level by level, never raises.

    Everything that will be needed must be imported, and no second thread may run: Landlock
    covers only the thread that asks for it.
    """
    platform.set_limits(limits)
    platform.drop_capabilities()
    missing: list[str] = []
    files = wanted in _LANDLOCK and _try("Landlock", landlock.restrict, missing)
    calls = wanted in _SECCOMP and _try("seccomp", seccomp.restrict, missing)
    return Sealed(_LEVELS[files, calls], tuple(missing))


def _try(name: str, restrict: Callable[[], None], missing: list[str]) -> bool:
    try:
        restrict()
    except OSError as error:
        missing.append(f"{name}: {error.strerror or error}")
        return False
    return True
