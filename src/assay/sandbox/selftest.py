"""A task that tries, from inside a worker, what hostile code would try; for ``assay doctor``.

Each attempt is harmless where it succeeds. Knows which level must stop which attempt.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

from assay.core.blob import Blob
from assay.core.jsonvalue import Json, JsonObject
from assay.core.vocab import SealLevel
from assay.sandbox import platform
from assay.sandbox.task import Link

BLOCKED = "blocked"
ALLOWED = "allowed"

_FULL = frozenset({SealLevel.FULL})
_CALLS = frozenset({SealLevel.FULL, SealLevel.SECCOMP})
_SEALED = frozenset({SealLevel.FULL, SealLevel.LANDLOCK, SealLevel.SECCOMP})


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something a parser never needs; ``run`` raises OSError or MemoryError where it is stopped."""

    name: str
    words: str
    run: Callable[[int], None]  # takes the memory limit in bytes
    stopped_at: frozenset[SealLevel]  # levels that must stop it


def _open(_: int) -> None:
    os.close(os.open(sys.executable, os.O_RDONLY))


def _write(_: int) -> None:
    with tempfile.TemporaryFile():
        pass


def _list(_: int) -> None:
    os.listdir(os.path.dirname(sys.executable))


def _socket(_: int) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()


def _fork(_: int) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _exec(_: int) -> None:
    try:
        pid = os.fork()
    except PermissionError:  # then only whether the call is reached can be told
        with contextlib.suppress(FileNotFoundError):
            os.execv(f"{sys.executable}-absent", ["absent"])  # noqa: S606 - the very thing tested
        return
    if pid == 0:
        with contextlib.suppress(OSError):
            os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", ""])  # noqa: S606
        os._exit(99)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        raise PermissionError("exec failed")


def _signal(_: int) -> None:
    os.kill(os.getppid(), 0)  # no signal: asks whether one could be sent


def _memory(limit: int) -> None:
    bytearray(limit + 1)  # never touched


ATTEMPTS = (
    Attempt("open", "open a file", _open, _SEALED),
    Attempt("write", "create a file", _write, _SEALED),
    Attempt("list", "list a folder", _list, _SEALED),
    Attempt("socket", "open a network socket", _socket, _CALLS),
    Attempt("fork", "start a process", _fork, _CALLS),
    Attempt("exec", "run a program", _exec, _SEALED),
    Attempt("signal", "signal another process", _signal, _CALLS),
    Attempt("memory", "take more memory than allowed", _memory, frozenset(SealLevel)),
)
_UNIX_ONLY = frozenset({"fork", "exec", "signal"})


class SelfTest:
    """Implements ``Task``: answers every request with one message of attempts and outcomes."""

    def __init__(self) -> None:
        self._memory = 0

    def preload(self) -> None:
        """There is nothing to load."""

    def prepare(self, settings: JsonObject) -> None:
        self._memory = int(str(settings["memory"]))

    def handle(self, request: JsonObject, source: Blob | None, link: Link) -> None:
        outcomes: dict[str, Json] = {}
        for attempt in ATTEMPTS:
            if platform.WINDOWS and attempt.name in _UNIX_ONLY:
                continue
            link.trace(attempt.name)
            outcomes[attempt.name] = _outcome(attempt, self._memory)
        link.send(outcomes)


def _outcome(attempt: Attempt, memory: int) -> str:
    try:
        attempt.run(memory)
    except (OSError, MemoryError):
        return BLOCKED
    return ALLOWED


def make() -> SelfTest:
    """Return the task, for the pool."""
    return SelfTest()
