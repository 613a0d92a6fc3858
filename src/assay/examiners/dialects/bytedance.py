"""What ByteDance's products write: generators, an editor, and the label of any TikTok download.

Three things look alike and are not. Dreamina, Jimeng and their like name themselves (S1). CapCut
("vicut") and its kin are editors (E). ``aigc_label_type: 0`` alone stands in every file that TikTok
gave out and says nothing. Fields seen in exiftool listings of public files (Keys:AigcInfo,
UserComment, LvMetaInfo, Artwork).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.core.jsonvalue import JsonObject
from assay.core.vocab import Level
from assay.examiners.dialects.bounded import as_object, clean, integer, json_object
from assay.examiners.dialects.label import Label
from assay.examiners.dialects.record import Text

_SOURCE = "fields that ByteDance's products write (aigc_info, product, source_info)"
_MARK = re.compile(r'"(aigc_label_type|aigc_info|source_info|product|source_type|exportType)"')
_GENERATORS = {
    "dreamina": "Dreamina",
    "jimeng": "Jimeng",
    "seedance": "ByteDance Seed",
    "seedream": "ByteDance Seed",
    "doubao": "Doubao",
    "cici": "Doubao",
}
_EDITORS = {
    "vicut": "CapCut",
    "capcut": "CapCut",
    "lv": "CapCut",
    "jianying": "JianYing",
    "retouch": "Hypic",
    "hypic": "Hypic",
    "xingtu": "Hypic",
}
MAX_TEXT = 1 << 20  # characters


def labels_of(field: Text) -> Iterator[Label]:
    """Yield what one text says; nothing where it is not of these products."""
    text = field.text[:MAX_TEXT]
    whole = json_object(text) if _MARK.search(text) else None
    if whole is None:
        return
    parts = [whole, as_object(whole.get("data")), as_object(whole.get("aigc_info"))]
    named = [
        clean(part.get(key), 40).lower()
        for part in parts
        for key in ("source_info", "product", "source_type")
    ]
    maker = next((_GENERATORS[name] for name in named if name in _GENERATORS), "")
    editor = next((_EDITORS[name] for name in named if name in _EDITORS), "")
    if maker:
        yield Label("ByteDance", maker, Level.S1, f"names {maker} as what made it", _SOURCE,
                    field, maker)  # fmt: skip
    if editor:
        yield Label("ByteDance", editor, Level.E, f"exported from the editor {editor}", _SOURCE,
                    field, editor)  # fmt: skip
    kind = next((n for part in parts if (n := _labelled(part)) is not None), None)
    if kind and not maker:
        by = {1: "by its uploader", 2: "by the platform"}.get(kind, "")
        yield Label("ByteDance AIGC", str(kind), Level.S1,
                    f"labelled as machine-made {by}".rstrip(), _SOURCE, field)  # fmt: skip


def _labelled(part: JsonObject) -> int | None:
    return integer(part.get("aigc_label_type"))
