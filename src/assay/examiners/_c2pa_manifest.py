"""Manifests as plain facts, read with c2pa-python: no network, no path, no trust decided.

Everything in a manifest is the sender's text: strings are clipped and counts bounded here.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assay.core.errors import Malformed, NotApplicable
from assay.core.jsonvalue import Json, JsonObject
from assay.examiners._c2pa_identity import Identity, SoftBinding, identities, soft_bindings
from assay.examiners._c2pa_json import MAX_ITEMS, array_of, clip, object_of, text_of
from assay.trust.jumbf import ManifestBytes, read_store

if TYPE_CHECKING:
    import c2pa

MAX_NODES = 20_000  # values looked at for source types in one manifest

# What the SDK says went well; whatever else stands among an ingredient's own results did not.
_SUCCESS = re.compile(
    r"\.(match|validated|trusted|insideValidity|accessible|notRevoked|wellFormed|"
    r"unknownProvenance|additionalExclusionsPresent)$"
)


@dataclass(frozen=True, slots=True)
class Action:
    name: str  # "c2pa.created"
    source_type: str  # last part of the digital source type URI, "" where none
    agent: str  # software named for this action
    description: str = ""  # for people, as the signer wrote it


@dataclass(frozen=True, slots=True)
class Ingredient:
    title: str
    format: str  # media type as the signer wrote it
    relationship: str  # "parentOf", "componentOf", "inputTo"
    manifest: str | None  # label of its own manifest, where it has one
    data_types: tuple[str, ...]  # for data that is no picture: "c2pa.types.model", …
    failures: tuple[str, ...]  # what the signer itself found wrong with it

    @property
    def is_media(self) -> bool:
        """Tell whether it could be a picture, a video or a sound; doubt says it could."""
        if self.format.startswith(("text/", "application/json")):
            return False
        return not self.data_types or not all(
            t.startswith(("c2pa.types.model", "c2pa.types.generator.prompt"))
            for t in self.data_types
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    label: str
    generator: str  # software that made the claim
    issuer: str  # what the certificate calls itself: never a reason to believe it
    actions: tuple[Action, ...]
    source_types: tuple[str, ...]  # every digital source type anywhere in its assertions
    ingredients: tuple[Ingredient, ...]
    identities: tuple[Identity, ...] = ()  # a layer of its own; never a reason to believe anything
    soft_bindings: tuple[SoftBinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What c2pa-python read from one file."""

    active: str  # label
    manifests: Mapping[str, Manifest]
    failures: tuple[str, ...]  # codes, the active manifest's and its ingredients'
    remote_url: str  # also named beside an embedded one
    store_sha256: str  # of the store as the SDK gives it back, which may not be the file's bytes
    signed: Mapping[str, ManifestBytes]  # claim and signature by label
    cut: str = ""  # what is beyond a limit and was left unread

    def reachable(self) -> tuple[str, ...]:
        """Return the labels that the active manifest leads to, itself first."""
        order = [self.active]
        for label in order:
            manifest = self.manifests.get(label)
            for ingredient in manifest.ingredients if manifest else ():
                if ingredient.manifest and ingredient.manifest not in order:
                    order.append(ingredient.manifest)
        return tuple(order)


@dataclass(frozen=True, slots=True)
class Remote:
    """The manifest lies on a server; the address is a lead and is never fetched."""

    url: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """c2pa-python refused the file."""

    detail: str


def read(
    data: bytes, media_type: str, context: c2pa.Context
) -> Reading | Remote | Unreadable | None:
    """Read a file's manifests; None where it has none. Raises NotApplicable for other formats."""
    import c2pa

    try:
        reader = c2pa.Reader.try_create(media_type, io.BytesIO(data), context=context)
        if reader is None:
            return None
        with reader:
            return _reading(reader)
    except c2pa.C2paError as error:
        return _refused(str(error))
    except (Malformed, ValueError, TypeError, KeyError, RecursionError) as error:
        return Unreadable(clip(f"{type(error).__name__}: {error}"))


def _refused(message: str) -> Remote | Unreadable:
    kind, _, detail = message.partition(":")
    if kind.startswith("Remote"):
        found = re.search(r"[a-z]{2,10}://\S{1,2000}", detail)
        return Remote(found.group(0) if found else clip(detail))
    if kind == "NotSupported":
        raise NotApplicable(message)
    return Unreadable(clip(message))


def _reading(reader: c2pa.Reader) -> Reading:
    report = object_of(json.loads(reader.json()))
    active = report.get("active_manifest")
    if not isinstance(active, str):
        raise Malformed("a manifest store without an active manifest")
    rows = list(object_of(report.get("manifests")).items())[:MAX_ITEMS]
    store = _store(reader, active)
    results = object_of(report.get("validation_results"))
    reading = Reading(
        active=active,
        manifests={label: _manifest(label, object_of(row), results) for label, row in rows},
        failures=tuple(dict.fromkeys(_failures(results))),
        remote_url=clip(str(reader.get_remote_url() or "")),
        store_sha256=hashlib.sha256(store).hexdigest(),
        signed={},
        cut=_cut(object_of(report.get("manifests"))),
    )
    signed = dict(_signed(store))
    for label in reading.reachable():
        if label not in signed and label in reading.manifests:
            signed.update(_signed(_store(reader, label)))
    return replace(reading, signed=signed)


def _cut(manifests: JsonObject) -> str:
    """Return what of the manifests is beyond ``MAX_ITEMS``: an edit could stand there."""
    if len(manifests) > MAX_ITEMS:
        return f"more than {MAX_ITEMS} manifests; the rest unread"
    for row in map(object_of, manifests.values()):
        assertions = row.get("assertions")
        counts = {"ingredients": _length(row.get("ingredients")), "assertions": _length(assertions)}
        counts["actions"] = sum(
            _length(object_of(object_of(a).get("data")).get("actions"))
            for a in array_of(assertions)
        )
        for what, count in counts.items():
            if count > MAX_ITEMS:
                return f"more than {MAX_ITEMS} {what} in one manifest; the rest unread"
    return ""


def _length(value: Json) -> int:
    return len(value) if isinstance(value, list) else 0


def _store(reader: c2pa.Reader, label: str) -> bytes:
    """Return the JUMBF store of a manifest and its ingredients.

    It comes from the SDK, not from a search of the file: what is judged must be what was
    verified, and a file may hold a second store for another reader to find.
    """
    stream = io.BytesIO()
    reader.resource_to_stream(f"self#jumbf=/c2pa/{label}", stream)
    return stream.getvalue()


def _signed(store: bytes) -> Mapping[str, ManifestBytes]:
    try:
        return read_store(store)
    except Malformed:
        return {}  # without claim and signature a manifest stays untrusted


def _failures(results: JsonObject) -> Iterator[str]:
    yield from _codes(object_of(results.get("activeManifest")).get("failure"))
    for delta in array_of(results.get("ingredientDeltas")):
        changes = object_of(object_of(delta).get("validationDeltas"))
        yield from _codes(changes.get("failure"))


def _codes(rows: Json) -> Iterator[str]:
    for row in array_of(rows):
        code = object_of(row).get("code")
        if isinstance(code, str):
            yield clip(code)


def _assertion_codes(results: JsonObject, label: str) -> Iterator[tuple[str, str]]:
    """Yield (code, label of the assertion) of everything said about one manifest's assertions."""
    reports = [object_of(results.get("activeManifest"))]
    for delta in array_of(results.get("ingredientDeltas")):
        reports.append(object_of(object_of(delta).get("validationDeltas")))
    for report in reports:
        for outcome in ("success", "informational", "failure"):
            for row in map(object_of, array_of(report.get(outcome))):
                url = text_of(row.get("url"))
                if f"/{label}/" in url:
                    yield text_of(row.get("code")), url.rsplit("/", 1)[-1]


def _manifest(label: str, row: JsonObject, results: JsonObject) -> Manifest:
    assertions = [object_of(a) for a in array_of(row.get("assertions"))]
    actions: list[Action] = []
    for assertion in assertions:
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            rows = array_of(object_of(assertion.get("data")).get("actions"))
            actions += [_action(object_of(a)) for a in rows]
    found: dict[str, None] = {}
    for assertion in assertions:
        found.update(dict.fromkeys(_source_types(assertion.get("data"))))
    return Manifest(
        label=label,
        generator=_generator(row),
        issuer=text_of(object_of(row.get("signature_info")).get("issuer")),
        actions=tuple(actions[:MAX_ITEMS]),
        source_types=tuple(found)[:MAX_ITEMS],
        ingredients=tuple(_ingredient(object_of(i)) for i in array_of(row.get("ingredients"))),
        identities=identities(assertions, _assertion_codes(results, label)),
        soft_bindings=soft_bindings(assertions),
    )


def _action(row: JsonObject) -> Action:
    return Action(
        name=text_of(row.get("action")),
        source_type=_term(row.get("digitalSourceType")),
        agent=_agent(row.get("softwareAgent")),
        description=text_of(row.get("description")),
    )


def _agent(value: Json) -> str:
    if isinstance(value, str):
        return clip(value)
    row = object_of(value)
    return clip(" ".join(filter(None, (text_of(row.get("name")), text_of(row.get("version"))))))


def _generator(row: JsonObject) -> str:
    for info in array_of(row.get("claim_generator_info")):
        if name := _agent(info):
            return name
    return text_of(row.get("claim_generator"))


def _ingredient(row: JsonObject) -> Ingredient:
    own = object_of(object_of(row.get("validation_results")).get("activeManifest"))
    codes = [*_codes(row.get("validation_status")), *_codes(own.get("failure"))]
    manifest = row.get("active_manifest")
    return Ingredient(
        title=text_of(row.get("title")),
        format=text_of(row.get("format")),
        relationship=text_of(row.get("relationship")),
        manifest=manifest if isinstance(manifest, str) else None,
        data_types=tuple(
            text_of(object_of(t).get("type")) for t in array_of(row.get("data_types"))
        ),
        failures=tuple(dict.fromkeys(c for c in codes if not _SUCCESS.search(c))),
    )


def _source_types(data: Json) -> Iterator[str]:
    """Yield every digital source type in an assertion, whatever vocabulary it is written in."""
    waiting: deque[Json] = deque([data])
    for _ in range(MAX_NODES):
        if not waiting:
            return
        node = waiting.popleft()
        if isinstance(node, dict):
            for key, value in node.items():
                if key.lower().endswith(("digitalsourcetype", "digitalsourcefiletype")):
                    for term in value if isinstance(value, list) else [value]:
                        if name := _term(term):
                            yield name
                elif isinstance(value, dict | list):
                    waiting.append(value)
        elif isinstance(node, list):
            waiting.extend(n for n in node if isinstance(n, dict | list))


def _term(value: Json) -> str:
    return clip(value.rstrip("/").rsplit("/", 1)[-1]) if isinstance(value, str) else ""
