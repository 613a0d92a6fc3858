"""The path from a leaf to an anchor: only signatures that verify count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from assay.trust.anchors import Anchor, AnchorTable, Role
from assay.trust.path import Standing, find_path, load_chain
from tests.support.authority import (
    TIME_STAMPING,
    Identity,
    anchors,
    authority,
    intermediate,
    signer,
    table,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def root() -> Identity:
    return authority()


def stand(
    leaf: Identity, anchors: AnchorTable, at: datetime = NOW, role: Role = Role.SIGNER
) -> Standing:
    return find_path((leaf.certificate, *leaf.above), anchors, role, at).standing


def test_a_leaf_below_a_listed_root_that_the_file_does_not_carry_is_trusted(
    root: Identity,
) -> None:
    assert stand(signer(root), table(root)) is Standing.TRUSTED


def test_a_leaf_below_an_intermediate_is_trusted_through_it(root: Identity) -> None:
    leaf = signer(intermediate(intermediate(root)))
    assert len(leaf.above) == 2
    assert stand(leaf, table(root)) is Standing.TRUSTED
    assert stand(leaf.presenting(*reversed(leaf.above)), table(root)) is Standing.TRUSTED
    assert stand(leaf.presenting(leaf.above[0]), table(root)) is Standing.UNTRUSTED


def test_a_listed_certificate_stuffed_beside_a_self_made_leaf_proves_nothing(
    root: Identity,
) -> None:
    own = signer(authority("Self-made"))
    listed = signer(root)
    stuffed = own.presenting(root.certificate, listed.certificate)
    everything = AnchorTable.of(anchors(root, listed))
    assert stand(stuffed, everything) is Standing.UNTRUSTED


def test_a_self_made_root_with_the_name_of_a_listed_one_proves_nothing(root: Identity) -> None:
    twin = authority("Example Authority")
    leaf = signer(twin).presenting(twin.certificate)
    assert twin.certificate.subject == root.certificate.subject
    assert stand(leaf, table(root)) is Standing.UNTRUSTED


def test_a_listed_leaf_is_trusted_by_its_hash_and_may_not_issue(root: Identity) -> None:
    listed = signer(root)
    below = signer(listed, "Below a leaf")
    assert stand(listed, table(listed)) is Standing.TRUSTED
    assert stand(below, table(listed)) is Standing.UNTRUSTED
    assert stand(below.presenting(listed.certificate), table(root)) is Standing.UNTRUSTED


def test_a_leaf_listed_by_its_hash_alone_is_judged_by_its_own_dates(root: Identity) -> None:
    """So are the allowed certificates of the interim list, of which nothing else is known."""
    for end, wanted in ((None, Standing.TRUSTED), (NOW - timedelta(days=1), Standing.EXPIRED)):
        leaf = signer(root, end=end or NOW + timedelta(days=1))
        digest = leaf.certificate.fingerprint(hashes.SHA256()).hex()
        allowed = AnchorTable.of([Anchor.leaf(digest, Role.SIGNER, "interim")])
        assert stand(leaf, allowed) is wanted
        assert stand(signer(root), allowed) is Standing.UNTRUSTED
        assert stand(signer(leaf), allowed) is Standing.UNTRUSTED


def test_only_the_date_run_out_is_expired_and_a_date_to_come_is_not(root: Identity) -> None:
    old = signer(root, end=NOW - timedelta(days=1))
    assert stand(old, table(root)) is Standing.EXPIRED
    assert stand(old, table(root), NOW - timedelta(days=2)) is Standing.TRUSTED
    assert stand(signer(root, begin=NOW + timedelta(days=1)), table(root)) is Standing.UNTRUSTED


def test_an_expired_self_made_chain_is_untrusted(root: Identity) -> None:
    own = authority("Self-made", end=NOW - timedelta(days=1))
    leaf = signer(own, end=NOW - timedelta(days=1)).presenting(own.certificate)
    assert stand(leaf, table(root)) is Standing.UNTRUSTED


def test_an_expired_root_lets_its_chain_expire() -> None:
    root = authority(end=NOW - timedelta(days=1))
    assert stand(signer(root), table(root)) is Standing.EXPIRED


def test_roles_are_not_mixed(root: Identity) -> None:
    clock = signer(root, uses=(TIME_STAMPING,))
    only_clocks = table(tsa=[root])
    assert stand(clock, only_clocks, role=Role.TIMESTAMP) is Standing.TRUSTED
    assert stand(clock, table(root)) is Standing.UNTRUSTED  # as a signer
    assert stand(signer(root), only_clocks) is Standing.UNTRUSTED
    assert stand(signer(root), only_clocks, role=Role.TIMESTAMP) is Standing.UNTRUSTED


def test_a_leaf_without_a_use_for_signing_or_that_is_an_authority_is_untrusted(
    root: Identity,
) -> None:
    web = signer(root, uses=("1.3.6.1.5.5.7.3.1",))
    assert stand(web, table(root)) is Standing.UNTRUSTED
    assert stand(root, table(root)) is Standing.UNTRUSTED


def test_the_earlier_list_names_the_anchor(root: Identity) -> None:
    both = AnchorTable.of(anchors(root, name="interim") + anchors(root, name="official"))
    found = find_path((signer(root).certificate,), both, Role.SIGNER, NOW)
    assert found.anchor is not None
    assert found.anchor.list == "official"


def test_a_long_or_circular_chain_ends(root: Identity) -> None:
    one, two = authority("One"), authority("Two")
    many: tuple[x509.Certificate, ...] = (one.certificate, two.certificate) * 200
    assert stand(signer(one).presenting(*many), table(root)) is Standing.UNTRUSTED


def test_an_unreadable_leaf_is_no_chain(root: Identity) -> None:
    good = root.certificate.public_bytes(Encoding.DER)
    assert load_chain((b"junk", good)) == ()
    assert len(load_chain((good, b"junk"))) == 1
    assert find_path((), table(root), Role.SIGNER, NOW).standing is Standing.UNTRUSTED
