"""An example authority and pictures signed by it: for tests and for the example case.

Nothing here is used by Assay itself. Keys are made in memory; whoever makes one throws it away.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2049, 12, 31, tzinfo=UTC)
CLAIM_SIGNING = "1.3.6.1.4.1.62558.2.1"  # C2PA 2.2 §14.5.1.1
EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"

_SETTINGS = {
    "verify": {
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        "verify_after_sign": False,  # tests sign what a strict reader would refuse
    },
    "builder": {"thumbnail": {"enabled": False}},
}


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate, its key, and the certificates above it (nearest first, without the root)."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    above: tuple[x509.Certificate, ...] = ()
    is_root: bool = False

    def pem(self) -> bytes:
        """Return the certificate alone, as a trust list wants it."""
        return self.certificate.public_bytes(Encoding.PEM)

    def presenting(self, *above: x509.Certificate) -> Identity:
        """Return the same signer with other certificates beside its own."""
        return replace(self, above=above)


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a manifest."""

    action: str  # "c2pa.created"
    source_type: str = ""  # "trainedAlgorithmicMedia"
    agent: str = ""  # software that did it
    ingredients: tuple[int, ...] = ()  # numbers of the ingredients it used
    description: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """A picture that went into another one."""

    data: bytes
    media_type: str
    relationship: str = "parentOf"
    title: str = "input"


def authority(
    name: str = "Example Authority", *, begin: datetime = BEGIN, end: datetime = END
) -> Identity:
    """Make a self-signed certificate authority."""
    return _make(name, None, begin, end, uses=(), ca=True)


def intermediate(parent: Identity, name: str = "Example Issuing Authority") -> Identity:
    """Make an authority below another one."""
    return _make(name, parent, BEGIN, END, uses=(), ca=True)


def signer(
    parent: Identity,
    name: str = "Example Generator",
    *,
    begin: datetime = BEGIN,
    end: datetime = END,
    uses: tuple[str, ...] = (CLAIM_SIGNING,),
) -> Identity:
    """Make a certificate that may sign pictures (or, by its uses, time-stamps)."""
    return _make(name, parent, begin, end, uses=uses, ca=False)


def sign(
    picture: bytes,
    media_type: str,
    by: Identity,
    steps: Sequence[Step],
    *,
    inputs: Sequence[Input] = (),
    generator: str = "Example Generator",
    remote_url: str = "",
    assertions: Sequence[dict[str, object]] = (),
    claim_version: int = 2,
) -> bytes:
    """Return the picture with a manifest; with ``remote_url`` it only names where one lies.

    ``assertions`` are further ones, each with a label and data. Claims of version 1 are those in
    which c2pa.created may go without a source type (C2PA 1.x).
    """
    context = c2pa.Context.from_dict(_SETTINGS)
    definition = {**_definition(steps, generator, assertions), "claim_version": claim_version}
    builder = c2pa.Builder.from_json(json.dumps(definition), context)
    for number, one in enumerate(inputs):
        row = {
            "title": one.title,
            "relationship": one.relationship,
            "label": f"input-{number}",
        }
        builder.add_ingredient(row, one.media_type, io.BytesIO(one.data))
    if remote_url:
        builder.set_no_embed()
        builder.set_remote_url(remote_url)
    with _native_signer(by) as native:
        target = io.BytesIO()
        builder.sign(native, media_type, io.BytesIO(picture), target)
        return target.getvalue()


def _native_signer(by: Identity) -> c2pa.Signer:
    chain = b"".join(c.public_bytes(Encoding.PEM) for c in (by.certificate, *by.above))
    key = by.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo("es256", chain, key, None))


def _definition(
    steps: Sequence[Step], generator: str, further: Sequence[dict[str, object]] = ()
) -> dict[str, object]:
    actions = []
    for step in steps:
        row: dict[str, object] = {"action": step.action}
        if step.source_type:
            row["digitalSourceType"] = SOURCE_TYPE + step.source_type
        if step.agent:
            row["softwareAgent"] = {"name": step.agent}
        if step.description:
            row["description"] = step.description
        if step.ingredients:
            row["parameters"] = {"ingredientIds": [f"input-{n}" for n in step.ingredients]}
        actions.append(row)
    assertions: list[dict[str, object]] = []
    if actions:
        assertions.append({"label": "c2pa.actions.v2", "data": {"actions": actions}})
    assertions += further
    return {
        "claim_generator_info": [{"name": generator, "version": "1.0"}],
        "title": "picture",
        "assertions": assertions,
    }


def _make(
    name: str,
    parent: Identity | None,
    begin: datetime,
    end: datetime,
    *,
    uses: tuple[str, ...],
    ca: bool,
) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
        ]
    )
    issuer = parent.certificate.subject if parent else subject
    issuing_key = parent.key if parent else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(_usage(ca=ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing_key.public_key()),
            critical=False,
        )
    )
    if uses:
        oids = [x509.ObjectIdentifier(use) for use in uses]
        builder = builder.add_extension(
            x509.ExtendedKeyUsage(oids), critical=uses == (TIME_STAMPING,)
        )
    certificate = builder.sign(issuing_key, hashes.SHA256())
    above = () if parent is None or parent.is_root else (parent.certificate, *parent.above)
    return Identity(certificate, key, above, is_root=parent is None)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
