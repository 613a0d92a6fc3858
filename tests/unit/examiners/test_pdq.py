"""``pdq`` hashes a picture as the lists do, and other renderings where they hash differently."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from assay.core.blob import MemoryBlob
from assay.core.contract import Frame
from assay.core.errors import Malformed, NotApplicable
from assay.core.facts import Observation, Sha256
from assay.engine.stage import run_examiner
from assay.engine.view import Shared
from assay.examiners.pdq import PdqExaminer
from assay.media.pdq import pdq_hash
from tests.support.collages import band, grid, photo
from tests.support.planes import encoded, make
from tests.support.views import make_view

CAT = make("chelsea", 0, 320, 240, 3)


def examined(data: bytes, media_type: str) -> list[Observation]:
    examiner = PdqExaminer()
    return list(examiner.examine(make_view(examiner, data, media_type)))


def test_a_jpeg_is_hashed_from_its_y_plane() -> None:
    jpeg = encoded(CAT, "JPEG")
    y = Image.open(io.BytesIO(jpeg))
    y.draft("L", y.size)
    (seen,) = examined(jpeg, "image/jpeg")
    assert (seen.value["hash"], seen.value["plane"]) == (pdq_hash(np.asarray(y)).hex, "Y")


def test_a_png_is_hashed_from_unrounded_rgb() -> None:
    (seen,) = examined(encoded(CAT, "PNG"), "image/png")
    assert (seen.value["hash"], seen.value["plane"]) == (pdq_hash(CAT).hex, "RGB")


def test_quality_algorithm_version_and_decoder_are_recorded() -> None:
    (seen,) = examined(encoded(CAT, "PNG"), "image/png")
    assert seen.value["quality"] == pdq_hash(CAT).quality
    assert (seen.value["algorithm"], seen.value["version"]) == ("pdq", "pdqhash-0.2.8")
    assert str(seen.value["decoder"]).startswith("Pillow ")


def test_the_hashes_of_the_picture_turned_are_recorded() -> None:
    (seen,) = examined(encoded(CAT, "PNG"), "image/png")
    turned = str(seen.value["turned"])
    wanted = (np.fliplr(CAT), np.flipud(CAT), np.rot90(CAT, 2))
    assert turned == "".join(pdq_hash(each).hex for each in wanted)


def test_a_picture_too_small_to_hash_has_no_turned_hashes() -> None:
    (seen,) = examined(encoded(CAT[:4], "PNG"), "image/png")
    assert (seen.value["quality"], "turned" in seen.value) == (0, False)


def test_a_picture_between_bars_is_hashed_without_them_too() -> None:
    barred = np.pad(CAT, ((40, 30), (0, 0), (0, 0)))
    main, part = examined(encoded(barred, "PNG"), "image/png")
    assert (main.kind, main.value["hash"]) == ("pdq", pdq_hash(barred).hex)
    assert part.kind == "pdq_part"
    assert part.locator == "region 0,40,320,240"
    assert dict(part.value) == {
        **dict(main.value),
        "hash": pdq_hash(CAT).hex,
        "quality": pdq_hash(CAT).quality,
        "turned": pdq_hash(CAT).turned.hex(),
        "part": "without bars",
        "region": "0,40,320,240",
    }


def test_parts_of_a_jpeg_are_hashed_from_its_y_plane() -> None:
    picture = photo(0)
    jpeg = encoded(np.concatenate((band(300, 60), picture)), "JPEG", quality=90)
    (part,) = (o for o in examined(jpeg, "image/jpeg") if o.value.get("part") == "without caption")
    assert part.value["plane"] == "Y"
    made = int(str(part.value["hash"]), 16) ^ int(pdq_hash(picture).hex, 16)
    assert made.bit_count() <= 10


def test_each_panel_of_a_collage_is_hashed() -> None:
    pictures = [photo(n) for n in range(4)]
    seen = examined(encoded(grid([pictures[:2], pictures[2:]], 6), "PNG"), "image/png")
    panels = {o.value["hash"]: o.value["part"] for o in seen if o.kind == "pdq_part"}
    assert [panels.get(pdq_hash(each).hex) for each in pictures] == [
        "panel 1", "panel 2", "panel 3", "panel 4",
    ]  # fmt: skip


def test_a_part_without_detail_is_not_recorded() -> None:
    flat = np.pad(make("ramp", 3, 200, 150, 1), 40)
    assert [o.kind for o in examined(encoded(flat, "PNG"), "image/png")] == ["pdq"]


def test_parts_of_a_frame_name_the_frame() -> None:
    film = [Image.fromarray(np.pad(photo(n), ((40, 40), (0, 0)))) for n in range(3)]
    out = io.BytesIO()
    film[0].save(out, "GIF", save_all=True, append_images=film[1:], duration=100)
    shared = Shared(MemoryBlob(out.getvalue()), 1 << 26, "image/gif")
    shared.sha256 = Sha256("0" * 64)
    seen, failure = run_examiner(PdqExaminer(), shared, "")
    assert failure is None
    found = [o.locator for o in seen if o.kind == "pdq_part"]
    assert found[0] == "region 0,40,300,220"  # of the file itself
    assert found[1:] == [f"frame {n}, time 0.{n}00 s, region 0,40,300,220" for n in range(3)]
    assert [frame and frame.index for frame in map(Frame.of, found)] == [None, 0, 1, 2]


def test_orientation_does_not_change_the_hash() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (plain,) = examined(encoded(CAT, "JPEG"), "image/jpeg")
    (turned,) = examined(encoded(CAT, "JPEG", exif=exif), "image/jpeg")
    assert turned.value["hash"] == plain.value["hash"]


def test_a_hash_of_the_rendering_on_white_is_added_where_it_differs() -> None:
    mask = np.zeros(CAT.shape[:2], np.uint8)
    mask[:, 160:] = 255
    main, variant = examined(encoded(np.dstack([CAT, mask]), "PNG"), "image/png")
    assert main.value["hash"] == pdq_hash(CAT).hex
    assert (variant.kind, variant.value["rendering"]) == ("pdq_variant", "alpha")
    assert variant.value["hash"] != main.value["hash"]


def test_a_hash_of_the_true_16_bit_rendering_is_added() -> None:
    deep = make("camera", 0, 320, 240, 1).astype(np.uint16) * 257
    _, variant = examined(encoded(Image.fromarray(deep), "PNG"), "image/png")
    assert variant.value["rendering"] == "16-bit"
    assert variant.value["hash"] == pdq_hash(make("camera", 0, 320, 240, 1)).hex


def test_what_cannot_be_decoded_counts_as_a_failed_check() -> None:
    with pytest.raises(Malformed):
        examined(b"\xff\xd8\xff\xe0 no picture", "image/jpeg")


def test_svg_has_no_pdq() -> None:
    with pytest.raises(NotApplicable):
        examined(b"<svg/>", "image/svg+xml")
