"""Text files that could describe a picture beside them: the records and labels that they hold.

Reads the text by itself. Which picture it means is told by names, and that is not this check's
business (``engine.sidecars``); nor does a text file become a picture by what it says: level N. The
level that the same words would have in a picture, at most S1 or E, stands in ``says``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.core.contract import ExaminerInfo, Sample, Settings, View
from assay.core.errors import NotApplicable
from assay.core.facts import Observation
from assay.core.vocab import Level, Need
from assay.examiners.dialects.bounded import clean, json_object
from assay.examiners.dialects.label import Label
from assay.examiners.dialects.labels import labels
from assay.examiners.dialects.readings import Reading, readings
from assay.examiners.dialects.record import Record
from assay.examiners.dialects.sidecar import MAX_BYTES, sidecar_bundles
from assay.media.xmp import read_xmp

MEDIA_TYPES = ("text/*", "application/json", "application/rdf+xml")
MAX_SAID = 32  # statements kept per file


class SidecarExaminer:
    """Yields ``sidecar`` for each record and each statement of a text."""

    info = ExaminerInfo(
        name="sidecar",
        version="1",
        kinds=("sidecar",),
        media_types=MEDIA_TYPES,
        needs=frozenset({Need.BYTES}),
        place_check=True,
    )

    def prepare(self, settings: Settings) -> None:
        """Nothing to load: the tables are modules."""

    def examine(self, view: View) -> Iterator[Observation]:
        """Yield what a text of at most MAX_BYTES says; longer ones are no records."""
        if view.size > MAX_BYTES:
            raise NotApplicable(f"longer than {MAX_BYTES} bytes")
        data = view.data()
        bundles = sidecar_bundles(data)
        found = readings(bundles)
        tools = frozenset(reading.record.tool for reading in found)
        said = [_record(view, reading) for reading in found]
        said += [
            _label(view, label)
            for label in labels(bundles, known_tools=tools)
            if label.level is not Level.N
        ]
        # what says most comes first, so that no flood of statements hides one
        yield from sorted(said, key=lambda o: o.value["says"] != Level.E)[:MAX_SAID]
        trouble = _trouble(view.media_type, data)
        if trouble:
            yield view.observe("sidecar", {"says": "N", "trouble": trouble, "text": trouble})

    def examples(self) -> Iterable[Sample]:
        """Yield a record with an input picture, one without, and a label."""
        text = (
            b"a lighthouse at noon\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, "
            b"CFG scale: 7, Seed: 1234, Size: 512x512, Model: base, Version: v1.10.1"
        )
        yield Sample("a record", text, "text/plain", ("sidecar",))
        changed = text.replace(b"Version", b"Denoising strength: 0.4, Mask blur: 4, Version")
        yield Sample("a record with an input", changed, "text/plain", ("sidecar",))
        yield Sample("no record", b"A line of a letter.", "text/plain", ())


def _record(view: View, reading: Reading) -> Observation:
    record = reading.record
    level = Level.E if record.changes or record.input_pictures else Level.S1
    return view.observe(
        "sidecar",
        {
            "says": level.value,
            "tool": record.tool,
            "model": record.model,
            "seed": record.seed,
            "dialect": reading.dialect.name,
            "input_pictures": list(record.input_pictures),
            "changes": list(record.changes),
            "text": _told(record),
        },
        basis=f"A generation record beside a picture, unsigned; format: {reading.dialect.source}.",
        locator=reading.texts[0].locator,
    )


def _label(view: View, label: Label) -> Observation:
    return view.observe(
        "sidecar",
        {
            "says": (Level.E if label.level is Level.E else Level.S1).value,
            "tool": label.tool,
            "vocabulary": label.vocabulary,
            "term": label.term,
            "text": clean(label.text, 300),
        },
        basis=f"An unsigned statement beside a picture. Source: {label.source}.",
        locator=label.field.locator,
    )


def _told(record: Record) -> str:
    """Return the record in one sentence of at most 300 characters, without its prompt."""
    said = [f"{record.tool} generation record"]
    if record.model:
        said.append(f"model {clean(record.model, 60)}")
    if record.seed is not None:
        said.append(f"seed {record.seed}")
    if record.input_pictures:
        said.append(f"input picture {clean(record.input_pictures[0], 60)}")
    elif record.changes:
        said.append(f"names an input: {clean(record.changes[0], 60)}")
    return clean(", ".join(said), 300)


def _trouble(media_type: str, data: bytes) -> str:
    """Return why a text could not be read as what it is; no finding, for it harms no letter."""
    if media_type == "application/rdf+xml":
        return next((f"XMP: {t.detail}"[:300] for t in read_xmp(data).troubles), "")
    text = data.decode("utf-8-sig", "replace") if media_type == "application/json" else ""
    if text.lstrip().startswith("{") and json_object(text) is None:
        return "JSON that cannot be read"
    return ""
