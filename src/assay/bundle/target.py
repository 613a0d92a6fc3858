"""The machine that a bundle is for: its platform and Python, as pip and markers name them."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from assay.core.errors import UsageError

PYTHONS = ("3.11", "3.12", "3.13")
_GLIBC = range(28, 16, -1)  # minor versions of glibc 2 whose wheels are taken, newest first


@dataclass(frozen=True, slots=True)
class Platform:
    name: str
    system: str  # as platform.system() says it
    machine: str
    sys_platform: str
    tags: tuple[str, ...]  # of wheels, as pip's --platform takes them


def _linux(machine: str) -> Platform:
    tags = [f"manylinux_2_{minor}_{machine}" for minor in _GLIBC]
    tags += [f"manylinux2014_{machine}", f"linux_{machine}"]
    return Platform(f"linux-{machine}", "Linux", machine, "linux", tuple(tags))


_ROWS = (
    _linux("x86_64"),
    _linux("aarch64"),
    Platform("macos-arm64", "Darwin", "arm64", "darwin", ("macosx_14_0_arm64",)),
    Platform("macos-x86_64", "Darwin", "x86_64", "darwin", ("macosx_14_0_x86_64",)),
    Platform("windows-x86_64", "Windows", "AMD64", "win32", ("win_amd64",)),
)
PLATFORMS: Mapping[str, Platform] = {row.name: row for row in _ROWS}


@dataclass(frozen=True, slots=True)
class Target:
    platform: Platform
    python: str  # "3.11"
    native: bool  # True: this very machine's platform and Python

    @property
    def words(self) -> str:
        return f"{self.platform.name}, Python {self.python}"

    def pip_options(self) -> tuple[str, ...]:
        """Return what makes pip choose wheels for this target.

        Left to itself, pip takes the wheels for the newest glibc that this machine has, and the
        bundle would not run on an older Linux; so there it is always told.
        """
        if self.native and platform.libc_ver()[0] != "glibc":
            return ()
        tags = [word for tag in self.platform.tags for word in ("--platform", tag)]
        return (*tags, "--python-version", self.python, "--implementation", "cp")

    def environment(self) -> Mapping[str, str]:
        """Return the variables of environment markers (PEP 508) on this target."""
        full = platform.python_version() if self.native else f"{self.python}.0"
        return {
            "implementation_name": "cpython",
            "os_name": "nt" if self.platform.system == "Windows" else "posix",
            "platform_machine": self.platform.machine,
            "platform_python_implementation": "CPython",
            "platform_system": self.platform.system,
            "python_full_version": full,
            "python_version": self.python,
            "sys_platform": self.platform.sys_platform,
        }


def target_of(name: str | None = None, python: str | None = None) -> Target:
    """Return the target by its names, this machine's where not given; raises UsageError."""
    here, mine = _here(), f"{sys.version_info.major}.{sys.version_info.minor}"
    chosen, version = name or here, python or mine
    if chosen not in PLATFORMS:
        given = f"--platform {name!r}" if name else f"this machine ({chosen})"
        raise UsageError(f"{given} is not known", hint=f"give --platform {_or(PLATFORMS)}")
    if version not in PYTHONS:
        raise UsageError(f"Python {version} is not supported", hint=f"give --python {_or(PYTHONS)}")
    return Target(PLATFORMS[chosen], version, native=chosen == here and version == mine)


def _here() -> str:
    system, machine = platform.system(), platform.machine()
    for row in _ROWS:
        if (row.system, row.machine.lower()) == (system, machine.lower()):
            return row.name
    return f"{system}-{machine}".lower()


def _or(names: Mapping[str, object] | tuple[str, ...]) -> str:
    return ", ".join(names)
