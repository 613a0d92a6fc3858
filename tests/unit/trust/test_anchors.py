"""Anchors: what a list file may hold, and the table a case pins."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from assay.core.errors import PolicyError
from assay.trust.anchors import Anchor, AnchorTable, Role, load_pem
from tests.support.authority import Identity, anchors, authority, signer


@pytest.fixture(scope="module")
def root() -> Identity:
    return authority()


def test_a_pem_file_becomes_anchors_of_a_list_and_role(root: Identity, tmp_path: Path) -> None:
    leaf = signer(root)
    path = tmp_path / "list.pem"
    path.write_bytes(b"# a comment\n" + root.pem() + leaf.pem())
    first, second = load_pem(path, name="official", role=Role.SIGNER, list_date="2026-01-01")
    assert (first.ca, second.ca) == (True, False)
    assert (first.list, first.role, first.list_date) == ("official", Role.SIGNER, "2026-01-01")
    assert first.not_after == "2049-12-31T00:00:00Z"


def test_a_table_survives_json_and_its_digest_knows_no_order(root: Identity) -> None:
    other = authority("Another")
    one = AnchorTable.of(anchors(root, other))
    two = AnchorTable.of(anchors(other, root, other))
    assert AnchorTable.from_json(one.to_json()) == one == two
    assert one.digest == two.digest != AnchorTable().digest


def test_a_leaf_is_known_by_its_hash_alone_and_issues_nothing(root: Identity) -> None:
    leaf = Anchor.leaf("ab" * 32, Role.SIGNER, "interim", "2026-01-01")
    table = AnchorTable.of([leaf, *anchors(root)])
    assert set(leaf.to_json()) == {"sha256", "role", "list", "list_date"}
    assert AnchorTable.from_json(table.to_json()) == table
    assert table.listed("ab" * 32, Role.SIGNER) == (leaf,)
    assert table.listed("ab" * 32, Role.TIMESTAMP) == ()
    assert table.issuers(b"", Role.SIGNER) == ()


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "no PEM certificate"),
        (b"not a certificate", "no PEM certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1 of 1"),
    ],
)
def test_a_file_without_a_readable_certificate_is_refused_by_name(
    content: bytes, wanted: str, tmp_path: Path
) -> None:
    path = tmp_path / "broken.pem"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match=wanted) as caught:
        load_pem(path, name="operator", role=Role.SIGNER)
    assert "broken.pem" in caught.value.message
    assert caught.value.hint


def test_a_private_key_is_refused(root: Identity, tmp_path: Path) -> None:
    path = tmp_path / "both.pem"
    key = root.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(root.pem() + key)
    with pytest.raises(PolicyError, match="private key"):
        load_pem(path, name="operator", role=Role.SIGNER)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"missing\.pem"):
        load_pem(tmp_path / "missing.pem", name="operator", role=Role.SIGNER)


@pytest.mark.parametrize("rows", [None, "text", [1], [{"sha256": "x"}]])
def test_a_table_that_is_none_is_refused(rows: object) -> None:
    with pytest.raises(PolicyError):
        AnchorTable.from_json(rows)  # type: ignore[arg-type]
