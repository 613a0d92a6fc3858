"""The examiner ``camera``: C1, C2, structure rules, editors."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from assay.core.contract import Settings
from assay.core.facts import Observation
from assay.core.vocab import Level, Polarity
from assay.examiners.camera import CameraExaminer
from assay.media.sniff import sniff
from tests.support.facts import seen
from tests.support.photos import EXPOSURE, MAKE, MODEL, exif_block, photo, scene
from tests.support.tiffs import ASCII, LONG, RATIONAL, block
from tests.support.views import make_view

SMALL = (160, 120)


def examine(
    data: bytes,
    media_type: str = "image/jpeg",
    earlier: Iterable[Observation] = (),
    timezone: str | None = None,
) -> list[Observation]:
    examiner = CameraExaminer()
    examiner.prepare(Settings(evaluation_date="2026-01-01", timezone=timezone))
    return list(examiner.examine(make_view(examiner, data, media_type, earlier)))


def the_camera(rows: list[Observation]) -> Observation:
    (camera,) = [o for o in rows if o.kind == "camera"]
    return camera


def level(rows: list[Observation]) -> Level | None:
    return next((o.level for o in rows if o.kind == "camera"), None)


def outcomes(rows: list[Observation]) -> set[tuple[object, object]]:
    return {(o.value["rule"], o.value["outcome"]) for o in rows if o.kind == "structure"}


def test_a_photo_whose_file_agrees_with_its_camera_is_c2() -> None:
    rows = examine(photo(scene(), exif_block(thumbnail=scene(size=SMALL))))
    camera = the_camera(rows)
    assert (camera.level, camera.polarity) == (Level.C2, Polarity.CAMERA)
    assert camera.value["agrees"] == {"size": True, "thumbnail": True, "container": True}
    assert camera.value["text"] == (
        "Example Corp Model 7; taken 2024-05-06T07:08:09 (unknown); the file agrees with it"
    )


def test_a_missing_thumbnail_and_maker_note_are_neutral() -> None:
    rows = examine(photo(scene(), exif_block()))
    assert level(rows) is Level.C2
    assert rows[0].value["maker_note"] is False


@pytest.mark.parametrize(
    "exif",
    [
        exif_block(make=""),
        exif_block(model=""),
        exif_block(exposure=()),
        exif_block(taken=()),
        exif_block(taken=[(0x9003, ASCII, "0000:00:00 00:00:00")]),
        exif_block(stated=None),
        exif_block(thumbnail=Image.new("RGB", SMALL)),
    ],
    ids=["make", "model", "exposure", "time", "zero time", "size", "thumbnail unclear"],
)
def test_what_is_missing_or_not_checkable_leaves_c1(exif: bytes) -> None:
    rows = examine(photo(scene(), exif))
    assert level(rows) is Level.C1
    assert outcomes(rows) == set()


def test_one_exposure_value_is_enough() -> None:
    assert level(examine(photo(scene(), exif_block(exposure=EXPOSURE[:1])))) is Level.C2


def test_a_picture_that_does_not_decode_cannot_agree() -> None:
    data = photo(scene(), exif_block())
    head = data[: data.index(b"\xff\xda")]
    assert level(examine(head)) is Level.C1


def test_a_picture_without_camera_text_gives_nothing() -> None:
    assert examine(photo(scene(), block([(0x010E, ASCII, "a lighthouse")]))) == []


def test_a_caption_that_only_cameras_write_is_c1() -> None:
    data = photo(scene(), block([(0x010E, ASCII, "OLYMPUS DIGITAL CAMERA         ")]))
    assert level(examine(data)) is Level.C1


def test_a_workflow_in_make_and_model_is_no_camera() -> None:
    graph = block([(MAKE, ASCII, 'workflow:{"nodes":[]}'), (MODEL, ASCII, 'prompt:{"3":{}}')])
    assert examine(photo(scene(), graph, "WEBP"), "image/webp") == []


def test_fields_that_a_generators_dialect_claims_are_no_camera() -> None:
    record = seen("generator", Level.S1, examiner="genparams", claimed_fields=["Make", "Model"])
    data = photo(scene(), block([(MAKE, ASCII, "a graph"), (MODEL, ASCII, "a prompt")]))
    assert examine(data, earlier=[record]) == []
    assert level(examine(data)) is Level.C1


def test_a_record_in_one_block_does_not_claim_the_names_of_another() -> None:
    record = seen("generator", Level.S1, examiner="genparams", claimed_fields=["Make", "Model"])
    elsewhere = replace(record, locator="bytes 900000-900100")
    assert level(examine(photo(scene(), exif_block()), earlier=[elsewhere])) is Level.C2


def test_another_thumbnail_is_a_contradiction() -> None:
    rows = examine(photo(scene(), exif_block(thumbnail=scene("coffee", SMALL))))
    assert outcomes(rows) == {("thumbnail_differs", "contradiction")}
    assert level(rows) is Level.C1
    assert {o.level for o in rows if o.kind == "structure"} == {Level.N}


def test_other_proportions_are_a_contradiction() -> None:
    rows = examine(photo(scene(size=(300, 300)), exif_block()))
    assert outcomes(rows) == {("proportions_differ", "contradiction")}


def test_a_size_that_no_number_holds_contradicts_and_never_raises() -> None:
    sides = (16.0, 1.7e308)  # DOUBLE, which TIFF knows and cameras do not write
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", 3)
    rows = b"".join(struct.pack("<HHII", 0x100 + n, 12, 1, 50 + 8 * n) for n in (0, 1))
    rows += struct.pack("<HHII", 0x10F, 2, 8, 66) + b"\0\0\0\0"
    exif = head + rows + struct.pack("<2d", *sides) + b"Example\0"
    out = io.BytesIO()
    Image.new("RGB", (640, 480)).save(out, "JPEG", exif=b"Exif\0\0" + exif)
    found = examine(out.getvalue())
    assert level(found) is Level.C1
    assert ("proportions_differ", "contradiction") in outcomes(found)


def test_a_named_editor_explains_what_would_contradict() -> None:
    rows = examine(photo(scene(size=(300, 300)), exif_block(software="GIMP 2.10.30")))
    assert outcomes(rows) == {("proportions_differ", "explained")}
    (editor,) = [o for o in rows if o.kind == "editor"]
    assert (editor.level, editor.polarity) == (Level.E, Polarity.EDITED)
    assert editor.value["tool"] == "GIMP 2.10.30"


@pytest.mark.parametrize("size", [(200, 150), (133, 100), (64, 48), (150, 200)])
def test_a_photo_scaled_down_is_a_resave_and_never_a_contradiction(size: tuple[int, int]) -> None:
    rows = examine(photo(scene(size=size), exif_block(thumbnail=scene(size=SMALL))))
    assert ("smaller_same_proportions", "resave") in outcomes(rows)
    assert "contradiction" not in {outcome for _, outcome in outcomes(rows)}
    assert {o.level for o in rows if o.kind == "structure"} == {Level.E}


def test_a_photo_turned_with_its_numbers_left_is_not_contradicted() -> None:
    turned = scene().rotate(90, expand=True)
    rows = examine(photo(turned, exif_block(thumbnail=scene(size=SMALL))))
    assert level(rows) is Level.C2
    assert outcomes(rows) == set()


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("WEBP", "image/webp")])
def test_camera_text_in_a_container_that_no_camera_writes_is_a_resave(
    kind: str, media_type: str
) -> None:
    rows = examine(photo(scene(), exif_block(), kind), media_type)
    assert outcomes(rows) == {("foreign_container", "resave")}
    assert level(rows) is Level.C1


def test_a_comment_that_names_an_editor_is_an_editor() -> None:
    data = photo(scene(), block([]), comment="Created with GIMP")
    (editor,) = examine(data)
    assert (editor.kind, editor.level) == ("editor", Level.E)


def test_position_zone_and_serial_are_shown() -> None:
    degrees = b"".join(n.to_bytes(4, "little") + (1).to_bytes(4, "little") for n in (52, 30, 0))
    data = photo(
        scene(),
        block(
            [(MAKE, ASCII, "Example Corp"), (MODEL, ASCII, "Model 7")],
            exif=[
                *EXPOSURE,
                (0x9003, ASCII, "2024:05:06 07:08:09"),
                (0x9011, ASCII, "+02:00"),
                (0xA431, ASCII, "A123"),
                (0xA434, ASCII, "Lens 35"),
                (0xA002, LONG, 400),
                (0xA003, LONG, 300),
            ],
            gps=[(1, ASCII, "S"), (2, RATIONAL, degrees), (3, ASCII, "E"), (4, RATIONAL, degrees)],
        ),
    )
    camera = the_camera(examine(data))
    assert camera.value["zone"] == "+02:00"
    assert camera.value["serial"] == "A123"
    assert camera.value["lens"] == "Lens 35"
    assert camera.value["gps"] == [-52.5, 52.5]


def test_a_zoneless_time_takes_the_cases_zone_as_assumed() -> None:
    camera = the_camera(examine(photo(scene(), exif_block()), timezone="Europe/Amsterdam"))
    assert camera.value["zone"] == "assumed Europe/Amsterdam"


def _rows(shared_data: Path) -> list[tuple[str, str, bytes]]:
    folder = shared_data / "provenance"
    with (folder / "manifest.csv").open() as file:
        return [
            (row["file"], row["expected_verdict"], (folder / row["file"]).read_bytes())
            for row in csv.DictReader(file)
        ]


# Cropped by an app that names no editor in its metadata: DESIGN §5 calls that a contradiction,
# whatever the label says. (Its credential names an opened picture, which makes the file *edited*.)
CONTRADICTED = {"files/contentauth/cloudscape-ACA-Cr.jpeg"}
# Cropped in the phone's own gallery. The label camera_supported rests on the EXIF text alone; the
# picture is 2566×3313 of the stated 4032×3024. Its XMP packet is one that iOS writes when it
# renders a picture anew: xmp:CreatorTool is the system's version and xmp:ModifyDate stands beside
# it (XMP part 1, 8.4: CreatorTool names the tool that made the resource). So an editor is named in
# the field where programs name themselves, which rule 1 of DESIGN §5 asks for: edited, no conflict.
GALLERY = {"files/ianare/IMG_5195.HEIC"}
CROPPED = CONTRADICTED | GALLERY
# Labelled camera_supported for its EXIF alone: scaled down, or no size stated to agree with
WEAKER = {
    "files/contentauth/crater-lake.jpeg",
    "files/ianare/olympus-c960.jpg",
    "files/ianare/kodak-dc240.jpg",
    "files/ianare/jolla.jpg",
}


@pytest.mark.shared_data
def test_real_files_get_the_level_that_their_label_asks_for(shared_data: Path) -> None:
    for name, label, data in _rows(shared_data):
        rows = examine(data, sniff(data[: 1 << 16], len(data)))
        contradicted = "contradiction" in {outcome for _, outcome in outcomes(rows)}
        forged = name == "files/derived/camera_exif_on_generated_pixels.jpg"
        assert contradicted is (forged or name in CONTRADICTED), name
        assert any(o.value.get("program") == "Apple Photos" for o in rows) is (name in GALLERY)
        if label == "camera_supported" and name not in CROPPED | WEAKER:
            assert level(rows) is Level.C2, name
        if label.startswith("synthetic") or name.endswith("45-gps_ifd.jpg"):
            assert level(rows) is None, name


@pytest.mark.shared_data
def test_real_photos_scaled_down_or_turned_are_never_contradicted(shared_data: Path) -> None:
    for name, label, data in _rows(shared_data):
        if label != "camera_supported" or name in CROPPED or not name.endswith(".jpg"):
            continue
        picture = Image.open(io.BytesIO(data))
        picture.draft("RGB", (800, 800))
        exif = picture.info["exif"]
        for factor in (0.5, 0.21):
            small = picture.resize([max(33, round(side * factor)) for side in picture.size])
            for made in (small, small.rotate(90, expand=True)):
                out = io.BytesIO()
                made.save(out, "JPEG", exif=exif, quality=70)
                rows = examine(out.getvalue())
                assert {o for _, o in outcomes(rows)} <= {"resave"}, name


@pytest.mark.shared_data
def test_no_original_of_the_real_photos_is_contradicted(shared_data: Path) -> None:
    folder = shared_data / "images"
    with (folder / "manifest.csv").open() as file:
        paths = [
            folder / row["path"]
            for row in csv.DictReader(file)
            if row["label"] == "real" and row["original_or_crop"] == "original"
        ]
    named = 0
    for path in paths:
        data = path.read_bytes()
        rows = examine(data, sniff(data[: 1 << 16], len(data)))
        named += level(rows) is not None
        assert "contradiction" not in {outcome for _, outcome in outcomes(rows)}, path.name
    print(f"false conflicts: 0 of {named} originals with camera text ({len(paths)} files)")
    assert named > 40
