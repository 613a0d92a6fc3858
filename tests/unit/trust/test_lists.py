"""The user's own lists: copied once, listed, merged; refused with one sentence."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from assay.core.errors import PolicyError
from assay.trust.anchors import Role
from assay.trust.listfile import TrustList
from assay.trust.lists import add_list, home, installed, lists_in_use, table
from tests.support.authority import Identity, authority


@pytest.fixture(scope="module")
def root() -> Identity:
    return authority()


@pytest.fixture
def pem(root: Identity, tmp_path: Path) -> Path:
    path = tmp_path / "laboratory.pem"
    path.write_bytes(root.pem())
    return path


def own() -> tuple[TrustList, ...]:
    return tuple(entry for entry in installed() if entry.tier == "operator")


def test_an_added_list_is_remembered_with_its_facts(pem: Path) -> None:
    added = add_list(pem, "timestamp", today="2026-05-01")
    assert own() == (added,)
    assert (added.name, added.role) == ("laboratory", Role.TIMESTAMP)
    assert (added.date, added.count) == ("2026-05-01", 1)
    assert added.source_sha256 == hashlib.sha256(pem.read_bytes()).hexdigest()


def test_the_copy_outlives_the_file(pem: Path) -> None:
    add_list(pem)
    pem.unlink()
    anchors = [a for a in table().anchors if a.list == "operator"]
    assert [a.role for a in anchors] == [Role.SIGNER]


def test_adding_the_same_file_twice_changes_nothing(pem: Path) -> None:
    first = add_list(pem, today="2026-05-01")
    digest = table().digest
    assert add_list(pem, today="2026-06-01") == first
    assert table().digest == digest


def test_files_given_for_one_case_are_merged_and_not_kept(pem: Path) -> None:
    with_it, without = table([(pem, "signer")]).anchors, table().anchors
    assert [a.list for a in with_it if a not in without] == ["operator"]
    assert [entry.tier for entry in lists_in_use([(pem, "signer")])][-1] == "operator"
    assert own() == ()


def test_an_unknown_role_is_refused_with_the_known_ones(pem: Path) -> None:
    with pytest.raises(PolicyError, match="notary") as caught:
        add_list(pem, "notary")
    assert caught.value.hint == "give signer or timestamp"


def test_nothing_is_kept_of_a_file_without_certificates(tmp_path: Path) -> None:
    path = tmp_path / "empty.pem"
    path.write_bytes(b"")
    with pytest.raises(PolicyError, match=r"empty\.pem"):
        add_list(path)
    assert own() == ()


def test_a_list_kept_by_an_older_version_is_still_read(root: Identity, pem: Path) -> None:
    added = add_list(pem, today="2026-05-01")
    kept = next((home() / "trust").glob("*.json"))
    anchors = [a.to_json() for a in table().anchors if a.list == "operator"]
    head = {"format": 1, "name": "laboratory", "role": "signer", "added": "2026-05-01"}
    head |= {"source_sha256": added.source_sha256, "count": 1}
    kept.write_text(json.dumps({**head, "anchors": anchors}))
    assert [(e.name, e.tier, e.date) for e in own()] == [("laboratory", "operator", "2026-05-01")]
    assert [a.to_json() for a in table().anchors if a.list == "operator"] == anchors


def test_a_damaged_store_says_which_file_and_what_to_do(pem: Path) -> None:
    add_list(pem)
    kept = next((home() / "trust").glob("*.json"))
    kept.write_text("{}")
    with pytest.raises(PolicyError, match=kept.name) as caught:
        table()
    assert "trust add" in caught.value.hint


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSAY_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert home() == Path("/data/assay")
