"""Plain lines: bare values, named ones, the output of checksum tools."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.lists.adapters.plain import PlainAdapter
from assay.lists.model import ListEntry, Perceptual
from tests.support.list_files import b64, damaged, md5, photodna, read, sha1, sha256

ADAPTER = PlainAdapter()


def one(line: str) -> ListEntry:
    result = read(ADAPTER, line.encode())
    assert not result.refused
    return result.entries[0]


def test_a_bare_64_digit_value_is_looked_up_as_sha256_and_as_pdq() -> None:
    entry = one(sha256(1).upper())
    assert entry.sha256 == sha256(1)
    assert entry.hashes == (Perceptual("pdq", bytes.fromhex(sha256(1)), None),)
    assert entry.record["form"] == "bare"


def test_a_bare_value_is_known_by_its_length() -> None:
    assert one(md5(1)).md5 == md5(1)
    assert one(sha1(1)).sha1 == sha1(1)
    assert one(b64(photodna(1))).hashes == (Perceptual("photodna", photodna(1)),)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f"md5 {md5(1)}", "md5"),
        (f"MD5:{md5(1)}", "md5"),
        (f"sha-1 {sha1(1)}", "sha1"),
        (f"SHA256\t{sha256(1)}", "sha256"),
        (f"MD5 (some (odd) name.jpg) = {md5(1)}", "md5"),
    ],
)
def test_an_algorithm_may_stand_before_the_value(line: str, kind: str) -> None:
    entry = one(line)
    assert getattr(entry, kind)
    assert entry.hashes == ()


def test_a_named_sha256_is_no_pdq_and_a_named_pdq_no_sha256() -> None:
    assert one(f"sha256 {sha256(1)}").hashes == ()
    assert one(f"pdq {sha256(1)}").sha256 == ""


def test_a_pdq_hash_may_state_its_quality() -> None:
    assert one(f"pdq {sha256(1)} 87").hashes == (Perceptual("pdq", bytes.fromhex(sha256(1)), 87),)
    assert one(f"pdq {sha256(1)}").hashes[0].quality is None


def test_names_and_comments_are_kept() -> None:
    entry = one(f"{md5(1)} *a b#2.jpg # seen twice")
    assert entry.label == "a b#2.jpg"
    assert entry.record["comment"] == "seen twice"


def test_malformed_lines_are_refused_with_their_number() -> None:
    lines = ["# heading", "", md5(1), "md5 12", "whirlpool ABCDEF", "words here", f"pdq {md5(1)}"]
    lines += [f"pdq {sha256(1)} 101", "md5 " + "g" * 32, md5(2)]
    result = read(ADAPTER, "\r\n".join(lines).encode())
    assert result.md5s == [md5(1), md5(2)]
    assert [refused.locator for refused in result.refused] == [
        f"line {number}" for number in (4, 5, 6, 7, 8, 9)
    ]
    assert "md5 has 2 characters" in result.refused[0].reason
    assert "unknown algorithm whirlpool" in result.refused[1].reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_any_encoding_of_a_text_editor_is_read(encoding: str) -> None:
    data = f"{md5(1)}  été.jpg\n{md5(2)}\n".encode(encoding)
    assert ADAPTER.recognises(data, "x")
    result = read(ADAPTER, data)
    assert result.md5s == [md5(1), md5(2)]
    assert result.entries[0].label == "été.jpg"


def test_bytes_that_are_no_utf8_are_read_as_windows_1252() -> None:
    assert (
        read(ADAPTER, md5(1).encode() + b"  \xe9t\xe9 \x81.jpg").entries[0].label == "été \x81.jpg"
    )


def test_a_line_without_end_is_refused_and_the_next_is_read() -> None:
    result = read(ADAPTER, b"a" * (3 << 20) + b"\n" + md5(1).encode())
    assert result.md5s == [md5(1)]
    assert result.refused[0].locator == "line 1"
    assert "too long" in result.reasons


@pytest.mark.parametrize(
    "head", [b"", b"just words\nand more\n", b"\x89PNG\r\n\x1a\n\0\0", b"# only a comment\n", b"{}"]
)
def test_other_files_are_not_taken_for_lists(head: bytes) -> None:
    assert not ADAPTER.recognises(head, "list.txt")


SAMPLE = f"# x\n{md5(1)}\npdq {sha256(2)} 90\n{sha256(1)}  n.jpg\nSHA1 (a) = {sha1(1)}\n".encode()


@settings(max_examples=300)
@given(st.one_of(damaged(SAMPLE), st.binary(max_size=400)))
def test_no_damage_raises(raw: bytes) -> None:
    ADAPTER.recognises(raw, "x")
    for entry in read(ADAPTER, raw).entries:
        assert entry.md5 or entry.sha1 or entry.sha256 or entry.hashes
