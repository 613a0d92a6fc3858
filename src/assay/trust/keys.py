"""One question about public keys: does this signature over these bytes verify?

Algorithms outside the table are refused: a signature that cannot be checked proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

MAX_RSA_BITS = 8192  # larger ones cost hostile time; no listed anchor has one


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a signature was made; ``hash`` is None for Ed25519 alone."""

    family: str  # "rsa" (PKCS #1 v1.5), "pss", "ecdsa", "ed25519"
    hash: hashes.HashAlgorithm | None
    raw_ecdsa: bool = False  # r and s side by side, as COSE writes them (RFC 9053 §2.1)


def key_of(certificate: x509.Certificate) -> PublicKeyTypes | None:
    """Return a certificate's key; None where it is of a kind or curve that is not known."""
    try:
        return certificate.public_key()
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return None


def verifies(key: PublicKeyTypes | None, signature: bytes, message: bytes, scheme: Scheme) -> bool:
    """Tell whether ``signature`` over ``message`` verifies; never raises."""
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            if scheme.family != "ed25519":
                return False
            key.verify(signature, message)
            return True
        if scheme.hash is None:
            return False
        if isinstance(key, ec.EllipticCurvePublicKey) and scheme.family == "ecdsa":
            if scheme.raw_ecdsa:
                signature = _der_ecdsa(signature, key.key_size)
            key.verify(signature, message, ec.ECDSA(scheme.hash))
            return True
        if isinstance(key, rsa.RSAPublicKey) and key.key_size <= MAX_RSA_BITS:
            return _rsa(key, signature, message, scheme.family, scheme.hash)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        pass
    return False


def _rsa(
    key: rsa.RSAPublicKey,
    signature: bytes,
    message: bytes,
    family: str,
    digest: hashes.HashAlgorithm,
) -> bool:
    if family == "pss":
        scheme: padding.AsymmetricPadding = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
    elif family == "rsa":
        scheme = padding.PKCS1v15()
    else:
        return False
    key.verify(signature, message, scheme, digest)
    return True


def _der_ecdsa(signature: bytes, key_bits: int) -> bytes:
    size = (key_bits + 7) // 8
    if len(signature) != 2 * size:
        raise ValueError("an ECDSA signature of the wrong length")
    return encode_dss_signature(
        int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    )
