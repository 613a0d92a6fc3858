"""A file system in user space that shows a folder as a bad, slow, cut or far disk would.

Speaks the kernel's FUSE protocol (linux/fuse.h, 7.31) over ``/dev/fuse``, so that the errors and
delays are real ones of real descriptors. ``tests.support.mounts`` gives it a place to mount in::

    python tests/support/fusefs.py FOLDER MOUNTPOINT --bad a.jpg:8192-12288 --open-ms 5 --rate 100

Prints "ready" once the mount answers. One request at a time, as one disk head would.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import json
import os
import stat
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

_IN = struct.Struct("<IIQQIIIHH")
_ATTR = struct.Struct("<6Q10I")
_SECTOR = 4096
_MAX_WRITE = 1 << 20
(LOOKUP, FORGET, GETATTR, READLINK) = (1, 2, 3, 5)
(OPEN, READ, STATFS, RELEASE) = (14, 15, 17, 18)
(FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, ACCESS) = (25, 26, 27, 28, 29, 34)
(SETATTR, MKDIR, UNLINK, RMDIR, RENAME, WRITE, FSYNC) = (4, 9, 10, 11, 12, 16, 20)
(FSYNCDIR, CREATE, RENAME2) = (30, 35, 45)
LOCKS = (31, 32, 33)
(INTERRUPT, DESTROY, BATCH_FORGET) = (36, 38, 42)
_SILENT = {FORGET, BATCH_FORGET, INTERRUPT}
_NODEV, _NOSUID, _RDONLY = 4, 2, 1


@dataclass
class Disk:
    """The folder to show, and how it misbehaves."""

    folder: str
    bad: dict[str, list[tuple[int, int]]]  # path -> ranges of bytes that give EIO
    open_seconds: float = 0.0
    rate: float = 0.0  # bytes a second; 0 = as fast as it goes
    write: bool = False
    locks: bool = True  # False: locks of bytes are refused with ENOLCK
    cut: str = ""  # while this file exists everything gives EIO, as an unplugged disk does
    paths: list[str] = field(default_factory=lambda: ["", ""])  # by node, the root is 1
    nodes: dict[str, int] = field(default_factory=lambda: {"": 1})
    handles: dict[int, int | list[tuple[str, int]]] = field(default_factory=dict)
    free_at: float = 0.0
    direct: bool = False  # True: no page cache, every read of anyone comes here
    read_of: Counter[str] = field(default_factory=Counter)  # bytes by path
    opens_of: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    first_open: float | None = None  # seconds since it began
    last_listing: float | None = None

    def real(self, node: int) -> str:
        return os.path.join(self.folder, self.paths[node])

    def node(self, path: str) -> int:
        if path not in self.nodes:
            self.nodes[path] = len(self.paths)
            self.paths.append(path)
        return self.nodes[path]

    def take(self, seconds: float) -> None:
        """Let the disk be busy for a while; what it owes is slept off in one go."""
        self.free_at = max(self.free_at, time.monotonic()) + seconds
        if (left := self.free_at - time.monotonic()) > 0.001:
            time.sleep(left)

    def attr(self, node: int) -> bytes:
        s = os.lstat(self.real(node))
        times = [divmod(t, 1_000_000_000) for t in (s.st_atime_ns, s.st_mtime_ns, s.st_ctime_ns)]
        return _ATTR.pack(
            node, s.st_size, s.st_blocks, *(t[0] for t in times), *(t[1] for t in times),
            s.st_mode, s.st_nlink, 0, 0, 0, _SECTOR, 0,
        )  # fmt: skip

    def answer(self, code: int, node: int, body: bytes) -> bytes:
        """Return the reply to one request; raises OSError for what the disk refuses."""
        if code == INIT:
            flags = 1 | 1 << 5 | 1 << 22  # asynchronous reads, big writes, max_pages
            flags |= 0 if self.locks else 1 << 1  # locks are asked for here
            return struct.pack(
                "<IIIIHHIIHH8I", 7, 31, 1 << 20, flags, 64, 48, _MAX_WRITE, 1, 256, 0, *[0] * 8
            )
        if self.cut and os.path.exists(self.cut):
            raise OSError(errno.EIO, "")
        if code == LOOKUP:
            name = os.fsdecode(body.rstrip(b"\0"))
            path = os.path.join(self.paths[node], name)
            os.lstat(os.path.join(self.folder, path))
            child = self.node(path)
            return struct.pack("<QQQQII", child, 0, 1, 1, 0, 0) + self.attr(child)
        if code == GETATTR:
            return struct.pack("<QII", 1, 0, 0) + self.attr(node)
        if code == READLINK:
            return os.fsencode(os.readlink(self.real(node)))  # noqa: PTH115
        if code == OPEN:
            self.opens_of[self.paths[node]] += 1
            self.first_open = self.first_open or time.monotonic() - self.began
            self.take(self.open_seconds)
            (flags,) = struct.unpack_from("<I", body)
            handle = os.open(self.real(node), flags & (os.O_ACCMODE | os.O_APPEND))
            self.handles[handle] = handle
            return struct.pack("<QII", handle, int(self.direct), 0)
        if code == READ:
            handle, offset, size = struct.unpack_from("<QQI", body)
            return self.read(node, handle, offset, size)
        if code == OPENDIR:
            self.last_listing = time.monotonic() - self.began
            with os.scandir(self.real(node)) as entries:
                rows = [
                    (e.name, stat.S_IFMT(e.stat(follow_symlinks=False).st_mode)) for e in entries
                ]
            handle = max(self.handles, default=0) + 1_000_000
            self.handles[handle] = sorted(rows)
            return struct.pack("<QII", handle, 0, 0)
        if code == READDIR:
            handle, offset, size = struct.unpack_from("<QQI", body)
            return self.names(node, handle, offset, size)
        if code == STATFS:
            return struct.pack("<5Q4I6I", 0, 0, 0, 0, 0, _SECTOR, 255, _SECTOR, 0, *[0] * 6)
        if code in (RELEASE, RELEASEDIR):
            (handle,) = struct.unpack_from("<Q", body)
            if self.handles.pop(handle, None) == handle:
                os.close(handle)
            return b""
        if code in (FLUSH, ACCESS, DESTROY):
            return b""
        if code in LOCKS:
            raise OSError(errno.ENOLCK, "")
        if self.write:
            return self.change(code, node, body)
        raise OSError(errno.ENOSYS, "")

    def change(self, code: int, node: int, body: bytes) -> bytes:
        """Do what writes, for a case that lies on such a disk."""
        if code == WRITE:
            handle, offset, size = struct.unpack_from("<QQI", body)
            return struct.pack("<II", os.pwrite(handle, body[40 : 40 + size], offset), 0)
        if code in (FSYNC, FSYNCDIR):
            return b""
        if code == SETATTR:
            valid, _, _, size = struct.unpack_from("<IIQQ", body)
            if valid & 8:
                os.truncate(self.real(node), size)
            return struct.pack("<QII", 1, 0, 0) + self.attr(node)
        skip = {MKDIR: 8, CREATE: 16, RENAME: 8, RENAME2: 16}.get(code, 0)
        names = [os.fsdecode(raw) for raw in body[skip:].split(b"\0")]
        path = os.path.join(self.paths[node], names[0])
        real = os.path.join(self.folder, path)
        if code in (UNLINK, RMDIR):
            (os.unlink if code == UNLINK else os.rmdir)(real)
            self.nodes.pop(path, None)
            return b""
        if code in (RENAME, RENAME2):
            (above,) = struct.unpack_from("<Q", body)
            other = os.path.join(self.paths[above], names[1])
            os.rename(real, os.path.join(self.folder, other))  # noqa: PTH104
            self.nodes[other] = moved = self.nodes.pop(path)
            self.paths[moved] = other
            return b""
        if code == MKDIR:
            os.mkdir(real)  # noqa: PTH102
        elif code == CREATE:
            handle = os.open(real, os.O_RDWR | os.O_CREAT, 0o644)
            self.handles[handle] = handle
        else:
            raise OSError(errno.ENOSYS, "")
        child = self.node(path)
        entry = struct.pack("<QQQQII", child, 0, 1, 1, 0, 0) + self.attr(child)
        return entry + (struct.pack("<QII", handle, 0, 0) if code == CREATE else b"")

    def read(self, node: int, handle: int, offset: int, size: int) -> bytes:
        for start, stop in self.bad.get(self.paths[node], ()):
            if offset < stop and start < offset + size:
                raise OSError(errno.EIO, "")
        data = os.pread(handle, size, offset)
        self.read_of[self.paths[node]] += len(data)
        if self.rate:
            self.take(len(data) / self.rate)
        return data

    def names(self, node: int, handle: int, offset: int, size: int) -> bytes:
        rows = self.handles[handle]
        assert isinstance(rows, list)
        out = b""
        for number, (name, kind) in enumerate(rows[offset:], offset + 1):
            raw = os.fsencode(name)
            child = self.node(os.path.join(self.paths[node], name))
            entry = struct.pack("<QQII", child, number, len(raw), kind >> 12) + raw
            entry += bytes(-len(entry) % 8)
            if len(out) + len(entry) > size:
                break
            out += entry
        return out


def mount(point: str, *, write: bool = False) -> int:
    """Mount at a folder; returns the descriptor to serve. Raises OSError."""
    fd = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={fd},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
    flags = _NODEV | _NOSUID | (0 if write else _RDONLY)
    if libc.mount(b"assay-test", os.fsencode(point), b"fuse.assay-test", flags, options) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"mount: {os.strerror(code)}")
    return fd


def serve(fd: int, disk: Disk) -> None:
    """Answer until the mount is gone."""
    while True:
        try:
            request = os.read(fd, _MAX_WRITE + 4096)
        except OSError as error:
            if error.errno == errno.ENODEV:  # unmounted
                return
            if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                continue
            raise
        _, code, unique, node, *_ = _IN.unpack_from(request)
        failed, body = 0, b""
        try:
            body = disk.answer(code, node, request[_IN.size :])
        except OSError as error:
            failed = error.errno or errno.EIO
        if code in _SILENT:
            continue
        try:
            os.write(fd, struct.pack("<IiQ", 16 + len(body), -failed, unique) + body)
        except FileNotFoundError:
            continue  # the request was given up meanwhile


def _bad(texts: list[str]) -> dict[str, list[tuple[int, int]]]:
    table: dict[str, list[tuple[int, int]]] = {}
    for text in texts:
        path, _, span = text.rpartition(":")
        start, _, stop = span.partition("-")
        table.setdefault(path, []).append((int(start), int(stop)))
    return table


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("point")
    parser.add_argument("--bad", action="append", default=[], help="PATH:START-STOP")
    parser.add_argument("--open-ms", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=0.0, help="10^6 bytes a second")
    parser.add_argument("--cut", default="", help="while this file exists everything gives EIO")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--no-locks", action="store_true")
    parser.add_argument("--direct", action="store_true", help="no page cache: count every read")
    parser.add_argument("--report", help="write what was read as JSON when unmounted")
    given = parser.parse_args()
    disk = Disk(
        given.folder,
        _bad(given.bad),
        given.open_ms / 1000,
        given.rate * 1e6,
        given.write,
        not given.no_locks,
        given.cut,
        direct=given.direct,
    )
    fd = mount(given.point, write=given.write)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    serve(fd, disk)
    if given.report:
        shown = {
            "read": disk.read_of,
            "opens": disk.opens_of,
            "first_open": disk.first_open,
            "last_listing": disk.last_listing,
            "began": disk.began,
        }
        with open(given.report, "w", encoding="utf-8", errors="surrogateescape") as file:
            json.dump(shown, file)


if __name__ == "__main__":
    main()
