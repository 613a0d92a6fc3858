"""Licences: of each wheel its own statement and every licence file that it carries."""

from __future__ import annotations

import email.message
import email.parser
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.bundle.pins import normal

_FILE = re.compile(r"(licen[cs]es?|copying|copyright|notice|authors)([-_. ].*)?", re.IGNORECASE)
_CODE = (".py", ".pyi", ".pyc", ".so", ".pyd")
_MAX = 4 << 20  # bytes of one licence file
# What a wheel carries beside its own code, where that is under the LGPL; see NOTICE.
CARRIED: Mapping[str, str] = {
    "opencv-python-headless": "FFmpeg (LGPL-2.1-or-later)",
    "pi-heif": "libheif and libde265 (LGPL-3.0-or-later)",
}


@dataclass(frozen=True, slots=True)
class Package:
    """What one wheel says about itself."""

    name: str
    version: str
    licence: str  # an SPDX expression where it gives one, else its own words
    carries: str
    file: str  # name of the wheel
    licence_files: tuple[str, ...]  # below licences/


def collect(wheels: Iterable[Path], folder: Path) -> list[Package]:
    """Copy the licence files of wheels into a folder and return what each wheel says."""
    packages = [_one(wheel, folder) for wheel in sorted(wheels)]
    return sorted(packages, key=lambda package: package.name)


def table(packages: Iterable[Package]) -> str:
    """Return the Markdown page that lists them."""
    lines = [
        "# Licences of what is in this folder\n\n",
        "As each package states it. Its licence files lie beside this page.\n\n",
        "| package | version | licence | carries also | files |\n|---|---|---|---|---|\n",
    ]
    for package in packages:
        names = package.licence_files
        files = f"{len(names)} in `{names[0].partition('/')[0]}`" if names else "none in its wheel"
        row = (package.name, package.version, package.licence, package.carries, files)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n")
    return "".join(lines)


def _one(wheel: Path, folder: Path) -> Package:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(n for n in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
        head = email.parser.BytesParser().parsebytes(archive.read(metadata), headersonly=True)
        name, version = normal(str(head["Name"])), str(head["Version"])
        place = f"{name}-{version}"
        kept = []
        for entry in archive.infolist():
            if entry.is_dir() or entry.file_size > _MAX or not _is_licence(entry.filename):
                continue
            inner = re.sub(r"^[^/]+\.dist-info/(licenses/)?", "", entry.filename)
            target = folder / place / inner
            if folder.resolve() not in target.resolve().parents:
                continue  # a name that points outside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(entry))
            kept.append(f"{place}/{inner}")
    return Package(name, version, _stated(head), CARRIED.get(name, ""), wheel.name, tuple(kept))


def _is_licence(path: str) -> bool:
    name = path.rpartition("/")[2]
    named = bool(_FILE.fullmatch(name)) and not name.lower().endswith(_CODE)
    return named or ".dist-info/licenses/" in path


def _stated(head: email.message.Message) -> str:
    """Return the licence expression, else the first line of the licence, else the classifiers."""
    if expression := head["License-Expression"]:
        return str(expression).strip()
    first = str(head["License"] or "").strip().split("\n")[0].strip()
    if first and first != "UNKNOWN":
        return first[:100]
    rows = [str(c) for c in head.get_all("Classifier") or [] if str(c).startswith("License")]
    return "; ".join(row.rpartition("::")[2].strip() for row in rows) or "not stated"
