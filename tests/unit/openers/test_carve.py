"""Files found by their structure alone: whole, once, and within limits."""

from __future__ import annotations

import hashlib
import io
import random
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from assay.core.blob import MemoryBlob
from assay.core.errors import NotApplicable
from assay.core.vocab import Allocation
from assay.media.extents import extent
from assay.media.sniff import BINARY, sniff
from assay.openers import carve
from assay.openers.carve import CarveOpener
from assay.openers.pdf_samples import plain
from tests.support.containers import box, ftyp, gif_with, jpeg_with, picture, png_with, wav
from tests.support.members import Contents, contents, damaged, keeps_the_contract

JPEG = picture("JPEG")
MP4 = ftyp(b"isom", b"mp41") + box(b"moov", box(b"free")) + box(b"mdat", b"frame" * 40)


def noise(seed: int, size: int) -> bytes:
    """Return bytes that look random and are always the same."""
    return hashlib.shake_256(b"%d" % seed).digest(size)


def read(data: bytes) -> Contents:
    return contents(CarveOpener(), data)


def with_thumbnail() -> bytes:
    small = picture("JPEG", size=(16, 12))
    entries = struct.pack("<HHHII", 2, 0x0201, 4, 1, 38) + struct.pack(
        "<HHII", 0x0202, 4, 1, len(small)
    )
    body = b"Exif\0\0II*\0\x08\0\0\0" + entries + bytes(4) + small
    return jpeg_with(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)


WHOLE = {
    "image/jpeg": with_thumbnail(),
    "image/png": png_with(),
    "image/gif": gif_with(),
    "image/bmp": picture("BMP"),
    "image/webp": picture("WEBP"),
    "image/tiff": picture("TIFF"),
    "image/avif": picture("AVIF"),
    "image/jp2": picture("JPEG2000"),
    "video/mp4": MP4,
    "audio/wav": wav(),
    "application/pdf": plain(("", b"q Q")),
}


@pytest.mark.parametrize("media_type", WHOLE)
def test_an_end_is_where_the_file_ends_whatever_follows(media_type: str) -> None:
    data = WHOLE[media_type]
    for tail in (b"", noise(1, 5000), bytes(600), JPEG):
        found = extent(MemoryBlob(noise(2, 99) + data + tail), 99, media_type)
        assert found is not None
        assert found.end == 99 + len(data)


def test_files_between_noise_come_out_whole_and_a_thumbnail_does_not_come_twice() -> None:
    parts, wanted = [noise(0, 700)], []
    for number, data in enumerate(WHOLE.values(), 1):
        parts += [data, noise(number, 997)]
        wanted.append(data)
    blob = b"".join(parts)
    assert sniff(blob, len(blob)) == BINARY
    seen = read(blob)
    assert [seen.data[m.name] for m in seen.members] == wanted
    assert all(m.state is Allocation.CARVED for m in seen.members)
    first = seen.members[0]
    assert first.locator == f"bytes 700-{700 + len(wanted[0])}" == first.name
    assert [t.flag for t in seen.troubles] == ["carved"]


@pytest.mark.shared_data
def test_real_files_between_noise_come_out_exactly(shared_data: Path) -> None:
    ends = (".jpg", ".png", ".webp", ".mp4", ".gif")
    found = sorted(p for p in (shared_data / "images" / "real").rglob("*") if p.suffix in ends)
    found += sorted((shared_data / "video").rglob("*.mp4"))
    chosen = random.Random(4).sample(found, 40)
    wanted = []
    parts = [noise(0, 64)]
    for number, path in enumerate(chosen):
        data = path.read_bytes()
        known = extent(MemoryBlob(data), 0, sniff(data[:65536], len(data)))
        if known is None or known.end != len(data):
            continue  # something follows its end, which comes out by itself
        wanted.append(data)
        parts += [data, noise(number, 1000 + number)]
    seen = contents(CarveOpener(), b"".join(parts))
    assert [len(seen.data[m.name]) for m in seen.members] == [min(len(d), 4 << 20) for d in wanted]
    assert len(wanted) > 30


def test_a_jpeg_that_breaks_off_comes_as_far_as_it_goes() -> None:
    cut = JPEG[: len(JPEG) * 2 // 3]
    seen = read(noise(3, 100) + cut + b"\xff\x01" + noise(4, 4000))
    assert seen.data[f"bytes 100-{100 + len(cut)}"] == cut


def test_what_lies_behind_the_end_of_a_file_is_found_and_its_own_pictures_are_left_alone() -> None:
    behind = plain(("", b"q Q"))
    for data in (WHOLE["video/mp4"], WHOLE["audio/wav"], WHOLE["image/png"]):
        assert read(data + behind).data == {f"bytes {len(data)}-{len(data) + len(behind)}": behind}
    assert list(read(WHOLE["audio/wav"] + JPEG).data.values()) == [JPEG]
    with pytest.raises(NotApplicable):  # pictures behind pictures are the business of "previews"
        read(JPEG + JPEG)
    for alone in WHOLE.values():
        with pytest.raises(NotApplicable):
            read(alone)


def test_an_archive_in_the_middle_comes_out_and_one_at_the_end_is_left_to_its_opener() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.jpg", JPEG)
    packed = out.getvalue()
    seen = read(noise(1, 300) + packed + noise(2, 70_000))
    assert list(seen.data.values()) == [packed]
    inner = read(noise(1, 300) + packed)
    assert list(inner.data.values()) == [JPEG]  # stored plainly, and found as itself


def test_noise_holds_nothing() -> None:
    for seed in range(8):
        with pytest.raises(NotApplicable):
            read(noise(seed, 1 << 20))


def test_more_files_than_a_search_reports_at_once_are_all_found() -> None:
    tiny = picture("JPEG", size=(8, 8))
    data = noise(9, 64) + b"".join(tiny + noise(n, 40) for n in range(300))
    assert len(contents(CarveOpener(), data).members) == 300


def test_counts_and_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = noise(9, 64) + b"".join(JPEG + noise(n, 40) for n in range(5))
    monkeypatch.setattr(carve, "MAX_CARVED", 3)
    seen = read(data)
    assert (len(seen.members), seen.flags) == (3, {"count_limit", "carved"})
    monkeypatch.setattr(carve, "MAX_SEARCHED", 2 * len(JPEG))
    assert read(data).flags == {"size_limit", "carved"}


def test_looking_for_ends_stops_by_what_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carve, "_READS_FLOOR", 0)
    monkeypatch.setattr(carve, "_READS", 1)
    header = b"GIF89a\1\0\1\0\0\0\0!\1" + b"\xff" + bytes(range(1, 256))
    seen = read(noise(1, 64) + header * 200)
    assert "count_limit" in seen.flags


@pytest.mark.parametrize(
    "liar",
    [
        b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff" + bytes(40),
        b"\x89PNG\r\n\x1a\n\x7f\xff\xff\xffIHDR" + bytes(40),
        struct.pack(">I4s4sI4sI4sQ", 20, b"ftyp", b"isom", 0, b"isom", 1, b"mdat", 1 << 62),
        b"BM"
        + struct.pack("<IIIIiiHHIIIIII", 1 << 31, 0, 54, 40, 1 << 30, -(1 << 30), 1, 24, *[0] * 6),
        struct.pack("<2sHIH", b"II", 42, 8, 6)
        + b"".join(struct.pack("<HHII", t, 4, 1 << 30, 8) for t in (256, 257, 273, 279, 330, 513))
        + struct.pack("<I", 8),
    ],
)
def test_liars_about_size_cost_nothing_and_end_in_the_file(liar: bytes) -> None:
    data = noise(1, 50) + liar + noise(2, 3000)
    try:
        seen = read(data)
    except NotApplicable:
        return
    assert all(len(content) <= len(data) for content in seen.data.values())


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(WHOLE)),
    st.integers(0, 500),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(
    media_type: str, cut: int, flips: list[tuple[int, int]]
) -> None:
    changed = damaged(WHOLE[media_type], cut, flips)
    for kind in WHOLE:
        found = extent(MemoryBlob(changed), 0, kind)
        assert found is None or 0 < found.end <= len(changed)
    keeps_the_contract(CarveOpener(), changed)
    keeps_the_contract(CarveOpener(), noise(1, 64) + changed)


def test_a_picture_decodes_from_what_was_carved() -> None:
    seen = read(noise(1, 64) + WHOLE["image/tiff"] + noise(2, 64))
    [content] = seen.data.values()
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (40, 30)
