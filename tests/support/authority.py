"""An example authority, its signed pictures and its time-stamps, for tests.

The signing itself is in ``scripts/signing.py``; here are the things only a test wants: tokens in
DER and files whose signature carries one.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from datetime import datetime
from functools import cache

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image
from scripts.signing import (
    TIME_STAMPING,
    Identity,
    Input,
    Step,
    authority,
    intermediate,
    sign,
    signer,
)

from assay.trust.anchors import Anchor, AnchorTable, Role, anchor_of
from assay.trust.cose import parse_signature

__all__ = [
    "TIME_STAMPING",
    "Identity",
    "Input",
    "Step",
    "authority",
    "intermediate",
    "sign",
    "signer",
]

CREATED_BY_AI = Step("c2pa.created", "trainedAlgorithmicMedia", "Example Generator")
CAPTURED = Step("c2pa.created", "digitalCapture", "Example Camera")
OPENED = Step("c2pa.opened", ingredients=(0,))


@cache
def picture() -> bytes:
    """Return a small grey JPEG without any metadata."""
    data = io.BytesIO()
    Image.linear_gradient("L").resize((48, 32)).save(data, "JPEG")
    return data.getvalue()


def anchors(
    *identities: Identity, role: Role = Role.SIGNER, name: str = "operator"
) -> list[Anchor]:
    return [anchor_of(i.certificate, role, name) for i in identities]


def table(
    *identities: Identity, tsa: Iterable[Identity] = (), name: str = "operator"
) -> AnchorTable:
    return AnchorTable.of(
        [*anchors(*identities, name=name), *anchors(*tsa, role=Role.TIMESTAMP, name=name)]
    )


def time_stamp(covered: bytes, at: datetime, by: Identity, *, response: bool = False) -> bytes:
    """Return an RFC 3161 token over ``covered`` (as a whole response where asked)."""
    sha256 = _seq(_oid("2.16.840.1.101.3.4.2.1"))
    info = _seq(
        _integer(1),
        _oid("1.2.3.4"),
        _seq(sha256, _octets(hashlib.sha256(covered).digest())),
        _integer(7),
        _tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").encode()),
    )
    leaf = by.certificate.public_bytes(Encoding.DER)
    attributes = b"".join(
        sorted(
            (
                _seq(_oid("1.2.840.113549.1.9.3"), _set(_oid("1.2.840.113549.1.9.16.1.4"))),
                _seq(_oid("1.2.840.113549.1.9.4"), _set(_octets(hashlib.sha256(info).digest()))),
                _seq(
                    _oid("1.2.840.113549.1.9.16.2.47"),
                    _set(_seq(_seq(_seq(_octets(hashlib.sha256(leaf).digest()))))),
                ),
            )
        )
    )
    signature = by.key.sign(_set(attributes), ec.ECDSA(hashes.SHA256()))
    issuer = by.certificate.issuer.public_bytes()
    signer_info = _seq(
        _integer(1),
        _seq(issuer, _integer(by.certificate.serial_number)),
        sha256,
        _tlv(0xA0, attributes),
        _seq(_oid("1.2.840.10045.4.3.2")),
        _octets(signature),
    )
    chain = b"".join(c.public_bytes(Encoding.DER) for c in (by.certificate, *by.above))
    signed = _seq(
        _integer(3),
        _set(sha256),
        _seq(_oid("1.2.840.113549.1.9.16.1.4"), _tlv(0xA0, _octets(info))),
        _tlv(0xA0, chain),
        _set(signer_info),
    )
    token = _seq(_oid("1.2.840.113549.1.7.2"), _tlv(0xA0, signed))
    return _seq(_seq(_integer(0)), token) if response else token


def stamped(signed_picture: bytes, at: datetime, by: Identity, *, covers: bytes = b"") -> bytes:
    """Put a time-stamp into the credential of a picture, in the room the signer left for it.

    With ``covers`` the token is a foreign one, made for those other bytes.
    """
    start, content = _signature_box(signed_picture)
    signature = parse_signature(content)
    covered = covers or _covered(signature.protected, signature.value)
    outer = cbor2.loads(content).value
    token = {"tstTokens": [{"val": time_stamp(covered, at, by)}]}
    pad = len(content)
    for _ in range(20):  # until the whole is as long as before
        header = {"sigTst2": token, "pad": bytes(max(pad, 0))}
        new = cbor2.dumps(cbor2.CBORTag(18, [outer[0], header, None, outer[3]]))
        if len(new) == len(content):
            return signed_picture[:start] + new + signed_picture[start + len(content) :]
        pad -= len(new) - len(content)
    raise AssertionError("the token does not fit")


def _covered(protected: bytes, value: bytes) -> bytes:
    return cbor2.dumps(["CounterSignature", protected, b"", cbor2.dumps(value)])


def _signature_box(data: bytes) -> tuple[int, bytes]:
    label = data.rindex(b"c2pa.signature\0")
    kind = data.index(b"cbor", label)
    length = int.from_bytes(data[kind - 4 : kind], "big") - 8
    return kind + 4, data[kind + 4 : kind + 4 + length]


def certificates(pem: bytes) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem)


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _seq(*parts: bytes) -> bytes:
    return _tlv(0x30, b"".join(parts))


def _set(*parts: bytes) -> bytes:
    return _tlv(0x31, b"".join(parts))


def _octets(data: bytes) -> bytes:
    return _tlv(0x04, data)


def _integer(number: int) -> bytes:
    return _tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _oid(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    encoded = bytearray()
    for arc in (40 * first + second, *rest):
        piece = [arc & 0x7F]
        while arc := arc >> 7:
            piece.append(0x80 | (arc & 0x7F))
        encoded += bytes(reversed(piece))
    return _tlv(0x06, bytes(encoded))
