"""DER, CBOR, COSE and JUMBF readers: bounded, and Malformed is all they raise."""

from __future__ import annotations

import io
from contextlib import suppress

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import Malformed
from assay.examiners._c2pa_sample import signed_sample
from assay.trust import cbor, der
from assay.trust.cose import parse_signature
from assay.trust.jumbf import read_store
from assay.trust.path import load_chain


def stored() -> bytes:
    """Return the manifest store of the shipped sample."""
    import json

    import c2pa

    settings_ = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
    context = c2pa.Context.from_dict(settings_)
    with c2pa.Reader("image/jpeg", io.BytesIO(signed_sample()), context=context) as reader:
        label = json.loads(reader.json())["active_manifest"]
        target = io.BytesIO()
        reader.resource_to_stream(f"self#jumbf=/c2pa/{label}", target)
        return target.getvalue()


STORE = stored()
PARTS = next(iter(read_store(STORE).values()))


def test_a_store_gives_claim_and_signature_that_verify_together() -> None:
    signature = parse_signature(PARTS.signature)
    leaf = load_chain(signature.chain)[0]
    assert signature.verifies(PARTS.claim, leaf)
    assert not signature.verifies(PARTS.claim + b"\0", leaf)


def test_a_doubled_manifest_is_left_out() -> None:
    head = 8 + int.from_bytes(STORE[8:12], "big")
    twice = STORE + STORE[head:]
    twice = len(twice).to_bytes(4, "big") + twice[4:]
    assert len(read_store(STORE)) == 1
    assert read_store(twice) == {}


def test_two_certificate_chains_in_one_signature_are_refused() -> None:
    outer = cbor2.loads(PARTS.signature).value
    both = cbor2.dumps([outer[0], {**outer[1], "x5chain": b"another"}, None, outer[3]])
    with pytest.raises(Malformed, match="chains"):
        parse_signature(both)


def test_a_doubled_map_key_is_refused() -> None:
    with pytest.raises(Malformed, match="doubled"):
        cbor.loads(bytes.fromhex("a2010a010b"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | st.binary(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
@settings(max_examples=100, deadline=None)
def test_cbor_reads_what_another_library_wrote(value: object) -> None:
    assert cbor.loads(cbor2.dumps(value)) == value


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(Malformed, match="deep"):
        cbor.loads(b"\x81" * 1000 + b"\x00")


@pytest.mark.parametrize("data", [b"\x30\x80\x00\x00", b"\x30\x85\x01\x01\x01\x01\x01", b"\x30"])
def test_indefinite_and_overlong_der_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        der.parse(data)


def test_object_identifiers_read_as_dotted_text() -> None:
    assert der.oid_text(bytes.fromhex("2a864886f70d010702")) == "1.2.840.113549.1.7.2"
    assert der.oid_text(bytes.fromhex("883703")) == "2.999.3"


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_random_bytes_raise_nothing_but_malformed(data: bytes) -> None:
    for parser in (der.parse, cbor.loads, read_store, parse_signature, der.oid_text):
        with suppress(Malformed):
            parser(data)
    with suppress(Malformed):
        der.parse(b"\x30" + bytes([len(data) % 128]) + data).children()


@given(st.integers(0, len(STORE) - 1), st.integers(0, 7), st.integers(0, len(STORE)))
@settings(max_examples=100, deadline=None)
def test_a_damaged_store_raises_nothing_but_malformed(byte: int, bit: int, cut: int) -> None:
    damaged = bytearray(STORE)
    damaged[byte] ^= 1 << bit
    for data in (bytes(damaged), STORE[:cut]):
        with suppress(Malformed):
            for parts in read_store(data).values():
                with suppress(Malformed):
                    parse_signature(parts.signature)
