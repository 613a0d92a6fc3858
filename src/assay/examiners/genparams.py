"""Generation records and unsigned labels: what the file's own texts say about how it was made.

Thin: ``dialects.texts`` finds the texts, ``dialects.readings`` reads records, ``dialects.fit``
weighs them, ``dialects.labels`` reads the rest. Signatures and watermarks are not read here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.facts import Observation
from assay.core.jsonvalue import Json, JsonObject
from assay.core.slots import Walk
from assay.core.vocab import Level, Need, Polarity
from assay.examiners.dialects.bounded import clean
from assay.examiners.dialects.fit import FileFacts, Fit, agree, contradictions, fit_of, level_of
from assay.examiners.dialects.label import Label
from assay.examiners.dialects.labels import labels
from assay.examiners.dialects.pixels import pixel_bundles
from assay.examiners.dialects.readings import Reading, readings
from assay.examiners.dialects.record import Bundle, Record, Size, Text, size_of
from assay.examiners.dialects.samples import samples
from assay.examiners.dialects.texts import bundles, exif_blocks

_BASIS = {
    Level.S2: "A complete generation record that fits this very file, or two slots by different "
    "mechanisms that agree on tool and seed (evidence policy, S2)",
    Level.S1: "An unsigned generation record; one command adds one (evidence policy, S1)",
    Level.E: "The generation record names an input picture or a change of one (evidence policy, E)",
}
MAX_READINGS = 32  # records kept per file
MAX_CONTRADICTIONS = 8  # named per file
# Characters of one record's texts that are kept raw: six bytes each at most in an observation.
MAX_RAW = 128 << 10
MAX_RAW_TEXTS = 40


class GenparamsExaminer:
    """Yields ``generator`` for each generation record and ``label`` for each other statement."""

    info = ExaminerInfo(
        name="genparams",
        version="2",
        kinds=("generator", "label", "record_text"),
        media_types=("image/*", "video/*", "audio/*", "application/pdf", "application/postscript"),
        needs=frozenset({Need.SLOTS, Need.PLANES}),
        place_check=True,
    )

    def prepare(self, settings: Settings) -> None:
        """Nothing to load: the tables are modules."""

    def examine(self, view: View) -> Iterator[Observation]:
        """Yield records and labels, then a finding for each contradiction between slots."""
        walk = view.walk()
        stored, unread = bundles(walk)
        hidden, damaged = pixel_bundles(view, walk)
        texts = (*stored, *hidden)
        found = _kept(readings(texts))
        if found:
            yield from _records(view, walk, texts, found)
        tools = frozenset(reading.record.tool for reading in found)
        said = labels(texts, known_tools=tools)
        for label in said:
            yield _label(view, label)
        if unread:
            yield view.finding("count_limit", detail=clean(unread, 400))
        if damaged:
            yield view.finding("malformed", detail=damaged, locator="pixels")
        for detail, locator in islice(contradictions(found, said), MAX_CONTRADICTIONS):
            yield view.finding("slots_disagree", detail=clean(detail, 400), locator=locator)

    def examples(self) -> Iterable[Sample]:
        """Yield a complete record, one with an input picture, and a label."""
        return samples()


def _kept(found: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Return the records that are told; no flood of them hides one that names an input."""
    if len(found) > MAX_READINGS:
        found = tuple(
            sorted(found, key=lambda r: not (r.record.changes or r.record.input_pictures))
        )
    return found[:MAX_READINGS]


def _records(
    view: View, walk: Walk, texts: tuple[Bundle, ...], found: tuple[Reading, ...]
) -> Iterator[Observation]:
    facts = FileFacts(
        media_type=view.media_type,
        size=_stored_size(view, walk),
        exif=exif_blocks(walk),
        text_keys=frozenset(text.key for bundle in texts for text in bundle.texts),
    )
    for reading in found:
        fit = fit_of(reading, facts)
        agreeing = [other for other in found if agree(reading, other)]
        level = level_of(reading, fit, seconded=bool(agreeing))
        yield _record(view, reading, fit, level, agreeing)
    for reading in found:
        yield _raw(view, reading)


def _stored_size(view: View, walk: Walk) -> Size | None:
    size = size_of(walk.width, walk.height)
    if size is None:
        try:
            info = view.picture()
        except (NotApplicable, Malformed, LimitReached):
            return None  # the picture examiner reports why
        size = size_of(info.width, info.height)
    return size


def _record(
    view: View, reading: Reading, fit: Fit, level: Level, agreeing: list[Reading]
) -> Observation:
    record = reading.record
    size = record.sizes[0] if record.sizes else None
    value: JsonObject = {
        "tool": record.tool,
        "version": record.version,
        "model": record.model,
        "models": list(record.models),
        "loras": list(record.loras),
        "model_hashes": [list(pair) for pair in record.model_hashes],
        "lora_hashes": [list(pair) for pair in record.lora_hashes],
        "vae": record.vae,
        "prompt": record.prompt,
        "negative_prompt": record.negative_prompt,
        "seed": record.seed,
        "sampler": record.sampler,
        "scheduler": record.scheduler,
        "steps": record.steps,
        "cfg": record.cfg,
        "width": size.width if size else None,
        "height": size.height if size else None,
        "input_pictures": list(record.input_pictures),
        "changes": list(record.changes),
        "inputs_unresolved": record.inputs_unresolved,
        "complete": record.complete,
        "fits": {"size": fit.size, "container": fit.container, "camera_free": fit.camera_free},
        "literals": list(record.literals),
        "graph": _graph(reading),
        "dialect": reading.dialect.name,
        "mechanism": _mechanism(reading),
        "agrees_with": list(dict.fromkeys(_mechanism(other) for other in agreeing)),
        "same_writer": [name for name, _ in reading.absorbed],
        "claimed_fields": list(record.claimed_fields),
        "text": _told(record, fit),
    }
    return view.observe(
        "generator",
        value,
        level=level,
        polarity=Polarity.EDITED if level is Level.E else Polarity.SYNTHETIC,
        basis=f"{_BASIS[level]}; format: {reading.dialect.source}.",
        locator=_locator(reading),
    )


def _raw(view: View, reading: Reading) -> Observation:
    """Keep the texts of a record as they stand, each with its digest and place; bounded."""
    room = MAX_RAW
    rows: list[Json] = []
    for text in reading.texts[:MAX_RAW_TEXTS]:
        fits = len(text.text) <= room
        room -= len(text.text) if fits else 0
        kept = text.text.encode("utf-8", "replace").decode() if fits else None
        rows.append({"field": clean(text.name, 200), "locator": text.locator, "text": kept,
                     **_digest(text)})  # fmt: skip
    size = sum(len(text.text) for text in reading.texts)
    return view.observe(
        "record_text",
        {
            "tool": reading.record.tool,
            "mechanism": _mechanism(reading),
            "texts": rows,
            "text": f"the {reading.record.tool} record as it stands, {size} characters",
        },
        locator=_locator(reading),
    )


def _digest(text: Text) -> JsonObject:
    data = text.text.encode("utf-8", "replace")
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _graph(reading: Reading) -> JsonObject | None:
    """Return digest and place of the graph that ran; its text is in ``record_text``."""
    if not reading.record.graph_key:
        return None
    text = next((t for t in reading.texts if "class_type" in t.text), reading.texts[0])
    return {"key": reading.record.graph_key, "locator": text.locator, **_digest(text)}


def _mechanism(reading: Reading) -> str:
    return ", ".join(dict.fromkeys(text.mechanism for text in reading.texts))[:200]


def _locator(reading: Reading) -> str:
    return ", ".join(dict.fromkeys(text.locator for text in reading.texts[:4]))


def _told(record: Record, fit: Fit) -> str:
    """Return the record in one sentence of at most 300 characters."""
    said = [f"{record.tool} generation record"]
    if record.model:
        said.append(f"model {clean(record.model, 60)}")
    if record.seed is not None:
        said.append(f"seed {record.seed}")
    if record.input_pictures:
        said.append(f"input picture {clean(record.input_pictures[0], 60)}")
    elif record.changes:
        said.append(f"names an input: {clean(record.changes[0], 60)}")
    if fit.size is False:
        said.append("its size is not that of this file")
    if record.inputs_unresolved:
        said.append("not fully resolved")
    return clean(", ".join(said), 300)


def _label(view: View, label: Label) -> Observation:
    field = label.field
    basis = "An unsigned statement; anyone can add one with one command. Source: "
    return view.observe(
        "label",
        {
            "vocabulary": label.vocabulary,
            "term": label.term,
            "tool": label.tool,
            "prompt": label.prompt,
            "text": clean(label.text, 300),
            "field": clean(f"{field.mechanism}: {field.name}", 200),
        },
        level=label.level,
        polarity=label.polarity,
        basis=f"{basis}{label.source}.",
        locator=field.locator,
    )
