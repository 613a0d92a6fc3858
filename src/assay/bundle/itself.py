"""Assay itself: what it is made of, how it was installed, its pins, and its own wheel."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath

import assay
from assay import __version__
from assay.core.errors import AssayError

NAME = "assay"
LOCK = "data/requirements.lock"  # inside the installed package; see pyproject.toml
_NOT_OURS = frozenset({"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"})  # pip writes them


@dataclass(frozen=True, slots=True)
class OwnWheel:
    path: Path
    origin: str  # how it was had, in words


def package_folder() -> Path:
    """Return the folder of the package that is running."""
    return Path(assay.__file__).resolve().parent


def source_root() -> Path | None:
    """Return the checkout that runs, where Assay runs from one."""
    root = package_folder().parents[1]
    return root if (root / "pyproject.toml").is_file() and (root / "src").is_dir() else None


def shipped_lock() -> tuple[str, str]:
    """Return the text of the lock file and where it lies; raises AssayError where it is missing."""
    root = source_root()
    path = root / "requirements.lock" if root else package_folder() / LOCK
    try:
        return path.read_text("utf-8"), str(path)
    except OSError as error:
        raise AssayError(
            f"{path}: {error.strerror}: this installation has no lock file",
            hint="install Assay again, or give one with --lock FILE",
        ) from None


def content_digest() -> str:
    """Return one SHA-256 over the package's files: the same for a checkout, a wheel, a copy of it.

    It is the digest of lines ``<sha256>  <path>``, sorted by path; compiled modules are left out.
    """
    folder = package_folder()
    files = {
        f"{NAME}/{path.relative_to(folder).as_posix()}": path
        for path in folder.rglob("*")
        if path.is_file() and _counts(PurePosixPath(path.relative_to(folder).as_posix()))
    }
    root = source_root()
    if root is not None:
        files[f"{NAME}/{LOCK}"] = root / "requirements.lock"
    lines = [
        f"{hashlib.sha256(files[name].read_bytes()).hexdigest()}  {name}\n"
        for name in sorted(files)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def wheel_content_digest(wheel: Path) -> str:
    """Return ``content_digest`` of a wheel of Assay."""
    with zipfile.ZipFile(wheel) as archive:
        lines = [
            f"{hashlib.sha256(archive.read(name)).hexdigest()}  {name}\n"
            for name in sorted(archive.namelist())
            if name.startswith(f"{NAME}/") and not name.endswith("/")
        ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _counts(path: PurePosixPath) -> bool:
    # numba keeps its compiled kernels (.nbi, .nbc) in __pycache__ too
    return "__pycache__" not in path.parts and path.suffix not in (".pyc", ".nbi", ".nbc")


def own_wheel(folder: Path) -> OwnWheel:
    """Put a wheel of this very Assay into a folder; raises AssayError saying what to do."""
    root = source_root()
    if root is not None:
        return OwnWheel(_build(root, folder), "built from a source checkout")
    try:
        installed = metadata.distribution(NAME)
    except metadata.PackageNotFoundError:
        raise AssayError(
            "Assay is not installed as a package, so its wheel cannot be made",
            hint="install it with pip, or run from a checkout",
        ) from None
    return OwnWheel(repack(installed, folder), "repacked from the installation, digests checked")


def _build(root: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-input", "-q"]
    done = subprocess.run(
        [*command, "--wheel-dir", str(folder), str(root)],
        capture_output=True,
        text=True,
        check=False,
    )
    made = sorted(folder.glob(f"{NAME}-{__version__}-*.whl"))
    if done.returncode or not made:
        said = [line for line in done.stderr.splitlines() if "ERROR" in line] or ["no reason given"]
        raise AssayError(
            f"Assay's own wheel could not be built from {root}: {said[-1].strip()}",
            hint="building needs hatchling from the package index; "
            "or put a wheel of Assay into the folder given with --from",
        )
    return made[-1]


def repack(installed: metadata.Distribution, folder: Path) -> Path:
    """Write the wheel that an installation came from, from the files that its RECORD lists.

    Files that pip added (scripts, compiled modules, INSTALLER) are left out. Raises AssayError
    where a file is missing or differs from its digest: a changed program is not handed on.
    """
    files = installed.files
    if files is None:
        raise AssayError("the installation has no RECORD, so its wheel cannot be made again")
    info = next((f.parent for f in files if f.name == "METADATA"), None)
    wheel_text = installed.read_text("WHEEL") or ""
    tags = [line.partition(":")[2].strip() for line in wheel_text.splitlines() if "Tag:" in line]
    if info is None or not tags:
        raise AssayError("the installation has no METADATA or WHEEL, so its wheel cannot be made")
    name = info.name.removesuffix(".dist-info")
    target = folder / f"{name}-{tags[0]}.whl"
    record = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(files, key=lambda f: (f.parts[0] == info.name, f.as_posix())):
            outside = file.parts[0] == ".." or PurePosixPath(file).is_absolute()
            if outside or not _counts(file) or (file.parent == info and file.name in _NOT_OURS):
                continue
            data = as_recorded(installed, file)
            _add(archive, file.as_posix(), data)
            record.append(f"{file.as_posix()},sha256={_digest(data)},{len(data)}\n")
        record.append(f"{info.as_posix()}/RECORD,,\n")
        _add(archive, f"{info.as_posix()}/RECORD", "".join(record).encode())
    return target


def as_recorded(installed: metadata.Distribution, file: metadata.PackagePath) -> bytes:
    path = Path(str(installed.locate_file(file)))
    hint = "install Assay again from a wheel that you trust"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AssayError(f"{path}: {error.strerror}", hint=hint) from None
    if file.hash is None or file.hash.mode != "sha256" or file.hash.value != _digest(data):
        raise AssayError(f"{path}: differs from what was installed", hint=hint)
    return data


def _digest(data: bytes) -> str:
    """Return SHA-256 as RECORD writes it: base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # the same wheel every time
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, data)
