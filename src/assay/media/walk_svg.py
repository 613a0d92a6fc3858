"""Looks at an SVG without an XML parser: its size, its metadata, and whatever would act.

It renders nothing and expands no entity. Wherever it cannot be sure that a document is still,
it calls it active. Sources: SVG 2 (script, foreignObject, event attributes); C2PA 2.x A.3.6.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from itertools import islice

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
# What programs write of themselves and of the drawing: on the root, as elements, as comments
_SIGNED = re.compile(
    rb"\s(inkscape:version|sodipodi:docname|inkscape:export-filename|data-generator|generator)"
    rb"\s{0,8}=\s{0,8}(?:\"([^\"<]{0,4096})\"|'([^'<]{0,4096})')"
)
_WORDS = re.compile(rb"<(?:svg:)?(title|desc)(?:\s[^<>]{0,1024})?>")
_MAX_WORDS = 64  # titles, descriptions and comments each
_MAX_COMMENT = 1 << 16  # bytes
_XMP_END = b"</x:xmpmeta>"


def walk_svg(gather: Gather) -> None:
    """Gather size, metadata and activity of an SVG."""
    data = gather.data
    text = _Text(gather, data, stored=True)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # UTF-16: looked at as ASCII, so that nothing hides behind the encoding
        wide = data.decode("utf-16", "replace")
        text = _Text(gather, wide.encode("utf-8", "replace"), stored=False)
        data = wide.encode("ascii", "replace")
    what = _activity(data)
    if what:
        gather.trouble("active_content", what)
    root = _ROOT.search(data)
    if root is not None:
        tag = data[root.end() - 1 : data.find(b">", root.end() - 1) + 1][: 1 << 16]
        sizes = dict(_SIZE.findall(tag))
        if b"width" in sizes and b"height" in sizes:
            gather.width, gather.height = int(sizes[b"width"]), int(sizes[b"height"])
    _metadata(text)
    _words(text)
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


@dataclass(frozen=True, slots=True)
class _Text:
    """The document as UTF-8; ``stored`` says that it lies in the file byte for byte."""

    gather: Gather
    data: bytes
    stored: bool

    def keep(
        self, kind: SlotKind, start: int, end: int, key: str, mechanism: str,
        payload: bytes | None = None,
    ) -> None:  # fmt: skip
        if not self.stored:  # of a document in UTF-16 the whole is pointed at
            payload = self.data[start:end] if payload is None else payload
            start, end = 0, len(self.gather.data)
        self.gather.slot(kind, start, end, key=key, mechanism=mechanism, payload=payload)


def _words(text: _Text) -> None:
    """Keep titles, descriptions, comments, and what a program writes on the root."""
    data = text.data
    root = _ROOT.search(data)
    if root is not None:
        end = data.find(b">", root.end() - 1, root.end() + (1 << 16))
        for hit in _SIGNED.finditer(data, root.end() - 1, max(end, root.end() - 1)):
            which = 2 if hit[2] is not None else 3
            key = hit[1].decode("ascii")
            text.keep(SlotKind.TEXT, hit.start(which), hit.end(which), key, "SVG attribute")
    for hit in islice(_WORDS.finditer(data), _MAX_WORDS):
        text.gather.step()
        end = data.find(b"</", hit.end(), hit.end() + MAX_TEXT)
        if end > hit.end():
            text.keep(SlotKind.TEXT, hit.end(), end, hit[1].decode("ascii"), "SVG element")
    pos = 0
    for _ in range(_MAX_WORDS):
        start = data.find(b"<!--", pos)
        end = data.find(b"-->", start + 4) if start >= 0 else -1
        if end < 0:
            return
        text.gather.step()
        if data[start + 4 : end].strip():
            stop = min(end, start + 4 + _MAX_COMMENT)
            text.keep(SlotKind.COMMENT, start + 4, stop, "", "SVG comment")
        pos = end + 3


def _metadata(text: _Text) -> None:
    gather, data = text.gather, text.data
    start = data.find(b"<metadata")
    end = data.find(b"</metadata>", start)
    if start < 0 or end < 0:
        return
    end += len(b"</metadata>")
    if end - start <= MAX_TEXT:
        text.keep(SlotKind.OTHER, start, end, "metadata", "SVG metadata")
    if not text.stored:  # the search for an open packet sees UTF-8 only
        first = data.find(b"<x:xmpmeta", start, end)
        last = data.find(_XMP_END, max(first, 0), end)
        if first >= 0 and last >= 0:
            text.keep(SlotKind.XMP, first, last + len(_XMP_END), "", "SVG metadata")
    begin = data.find(b"c2pa:manifest", start, end)
    first = data.find(b">", begin, end) + 1
    last = data.find(b"<", first, end)
    if begin < 0 or first <= 0 or last < 0:
        return
    packed = data[first:last]
    try:
        store = base64.b64decode(b"".join(packed.split()), validate=True)
    except (binascii.Error, ValueError):
        gather.trouble("malformed", "the credential in the SVG is no base64")
        return
    text.keep(SlotKind.C2PA, first, last, "c2pa:manifest", "SVG metadata", store)
