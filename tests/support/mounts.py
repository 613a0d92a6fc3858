"""A mount namespace of its own: file systems come and go in it, and vanish with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

_FUSE = Path(__file__).with_name("fusefs.py")


@dataclass
class Namespace:
    """Commands run in it see its mounts; nothing outside does."""

    holder: subprocess.Popen[bytes]
    enter: list[str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, *words: str | os.PathLike[str]) -> str:
        """Run a command to its end; raises CalledProcessError."""
        command = [*self.enter, *map(os.fspath, words)]
        return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout.decode()

    def start(
        self, *words: str | os.PathLike[str], env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a command; it is ended with the namespace."""
        process = subprocess.Popen(
            [*self.enter, *map(os.fspath, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
        )
        self.started.append(process)
        return process

    def disk(self, folder: Path, point: Path, *words: str) -> subprocess.Popen[bytes]:
        """Show a folder at another place through ``tests.support.fusefs``."""
        process = self.start(sys.executable, _FUSE, folder, point, *words)
        assert process.stdout is not None
        said = process.stdout.readline()
        if said != b"ready\n":
            _, errors = process.communicate(timeout=10)
            pytest.skip(f"no FUSE here: {errors.decode().strip().splitlines()[-1]}")
        return process


@contextmanager
def namespace() -> Iterator[Namespace]:
    """Give a new namespace; skips the test where the system does not permit one."""
    rights = _rights()
    if rights is None:
        pytest.skip("mount namespaces are not permitted here (unshare --mount)")
    holder = subprocess.Popen(
        ["unshare", *rights, "--propagation", "private", "sh", "-c", "echo; exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    users = ["--user", "--preserve-credentials"] if "--user" in rights else []
    enter = ["nsenter", "--target", str(holder.pid), "--mount", *users, "--"]
    space = Namespace(holder, enter)
    try:
        yield space
    finally:
        for process in (*reversed(space.started), holder):
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()


@cache
def _rights() -> tuple[str, ...] | None:
    """Return the words with which ``unshare`` may mount here."""
    for words in (("--mount",), ("--user", "--map-root-user", "--mount")):
        try:
            probe = subprocess.run(
                ["unshare", *words, "mount", "-t", "tmpfs", "probe", "/tmp"],
                capture_output=True,
                check=False,
                timeout=20,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if probe.returncode == 0:
            return words
    return None
