"""RFC 3161 tokens: what time does a verifying time-stamp prove for these bytes?

A token counts only where its imprint covers the bytes, its signature verifies and its signer's
chain leads to a time-stamp anchor at the time that it states. Sources: RFC 3161, RFC 5652,
RFC 5035 (the signer's certificate is named in the signed attributes).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from assay.core.errors import Malformed
from assay.trust import der
from assay.trust.anchors import Anchor, AnchorTable, Role
from assay.trust.der import Node, oid_text
from assay.trust.keys import Scheme, key_of, verifies
from assay.trust.path import Standing, find_path, load_chain

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"  # ESSCertID, SHA-1 (RFC 2634)
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"  # ESSCertIDv2 (RFC 5035)

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_FAMILIES = {  # signature algorithm -> family; those that name a hash must name the same one
    "1.2.840.113549.1.1.1": "rsa",
    "1.2.840.113549.1.1.11": "rsa",
    "1.2.840.113549.1.1.12": "rsa",
    "1.2.840.113549.1.1.13": "rsa",
    "1.2.840.113549.1.1.10": "pss",
    "1.2.840.10045.2.1": "ecdsa",
    "1.2.840.10045.4.3.2": "ecdsa",
    "1.2.840.10045.4.3.3": "ecdsa",
    "1.2.840.10045.4.3.4": "ecdsa",
    "1.3.101.112": "ed25519",
}


@dataclass(frozen=True, slots=True)
class ProvenTime:
    """A time that a listed authority vouches for."""

    at: datetime  # UTC
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class _Token:
    info: bytes  # TSTInfo in DER
    certificates: tuple[bytes, ...]
    digest: hashes.HashAlgorithm
    family: str
    attributes: Node  # [0] IMPLICIT SET OF Attribute
    signature: bytes


def proven_time(token: bytes, covered: bytes, table: AnchorTable) -> ProvenTime | None:
    """Return the time that ``token`` proves for ``covered``; None where it proves none.

    Never raises: a token that cannot be read proves nothing.
    """
    try:
        return _proven(_parse(token), covered, table)
    except (Malformed, ValueError, TypeError, LookupError):
        return None


def _proven(token: _Token, covered: bytes, table: AnchorTable) -> ProvenTime | None:
    imprint, at = _tst_info(token.info)
    if not hmac.compare_digest(imprint, _hash(_imprint_hash(token.info), covered)):
        return None  # a foreign token, made for other bytes
    attributes = dict(_attributes(token.attributes))
    if oid_text(attributes[_CONTENT_TYPE].expect(der.OID).content) != _TST_INFO:
        return None
    if attributes[_MESSAGE_DIGEST].expect(der.OCTETS).content != _hash(token.digest, token.info):
        return None
    leaf = _signer(token, attributes)
    if leaf is None:
        return None
    signed = bytes([der.SET]) + token.attributes.whole[1:]  # RFC 5652 §5.4: as SET OF
    scheme = Scheme(token.family, None if token.family == "ed25519" else token.digest)
    if not verifies(key_of(leaf), token.signature, signed, scheme):
        return None
    result = find_path((leaf, *load_all(token.certificates)), table, Role.TIMESTAMP, at)
    if result.standing is not Standing.TRUSTED or result.anchor is None:
        return None
    return ProvenTime(at, result.anchor)


def load_all(certificates: tuple[bytes, ...]) -> tuple[x509.Certificate, ...]:
    """Parse the certificates of a token, in any order; unreadable ones are left out."""
    return tuple(c for one in certificates for c in load_chain((one,)))


def _signer(token: _Token, attributes: dict[str, Node]) -> x509.Certificate | None:
    """Return the certificate that the signed attributes name by its hash."""
    for certificate in load_all(token.certificates):
        encoded = certificate.public_bytes(Encoding.DER)
        if _names(attributes, encoded):
            return certificate
    return None


def _names(attributes: dict[str, Node], certificate: bytes) -> bool:
    if _SIGNING_CERTIFICATE_V2 in attributes:
        first = attributes[_SIGNING_CERTIFICATE_V2].children()[0].children()[0].children()
        if first[0].tag == der.SEQUENCE:  # an algorithm is named; SHA-256 is the default
            algorithm = _hash_of(first[0])
            return first[1].expect(der.OCTETS).content == _hash(algorithm, certificate)
        return first[0].expect(der.OCTETS).content == hashlib.sha256(certificate).digest()
    if _SIGNING_CERTIFICATE in attributes:
        first = attributes[_SIGNING_CERTIFICATE].children()[0].children()[0].children()
        wanted = hashlib.sha1(certificate, usedforsecurity=False).digest()
        return first[0].expect(der.OCTETS).content == wanted
    return False


def _parse(token: bytes) -> _Token:
    outer = der.parse(token).expect(der.SEQUENCE).children()
    if outer[0].tag == der.SEQUENCE:  # a TimeStampResp: status, then the token
        outer = outer[1].expect(der.SEQUENCE).children()
    if oid_text(outer[0].expect(der.OID).content) != _SIGNED_DATA:
        raise Malformed("a time-stamp that is no CMS SignedData")
    signed = outer[1].children()[0].expect(der.SEQUENCE).children()
    content = signed[2].expect(der.SEQUENCE).children()
    if oid_text(content[0].expect(der.OID).content) != _TST_INFO:
        raise Malformed("a CMS structure that holds no TSTInfo")
    certificates = next((n.children() for n in signed[3:] if n.tag == 0xA0), ())
    signers = signed[-1].expect(der.SET).children()
    if len(signers) != 1:
        raise Malformed(f"{len(signers)} signers of one time-stamp")
    signer = signers[0].expect(der.SEQUENCE).children()
    if signer[3].tag != 0xA0:
        raise Malformed("a time-stamp without signed attributes")
    algorithm = oid_text(signer[4].children()[0].expect(der.OID).content)
    return _Token(
        info=content[1].children()[0].expect(der.OCTETS).content,
        certificates=tuple(n.whole for n in certificates if n.tag == der.SEQUENCE),
        digest=_hash_of(signer[2]),
        family=_FAMILIES.get(algorithm, ""),
        attributes=signer[3],
        signature=signer[5].expect(der.OCTETS).content,
    )


def _attributes(node: Node) -> Iterator[tuple[str, Node]]:
    for attribute in node.children():
        name, values = attribute.expect(der.SEQUENCE).children()
        yield oid_text(name.expect(der.OID).content), values.expect(der.SET).children()[0]


def _tst_info(info: bytes) -> tuple[bytes, datetime]:
    fields = der.parse(info).expect(der.SEQUENCE).children()
    imprint = fields[2].expect(der.SEQUENCE).children()[1].expect(der.OCTETS).content
    return imprint, _moment(fields[4].expect(der.GENERALIZED_TIME).content.decode("ascii"))


def _moment(text: str) -> datetime:
    """Read a GeneralizedTime in UTC; not by ``strptime``, which imports a module when called."""
    digits, _, _ = text[:-1].partition(".")  # parts of a second are dropped
    if not text.endswith("Z") or len(digits) != 14 or not digits.isdigit():
        raise Malformed("a time-stamp that is not in UTC")
    month, day, hour, minute, second = (int(digits[i : i + 2]) for i in range(4, 14, 2))
    return datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=UTC)


def _imprint_hash(info: bytes) -> hashes.HashAlgorithm:
    fields = der.parse(info).children()
    return _hash_of(fields[2].children()[0])


def _hash_of(algorithm: Node) -> hashes.HashAlgorithm:
    name = oid_text(algorithm.expect(der.SEQUENCE).children()[0].expect(der.OID).content)
    if name not in _HASHES:
        raise Malformed(f"hash algorithm {name} is not accepted")
    return _HASHES[name]


def _hash(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    return hashlib.new(algorithm.name, data).digest()
