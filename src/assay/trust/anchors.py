"""Anchors: the certificates a laboratory or Assay believes, as a table of facts.

Kept per anchor: subject, public key, validity, role, list and its date, and the SHA-256 of the
certificate, by which a listed leaf is recognised; of a leaf that alone is needed, and its dates
are its own. Nothing here is ever read from evidence.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from assay.core.errors import PolicyError
from assay.core.jsonvalue import Json, JsonObject, digest_of

MAX_FILE = 4 << 20  # bytes of a list file
_SHA256 = re.compile(r"[0-9a-f]{64}")
# No hyphen stands inside a certificate's block, so that a flood of beginnings costs no square.
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----\s[^-]*+-----END \1-----")
# What reading a certificate may raise: its parts are parsed when they are asked for.
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
# The order in which lists are believed when several hold the same anchor; others come last.
LIST_ORDER = ("official", "interim", "operator")


class Role(StrEnum):
    """What an anchor's certificates may vouch for."""

    SIGNER = "signer"  # who signed a credential
    TIMESTAMP = "timestamp"  # when it was signed


@dataclass(frozen=True, slots=True)
class Anchor:
    """One believed certificate. A leaf may be known by its hash alone: four fields are empty."""

    sha256: str  # of the certificate in DER, 64 hex digits
    name: str  # the subject for people, RFC 4514
    subject: str  # the subject in DER, base64; empty for such a leaf
    spki: str  # the public key (SubjectPublicKeyInfo) in DER, base64; empty for such a leaf
    not_before: str  # ISO 8601 UTC with Z; empty for such a leaf
    not_after: str
    ca: bool  # may issue certificates; a listed leaf may not
    role: Role
    list: str  # "official", "interim", "operator": the tier it gives
    list_date: str = ""  # ISO date of the list, empty where unknown

    @classmethod
    def leaf(cls, sha256: str, role: Role, name: str, list_date: str = "") -> Anchor:
        """Return a leaf of the list ``name`` that is known by the hash of its certificate."""
        words = f"listed certificate {sha256[:16]}"
        return cls(
            sha256, words, "", "", "", "", ca=False, role=role, list=name, list_date=list_date
        )

    def to_json(self) -> JsonObject:
        """Return the anchor as typed JSON; of a leaf known by its hash, that and its list."""
        if not self.spki:
            return {
                "sha256": self.sha256,
                "role": self.role.value,
                "list": self.list,
                "list_date": self.list_date,
            }
        return {
            "sha256": self.sha256,
            "name": self.name,
            "subject": self.subject,
            "spki": self.spki,
            "not_before": self.not_before,
            "not_after": self.not_after,
            "ca": self.ca,
            "role": self.role.value,
            "list": self.list,
            "list_date": self.list_date,
        }


@dataclass(frozen=True, slots=True)
class AnchorTable:
    """Every anchor of a case, in canonical order and without doubles."""

    anchors: tuple[Anchor, ...] = ()

    @classmethod
    def of(cls, anchors: Iterable[Anchor]) -> AnchorTable:
        """Return a table in canonical order."""
        unique = {(a.list, a.role.value, a.sha256): a for a in anchors}
        return cls(tuple(unique[key] for key in sorted(unique)))

    @classmethod
    def from_json(cls, rows: Json) -> AnchorTable:
        """Read what ``to_json`` wrote; raises PolicyError on anything else."""
        if not isinstance(rows, Sequence) or isinstance(rows, str):
            raise PolicyError("a trust table is not a list of anchors")
        return cls.of(_from_row(row) for row in rows)

    def to_json(self) -> list[Json]:
        """Return the table as typed JSON, in canonical order."""
        return [anchor.to_json() for anchor in self.anchors]

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical form: what a case pins."""
        return digest_of(self.to_json())

    def issuers(self, subject: bytes, role: Role) -> tuple[Anchor, ...]:
        """Return the anchors of a role that may issue under this subject (DER)."""
        wanted = base64.b64encode(subject).decode()
        return tuple(a for a in self.anchors if a.subject == wanted and a.role is role and a.ca)

    def listed(self, sha256: str, role: Role) -> tuple[Anchor, ...]:
        """Return the entries of a role for exactly this certificate."""
        return tuple(a for a in self.anchors if a.sha256 == sha256 and a.role is role)


def list_rank(name: str) -> int:
    """Return how early a list is believed: 0 first."""
    return LIST_ORDER.index(name) if name in LIST_ORDER else len(LIST_ORDER)


def load_pem(path: Path, *, name: str, role: Role, list_date: str = "") -> tuple[Anchor, ...]:
    """Read the certificates of a PEM file as anchors of the list ``name``.

    Raises PolicyError naming the file where it cannot be read, holds a private key, holds no
    certificate or a damaged one.
    """
    try:
        if path.stat().st_size > MAX_FILE:
            raise PolicyError(
                f"{path}: larger than {MAX_FILE >> 20} MiB",
                hint="give a PEM file that holds certificates alone",
            )
        data = path.read_bytes()
    except OSError as error:
        raise PolicyError(
            f"{path}: cannot be read: {error.strerror}", hint="give the path of a PEM file"
        ) from error
    return anchors_of(data, str(path), name=name, role=role, list_date=list_date)


def anchors_of(
    data: bytes, origin: str, *, name: str, role: Role, list_date: str = ""
) -> tuple[Anchor, ...]:
    """Read anchors from the bytes of a PEM file; ``origin`` names it in errors."""
    if b"PRIVATE KEY" in data:
        raise PolicyError(
            f"{origin}: holds a private key",
            hint="give the certificate alone, and keep the key out of reach of any case",
        )
    blocks = list(_BLOCK.finditer(data))
    certificates = [m.group(0) for m in blocks if m.group(1).endswith(b"CERTIFICATE")]
    if not certificates:
        raise PolicyError(
            f"{origin}: holds no PEM certificate",
            hint="give a file with -----BEGIN CERTIFICATE----- blocks",
        )
    found = []
    for number, block in enumerate(certificates, 1):
        try:
            found.append(anchor_of(x509.load_pem_x509_certificate(block), role, name))
        except UNREADABLE as error:
            raise PolicyError(
                f"{origin}: certificate {number} of {len(certificates)} cannot be read: {error}",
                hint="remove or replace that certificate",
            ) from error
    return tuple(replace(anchor, list_date=list_date) for anchor in found)


def anchor_of(certificate: x509.Certificate, role: Role, name: str) -> Anchor:
    """Return one certificate as an anchor of the list ``name``."""
    der = certificate.public_bytes(Encoding.DER)
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Anchor(
        sha256=hashlib.sha256(der).hexdigest(),
        name=certificate.subject.rfc4514_string()[:300],
        subject=base64.b64encode(certificate.subject.public_bytes()).decode(),
        spki=base64.b64encode(spki).decode(),
        not_before=iso(certificate.not_valid_before_utc),
        not_after=iso(certificate.not_valid_after_utc),
        ca=_is_ca(certificate),
        role=role,
        list=name,
    )


def iso(moment: datetime) -> str:
    """Return a UTC time as ISO 8601 with Z, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        # a version 1 root carries no extensions; it is a root only where it signed itself
        return certificate.version is x509.Version.v1 and certificate.issuer == certificate.subject


def _from_row(row: Json) -> Anchor:
    try:
        if not isinstance(row, dict):
            raise TypeError("not an object")
        text = {k: v for k, v in row.items() if isinstance(v, str)}
        if not _SHA256.fullmatch(text["sha256"]):
            raise ValueError("a hash that is none")
        if "spki" not in row:
            role = Role(text["role"])
            return Anchor.leaf(text["sha256"], role, text["list"], text.get("list_date", ""))
        base64.b64decode(text["spki"], validate=True)
        for moment in (text["not_before"], text["not_after"]):
            datetime.fromisoformat(moment)
        return Anchor(
            sha256=text["sha256"],
            name=text["name"],
            subject=text["subject"],
            spki=text["spki"],
            not_before=text["not_before"],
            not_after=text["not_after"],
            ca=bool(row["ca"]),
            role=Role(text["role"]),
            list=text["list"],
            list_date=text.get("list_date", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyError(
            f"a trust table has a row that is no anchor: {error!r}",
            hint="the case's settings were altered outside Assay; restore case.db",
        ) from error
