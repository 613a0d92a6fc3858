"""Makes the folder: wheels, licences, installers, digests, manifest; whole or not at all."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import shutil
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

from assay import __version__
from assay.bundle import itself, licences
from assay.bundle.fetch import Progress, fetch
from assay.bundle.parts import Part, carry
from assay.bundle.pins import applies, normal, parse, requirement
from assay.bundle.target import Target
from assay.core.contract import EXAMINER_GROUP
from assay.core.errors import AssayError, UsageError

FORMAT = 1
SUMS = "SHA256SUMS"
_TEMPLATES = ("install.sh", "install.ps1", "README.txt")
_OLD_LINUX = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}  # minor version of glibc 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a bundle is to hold."""

    target: Target
    source: Path | None = None  # wheels come from here alone; None = the package index
    lock: Path | None = None  # other pins than those shipped
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was made."""

    folder: Path
    packages: tuple[licences.Package, ...]
    size: int  # bytes
    sums_sha256: str  # digest of the list of digests: it stands for everything
    left_out: tuple[str, ...]  # installed plug-ins that are no part of it


def make(folder: Path, wanted: Wanted, progress: Progress) -> Bundle:
    """Make a bundle; nothing is left behind where it fails or is interrupted.

    Raises UsageError where the folder is in use, AssayError naming what could not be had.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: exists and is not empty", hint="give a new folder with -o")
    if wanted.source is not None and not wanted.source.is_dir():
        raise UsageError(f"{wanted.source}: is no folder", hint="give a folder of wheels")
    partial = folder.with_name(folder.name + ".partial")
    try:
        partial.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(
            f"{partial}: exists already", hint="another run makes it, or one was killed: remove it"
        ) from None
    except OSError as error:
        raise AssayError(f"{partial}: {error.strerror}", hint="give another place") from None
    try:
        made = _fill(partial, wanted, progress)
        if folder.is_dir():
            folder.rmdir()
        partial.rename(folder)
    except OSError as error:
        raise AssayError(
            f"{error.filename or folder}: {error.strerror}", hint="give another place with -o"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Bundle(folder, *made)


def _fill(
    folder: Path, wanted: Wanted, progress: Progress
) -> tuple[tuple[licences.Package, ...], int, str, tuple[str, ...]]:
    wheels = folder / "wheels"
    wheels.mkdir()
    text, where = (_read(wanted.lock), str(wanted.lock)) if wanted.lock else itself.shipped_lock()
    environment = wanted.target.environment()
    pins = [pin for pin in parse(text, where) if applies(pin.marker, environment)]
    own = _own(wheels, wanted.source)
    fetch(pins, wanted.target, wheels, wanted.source, progress)
    files = sorted(wheels.glob("*.whl"))
    packages = licences.collect(files, folder / "licences")
    (folder / "licences").mkdir(exist_ok=True)
    _write(folder / "licences" / "LICENCES.md", licences.table(packages))
    _write(folder / "requirements.txt", _requirements(packages, wheels))
    carried = carry(wanted.parts, folder)
    made_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    made_at = made_at.replace("+00:00", "Z")
    glibc = glibc_needed(files)
    _templates(folder, wanted.target, made_at, glibc, len(files), carried)
    manifest = {
        "format": FORMAT,
        "assay": {
            "version": __version__,
            "wheel": own.path.name,
            "wheel_sha256": _digest(own.path),
            "content_sha256": itself.wheel_content_digest(own.path),
            "origin": own.origin,
        },
        "made_at": made_at,
        "platform": wanted.target.platform.name,
        "python": wanted.target.python,
        "glibc": glibc or None,
        "lock_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "packages": [
            {
                "name": p.name,
                "version": p.version,
                "licence": p.licence,
                "carries": p.carries or None,
                "file": f"wheels/{p.file}",
                "sha256": _digest(wheels / p.file),
            }
            for p in packages
        ],
        "parts": [
            {"name": name, **_part(folder, name)}
            for name in ("wheels", "licences", *(part.name for part in carried))
        ],
    }
    _write(folder / "bundle.json", json.dumps(manifest, indent=1, ensure_ascii=True) + "\n")
    paths = _files(folder)
    _write(folder / SUMS, sums(folder, paths))
    size = sum(path.stat().st_size for path in paths)
    return tuple(packages), size, _digest(folder / SUMS), _left_out(packages)


def _read(lock: Path) -> str:
    try:
        return lock.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{lock}: cannot be read: {error}", hint="give a lock file") from None


def _own(wheels: Path, source: Path | None) -> itself.OwnWheel:
    """Take Assay's wheel from the folder given where it is there, else make it."""
    there = sorted(source.glob(f"{itself.NAME}-{__version__}-*.whl")) if source else []
    if not there:
        return itself.own_wheel(wheels)
    target = wheels / there[-1].name
    shutil.copyfile(there[-1], target)
    return itself.OwnWheel(target, "taken from the folder of wheels")


def _requirements(packages: Sequence[licences.Package], wheels: Path) -> str:
    return "".join(
        requirement(p.name, p.version, (_digest(wheels / p.file),)) + "\n" for p in packages
    )


def _templates(
    folder: Path,
    target: Target,
    made_at: str,
    glibc: str,
    wheels: int,
    carried: Sequence[Part],
) -> None:
    values: Mapping[str, str] = {
        "VERSION": __version__,
        "RULE": "=" * len(f"Assay {__version__}, to be installed on a machine without a network"),
        "PLATFORM": target.platform.name,
        "SYSTEM": target.platform.system,
        "MACHINE": target.platform.machine,
        "PYTHON": target.python,
        "NEEDS": f", glibc {glibc} or newer" if glibc else "",
        "MADE": made_at,
        "WHEELS": str(wheels),
        "PARTS": " ".join(part.name for part in carried),
        "CARRIED": "".join(f"  {part.name + '/':<24} {part.words}\n" for part in carried),
    }
    source = resources.files("assay.bundle").joinpath("templates")
    for name in _TEMPLATES:
        text = source.joinpath(name).read_text("utf-8")
        text = re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], text)
        windows = name.endswith(".ps1")
        _write(folder / name, text.replace("\n", "\r\n") if windows else text)
    script = folder / "install.sh"
    script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def glibc_needed(wheels: Iterable[Path]) -> str:
    """Return the oldest glibc that all wheels run on, "2.28"; empty where none needs one."""
    needed = []
    for wheel in wheels:
        minors = [int(m) for m in re.findall(r"manylinux_2_(\d+)_", wheel.name)]
        minors += [minor for tag, minor in _OLD_LINUX.items() if f"{tag}_" in wheel.name]
        needed += [min(minors)] if minors else []
    return f"2.{max(needed)}" if needed else ""


def _part(folder: Path, name: str) -> dict[str, object]:
    paths = _files(folder / name)
    return {
        "files": len(paths),
        "bytes": sum(path.stat().st_size for path in paths),
        # of its lines in SHA256SUMS
        "sha256": hashlib.sha256(sums(folder, paths).encode()).hexdigest(),
    }


def sums(folder: Path, paths: Iterable[Path]) -> str:
    """Return the lines that ``sha256sum -c`` takes, for files below a folder."""
    return "".join(f"{_digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in paths)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")


def _left_out(packages: Sequence[licences.Package]) -> tuple[str, ...]:
    """Name installed examiners' packages that the lock does not hold."""
    inside = {package.name for package in packages}
    owners = {
        normal(point.dist.name)
        for point in metadata.entry_points(group=EXAMINER_GROUP)
        if point.dist is not None
    }
    return tuple(sorted(owners - inside - {itself.NAME}))
