"""The prefilter may skip coded pixels, and must never keep a credential from the reader."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import c2pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import Malformed, NotApplicable
from assay.examiners._c2pa_manifest import read
from assay.examiners._c2pa_prefilter import ask_reader, reader_type
from assay.examiners._c2pa_sample import signed_sample
from assay.media.slots import walk
from assay.media.sniff import sniff
from tests.support.containers import chunk, picture, segment

PROGRESSIVE = picture("JPEG", size=(160, 120), progressive=True, quality=95)
PNG = picture("PNG", size=(240, 180), compress_level=0)  # more than one IDAT
REMOTE = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="https://example.org/a.c2pa"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
XMP_SEGMENT = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + REMOTE)
XMP_CHUNK = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + REMOTE)
CONTEXT = c2pa.Context.from_dict({"verify": {"remote_manifest_fetch": False}})


def segments(marker: int) -> bytes:
    """Return the signed sample's segments of one kind, as they stand."""
    found = b""
    data, pos = signed_sample(), 2
    while data[pos + 1] != 0xDA:
        end = pos + 2 + struct.unpack_from(">H", data, pos + 2)[0]
        found += data[pos:end] if data[pos + 1] == marker else b""
        pos = end
    return found


STORE = segments(0xEB)
BOX = STORE[12:]  # of the one segment: without marker, length, "JP", instance and sequence


def asked(data: bytes) -> bool:
    media_type = sniff(data[: 1 << 16], len(data))
    return ask_reader(data, reader_type(media_type), walk(data, media_type))


def reader_sees(data: bytes, media_type: str) -> bool:
    try:
        return read(data, media_type, CONTEXT) is not None
    except Malformed:
        return True
    except NotApplicable:
        return False


def places_in_jpeg() -> dict[str, int]:
    scans = [found.start() for found in re.finditer(rb"\xff\xda", PROGRESSIVE)]
    return {
        "before the first scan": scans[0],
        "between two scans": scans[1],
        "before the last scan": scans[-1],
        "inside a scan": scans[-1] + 20,
        "before the end": len(PROGRESSIVE) - 2,
        "after the end": len(PROGRESSIVE),
    }


def places_in_png() -> dict[str, int]:
    data = [found.start() - 4 for found in re.finditer(rb"IDAT", PNG)]
    end = PNG.index(b"IEND") - 4
    return {
        "before the data": data[0],
        "within the data": data[1],
        "after the data": end,
        "after the end": len(PNG),
    }


@pytest.mark.parametrize("what", [STORE, XMP_SEGMENT], ids=["store", "address"])
@pytest.mark.parametrize("place", places_in_jpeg())
def test_a_credential_is_found_wherever_it_hides_in_a_jpeg(place: str, what: bytes) -> None:
    at = places_in_jpeg()[place]
    assert asked(PROGRESSIVE[:at] + what + PROGRESSIVE[at:])


@pytest.mark.parametrize("what", [chunk(b"caBX", BOX), XMP_CHUNK], ids=["store", "address"])
@pytest.mark.parametrize("place", places_in_png())
def test_a_credential_is_found_wherever_it_hides_in_a_png(place: str, what: bytes) -> None:
    at = places_in_png()[place]
    assert asked(PNG[:at] + what + PNG[at:])


def test_a_credential_far_behind_the_picture_is_found() -> None:
    assert asked(PROGRESSIVE + bytes(1 << 20) + STORE)
    assert asked(PNG + bytes(1 << 20) + BOX)


def test_a_picture_without_a_credential_is_not_given_to_the_reader() -> None:
    assert not asked(PROGRESSIVE)
    assert not asked(PNG)


def test_the_words_among_coded_pixels_are_no_trace() -> None:
    start, end = walk(PROGRESSIVE, "image/jpeg").coded[-1]
    middle = (start + end) // 2
    assert not asked(PROGRESSIVE[:middle] + b"jumb provenance" + PROGRESSIVE[middle:])


def test_coded_ranges_hold_no_segment_and_no_chunk_but_data() -> None:
    scans = walk(PROGRESSIVE, "image/jpeg").coded
    assert len(scans) == len(re.findall(rb"\xff\xda", PROGRESSIVE)) > 1
    for start, end in scans:
        assert re.search(rb"\xff[^\x00\xff\xd0-\xd7]", PROGRESSIVE[start:end]) is None
    ((start, end),) = walk(PNG, "image/png").coded
    assert (PNG[start + 4 : start + 8], PNG[end + 4 : end + 8]) == (b"IDAT", b"IEND")


@settings(max_examples=100, deadline=None)
@given(at=st.integers(2, len(PROGRESSIVE)), what=st.sampled_from([STORE, XMP_SEGMENT]))
def test_whatever_the_reader_finds_in_a_jpeg_it_was_asked_for(at: int, what: bytes) -> None:
    data = PROGRESSIVE[:at] + what + PROGRESSIVE[at:]
    assert asked(data) or not reader_sees(data, "image/jpeg")


@settings(max_examples=100, deadline=None)
@given(at=st.integers(8, len(PNG)), store=st.booleans())
def test_whatever_the_reader_finds_in_a_png_it_was_asked_for(at: int, store: bool) -> None:
    what = chunk(b"caBX", BOX) if store else XMP_CHUNK
    data = PNG[:at] + what + PNG[at:]
    assert asked(data) or not reader_sees(data, "image/png")


@pytest.mark.shared_data
def test_skipping_coded_pixels_changes_no_answer_on_real_files(shared_data: Path) -> None:
    """A search of every byte, as the slow way would do it, gives the same answer."""
    judged = 0
    for path in sorted((shared_data / "provenance" / "files").rglob("*.*")):
        data = path.read_bytes()
        media_type = sniff(data[: 1 << 16], len(data))
        try:
            reader_type(media_type)
        except NotApplicable:
            continue
        judged += 1
        assert asked(data) or not (b"jumb" in data or b"provenance" in data), path.name
    assert judged > 100
