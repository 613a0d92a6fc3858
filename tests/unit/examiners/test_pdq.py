"""``pdq`` hashes a picture as the lists do, and other renderings where they hash differently."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import Malformed, NotApplicable
from assay.core.facts import Observation
from assay.examiners.pdq import PdqExaminer
from assay.media.pdq import pdq_hash
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
