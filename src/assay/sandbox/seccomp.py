"""seccomp: the system calls that a worker may still make; every other one fails with EPERM.

Failing rather than killing lets libraries fall back softly. A filter sees numbers and not
strings: ``newfstatat`` and ``statx`` are let through with AT_EMPTY_PATH set, which is how a
descriptor is asked for its size, and native code could still ask whether a named file exists.
Opening it stays impossible.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

# Groups by purpose. What is not here is refused: open, socket, connect, fork, execve, kill,
# ptrace, mount, getdents, unlink, memfd_create, io_uring, bpf, keyctl, timers that signal, …
ALLOWED = (
    # bytes through descriptors that are already open
    *("read", "pread64", "readv", "preadv", "preadv2", "write", "writev", "lseek", "_llseek"),
    *("fstat", "fadvise64", "close", "close_range", "dup", "dup2", "dup3", "pipe2", "eventfd2"),
    *("recvfrom", "recvmsg", "sendto", "sendmsg", "shutdown", "getsockopt", "getsockname"),
    *("poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait"),
    *("epoll_pwait", "epoll_pwait2"),
    # memory
    *("mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "brk", "mincore", "membarrier"),
    # threads of this process, signals to itself
    *("futex", "set_robust_list", "set_tid_address", "rseq", "sched_yield", "sched_getaffinity"),
    *("sched_getparam", "sched_getscheduler", "getcpu", "rt_sigaction", "rt_sigprocmask"),
    *("rt_sigreturn", "rt_sigtimedwait", "rt_sigpending", "sigaltstack", "restart_syscall"),
    *("exit", "exit_group"),
    # clocks, randomness, questions about itself
    *("clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time"),
    *("getrandom", "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid"),
    *("getrlimit", "getrusage", "times", "uname", "sysinfo", "getcwd"),
)

Comparison = Literal["equal", "masked"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A system call allowed for some values of one argument (counted from 0)."""

    call: str
    argument: int
    values: tuple[int, ...]
    compare: Comparison = "equal"  # masked: the bits of the value must be set


_AT_EMPTY_PATH = 0x1000
_CLONE_THREAD = 0x10000
_FCNTL = (0, 1, 2, 3, 4, 1030)  # DUPFD, GETFD, SETFD, GETFL, SETFL, DUPFD_CLOEXEC; not SETOWN
_IOCTL = (0x5401, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
_PRCTL = (15, 16, 0x53564D41)  # PR_SET_NAME, PR_GET_NAME, PR_SET_VMA: names of threads and maps

BOUNDED = (
    Bound("newfstatat", 3, (_AT_EMPTY_PATH,), "masked"),
    Bound("statx", 2, (_AT_EMPTY_PATH,), "masked"),
    # glibc forks through clone, so a deny-list on fork would not stop it.
    Bound("clone", 0, (_CLONE_THREAD,), "masked"),
    Bound("fcntl", 1, _FCNTL),
    Bound("ioctl", 1, _IOCTL),
    Bound("prctl", 0, _PRCTL),
    Bound("prlimit64", 2, (0,)),  # read a limit, never set one
)

# Their callers fall back only on "not there".
ABSENT = ("clone3", "openat2", "faccessat2", "futex_waitv")


def available() -> bool:
    """Tell whether libseccomp and its binding can be loaded."""
    return _library() is not None


def restrict() -> None:
    """Load the allow-list into every thread of this process, for good; raises OSError."""
    seccomp = _library()
    if seccomp is None:
        raise OSError(errno.ENOSYS, "libseccomp is not installed")
    allowed = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    allowed.set_attr(seccomp.Attr.CTL_TSYNC, 1)
    for call in ALLOWED:
        _add(seccomp, allowed, seccomp.ALLOW, call)
    for bound in BOUNDED:
        for value in bound.values:
            _add(seccomp, allowed, seccomp.ALLOW, bound.call, _argument(seccomp, bound, value))
    own = seccomp.Arg(0, seccomp.EQ, os.getpid())
    for call in ("tgkill", "kill"):  # abort() and raise() signal the process itself
        _add(seccomp, allowed, seccomp.ALLOW, call, own)
    for call in ABSENT:
        _add(seccomp, allowed, seccomp.ERRNO(errno.ENOSYS), call)
    allowed.load()


def _argument(seccomp: ModuleType, bound: Bound, value: int) -> object:
    if bound.compare == "masked":
        return seccomp.Arg(bound.argument, seccomp.MASKED_EQ, value, value)
    return seccomp.Arg(bound.argument, seccomp.EQ, value)


def _add(seccomp: ModuleType, rules: object, action: int, call: str, *arguments: object) -> None:
    """Add a rule; a call that this machine or this libseccomp does not know needs none."""
    number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, call)
    if number >= 0:
        rules.add_rule(action, number, *arguments)  # type: ignore[attr-defined]


def _library() -> ModuleType | None:
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError, AttributeError):  # no binding, no library, too old
        return None
    return pyseccomp  # type: ignore[no-any-return]
