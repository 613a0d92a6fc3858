"""NovelAI: PNG texts Title, Description, Software, Source and a JSON ``Comment``.

Also the same JSON in EXIF UserComment (WebP: Software holds the model, DocumentName the title), or
all texts in one object, as its hidden payload holds them. The signature over the pixels
(``signed_hash``) is not checked here. Format: NovelAI/novelai-image-metadata (README, nai_meta.py).
"""

from __future__ import annotations

import re
from dataclasses import replace

from assay.core.jsonvalue import JsonObject
from assay.examiners.dialects.bounded import (
    MAX_PROMPT,
    as_list,
    as_object,
    clean,
    integer,
    number,
)
from assay.examiners.dialects.inputs import (
    changes_in,
    is_image_mode,
    pictures_in,
    says_something,
)
from assay.examiners.dialects.record import Bundle, Record, distinct, size_of

_KEYS = ("comment", "usercomment", "exif:usercomment", "parameters")
_OWN = frozenset({"noise_schedule", "uncond_scale", "uc"})  # that no other tool writes together
# Written in every record, also of pictures made from text alone.
_DEFAULTS = frozenset({"controlnet_strength", "controlnet_model", "add_original_image"})
_REFERENCES = (
    "reference_strength_multiple",
    "reference_information_extracted_multiple",
    "director_reference_strengths",
    "director_reference_strength_values",
)


def parse(bundle: Bundle) -> Record | None:
    """Read the record; None where the texts are not NovelAI's."""
    for key in _KEYS:
        found = bundle.json(key)
        if found is None:
            continue
        # the comment itself, or the object that holds all texts of the PNG under their names
        inner = found.get("Comment")
        outer = found if inner is not None else {}
        comment = as_object(inner) if inner is not None else found
        software = bundle.get("software") or clean_text(outer.get("Software"))
        source = bundle.get("source") or clean_text(outer.get("Source"))
        if not source and software.startswith("NovelAI "):
            source = software  # in EXIF the model stands in Software
        ours = software.strip().lower().startswith("novelai") or source.startswith("NovelAI")
        if not (ours or "signed_hash" in comment or comment.keys() >= _OWN):
            continue
        if "steps" in comment or "v4_prompt" in comment:
            words = clean_text(outer.get("Description")) or bundle.get("description")
            return replace(_read(comment, source, words), read_from=(key,))
    return None


def clean_text(value: object) -> str:
    """Return a string value as it stands, '' for any other."""
    return value if isinstance(value, str) else ""


def _read(comment: JsonObject, source: str, description: str) -> Record:
    seed = integer(comment.get("seed"))
    size = size_of(number(comment.get("width")), number(comment.get("height")))
    return Record(
        tool="NovelAI",
        tool_named=True,
        version=clean(comment.get("version"), 80),
        model=clean(source),
        models=distinct((source,)),
        prompt=clean(comment.get("prompt"), MAX_PROMPT) or clean(description, MAX_PROMPT),
        negative_prompt=clean(comment.get("uc"), MAX_PROMPT),
        seed=seed,
        seeds=() if seed is None else (seed,),
        sampler=clean(comment.get("sampler")),
        scheduler=clean(comment.get("noise_schedule"), 80),
        steps=integer(comment.get("steps")),
        cfg=number(comment.get("scale")),
        sizes=() if size is None else (size,),
        input_pictures=distinct(pictures_in(comment, _DEFAULTS)),
        changes=distinct((*_changes(comment), *changes_in(comment, _DEFAULTS))),
    )


def _changes(comment: JsonObject) -> tuple[str, ...]:
    found = []
    request = comment.get("request_type")
    if is_image_mode(request):
        found.append(f"request_type: {clean(request, 60)}")
    # Records of the first generation carry strength and noise also without a picture; that cannot
    # be told from the record, so it counts.
    found += [f"{key}: {comment[key]}"[:80] for key in ("strength",) if comment.get(key)]
    found += [
        f"{key}: {len(as_list(comment.get(key)))} entries"
        for key in _REFERENCES
        if as_list(comment.get(key))
    ]
    if says_something(comment.get("controlnet_condition")):
        found.append("controlnet_condition")
    if re.search(r"director|img2img|infill", str(comment.get("req_type") or "")[:80], re.I):
        found.append(f"req_type: {clean(comment.get('req_type'), 60)}")
    return tuple(found)
