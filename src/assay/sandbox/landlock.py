"""Landlock: a ruleset without a single rule, so that no file can be opened any more.

Knows the three system calls and the rights of each ABI version, nothing else. Sources:
https://docs.kernel.org/userspace-api/landlock.html and include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass

from assay.sandbox import platform

# The same numbers on every architecture that came after the unified table (Linux 5.1).
_CREATE_RULESET = 444
_RESTRICT_SELF = 446
_ASK_VERSION = 1


@dataclass(frozen=True, slots=True)
class Rights:
    """What a version of the interface can forbid, as bit masks of ``landlock_ruleset_attr``."""

    abi: int
    files: int
    network: int
    scoped: int
    size: int  # bytes of the structure that this version knows


RIGHTS = (
    Rights(1, (1 << 13) - 1, 0, 0, 8),  # Linux 5.13: execute, read, write, list, make, remove
    Rights(2, (1 << 14) - 1, 0, 0, 8),  # 5.19: link and rename across folders
    Rights(3, (1 << 15) - 1, 0, 0, 8),  # 6.2: truncate
    Rights(4, (1 << 15) - 1, 3, 0, 16),  # 6.7: TCP bind and connect
    Rights(5, (1 << 16) - 1, 3, 0, 16),  # 6.10: ioctl on devices
    Rights(6, (1 << 16) - 1, 3, 3, 24),  # 6.12: abstract sockets, signals to outside
)


def abi() -> int:
    """Return the version of Landlock in this kernel; 0 where there is none."""
    if not platform.LINUX:
        return 0
    version = platform.libc().syscall(
        ctypes.c_long(_CREATE_RULESET),
        None,
        ctypes.c_size_t(0),
        ctypes.c_uint32(_ASK_VERSION),
    )
    return max(int(version), 0)


def restrict() -> None:
    """Forbid this thread everything that Landlock can forbid, for good; raises OSError."""
    version = abi()
    if version == 0:
        raise OSError("this kernel has no Landlock")
    rights = [row for row in RIGHTS if row.abi <= version][-1]
    attributes = (ctypes.c_uint64 * 3)(rights.files, rights.network, rights.scoped)
    libc = platform.libc()
    ruleset = libc.syscall(
        ctypes.c_long(_CREATE_RULESET),
        ctypes.byref(attributes),
        ctypes.c_size_t(rights.size),
        ctypes.c_uint32(0),
    )
    if ruleset < 0:
        raise _error()
    try:
        platform.no_new_privileges()
        if libc.syscall(ctypes.c_long(_RESTRICT_SELF), ctypes.c_int(ruleset), ctypes.c_uint32(0)):
            raise _error()
    finally:
        os.close(ruleset)


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
