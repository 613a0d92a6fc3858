"""Tasks for the sandbox's tests: one that does as told, and some that cannot even be prepared."""

from __future__ import annotations

import ctypes
import os
import stat
import threading
import time
from typing import Any

from assay.core.blob import Blob
from assay.core.jsonvalue import JsonObject
from assay.sandbox.task import Link


class Obedient:
    """Does what the request's "do" says."""

    def preload(self) -> None:
        self.preloaded = True

    def prepare(self, settings: JsonObject) -> None:
        assert self.preloaded
        self.settings = settings
        self.handled = 0

    def handle(self, request: JsonObject, source: Blob | None, link: Link) -> None:
        self.handled += 1
        link.trace(f"about to {request['do']}")
        match request["do"]:
            case "echo":
                link.send({"echo": request.get("text", ""), "pid": os.getpid()})
            case "read":
                assert source is not None
                link.send({"data": source.read(0, source.size).decode("latin-1")})
            case "ask":
                link.send({"answer": link.ask({"question": request["text"]})})
            case "settings":
                link.send({"settings": dict(self.settings), "handled": self.handled})
            case "seal":
                link.send({"seal": link.seal.value})
            case "descriptors":
                link.send(_open_descriptors())
            case "segfault":
                ctypes.string_at(0)
            case "hang":
                while True:
                    pass
            case "sleep":
                link.budget(float(str(request["budget"])))
                time.sleep(float(str(request["seconds"])))
                link.send({"slept": True})
            case "bomb":
                link.budget(60)
                hoard = []
                while True:
                    hoard.append(bytearray(16 << 20))
            case "exit":
                os._exit(3)
            case "raise":
                raise ValueError("the file is not to my taste")
            case "garbage":
                os.write(_line(link), b"\x00\x00\x00\x05[1,2]")
                time.sleep(60)
            case "flood":
                os.write(_line(link), b"\xff\xff\xff\xff")
                time.sleep(60)
            case "many":
                for number in range(int(str(request["count"]))):
                    link.send({"number": number, "filler": "x" * 2000})
            case other:
                raise AssertionError(f"no such thing to do: {other}")


def _open_descriptors() -> dict[str, int]:
    found = {"open": 0, "sockets": 0}
    for descriptor in range(256):
        try:
            mode = os.fstat(descriptor).st_mode
        except OSError:
            continue
        found["open"] += 1
        found["sockets"] += stat.S_ISSOCK(mode)
    return found


def _line(link: Any) -> int:
    """Return the descriptor of the worker's line, as hostile code would find it."""
    line = link._line
    return line._channel.fileno() if hasattr(line, "_channel") else line._outgoing


def make() -> Obedient:
    return Obedient()


class Unpreparable(Obedient):
    def prepare(self, settings: JsonObject) -> None:
        print("a library complains", file=__import__("sys").stderr)
        raise ImportError("libmissing.so.1 cannot be found")


def make_unpreparable() -> Unpreparable:
    return Unpreparable()


class Threaded(Obedient):
    def prepare(self, settings: JsonObject) -> None:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def make_threaded() -> Threaded:
    return Threaded()


class Exiting(Obedient):
    def prepare(self, settings: JsonObject) -> None:
        os._exit(5)


def make_exiting() -> Exiting:
    return Exiting()


class Unloadable(Obedient):
    def preload(self) -> None:
        raise ImportError("nothing of the kind is installed")


def make_unloadable() -> Unloadable:
    return Unloadable()
