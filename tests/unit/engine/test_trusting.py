"""Which lists a case pins, and what an upgrade leaves in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.core.jsonvalue import JsonObject
from assay.engine.cameras import CameraTable, keep
from assay.engine.session import CaseOptions, create, open_session
from assay.engine.trusting import Named, trust_with, unknown_to, upgraded
from assay.engine.upgrade import target_of
from assay.examiners._tables import TableRow
from assay.store.pins import TrustPin
from assay.trust.anchors import AnchorTable
from assay.trust.lists import add_list, table
from tests.support.authority import authority
from tests.support.authority import table as anchors_of_case


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    path = tmp_path / "laboratory.pem"
    path.write_bytes(authority("Example Laboratory").pem())
    return path


def tiers(options: JsonObject) -> list[str]:
    own = options["c2pa"]
    assert isinstance(own, dict)
    return sorted({anchor.list for anchor in AnchorTable.from_json(own["anchors"]).anchors})


def test_a_new_case_pins_what_is_shipped_with_tier_date_and_digest() -> None:
    options, pins = trust_with(Named())
    assert tiers(options) == ["interim", "official"]
    assert [(p.tier, p.role, p.date, p.count) for p in pins][:2] == [
        ("official", "signer", "2026-08-21", 30),
        ("official", "timestamp", "2026-08-21", 22),
    ]
    assert all(len(p.digest) == 64 for p in pins)


def test_a_file_named_for_the_case_is_pinned_as_an_operator_s(pem: Path) -> None:
    options, pins = trust_with(Named(signers=[pem]))
    assert tiers(options) == ["interim", "official", "operator"]
    assert (pins[-1].name, pins[-1].tier, pins[-1].role) == ("laboratory", "operator", "signer")


def test_a_list_that_the_case_has_is_not_unknown_whatever_was_installed_since(pem: Path) -> None:
    _, pins = trust_with(Named(signers=[pem]))
    other = pem.with_name("other.pem")
    other.write_bytes(authority("Another").pem())
    add_list(other)
    assert unknown_to(pins, Named(signers=[pem])) == ()
    assert [row.name for row in unknown_to(pins, Named(signers=[pem, other]))] == ["other"]
    assert unknown_to(pins, Named(timestamps=[pem]))  # the same file in another role


def test_an_upgrade_brings_the_shipped_lists_to_a_case_older_than_they_are() -> None:
    own = anchors_of_case(authority("Example Laboratory"))
    old: JsonObject = {"c2pa": {"anchors": own.to_json()}}
    pin = TrustPin("laboratory", "signer", "ab" * 32, 1)
    options, pins = upgraded(old, [pin], Named())
    assert tiers(options) == ["interim", "official", "operator"]
    assert pins[-1] == pin
    assert len(pins) == 6


def test_an_upgrade_drops_nothing_of_the_operator_and_no_list_twice(pem: Path) -> None:
    options, pins = trust_with(Named(signers=[pem]))
    assert upgraded(options, pins, Named()) == (options, pins)
    assert upgraded(options, pins, Named(signers=[pem])) == (options, pins)


def test_a_case_without_any_list_is_brought_up_too() -> None:
    options, pins = upgraded({}, (), Named())
    assert options == {"c2pa": {"anchors": table().to_json()}}
    assert len(pins) == 5


def test_an_upgrade_without_trust_offers_today_s_lists_and_keeps_what_the_operator_gave(
    pem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = TableRow("Example Optics", "EO-1", 3, {"ab" * 32: 3})
    keep(CameraTable("studio", "2026-05-01", (row,), {}))
    with monkeypatch.context() as then:
        then.setattr("assay.trust.lists.shipped", lambda: ())  # a version without lists
        with create(tmp_path / "case", CaseOptions(trust=(pem,)), "tester") as session:
            assert tiers(session.settings["options"]) == ["operator"]  # type: ignore[arg-type]
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "another machine"))
    with open_session(tmp_path / "case") as session:
        target, before = target_of(session, CaseOptions()), session.case.pins
    options = target.settings["options"]
    assert isinstance(options, dict)
    assert tiers(options) == ["interim", "official", "operator"]
    assert options["camera"] == {"cameras": [row.to_json()]}
    assert [pin.tier for pin in target.pins.trust] == [
        *["official"] * 2,
        *["interim"] * 3,
        "operator",
    ]
    assert target.pins.configs["c2pa"] != before.configs["c2pa"]


def test_tables_learned_of_cameras_go_into_a_new_case_beside_the_lists(tmp_path: Path) -> None:
    row = TableRow("Example Optics", "EO-1", 3, {"ab" * 32: 3})
    keep(CameraTable("studio", "2026-05-01", (row,), {}))
    with create(tmp_path / "case", CaseOptions(), "tester") as session:
        options = session.settings["options"]
        assert isinstance(options, dict)
        assert options["camera"] == {"cameras": [row.to_json()]}
        assert tiers(options) == ["interim", "official"]
