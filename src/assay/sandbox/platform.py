"""The only module that asks which operating system this is, and what it can do for a sandbox.

Every ability has a fallback: no fork server means spawned workers, no resource limits means the
wall deadline alone. ``ASSAY_SANDBOX=process`` forces the fallback, so that it is tested on Linux.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any

SANDBOX_VARIABLE = "ASSAY_SANDBOX"
LINUX = sys.platform == "linux"
WINDOWS = sys.platform == "win32"

OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
OPEN_FLAGS |= getattr(os, "O_NONBLOCK", 0)  # a FIFO must not stop the worker before it is refused

# Thread pools started before a fork hang in the child, and a seal put on one thread does not
# cover the others: every library that obeys a variable is kept to the thread it is called on.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
}

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
# capset(2) has no portable number before the generic table; other machines keep capabilities.
_SYS_CAPSET = {"x86_64": 126, "aarch64": 91, "riscv64": 91}


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one worker may use. A limit that this system cannot set is left to the deadline."""

    memory: int = 4 << 30  # bytes of address space, everything mapped included
    seconds: float = 20.0  # first wall deadline of a request; the task moves it by ``budget``
    stretch: float = 3600.0  # most seconds that one ``budget`` may ask for
    total: float = 86_400.0  # wall seconds of one request, whatever budgets it asked for
    prepare: float = 900.0  # seconds for imports and warm-ups before the first request


def forced_to_fallback() -> bool:
    """Tell whether the operator or a test asked for plain worker processes."""
    return os.environ.get(SANDBOX_VARIABLE, "").strip().lower() == "process"


def has_fork_server() -> bool:
    """Tell whether workers can be forked from a prepared process and be passed descriptors."""
    return LINUX and not forced_to_fallback()


def thread_count(patience: float = 1.0) -> int:
    """Return how many threads this process has; 1 where the system does not tell.

    A thread that was joined may still be on its way out: more than one is believed only after
    ``patience`` seconds.
    """
    until = time.monotonic() + patience
    while True:
        try:
            count = len(os.listdir("/proc/self/task"))
        except OSError:
            return 1
        if count == 1 or time.monotonic() > until:
            return count
        time.sleep(0.005)


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the coordinator: a worker finishes its file or is told to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def apart() -> dict[str, Any]:
    """Return the ``subprocess.Popen`` arguments that keep a terminal's Ctrl-C from a child."""
    if WINDOWS:
        return {"creationflags": 0x200}  # CREATE_NEW_PROCESS_GROUP
    return {"process_group": 0}


def die_with_parent(parent: int, *, wanted: bool = True) -> None:
    """Have the kernel kill this process when ``parent`` ends; exits at once if it already has.

    The kernel watches the parent's *thread*, so a process may keep this only as long as the thread
    that started it is known to live.
    """
    if not LINUX:
        return
    _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL) if wanted else 0)
    if os.getppid() != parent:
        os._exit(1)


def no_new_privileges() -> None:
    """Give up every later gain of rights, which Landlock and seccomp require; raises OSError."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up root's powers, so that resource limits bind root as well. Best effort."""
    number = _SYS_CAPSET.get(os.uname().machine) if LINUX else None
    if number is None:
        return
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    libc().syscall(ctypes.c_long(number), header, nothing)


def set_limits(limits: WorkerLimits) -> None:
    """Limit memory, core dumps, written files and descriptors as far as this system can.

    There is no limit on processes: it counts those of the whole user, and the seal forbids fork.
    """
    if WINDOWS:
        return
    import resource

    wanted = (
        ("RLIMIT_AS", limits.memory),
        ("RLIMIT_DATA", limits.memory),  # py7zr reads this one to size its buffers
        ("RLIMIT_CORE", 0),
        ("RLIMIT_FSIZE", 0),  # Python ignores SIGXFSZ; standard output is no file by now
        ("RLIMIT_NOFILE", 256),
    )
    for name, value in wanted:
        number = getattr(resource, name, None)
        if number is None:
            continue
        try:
            hard = resource.getrlimit(number)[1]
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(number, (bound, bound))
        except (OSError, ValueError):  # macOS refuses some; the deadline remains
            continue


def libc() -> ctypes.CDLL:
    """Return the C library with errno kept; its ``syscall`` takes and returns longs."""
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


def _prctl(option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    if libc().prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
