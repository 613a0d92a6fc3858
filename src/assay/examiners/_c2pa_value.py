"""The value of a c2pa observation: typed JSON, bounded, with the sentence a person reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from assay.core.jsonvalue import Json, JsonObject
from assay.examiners._c2pa_manifest import Ingredient, Manifest, Reading
from assay.examiners._c2pa_second import NoOpinion, Opinion
from assay.examiners._c2pa_story import AI_MADE, Story
from assay.examiners._c2pa_tier import LISTED, Judged, Tier, identity_codes
from assay.trust.anchors import iso

MAX_SHOWN = 50  # manifests, ingredients and actions shown
MAX_STATEMENT = 300  # characters


def stored_digest(stores: Sequence[bytes]) -> str | None:
    """Return the SHA-256 of the file's own manifest stores in order; None where none was found.

    Labels can be altered unseen (c2pa-rs issue #1554), so this names a credential, not its label.
    """
    return hashlib.sha256(b"".join(stores)).hexdigest() if stores else None


def value_of(
    reading: Reading,
    judged: Judged,
    story: Story,
    opinion: Opinion | NoOpinion,
    stores: Sequence[bytes] = (),
) -> JsonObject:
    """Return everything a report needs about one file's credential.

    ``stores`` are the manifest stores as they lie in the file, found by our own walker.
    """
    active = reading.manifests.get(reading.active) or Manifest(reading.active, "", "", (), (), ())
    signed = judged.signatures.get(reading.active)
    manifests = _shown(reading)
    anchor = judged.anchor
    tool = _tool(reading, active)
    return {
        "tier": judged.tier.value,
        "ai": story.ai,
        "source_types": _unique(t for m in manifests for t in m.source_types),
        "actions": _unique(a.name for m in manifests for a in m.actions),
        "ingredients": [_ingredient(i, reading) for m in manifests for i in m.ingredients][
            :MAX_SHOWN
        ],
        "generator": active.generator,
        "software_agents": _unique(a.agent for m in manifests for a in m.actions),
        "issuer": active.issuer,
        "signed_at": iso(signed.proven) if signed and signed.proven else None,
        "time_from": "token" if signed and signed.proven else "evaluation date",
        "list": anchor.list if anchor else None,
        "list_date": anchor.list_date if anchor else None,
        "anchor": anchor.name if anchor else None,
        "failure_codes": list(reading.failures)[:MAX_SHOWN],
        "identity_codes": list(identity_codes(reading))[:MAX_SHOWN],
        "identities": _objects(i.to_json() for m in manifests for i in m.identities),
        "soft_bindings": _objects(b.to_json() for m in manifests for b in m.soft_bindings),
        "remote_url": reading.remote_url or None,
        "store_sha256": stored_digest(stores),
        "store_read_sha256": reading.store_sha256,
        "product": story.product or None,
        "manifests": [_manifest(m, reading, judged) for m in manifests],
        "second_opinion": (
            {"integrity": opinion.integrity, "trust": opinion.trust}
            if isinstance(opinion, Opinion)
            else None
        ),
        "tool": tool,
        "text": _statement(active.issuer, judged, story, tool),
    }


def refused_value(
    tier: Tier, text: str, *, url: str = "", stores: Sequence[bytes] = ()
) -> JsonObject:
    """Return the value for a credential that was not read, with the same fields."""
    return {
        "tier": tier.value,
        "ai": False,
        "source_types": [],
        "actions": [],
        "ingredients": [],
        "generator": "",
        "software_agents": [],
        "issuer": "",
        "signed_at": None,
        "time_from": None,
        "list": None,
        "list_date": None,
        "anchor": None,
        "failure_codes": [],
        "identity_codes": [],
        "identities": [],
        "soft_bindings": [],
        "remote_url": url or None,
        "store_sha256": stored_digest(stores),
        "store_read_sha256": None,
        "product": None,
        "manifests": [],
        "second_opinion": None,
        "tool": "",
        "text": text,
    }


def _shown(reading: Reading) -> list[Manifest]:
    """Return the manifests to show: the active one and those it leads to, then any others."""
    order = [*reading.reachable(), *reading.manifests]
    labels = [label for label in dict.fromkeys(order) if label in reading.manifests]
    return [reading.manifests[label] for label in labels[:MAX_SHOWN]]


def _manifest(manifest: Manifest, reading: Reading, judged: Judged) -> JsonObject:
    signed = judged.signatures.get(manifest.label)
    return {
        "active": manifest.label == reading.active,
        "generator": manifest.generator,
        "issuer": manifest.issuer,
        "standing": judged.standing(manifest.label).name.lower(),
        "list": signed.anchor.list if signed and signed.anchor else None,
        "reason": signed.reason if signed else "its signature could not be read",
        "signed_at": iso(signed.proven) if signed and signed.proven else None,
        "source_types": list(manifest.source_types)[:MAX_SHOWN],
        "actions": [a.name for a in manifest.actions][:MAX_SHOWN],
    }


def _ingredient(ingredient: Ingredient, reading: Reading) -> JsonObject:
    own = reading.manifests.get(ingredient.manifest) if ingredient.manifest else None
    source_types = list(own.source_types)[:MAX_SHOWN] if own else []
    return {
        "title": ingredient.title,
        "relationship": ingredient.relationship,
        "has_manifest": own is not None,
        "source_types": source_types,
        "ai": AI_MADE in source_types,
    }


def _tool(reading: Reading, active: Manifest) -> str:
    """Return the product: the software named where the picture was created, else the claim's."""
    for label in reversed(reading.reachable()):
        manifest = reading.manifests.get(label)
        for action in manifest.actions if manifest else ():
            if action.agent and action.source_type == AI_MADE:
                return action.agent
    for action in active.actions:
        if action.agent:
            return action.agent
    return active.generator


def _statement(issuer: str, judged: Judged, story: Story, tool: str) -> str:
    named = f'"{issuer[:80]}"' if issuer else "an unnamed signer"
    by = f", tool {tool[:80]}" if tool else ""
    if judged.tier in LISTED:
        who = f"Signed by {named} ({judged.tier.value} list)"
    elif judged.tier is Tier.EXPIRED:
        who = f"Signed by {named} (listed; the certificate has run out)"
    elif judged.tier is Tier.INVALID:
        who = f"Credential of {named} that does not verify"
    else:
        who = f"Signed by a certificate that names itself {named} and is on no list"
    return f"{who}: {story.text}{by}"[:MAX_STATEMENT]


def _objects(rows: Iterable[JsonObject]) -> list[Json]:
    found: list[Json] = list(rows)
    return found[:MAX_SHOWN]


def _unique(values: Iterable[str]) -> list[Json]:
    texts: dict[Json, None] = dict.fromkeys(value for value in values if value)
    return list(texts)[:MAX_SHOWN]
