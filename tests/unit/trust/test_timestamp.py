"""RFC 3161 tokens: what counts as a proven time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.trust.timestamp import proven_time
from tests.support.authority import (
    TIME_STAMPING,
    Identity,
    authority,
    intermediate,
    signer,
    table,
    time_stamp,
)

AT = datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)
COVERED = b"what was signed"
ROOT = authority("Example Time Authority")
CLOCK = signer(intermediate(ROOT), "Example Clock", uses=(TIME_STAMPING,))
TOKEN = time_stamp(COVERED, AT, CLOCK)
TABLE = table(tsa=[ROOT])


@pytest.mark.parametrize("response", [False, True], ids=["token", "response"])
def test_a_token_below_a_listed_authority_proves_its_time(response: bool) -> None:
    proven = proven_time(time_stamp(COVERED, AT, CLOCK, response=response), COVERED, TABLE)
    assert proven is not None
    assert proven.at == AT
    assert proven.anchor.list == "operator"


def test_a_foreign_token_proves_nothing() -> None:
    assert proven_time(TOKEN, b"other bytes", TABLE) is None


def test_a_token_of_an_unlisted_authority_proves_nothing() -> None:
    assert proven_time(TOKEN, COVERED, table(tsa=[authority("Another")])) is None
    assert proven_time(TOKEN, COVERED, table(ROOT)) is None  # listed as a signer alone


def test_a_certificate_for_other_uses_makes_no_time() -> None:
    for uses in ((), ("1.3.6.1.5.5.7.3.4",), (TIME_STAMPING, "1.3.6.1.5.5.7.3.4")):
        clock: Identity = signer(ROOT, uses=uses)
        assert proven_time(time_stamp(COVERED, AT, clock), COVERED, TABLE) is None


def test_a_time_outside_the_clock_s_validity_proves_nothing() -> None:
    clock = signer(ROOT, uses=(TIME_STAMPING,), end=datetime(2025, 1, 1, tzinfo=UTC))
    assert proven_time(time_stamp(COVERED, AT, clock), COVERED, TABLE) is None


def test_changing_the_stated_time_breaks_the_token() -> None:
    moved = TOKEN.replace(b"20250304050607Z", b"20240304050607Z")
    assert moved != TOKEN
    assert proven_time(moved, COVERED, TABLE) is None


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_random_bytes_prove_nothing(data: bytes) -> None:
    assert proven_time(data, COVERED, TABLE) is None


@given(st.integers(0, len(TOKEN) - 1), st.integers(0, 7), st.integers(0, len(TOKEN)))
@settings(max_examples=100, deadline=None)
def test_a_damaged_token_never_raises_nor_moves_the_time(byte: int, bit: int, cut: int) -> None:
    damaged = bytearray(TOKEN)
    damaged[byte] ^= 1 << bit
    proven = proven_time(bytes(damaged), COVERED, TABLE)
    assert proven is None or proven.at == AT
    assert cut == len(TOKEN) or proven_time(TOKEN[:cut], COVERED, TABLE) is None
