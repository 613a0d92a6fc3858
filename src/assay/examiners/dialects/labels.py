"""Unsigned statements about how a file came to be, other than generation records.

IPTC's digital source type and AI fields, TC260, credit lines and captions in words, ByteDance,
Grok, AUTOMATIC1111's extras tab, and generators named as software. Each costs one command to add,
so none is above S1; a statement of change is E.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.vocab import Level
from assay.examiners.dialects import bytedance
from assay.examiners.dialects.bounded import MAX_PROMPT, as_object, clean, json_object
from assay.examiners.dialects.label import Label
from assay.examiners.dialects.record import Bundle, Text
from assay.examiners.dialects.software import generator_named
from assay.examiners.dialects.texts import PNG_TEXT


@dataclass(frozen=True, slots=True)
class Term:
    name: str
    level: Level
    says: str


_IPTC = "IPTC digital source type NewsCodes, cv.iptc.org/newscodes/digitalsourcetype"
# In the words of the vocabulary. An unsigned capture statement says nothing that a pasted text
# could not say: N.
_TERMS = {
    row.name.lower(): row
    for row in (
        Term("trainedAlgorithmicMedia", Level.S1, "made by a trained model"),
        Term("algorithmicMedia", Level.S1, "made purely by an algorithm"),
        Term("trainedAlgorithmicData", Level.S1, "data made by a trained model"),
        Term(
            "compositeWithTrainedAlgorithmicMedia", Level.E, "edited or mixed with a trained model"
        ),
        Term("compositeSynthetic", Level.E, "a mix that includes synthetic elements"),
        Term("composite", Level.E, "a composite of several elements"),
        Term("compositeCapture", Level.E, "a composite of several captures"),
        Term("algorithmicallyEnhanced", Level.E, "changed by an algorithm"),
        Term("humanEdits", Level.E, "edited by a person"),
        Term("minorHumanEdits", Level.E, "slightly edited by a person"),
        Term("digitalCapture", Level.N, "captured by a digital camera"),
        Term("computationalCapture", Level.N, "captured by a camera that merges several takes"),
        Term("negativeFilm", Level.N, "digitised from a film negative"),
        Term("positiveFilm", Level.N, "digitised from a film positive"),
        Term("print", Level.N, "digitised from a print"),
        Term("screenCapture", Level.N, "a screenshot"),
        Term("virtualRecording", Level.N, "a recording of a virtual event"),
        Term("digitalCreation", Level.N, "made by a person with digital tools"),
        Term("digitalArt", Level.N, "made by a person with digital tools"),
        Term("softwareImage", Level.N, "made by software"),
        Term("dataDrivenMedia", Level.N, "a rendering of data"),
    )
}
_AI_FIELDS = {  # IPTC Photo Metadata Standard 2025.1, iptc.org/news/2025/11
    "aisystemused": "AI system used",
    "aisystemversionused": "AI system version used",
    "aipromptinformation": "AI prompt information",
    "aipromptwritername": "AI prompt writer",
}
_TC260 = "GB 45438-2025 (TC260), metadata label of generated content"
_TC260_LABELS = {"1": "is", "2": "may be", "3": "is suspected to be"}
_COMPANY_CODE = re.compile(r"[0-9A-Z]{15,60}$")  # the unified social credit code inside
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Words in a credit line, a caption or a keyword; stock agencies end titles with "Generative AI".
_SAYS_AI = re.compile(
    r"google ai|(made|created|generated|imagined|edited|modified) (with|by|using) (an? )?"
    r"((meta|adobe|openai|generative) )?(ai\b|artificial intelligence)|\bai[- ]generated\b"
    r"|\bgenerative ai\b|apple photos clean ?up",
    re.I,
)
_EDITED = re.compile(r"\b(edited|modified)\b|clean ?up", re.I)
_MADE_WITH = re.compile(
    r"\b(?:made|created|generated|rendered|produced|imagined) "
    r"(?:with|by|using|in|via|on) (.{1,40})",
    re.I,
)
_GROK_ARTIST = re.compile(rf"{_UUID}$", re.I)
_DESCRIPTIONS = frozenset({"description", "imagedescription", "dc:description", "usercomment",
                           "comment", "exif:usercomment", "xpcomment", "dc:title",
                           "caption-abstract", "©cmt", "©des", "comm", "desc",
                           "com.apple.quicktime.comment",
                           "com.apple.quicktime.description", "dc:subject", "keywords",
                           "xpkeywords", "xptitle", "title", "headline", "photoshop:headline",
                           "objectname", "xpsubject", "©nam", "lyrics", "uslt"})  # fmt: skip
_SOFTWARE = frozenset({"software", "xmp:creatortool", "creatortool", "processingsoftware",
                       "tiff:software", "encoder", "©too", "©swr", "com.apple.quicktime.software",
                       "exif:software", "source", "generator", "originatingprogram",
                       "pdf:producer"})  # fmt: skip
MAX_LABELS = 100  # per file
_WEIGHT = (Level.E, Level.S1, Level.N)


def labels(
    bundles: tuple[Bundle, ...], *, known_tools: frozenset[str] = frozenset()
) -> list[Label]:
    """Return the statements of all texts, each once.

    ``known_tools``: tools whose own record was read already; their Software field adds nothing.
    """
    found: dict[tuple[str, str, str], Label] = {}
    for bundle in bundles:
        for label in _of_bundle(bundle, known_tools):
            # Google's files give the source type twice in one packet: one writer, one statement
            key = (label.vocabulary, label.term, label.field.mechanism)
            found.setdefault(key, label)
    said = list(found.values())
    if len(said) > MAX_LABELS:  # a flood of them hides none that says more
        said.sort(key=lambda label: _WEIGHT.index(label.level))
    return said[:MAX_LABELS]


def _of_bundle(bundle: Bundle, known_tools: frozenset[str]) -> Iterator[Label]:
    for field in bundle.texts:
        last = field.key.rsplit(":", 1)[-1]
        if last in ("digitalsourcetype", "digitalsourcefiletype"):
            yield _source_type(field)
        elif last in _AI_FIELDS and field.text.strip():
            yield _ai_field(field, last)
        elif last == "credit":
            yield from _credit(field)
        elif last == "aigc":
            yield _tc260(field, field.text)
        elif last == "specialinstructions" and field.text.startswith("FBMD"):
            yield Label("platform", "FBMD", Level.N, "a mark that Facebook and Instagram add",
                        "Meta's IPTC special instructions", field)  # fmt: skip
        if field.text[:8].lstrip()[:1] == "{":
            yield from bytedance.labels_of(field)
        if field.key in _DESCRIPTIONS:
            yield from _description(field, known_tools)
        if _names_software(bundle, field):
            tool = generator_named(field.text)
            if tool and tool not in known_tools and not (known_tools and field.key == "source"):
                says = f"{field.name} names {tool}"
                source = "the field's own text"
                yield Label("software", clean(field.text, 100), Level.S1, says, source, field, tool)
    yield from _grok(bundle)
    yield from _extras(bundle)


def _source_type(field: Text) -> Label:
    term = clean(re.split(r"[/#:]", field.text.strip().rstrip("/"))[-1], 80)
    row = _TERMS.get(term.lower())
    if row is None:
        text = f"digital source type {term} (not in the vocabulary)"
        return Label("IPTC digital source type", term, Level.N, text, _IPTC, field)
    text = f"unsigned IPTC label {row.name}: {row.says}"
    return Label("IPTC digital source type", row.name, row.level, text, _IPTC, field)


def _ai_field(field: Text, name: str) -> Label:
    quiet = clean(field.text, MAX_PROMPT) if name == "aipromptinformation" else ""
    value = f"{len(field.text)} characters" if quiet else clean(field.text, 150)
    tool = clean(field.text, 80) if name == "aisystemused" else ""
    source = "IPTC Photo Metadata Standard 2025.1"
    text = f"{_AI_FIELDS[name]}: {value}"
    return Label("IPTC 2025.1", name, Level.S1, text, source, field, tool, quiet)


def _names_software(bundle: Bundle, field: Text) -> bool:
    if field.mechanism.startswith("PDF"):
        return field.key in ("producer", "creator")
    return field.key in _SOFTWARE or (bundle.family == PNG_TEXT and field.key == "author")


def _credit(field: Text) -> Iterator[Label]:
    head = field.text[:1000]
    tool = "Google AI" if "google ai" in head.lower() else generator_named(head)
    if tool or _SAYS_AI.search(head):
        level = Level.E if _EDITED.search(head) else Level.S1
        source = "Google's credit line, support.google.com (about this image)"
        yield Label("credit", clean(head, 100), level, f"credit line: {clean(head, 100)}",
                    source if tool == "Google AI" else "the field's own text",
                    field, tool)  # fmt: skip


def _tc260(field: Text, text: str) -> Label:
    value = json_object(text) or {}
    inner = as_object(value.get("AIGC")) or value
    term = clean(str(inner.get("Label") or inner.get("label") or ""), 20)
    producer = clean(inner.get("ContentProducer"), 80)
    says = f"AIGC label: the content {_TC260_LABELS.get(term, 'is labelled as')} machine-made"
    by = f", producer {producer}" if producer else ""
    tool = "" if _COMPANY_CODE.match(producer) else producer
    return Label("TC260 AIGC", term or "present", Level.S1, says + by, _TC260, field, tool)


def _description(field: Text, known_tools: frozenset[str]) -> Iterator[Label]:
    head = field.text[:20_000]
    if '"AIGC"' in head and (value := json_object(field.text)) is not None and "AIGC" in value:
        yield _tc260(field, field.text)
    if known_tools or head.lstrip()[:1] == "{":
        return  # the file's own record says more
    made = _MADE_WITH.search(head)
    tool = generator_named(made[1]) if made else ""
    said = made if tool else _SAYS_AI.search(head)
    if said:
        level = Level.E if _EDITED.search(said[0]) else Level.S1
        yield Label("description", clean(said[0], 60), level,
                    f"{field.name} says: {clean(said[0], 60)}", "the field's own text",
                    field, tool)  # fmt: skip


def _extras(bundle: Bundle) -> Iterator[Label]:
    """A picture put through the extras tab (upscaled, restored), without a record of its own."""
    field = next((t for t in bundle.texts if t.key in ("postprocessing", "extras")), None)
    if field is not None and not bundle.has("parameters") and field.text.strip():
        yield Label("AUTOMATIC1111 extras", clean(field.text, 60), Level.E,
                    f"a picture was put through the extras tab: {clean(field.text, 100)}",
                    "AUTOMATIC1111/stable-diffusion-webui, modules/postprocessing.py",
                    field, "AUTOMATIC1111")  # fmt: skip


def _grok(bundle: Bundle) -> Iterator[Label]:
    signature = next(
        (t for t in bundle.texts if t.key in ("imagedescription", "description")), None
    )
    if (
        signature is not None
        and signature.text.strip().startswith("Signature:")
        and _GROK_ARTIST.match((bundle.get("artist") or bundle.get("author")).strip())
    ):
        yield Label("xAI signature", "Signature", Level.S1,
                    "artist and signature as xAI Grok writes them; the signature was not checked",
                    "public code that writes these fields; no key is published", signature,
                    "xAI Grok")  # fmt: skip
