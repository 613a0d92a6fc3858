"""Pictures and attachments of PDFs: as stored, wherever the file hides them, whatever is broken."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zlib
from base64 import a85encode
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

from assay.core.blob import MemoryBlob
from assay.core.errors import Encrypted, LimitReached, Malformed, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.vocab import Allocation, Role
from assay.openers import pdf_file, pdf_filters, pdf_members
from assay.openers.pdf_samples import samples
from assay.openers.pdfs import PdfOpener
from tests.support.containers import picture
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.pdfs import image, packed, pdf, pixels, predicted

ROOT = Path(__file__).resolve().parents[3]
JPEG = picture("JPEG")
JPEG_IMAGE = image(40, 30, "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode")
RNG = np.random.default_rng(5)
W, H = 23, 11


def read(data: bytes, *passwords: bytes) -> Contents:
    return contents(PdfOpener(), data, passwords=passwords)


def drawn(member: Member) -> np.ndarray:
    assert member.rendering is not None
    return pixels(member.rendering().read())


# -- pictures that are files -----------------------------------------------------------------------


def test_a_jpeg_comes_out_byte_for_byte() -> None:
    seen = read(pdf((JPEG_IMAGE, JPEG)))
    assert seen.data == {"object 4 0": JPEG}
    assert seen.members[0].role is Role.MEMBER
    assert seen.troubles == []


def test_a_jpeg_2000_comes_out_byte_for_byte() -> None:
    data = picture("JPEG2000")
    assert read(pdf((image(40, 30, "/Filter /JPXDecode"), data))).data == {"object 4 0": data}


@pytest.mark.parametrize(
    ("outer", "coded"),
    [
        ("/FlateDecode", zlib.compress(JPEG)),
        ("/ASCII85Decode", a85encode(JPEG) + b"~>"),
        ("/ASCIIHexDecode", JPEG.hex().encode() + b">"),
    ],
)
def test_filters_around_a_jpeg_are_taken_off_and_named(outer: str, coded: bytes) -> None:
    seen = read(pdf((image(40, 30, f"/Filter [{outer} /DCTDecode]"), coded)))
    assert seen.data["object 4 0"] == JPEG
    assert outer.removeprefix("/") in seen.members[0].detail


def test_a_bomb_around_a_jpeg_ends_at_the_limit_of_the_engine() -> None:
    coded = zlib.compress(bytes(64 << 20))
    [member] = read(pdf((image(9, 9, "/Filter [/FlateDecode /DCTDecode]"), coded))).members
    assert member.open is not None
    assert member.stored_size == len(coded)
    assert len(member.open().read()) <= 200 * len(coded) + (8 << 20) + 1


@pytest.mark.shared_data
def test_the_real_file_gives_what_poppler_gives(shared_data: Path) -> None:
    name = "adobe-20240110-single_manifest_store.pdf"
    seen = read((shared_data / "provenance" / "files" / "c2pa-org" / name).read_bytes())
    assert [m.name for m in seen.members] == ["object 20 0", "object 21 0", "Acro00000001"]
    assert seen.data["object 20 0"].startswith(b"\xff\xd8\xff")
    assert "page 1" in seen.members[0].detail


# -- samples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("predictor", "bits"),
    [(2, 8), (2, 16), *((predictor, bits) for predictor in (1, 15) for bits in (1, 2, 4, 8, 16))],
)
@pytest.mark.parametrize(("space", "count"), [("/DeviceGray", 1), ("/DeviceRGB", 3)])
@pytest.mark.parametrize("inverted", [False, True])
def test_samples_are_drawn_as_they_are(
    space: str, count: int, bits: int, predictor: int, inverted: bool
) -> None:
    values = RNG.integers(0, 1 << bits, (H, W * count))
    coded = values
    if predictor == 2:
        pixel = values.reshape(H, W, count)
        coded = np.concatenate([pixel[:, :1], np.diff(pixel, axis=1) % (1 << bits)], axis=1)
        coded = coded.reshape(H, -1)
    data = packed(coded, bits)
    if predictor == 15:
        data = predicted(data, len(data) // H, max(1, -(-count * bits // 8)))
    params = f"/Predictor {predictor} /Colors {count} /BitsPerComponent {bits} /Columns {W}"
    decode = f"/Decode [{'1 0 ' * count}]" if inverted else ""
    rest = f"/ColorSpace {space} /BitsPerComponent {bits} /Filter /FlateDecode {decode}"
    seen = read(pdf((image(W, H, f"{rest} /DecodeParms << {params} >>"), zlib.compress(data))))
    shown = drawn(seen.members[0]).reshape(H, W * count).astype(int)
    wanted = values >> 8 if bits == 16 else np.rint(values * 255 / ((1 << bits) - 1)).astype(int)
    assert np.abs(shown - (255 - wanted if inverted else wanted)).max() <= 1
    assert seen.data["object 4 0"] == zlib.compress(data)  # the item is the bytes as stored
    assert seen.members[0].role is Role.STREAM
    assert seen.members[0].media_type == "image/x-pdf-stream"


def test_a_palette_and_a_profile_give_their_colours() -> None:
    values = RNG.integers(0, 16, (H, W))
    colours = RNG.integers(0, 256, (16, 3), dtype=np.uint8)
    space = f"[/Indexed [/ICCBased 5 0 R] 15 <{colours.tobytes().hex()}>]"
    rest = f"/ColorSpace {space} /BitsPerComponent 4"
    seen = read(pdf((image(W, H, rest), packed(values, 4)), ("/N 3", b"a profile")))
    assert (drawn(seen.members[0]) == colours[values]).all()


def test_cmyk_and_inks_are_drawn() -> None:
    row = "/BitsPerComponent 8"
    separation = "[/Separation /Spot /DeviceRGB 9 0 R]"
    seen = read(
        pdf(
            (image(1, 1, f"/ColorSpace /DeviceCMYK {row}"), bytes((0, 255, 255, 0))),
            (image(1, 1, f"/ColorSpace {separation} {row}"), b"\xf0"),
            (image(1, 1, f"/ColorSpace [/Lab << >>] {row}"), bytes((255, 128, 128))),
        )
    )
    assert drawn(seen.members[0]).tolist() == [[[255, 0, 0]]]
    assert drawn(seen.members[1]).tolist() == [[15]]
    assert drawn(seen.members[2]).min() > 245


@pytest.mark.parametrize("compression", ["group4", "group3"])
@pytest.mark.parametrize("black", [False, True])
def test_a_fax_is_drawn(compression: str, black: bool) -> None:
    bits = np.zeros((40, 64), bool)
    bits[10:30, 20:44] = True
    out = io.BytesIO()
    Image.fromarray(bits).save(out, "TIFF", compression=compression)
    with Image.open(io.BytesIO(out.getvalue())) as tiff:
        tags = tiff.tag_v2
        start, size = tags[273][0], tags[279][0]
        k, dark = (-1 if compression == "group4" else 0), bits if tags[262] == 1 else ~bits
    coded = out.getvalue()[start : start + size]
    params = f"/DecodeParms << /K {k} /Columns 64 /BlackIs1 {str(black).lower()} >>"
    seen = read(pdf((image(64, 40, f"/Filter /CCITTFaxDecode {params}"), coded)))
    shown = drawn(seen.members[0]) > 128
    assert (shown == (dark if black else ~dark)).all()


def test_a_fax_that_breaks_off_keeps_the_rows_it_has() -> None:
    noise = Image.fromarray(RNG.integers(0, 2, (80, 64)).astype(bool))
    out = io.BytesIO()
    noise.save(out, "TIFF", compression="group4")
    with Image.open(io.BytesIO(out.getvalue())) as tiff:
        start, size = tiff.tag_v2[273][0], tiff.tag_v2[279][0]
    coded = out.getvalue()[start : start + size // 2]
    params = "/DecodeParms << /K -1 /Columns 64 >>"
    member = read(pdf((image(64, 80, f"/Filter /CCITTFaxDecode {params}"), coded))).members[0]
    assert len(np.unique(drawn(member)[:20])) == 2


@pytest.mark.parametrize("early", [0, 1])
def test_lzw_is_undone(early: int) -> None:
    data = bytes(RNG.integers(0, 4, 60_000, dtype=np.uint8))
    one = pdf_filters.Filter("LZWDecode", {"EarlyChange": early})
    assert pdf_filters.undo(lzw(data, early), [one], len(data)) == data


def test_lzw_is_undone_as_libtiff_wrote_it() -> None:
    noise = Image.fromarray(RNG.integers(0, 9, (90, 700), dtype=np.uint8))
    out = io.BytesIO()
    noise.save(out, "TIFF", compression="tiff_lzw", strip_size=1 << 20)
    with Image.open(io.BytesIO(out.getvalue())) as tiff:
        [start], [size] = tiff.tag_v2[273], tiff.tag_v2[279]
    coded = out.getvalue()[start : start + size]
    assert pdf_filters.undo(coded, [pdf_filters.Filter("LZWDecode")], 1 << 20) == noise.tobytes()


def lzw(data: bytes, early: int) -> bytes:
    """Code by the book (TIFF 6.0 §13), with or without the early change of length."""
    table: dict[bytes, int] = {}
    bits: list[str] = []

    def width() -> int:
        size = len(table) + 257 + early
        return 9 if size < 512 else 10 if size < 1024 else 11 if size < 2048 else 12

    def emit(code: int) -> None:
        bits.append(format(code, f"0{width()}b"))

    emit(256)
    word = b""
    for byte in data:
        longer = word + bytes([byte])
        if len(longer) == 1 or longer in table:
            word = longer
            continue
        emit(word[0] if len(word) == 1 else table[word])
        table[longer] = len(table) + 258
        if len(table) + 258 >= 4093:
            emit(256)
            table.clear()
        word = longer[-1:]
    emit(word[0] if len(word) == 1 else table[word])
    table[b"the decoder is one behind"] = 0
    emit(257)
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def test_the_rows_that_are_there_are_drawn_and_missing_ones_reported() -> None:
    half = zlib.compress(bytes([200]) * (W * 5 + 3))
    rest = "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
    seen_flags = []
    for entry in PdfOpener().open(MemoryBlob(pdf((image(W, H, rest), half))), OpenContext()):
        if isinstance(entry, Member):
            shown = drawn(entry)
            assert shown.shape == (6, W)
            assert (shown[:5] == 200).all()
        else:
            seen_flags.append(entry.flag)
    assert seen_flags == ["truncated"]


def test_what_is_not_drawn_is_named_and_still_an_item() -> None:
    seen = read(pdf((image(9, 9, "/Filter /JBIG2Decode"), b"\0\1\2\3")))
    assert seen.data == {"object 4 0": b"\0\1\2\3"}
    assert seen.members[0].rendering is None
    assert [(t.flag, t.detail) for t in seen.troubles] == [
        ("not_opened", "a JBIG2 picture in object 4 0")
    ]


def test_a_picture_of_2_to_the_31_pixels_a_side_is_not_drawn() -> None:
    huge = image(2**31 - 1, 2**31 - 1, "/ColorSpace /DeviceRGB /BitsPerComponent 8")
    assert read(pdf((huge, b"abc"))).flags == {"pixel_limit"}
    assert read(pdf((image(-5, 0, "/ColorSpace /DeviceRGB"), b"abc"))).flags == {"malformed"}


# -- where pictures hide ---------------------------------------------------------------------------


def test_masks_and_thumbnails_are_pictures_with_a_word_on_what_they_are() -> None:
    mask = image(8, 2, "/ColorSpace /DeviceGray /BitsPerComponent 8")
    stencil = image(8, 2, "/ImageMask true")
    data = pdf(
        (JPEG_IMAGE + " /SMask 5 0 R", JPEG),
        (mask, bytes(16)),
        (stencil, b"\xaa\x55"),
        (mask, bytes(16)),
    ).replace(b"/MediaBox", b"/Thumb 7 0 R /MediaBox")
    seen = read(data)
    assert "mask of another image" in seen.members[1].detail
    assert "stencil mask" in seen.members[2].detail
    assert seen.members[3].role is Role.THUMBNAIL
    assert drawn(seen.members[2]).tolist()[0] == [255, 0] * 4


def test_inline_images_come_with_their_place() -> None:
    samples_ = bytes(range(12))
    palette = b"<000000 ffffff>"
    flate = zlib.compress(bytes([9]) * 16)
    content = (
        b"q 1 0 0 1 0 0 cm BI /W 4 /H 3 /BPC 8 /CS /G ID " + samples_ + b"\nEI Q\n"
        b"BI /W 8 /H 1 /BPC 1 /CS [/Indexed /RGB 1 " + palette + b"] ID \xa5\nEI\n"
        b"BI /W 4 /H 4 /BPC 8 /CS /G /F /Fl ID " + flate + b" EI\n"
        b"BI /W 40 /H 30 /BPC 8 /CS /RGB /F /DCT ID " + JPEG + b"\nEI Q"
    )
    seen = read(pdf(("/Filter /FlateDecode", zlib.compress(content))))
    assert [seen.data[name] for name in seen.names] == [samples_, b"\xa5", flate, JPEG]
    assert seen.names[0] == "object 4 0 inline image 0"
    start, end = map(int, re.findall(r"(\d+)-(\d+)", seen.members[0].locator)[0])
    assert content[start:end] == samples_
    assert (drawn(seen.members[2]) == 9).all()
    assert drawn(seen.members[1]).reshape(-1, 3)[:, 0].tolist() == [255, 0, 255, 0, 0, 255, 0, 255]


def test_letters_of_a_bitmap_font_are_counted_and_pictures_in_it_given() -> None:
    letter = b"9 0 0 0 8 2 d1\nBI /W 8 /H 2 /IM true ID \xaa\x55\nEI"
    large = b"9 0 0 0 8 2 d1\nBI /W 400 /H 2 /IM true ID " + bytes(100) + b"\nEI"
    seen = read(pdf(("", letter), ("", large)))
    assert seen.names == ["object 5 0 inline image 0"]
    assert [t.detail for t in seen.troubles if t.flag == "left_out"] == [
        "1 letters of bitmap fonts"
    ]


def test_attached_files_come_with_their_names() -> None:
    writer = PdfWriter()
    writer.add_blank_page(9, 9)
    writer.add_attachment("caf\u00e9.jpg", JPEG)
    out = io.BytesIO()
    writer.write(out)
    assert read(out.getvalue()).data == {"caf\u00e9.jpg": JPEG}


def test_a_stream_without_a_kind_is_named_by_its_content() -> None:
    seen = read(pdf(("/Filter /FlateDecode", zlib.compress(picture("PNG")))))
    assert seen.data == {"object 4 0": picture("PNG")}


def test_a_picture_that_a_later_revision_replaced_is_still_there() -> None:
    old = pdf((JPEG_IMAGE, JPEG))
    new = picture("JPEG", quality=30)
    start = len(old)
    head = f"4 0 obj\n<< {JPEG_IMAGE} /Length {len(new)} >>\nstream\n".encode()
    update = head + new + b"\nendstream\nendobj\n"
    table = start + len(update)
    before = int(re.findall(rb"startxref\n(\d+)", old)[-1])
    update += b"xref\n4 1\n%010d 00000 n \n" % start
    update += b"trailer\n<< /Size 5 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        before,
        table,
    )
    seen = read(old + update)
    live = seen.member("object 4 0")
    gone = next(m for m in seen.members if m is not live)
    assert (live.state, gone.state) == (Allocation.ALLOCATED, Allocation.CARVED)
    assert seen.data[live.name] == new
    assert seen.data[gone.name] == JPEG
    assert seen.flags == {"carved"}


def test_object_streams_are_read_for_what_images_point_at() -> None:
    inner = b"9 0 [/Indexed /DeviceRGB 1 <ff000000ff00>]"
    data = pdf(
        (image(2, 1, "/ColorSpace 9 0 R /BitsPerComponent 8"), b"\0\1"),
        ("/Type /ObjStm /N 1 /First 4", inner),
    )
    data = data[: data.rindex(b"startxref")] + b"startxref\n0\n%%EOF\n"  # the table is rebuilt
    data = data.replace(b"xref\n0 6", b"xxxx\n0 6")
    assert drawn(read(data).members[0]).tolist() == [[[255, 0, 0], [0, 255, 0]]]


# -- locked ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", ["RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"])
def test_a_locked_file_opens_with_its_password_alone(lock: str) -> None:
    out = io.BytesIO()
    writer = PdfWriter()
    page = writer.add_blank_page(9, 9)
    stream = DecodedStreamObject()
    stream.set_data(JPEG)
    stream[NameObject("/Subtype")] = NameObject("/Image")
    stream[NameObject("/Filter")] = NameObject("/DCTDecode")
    page[NameObject("/Thumb")] = writer._add_object(stream)
    writer.encrypt("pw", "owner", algorithm=lock)
    writer.write(out)
    for password in (b"pw", b"owner"):
        seen = read(out.getvalue(), b"wrong", password)
        assert list(seen.data.values()) == [JPEG]
        assert "decrypted" in seen.members[0].detail
    with pytest.raises(Encrypted, match=lock.split("-", maxsplit=1)[0]):
        read(out.getvalue(), b"wrong")


def test_the_empty_password_opens_what_only_forbids() -> None:
    out = io.BytesIO()
    writer = PdfWriter(clone_from=io.BytesIO(pdf((JPEG_IMAGE, JPEG))))
    page = writer.pages[0]
    stream = DecodedStreamObject()
    stream.set_data(JPEG)
    stream[NameObject("/Filter")] = NameObject("/DCTDecode")
    page[NameObject("/Thumb")] = writer._add_object(stream)
    writer.encrypt("", "owner", algorithm="AES-256")
    writer.write(out)
    assert JPEG in read(out.getvalue()).data.values()


def test_a_lock_of_another_kind_is_locked() -> None:
    trailer = "/Encrypt << /Filter /Adobe.PubSec /V 4 >> /ID [<00><00>]"
    with pytest.raises(Encrypted):
        read(pdf((JPEG_IMAGE, JPEG), trailer=trailer))


# -- hostile ---------------------------------------------------------------------------------------


def test_without_any_table_the_objects_are_found_by_their_headers() -> None:
    data = pdf((JPEG_IMAGE, JPEG))
    seen = read(data[: data.index(b"xref\n0")])
    assert JPEG in seen.data.values()


def test_where_no_object_parses_pictures_are_found_by_structure() -> None:
    seen = read(b"%PDF-1.4\n" + bytes(50) + JPEG + b"\nendstream\n%%EOF")
    assert list(seen.data.values()) == [JPEG]
    assert "malformed" in seen.flags
    assert seen.members[0].state is Allocation.CARVED


def test_a_dictionary_that_does_not_parse_still_gives_its_jpeg() -> None:
    data = pdf((JPEG_IMAGE, JPEG)).replace(b"/Type /XObject /Subtype", b"/Type ((((((( /Subtype")
    assert JPEG in read(data).data.values()


LIARS = [
    b"/Kids [3 0 R] /Count 1000000000",
    b"/Kids [2 0 R 2 0 R 3 0 R] /Count 9",
    b"/Kids 2 0 R /Count -5",
    b"/Kids [99999999 0 R 3 0 R] /Count 1",
]


@pytest.mark.parametrize("kids", LIARS)
def test_page_trees_that_lie_or_loop_hide_no_picture(kids: bytes) -> None:
    data = pdf((JPEG_IMAGE, JPEG)).replace(b"/Kids [3 0 R] /Count 1", kids)
    assert JPEG in read(data).data.values()


@pytest.mark.parametrize(
    "trailer",
    ["/Prev 9", "/Size 999999999999", "/Size -1", "/Root 4 0 R", "/Root 2 0 R /Info 1 0 R"],
)
def test_trailers_that_lie_hide_no_picture(trailer: str) -> None:
    assert JPEG in read(pdf((JPEG_IMAGE, JPEG), trailer=trailer)).data.values()


def test_a_stream_whose_length_is_itself_is_read() -> None:
    data = pdf((JPEG_IMAGE, JPEG)).replace(b"/Length %d" % len(JPEG), b"/Length 4 0 R")
    assert any(JPEG in content for content in read(data).data.values())


@pytest.mark.parametrize("length", [0, 5, 10**9, -1, 2**62])
def test_a_stream_that_lies_about_its_length_is_read_to_its_end(length: int) -> None:
    data = pdf((JPEG_IMAGE, JPEG)).replace(b"/Length %d" % len(JPEG), b"/Length %d" % length)
    assert any(JPEG[:500] in content for content in read(data).data.values())


def test_colour_spaces_in_a_loop_end() -> None:
    rest = "/ColorSpace [/Indexed [/Indexed 5 0 R 1 <00>] 1 <00>] /BitsPerComponent 8"
    inner = ("/N 9 /Alternate [/ICCBased 5 0 R]", b"")
    seen = read(pdf((image(1, 1, rest), b"\0"), inner))
    assert seen.flags == {"not_opened"}


def test_many_objects_in_no_table_are_not_looked_for_one_by_one() -> None:
    wants = b"".join(
        b"%d 0 obj\n<< /Subtype /Image /Length %d 0 R >>\nstream\nendstream\nendobj\n"
        % (n, 10**6 + n)
        for n in range(10, 3000)
    )
    data = pdf((JPEG_IMAGE, JPEG))
    seen = contents(PdfOpener(), data[:9] + wants + bytes(4 << 20) + data[9:])
    assert len(seen.members) > 100  # and it ends: a search for each would read 12 GB


def test_another_kind_is_not_applicable() -> None:
    with pytest.raises(NotApplicable):
        read(JPEG)


def test_object_streams_that_inflate_on_and_on_end_and_hide_no_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pdf_file, "_INNER_ALL", 1 << 20)
    bomb = zlib.compress(b"900 0 " + b" " * (1 << 20) + b"[/Pattern]")
    many = [("/Type /ObjStm /N 1 /First 6 /Filter /FlateDecode", bomb)] * 30
    asked = [
        (image(1, 1, f"/ColorSpace {800 + n} 0 R /BitsPerComponent 8"), b"\0") for n in range(30)
    ]
    table = b"".join(b"%c%c%c" % (2, 4 + n, 0) for n in range(30))
    rows = "/Type /XRef /Index [800 30] /W [1 1 1] /Size 830 /Root 1 0 R"
    data = pdf(*many, *asked, (JPEG_IMAGE, JPEG), (rows, table))
    at = data.index(b"65 0 obj")
    data = data.replace(b"/Root 1 0 R  >>", b"/Root 1 0 R /XRefStm %d >>" % (at - 1))
    seen = read(data)
    assert JPEG in seen.data.values()
    assert any("inflate on and on" in t.detail for t in seen.troubles)


def test_objects_nested_beyond_reason_are_not_parsed_and_hide_nothing() -> None:
    deep = b"9 0 obj\n" + b"<</A" * 5000 + b"\nstream\n" + JPEG + b"\nendstream\nendobj\n"
    inner = zlib.compress(b"900 0 " + b"<</A" * 5000)
    streams = ("/Type /ObjStm /N 1 /First 6 /Filter /FlateDecode", inner)
    asks = (image(1, 1, "/ColorSpace 900 0 R /BitsPerComponent 8"), b"\0")
    data = pdf(streams, asks)
    seen = read(data[:15] + deep + data[15:])
    assert list(seen.data.values()) == [b"\0", JPEG]
    assert "malformed" in seen.flags


def test_page_content_that_inflates_on_and_on_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_members, "_CONTENT_ALL", 1 << 20)
    bomb = zlib.compress(bytes(8 << 20))
    seen = read(pdf(*[("/Filter /FlateDecode", bomb)] * 5, (JPEG_IMAGE, JPEG)))
    assert JPEG in seen.data.values()
    assert [t.flag for t in seen.troubles] == ["decompression_bomb"]


def test_drawing_ends_where_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_members, "_DRAWN_ALL", -(1 << 30))
    rest = "/ColorSpace /DeviceGray /BitsPerComponent 8"
    seen = read(pdf((image(2, 2, rest), b"abcd")))
    assert seen.flags == {"decompression_bomb"}
    assert seen.data == {"object 4 0": b"abcd"}


BASES = [
    *samples(),
    pdf((JPEG_IMAGE + " /SMask 5 0 R", JPEG), (image(8, 2, "/ImageMask true"), b"\xaa\x55")),
    pdf(("", b"BI /W 4 /H 1 /BPC 8 /CS /G ID abcd\nEI")),
]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(BASES),
    st.integers(0, 400),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    changed = damaged(data, cut, flips)
    keeps_the_contract(PdfOpener(), changed, (b"pw",))
    for entry in _tolerant(changed):
        if isinstance(entry, Member) and entry.rendering is not None:
            try:
                entry.rendering().read()
            except (Malformed, LimitReached):
                continue


def _tolerant(data: bytes) -> list[object]:
    try:
        return list(PdfOpener().open(MemoryBlob(data), OpenContext((b"pw",))))
    except (Encrypted, Malformed, NotApplicable, LimitReached):
        return []


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.integers(-5, 2**40), st.integers(-3, 40))
def test_filters_take_any_bytes(data: bytes, columns: int, colours: int) -> None:
    for name in ("FlateDecode", "LZWDecode", "RunLengthDecode", "ASCII85Decode", "ASCIIHexDecode"):
        for predictor in (1, 2, 15):
            params = {"Columns": columns, "Colors": colours, "Predictor": predictor}
            coded = zlib.compress(data) if name == "FlateDecode" else data
            try:
                out = pdf_filters.undo(coded, [pdf_filters.Filter(name, params)], 1000)
            except (Malformed, pdf_filters.Unsupported):
                continue
            assert len(out) <= 1000


SEALED = """
import sys
from assay.core.blob import MemoryBlob
from assay.core.opening import Member, OpenContext
from assay.openers.pdfs import PdfOpener
from assay.openers.pdf_samples import samples
from tests.support.containers import picture
from tests.support.pdfs import image, pdf
data = list(samples())
data.append(pdf((image(40, 30, "/Filter /DCTDecode"), picture("JPEG"))))
data.append(pdf((image(9, 9, "/Filter /JBIG2Decode"), b"abc")))
opener = PdfOpener()
opener.warm()

def sealed(event, arguments):
    if event in ("open", "import", "os.listdir", "os.scandir", "subprocess.Popen"):
        raise RuntimeError(f"{event} {arguments[0]} after the seal")

sys.addaudithook(sealed)
count = 0
for one in data:
    for entry in opener.open(MemoryBlob(one), OpenContext((b"wrong", b"pw"))):
        if isinstance(entry, Member):
            count += 1
            entry.open().read()
            if entry.rendering is not None:
                entry.rendering().read()
print(count)
"""


def test_nothing_is_imported_or_opened_after_the_warm_up() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SEALED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) == 13
