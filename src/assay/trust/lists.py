"""The operator's own trust lists: kept under the user's data folder, merged into one table.

Only these files and those named on the command line are ever read; a list found inside evidence
is never trusted.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assay.core.errors import PolicyError
from assay.trust.anchors import Anchor, AnchorTable, Role, load_pem

OPERATOR = "operator"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class TrustList:
    """One list as it was given: what a case pins and a report shows."""

    name: str
    role: Role
    added: str  # ISO date; empty for a list given for one case only
    source_sha256: str  # of the PEM file it was read from
    count: int  # certificates


def home() -> Path:
    """Return the user's data folder of Assay: ``ASSAY_HOME``, else the platform's own place."""
    if own := os.environ.get("ASSAY_HOME"):
        return Path(own)
    if data := os.environ.get("XDG_DATA_HOME"):
        return Path(data) / "assay"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "assay"
    return Path.home() / ".local" / "share" / "assay"


def role_of(text: str) -> Role:
    """Return a role by its name; raises PolicyError that lists the known ones."""
    try:
        return Role(text)
    except ValueError:
        known = " or ".join(role.value for role in Role)
        raise PolicyError(f"unknown trust role {text!r}", hint=f"give {known}") from None


def add_list(path: Path, role: str = Role.SIGNER.value, *, today: str = "") -> TrustList:
    """Copy the certificates of a PEM file into the user's store.

    ``today`` is the ISO date to record, the clock's by default. Adding the same file in the same
    role again changes nothing. Raises PolicyError naming the file and what to do.
    """
    wanted = role_of(role)
    added = today or datetime.now(UTC).date().isoformat()
    entry, anchors = _read(path, wanted, added)
    folder = home() / "trust"
    target = folder / f"{wanted.value}-{entry.source_sha256[:16]}.json"
    if target.exists():
        return _load(target)[0]
    table = AnchorTable.of(anchors)
    text = json.dumps(
        {
            "format": _FORMAT,
            "name": entry.name,
            "role": wanted.value,
            "added": added,
            "source_sha256": entry.source_sha256,
            "count": entry.count,
            "anchors": table.to_json(),
        },
        indent=1,
        sort_keys=True,
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(target, text)
    except OSError as error:
        raise PolicyError(
            f"{folder}: the trust list cannot be kept: {error.strerror}",
            hint="make the folder writable, or set ASSAY_HOME to one that is",
        ) from error
    return entry


def installed() -> tuple[TrustList, ...]:
    """Return the lists in the user's store, by role and name."""
    lists = [_load(path)[0] for path in _stored()]
    return tuple(sorted(lists, key=lambda entry: (entry.role, entry.name, entry.source_sha256)))


def lists_in_use(extra: Iterable[tuple[Path, str]] = ()) -> tuple[TrustList, ...]:
    """Return the stored lists and those of the files given with it (path, role)."""
    return installed() + tuple(_read(path, role_of(role), "")[0] for path, role in extra)


def table(extra: Iterable[tuple[Path, str]] = ()) -> AnchorTable:
    """Return one table of every stored list and of the files given with it (path, role)."""
    anchors = [anchor for path in _stored() for anchor in _load(path)[1].anchors]
    for path, role in extra:
        anchors += _read(path, role_of(role), "")[1]
    return AnchorTable.of(anchors)


def _read(path: Path, role: Role, added: str) -> tuple[TrustList, tuple[Anchor, ...]]:
    anchors = load_pem(path, name=OPERATOR, role=role, list_date=added)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return TrustList(path.stem[:100], role, added, digest, len(anchors)), anchors


def _stored() -> list[Path]:
    return sorted((home() / "trust").glob("*.json"))


def _load(path: Path) -> tuple[TrustList, AnchorTable]:
    try:
        row = json.loads(path.read_text("utf-8"))
        if row["format"] != _FORMAT:
            raise ValueError(f"format {row['format']} is not known to this version")
        entry = TrustList(
            name=str(row["name"]),
            role=Role(row["role"]),
            added=str(row["added"]),
            source_sha256=str(row["source_sha256"]),
            count=int(row["count"]),
        )
        return entry, AnchorTable.from_json(row["anchors"])
    except (OSError, ValueError, KeyError, TypeError, PolicyError) as error:
        raise PolicyError(
            f"{path}: not a trust list of Assay: {error}",
            hint="remove the file and add the list again with: assay trust add FILE",
        ) from error


def _replace(target: Path, text: str) -> None:
    """Write through a temporary file, so that no half list is ever read."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
