"""PDF: Info dictionaries, XMP and C2PA stores, plain and packed, in every revision; damage."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from assay.core.slots import SlotKind, Walk
from assay.media.gather import MAX_INFLATED, MAX_STEPS, MAX_TROUBLES
from assay.media.pdf_syntax import MAX_STRING, Ref, String, Value, read_dictionary
from assay.media.slots import walk
from tests.support.containers import JUMBF, XMP
from tests.support.pdfs import pdf

INFO = "/Producer (Example 1.0) /Creator <4578616d706c65> /Title (\\376\\377\\000G\\000\\351)"
SAID = {"Producer": b"Example 1.0", "Creator": b"Example", "Title": "Gé".encode()}
XMP_STREAM = "/Type /Metadata /Subtype /XML"
FLATE = "/Filter /FlateDecode"


def texts(found: Walk) -> dict[str, bytes]:
    return {s.key: s.data for s in found.slots if s.kind is SlotKind.TEXT}


def of_kind(data: bytes, kind: SlotKind) -> list[bytes]:
    return [s.data for s in walk(data, "application/pdf").slots if s.kind is kind]


def with_info(info: str, *streams: tuple[str, bytes]) -> bytes:
    """Return a PDF whose trailer names object 90 as Info; it stands in no table."""
    return b"%%PDF-1.7\n90 0 obj\n<< %b >>\nendobj\n" % info.encode("latin-1") + pdf(
        *streams, trailer="/Info 90 0 R"
    )


def in_object_stream(info: str) -> bytes:
    inner = b"<< /Pages 2 0 R >>"
    index = b"80 0 90 %d " % len(inner)
    packed = zlib.compress(index + inner + f"<< {info} >>".encode("latin-1"))
    return pdf(
        (f"/Type /ObjStm /N 2 /First {len(index)} {FLATE}", packed),
        ("/Type /XRef /Size 91 /Info 90 0 R /Root 1 0 R", b"0"),
    )


def test_the_info_dictionary_is_read_with_the_ranges_of_its_strings() -> None:
    data = with_info(INFO)
    found = walk(data, "application/pdf")
    assert texts(found) == SAID
    assert found.troubles == ()
    (producer,) = [s for s in found.slots if s.key == "Producer"]
    assert data[producer.offset : producer.offset + producer.length] == b"(Example 1.0)"


def test_an_info_dictionary_in_an_object_stream_is_read() -> None:
    data = in_object_stream(INFO)
    found = walk(data, "application/pdf")
    assert texts(found) == SAID
    assert {s.offset for s in found.slots} == {data.index(b"stream\n") + 7}


def test_every_revision_speaks() -> None:
    first = with_info("/Producer (First Generator)")
    data = first + b"90 0 obj\n<< /Producer (Second) >>\nendobj\ntrailer\n<< /Info 90 0 R >>\n"
    found = walk(data, "application/pdf")
    assert [s.data for s in found.slots] == [b"First Generator", b"Second"]


def test_what_pypdf_writes_is_read() -> None:
    writer, out = PdfWriter(), BytesIO()
    writer.add_blank_page(9, 9)
    writer.add_metadata({"/Title": "Größe (a\\b)", "/Creator": "日本"})
    writer.write(out)
    found = texts(walk(out.getvalue(), "application/pdf"))
    assert found["Title"].decode() == "Größe (a\\b)"
    assert found["Creator"].decode() == "日本"
    read = PdfReader(BytesIO(out.getvalue())).metadata
    assert read is not None
    assert {key.removeprefix("/"): str(value) for key, value in read.items()} == {
        key: value.decode() for key, value in found.items()
    }


@pytest.mark.parametrize(
    ("entries", "stored"),
    [
        (XMP_STREAM, XMP),
        (f"{XMP_STREAM} {FLATE}", zlib.compress(XMP)),
        (f"{XMP_STREAM} /Filter [/Fl]", zlib.compress(XMP)),
    ],
)
def test_xmp_is_read_plain_and_packed(entries: str, stored: bytes) -> None:
    data = pdf((entries, stored))
    (slot,) = walk(data, "application/pdf").slots
    assert (slot.kind, slot.data, slot.mechanism) == (SlotKind.XMP, XMP, "PDF stream")
    assert data[slot.offset : slot.offset + slot.length] == stored


def test_a_length_that_lies_changes_nothing() -> None:
    data = pdf((XMP_STREAM, XMP)).replace(b"/Length %d" % len(XMP), b"/Length 2")
    assert of_kind(data, SlotKind.XMP) == [XMP]


def test_xmp_in_a_coding_that_is_not_undone_is_kept_as_incomplete() -> None:
    (slot,) = walk(pdf((f"{XMP_STREAM} /Filter /LZWDecode", b"abc")), "application/pdf").slots
    assert (slot.kind, slot.complete) == (SlotKind.OTHER, False)


@pytest.mark.parametrize(
    ("entries", "stored"),
    [
        ("/Type /EmbeddedFile", JUMBF),
        ("", JUMBF),
        (f"/Type /EmbeddedFile {FLATE}", zlib.compress(JUMBF)),
        (FLATE, zlib.compress(JUMBF)),
    ],
)
def test_a_manifest_store_is_found_by_its_bytes_or_by_who_names_it(
    entries: str, stored: bytes
) -> None:
    named = ("/AFRelationship /C2PA_Manifest /EF << /F 4 0 R >>", b"")
    assert of_kind(pdf((entries, stored), named), SlotKind.C2PA) == [JUMBF]


def test_another_attachment_and_a_store_inside_a_picture_are_not_the_documents_own() -> None:
    picture = b"\xff\xd8\xff\xeb\0\x2eJP\0\1\0\0\0\1" + JUMBF + b"\xff\xd9"
    data = pdf(("/Type /EmbeddedFile", b"plain"), ("/Subtype /Image", picture))
    assert of_kind(data, SlotKind.C2PA) == []


def test_texts_of_an_encrypted_file_are_marked_and_locked_xmp_is_not_inflated() -> None:
    locked = (f"{XMP_STREAM} {FLATE}", b"\x13\x37 not zlib")
    data = with_info(INFO, locked, (XMP_STREAM, XMP)) + b"trailer << /Encrypt 9 0 R >>"
    found = walk(data, "application/pdf")
    assert found.facts == {"encrypted": "yes"}
    assert {s.complete for s in found.slots if s.mechanism == "PDF Info"} == {False}
    assert [s.data for s in found.slots if s.kind is SlotKind.XMP] == [XMP]
    assert found.troubles == ()


@pytest.mark.parametrize(
    ("data", "flag"),
    [
        (with_info("/Title (never closed"), "malformed"),
        (pdf((f"{XMP_STREAM} {FLATE}", b"no zlib")), "malformed"),
        (pdf((f"{XMP_STREAM} {FLATE}", zlib.compress(XMP * 9)[:-9])), "truncated"),
        (pdf((f"{XMP_STREAM} {FLATE}", zlib.compress(bytes(MAX_INFLATED)))), "metadata_bomb"),
        (pdf((XMP_STREAM, XMP)).replace(b"endstream", b""), "truncated"),
        (with_info("/A [" + "1 " * (MAX_STEPS + 9) + "]"), "malformed"),
        (with_info("/A (" + "\\(" * (MAX_STEPS + 9) + ")"), "malformed"),
        (b"%PDF-1.7\n" + b"<< /Type /Metadata >>" * 5000, "count_limit"),
        (pdf(*[(XMP_STREAM, XMP)] * 1030), "count_limit"),
        (b"%PDF-1.7\n" + b"".join(b"/Info %d 0 R " % n for n in range(70)), "count_limit"),
    ],
)
def test_damage_is_told(data: bytes, flag: str) -> None:
    assert flag in {t.flag for t in walk(data, "application/pdf").troubles}


def test_streams_without_an_end_are_told_a_few_times() -> None:
    data = b"%PDF-1.7\n" + b"4 0 obj<</Type /Metadata>>stream\n" * 200
    found = walk(data, "application/pdf")
    assert [t.flag for t in found.troubles] == ["truncated"] * MAX_TROUBLES


def counted(data: bytes) -> tuple[dict[str, Value], bool]:
    found, _, whole = read_dictionary(data, 0, lambda: None)
    return found, whole


def test_syntax_of_dictionaries() -> None:
    found, whole = counted(
        b"<< /A#42 1 0 R % a comment >>\n /B [1 0 R (x(y)z\\)) <41 4>] /C << /D /E >> /F true "
        b"/G (a\\\nb\\101\\n) /H/I /J null >>"
    )
    assert whole
    assert found["/AB"] == Ref(1)
    inner = found["/B"]
    assert isinstance(inner, list)
    assert inner[0] == Ref(1)
    assert [s.value for s in inner if isinstance(s, String)] == [b"x(y)z)", b"A@"]
    assert found["/C"] == {"/D": "/E"}
    assert (found["/F"], found["/H"], found["/J"]) == (b"true", "/I", b"null")
    text = found["/G"]
    assert isinstance(text, String)
    assert text.text == "abA\n"


def test_a_long_comment_and_a_long_string_end_a_dictionary() -> None:
    assert counted(b"<< /A % " + b"x" * 4000 + b"\n 1 >>") == ({"/A": b"1"}, True)
    assert not counted(b"<< /A % " + b"x" * 5000 + b"\n 1 >>")[1]
    assert counted(b"<< /A (" + b"x" * 5000 + b") >>")[1]
    assert not counted(b"<< /A (" + b"x" * MAX_STRING + b") >>")[1]


def test_objects_inside_one_comment_cost_no_square_of_time() -> None:
    data = b"%PDF-1.7\ntrailer<</Info 1 0 R>>\n" + b"1 0 obj%" * 90_000  # was minutes
    assert texts(walk(data, "application/pdf")) == {}


def test_lying_indexes_that_use_up_what_may_be_inflated_are_told() -> None:
    lies = (f"/Type /ObjStm /N 1 /First {1 << 20} {FLATE}", zlib.compress(b" " * (1 << 20)))
    data = in_object_stream(INFO)
    flood = data.replace(b"%PDF-1.7\n", b"", 1)
    found = walk(pdf(*[lies] * 17) + flood, "application/pdf")
    assert texts(found) == SAID or "metadata_bomb" in {t.flag for t in found.troubles}


@pytest.mark.parametrize(
    "data", [b"", b"<<", b"<< /A (", b"<< /A [ >>", b"<< /A <zz> >>", b"<<" * 99, b"<< /A ]"]
)
def test_broken_dictionaries_end_early(data: bytes) -> None:
    assert not counted(data)[1]


SAMPLES = (
    with_info(INFO, (f"{XMP_STREAM} {FLATE}", zlib.compress(XMP)), ("/Type /EmbeddedFile", JUMBF)),
    in_object_stream(INFO),
)


@settings(max_examples=200, deadline=None)
@given(sample=st.sampled_from(SAMPLES), data=st.data())
def test_no_damage_raises_or_points_outside(sample: bytes, data: st.DataObject) -> None:
    damaged = bytearray(sample)
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    for slot in walk(cut, "application/pdf").slots:
        assert 0 <= slot.offset <= slot.offset + slot.length <= len(cut)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"<<", b">>", b"[", b"]", b"(", b")", b"/A", b"1", b"R", b"<41>", b"\\",
                         b"%", b"\n", b"<", b"stream", b"obj"])
    ).map(b" ".join)
)  # fmt: skip
def test_no_run_of_tokens_raises(data: bytes) -> None:
    counted(b"<< " + data)


@pytest.mark.shared_data
def test_the_shared_document_gives_producer_xmp_and_store(shared_data: Path) -> None:
    path = shared_data / "provenance/files/c2pa-org/adobe-20240110-single_manifest_store.pdf"
    found = walk(path.read_bytes(), "application/pdf")
    assert texts(found)["Producer"] == b"Adobe Express"
    assert [s.kind for s in found.slots if s.kind is not SlotKind.TEXT] == [
        SlotKind.XMP, SlotKind.C2PA
    ]  # fmt: skip
    assert found.troubles == ()
