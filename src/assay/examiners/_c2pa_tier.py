"""The tier: does each manifest verify to a listed anchor, and what is the file as a whole?

The weakest of all manifests that the active one leads to decides. ``validation_state`` and the
issuer's name decide nothing: a self-made certificate named after a company reads "Valid".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from assay.core.errors import Malformed
from assay.examiners._c2pa_manifest import Reading
from assay.trust.anchors import Anchor, AnchorTable, Role, list_rank
from assay.trust.cose import parse_signature
from assay.trust.jumbf import ManifestBytes
from assay.trust.path import Standing, find_path, load_chain
from assay.trust.timestamp import proven_time

# Codes that our own path to the table replaces, and the identity layer, which is reported apart.
_OURS = frozenset({"signingCredential.untrusted", "signingCredential.expired"})
_IDENTITY = "cawg."
# Codes by which a signer says whether it trusted what it took in: its lists and settings, not ours.
_THEIR_TRUST = _OURS | {"signingCredential.invalid", "timeStamp.untrusted"}


class Tier(StrEnum):
    """What a credential is worth; a listed one is named by its list."""

    OFFICIAL = "official"
    INTERIM = "interim"
    OPERATOR = "operator"
    EXPIRED = "expired"
    UNTRUSTED = "untrusted"
    INVALID = "invalid"
    REMOTE = "remote"
    UNREADABLE = "unreadable"


LISTED = frozenset({Tier.OFFICIAL, Tier.INTERIM, Tier.OPERATOR})


@dataclass(frozen=True, slots=True)
class Signed:
    """How one manifest's signature stands."""

    standing: Standing
    anchor: Anchor | None
    proven: datetime | None  # UTC, by a time-stamp token that verifies to an anchor
    reason: str
    at: datetime | None = None  # UTC: the time it was judged at; None where it was not


@dataclass(frozen=True, slots=True)
class Judged:
    """How the file's signatures stand."""

    tier: Tier
    signatures: Mapping[str, Signed]  # by manifest label
    anchor: Anchor | None  # of the weakest manifest, where every one leads to an anchor
    reason: str

    def standing(self, label: str) -> Standing:
        signed = self.signatures.get(label)
        return signed.standing if signed else Standing.UNTRUSTED


def breaks(code: str) -> bool:
    """Tell whether a failure code means that the credential does not verify."""
    return code not in _OURS and not code.startswith(_IDENTITY)


def identity_codes(reading: Reading) -> tuple[str, ...]:
    """Return the codes of the identity layer (CAWG)."""
    return tuple(code for code in reading.failures if code.startswith(_IDENTITY))


def judge(reading: Reading, table: AnchorTable, evaluation: datetime) -> Judged:
    """Return the tier; ``evaluation`` is the time to judge at where no token proves one."""
    signatures = {
        label: _signature(parts, table, evaluation) for label, parts in reading.signed.items()
    }
    for label in _faulted(reading):
        if label in signatures:
            signatures[label] = Signed(
                Standing.UNTRUSTED, None, None, "the signer who took it in recorded a fault in it"
            )
    unread = Signed(Standing.UNTRUSTED, None, None, "its signature could not be read")
    reachable = [signatures.get(label, unread) for label in reading.reachable()]
    weakest = min(reachable, key=_strength)
    if any(breaks(code) for code in reading.failures):
        return Judged(Tier.INVALID, signatures, None, "does not verify")
    if weakest.standing is Standing.UNTRUSTED or weakest.anchor is None:
        return Judged(Tier.UNTRUSTED, signatures, None, weakest.reason)
    tier = Tier.EXPIRED if weakest.standing is Standing.EXPIRED else _tier_of(weakest.anchor)
    return Judged(tier, signatures, weakest.anchor, weakest.reason)


def _tier_of(anchor: Anchor) -> Tier:
    return Tier(anchor.list) if anchor.list in LISTED else Tier.OPERATOR


def _strength(signed: Signed) -> tuple[int, int]:
    return signed.standing, -list_rank(signed.anchor.list if signed.anchor else "")


def _faulted(reading: Reading) -> set[str]:
    """Return the manifests in which the signer who took them in already found a fault."""
    return {
        ingredient.manifest
        for manifest in reading.manifests.values()
        for ingredient in manifest.ingredients
        if ingredient.manifest
        and any(breaks(code) and code not in _THEIR_TRUST for code in ingredient.failures)
    }


def _signature(parts: ManifestBytes, table: AnchorTable, evaluation: datetime) -> Signed:
    try:
        signature = parse_signature(parts.signature)
    except Malformed as error:
        return Signed(Standing.UNTRUSTED, None, None, str(error))
    chain = load_chain(signature.chain)
    if not chain or not signature.verifies(parts.claim, chain[0]):
        return Signed(Standing.UNTRUSTED, None, None, "the signature over the claim fails")
    proven = None
    if signature.token is not None:
        proven = proven_time(signature.token, signature.stamped(parts.claim), table)
    at = proven.at if proven else evaluation
    result = find_path(chain, table, Role.SIGNER, at)
    return Signed(result.standing, result.anchor, proven.at if proven else None, result.reason, at)
