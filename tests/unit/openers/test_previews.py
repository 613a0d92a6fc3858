"""Pictures inside pictures: each comes out once, byte for byte, with its range and its role."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from assay.core.errors import LimitReached, NotApplicable
from assay.core.findings import INCOMPLETE
from assay.core.opening import Limits
from assay.core.vocab import Allocation, Role
from assay.media import heif_items
from assay.media.decode import open_picture
from assay.media.sniff import sniff
from assay.openers.parts import MAX_PARTS
from assay.openers.previews import PreviewsOpener
from tests.support.containers import box, segment
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.nested import (
    ANGLE,
    LARGE,
    OTHER,
    SMALL,
    THIRD,
    container,
    cr2,
    cr3,
    heif_with,
    insert,
    mpf,
    samsung,
    strip,
    tiff_of,
    xmp,
)
from tests.support.photos import exif_block, photo, scene
from tests.support.pictures import jpeg
from tests.support.tiffs import LONG, SHORT, block
from tests.support.unit import examine

MAIN = jpeg(1, (200, 150))
EXIF = b"Exif\0\0"
ALPHA = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
GAIN = "urn:com:apple:photo:2020:aux:hdrgainmap"


def read(data: bytes) -> Contents:
    return contents(PreviewsOpener(), data)


def with_exif(tiff: bytes, main: bytes = MAIN) -> bytes:
    return insert(main, segment(0xE1, EXIF + tiff))


def at(data: bytes, part: bytes) -> str:
    start = data.index(part)
    return f"bytes {start}-{start + len(part)}"


def photoshop(number: int, body: bytes) -> bytes:
    resource = b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + b"\0" * (len(body) & 1)
    return segment(0xED, b"Photoshop 3.0\0" + resource)


def jumbf(label: str, *parts: bytes) -> bytes:
    return box(b"jumb", box(b"jumd", bytes(16), b"\3", label.encode(), b"\0"), *parts)


def store(*thumbnails: tuple[str, bytes]) -> bytes:
    """Return an APP11 segment with a manifest store of one manifest."""
    inner = [jumbf(name, box(b"bfdb", b"\0"), box(b"bidb", data)) for name, data in thumbnails]
    whole = box(
        b"jumb",
        box(b"jumd", b"c2pa" + bytes(12), b"\3c2pa\0"),
        jumbf("urn:uuid:1", jumbf("c2pa.assertions", *inner)),
    )
    return segment(0xEB, b"JP" + struct.pack(">HI", 1, 1) + whole)


# -- EXIF -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_exif_thumbnail_comes_out_byte_for_byte_with_its_range(kind: str) -> None:
    tiff = exif_block(thumbnail=scene("coffee", (64, 48)))
    thumbnail = tiff[tiff.index(b"\xff\xd8\xff") :]
    data = photo(scene("coffee"), tiff, kind)
    seen = read(data)
    assert seen.names == ["EXIF thumbnail"]
    assert seen.data["EXIF thumbnail"] == thumbnail
    member = seen.members[0]
    assert member.role is Role.PREVIEW
    assert member.locator == at(data, thumbnail)
    assert seen.flags == set()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
def test_a_picture_without_any_is_not_applicable(kind: str) -> None:
    out = io.BytesIO()
    scene("coffee").save(out, kind)
    with pytest.raises(NotApplicable):
        read(out.getvalue())


def test_a_thumbnail_of_bare_strips_is_given_as_stored_and_shown_by_a_rendering() -> None:
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, :32] = (200, 40, 90)
    tiff = tiff_of([(256, SHORT, 200)], strip(pixels.tobytes(), 1, 2, (64, 48)))
    seen = read(with_exif(tiff))
    member = seen.member("EXIF thumbnail")
    assert seen.data["EXIF thumbnail"] == pixels.tobytes()
    assert member.media_type == "image/x-tiff-strips"
    assert member.rendering is not None
    shown = member.rendering().read()
    assert np.array_equal(open_picture(shown, "image/tiff").rgb(), pixels)


@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 1), (2, 2)])
def test_bare_strips_of_luma_and_thinned_colour_are_shown(across: int, down: int) -> None:
    units = (64 // across) * (48 // down)
    samples = (bytes([180]) * (across * down) + bytes([90, 160])) * units
    rows = [*strip(samples, 1, 6, (64, 48)), (530, SHORT, struct.pack("<HH", across, down))]
    member = read(with_exif(tiff_of([(256, SHORT, 200)], rows))).members[0]
    assert member.rendering is not None
    rgb = open_picture(member.rendering().read(), "image/tiff").rgb()
    expected = Image.new("YCbCr", (64, 48), (180, 90, 160)).convert("RGB")
    assert np.array_equal(rgb, np.asarray(expected))


def test_a_picture_in_a_maker_note_is_found_by_its_structure() -> None:
    note = b"MAKER\0\1\2" + SMALL + bytes(9)
    seen = read(with_exif(block([(271, 2, "Example")], exif=[(0x927C, 7, note)])))
    assert list(seen.data.values()) == [SMALL]
    assert seen.members[0].state is Allocation.CARVED


def test_a_thumbnail_that_breaks_its_structure_is_given_all_the_same() -> None:
    broken = SMALL[:2] + b"\0\0" + SMALL[2:]
    seen = read(with_exif(block([(256, SHORT, 9)], thumbnail=broken)))
    assert seen.data["EXIF thumbnail"] == broken


def test_a_thumbnail_cut_by_its_block_is_given_as_far_as_it_goes() -> None:
    tiff = block([(256, SHORT, 9)], thumbnail=SMALL)
    seen = read(with_exif(tiff[:-100]))
    assert seen.data["EXIF thumbnail"] == SMALL[:-100]


def test_directories_that_name_each_other_end_and_say_so() -> None:
    rows = [(256, SHORT, 9)]
    tiff = bytearray(block(rows, ifd1=[(257, SHORT, 9)]))
    second = struct.unpack_from("<I", tiff, 8 + 2 + 12)[0]
    struct.pack_into("<I", tiff, second + 2 + 12, 8)
    assert read(with_exif(bytes(tiff))).flags == {"metadata_loop"}


@pytest.mark.parametrize("tag", [513, 514, 273, 279, 256, 330])
def test_numbers_of_2_to_the_32_lead_nowhere(tag: int) -> None:
    rows = [r for r in strip(SMALL, 6, 6, (64, 48)) if r[0] != tag] + [(tag, LONG, 0xFFFFFFFF)]
    tiff = bytearray(tiff_of([(256, SHORT, 9)], rows, [(513, LONG, SMALL), (514, LONG, 1 << 31)]))
    read(with_exif(bytes(tiff)))
    second = 8 + 2 + 12 + 4
    for entry in range(second + 2, second + 2 + 12 * len(rows), 12):
        struct.pack_into("<I", tiff, entry + 4, 0xFFFFFFFF)  # every count
    read(with_exif(bytes(tiff)))


# -- MPF ------------------------------------------------------------------------------------------


def test_mpf_images_come_out_once_with_their_role() -> None:
    data = mpf(MAIN, (LARGE, SMALL), (ANGLE, OTHER), gap=bytes(40))
    seen = read(data)
    assert seen.names == ["MPF image 2", "MPF image 3 (angle)"]
    assert list(seen.data.values()) == [SMALL, OTHER]
    assert [m.role for m in seen.members] == [Role.PREVIEW, Role.MEMBER]
    assert [m.locator for m in seen.members] == [at(data, SMALL), at(data, OTHER)]
    assert {m.state for m in seen.members} == {Allocation.ALLOCATED}


def test_an_mpf_index_whose_pictures_are_gone_is_said_and_leaves_nothing_unread() -> None:
    data = mpf(MAIN, (LARGE, SMALL))[: -len(SMALL)]
    seen = read(data)
    assert (seen.members, seen.flags) == ([], {"lying_header"})
    assert not seen.flags & INCOMPLETE


def test_an_index_that_names_everything_a_thousand_times_stays_bounded() -> None:
    flood = b"\xff\xd8\xff\xe0\0\0\0" * 3000

    def index(first: int) -> bytes:
        rows = (struct.pack("<IIIHH", ANGLE, 1 << 31, first + 7 * n, 0, 0) for n in range(2000))
        return segment(0xE2, b"MPF\0" + block([(0xB002, 7, b"".join(rows))]))

    data = insert(MAIN, index(len(MAIN) + len(index(0)) - 10)) + flood
    seen = read(data)
    assert len(seen.members) <= MAX_PARTS
    assert sum(len(seen.data[m.name]) for m in seen.members) < 5 * len(data) + (1 << 20)
    assert seen.flags & {"overlapping_entries", "count_limit"}


# -- other blocks of a JPEG -----------------------------------------------------------------------


@pytest.mark.parametrize("number", [0x0409, 0x040C])
def test_the_photoshop_thumbnail_comes_out(number: int) -> None:
    data = insert(MAIN, photoshop(number, bytes(28) + SMALL))
    seen = read(data)
    assert seen.data == {"Photoshop thumbnail": SMALL}
    assert seen.members[0].locator == at(data, SMALL)


def test_the_jfif_extension_thumbnail_comes_out() -> None:
    assert read(insert(MAIN, segment(0xE0, b"JFXX\0\x10" + SMALL))).data == {
        "JFXX thumbnail": SMALL
    }


def test_a_picture_in_a_makers_own_segment_is_found() -> None:
    seen = read(insert(MAIN, segment(0xE4, b"MAKER\0" + SMALL)))
    assert seen.data == {"picture in APP4": SMALL}


def test_pictures_that_xmp_holds_as_base64_come_out_decoded() -> None:
    coded = base64.b64encode(SMALL).decode()
    lines = "\n".join(coded[i : i + 76] for i in range(0, len(coded), 76))
    data = insert(
        MAIN,
        xmp(
            '<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource">'
            f"<xmpGImg:image>{lines}</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails>",
            'xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
            'xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"',
        ),
        xmp(
            f"<GImage:Data>{base64.b64encode(OTHER).decode()}</GImage:Data>",
            'xmlns:GImage="http://ns.google.com/photos/1.0/image/"',
        ),
    )
    seen = read(data)
    assert seen.data == {"XMP thumbnail": SMALL, "XMP image before its effect": OTHER}
    assert [m.role for m in seen.members] == [Role.PREVIEW, Role.MEMBER]
    assert all(m.locator.endswith("(decoded)") for m in seen.members)


def test_thumbnails_of_a_credential_come_out_and_those_of_ingredients_are_no_previews() -> None:
    data = insert(
        MAIN,
        store(
            ("c2pa.thumbnail.claim.jpeg", SMALL),
            ("c2pa.thumbnail.ingredient.jpeg", OTHER),
            ("c2pa.hash.data", b"no picture at all, but long enough"),
        ),
    )
    seen = read(data)
    assert seen.data == {"C2PA claim thumbnail": SMALL, "C2PA ingredient thumbnail": OTHER}
    assert [m.role for m in seen.members] == [Role.PREVIEW, Role.MEMBER]


# -- behind the end -------------------------------------------------------------------------------


def test_a_picture_behind_the_end_is_found_by_its_structure() -> None:
    data = MAIN + bytes(13) + SMALL + b"tail of no kind" + OTHER
    seen = read(data)
    assert list(seen.data.values()) == [SMALL, OTHER]
    assert {m.state for m in seen.members} == {Allocation.CARVED}
    assert {m.role for m in seen.members} == {Role.MEMBER}


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_a_picture_behind_another_kind_is_found_too(kind: str) -> None:
    out = io.BytesIO()
    scene("coffee", (40, 30)).save(out, kind)
    data = out.getvalue() + b"\0" * 16 + SMALL
    assert list(read(data).data.values()) == [SMALL]


def test_what_a_samsung_directory_names_is_not_found_twice() -> None:
    data = MAIN + samsung(("DualShot_1", SMALL), ("Image_UTC_Data", b"1700000000000"))
    seen = read(data)
    assert seen.data == {"Samsung DualShot_1": SMALL}
    assert seen.members[0].state is Allocation.ALLOCATED


def test_a_gain_map_named_by_mpf_and_by_a_container_is_one_member() -> None:
    listed = container(("image/jpeg", "Primary", 0), ("image/jpeg", "GainMap", len(SMALL)))
    seen = read(mpf(insert(MAIN, listed), (0, SMALL)))
    assert list(seen.data.values()) == [SMALL]
    assert seen.members[0].role is Role.PREVIEW


# -- TIFF -----------------------------------------------------------------------------------------


def test_pages_of_a_tiff_are_its_own_and_a_preview_below_one_comes_out() -> None:
    page = np.full((30, 40, 3), 77, np.uint8).tobytes()
    preview = np.full((20, 24, 3), 99, np.uint8).tobytes()
    rows = strip(page, 1, 2, (40, 30))
    below = [(254, LONG, 1), *strip(preview, 1, 2, (24, 20))]
    seen = read(tiff_of(rows, rows, sub=[below]))
    assert seen.data == {"SubIFD1 preview": preview}
    assert seen.members[0].role is Role.PREVIEW


# -- HEIF -----------------------------------------------------------------------------------------


def heif(extra: bytes = b"") -> bytes:
    return (
        heif_with(
            (b"grid", "", b"\0\0\0\0\0\0\0\0"),
            (b"hvc1", "hidden", b"tile" * 9),
            (b"jpeg", "", SMALL),
            (b"hvc1", ALPHA, b"alpha" * 9),
            (b"hvc1", GAIN, b"gain" * 9),
            (b"hvc1", "hidden", b"unused" * 9),
            references=[(b"dimg", 1, 2), (b"thmb", 3, 1), (b"auxl", 4, 1), (b"auxl", 5, 1)],
        )
        + extra
    )


def test_heif_items_beside_the_picture_come_out_and_its_tiles_and_alpha_do_not() -> None:
    seen = read(heif())
    assert seen.data == {
        "item 3 (thumbnail)": SMALL,
        "item 5 (gain map)": b"gain" * 9,
        "item 6 (hidden picture)": b"unused" * 9,
    }
    assert [m.role for m in seen.members] == [Role.PREVIEW, Role.PREVIEW, Role.MEMBER]
    assert seen.members[0].rendering is None  # a JPEG is a file by itself
    assert seen.members[1].media_type == "image/x-heif-hvc1"


def test_a_coded_item_is_shown_by_a_file_of_its_own() -> None:
    member = read(heif()).member("item 5 (gain map)")
    assert member.rendering is not None
    made = member.rendering().read()
    assert sniff(made, len(made)) == "image/heic"
    inside = heif_items.read(made)
    assert inside is not None
    assert (inside.primary, list(inside.items)) == (5, [5])
    assert b"".join(made[a:b] for a, b in inside.spans(5)) == b"gain" * 9


@pytest.mark.shared_data
def test_the_thumbnail_and_gain_map_of_a_real_phone_photo_decode(shared_data: Path) -> None:
    path = shared_data / "provenance" / "files" / "ianare" / "iphone_13_pro_max.HEIC"
    seen = read(path.read_bytes())
    assert seen.names == ["item 50 (thumbnail)", "item 51 (gain map)"]
    sizes = []
    for member in seen.members:
        assert member.rendering is not None
        info = open_picture(member.rendering().read(), "image/heic").info
        sizes.append((info.width, info.height, info.decoded))
    assert sizes == [(240, 320, "full"), (1512, 2016, "full")]


# -- limits and damage ----------------------------------------------------------------------------


def test_a_file_larger_than_a_member_may_be_is_not_read() -> None:
    with pytest.raises(LimitReached):
        contents(PreviewsOpener(), MAIN, limits=Limits(member_size=100))


def test_a_flood_of_beginnings_behind_the_end_is_bounded_and_said() -> None:
    seen = read(MAIN + jpeg(3, (16, 16)) * 100)
    assert len(seen.members) == 64
    assert seen.flags == {"count_limit"}


SAMPLES = [
    with_exif(block([(256, SHORT, 9)], thumbnail=SMALL)),
    with_exif(tiff_of([(256, SHORT, 9)], strip(bytes(64 * 48 * 3), 1, 2, (64, 48)))),
    mpf(MAIN, (LARGE, SMALL), (ANGLE, OTHER)),
    insert(MAIN, photoshop(0x040C, bytes(28) + SMALL), store(("c2pa.thumbnail.claim", THIRD))),
    MAIN + samsung(("DualShot_1", SMALL)),
    tiff_of(strip(bytes(3600), 1, 2, (40, 30)), sub=[strip(bytes(3600), 1, 2, (40, 30))]),
    heif(box(b"mpvd", bytes(64))),
]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.integers(0, 400),
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(PreviewsOpener(), damaged(data, cut, flips))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([SAMPLES[1], SAMPLES[5], SAMPLES[6]]),
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 255)), max_size=8),
)
def test_renderings_of_damaged_files_are_made_or_refused(
    data: bytes, flips: list[tuple[int, int]]
) -> None:
    try:
        members = contents(PreviewsOpener(), damaged(data, 0, flips)).members
    except (NotApplicable, LimitReached):
        return
    for member in members:
        if member.rendering is not None:
            assert len(member.rendering().read()) < 64 << 20


WARMED = """
import sys
from pathlib import Path
from assay.core.blob import MemoryBlob
from assay.core.opening import Member, OpenContext
from assay.openers.previews import PreviewsOpener
from assay.openers.raws import RawsOpener

samples = [(path.name, path.read_bytes()) for path in sorted(Path(sys.argv[1]).iterdir())]
openers = {"previews": PreviewsOpener(), "raws": RawsOpener()}
for opener in openers.values():
    opener.warm()


def sealed(event, arguments):
    if event in ("open", "import", "os.listdir", "os.scandir", "socket.__new__"):
        raise RuntimeError(f"{event} {arguments[0]} after the seal")


sys.addaudithook(sealed)
count = 0
for name, data in samples:
    for entry in openers[name.partition("-")[0]].open(MemoryBlob(data), OpenContext()):
        if isinstance(entry, Member):
            count += len(entry.open().read()) > 0
            if entry.rendering is not None:
                entry.rendering().read()
print(count)
"""


def test_nothing_is_imported_or_opened_after_the_warm_up(tmp_path: Path) -> None:
    for number, sample in enumerate(SAMPLES):
        (tmp_path / f"previews-{number}").write_bytes(sample)
    (tmp_path / "raws-1").write_bytes(cr2())
    (tmp_path / "raws-2").write_bytes(cr3())
    done = subprocess.run(
        [sys.executable, "-c", WARMED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == "16"


# -- the whole way --------------------------------------------------------------------------------


def test_the_child_is_an_item_whose_digest_is_over_the_stored_bytes() -> None:
    data = photo(scene("coffee"), exif_block(thumbnail=scene("coffee", (64, 48))))
    link = examine("photo.jpg", data)
    assert link.paths() == ["photo.jpg", "photo.jpg!/EXIF thumbnail"]
    child = link.of("item")[1]["item"]
    thumbnail = read(data).data["EXIF thumbnail"]
    assert isinstance(child, dict)
    assert child["sha256"] == hashlib.sha256(thumbnail).hexdigest()
    assert link.failures() == []


def test_random_bytes_are_not_applicable() -> None:
    with pytest.raises(NotApplicable):
        read(os.urandom(5000))
