"""The examiner ``exif``: fields are shown as they stand, bounded and typed."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from assay.core.facts import Observation
from assay.core.jsonvalue import canonical
from assay.core.vocab import Level
from assay.examiners.exif import MAX_TEXT, ExifExaminer
from tests.support.pdfs import flate, pdf
from tests.support.photos import exif_block, photo, scene
from tests.support.tiffs import ASCII, UNDEFINED, block
from tests.support.views import make_view


def examine(data: bytes, media_type: str = "image/jpeg") -> list[Observation]:
    examiner = ExifExaminer()
    return list(examiner.examine(make_view(examiner, data, media_type)))


def tags(data: bytes, media_type: str = "image/jpeg") -> dict[str, object]:
    (exif,) = [o for o in examine(data, media_type) if o.kind == "exif"]
    shown = exif.value["tags"]
    assert isinstance(shown, dict)
    return shown


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")],
)
def test_fields_are_shown_whatever_the_container(kind: str, media_type: str) -> None:
    shown = tags(photo(scene(), exif_block(), kind), media_type)
    assert shown["IFD0:Make"] == "Example Corp"
    assert shown["Exif:ExposureTime"] == 1 / 125
    assert shown["Exif:PixelXDimension"] == 400


def test_an_observation_points_to_its_bytes() -> None:
    data = photo(scene(), exif_block())
    (exif,) = examine(data)
    start, end = (int(part) for part in exif.locator.removeprefix("bytes ").split("-"))
    assert b"Example Corp" in data[start:end]
    assert exif.level is Level.N


def test_long_texts_are_shortened_and_long_bytes_are_digests() -> None:
    graph = "prompt:" + "x" * 5000
    data = photo(scene(), block([(0x0110, ASCII, graph)], exif=[(0x927C, UNDEFINED, b"\1" * 90)]))
    shown = tags(data)
    assert len(str(shown["IFD0:Model"])) == MAX_TEXT
    note = shown["Exif:MakerNote"]
    assert note == {"bytes": 90, "sha256": hashlib.sha256(b"\1" * 90).hexdigest()}


def test_a_value_without_a_number_is_null_and_the_rest_is_typed_json() -> None:
    data = photo(scene(), block([], exif=[(0x829D, 5, (0, 0)), (0x9000, UNDEFINED, b"0232")]))
    (exif,) = examine(data)
    assert b'"Exif:FNumber":null' in canonical(exif.value)
    assert b'"Exif:ExifVersion":"0232"' in canonical(exif.value)


def test_packed_xmp_of_a_document_is_shown() -> None:
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Example 1"/>'
    data = pdf(("/Type /Metadata /Filter /FlateDecode", flate(packet)))
    (xmp,) = examine(data, "application/pdf")
    assert (xmp.kind, xmp.value["properties"]) == ("xmp", {"x:xmptk": ["Example 1"]})


def test_a_cut_block_is_a_finding() -> None:
    whole = exif_block(thumbnail=scene())
    data = photo(scene(), whole[: len(exif_block()) - 20])
    assert "malformed" in {o.value.get("flag") for o in examine(data) if o.kind == "finding"}


def test_xmp_is_shown_by_well_known_prefixes() -> None:
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:q="http://ns.adobe.com/xap/1.0/" q:CreatorTool="Tool 1"/>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    out = io.BytesIO()
    scene().save(out, "JPEG", xmp=packet)
    (xmp,) = examine(out.getvalue())
    assert xmp.kind == "xmp"
    assert xmp.value["properties"] == {"xmp:CreatorTool": ["Tool 1"]}


@pytest.mark.shared_data
def test_a_block_that_loops_is_read_without_a_finding(shared_data: Path) -> None:
    data = (shared_data / "evidence/hostile/exif_loop.jpg").read_bytes()
    assert {o.kind for o in examine(data)} == {"exif"}


@pytest.mark.shared_data
def test_every_provenance_file_is_read(shared_data: Path) -> None:
    from assay.media.sniff import sniff

    for path in sorted((shared_data / "provenance/files").rglob("*.*")):
        data = path.read_bytes()
        for observation in examine(data, sniff(data[: 1 << 16], len(data))):
            canonical(observation.value)
