"""Texts of a file that lies beside a picture, read from its bytes alone: no names, no joining.

What tools write there: AUTOMATIC1111 its settings line (.txt), Easy Diffusion one "Name: value" a
line (.txt) or JSON, Draw Things and AI Horde clients JSON, editors XMP (.xmp).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from assay.core.jsonvalue import JsonObject
from assay.examiners.dialects.bounded import json_object
from assay.examiners.dialects.record import Bundle, Text
from assay.examiners.dialects.texts import MAX_COPIES, SIDECAR, XMP, carried
from assay.media.xmp import read_xmp

MAX_BYTES = 1 << 20  # a record and its prompts are some kilobytes; graphs stay below this too
MAX_LINES = 500
_MECHANISM = "text file"
_GRAPHS = ("prompt", "workflow")


def sidecar_bundles(data: bytes) -> tuple[Bundle, ...]:
    """Return the texts that such a file holds, ready for ``readings`` and ``labels``.

    Any bytes will do; what is no text gives nothing. Longer files are read to MAX_BYTES.
    """
    data = data[:MAX_BYTES]
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"<?xpacket", b"<x:xmpmeta", b"<?xml", b"<rdf:RDF")):
        return _xmp(data)
    text = _decoded(data)
    if "\0" in text:
        return ()
    return _object(text) if json_object(text) is not None else _lines(text)


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")


def _locator(data_length: int) -> str:
    return f"bytes 0-{data_length}"


def _xmp(data: bytes) -> tuple[Bundle, ...]:
    copies: dict[int, list[Text]] = {}  # as in ``texts.bundles``: a second value is a second copy
    for name, values in read_xmp(data).properties.items():
        for copy, value in enumerate(values):
            text = Text(name.lower(), value, name, "XMP file", _locator(len(data)))
            copies.setdefault(min(copy, MAX_COPIES - 1), []).append(text)
    return tuple(Bundle(XMP, tuple(texts)) for texts in copies.values())


def _object(text: str) -> tuple[Bundle, ...]:
    where = _locator(len(text.encode("utf-8", "replace")))
    graphs = _graphs(json_object(text) or {}, text)
    found = carried(text, locator=where, mechanism=_MECHANISM, family=SIDECAR)
    if not graphs or not found:
        return found
    # What a picture would carry under these names; the whole object would tell it a second time.
    named = [t for t in found[0].texts if t.key not in ("parameters", *graphs)]
    named += [Text(name, value, name, _MECHANISM, where) for name, value in graphs.items()]
    return (Bundle(SIDECAR, tuple(named)),)


def _graphs(whole: JsonObject, text: str) -> dict[str, str]:
    """Return the graphs of ComfyUI in an object: under their names, or as the object itself."""
    if whole and all(isinstance(v, Mapping) and "class_type" in v for v in whole.values()):
        return {"prompt": text}
    if isinstance(whole.get("nodes"), list) and isinstance(whole.get("links"), list):
        return {"workflow": text}
    return {k: json.dumps(v) for k in _GRAPHS if isinstance(v := whole.get(k), Mapping)}


def _lines(text: str) -> tuple[Bundle, ...]:
    """Return the whole text, and each "Name: value" line under its name."""
    where = _locator(len(text.encode("utf-8", "replace")))
    named = {"parameters": text}
    for line in text.splitlines()[:MAX_LINES]:
        name, colon, value = line.partition(": ")
        if colon and 0 < len(name) <= 60:
            named.setdefault(name.strip(), value.strip())
    texts = tuple(
        Text(name.lower(), value, name, _MECHANISM, where) for name, value in named.items()
    )
    return (Bundle(SIDECAR, texts),) if text.strip() else ()
