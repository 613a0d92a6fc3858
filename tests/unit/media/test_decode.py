"""Pictures decode once, as the known-hash lists were made, and never past the contract."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from assay.core.contract import PictureInfo
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.media.decode import PIXEL_LIMIT, hash_plane, open_picture, warm
from assay.media.decode_headers import (
    gif_frames,
    jpeg_header,
    png_pixels,
    tiff_pages,
    webp_is_lossless,
)
from assay.media.decode_samples import SAMPLES
from assay.media.pdq import pdq_hash
from tests.support.planes import encoded, make

CAT = make("chelsea", 0, 320, 240, 3)
SAMPLE = dict(SAMPLES)


def png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8) -> bytes:
    """Return a PNG of the given chunks after a grey header."""
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    out = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", header), *chunks, (b"IEND", b"")):
        crc = zlib.crc32(name + body)
        out += struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)
    return out


def with_exif(jpeg: bytes, orientation: int) -> bytes:
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(
        ">HHI", orientation, 0, 0
    )
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def flags(data: bytes, media_type: str) -> list[str]:
    return [t.flag for t in open_picture(data, media_type).troubles]


# what each format gives


@pytest.mark.parametrize(("media_type", "data"), SAMPLES, ids=lambda v: str(v)[:20])
def test_every_decoder_gives_its_sample_whole(media_type: str, data: bytes) -> None:
    picture = open_picture(data, media_type)
    info = picture.info
    assert (info.decoded, picture.troubles) == ("full", ())
    assert picture.luma().shape == (info.height, info.width)
    assert picture.rgb().shape == (info.height, info.width, 3)


def test_a_ycbcr_jpeg_gives_its_stored_y_plane() -> None:
    jpeg = encoded(CAT, "JPEG", quality=85)
    y = Image.open(io.BytesIO(jpeg))
    y.draft("L", y.size)
    picture = open_picture(jpeg, "image/jpeg")
    assert np.array_equal(picture.luma(), np.asarray(y))
    assert (picture.info.mode, hash_plane(picture.info)) == ("YCbCr", "Y")


def test_a_grey_jpeg_gives_its_only_plane() -> None:
    jpeg = encoded(CAT[..., 0], "JPEG")
    picture = open_picture(jpeg, "image/jpeg")
    assert np.array_equal(picture.luma(), np.asarray(Image.open(io.BytesIO(jpeg))))
    assert (picture.info.mode, hash_plane(picture.info)) == ("L", "Y")


def test_an_rgb_jpeg_is_hashed_from_rgb() -> None:
    jpeg = encoded(CAT, "JPEG", keep_rgb=True)
    picture = open_picture(jpeg, "image/jpeg")
    assert (picture.info.mode, hash_plane(picture.info)) == ("RGB", "RGB")
    assert np.array_equal(picture.rgb(), np.asarray(Image.open(io.BytesIO(jpeg))))


def test_a_progressive_jpeg_decodes_like_any_other() -> None:
    picture = open_picture(encoded(CAT, "JPEG", progressive=True), "image/jpeg")
    assert picture.info.decoded == "full"


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("palette PNG", encoded(Image.fromarray(CAT).quantize(256), "PNG"), "image/png"),
        ("GIF", encoded(Image.fromarray(CAT).quantize(256), "GIF"), "image/gif"),
        ("CMYK JPEG", encoded(Image.fromarray(CAT).convert("CMYK"), "JPEG"), "image/jpeg"),
        ("RGBA PNG", encoded(Image.fromarray(CAT).convert("RGBA"), "PNG"), "image/png"),
    ],
)
def test_a_mode_that_peers_get_wrong_stays_close_to_the_original(
    name: str, data: bytes, media_type: str
) -> None:
    distance = pdq_hash(open_picture(data, media_type).rgb()).distance(pdq_hash(CAT))
    assert distance <= 8, name


def test_a_one_bit_picture_keeps_its_contrast_and_so_its_quality() -> None:
    bits = Image.fromarray(CAT).convert("1")
    picture = open_picture(encoded(bits, "PNG"), "image/png")
    assert picture.info.bits == 1
    assert set(np.unique(picture.luma())) == {0, 255}
    assert pdq_hash(picture.rgb()).quality > 0


def test_everything_but_jpeg_follows_pillows_convert_rgb() -> None:
    for mode in ("P", "1", "L", "LA", "RGBA"):
        data = encoded(Image.fromarray(CAT).convert(mode), "PNG")
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        assert np.array_equal(open_picture(data, "image/png").rgb(), expected), mode


def test_the_luma_of_an_rgb_picture_is_rec_601_rounded() -> None:
    luma = open_picture(encoded(CAT, "PNG"), "image/png").luma().astype(float)
    assert np.abs(luma - CAT @ np.array([0.299, 0.587, 0.114])).max() < 0.51


# orientation, alpha, depth


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation_is_reported_and_not_applied(orientation: int) -> None:
    jpeg = with_exif(encoded(CAT, "JPEG"), orientation)
    picture = open_picture(jpeg, "image/jpeg")
    assert picture.info.orientation == orientation
    assert picture.luma().shape == (240, 320)


def test_orientation_is_read_from_png_webp_and_tiff() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind, media_type in (("PNG", "image/png"), ("WEBP", "image/webp"), ("TIFF", "image/tiff")):
        data = encoded(CAT, kind, exif=exif)
        assert open_picture(data, media_type).info.orientation == 6, kind


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_tiff_that_pillow_turns_is_given_as_stored_and_turned_as_a_variant(
    orientation: int,
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = open_picture(encoded(CAT, "TIFF", exif=exif), "image/tiff")
    assert (picture.info.width, picture.info.height) == (320, 240)
    assert np.array_equal(picture.rgb(), CAT)
    assert [v.name for v in picture.variants()] == ["orientation"]


def test_alpha_is_dropped_and_the_composited_rendering_is_a_variant() -> None:
    hidden = np.dstack([CAT, np.zeros(CAT.shape[:2], np.uint8)])
    picture = open_picture(encoded(hidden, "PNG"), "image/png")
    assert picture.info.has_alpha
    assert np.array_equal(picture.rgb(), CAT)
    (variant,) = picture.variants()
    assert variant.name == "alpha"
    assert (variant.luma == 255).all()


def test_an_opaque_alpha_channel_makes_no_variant() -> None:
    assert (
        open_picture(encoded(Image.fromarray(CAT).convert("RGBA"), "PNG"), "image/png").variants()
        == ()
    )


def test_a_transparent_palette_colour_makes_a_variant() -> None:
    image = Image.fromarray(CAT[..., 0]).quantize(4)
    data = encoded(image, "PNG", transparency=0)
    assert [v.name for v in open_picture(data, "image/png").variants()] == ["alpha"]


def test_16_bit_grey_is_clipped_as_pillow_does_and_its_full_range_is_a_variant() -> None:
    deep = np.linspace(0, 65535, 64 * 48).astype(np.uint16).reshape(48, 64)
    picture = open_picture(encoded(Image.fromarray(deep), "PNG"), "image/png")
    assert picture.info.bits == 16
    assert (picture.luma() == 255).mean() > 0.99
    (variant,) = picture.variants()
    assert variant.name == "16-bit"
    assert np.array_equal(variant.luma, np.rint(deep / 257).astype(np.uint8))


def test_a_float_tiff_has_a_variant_over_its_own_range() -> None:
    values = np.linspace(-1, 3, 64 * 48).astype(np.float32).reshape(48, 64)
    (variant,) = open_picture(encoded(Image.fromarray(values), "TIFF"), "image/tiff").variants()
    assert (variant.luma.min(), variant.luma.max()) == (0, 255)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("channels", [3, 4])
def test_pixels_of_a_lossless_kind_are_every_value_as_stored(kind: str, channels: int) -> None:
    stored = np.random.default_rng(5).integers(0, 256, (40, 56, channels), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(stored).save(out, kind, lossless=True, exact=True)
    picture = open_picture(out.getvalue(), f"image/{kind.lower()}")
    for columns, expected in ((None, stored), (7, stored[:, :7]), (999, stored)):
        pixels = picture.pixels(columns)
        assert pixels is not None
        assert np.array_equal(pixels, expected)


def _as(kind: str, mode: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(CAT).convert(mode).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (_as("JPEG", "RGB"), "image/jpeg"),
        (_as("WEBP", "RGB", quality=90), "image/webp"),
        (_as("PNG", "P"), "image/png"),
        (_as("PNG", "L"), "image/png"),
        (_as("GIF", "P"), "image/gif"),
        (_as("TIFF", "RGB"), "image/tiff"),
    ],
    ids=["jpeg", "lossy webp", "palette", "grey", "gif", "tiff"],
)
def test_a_kind_that_stores_no_plain_pixels_gives_none(data: bytes, media_type: str) -> None:
    assert open_picture(data, media_type).pixels() is None


def test_16_bit_colours_are_not_pixels_as_stored() -> None:
    row = b"\0" + bytes(range(12))
    body = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    out = b"\x89PNG\r\n\x1a\n"
    for name, chunk in ((b"IHDR", body), (b"IDAT", zlib.compress(row)), (b"IEND", b"")):
        crc = zlib.crc32(name + chunk)
        out += struct.pack(">I", len(chunk)) + name + chunk + struct.pack(">I", crc)
    picture = open_picture(out, "image/png")
    assert (picture.info.mode, picture.info.bits) == ("RGB", 16)
    assert picture.pixels() is None


def test_an_animated_webp_is_no_lossless_still() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert not webp_is_lossless(out.getvalue())
    assert not webp_is_lossless(b"RIFF\0\0\0\0WEBP")


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_rgb_is_scaled_to_the_side_asked_for(kind: str) -> None:
    picture = open_picture(encoded(CAT, kind), f"image/{kind.lower()}")
    small = picture.rgb(100)
    assert small.shape == (75, 100, 3)
    whole = np.asarray(Image.fromarray(CAT).resize((100, 75), Image.Resampling.BOX), dtype=int)
    assert np.abs(small - whole).mean() < 4


# damage


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("GIF", "image/gif"), ("BMP", "image/bmp")],
)
def test_half_a_file_gives_its_top_and_says_that_it_is_cut(kind: str, media_type: str) -> None:
    picture = Image.fromarray(CAT).quantize(64) if kind == "GIF" else Image.fromarray(CAT)
    whole = encoded(picture, kind)
    expected = open_picture(whole, media_type).luma()
    found = open_picture(whole[: len(whole) * 6 // 10], media_type)
    assert found.info.decoded == "partial"
    assert [t.flag for t in found.troubles] == ["truncated"]
    rows = slice(-40, -10) if kind == "BMP" else slice(0, 30)  # BMP stores the last row first
    assert np.array_equal(found.luma()[rows], expected[rows])


def test_a_cut_webp_still_gives_a_picture_and_says_so() -> None:
    whole = encoded(CAT, "WEBP", quality=80)
    found = open_picture(whole[: len(whole) * 7 // 10], "image/webp")
    assert (found.info.decoded, [t.flag for t in found.troubles]) == ("partial", ["truncated"])
    expected = open_picture(whole, "image/webp").luma()
    assert np.abs(found.luma()[:60].astype(int) - expected[:60]).mean() < 2


def test_damage_in_the_middle_of_a_jpeg_is_partial_and_malformed() -> None:
    jpeg = bytearray(encoded(CAT, "JPEG", quality=90))
    jpeg[len(jpeg) // 2 : len(jpeg) // 2 + 2] = b"\xff\xd9"
    found = open_picture(bytes(jpeg), "image/jpeg")
    assert (found.info.decoded, [t.flag for t in found.troubles]) == ("partial", ["malformed"])


def test_padding_before_a_jpegs_end_marker_is_no_damage() -> None:
    jpeg = encoded(CAT, "JPEG")
    padded = jpeg[:-2] + bytes(64) + jpeg[-2:]
    assert open_picture(padded, "image/jpeg").info.decoded == "full"


def test_the_tolerant_reading_never_leaks_into_pillow() -> None:
    open_picture(encoded(CAT, "PNG")[:30_000], "image/png")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize("media_type", [t for t, _ in SAMPLES])
def test_bytes_of_no_picture_are_malformed(media_type: str) -> None:
    for data in (b"", b"\0", b"not a picture at all" * 20, SAMPLE[media_type][:16]):
        with pytest.raises(Malformed):
            open_picture(data, media_type)


def test_a_header_without_picture_data_is_malformed() -> None:
    jpeg = encoded(CAT, "JPEG")
    header = jpeg_header(jpeg)
    assert header is not None
    with pytest.raises(Malformed):
        open_picture(jpeg[: header.scan], "image/jpeg")
    with pytest.raises(Malformed):
        open_picture(png(8, 8), "image/png")


@pytest.mark.parametrize("media_type", ["image/svg+xml", "application/pdf", "image/x-canon-cr2"])
def test_what_has_no_decoder_does_not_apply(media_type: str) -> None:
    with pytest.raises(NotApplicable):
        open_picture(b"<svg/>", media_type)


def test_an_errors_words_hold_no_memory_address() -> None:
    with pytest.raises(Malformed, match="header cannot be read"):
        open_picture(b"GIF89a", "image/gif")


# bombs and frames


def test_more_pixels_than_the_limit_are_refused_from_the_header() -> None:
    side = int(PIXEL_LIMIT**0.5) + 1
    bombs = {
        "image/png": png(side, side, (b"IDAT", b"")),
        "image/gif": b"GIF89a"
        + struct.pack("<HH", 65535, 65535)
        + b"\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\0;",
        "image/bmp": b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0),
        "image/jpeg": b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\x01\x01\x11\0\xff\xda\0\x08",
    }
    for media_type, data in bombs.items():
        with pytest.raises(LimitReached) as caught:
            open_picture(data, media_type)
        assert caught.value.flag == "pixel_limit", media_type


def test_a_bomb_of_text_still_gives_its_pixels() -> None:
    bomb = zlib.compress(bytes(4 << 20), 9)
    pixels = zlib.compress(b"".join(b"\0" + bytes([row] * 4) for row in range(4)))
    chunks = [(b"zTXt", b"Comment\0\0" + bomb)] * 3
    data = png(4, 4, *chunks, (b"iCCP", b"p\0\0" + bomb), (b"IDAT", pixels))
    picture = open_picture(data, "image/png")
    assert picture.info.decoded == "full"
    assert np.array_equal(picture.luma()[:, 0], [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("GIF", "image/gif"), ("WEBP", "image/webp"), ("TIFF", "image/tiff"), ("PNG", "image/png")],
)
def test_the_first_frame_is_decoded_and_the_others_are_counted(kind: str, media_type: str) -> None:
    first = Image.fromarray(make("rings", 1, 40, 30, 1))
    others = [Image.fromarray(make("rings", n, 40, 30, 1)) for n in (2, 3)]
    data = encoded(first, kind, save_all=True, append_images=others)
    picture = open_picture(data, media_type)
    assert picture.info.frames == 3
    assert picture.troubles == ()  # whether the others are looked at, the motion examiner says
    assert np.abs(picture.luma().astype(int) - np.asarray(first)).mean() < 16


def test_frames_of_a_gif_are_counted_without_decoding_and_up_to_a_bound() -> None:
    frame = b"!\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0"
    data = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff" + frame * 12_000 + b";"
    assert open_picture(data, "image/gif").info.frames == 10_000


def test_a_looping_tiff_directory_chain_ends() -> None:
    data = b"II*\0\x08\0\0\0\0\0\x08\0\0\0" + bytes(8)
    assert tiff_pages(data) == 1


def test_a_picture_converted_in_strips_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(Image.fromarray(CAT).quantize(200), "PNG", transparency=bytes(range(200)))
    picture = open_picture(data, "image/png")
    whole = picture.luma(), picture.rgb(), picture.variants()[0].luma
    monkeypatch.setattr("assay.media.decode_planes._STRIP", 1000)
    strips = picture.luma(), picture.rgb(), picture.variants()[0].luma
    assert all(np.array_equal(a, b) for a, b in zip(whole, strips, strict=True))


def test_warming_twice_is_harmless() -> None:
    warm()
    warm()


# hostile bytes


def test_a_jpeg_whose_sampling_has_no_name_goes_to_the_other_decoder() -> None:
    data = bytearray(dict(SAMPLES)["image/jpeg"])
    data[data.index(b"\xff\xc0") + 11] = 0x14  # 1×4 samples, which simplejpeg ends with KeyError
    info = open_picture(bytes(data), "image/jpeg").info
    assert info.decoder.startswith("Pillow")


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_pictures_never_raise_past_the_contract(data: st.DataObject) -> None:
    media_type, sample = data.draw(st.sampled_from(SAMPLES))
    content = bytearray(sample)
    for _ in range(data.draw(st.integers(0, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(len(content) // 4, len(content)))]
    try:
        picture = open_picture(bytes(content), media_type)
    except (Malformed, LimitReached):
        return
    assert isinstance(picture.info, PictureInfo)
    assert picture.luma().shape == (picture.info.height, picture.info.width)
    assert picture.rgb(8).shape[2] == 3
    for variant in picture.variants():
        assert variant.luma.shape == picture.luma().shape


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"II*\0", b"\xff\xd8"]),
)
@settings(max_examples=100, deadline=None)
def test_header_readers_survive_any_bytes(tail: bytes, start: bytes) -> None:
    data = start + tail
    gif_frames(data)
    jpeg_header(data)
    png_pixels(data)
    assert tiff_pages(data) >= 1


# real files


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "media_type", "flag"),
    [
        ("truncated.jpg", "image/jpeg", "truncated"),
        ("gif_1500_frames.gif", "image/gif", None),
        ("ztxt_bomb.png", "image/png", None),
        ("exif_loop.jpg", "image/jpeg", None),
    ],
)
def test_a_hostile_file_decodes_with_its_finding(
    shared_data: Path, name: str, media_type: str, flag: str | None
) -> None:
    data = (shared_data / "evidence" / "hostile" / name).read_bytes()
    assert flags(data, media_type) == ([flag] if flag else [])


@pytest.mark.shared_data
def test_a_four_gigapixel_header_is_refused(shared_data: Path) -> None:
    data = (shared_data / "evidence" / "hostile" / "bomb_dims.png").read_bytes()
    with pytest.raises(LimitReached, match="65000×65000"):
        open_picture(data, "image/png")
