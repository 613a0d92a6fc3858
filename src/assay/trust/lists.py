"""The lists that new cases trust: those that come with Assay or an update of them, and your own.

Only the shipped table, the files of the user's data folder and those named on the command line are
ever read; a list found inside evidence is never trusted.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from assay.core.errors import PolicyError
from assay.trust.anchors import Anchor, AnchorTable, Role, list_rank, load_pem
from assay.trust.listfile import OPERATOR, TrustList, from_json, named, to_json
from assay.trust.shipped import shipped

_Found = tuple[TrustList, tuple[Anchor, ...]]


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
    entry, anchors = _given(path, wanted, added)
    name = f"{wanted.value}-{entry.source_sha256[:16]}.json"
    if (_folder() / name).exists():
        return _load(_folder() / name)[0]
    keep(name, entry, anchors)
    return entry


def keep(name: str, entry: TrustList, anchors: Iterable[Anchor]) -> None:
    """Write a list into the user's store, whole or not at all; raises PolicyError."""
    text = json.dumps(to_json(entry, anchors), indent=1, sort_keys=True)
    try:
        _folder().mkdir(parents=True, exist_ok=True)
        _replace(_folder() / name, text)
    except OSError as error:
        raise PolicyError(
            f"{_folder()}: the trust list cannot be kept: {error.strerror}",
            hint="make the folder writable, or set ASSAY_HOME to one that is",
        ) from error


def in_force() -> tuple[_Found, ...]:
    """Return the lists of new cases with their anchors, by tier, role and name.

    A stored list of a shipped one's name takes its place where it is not older, or was forced.
    """
    found = {(entry.tier, entry.name): (entry, anchors) for entry, anchors in shipped()}
    own = []
    for entry, anchors in map(_load, _stored()):
        known = found.get((entry.tier, entry.name))
        if known is None:
            own.append((entry, anchors))
        elif entry.forced or entry.date >= known[0].date:
            found[entry.tier, entry.name] = entry, anchors
    return tuple(sorted((*found.values(), *own), key=_order))


def installed() -> tuple[TrustList, ...]:
    """Return the lists that new cases trust, by tier, role and name."""
    return tuple(entry for entry, _ in in_force())


def is_shipped(entry: TrustList) -> bool:
    """Tell whether a list is just as it came with Assay."""
    return any(entry == one for one, _ in shipped())


def lists_in_use(extra: Iterable[tuple[Path, str]] = ()) -> tuple[TrustList, ...]:
    """Return the installed lists and those of the files given with them (path, role)."""
    return installed() + given_lists(extra)


def given_lists(extra: Iterable[tuple[Path, str]]) -> tuple[TrustList, ...]:
    """Return the lists of the files given for one case (path, role) alone."""
    return tuple(entry for entry, _ in _read(extra))


def table(extra: Iterable[tuple[Path, str]] = ()) -> AnchorTable:
    """Return one table of every installed list and of the files given with them (path, role)."""
    return AnchorTable.of(
        anchor for _, anchors in (*in_force(), *_read(extra)) for anchor in anchors
    )


def _order(found: _Found) -> tuple[int, str, str, str]:
    entry = found[0]
    return list_rank(entry.tier), entry.role.value, entry.name, entry.source_sha256


def _read(extra: Iterable[tuple[Path, str]]) -> Iterator[_Found]:
    for path, role in extra:
        yield _given(path, role_of(role), "")


def _given(path: Path, role: Role, date: str) -> _Found:
    anchors = load_pem(path, name=OPERATOR, role=role)
    return named(anchors, path.stem[:100], OPERATOR, role, date, path.read_bytes(), path.name[:200])


def _folder() -> Path:
    return home() / "trust"


def _stored() -> list[Path]:
    return sorted(_folder().glob("*.json"))


def _load(path: Path) -> _Found:
    try:
        return from_json(json.loads(path.read_text("utf-8")))
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
