"""What a credential carries beside its origin: identities, marks, and the stores themselves."""

from __future__ import annotations

import hashlib

import pytest

from assay.core.vocab import Level
from assay.examiners._c2pa_identity import identities, soft_bindings
from assay.examiners._c2pa_second import Opinion, disagreement
from assay.examiners._c2pa_tier import Judged, Tier
from assay.examiners._c2pa_value import stored_digest
from tests.support.authority import CREATED_BY_AI, picture, sign
from tests.support.credentials import GENERATOR, credential, flags, seen

TRUSTED, NOT_TRUSTED = "valid_for_supplied_material", "not_valid_for_supplied_material"
BINDING = {
    "label": "c2pa.soft-binding",
    "data": {"alg": "com.example.mark", "blocks": [{"scope": {}, "value": "2*0101"}]},
}


# --- the second opinion ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tier", "integrity", "trust", "differs"),
    [
        (Tier.OFFICIAL, "valid", TRUSTED, False),
        (Tier.OFFICIAL, "valid", NOT_TRUSTED, True),
        (Tier.OFFICIAL, "valid", "not_evaluated", False),  # no opinion is no disagreement
        (Tier.OFFICIAL, "invalid", TRUSTED, True),
        (Tier.INTERIM, "valid", NOT_TRUSTED, False),  # it does not know the interim list
        (Tier.INTERIM, "valid", TRUSTED, False),
        (Tier.OPERATOR, "valid", NOT_TRUSTED, False),
        (Tier.OPERATOR, "invalid", NOT_TRUSTED, True),
        (Tier.EXPIRED, "valid", TRUSTED, True),
        (Tier.UNTRUSTED, "valid", TRUSTED, True),
        (Tier.UNTRUSTED, "valid", NOT_TRUSTED, False),
        (Tier.INVALID, "invalid", NOT_TRUSTED, False),
        (Tier.INVALID, "valid", TRUSTED, True),
        (Tier.INVALID, "not_evaluated", "not_evaluated", False),
    ],
)
def test_a_disagreement_is_about_integrity_or_official_trust(
    tier: Tier, integrity: str, trust: str, differs: bool
) -> None:
    judged = Judged(tier, {}, None, "")
    assert bool(disagreement(Opinion(True, integrity, trust), judged)) is differs


def test_a_credential_that_the_second_reader_does_not_find_is_a_disagreement() -> None:
    assert disagreement(
        Opinion(False, "invalid", "not_evaluated"), Judged(Tier.OFFICIAL, {}, None, "")
    )


# --- leads -------------------------------------------------------------------------------------


def test_an_aggregator_s_identity_names_accounts_and_keeps_what_the_reader_said() -> None:
    assertion = {
        "label": "cawg.identity",
        "data": {
            "issuer": {"id": "did:web:example.org"},
            "verifiedIdentities": [
                {
                    "type": "cawg.social_media",
                    "username": "someone",
                    "uri": "https://social.example/someone",
                    "verifiedAt": "2026-01-02T03:04:05Z",
                    "provider": {"id": "https://social.example", "name": "Social"},
                }
            ],
            "c2paAsset": {"sig_type": "cawg.identity_claims_aggregation", "role": ["cawg.creator"]},
        },
    }
    codes = [
        ("cawg.ica.did_unavailable", "cawg.identity"),
        ("assertion.hashedURI.match", "cawg.identity"),
        ("cawg.x509.credential.untrusted", "cawg.identity__1"),
    ]
    (found,) = identities([assertion], codes)
    assert (found.kind, found.roles, found.issuer) == (
        "ica",
        ("cawg.creator",),
        "did:web:example.org",
    )
    assert found.codes == ("cawg.ica.did_unavailable",)
    (account,) = found.accounts
    assert (account.name, account.provider) == ("someone", "Social")


def test_two_identities_keep_their_own_codes() -> None:
    rows = [{"label": "cawg.identity"}, {"label": "cawg.identity__1"}]
    codes = [("cawg.a", "cawg.identity"), ("cawg.b", "cawg.identity__1")]
    assert [i.codes for i in identities(rows, codes)] == [("cawg.a",), ("cawg.b",)]


def test_junk_in_place_of_an_identity_is_an_empty_one() -> None:
    for data in (None, [], {"verifiedIdentities": 3, "signer_payload": "x", "issuer": [1]}):
        (found,) = identities([{"label": "cawg.identity", "data": data}], [])  # type: ignore[list-item]
        assert (found.kind, found.actor, found.accounts) == ("", "", ())


def test_soft_bindings_name_the_mark_and_its_value() -> None:
    assert soft_bindings([BINDING, {"label": "c2pa.hash.data"}])[0].to_json() == {  # type: ignore[list-item]
        "algorithm": "com.example.mark",
        "values": ["2*0101"],
    }


def test_a_soft_binding_is_a_lead_and_changes_no_level() -> None:
    plain = sign(picture(), "image/jpeg", GENERATOR, [CREATED_BY_AI])
    marked = sign(picture(), "image/jpeg", GENERATOR, [CREATED_BY_AI], assertions=[BINDING])
    found = credential(marked)
    assert found.value["soft_bindings"] == [{"algorithm": "com.example.mark", "values": ["2*0101"]}]
    assert found.level is credential(plain).level is Level.S5


def test_the_store_is_hashed_as_it_lies_in_the_file() -> None:
    data = sign(picture(), "image/jpeg", GENERATOR, [CREATED_BY_AI])
    at = data.index(b"jumb") - 4
    store = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    found = credential(data)
    assert found.value["store_sha256"] == hashlib.sha256(store).hexdigest()
    assert found.value["store_read_sha256"] == found.value["store_sha256"]


def test_a_store_that_cannot_be_read_is_hashed_all_the_same() -> None:
    data = sign(picture(), "image/jpeg", GENERATOR, [CREATED_BY_AI])
    found = seen(data.replace(b"jumdc2cs", b"jumdc2cx"))
    assert flags(found) == ["credential_unreadable"]
    assert len(str(found[1].value["store_sha256"])) == 64
    assert found[1].value["store_read_sha256"] is None


def test_a_store_that_the_reader_does_not_see_is_unreadable_and_not_absent() -> None:
    """One bit in the type of the store is enough to hide it from c2pa-python."""
    data = sign(picture(), "image/jpeg", GENERATOR, [CREATED_BY_AI])
    found = seen(data.replace(b"jumdc2pa", b"jumdb2pa", 1))
    assert flags(found) == ["credential_unreadable"]
    assert found[1].value["tier"] == "unreadable"


def test_a_file_without_a_store_has_no_digest_of_one() -> None:
    assert stored_digest([]) is None
    url = "https://credentials.example/one"
    remote = seen(sign(picture(), "image/jpeg", GENERATOR, [CREATED_BY_AI], remote_url=url))
    assert remote[-1].value["store_sha256"] is None


def test_two_stores_in_one_file_are_a_finding() -> None:
    one = sign(picture(), "image/jpeg", GENERATOR, [CREATED_BY_AI])
    begin = one.index(b"\xff\xeb")
    segment = one[begin : begin + 2 + int.from_bytes(one[begin + 2 : begin + 4], "big")]
    second = segment[:6] + b"\x00\x09" + segment[8:]  # another box instance number (En)
    assert "several_stores" not in flags(seen(one))
    found = seen(one[:begin] + segment + second + one[begin + len(segment) :])
    assert "several_stores" in flags(found)
