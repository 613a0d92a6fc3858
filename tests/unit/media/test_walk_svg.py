"""An SVG counts as active wherever it might act; a still one does not."""

from __future__ import annotations

import base64

import pytest

from assay.core.slots import SlotKind
from assay.media.slots import walk
from tests.support.containers import JUMBF, XMP

STILL = b'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10px">%s</svg>'


def is_active(inner: bytes) -> bool:
    return "active_content" in {t.flag for t in walk(STILL % inner, "image/svg+xml").troubles}


@pytest.mark.parametrize(
    "inner",
    [
        b"<script>x()</script>",
        b"<svg:script/>",
        b'<rect onload="x()"/>',
        b"<rect\nonclick = 'x()'/>",
        b"<foreignObject/>",
        b'<image href="https://example.org/a.png"/>',
        b'<use xlink:href="//example.org/a#b"/>',
        b'<a href="javascript:x()"/>',
        b'<a href="&#106;avascript:x()"/>',
        b'<rect style="fill:url(http://example.org/a)"/>',
        b"<style>@import 'a.css'</style>",
    ],
)
def test_whatever_would_act_or_fetch_is_active(inner: bytes) -> None:
    assert is_active(inner)


@pytest.mark.parametrize(
    "inner",
    [b'<rect width="3"/>', b'<use href="#a"/>', b'<image href="data:image/png;base64,aaaa"/>'],
)
def test_drawings_and_inner_references_are_still(inner: bytes) -> None:
    assert not is_active(inner)


def test_entities_are_active_since_they_can_hide_anything() -> None:
    data = b'<!DOCTYPE svg [<!ENTITY a "b">]>' + STILL % b"&a;"
    assert "active_content" in {t.flag for t in walk(data, "image/svg+xml").troubles}


def test_a_script_in_utf16_is_seen() -> None:
    data = (STILL % b"<script/>").decode().encode("utf-16")
    assert "active_content" in {t.flag for t in walk(data, "image/svg+xml").troubles}


def test_size_metadata_xmp_and_manifest() -> None:
    store = base64.b64encode(JUMBF)
    inner = b"<metadata>" + XMP + b"<c2pa:manifest>" + store + b"</c2pa:manifest></metadata>"
    found = walk(STILL % inner, "image/svg+xml")
    kinds = {s.kind: s.data for s in found.slots}
    assert (found.width, found.height) == (20, 10)
    assert kinds[SlotKind.XMP] == XMP
    assert kinds[SlotKind.C2PA] == JUMBF
