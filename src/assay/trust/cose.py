"""COSE_Sign1 as C2PA uses it: the certificate chain, the token inside, and the check itself.

Sources: RFC 9052 §4.2–4.4 (Sig_structure), RFC 9360 (x5chain), C2PA 2.2 §13.2 and §14.6.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from assay.core.errors import Malformed
from assay.trust.cbor import Value, encode_array, encode_bytes, encode_text, loads
from assay.trust.keys import Scheme, key_of, verifies

# COSE algorithm numbers (RFC 9053 §2, RFC 8230 §2) that C2PA allows
_SCHEMES = {
    -7: Scheme("ecdsa", hashes.SHA256(), raw_ecdsa=True),
    -35: Scheme("ecdsa", hashes.SHA384(), raw_ecdsa=True),
    -36: Scheme("ecdsa", hashes.SHA512(), raw_ecdsa=True),
    -37: Scheme("pss", hashes.SHA256()),
    -38: Scheme("pss", hashes.SHA384()),
    -39: Scheme("pss", hashes.SHA512()),
    -8: Scheme("ed25519", None),
}
_ALGORITHM = 1
_X5CHAIN = 33


@dataclass(frozen=True, slots=True)
class Signature:
    """One COSE signature over a claim that lies beside it."""

    protected: bytes  # the protected header as it was signed
    algorithm: int
    chain: tuple[bytes, ...]  # certificates in DER, leaf first
    value: bytes
    token: bytes | None  # RFC 3161 response or token in DER
    token_covers_signature: bool  # sigTst2: it covers the signature; sigTst: the claim

    def verifies(self, claim: bytes, leaf: x509.Certificate) -> bool:
        """Tell whether the leaf's key signed these very claim bytes."""
        scheme = _SCHEMES.get(self.algorithm)
        if scheme is None:
            return False
        message = _structure("Signature1", self.protected, claim)
        return verifies(key_of(leaf), self.value, message, scheme)

    def stamped(self, claim: bytes) -> bytes:
        """Return the bytes that the time-stamp token must cover."""
        covered = encode_bytes(self.value) if self.token_covers_signature else claim
        return _structure("CounterSignature", self.protected, covered)


def _structure(context: str, protected: bytes, payload: bytes) -> bytes:
    return encode_array(
        encode_text(context), encode_bytes(protected), encode_bytes(b""), encode_bytes(payload)
    )


def parse_signature(data: bytes) -> Signature:
    """Read the content of a ``c2pa.signature`` box; raises Malformed."""
    outer = loads(data)
    if not isinstance(outer, list) or len(outer) != 4:
        raise Malformed("not a COSE_Sign1 structure")
    protected, unprotected, payload, value = outer
    if not isinstance(protected, bytes) or not isinstance(value, bytes) or payload is not None:
        raise Malformed("not a COSE_Sign1 structure with a detached claim")
    signed = loads(protected) if protected else {}
    if not isinstance(signed, dict) or not isinstance(unprotected, dict):
        raise Malformed("COSE headers are no maps")
    algorithm = signed.get(_ALGORITHM)
    token, covers_signature = _token(unprotected)
    return Signature(
        protected=protected,
        algorithm=algorithm if isinstance(algorithm, int) else 0,
        chain=_chain(signed, unprotected),
        value=value,
        token=token,
        token_covers_signature=covers_signature,
    )


def _chain(*headers: dict[int | str, Value]) -> tuple[bytes, ...]:
    found = [h[key] for h in headers for key in (_X5CHAIN, "x5chain") if key in h]
    if len(found) != 1:
        raise Malformed(f"{len(found)} certificate chains in one signature")
    chain = found[0]
    if isinstance(chain, bytes):
        return (chain,)
    if not isinstance(chain, list) or not chain:
        raise Malformed("a certificate chain that is no list")
    return tuple(der for der in chain if isinstance(der, bytes))


def _token(header: dict[int | str, Value]) -> tuple[bytes | None, bool]:
    for key, covers_signature in (("sigTst2", True), ("sigTst", False)):
        container = header.get(key)
        tokens = container.get("tstTokens") if isinstance(container, dict) else None
        if isinstance(tokens, list) and len(tokens) == 1:  # C2PA allows one
            value = tokens[0].get("val") if isinstance(tokens[0], dict) else None
            if isinstance(value, bytes):
                return value, covers_signature
    return None, False
