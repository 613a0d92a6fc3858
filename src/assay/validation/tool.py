"""What ran: the program by digest, the machine, and the libraries that read files."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path

from assay import __version__
from assay.bundle import itself
from assay.core.errors import AssayError
from assay.core.jsonvalue import Json
from assay.validation.compare import Check, Value


def tool() -> dict[str, Json]:
    """Return what identifies this program. ``content_sha256`` also stands in bundle.json."""
    from assay.engine.registry import installed
    from assay.openers.registry import all_openers

    examiners = [examiner.info for examiner in installed()]
    root = itself.source_root()
    return {
        "name": "assay",
        "version": __version__,
        "content_sha256": itself.content_digest(),
        "installed_as": "source checkout" if root else "package",
        "commit": _commit(root) if root else None,
        "examiners": {info.name: info.version for info in examiners},
        "openers": {opener.name: opener.version for opener in all_openers()},
    }


def machine() -> dict[str, Json]:
    """Return operating system, kernel, processor and Python."""
    return {
        "system": _system(),
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def libraries() -> dict[str, Json]:
    """Return the packages that Assay needs, by version, and the native libraries inside them."""
    found: dict[str, Json] = {}
    for name in _needed():
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    for name, ask in _NATIVE.items():
        try:
            found[name] = ask()
        except Exception:  # a missing library is a fact of the record, not an error
            found[name] = None
    return found


def installation() -> tuple[Check, ...]:
    """Check every installed file of Assay against the digest it was installed with."""
    if itself.source_root() is not None:
        return ()  # a checkout has no RECORD; its content digest and commit are in the record
    dist = metadata.distribution(itself.NAME)
    changed: list[Json] = []
    for file in dist.files or ():
        if file.hash is None:
            continue
        try:
            itself.as_recorded(dist, file)
        except AssayError:
            changed.append(file.as_posix())
    values = (Value("", "files that differ from what was installed", [], changed),)
    basis = "RECORD of the installed package holds the SHA-256 of every file"
    return (Check("the program is what was installed", "program", "", "", basis, values),)


def _needed() -> list[str]:
    lines = metadata.distribution(itself.NAME).requires or []
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines if "extra ==" not in line)
    return sorted({name[0] for name in found if name is not None})


def _commit(root: Path) -> str | None:
    git = ["git", "-C", str(root)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
        changes = subprocess.run(
            [*git, "status", "--porcelain", "--", "src"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + (" with local changes" if changes.stdout.strip() else "")


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return platform.platform()


def _processor() -> str:
    if sys.platform == "linux":
        try:
            for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
        except OSError:
            pass
    return platform.processor() or platform.machine()


def _pillow(feature: str) -> Callable[[], Json]:
    def ask() -> Json:
        from PIL import features

        version: str | None = features.version(feature)
        return version

    return ask


def _libheif() -> Json:
    import pi_heif

    return str(pi_heif.libheif_version())


def _ffmpeg() -> Json:
    import cv2

    lines = [line.split(":", 1) for line in cv2.getBuildInformation().splitlines() if ":" in line]
    wanted = ("avcodec", "avformat", "avutil", "swscale")
    parts = {key.strip(): value.split("(")[-1].strip(" )") for key, value in lines}
    return ", ".join(f"{name} {parts[name]}" for name in wanted if name in parts) or None


def _c2pa() -> Json:
    import c2pa

    return str(c2pa.sdk_version())


_NATIVE: Mapping[str, Callable[[], Json]] = {
    "libjpeg-turbo (Pillow)": _pillow("libjpeg_turbo"),
    "zlib (Pillow)": _pillow("zlib"),
    "libtiff (Pillow)": _pillow("libtiff"),
    "libwebp (Pillow)": _pillow("webp"),
    "libavif (Pillow)": _pillow("avif"),
    "openjpeg (Pillow)": _pillow("jpg_2000"),
    "libheif (pi-heif)": _libheif,
    "FFmpeg (opencv)": _ffmpeg,
    "c2pa-rs (c2pa-python)": _c2pa,
    "OpenSSL (Python)": lambda: ssl.OPENSSL_VERSION.removeprefix("OpenSSL "),
    "SQLite (Python)": lambda: sqlite3.sqlite_version,
}
