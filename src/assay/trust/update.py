"""Newer official lists: read, compared with what is in force, kept only as a person said.

Two forms are read. The list's own JSON (ETSI TS 119 602, "list of trusted entities", as the C2PA
publishes it) states its name and its date; a PEM file states neither, so both are given with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from cryptography import x509

from assay.core.errors import PolicyError, UsageError
from assay.core.jsonvalue import Json
from assay.trust.anchors import UNREADABLE, Anchor, Role, anchor_of, anchors_of
from assay.trust.listfile import OFFICIAL, TrustList, named
from assay.trust.lists import in_force, keep

# Where the C2PA publishes its two lists; fetched by ``assay trust update --download`` alone.
_AT = "https://raw.githubusercontent.com/c2pa-org/conformance-public/main/trust-list/"
PUBLISHED = (_AT + "C2PA-TRUST-LIST.json", _AT + "C2PA-TSA-TRUST-LIST.json")
NAMES = {Role.SIGNER: "c2pa-trust-list", Role.TIMESTAMP: "c2pa-tsa-trust-list"}
_SCHEMES = {"C2PA Trust List": Role.SIGNER, "C2PA TSA Trust List": Role.TIMESTAMP}
_TRUSTED = "/trusted"  # how the status of a service ends that is neither withdrawn nor suspended
_MAX_ROWS = 2_000  # certificates of one list


@dataclass(frozen=True, slots=True)
class Update:
    """One list as it is and as it would be."""

    old: TrustList
    new: TrustList
    anchors: tuple[Anchor, ...]
    added: tuple[str, ...]  # subjects
    removed: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Tell whether any anchor comes or goes."""
        return bool(self.added or self.removed)


def read_list(
    data: bytes, origin: str, *, role: Role | None = None, day: str = ""
) -> tuple[TrustList, tuple[Anchor, ...]]:
    """Read an official list from the bytes of a JSON or PEM file; ``origin`` names it.

    ``role`` and ``day`` (ISO date of the list) go with PEM. Raises PolicyError, UsageError.
    """
    if data.lstrip()[:1] == b"{":
        return _from_json(data, origin, role, day)
    wanted = role or Role.SIGNER
    anchors = anchors_of(data, origin, name=OFFICIAL, role=wanted)
    if not day:
        raise UsageError(
            f"{origin}: a PEM file does not say of which day the list is",
            hint="give its day with --date YYYY-MM-DD, or give the JSON form of the list",
        )
    return named(anchors, NAMES[wanted], OFFICIAL, wanted, _day(day, origin), data, origin)


def compare(found: tuple[TrustList, tuple[Anchor, ...]], *, force: bool = False) -> Update:
    """Compare a list with the one of its name in force; raises PolicyError where it looks wrong.

    Without ``force`` it may be no older nor of a day to come, and may not lose more than half of
    the anchors.
    """
    new, anchors = found
    old, before = next((e, a) for e, a in in_force() if (e.tier, e.name) == (new.tier, new.name))
    had, has = ({_mark(a): a for a in rows} for rows in (before, anchors))
    update = Update(
        old,
        replace(new, forced=True) if force and new.date < old.date else new,
        anchors,
        added=tuple(sorted(has[m].name for m in has.keys() - had.keys())),
        removed=tuple(sorted(had[m].name for m in had.keys() - has.keys())),
    )
    if force:
        return update
    if new.date > (datetime.now(UTC) + timedelta(days=1)).date().isoformat():
        raise PolicyError(
            f"{new.source}: of {new.date}, a day that has not come",
            hint="look at the date and at this machine's clock; --force takes it as it is",
        )
    if update.changes and new.date < old.date:
        raise PolicyError(
            f"{new.source}: of {new.date}, older than the list in force ({old.date})",
            hint="give a newer list, or --force to go back to this one",
        )
    if len(update.removed) * 2 > len(before):
        raise PolicyError(
            f"{new.source}: drops {len(update.removed)} of {len(before)} anchors",
            hint="look whether the file is whole; --force takes it as it is",
        )
    return update


def apply(update: Update) -> None:
    """Keep the new list for new cases. Cases that exist keep theirs. Raises PolicyError."""
    entry = update.new
    keep(f"{entry.tier}-{entry.name}.json", entry, update.anchors)


def require_digest(data: bytes, origin: str, wanted: str) -> None:
    """Raise PolicyError where a file is not the one whose SHA-256 a person was told."""
    found = hashlib.sha256(data).hexdigest()
    if wanted and found != wanted.strip().lower():
        raise PolicyError(
            f"{origin}: its SHA-256 is {found}, not the one given",
            hint="ask whoever gave you the digest; nothing was changed",
        )


def _from_json(
    data: bytes, origin: str, role: Role | None, day: str
) -> tuple[TrustList, tuple[Anchor, ...]]:
    try:
        root = _object(_object(json.loads(data))["LoTE"])
        about = _object(root["ListAndSchemeInformation"])
        names = [_object(n).get("value") for n in _array(about["SchemeName"])]
        stated = next(_SCHEMES[n] for n in names if isinstance(n, str) and n in _SCHEMES)
        issued = _day(str(about["ListIssueDateTime"])[:10], origin)
        anchors = list(_certificates(root, stated))
    except StopIteration:
        raise PolicyError(
            f"{origin}: neither the C2PA Trust List nor its time-stamp list",
            hint="for a list of your own use: assay trust add FILE",
        ) from None
    except (KeyError, RecursionError, binascii.Error, *UNREADABLE) as error:
        raise PolicyError(
            f"{origin}: not a trust list: {type(error).__name__}: {error}"[:300],
            hint="give the published JSON or PEM file; nothing was changed",
        ) from error
    if role not in (None, stated) or day not in ("", issued):
        raise UsageError(
            f"{origin}: says itself that it is the {stated.value} list of {issued}",
            hint="leave out --role and --date",
        )
    if not anchors:
        raise PolicyError(f"{origin}: holds no certificate", hint="nothing was changed")
    return named(anchors, NAMES[stated], OFFICIAL, stated, issued, data, origin)


def _certificates(root: dict[str, Json], role: Role) -> Iterator[Anchor]:
    count = 0
    for entity in _array(root["TrustedEntitiesList"]):
        for service in _array(_object(entity)["TrustedEntityServices"]):
            about = _object(_object(service)["ServiceInformation"])
            if not str(about["ServiceStatus"]).endswith(_TRUSTED):
                continue
            identity = _object(about["ServiceDigitalIdentity"])
            for row in _array(identity["X509Certificates"]):
                count += 1
                if count > _MAX_ROWS:
                    raise ValueError(f"more than {_MAX_ROWS} certificates")
                der = base64.b64decode(str(_object(row)["val"]), validate=True)
                yield anchor_of(x509.load_der_x509_certificate(der), role, OFFICIAL)


def _mark(anchor: Anchor) -> str:
    return anchor.sha256


def _day(text: str, origin: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise PolicyError(
            f"{origin}: {text!r} is not a date", hint="write YYYY-MM-DD; nothing was changed"
        ) from None


def _object(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise TypeError("an object expected")
    return value


def _array(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("a list expected")
    return value
