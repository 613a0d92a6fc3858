"""The credentials of real files: tier exact on all, level as DESIGN §5 has it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from assay.core.contract import Settings
from assay.core.errors import NotApplicable
from assay.examiners.c2pa import C2paExaminer
from assay.trust.anchors import AnchorTable, Role, load_pem
from tests.support.views import make_view

pytestmark = pytest.mark.shared_data

# Every file whose level is not the default of its tier ("N" for none, remote and unreadable).
LEVELS = {
    "adobe-20240110-single_manifest_store.pdf": "S5",
    "Firefly_tabby_cat.jpg": "S5",
    "gemini_img.png": "S5",
    "ChatGPT_Image.png": "S3",
    "firefly_pixel_tampered.jpg": "S1",  # invalid: the statement is worth no more than text
    "spoofed_issuer_ai_on_camera.jpg": "S1",  # self-made, named Google LLC
    "car-es-Ps-Cr.jpg": "E",  # an opened photo recorded as componentOf
    "ocsp.jpg": "E",
    "ocsp_with_assertion.jpg": "E",
    "cloudscape-ACA-Cr.jpeg": "E",  # names an opened ingredient
    "C_with_CAWG_data.jpg": "N",  # an unproven capture
    "untrusted_digitalcapture.jpg": "N",
}


@pytest.fixture(scope="module")
def examiner(shared_data: Path) -> C2paExaminer:
    folder = shared_data / "provenance" / "trust"
    anchors = [
        *load_pem(folder / "c2pa-trust-list.pem", name="official", role=Role.SIGNER),
        *load_pem(folder / "c2pa-tsa-trust-list.pem", name="official", role=Role.TIMESTAMP),
        *load_pem(folder / "interim_allowed.pem", name="interim", role=Role.SIGNER),
    ]
    for role in Role:  # one file holds the interim list's signers and its time-stamp authorities
        anchors += load_pem(folder / "interim_anchors.pem", name="interim", role=role)
    rows = AnchorTable.of(anchors).to_json()
    found = C2paExaminer()
    found.prepare(Settings(evaluation_date="2026-11-22", options={"c2pa": {"anchors": rows}}))
    return found


def tier_and_level(examiner: C2paExaminer, path: Path) -> tuple[str, str]:
    from assay.media.sniff import sniff

    data = path.read_bytes()
    media_type = sniff(data[: 1 << 16], len(data)) if data else "inode/x-empty"
    try:
        found = list(examiner.examine(make_view(examiner, data, media_type)))
    except NotApplicable:
        return "none", "N"
    credential = next(o for o in found if o.kind == "c2pa")
    return str(credential.value["tier"]), credential.level.value


def test_the_tier_is_exact_on_every_file(examiner: C2paExaminer, shared_data: Path) -> None:
    folder = shared_data / "provenance"
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        wanted = {row["file"]: row["trust_tier"] for row in csv.DictReader(file)}
    assert len(wanted) == 114
    found = {name: tier_and_level(examiner, folder / name)[0] for name in wanted}
    assert found == wanted


def test_the_level_follows_the_evidence_scale(examiner: C2paExaminer, shared_data: Path) -> None:
    folder = shared_data / "provenance" / "files"
    paths = {path.name: path for path in folder.rglob("*.*") if path.name in LEVELS}
    found = {name: tier_and_level(examiner, path)[1] for name, path in paths.items()}
    assert found == LEVELS


def test_the_second_reader_disagrees_on_two_files_alone(
    examiner: C2paExaminer, shared_data: Path
) -> None:
    folder = shared_data / "provenance" / "files"
    differs = set()
    for path in sorted(folder.rglob("*.*")):
        data = path.read_bytes()
        if b"jumb" not in data or path.suffix not in (".jpg", ".jpeg", ".png"):
            continue
        media_type = "image/png" if path.suffix == ".png" else "image/jpeg"
        found = list(examiner.examine(make_view(examiner, data, media_type)))
        if any(o.value.get("flag") == "second_opinion_differs" for o in found):
            differs.add(path.name)
    assert differs == {"update_manifest.jpg", "adobe-20220124-E-uri-CIE-sig-CA.jpg"}
