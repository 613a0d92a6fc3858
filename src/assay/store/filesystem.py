"""On what kind of file system a case lies, and whether SQLite may keep its journal there as usual.

SQLite's write-ahead log shares memory between processes, which a network file system cannot
(https://www.sqlite.org/wal.html, "Disadvantages"; https://www.sqlite.org/useovernet.html). There a
rollback journal is used, under the file system's own locks; where those do not work either, no case
is written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from assay.core.errors import CaseError
from assay.core.names import display

MOUNTS = Path("/proc/self/mountinfo")  # Linux, proc_pid_mountinfo(5)
LOCAL = "local"  # where the platform names no type

# Types as Linux and macOS name them; shared disks of a cluster count, as do a host's folders.
_NETWORK = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "smb2", "ncpfs", "ncp", "afs", "openafs", "afpfs",
        "coda", "9p", "ceph", "lustre", "beegfs", "gpfs", "panfs", "glusterfs", "orangefs", "pvfs2",
        "gfs2", "ocfs2", "vboxsf", "vmhgfs", "prl_fs", "virtiofs", "webdav", "davfs", "ftp",
    }
)  # fmt: skip
# A file system in user space may lead anywhere; these are known to lead to a local disk.
_LOCAL_FUSE = frozenset(
    {
        "fuse.ntfs-3g", "fuse.exfat", "fuse.exfat-fuse", "fuse.encfs", "fuse.gocryptfs",
        "fuse.cryfs", "fuse.bindfs", "fuse.mergerfs", "fuse.fuse-overlayfs", "fuse.unionfs-fuse",
        "fuse.zfs-fuse", "fuse.dislocker", "fuse.lxcfs",
    }
)  # fmt: skip
NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL})
_PROBE = "case.probe"


@dataclass(frozen=True, slots=True)
class FileSystem:
    kind: str  # as the system names it: "ext4", "nfs4", "fuse.sshfs"; LOCAL where it does not
    network: bool


def filesystem_of(path: Path) -> FileSystem:
    """Return the file system that holds a path, or its nearest folder that exists."""
    if sys.platform == "win32":
        return _windows(path)
    place = os.path.realpath(path)
    kind = _linux(place) if MOUNTS.exists() else _macos(place)
    return FileSystem(kind, is_network(kind))


def is_network(kind: str) -> bool:
    """Tell whether a type of file system is, or may be, reached over a network."""
    kind = kind.lower()
    if kind.startswith("fuse"):
        return kind != "fuseblk" and kind not in _LOCAL_FUSE
    return kind in _NETWORK


def _linux(place: str) -> str:
    """Return the type of the longest mount point above a path; of two the later one covers."""
    best, kind = "", LOCAL
    with contextlib.suppress(OSError):
        for line in MOUNTS.read_bytes().splitlines():
            before, _, after = line.partition(b" - ")
            point = os.fsdecode(_unescaped(before.split(b" ")[4]))
            if len(point) >= len(best) and _is_above(point, place):
                best, kind = point, os.fsdecode(after.split(b" ")[0])
    return kind


def _unescaped(field: bytes) -> bytes:
    r"""Undo ``\040`` and its like (space, tab, line feed, backslash)."""
    first, *others = field.split(b"\\")
    return first + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in others)


def _is_above(point: str, place: str) -> bool:
    return place == point or place.startswith(point.rstrip("/") + "/")


def _macos(place: str) -> str:
    """Return the type that mount(8) names: "//host/share on /Volumes/share (smbfs, nodev)"."""
    best, kind = "", LOCAL
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(["/sbin/mount"], capture_output=True, timeout=10, check=True)
        for line in os.fsdecode(done.stdout).splitlines():
            where, _, options = line.partition(" on ")[2].rpartition(" (")
            if len(where) >= len(best) and _is_above(where, place):
                best, kind = where, options.rstrip(")").split(",")[0]
    return kind


def _windows(path: Path) -> FileSystem:
    """Take a UNC path or a mapped drive for a share. Not run by us: documented calls alone."""
    root = os.path.splitdrive(os.path.abspath(path))[0] + "\\"
    if root.startswith("\\\\"):
        return FileSystem("unc", True)
    remote = False
    if sys.platform == "win32":
        import ctypes

        remote = ctypes.windll.kernel32.GetDriveTypeW(root) == 4  # DRIVE_REMOTE
    return FileSystem("share" if remote else LOCAL, remote)


def check_locks(folder: Path, kind: str) -> None:
    """Lock a byte of a file of its own and let it go; raises CaseError where that cannot be."""
    if sys.platform == "win32":
        return
    import fcntl

    probe = folder / _PROBE
    try:
        fd = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return  # what cannot be written at all is told by who writes first
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)
        fcntl.lockf(fd, fcntl.LOCK_UN, 1)
    except OSError as error:
        if error.errno in NO_LOCKS:
            raise no_locks(folder, kind) from error
    finally:
        os.close(fd)
        with contextlib.suppress(OSError):
            probe.unlink()


def no_locks(folder: Path, kind: str) -> CaseError:
    """Return the error for a case that two programs could write to at once."""
    return CaseError(
        f"The case {display(str(folder))} cannot be written: files cannot be locked on its file "
        f"system ({display(kind)}), so two programs could write to it at once.",
        hint="Put the case on a local disk; the evidence may stay where it is.",
    )
