"""Pins survive TOML whatever the names in them hold."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import CaseError
from assay.core.jsonvalue import Json, digest_of
from assay.store.pins import TrustPin, dump_toml, pins_from_json, read_toml, write_toml
from tests.support.cases import PINS

NAMES = st.text(st.characters(codec=None), max_size=20)  # any code point, lone surrogates too


@settings(max_examples=100, deadline=None)
@given(st.lists(NAMES, max_size=4), st.dictionaries(st.text(max_size=8), st.integers(0, 2**62)))
def test_pins_survive_toml(names: list[str], limits: dict[str, int]) -> None:
    pins = replace(PINS, exclude=tuple(names), limits=limits, trust=PINS.trust * 2)
    value = tomllib.loads(dump_toml(pins.to_json()))
    assert pins_from_json(value) == pins
    assert pins_from_json(value).digest == pins.digest


def test_case_toml_is_written_and_read(tmp_path: Path) -> None:
    pins = replace(PINS, trust=(), timezone=None)
    write_toml(pins, "ab", tmp_path / "case.toml")
    assert read_toml(tmp_path / "case.toml") == (pins, "ab")
    assert [p.name for p in tmp_path.iterdir()] == ["case.toml"]


@pytest.mark.parametrize(
    "text", ["", "case_id = 1", "x = [", 'case_id = "a"', "[examiners]\ndigest = 1"]
)
def test_a_broken_case_toml_is_a_value_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "case.toml").write_text(text)
    with pytest.raises(ValueError):
        read_toml(tmp_path / "case.toml")


def test_a_folder_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="cannot be opened"):
        write_toml(PINS, "ab", tmp_path / "gone" / "case.toml")


def test_a_trust_list_keeps_its_tier_and_date(tmp_path: Path) -> None:
    listed = TrustPin("c2pa-trust-list", "signer", "ab" * 32, 30, "official", "2026-08-21")
    pins = replace(PINS, trust=(listed, *PINS.trust))
    write_toml(pins, "ab", tmp_path / "case.toml")
    assert read_toml(tmp_path / "case.toml")[0] == pins
    assert 'tier = "official"' in (tmp_path / "case.toml").read_text()


def test_pins_older_than_the_tiers_are_read_and_keep_their_digest() -> None:
    rows: list[Json] = [{"name": "agency", "role": "signer", "digest": "cd" * 32, "count": 2}]
    old = {**PINS.to_json(), "trust": rows}
    pins = pins_from_json(old)
    assert (pins.trust[0].tier, pins.trust[0].date) == ("", "")
    assert pins.digest == digest_of(old)
