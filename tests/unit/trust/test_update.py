"""Newer official lists: what is read, what is refused, what is kept; and nothing is fetched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from assay.cli.trust import app
from assay.core.errors import AssayError, PolicyError, UsageError
from assay.trust import fetch
from assay.trust.anchors import Role
from assay.trust.fetch import require_safe
from assay.trust.lists import home, installed, is_shipped, table
from assay.trust.shipped import shipped
from assay.trust.update import PUBLISHED, apply, compare, read_list
from tests.support.authority import authority
from tests.support.trust_files import entities

ROOTS = [authority(f"Example Root {n}") for n in range(3)]
LATER = "2026-09-30"


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Callable[..., bytes]:
    """Return a maker of lists that may replace the shipped one without losing most of it."""
    entry, _ = shipped()[0]
    small = ((entry, tuple(read_list(entities(*ROOTS[:2]), "small")[1])), *shipped()[1:])
    monkeypatch.setattr("assay.trust.lists.shipped", lambda: small)
    return entities


def officials() -> dict[str, str]:
    return {entry.name: entry.date for entry in installed() if entry.tier == "official"}


def subjects(tier: str = "official", role: Role = Role.SIGNER) -> set[str]:
    return {a.name for a in table().anchors if a.list == tier and a.role is role}


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["update", *words])


def test_a_newer_list_takes_the_place_of_the_shipped_one(whole: Callable[..., bytes]) -> None:
    update = compare(read_list(whole(*ROOTS[1:]), "new.json"))
    assert update.added == ("C=NL,O=Example Root 2,CN=Example Root 2",)
    assert update.removed == ("C=NL,O=Example Root 0,CN=Example Root 0",)
    before = table().digest
    apply(update)
    assert table().digest != before
    assert officials()["c2pa-trust-list"] == LATER
    assert {name[-14:] for name in subjects()} == {"Example Root 1", "Example Root 2"}
    assert not any(is_shipped(e) for e in installed() if e.name == "c2pa-trust-list")


def test_a_newer_assay_ships_a_newer_list_and_that_one_counts(whole: Callable[..., bytes]) -> None:
    apply(compare(read_list(whole(*ROOTS[:2], issued="2026-08-30T00:00:00Z"), "list.json")))
    assert officials()["c2pa-trust-list"] == "2026-08-30"
    kept = next((home() / "trust").glob("official-*.json"))
    row = json.loads(kept.read_text())
    kept.write_text(json.dumps({**row, "date": "2026-01-01"}))
    assert officials()["c2pa-trust-list"] == "2026-08-21"


def test_a_list_states_its_own_role() -> None:
    tsa = entities(*ROOTS, scheme="C2PA TSA Trust List")
    entry, anchors = read_list(tsa, "tsa.json")
    assert (entry.name, entry.role, entry.tier) == (
        "c2pa-tsa-trust-list",
        Role.TIMESTAMP,
        "official",
    )
    assert {a.role for a in anchors} == {Role.TIMESTAMP}
    with pytest.raises(UsageError, match="timestamp"):
        read_list(tsa, "tsa.json", role=Role.SIGNER)


def test_what_is_withdrawn_is_no_anchor() -> None:
    entry, anchors = read_list(entities(*ROOTS[:2], withdrawn=ROOTS[2:]), "list.json")
    assert entry.count == len(anchors) == 2


def test_an_older_list_needs_force(whole: Callable[..., bytes]) -> None:
    old = read_list(whole(*ROOTS[:1], issued="2025-01-01T00:00:00Z"), "old.json")
    with pytest.raises(PolicyError, match="older than the list in force"):
        compare(old)
    apply(compare(old, force=True))
    assert officials()["c2pa-trust-list"] == "2025-01-01"


def test_a_list_of_a_day_to_come_needs_force(whole: Callable[..., bytes]) -> None:
    with pytest.raises(PolicyError, match="not come"):
        compare(read_list(whole(*ROOTS, issued="2093-01-01T00:00:00Z"), "list.json"))


def test_a_list_that_lost_most_of_its_anchors_needs_force() -> None:
    with pytest.raises(PolicyError, match="drops 30 of 30 anchors"):
        compare(read_list(entities(*ROOTS), "cut.json"))


def test_pem_needs_a_day(tmp_path: Path) -> None:
    pem = b"".join(one.pem() for one in ROOTS)
    with pytest.raises(UsageError, match="which day"):
        read_list(pem, "list.pem")
    entry, _ = read_list(pem, "list.pem", role=Role.TIMESTAMP, day="2026-10-01")
    assert (entry.name, entry.date, entry.count) == ("c2pa-tsa-trust-list", "2026-10-01", 3)
    assert entry.source_sha256 == hashlib.sha256(pem).hexdigest()


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"", "no PEM certificate"),
        (b"{}", "not a trust list"),
        (b'{"LoTE": 1}', "not a trust list"),
        (entities(), "holds no certificate"),
        (entities(*ROOTS, scheme="A list of friends"), "neither"),
        (entities(*ROOTS, issued="yesterday"), "not a date"),
        (entities(*ROOTS).replace(b'"val": "MII', b'"val": "AAA'), "not a trust list"),
        (b"-----BEGIN PRIVATE KEY-----", "private key"),
    ],
)
def test_what_is_no_list_is_refused_by_name(data: bytes, wanted: str) -> None:
    with pytest.raises(PolicyError, match=wanted) as caught:
        read_list(data, "given.json", day="" if data[:1] == b"{" else "2026-01-01")
    assert "given.json" in caught.value.message
    assert caught.value.hint


@given(st.integers(0, 10**9), st.binary(max_size=4))
@settings(max_examples=60, deadline=None)
def test_damage_is_refused_with_a_sentence_or_read(place: int, patch: bytes) -> None:
    data = entities(*ROOTS[:1])
    at = place % len(data)
    assert _read_or_refused(data[:at] + patch + data[at + 1 :])


def _read_or_refused(data: bytes) -> bool:
    """Read a list; tell whether it was read whole or refused by name."""
    try:
        entry, anchors = read_list(data, "damaged.json")
    except AssayError as error:
        return "damaged.json" in error.message
    return entry.count == len(anchors)


# --- the command -------------------------------------------------------------------------------


def test_update_alone_fetches_nothing_and_says_what_to_give() -> None:
    done = run()
    assert isinstance(done.exception, UsageError)
    assert "--download" in done.exception.hint


def test_a_file_is_taken_without_any_socket(
    whole: Callable[..., bytes], tmp_path: Path
) -> None:  # conftest refuses every socket
    path = tmp_path / "list.json"
    path.write_bytes(whole(*ROOTS[1:]))
    done = run("--from", str(path))
    assert done.exit_code == 0, done.exception
    assert "c2pa-trust-list: 2026-08-21" in done.output
    assert "  + C=NL,O=Example Root 2" in done.output
    assert "  - C=NL,O=Example Root 0" in done.output
    again = run("--from", str(path), "--json")
    assert json.loads(again.output)["added"] == []


def test_a_subject_commands_no_terminal(whole: Callable[..., bytes], tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(whole(*ROOTS, authority("Example\x1b[2J\u202eRoot")))
    done = run("--from", str(path))
    assert done.exit_code == 0, done.exception
    assert "\\u001b[2J\\u202eRoot" in done.output
    assert "\x1b" not in done.output


def test_an_unreadable_part_of_a_listed_certificate_is_refused() -> None:
    from tests.unit.trust.test_anchors import odd

    for kind in ("a general name", "an extension twice"):
        with pytest.raises(PolicyError, match="not a trust list"):
            read_list(entities(replace(ROOTS[0], certificate=odd(kind))), "list.json")


def test_another_file_than_the_one_told_is_refused(
    whole: Callable[..., bytes], tmp_path: Path
) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(whole(*ROOTS))
    done = run("--from", str(path), "--sha256", "00" * 32)
    assert isinstance(done.exception, PolicyError)
    assert officials()["c2pa-trust-list"] == "2026-08-21"


def test_download_asks_for_the_two_published_addresses_and_keeps_both_or_none(
    whole: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    tsa = entities(*ROOTS, scheme="C2PA TSA Trust List")
    answers = dict(zip(PUBLISHED, (whole(*ROOTS), tsa), strict=True))
    asked: list[str] = []

    def answer(url: str) -> bytes:
        asked.append(url)
        return answers[url]

    monkeypatch.setattr(fetch, "download", answer)
    refused = run("--download")  # the second one drops every anchor of the time-stamp list
    assert isinstance(refused.exception, PolicyError)
    assert asked == list(PUBLISHED)
    assert set(officials().values()) == {"2026-08-21"}
    done = run("--download", "--force")
    assert done.exit_code == 0, done.exception
    assert set(officials().values()) == {LATER}


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/list",
        "ftp://127.0.0.1/list",
        "file:///etc/hosts",
        "http://127.0.0.1.example.org/",
        "http://[::1",
        "https:list",
    ],
)
def test_only_https_or_this_machine_is_asked(url: str) -> None:
    with pytest.raises(PolicyError, match="https only"):
        require_safe(url)


def test_an_update_changes_no_anchor_of_another_tier(whole: Callable[..., bytes]) -> None:
    interim = subjects("interim")
    apply(compare(read_list(whole(*ROOTS), "new.json")))
    assert subjects("interim") == interim
