"""What the checks of origin said of one item, as ``items.jsonl`` holds it: facts, then claims.

The shape is fixed by docs/reference/items.schema.json. Prompts stand in it; texts of a graph and
whole records do not, because one file can hold megabytes of them: ``quiet_texts`` gives those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assay.core.facts import Observation
from assay.core.jsonvalue import Json
from assay.core.vocab import Level
from assay.verdict.policy import Policy

_GENERATOR = (
    "tool", "version", "model", "models", "model_hashes", "loras", "lora_hashes", "vae", "prompt",
    "negative_prompt", "seed", "sampler", "scheduler", "steps", "cfg", "width", "height",
    "input_pictures", "inputs_unresolved", "complete", "fits", "agrees_with", "same_writer",
    "dialect", "graph",
)  # fmt: skip
_C2PA = (
    "tier", "ai", "source_types", "actions", "generator", "software_agents", "issuer", "signed_at",
    "time_from", "list", "list_date", "failure_codes", "identity_codes", "identities",
    "soft_bindings", "remote_url", "store_sha256", "store_read_sha256", "product", "manifests",
    "ingredients",
)  # fmt: skip
_CAMERA = (
    "make", "model", "serial", "lens", "firmware", "taken_at", "zone", "exposure", "gps", "agrees",
    "doubts",
)  # fmt: skip
_TABLES = (
    "quantisation", "ijg_quality", "huffman", "huffman_standard", "huffman_seen", "subsampling",
    "restart", "segments", "seen_for", "model_files", "models", "programs", "text",
)  # fmt: skip
_RECOMPRESSION = (
    "double", "score", "first_quality", "first_steps", "last_quality", "blocks", "text",
)  # fmt: skip
_WATERMARK = ("payload", "tool", "agreeing_bits", "bits", "blocks", "reading", "text")
_SIGNATURE = ("claimed", "tool", "verified", "key", "field", "mechanism", "text")
_PLACES = {  # of kinds that name no slot
    "c2pa": "content credential",
    "structure": "camera text against the file",
    "watermark": "pixels",
}


def provenance(observations: Sequence[Observation]) -> dict[str, Json]:
    """Return the objects of one item by name; null where the file says nothing of the kind."""
    return {
        "generator": _chosen(observations, "generator", _GENERATOR),
        "c2pa": _chosen(observations, "c2pa", _C2PA),
        "camera": _levelled(_strongest(observations, "camera"), _CAMERA),
        "tables": _chosen(observations, "tables", _TABLES),
        "trailer": _trailer(observations),
        "recompression": _chosen(observations, "recompression", _RECOMPRESSION),
        "watermark": [_levelled(o, _WATERMARK) for o in _ordered(observations, "watermark")]
        or None,
        "signature": _levelled(_strongest(observations, "signature"), _SIGNATURE),
    }


def claim(o: Observation, policy: Policy) -> dict[str, Json]:
    """Return one statement with its place and what would make it stronger."""
    return {
        "kind": o.kind,
        "level": o.level.value,
        "polarity": o.polarity.value,
        "tool": str(o.value.get("tool", "")),
        "text": str(o.value.get("text", "")),
        "examiner": o.examiner,
        "version": o.version,
        "where": where(o),
        "locator": o.locator,
        "basis": o.basis,
        "strengthen": policy.levels[o.level].strengthen,
        "error_rate": None,
    }


def where(o: Observation) -> str:
    """Return the slot and field in which a statement stands; blank where none is named."""
    mechanism, field = (str(o.value.get(name) or "") for name in ("mechanism", "field"))
    if not mechanism and not field:
        return _PLACES.get(o.kind, "")
    if not mechanism or field.startswith(mechanism):
        return field
    return f"{mechanism}: {field}" if field else mechanism


@dataclass(frozen=True, slots=True)
class QuietText:
    """A text of a file that is shown on request only."""

    what: str  # "prompt of a label", "text in the graph", "record"
    where: str
    text: str | None  # None: too long to be kept


def quiet_texts(observations: Iterable[Observation]) -> Iterator[QuietText]:
    """Yield what people and programs wrote into the file's records, beside the items' own fields.

    Prompts of labels, literals of graphs, then whole records as they stand.
    """
    rows = tuple(observations)
    for o in rows:
        if o.kind == "label" and o.value.get("prompt"):
            yield QuietText("prompt of a label", where(o), str(o.value["prompt"]))
    for o in rows:
        if o.kind == "generator":
            for text in _list(o.value.get("literals")):
                yield QuietText("text in the graph", where(o), str(text))
    for o in rows:
        if o.kind == "record_text":
            for row in _list(o.value.get("texts")):
                if isinstance(row, Mapping):
                    kept = row.get("text")
                    place = f"{row.get('field')}, {row.get('locator')}"
                    yield QuietText("record", place, None if kept is None else str(kept))


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list | tuple) else ()


def _ordered(observations: Iterable[Observation], kind: str) -> list[Observation]:
    order = tuple(Level)
    rows = [o for o in observations if o.kind == kind]
    return sorted(rows, key=lambda o: (order.index(o.level), o.id))


def _strongest(observations: Iterable[Observation], kind: str) -> Observation | None:
    return next(iter(_ordered(observations, kind)), None)


def _chosen(
    observations: Iterable[Observation], kind: str, fields: Iterable[str]
) -> dict[str, Json] | None:
    o = _strongest(observations, kind)
    return {name: o.value.get(name) for name in fields} if o is not None else None


def _levelled(o: Observation | None, fields: Iterable[str]) -> dict[str, Json] | None:
    if o is None:
        return None
    return {"level": o.level.value, **{name: o.value.get(name) for name in fields}}


def _trailer(observations: Iterable[Observation]) -> dict[str, Json] | None:
    o = _strongest(observations, "trailer")
    if o is None:
        return None
    return {"what": o.value.get("what"), "bytes": o.value.get("bytes"), "locator": o.locator}
