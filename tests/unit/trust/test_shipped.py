"""The table of facts that comes with Assay: what is in it, and what is not."""

from __future__ import annotations

import base64
from importlib.resources import files
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from scripts import make_trust_table

from assay.trust.anchors import Role
from assay.trust.lists import installed, is_shipped, table
from assay.trust.shipped import shipped

TEXT = (files("assay.trust") / "data" / "anchors.json").read_text("utf-8")


def test_official_time_stamp_and_frozen_interim_lists_are_known_out_of_the_box() -> None:
    assert [(e.tier, e.role.value, e.date, e.count) for e in installed()] == [
        ("official", "signer", "2026-08-21", 30),
        ("official", "timestamp", "2026-08-21", 22),
        ("interim", "signer", "2026-01-01", 117),
        ("interim", "signer", "2026-01-01", 20),
        ("interim", "timestamp", "2026-01-01", 6),
    ]
    assert all(is_shipped(e) and len(e.source_sha256) == 64 and e.source for e in installed())
    assert len(table().anchors) == 195


def test_an_authority_has_the_facts_that_a_path_needs() -> None:
    authorities = [a for a in table().anchors if a.ca]
    assert len(authorities) == 78
    for anchor in authorities:
        load_der_public_key(base64.b64decode(anchor.spki))
        assert anchor.name
        assert anchor.subject
        assert anchor.not_before < anchor.not_after


def test_an_allowed_leaf_has_its_hash_alone() -> None:
    leaves = [a for a in table().anchors if not a.ca]
    assert len(leaves) == 117
    assert {(a.list, a.role) for a in leaves} == {("interim", Role.SIGNER)}
    assert not any(a.spki or a.subject or a.not_after for a in leaves)


def test_no_interim_anchor_may_both_sign_and_prove_a_time() -> None:
    roles = {
        role: {
            a.sha256 for e, rows in shipped() if e.tier == "interim" for a in rows if a.role is role
        }
        for role in Role
    }
    assert roles[Role.SIGNER]
    assert roles[Role.TIMESTAMP]
    assert not roles[Role.SIGNER] & roles[Role.TIMESTAMP]
    names = [a.name for a in table().anchors if a.list == "interim" and a.role is Role.TIMESTAMP]
    assert all("stamp" in name.lower() for name in names)


def test_no_certificate_is_in_the_table() -> None:
    assert "-----BEGIN" not in TEXT
    assert "signature" not in TEXT
    keys = {key for e, rows in shipped() for a in rows for key in a.to_json()}
    assert keys == {
        "sha256", "name", "subject", "spki", "not_before", "not_after", "ca", "role", "list",
        "list_date",
    }  # fmt: skip


@pytest.mark.shared_data
def test_the_script_makes_the_committed_table_again(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make_trust_table, "TARGET", tmp_path / "anchors.json")
    make_trust_table.main(shared_data / "provenance" / "trust")
    assert (tmp_path / "anchors.json").read_text("utf-8") == TEXT
