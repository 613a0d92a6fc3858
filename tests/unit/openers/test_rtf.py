"""RTF: pictures and objects come out with their bytes; the text is left."""

from __future__ import annotations

import io
import struct
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from assay.core.vocab import Reach, Role
from assay.openers.rtf import RtfOpener
from tests.support.containers import picture, zip_of
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.pictures import jpeg

PICTURE = jpeg(6)
PNG = picture("PNG")


def read(data: bytes) -> Contents:
    return contents(RtfOpener(), data)


def lines(data: bytes, width: int = 128) -> bytes:
    return "\n".join(textwrap.wrap(data.hex(), width)).encode()


def document(*groups: bytes) -> bytes:
    return b"{\\rtf1\\ansi some words\\par " + b" more ".join(groups) + b"\\par the end}"


def pict(data: bytes, kind: bytes = b"\\jpegblip") -> bytes:
    head = b"{\\*\\shppict{\\pict{\\*\\picprop\\shplid1025{\\sp{\\sn a}{\\sv b}}}"
    tail = b"\\picw100\\pich90" + kind + b"\\bliptag-12{\\*\\blipuid 0123456789abcdef}"
    return head + tail + b"\n" + lines(data) + b"}}"


def ole(kind: bytes, native: bytes, rest: bytes = b"") -> bytes:
    def counted(text: bytes) -> bytes:
        return struct.pack("<I", len(text) + 1) + text + b"\0" if text else bytes(4)

    head = struct.pack("<II", 0x501, 2) + counted(kind) + counted(b"") + counted(b"")
    return head + struct.pack("<I", len(native)) + native + rest


def package(name: bytes, data: bytes) -> bytes:
    path = b"C:\\" + name + b"\0"
    names = b"\2\0" + name + b"\0" + path + b"\0\0\3\0" + struct.pack("<I", len(path)) + path
    return names + struct.pack("<I", len(data)) + data


def bitmap() -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(PNG)).save(out, "BMP")
    return out.getvalue()[14:]


def test_it_says_nothing_about_the_text() -> None:
    assert RtfOpener.reach is Reach.PART
    assert read(document()).members == []


@pytest.mark.parametrize(
    ("data", "kind", "ending"),
    [
        (PICTURE, b"\\jpegblip", "jpg"),
        (PNG, b"\\pngblip", "png"),
        (b"\1\0\x09\0\0\3" + bytes(300), b"\\wmetafile8", "wmf"),
        (b"\1\0\0\0" + bytes(300), b"\\emfblip", "emf"),
        (jpeg(7, (8, 6)), b"\\jpegblip", "jpg"),
    ],
)
def test_pictures_of_every_kind(data: bytes, kind: bytes, ending: str) -> None:
    seen = read(document(pict(data, kind)))
    assert list(seen.data.values()) == [data]
    assert seen.names[0].endswith("." + ending)
    assert seen.troubles == []


def test_raw_bytes_behind_bin() -> None:
    group = b"{\\pict\\jpegblip\\bin%d " % len(PICTURE) + PICTURE + b"}"
    seen = read(document(group, pict(PNG)))
    assert list(seen.data.values()) == [PICTURE, PNG]


def test_a_bitmap_without_its_header_is_shown_by_a_rendering() -> None:
    seen = read(document(pict(bitmap(), b"\\dibitmap0")))
    (member,) = seen.members
    assert (member.role, member.media_type) == (Role.STREAM, "image/x-dib")
    assert list(seen.data.values()) == [bitmap()]
    assert member.rendering is not None
    shown = Image.open(member.rendering())
    assert shown.tobytes() == Image.open(io.BytesIO(PNG)).tobytes()


def test_a_bitmap_of_a_device_is_named_as_not_opened() -> None:
    assert read(document(pict(bytes(100), b"\\wbitmap0"))).flags == {"not_opened"}


def test_packaged_files_and_the_picture_of_an_object() -> None:
    metafile = b"\1\0\x09\0\0\3" + bytes(60)
    shown = struct.pack("<III", 0x501, 5, 13) + b"METAFILEPICT\0" + struct.pack("<iiI", 1, 1, 68)
    data = ole(b"Package", package(b"a.jpg", PICTURE), shown + bytes(8) + metafile)
    seen = read(document(b"{\\object\\objemb{\\*\\objdata " + lines(data) + b"}{\\result x}}"))
    first, second = seen.data.items()
    assert (first[0].endswith("(Package)/a.jpg"), first[1]) == (True, PICTURE)
    assert (second[0].endswith("picture.wmf"), second[1]) == (True, metafile)


def test_an_object_of_a_program_and_one_of_no_known_layout() -> None:
    native = b"\xd0\xcf\x11\xe0" + bytes(600)
    seen = read(document(b"{\\*\\objdata " + lines(ole(b"Word.Document.8", native)) + b"}"))
    assert list(seen.data.values()) == [native]
    seen = read(document(b"{\\*\\objdata " + lines(PICTURE) + b"}"))
    assert list(seen.data.values()) == [PICTURE]


def test_a_theme_is_a_file_written_as_text() -> None:
    theme = zip_of(a=bytes(range(256)) * 8)
    seen = read(document(pict(PICTURE), b"{\\*\\themedata " + lines(theme) + b"}"))
    assert list(seen.data.values()) == [PICTURE, theme]


@pytest.mark.parametrize(
    "data",
    [
        b"\\pict" * 200_000,
        b"{\\pict{" * 100_000,
        b"\\pict ab" * 100_000,
        b"\\pict\\bin9999999999 " * 50_000,
        b"\\pict\\bin-5 " * 50_000,
        b"{\\*\\objdata 0105000002000000ffffffffffffffff}" * 10_000,
        b"\\pict " + b"\\a" * 500_000,
    ],
)
def test_hostile_repetition_is_read_once(data: bytes) -> None:
    keeps_the_contract(RtfOpener(), b"{\\rtf1 " + data)


SAMPLE = document(
    pict(PNG, b"\\pngblip"),
    pict(bitmap(), b"\\dibitmap0"),
    b"{\\*\\objdata " + lines(ole(b"Package", package(b"a.jpg", PICTURE[:400]))) + b"}",
)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, len(SAMPLE)),
    st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(cut: int, flips: list[tuple[int, int]]) -> None:
    keeps_the_contract(RtfOpener(), damaged(SAMPLE, cut, flips))
