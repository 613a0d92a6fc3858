"""Who says to stand behind a credential (CAWG), and which marks a signer says to have put in.

Both are leads. The identity layer has signatures and lists of its own, which are not judged here:
it never touches the tier. A mark (soft binding) is named and not looked for. Sources: CAWG Identity
Assertion 1.1 §5–8; C2PA 2.2 §9.3 (soft bindings).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners._c2pa_json import array_of, object_of, text_of

_KINDS = {"cawg.x509.cose": "x509", "cawg.identity_claims_aggregation": "ica"}
_PREFIX = "cawg."


@dataclass(frozen=True, slots=True)
class Account:
    """One identity that an aggregator says to have checked: an account, a name, a document."""

    type: str  # "cawg.social_media", "cawg.document_verification", …
    name: str
    provider: str
    uri: str
    verified_at: str  # as the aggregator wrote it

    def to_json(self) -> JsonObject:
        """Return typed JSON."""
        return {
            "type": self.type,
            "name": self.name,
            "provider": self.provider,
            "uri": self.uri,
            "verified_at": self.verified_at,
        }


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity assertion, as it was written: nothing in it is proven."""

    kind: str  # "x509", "ica", else the signature type as written
    roles: tuple[str, ...]  # "cawg.creator", …
    actor: str  # the name in the certificate; "" for an aggregator's
    issuer: str  # who vouches: the certificate's organisation, or an aggregator's address
    accounts: tuple[Account, ...]
    codes: tuple[str, ...]  # what c2pa-python says of it

    def to_json(self) -> JsonObject:
        """Return typed JSON."""
        return {
            "kind": self.kind,
            "roles": list(self.roles),
            "actor": self.actor,
            "issuer": self.issuer,
            "accounts": [account.to_json() for account in self.accounts],
            "codes": list(self.codes),
        }


@dataclass(frozen=True, slots=True)
class SoftBinding:
    """A watermark or fingerprint that the signer names: where it could be looked up."""

    algorithm: str  # "com.adobe.trustmark.P", of the C2PA's list of soft-binding algorithms
    values: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """Return typed JSON."""
        return {"algorithm": self.algorithm, "values": list(self.values)}


def identities(
    assertions: Sequence[JsonObject], codes: Iterable[tuple[str, str]]
) -> tuple[Identity, ...]:
    """Return the identity assertions of one manifest; ``codes`` are (code, label) pairs."""
    known = [(code, label) for code, label in codes if code.startswith(_PREFIX)]
    found = []
    for number, assertion in enumerate(
        a for a in assertions if _base(text_of(a.get("label"))) == "cawg.identity"
    ):
        label = text_of(assertion.get("label"))
        names = {label, f"cawg.identity__{number}"} if number else {label}
        own = tuple(dict.fromkeys(code for code, where in known if where in names))
        found.append(_identity(object_of(assertion.get("data")), own))
    return tuple(found)


def soft_bindings(assertions: Sequence[JsonObject]) -> tuple[SoftBinding, ...]:
    """Return the soft bindings that one manifest names."""
    found = []
    for assertion in assertions:
        if _base(text_of(assertion.get("label"))) == "c2pa.soft-binding":
            data = object_of(assertion.get("data"))
            blocks = (object_of(block) for block in array_of(data.get("blocks")))
            values = tuple(dict.fromkeys(filter(None, (text_of(b.get("value")) for b in blocks))))
            found.append(SoftBinding(text_of(data.get("alg")), values))
    return tuple(found)


def _identity(data: JsonObject, codes: tuple[str, ...]) -> Identity:
    payload = object_of(data.get("signer_payload")) or object_of(data.get("c2paAsset"))
    kind = text_of(payload.get("sig_type"))
    signer = object_of(data.get("signature_info"))
    return Identity(
        kind=_KINDS.get(kind, kind),
        roles=tuple(filter(None, map(text_of, array_of(payload.get("role"))))),
        actor=text_of(signer.get("common_name")),
        issuer=text_of(signer.get("issuer")) or _issuer(data.get("issuer")),
        accounts=tuple(_accounts(data)),
        codes=codes,
    )


def _accounts(data: JsonObject) -> Iterator[Account]:
    for row in map(object_of, array_of(data.get("verifiedIdentities"))):
        provider = object_of(row.get("provider"))
        yield Account(
            type=text_of(row.get("type")),
            name=text_of(row.get("name")) or text_of(row.get("username")),
            provider=text_of(provider.get("name")) or text_of(provider.get("id")),
            uri=text_of(row.get("uri")),
            verified_at=text_of(row.get("verifiedAt")),
        )


def _issuer(value: Json) -> str:
    """Return an issuer that is an address, or an object that holds one (W3C VC 2.0 §4.7)."""
    return text_of(value) or text_of(object_of(value).get("id"))


def _base(label: str) -> str:
    """Return a label without the number that a second one of its kind carries."""
    return label.partition("__")[0]
