"""Looks at an SVG without an XML parser: its size, its metadata, and whatever would act.

It renders nothing and expands no entity. Wherever it cannot be sure that a document is still,
it calls it active. Sources: SVG 2 (script, foreignObject, event attributes); C2PA 2.x A.3.6.
"""

from __future__ import annotations

import base64
import binascii
import re

from assay.core.slots import SlotKind
from assay.media.gather import MAX_TEXT, Gather

_ACTIVE = re.compile(
    rb"<(?:[\w-]{1,32}:)?(?:script|foreignObject|handler|iframe|object|embed|set|animate\w{0,16})"
    rb"[\s/>]"
    rb"|[\s\"'/]on[a-z]{3,24}\s{0,16}="
    rb"|(?:javascript|vbscript)\s{0,16}:"
    rb"|url\(\s{0,8}[\"']?\s{0,8}(?:https?:|file:|//)"
    rb"|<!ENTITY|<\?xml-stylesheet|@import"
    rb"|href\s{0,16}=\s{0,16}[\"']\s{0,16}(?:[a-z][a-z0-9+.-]{0,16}:|&|//)",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    rb"href\s{0,16}=\s{0,16}[\"']\s{0,16}data:image/(?:png|jpe?g|gif|webp)", re.I
)
_ROOT = re.compile(rb"<(?:[\w-]{1,32}:)?svg[\s>]")
_SIZE = re.compile(
    rb"\s(width|height)\s{0,8}=\s{0,8}[\"']\s{0,8}(\d{1,6})(?:\.\d{0,9})?(?:px)?\s?[\"']"
)
_MAX_HITS = 10_000


def walk_svg(gather: Gather) -> None:
    """Gather size, metadata and activity of an SVG."""
    data = gather.data
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # UTF-16: looked at as ASCII, so that nothing hides behind the encoding
        data = data.decode("utf-16", "replace").encode("ascii", "replace")
    what = _activity(data)
    if what:
        gather.trouble("active_content", what)
    root = _ROOT.search(data)
    if root is not None:
        tag = data[root.end() - 1 : data.find(b">", root.end() - 1) + 1][: 1 << 16]
        sizes = dict(_SIZE.findall(tag))
        if b"width" in sizes and b"height" in sizes:
            gather.width, gather.height = int(sizes[b"width"]), int(sizes[b"height"])
    if data is gather.data:
        _metadata(gather, data)
    if not data.rstrip().endswith(b">"):
        gather.trouble("truncated", "the SVG does not end with a tag")


def _activity(data: bytes) -> str:
    for number, hit in enumerate(_ACTIVE.finditer(data)):
        text = hit.group().strip(b" \t\r\n\"'</>=").decode("latin-1")
        if number >= _MAX_HITS:
            return "too many references to tell"
        if text.lower().startswith("href") and _HARMLESS.match(data, hit.start()):
            continue
        return f"{text} at byte {hit.start()}"
    return ""


def _metadata(gather: Gather, data: bytes) -> None:
    start = data.find(b"<metadata")
    end = data.find(b"</metadata>", start)
    if start < 0 or end < 0:
        return
    end += len(b"</metadata>")
    if end - start <= MAX_TEXT:
        gather.slot(SlotKind.OTHER, start, end, key="metadata", mechanism="SVG metadata")
    begin = data.find(b"c2pa:manifest", start, end)
    first = data.find(b">", begin, end) + 1
    last = data.find(b"<", first, end)
    if begin < 0 or first <= 0 or last < 0:
        return
    try:
        store = base64.b64decode(b"".join(gather.take(first, last).split()), validate=True)
    except (binascii.Error, ValueError):
        gather.trouble("malformed", "the credential in the SVG is no base64")
        return
    gather.slot(
        SlotKind.C2PA, first, last, key="c2pa:manifest", mechanism="SVG metadata", payload=store
    )
