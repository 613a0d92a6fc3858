"""A picture cut in the phone's own gallery is edited, not contradicted; nothing else is excused."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from assay.core.contract import Settings
from assay.core.facts import Observation
from assay.core.vocab import Level
from assay.examiners.camera import CameraExaminer
from tests.support.photos import exif_block, scene
from tests.support.views import make_view

VERSION = "14.4.2"
PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="2024-05-06T07:08:09"'
    ' xmp:CreatorTool="{tool}" {changed}/></rdf:RDF></x:xmpmeta>'
)
CHANGED = 'xmp:ModifyDate="2024-05-06T07:08:09"'


def picture(
    size: tuple[int, int],
    *,
    tool: str = VERSION,
    changed: str = CHANGED,
    make: str = "Apple",
    software: str = VERSION,
    thumbnail: Image.Image | None = None,
) -> bytes:
    """Return a JPEG whose EXIF states 400×300 pixels, with an XMP packet."""
    exif = exif_block(make=make, model="iPhone 11", software=software, thumbnail=thumbnail)
    out = io.BytesIO()
    packet = PACKET.format(tool=tool, changed=changed).encode()
    whole = scene()
    cut = whole.crop((0, 0, *size)) if size < whole.size else whole.resize(size)
    cut.save(out, "JPEG", exif=b"Exif\0\0" + exif, xmp=packet)
    return out.getvalue()


def examine(data: bytes) -> list[Observation]:
    examiner = CameraExaminer()
    examiner.prepare(Settings(evaluation_date="2026-01-01"))
    return list(examiner.examine(make_view(examiner, data, "image/jpeg")))


def outcomes(rows: list[Observation]) -> set[object]:
    return {o.value["outcome"] for o in rows if o.kind == "structure"}


def editors(rows: list[Observation]) -> list[Observation]:
    return [o for o in rows if o.kind == "editor"]


@pytest.mark.parametrize("size", [(300, 300), (120, 280)])
def test_a_picture_cut_in_the_gallery_names_the_gallery(size: tuple[int, int]) -> None:
    rows = examine(picture(size))
    assert outcomes(rows) == {"explained"}
    (editor,) = editors(rows)
    assert (editor.level, editor.value["program"]) == (Level.E, "Apple Photos")
    assert editor.value["tool"] == "iOS 14.4.2"


def test_the_same_packet_in_an_untouched_picture_names_nothing() -> None:
    rows = examine(picture((400, 300)))
    assert (editors(rows), outcomes(rows)) == ([], set())
    assert [o.level for o in rows if o.kind == "camera"] == [Level.C2]


@pytest.mark.parametrize(
    "data",
    [
        picture((300, 300), tool="Some App 3"),
        picture((300, 300), tool="13.1"),
        picture((300, 300), changed=""),
        picture((300, 300), make="Example Corp"),
        picture((300, 300), software="Build A", tool="Build A"),
        picture((900, 500)),
        picture((300, 300), thumbnail=scene("coffee", (160, 120))),
    ],
    ids=["app", "other version", "no change", "other maker", "no version", "larger", "thumbnail"],
)
def test_anything_less_stays_a_contradiction(data: bytes) -> None:
    rows = examine(data)
    assert "contradiction" in outcomes(rows)
    assert editors(rows) == []
