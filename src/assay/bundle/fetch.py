"""Wheels, through pip, so that the operator's own index, proxy and certificates apply.

The lock is complete: pip resolves nothing, checks every digest, and builds nothing from source.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from assay.bundle.pins import Pin, normal
from assay.bundle.target import Target
from assay.core.errors import AssayError

# Never in a bundle, whatever a lock says: PyAV's wheels carry GPL codecs.
BANNED = frozenset({"av", "pyav"})
# Whom pip speaks of: "No matching distribution found for NAME==…", "NAME==… from file:…".
_FOR = re.compile(r"(?:for|requirement) ([A-Za-z0-9._-]+)==")
_FROM = re.compile(r"([A-Za-z0-9._-]+)==\S+ from |([A-Za-z0-9._]+)-[^-\s/]+-[^\s/]*\.whl")

Progress = Callable[[int, int, str], None]  # done, of how many, name of the package at hand


def fetch(
    pins: Sequence[Pin], target: Target, wheels: Path, source: Path | None, progress: Progress
) -> None:
    """Put one wheel for each pin into a folder, from the index or from ``source`` alone.

    Raises AssayError naming the package that could not be had.
    """
    banned = next((pin.name for pin in pins if pin.name in BANNED), None)
    if banned is not None:
        raise AssayError(
            f"{banned}: never part of a bundle, its wheels carry code under the GPL",
            hint="remove it from the lock file",
        )
    wanted = wheels.parent / "wanted.txt"
    wanted.write_text("".join(pin.line() + "\n" for pin in pins), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-input", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--require-hashes"]
    command += ["--no-deps", *target.pip_options(), "-r", str(wanted), "-d", str(wheels)]
    environment = dict(os.environ)
    if source is not None:
        command += ["--isolated", "--no-index", "--find-links", str(source.resolve())]
        environment["PIP_CONFIG_FILE"] = os.devnull
    _run(command, environment, pins, target, source, progress)
    wanted.unlink()


def _run(
    command: list[str],
    environment: dict[str, str],
    pins: Sequence[Pin],
    target: Target,
    source: Path | None,
    progress: Progress,
) -> None:
    errors: list[str] = []
    unreached = False
    begun, name = 0, ""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    ) as pip:
        assert pip.stdout is not None
        try:
            for line in pip.stdout:
                if line.startswith("Collecting "):
                    name = normal(re.split(r"[=<>!~ ]", line.split()[1])[0])
                    progress(begun, len(pins), name)
                    begun += 1
                elif "Retrying" in line:
                    unreached = True
                    progress(begun - 1, len(pins), f"{name}: no answer yet, trying again")
                elif "ERROR" in line or "No module named pip" in line or errors:
                    errors.append(line.strip())
        except BaseException:
            pip.terminate()
            raise
    if pip.returncode:
        raise _error(errors, name, target, source, unreached=unreached)
    progress(len(pins), len(pins), "")


def _error(
    errors: list[str], last: str, target: Target, source: Path | None, *, unreached: bool
) -> AssayError:
    text = " ".join(errors)
    if "No module named pip" in text:
        return AssayError(
            f"{sys.executable} has no pip", hint=f"run: {sys.executable} -m ensurepip"
        )
    found = _FOR.search(text)
    name = normal(found[1]) if found else last or "pip"
    if "DO NOT MATCH THE HASHES" in text:
        culprit = _FROM.search(text)
        name = normal(culprit[1] or culprit[2]) if culprit else name
        return AssayError(
            f"{name}: the file found is not the one that the lock file names",
            hint="do not use it; look at where your index or folder has it from",
        )
    if "No matching distribution" in text or "from versions:" in text:
        place = f"in {source}" if source is not None else "on the index"
        return AssayError(
            f"{name}: no wheel of the pinned version for {target.words} {place}",
            hint=_remedy(source, unreached=unreached),
        )
    said = next((line for line in reversed(errors) if "ERROR" in line), "no reason given")
    return AssayError(f"{name}: could not be fetched: {said[:300]}")


def _remedy(source: Path | None, *, unreached: bool) -> str:
    if source is not None:
        return "put it there"
    if unreached:
        return "check the network and pip's settings (pip config list); or use --from DIR"
    return "its makers give none for that platform: choose another, or other pins with --lock"
