"""Compound files: the reader against olefile, pictures and objects out of Office, locks, lies."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import olefile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from assay.core.blob import MemoryBlob
from assay.core.errors import Encrypted, Malformed, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.vocab import Allocation, Role
from assay.media.sniff import sniff
from assay.openers.ole import OleOpener
from assay.openers.ole_storage import Compound
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.ole_files import (
    biff,
    blip,
    compound,
    dib,
    metafile_blip,
    packaged,
    picture,
    record,
)

ROOT = Path(__file__).resolve().parents[3]
JPEG, PNG = picture("JPEG", seed=2), picture("PNG", seed=3)
NOISE = os.urandom(70_000)
EMF = b"\1\0\0\0" + struct.pack("<I", 88) + bytes(32) + b" EMF" + bytes(60)


def read(data: bytes) -> Contents:
    return contents(OleOpener(), data)


def streams(data: bytes) -> dict[str, bytes]:
    found = Compound(MemoryBlob(data))
    return {
        "/".join(entry.path): found.stream(entry).read(0, 1 << 30)
        for entry in found.entries
        if entry.is_stream
    }


# -- the compound file -----------------------------------------------------------------------------

NAMES = st.text("abcXYZ012 \u00e9\u4e2d", min_size=1, max_size=20)
CONTENT = st.one_of(
    st.binary(max_size=300),
    st.integers(4000, 9000).map(lambda size: NOISE[:size]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(NAMES, CONTENT, max_size=12),
    st.dictionaries(NAMES, CONTENT, max_size=4),
    st.sampled_from([3, 4]),
    st.booleans(),
)
def test_every_stream_is_read_as_olefile_reads_it(
    top: dict[str, bytes], below: dict[str, bytes], version: int, fragmented: bool
) -> None:
    written = {f"t{number}{name}": data for number, (name, data) in enumerate(top.items())}
    written |= {f"box/in/b{n}{name}": data for n, (name, data) in enumerate(below.items())}
    data = compound(written, version=version, fragmented=fragmented)
    with olefile.OleFileIO(data) as other:
        assert not other.parsing_issues
        theirs = {"/".join(path): other.openstream(path).read() for path in other.listdir()}
    assert streams(data) == theirs == written


def test_a_table_longer_than_the_header_lists_is_followed() -> None:
    large = os.urandom(9 << 20)  # more than 109 table sectors of 512 bytes
    assert streams(compound({"large": large})) == {"large": large}


def test_a_chain_that_is_a_loop_ends_and_is_reported() -> None:
    data = bytearray(compound({"a": NOISE[:6000]}))
    table = struct.unpack_from("<I", data, 76)[0]
    struct.pack_into("<I", data, (table + 1) * 512 + 4 * 3, 0)  # sector 3 leads back to 0
    found = Compound(MemoryBlob(bytes(data)))
    stream = found.stream(found.entries[0])
    assert stream.read(0, 4000) == NOISE[: 4 * 512]
    assert {t.flag for t in found.drain()} == {"malformed", "truncated"}


def test_a_directory_that_is_a_loop_gives_each_entry_once() -> None:
    data = bytearray(compound({"a": b"1", "b": b"2", "c": b"3"}))
    start = (struct.unpack_from("<I", data, 48)[0] + 1) * 512
    for number in (1, 2, 3):
        struct.pack_into("<II", data, start + 128 * number + 68, 1, 3)  # left and right
    found = Compound(MemoryBlob(bytes(data)))
    assert sorted(entry.name for entry in found.entries) == ["a", "b", "c"]
    assert [t.flag for t in found.drain()] == ["malformed"]


def test_a_thousand_names_in_a_row_do_not_exhaust_the_stack() -> None:
    names = {f"s{number:04}": b"x" for number in range(3000)}
    data = bytearray(compound(names))
    directory = Compound(MemoryBlob(bytes(data)))._raw
    at = data.index(directory[:512])
    for number in range(3001):  # each entry leads to the next on its right alone
        following = number + 1 if number < 3000 else 0xFFFFFFFF
        left, right, child = 0xFFFFFFFF, following, 0xFFFFFFFF
        if number == 0:
            right, child = 0xFFFFFFFF, 1
        struct.pack_into("<III", data, at + 128 * number + 68, left, right, child)
    assert len(Compound(MemoryBlob(bytes(data))).entries) == 3000


def test_streams_that_all_claim_the_same_sectors_are_not_read_for_ever() -> None:
    data = bytearray(compound({"big": NOISE, **{f"s{n}": b"x" for n in range(40)}}))
    directory = (struct.unpack_from("<I", data, 48)[0] + 1) * 512
    big = Compound(MemoryBlob(bytes(data))).names()["big"]
    for number in range(1, 42):
        struct.pack_into("<IQ", data, directory + 128 * number + 116, big.start, 1 << 31)
    found = Compound(MemoryBlob(bytes(data)))
    sizes = [found.stream(entry).size for entry in found.entries]
    assert max(sizes) > len(NOISE)
    assert sum(sizes) < 5 * len(data)
    assert "overlapping_entries" in {t.flag for t in found.drain()}


@pytest.mark.parametrize("at", [30, 32])
def test_absurd_sectors_are_malformed(at: int) -> None:
    data = bytearray(compound({"a": b"1"}))
    struct.pack_into("<H", data, at, 63)
    with pytest.raises(Malformed):
        read(bytes(data))


def test_another_kind_is_not_applicable() -> None:
    with pytest.raises(NotApplicable):
        read(JPEG)


# -- pictures --------------------------------------------------------------------------------------


def test_powerpoint_pictures_come_out_byte_for_byte() -> None:
    pictures = blip(0xF01D, 0x46A, JPEG) + blip(0xF01E, 0x6E1, PNG, 2)
    seen = read(compound({"PowerPoint Document": NOISE[:5000], "Pictures": pictures}))
    assert seen.names == ["Pictures/picture-0.jpg", f"Pictures/picture-{len(JPEG) + 25}.png"]
    assert list(seen.data.values()) == [JPEG, PNG]
    assert seen.member("Pictures/picture-0.jpg").locator == (
        f"stream Pictures, bytes 25-{25 + len(JPEG)}"
    )


@pytest.mark.parametrize(("kind", "instance"), [(0xF01D, 0x6E2), (0xF02A, 0x46A), (0xF02A, 0x6E3)])
def test_every_record_of_a_jpeg_is_known(kind: int, instance: int) -> None:
    digests = 1 + (instance & 1)
    data = compound({"Data": NOISE[:100] + blip(kind, instance, JPEG, digests)})
    assert list(read(data).data.values()) == [JPEG]


def test_word_pictures_are_found_behind_other_bytes() -> None:
    data = compound({"WordDocument": NOISE, "Data": NOISE[:333] + blip(0xF01E, 0x6E0, PNG)})
    assert list(read(data).data.values()) == [PNG]


def test_a_metafile_is_given_inflated() -> None:
    packed = zlib.compress(EMF)
    stored = metafile_blip(0xF01B, 0x216, b"\1\0\x09\0\0\3" + bytes(40), 46, packing=0xFE)
    data = compound({"Pictures": metafile_blip(0xF01A, 0x3D4, packed, len(EMF)) + stored})
    seen = read(data)
    assert seen.data["Pictures/picture-0.emf"] == EMF
    assert seen.members[0].stored_size == len(packed)
    assert [sniff(content, len(content)) for content in seen.data.values()] == [
        "image/emf",
        "image/wmf",
    ]
    assert seen.flags == set()


def test_a_damaged_metafile_gives_what_is_there_and_says_so() -> None:
    packed = zlib.compress(NOISE[:20_000])[:-2000]
    seen = read(compound({"Pictures": metafile_blip(0xF01A, 0x3D4, packed, 20_000)}))
    (content,) = seen.data.values()
    assert NOISE.startswith(content)
    assert len(content) > 10_000
    assert seen.flags == {"truncated"}


def test_a_bitmap_without_file_header_is_shown() -> None:
    pixels = dib((20, 10), 4)
    seen = read(compound({"Pictures": blip(0xF01F, 0x7A8, pixels)}))
    member = seen.members[0]
    assert (member.role, member.media_type) == (Role.STREAM, "image/x-dib")
    assert seen.data[member.name] == pixels
    assert member.rendering is not None
    with Image.open(member.rendering()) as shown:
        expected = Image.open(io.BytesIO(picture("BMP", (20, 10), 4)))
        assert shown.format == "PNG"
        assert shown.convert("RGB").tobytes() == expected.convert("RGB").tobytes()


def test_a_bitmap_that_claims_a_billion_pixels_is_not_drawn() -> None:
    pixels = bytearray(dib())
    struct.pack_into("<ii", pixels, 4, 1 << 19, 1 << 19)
    member = read(compound({"Pictures": blip(0xF01F, 0x7A8, bytes(pixels))})).members[0]
    assert member.rendering is not None
    with pytest.raises(Exception, match="pixels"):
        member.rendering()


def test_excel_pictures_are_joined_over_their_records() -> None:
    large = picture("BMP", (120, 90), 9)
    assert len(large) > 2 * 8224
    group = NOISE[:50] + blip(0xF01F, 0x7A8, large[14:]) + blip(0xF01D, 0x46A, JPEG)
    parts = [group[at : at + 8224] for at in range(0, len(group), 8224)]
    book = biff(
        (0x809, bytes(16)),
        (0xEB, parts[0]),
        *((0x3C, part) for part in parts[1:]),
        (0x0A, b""),
        (0x3C, blip(0xF01E, 0x6E0, b"another record's")),
    )
    assert list(read(compound({"Workbook": book})).data.values()) == [large[14:], JPEG]


def test_a_sheet_background_is_a_bitmap() -> None:
    pixels = dib()
    body = struct.pack("<HHI", 9, 1, len(pixels)) + pixels
    member = read(compound({"Workbook": biff((0x809, bytes(16)), (0xE9, body))})).members[0]
    assert (member.role, member.media_type) == (Role.STREAM, "image/x-dib")


def test_a_record_that_lies_about_its_content_hides_nothing_behind_it() -> None:
    data = compound({"Pictures": blip(0xF01D, 0x46A, NOISE[:500] + blip(0xF01E, 0x6E0, PNG))})
    assert PNG in read(data).data.values()


# -- other things inside ---------------------------------------------------------------------------


def test_an_embedded_file_has_its_name() -> None:
    data = compound({"ObjectPool/_1/\1Ole10Native": packaged("caf.jpg", JPEG)})
    seen = read(data)
    assert seen.names == ["ObjectPool/_1/\1Ole10Native/caf.jpg"]
    assert list(seen.data.values()) == [JPEG]


def test_an_object_that_is_no_package_is_given_as_it_is() -> None:
    bitmap = picture("BMP")
    data = compound({"\1Ole10Native": struct.pack("<I", len(bitmap)) + bitmap})
    assert list(read(data).data.values()) == [bitmap]


def test_an_embedded_document_keeps_its_storage_as_a_path() -> None:
    data = compound({"ObjectPool/_1/WordDocument": b"\xec\xa5" + bytes(50), "ObjectPool/_1/Data":
                     blip(0xF01D, 0x46A, JPEG)})  # fmt: skip
    assert read(data).names == ["ObjectPool/_1/Data/picture-0.jpg"]


def test_the_objects_of_a_presentation_are_compound_files() -> None:
    inner = compound({"Pictures": blip(0xF01E, 0x6E0, PNG)})
    packed = struct.pack("<I", len(inner)) + zlib.compress(inner)
    slides = record(0, 0x3E8, record(1, 0x1011, packed) + record(0, 0x1011, inner), 0xF)
    seen = read(compound({"PowerPoint Document": slides}))
    assert [c for n, c in seen.data.items() if "/object-" in n] == [inner, inner]


def test_a_stream_that_is_a_picture_is_given_whole_whatever_its_name() -> None:
    data = compound({"WordDocument": JPEG, "x/Package": PNG})
    assert read(data).data == {"WordDocument": JPEG, "x/Package": PNG}


def test_the_picture_of_an_object_is_given() -> None:
    pixels = dib()
    head = struct.pack("<iIIIiIIIII", -1, 8, 4, 1, -1, 0, 0, 20, 10, len(pixels))
    member = read(compound({"\2OlePres000": head + pixels})).members[0]
    assert (member.role, member.media_type) == (Role.STREAM, "image/x-dib")


def test_pictures_among_unknown_bytes_are_carved_with_their_ends() -> None:
    seen = read(compound({"Mystery": NOISE[:5000] + JPEG + NOISE[:700] + PNG + NOISE[:90]}))
    assert list(seen.data.values()) == [JPEG, PNG]
    assert {member.state for member in seen.members} == {Allocation.CARVED}


def test_pictures_in_sectors_that_nothing_uses_are_carved() -> None:
    seen = read(compound({"WordDocument": NOISE[:6000]}, free=[NOISE[:700] + JPEG + bytes(20)]))
    assert list(seen.data.values()) == [JPEG]
    assert seen.members[0].state is Allocation.CARVED
    assert seen.names[0].startswith("free sectors at byte")


def test_a_stream_that_no_storage_leads_to_is_deleted_not_lost() -> None:
    seen = read(compound({"a": b"1"}, unlinked={"old": JPEG}))
    assert seen.data == {"old": JPEG}
    assert seen.members[0].state is Allocation.DELETED


# -- locks -----------------------------------------------------------------------------------------

LOCKED = {
    "WordDocument": b"\xec\xa5" + bytes(8) + b"\0\1" + bytes(500),
    "Workbook": biff((0x809, bytes(16)), (0x2F, bytes(54)), (0x3C, NOISE[:200])),
    "Current User": b"\0\0\xf6\x0f\x20\0\0\0\x14\0\0\0\xdf\xc4\xd1\xf3" + bytes(20),
    "EncryptedPackage": NOISE[:5000],
}


@pytest.mark.parametrize("name", LOCKED)
def test_a_locked_document_says_what_locks_it_after_all_that_is_open(name: str) -> None:
    data = compound({name: LOCKED[name], "z/\1Ole10Native": packaged("a.jpg", JPEG)})
    entries = OleOpener().open(MemoryBlob(data), OpenContext())
    first = next(entries)
    assert isinstance(first, Member)
    assert first.name == "z/\1Ole10Native/a.jpg"
    with pytest.raises(Encrypted, match=name):
        list(entries)


@pytest.mark.parametrize("kind", ["WordDocument", "Workbook", "Current User"])
def test_an_open_document_is_not_called_locked(kind: str) -> None:
    open_ones = {
        "WordDocument": b"\xec\xa5" + bytes(500),
        "Workbook": biff((0x809, bytes(16)), (0x0A, b"")),
        "Current User": b"\0\0\xf6\x0f\x20\0\0\0\x14\0\0\0\x5f\xc0\x91\xe3" + bytes(20),
    }
    assert read(compound({kind: open_ones[kind]})).members == []


# -- hostile ---------------------------------------------------------------------------------------

OBJECT = record(1, 0x1011, bytes(4) + zlib.compress(NOISE[:50]))
EVERYTHING = {
    "PowerPoint Document": record(0, 0x3E8, OBJECT, 0xF),
    "Pictures": blip(0xF01D, 0x46A, JPEG)
    + metafile_blip(0xF01A, 0x3D4, zlib.compress(EMF), len(EMF)),
    "\2OlePres000": bytes(60),
    "x/\1Ole10Native": packaged("a", PNG),
    "Workbook": biff((0x809, bytes(16)), (0xEB, blip(0xF01E, 0x6E0, PNG))),
}
SAMPLES = [compound(EVERYTHING, free=[JPEG], version=version) for version in (3, 4)]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.integers(0, 20_000),
    st.lists(st.tuples(st.integers(0, 60_000), st.integers(1, 255)), max_size=8),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(OleOpener(), damaged(data, cut, flips))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([*range(24, 76, 2), *range(76, 512, 4)]), st.integers(0, 0xFFFF)),
        max_size=6,
    ),
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 127)), max_size=6),
)
def test_a_header_or_table_that_lies_never_raises_past_the_contract(
    words: list[tuple[int, int]], directory: list[tuple[int, int]]
) -> None:
    data = bytearray(SAMPLES[0])
    for at, value in words:
        struct.pack_into("<H", data, at, value)
    start = (struct.unpack_from("<I", SAMPLES[0], 48)[0] + 1) * 512
    for entry, at in directory:
        place = min(start + 128 * (entry % 8) + at, len(data) - 4)
        struct.pack_into("<I", data, place, 0xFFFFFFF0)
    keeps_the_contract(OleOpener(), bytes(data))


# -- sealed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [3, 4])
def test_nothing_is_imported_or_opened_after_the_warm_up(tmp_path: Path, version: int) -> None:
    pictures = blip(0xF01F, 0x7A8, dib()) + metafile_blip(0xF01A, 0x3D4, zlib.compress(EMF), 99)
    path = tmp_path / "a.ppt"
    path.write_bytes(
        compound(
            {"Pictures": pictures, "m": NOISE[:99] + JPEG + PNG + picture("GIF")}, version=version
        )
    )
    assert sealed("ole", "OleOpener", path) == "5 1"


def sealed(module: str, opener: str, path: Path) -> str:
    """Read a file in a fresh process that may open nothing; returns members and renderings."""
    script = f"""
import sys
from pathlib import Path
from assay.core.blob import MemoryBlob
from assay.core.opening import Member, OpenContext
from assay.openers.{module} import {opener} as Opener

data = Path(sys.argv[1]).read_bytes()
opener = Opener()
opener.warm()


def seal(event, arguments):
    if event in ("open", "import", "os.listdir", "os.scandir", "socket.__new__"):
        raise RuntimeError(f"{{event}} {{arguments[0]}} after the seal")


sys.addaudithook(seal)
members = [e for e in opener.open(MemoryBlob(data), OpenContext()) if isinstance(e, Member)]
for member in members:
    member.open().read()
shown = [m.rendering().read() for m in members if m.rendering is not None]
print(len(members), len(shown))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def test_beginnings_without_ends_are_given_in_bounds_and_reported() -> None:
    fake = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(9) + b"\xff\xdb\0\x10" + bytes(14) + b"\xff"
    data = compound({"x": NOISE[:99] + (fake + bytes(40)) * 2000})
    seen = read(data)
    assert "count_limit" in seen.flags
    assert sum(member.stored_size or 0 for member in seen.members) < 8 * len(data)


def test_a_damaged_beginning_does_not_hide_what_follows() -> None:
    truncated = JPEG[: len(JPEG) // 2]
    seen = read(compound({"x": b"?" * 5000 + b"ID3\3\0\0\0\0\0\0TIT2" + truncated + PNG}))
    assert PNG in seen.data.values()
    assert any(content.startswith(truncated) for content in seen.data.values())


def test_a_file_whose_tables_are_lost_is_still_searched() -> None:
    data = bytearray(compound({"x": NOISE[:5000] + JPEG}))
    struct.pack_into("<H", data, 30, 63)
    entries = OleOpener().open(MemoryBlob(bytes(data)), OpenContext())
    first = next(entries)
    assert isinstance(first, Member)
    assert first.open is not None
    assert first.open().read() == JPEG
    with pytest.raises(Malformed):
        list(entries)
