"""The path: does every signature from a leaf up to a listed anchor verify, and at what time?

The chain in a file is the sender's: a listed certificate stuffed beside a self-made leaf proves
nothing, so a certificate counts only where its key verifies the one below it (RFC 5280 §6).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from assay.trust.anchors import Anchor, AnchorTable, Role, list_rank
from assay.trust.keys import Scheme, key_of, verifies

MAX_CHAIN = 16  # certificates read from a file
MAX_DEPTH = 8  # certificates between leaf and anchor
MAX_CHECKS = 64  # signatures checked for one leaf

# store.cfg of contentauth/verify-site, static/trust; C2PA 2.2 §14.5.1.1. The first four are those
# a signer's leaf may show; a time-stamping leaf shows the last one alone (RFC 3161 §2.3).
SIGNER_USES = frozenset(
    {
        "1.3.6.1.5.5.7.3.4",  # emailProtection
        "1.3.6.1.5.5.7.3.36",  # documentSigning
        "1.3.6.1.4.1.311.76.59.1.9",  # Microsoft C2PA signing
        "1.3.6.1.4.1.62558.2.1",  # C2PA claim signing
    }
)
TIMESTAMP_USE = "1.3.6.1.5.5.7.3.8"
_UNDERSTOOD = frozenset({"2.5.29.15", "2.5.29.19", "2.5.29.32", "2.5.29.37"})  # if critical
_WEAK = (hashes.MD5, hashes.SHA1)


class Standing(IntEnum):
    """How a chain stands to the table; larger is better."""

    UNTRUSTED = 0
    EXPIRED = 1  # every signature verifies to an anchor; only the date has run out
    TRUSTED = 2


@dataclass(frozen=True, slots=True)
class PathResult:
    """Where a chain leads at a given time."""

    standing: Standing
    anchor: Anchor | None = None
    reason: str = ""  # for a person


@dataclass(slots=True)
class _Search:
    table: AnchorTable
    role: Role
    at: datetime
    others: Sequence[x509.Certificate]
    checks: int = 0
    seen: set[bytes] = field(default_factory=set)


def load_chain(ders: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """Parse a chain, leaf first; what cannot be parsed above the leaf is left out."""
    chain: list[x509.Certificate] = []
    for number, der in enumerate(ders[:MAX_CHAIN]):
        try:
            chain.append(x509.load_der_x509_certificate(der))
        except (ValueError, TypeError, x509.InvalidVersion):
            if number == 0:
                return ()
    return tuple(chain)


def find_path(
    chain: Sequence[x509.Certificate], table: AnchorTable, role: Role, at: datetime
) -> PathResult:
    """Return the best standing of ``chain`` (leaf first) at the time ``at``; never raises."""
    try:
        return _find(chain, table, role, at)
    except MemoryError:
        raise
    except Exception as error:  # parts are parsed when asked for, each with errors of its own
        return PathResult(Standing.UNTRUSTED, reason=f"certificate cannot be read: {error}"[:200])


def _find(
    chain: Sequence[x509.Certificate], table: AnchorTable, role: Role, at: datetime
) -> PathResult:
    if not chain:
        return PathResult(Standing.UNTRUSTED, reason="no certificate in the signature")
    leaf = chain[0]
    if not _may_sign(leaf, role):
        return PathResult(Standing.UNTRUSTED, reason="the certificate is not made for this use")
    search = _Search(table, role, at, chain[1:])
    results = list(_listed(leaf, search))
    results += _climb(leaf, _dates(leaf, at), 0, search)
    if not results:
        return PathResult(Standing.UNTRUSTED, reason="no path to a listed anchor")
    return max(results, key=lambda r: (r.standing, -list_rank(r.anchor.list if r.anchor else "")))


def _listed(leaf: x509.Certificate, search: _Search) -> Iterator[PathResult]:
    digest = hashlib.sha256(leaf.public_bytes(serialization.Encoding.DER)).hexdigest()
    for anchor in search.table.listed(digest, search.role):
        yield _result(_dates(leaf, search.at), anchor)


def _climb(
    certificate: x509.Certificate, standing: Standing, depth: int, search: _Search
) -> Iterator[PathResult]:
    """Yield a result for every anchor that the certificate's signatures lead to."""
    if standing is Standing.UNTRUSTED or depth > MAX_DEPTH:
        return
    issuer = certificate.issuer.public_bytes()
    for anchor in search.table.issuers(issuer, search.role):
        if _signed_by(certificate, _key(anchor.spki), search):
            yield _result(min(standing, _anchor_dates(anchor, search.at)), anchor)
    for other in search.others:
        mark = other.fingerprint(hashes.SHA256())
        if mark in search.seen or other.subject.public_bytes() != issuer:
            continue
        if not _may_issue(other, depth) or not _signed_by(certificate, key_of(other), search):
            continue
        search.seen.add(mark)
        yield from _climb(other, min(standing, _dates(other, search.at)), depth + 1, search)


def _result(standing: Standing, anchor: Anchor) -> PathResult:
    reasons = {
        Standing.TRUSTED: "verifies to a listed anchor",
        Standing.EXPIRED: "verifies to a listed anchor, but its date has run out",
        Standing.UNTRUSTED: "a certificate of the path is not valid yet",
    }
    return PathResult(standing, anchor, reasons[standing])


def _signed_by(certificate: x509.Certificate, key: PublicKeyTypes | None, search: _Search) -> bool:
    if key is None or search.checks >= MAX_CHECKS:
        return False
    search.checks += 1
    scheme = _scheme(certificate)
    return scheme is not None and verifies(
        key, certificate.signature, certificate.tbs_certificate_bytes, scheme
    )


def _scheme(certificate: x509.Certificate) -> Scheme | None:
    try:
        algorithm = certificate.signature_hash_algorithm
        parameters = certificate.signature_algorithm_parameters
    except Exception:  # an algorithm that the library does not know
        return None
    if algorithm is None:
        is_ed25519 = certificate.signature_algorithm_oid == x509.SignatureAlgorithmOID.ED25519
        return Scheme("ed25519", None) if is_ed25519 else None
    if isinstance(algorithm, _WEAK):
        return None
    if isinstance(parameters, padding.PSS):
        return Scheme("pss", algorithm)
    return Scheme("rsa" if isinstance(parameters, padding.PKCS1v15) else "ecdsa", algorithm)


def _may_sign(leaf: x509.Certificate, role: Role) -> bool:
    """Check the leaf's own extensions: no CA, the right use, nothing critical unknown."""
    extensions = _extensions(leaf)
    if extensions is None:
        return False
    constraints, usage, uses = extensions
    if constraints is not None and constraints.ca:
        return False
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return False
    shown = {oid.dotted_string for oid in uses} if uses is not None else set()
    if role is Role.TIMESTAMP:
        return shown == {TIMESTAMP_USE}
    return bool(shown & SIGNER_USES) and TIMESTAMP_USE not in shown


def _may_issue(certificate: x509.Certificate, below: int) -> bool:
    """Check an intermediate: a CA that may sign certificates, with room for those below it."""
    extensions = _extensions(certificate)
    if extensions is None:
        return False
    constraints, usage, _ = extensions
    if constraints is None or not constraints.ca:
        return False
    if constraints.path_length is not None and below > constraints.path_length:
        return False
    return usage is None or usage.key_cert_sign


def _extensions(
    certificate: x509.Certificate,
) -> tuple[x509.BasicConstraints | None, x509.KeyUsage | None, x509.ExtendedKeyUsage | None] | None:
    constraints: x509.BasicConstraints | None = None
    usage: x509.KeyUsage | None = None
    uses: x509.ExtendedKeyUsage | None = None
    for extension in certificate.extensions:
        if extension.critical and extension.oid.dotted_string not in _UNDERSTOOD:
            return None  # RFC 5280 §4.2: what must be understood and is not, is refused
        if isinstance(extension.value, x509.BasicConstraints):
            constraints = extension.value
        elif isinstance(extension.value, x509.KeyUsage):
            usage = extension.value
        elif isinstance(extension.value, x509.ExtendedKeyUsage):
            uses = extension.value
    return constraints, usage, uses


def _dates(certificate: x509.Certificate, at: datetime) -> Standing:
    return _within(certificate.not_valid_before_utc, certificate.not_valid_after_utc, at)


def _anchor_dates(anchor: Anchor, at: datetime) -> Standing:
    begin, end = (datetime.fromisoformat(t) for t in (anchor.not_before, anchor.not_after))
    return _within(begin, end, at)


def _within(begin: datetime, end: datetime, at: datetime) -> Standing:
    if at < begin:
        return Standing.UNTRUSTED
    return Standing.TRUSTED if at <= end else Standing.EXPIRED


@lru_cache(maxsize=512)
def _key(spki: str) -> PublicKeyTypes | None:
    try:
        return serialization.load_der_public_key(base64.b64decode(spki))
    except Exception:  # a key type that the library does not know anchors nothing
        return None
