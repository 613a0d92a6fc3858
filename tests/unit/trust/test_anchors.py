"""Anchors: what a list file may hold, and the table a case pins."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

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


def odd(kind: str) -> x509.Certificate:
    """Return a certificate that loads and whose parts do not."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Odd\x1b[2J")])
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, begin, begin.replace(year=2049))
    other = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x02\xa3\x00")
    if kind == "a general name":
        return made.add_extension(other, critical=False).sign(key, hashes.SHA256())
    twice = [
        x509.UnrecognizedExtension(x509.ObjectIdentifier(f"2.5.29.1{n}"), b"\5\0") for n in (7, 8)
    ]
    made = made.add_extension(twice[0], critical=False).add_extension(twice[1], critical=False)
    der = made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    return x509.load_der_x509_certificate(der.replace(b"\x55\x1d\x12", b"\x55\x1d\x11"))


@pytest.mark.parametrize("kind", ["a general name", "an extension twice"])
def test_a_certificate_with_unreadable_parts_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.pem"
    path.write_bytes(odd(kind).public_bytes(Encoding.PEM))
    with pytest.raises(PolicyError, match="certificate 1 of 1 cannot be read"):
        load_pem(path, name="operator", role=Role.SIGNER)


def test_beginnings_without_an_end_cost_no_square_of_time(root: Identity, tmp_path: Path) -> None:
    path = tmp_path / "flood.pem"
    path.write_bytes(b"-----BEGIN X-----\n" * 200_000 + root.pem())  # was minutes
    (anchor,) = load_pem(path, name="operator", role=Role.SIGNER)
    assert anchor.ca


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
