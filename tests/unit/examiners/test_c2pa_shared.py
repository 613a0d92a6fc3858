"""The credentials of real files: tier exact on all, level as DESIGN §5 has it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import pytest

from assay.core.contract import Settings
from assay.core.errors import NotApplicable
from assay.core.jsonvalue import Json, JsonObject
from assay.examiners.c2pa import C2paExaminer
from assay.trust.anchors import Anchor, AnchorTable, Role, load_pem
from assay.trust.lists import table
from assay.trust.shipped import shipped
from tests.support.authority import CREATED_BY_AI, certificates, picture, sign
from tests.support.credentials import SELF_MADE
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


DAY = "2026-11-22"  # of the case, fixed: another day is another tier


def examiner_of(anchors: Iterable[Anchor]) -> C2paExaminer:
    rows = AnchorTable.of(anchors).to_json()
    found = C2paExaminer()
    found.prepare(Settings(evaluation_date=DAY, options={"c2pa": {"anchors": rows}}))
    return found


def known(*, interim_role: Role | None = None) -> list[Anchor]:
    """Return what Assay ships; with a role, of the interim lists only that one."""
    return [
        anchor
        for entry, anchors in shipped()
        for anchor in anchors
        if entry.tier != "interim" or interim_role in (None, entry.role)
    ]


@pytest.fixture(scope="module")
def examiner(shared_data: Path) -> C2paExaminer:
    return examiner_of(known())


def tiers(examiner: C2paExaminer, folder: Path, names: Iterable[str]) -> dict[str, str]:
    return {name: tier_and_level(examiner, folder / name)[0] for name in names}


def labelled(folder: Path) -> dict[str, str]:
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return {row["file"]: row["trust_tier"] for row in csv.DictReader(file)}


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


def credential_of(examiner: C2paExaminer, path: Path) -> JsonObject:
    media_type = "image/png" if path.suffix == ".png" else "image/jpeg"
    found = examiner.examine(make_view(examiner, path.read_bytes(), media_type))
    return next(o.value for o in found if o.kind == "c2pa")


def rows(value: Json) -> list[JsonObject]:
    assert isinstance(value, list)
    return value


def test_the_tier_is_exact_on_every_file_with_what_assay_ships(
    examiner: C2paExaminer, shared_data: Path
) -> None:
    assert table() == AnchorTable.of(known())  # an empty ASSAY_HOME adds nothing to it
    folder = shared_data / "provenance"
    wanted = labelled(folder)
    assert len(wanted) == 114
    assert tiers(examiner, folder, wanted) == wanted


def test_both_roles_of_the_interim_list_are_needed(shared_data: Path) -> None:
    folder = shared_data / "provenance"
    interim = [name for name, tier in labelled(folder).items() if tier == "interim"]
    assert interim
    without_clocks = examiner_of(known(interim_role=Role.SIGNER))
    assert set(tiers(without_clocks, folder, interim).values()) == {"expired"}
    without_signers = examiner_of(known(interim_role=Role.TIMESTAMP))
    assert set(tiers(without_signers, folder, interim).values()) == {"untrusted"}


def test_a_list_of_your_own_makes_its_signer_operator_and_no_more(shared_data: Path) -> None:
    folder = shared_data / "provenance"
    root = folder / "trust" / "assay-untrusted-test-root.pem"
    own = load_pem(root, name="operator", role=Role.SIGNER)
    spoofed = "files/derived/spoofed_issuer_ai_on_camera.jpg"
    assert tiers(examiner_of(known()), folder, [spoofed]) == {spoofed: "untrusted"}
    assert tiers(examiner_of([*known(), *own]), folder, [spoofed]) == {spoofed: "operator"}


@pytest.mark.parametrize("file", ["c2pa-trust-list", "interim_anchors", "interim_allowed"])
def test_published_certificates_stuffed_beside_a_self_made_leaf_prove_nothing(
    examiner: C2paExaminer, shared_data: Path, file: str
) -> None:
    """Anyone can copy them from the lists, and the leaf may call itself what it likes."""
    pem = (shared_data / "provenance" / "trust" / f"{file}.pem").read_bytes()
    stuffed = SELF_MADE.presenting(*certificates(pem)[:8])
    data = sign(picture(), "image/jpeg", stuffed, [CREATED_BY_AI])
    found = next(
        o for o in examiner.examine(make_view(examiner, data, "image/jpeg")) if o.kind == "c2pa"
    )
    assert found.value["issuer"] == "Google LLC"
    assert (found.value["tier"], found.level.value) == ("untrusted", "S1")


def test_identities_soft_bindings_and_stores_are_told_apart_from_the_tier(
    examiner: C2paExaminer, shared_data: Path
) -> None:
    folder = shared_data / "provenance" / "files"
    aggregated = credential_of(examiner, next(folder.rglob("cloudscape-ACA-Cr.jpeg")))
    (identity,) = rows(aggregated["identities"])
    assert (identity["kind"], identity["codes"]) == ("ica", ["cawg.ica.did_unavailable"])
    assert [account["provider"] for account in rows(identity["accounts"])] == [
        "instagram",
        "behance",
        "linkedin",
        "twitter",
    ]
    assert [b["algorithm"] for b in rows(aggregated["soft_bindings"])] == [
        "com.adobe.trustmark.P",
        "com.adobe.icn.dense",
    ]
    assert aggregated["tier"] == "interim"
    by_certificate = credential_of(examiner, next(folder.rglob("C_with_CAWG_data.jpg")))
    (identity,) = rows(by_certificate["identities"])
    assert (identity["kind"], identity["actor"]) == ("x509", "C2PA Signer")
    assert "cawg.x509.credential.untrusted" in identity["codes"]  # type: ignore[operator]
    reread = credential_of(examiner, next(folder.rglob("adobe-20220124-E-clm-CAICAI.jpg")))
    assert reread["store_sha256"] != reread["store_read_sha256"]
    whole = credential_of(examiner, next(folder.rglob("gemini_img.png")))
    assert whole["store_sha256"] == whole["store_read_sha256"]


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
