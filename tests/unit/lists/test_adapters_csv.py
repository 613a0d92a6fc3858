"""Tables: delimiters, encodings, headers, profiles, and what no profile knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UsageError
from assay.core.jsonvalue import canonical
from assay.lists.adapters import _profiles
from assay.lists.adapters.csv_ import CsvAdapter
from assay.lists.model import Perceptual
from tests.support.list_files import Read, b64, damaged, md5, photodna, read, sha1, sha256

ADAPTER = CsvAdapter()
ICSE = "ImageID,MD5,SHA1,PhotoDNA,IsDistributed,VictimIdentified,SeriesName,NumSubmissions,Baseline"


def table(*lines: str) -> Read:
    data = "\n".join(lines).encode()
    assert ADAPTER.recognises(data, "x")
    return read(ADAPTER, data)


def test_an_icse_export_is_read_by_its_columns() -> None:
    row = f"17,{md5(1).upper()},{sha1(1)},{b64(photodna(1))},True,False,Alpha,3,Yes"
    entry = table(ICSE, row).entries[0]
    assert (entry.id, entry.md5, entry.sha1) == ("17", md5(1), sha1(1))
    assert entry.hashes == (Perceptual("photodna", photodna(1)),)
    assert (entry.distributed, entry.identified) == (True, False)
    assert (entry.series, entry.category, entry.namespace) == ("Alpha", "Yes", "csv:icse")
    assert entry.record["NumSubmissions"] == "3"
    assert entry.locator == "line 2"


def test_vics_names_as_columns_are_caid_style() -> None:
    result = table("MediaID\tCategory\tMD5\tMediaSize", f"1\t0\t{md5(1)}\t77", f"2\t\t{md5(2)}\t")
    first, second = result.entries
    assert (first.category, first.size, first.namespace) == ("0", 77, "csv:caid")
    assert (second.category, second.size) == (None, None)
    assert first.id == f"1/{md5(1)}"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_delimiter_and_encoding_are_found(delimiter: str, encoding: str) -> None:
    lines = [("md5", "File Name", "Notes"), (md5(1), "été.jpg", "x"), (md5(2), "b.jpg", "")]
    data = "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)
    assert ADAPTER.recognises(data, "x")
    result = read(ADAPTER, data)
    assert result.md5s == [md5(1), md5(2)]
    assert result.entries[0].label == "été.jpg"
    assert result.entries[0].record == {"md5": md5(1), "File Name": "été.jpg", "Notes": "x"}


def test_a_spreadsheets_hint_and_a_title_before_the_header_are_passed() -> None:
    assert table("sep=;", "MD5;Name", f"{md5(1)};a").md5s == [md5(1)]
    result = table("Export of a list", "", "Made, today", "Md5 Hash,File-Size", f"{md5(1)},5")
    assert result.md5s == [md5(1)]
    assert result.entries[0].size == 5
    assert not result.refused


def test_columns_are_matched_without_case_and_punctuation() -> None:
    assert table("SHA-256 hash,FILE_SIZE", f"{sha256(1)},9").entries[0].size == 9


def test_one_hash_a_line_under_a_heading() -> None:
    result = table("Hash", md5(1), sha1(2), sha256(3), b64(photodna(4)), "short")
    assert [entry.md5 for entry in result.entries] == [md5(1), "", "", ""]
    assert result.entries[2].hashes == (Perceptual("pdq", bytes.fromhex(sha256(3))),)
    assert result.entries[2].sha256 == sha256(3)
    assert result.entries[3].hashes == (Perceptual("photodna", photodna(4)),)
    assert result.refused[0].locator == "line 6"


def test_quoted_cells_may_hold_delimiters_quotes_and_line_breaks() -> None:
    result = table("MD5,Name,Category", f'{md5(1)},"a, ""b""\nc",2', f'{md5(2)},5" disk,3')
    assert [entry.label for entry in result.entries] == ['a, "b" c', '5" disk']
    assert [entry.category for entry in result.entries] == ["2", "3"]
    assert [entry.locator for entry in result.entries] == ["line 2", "line 4"]


def test_a_quote_that_never_closes_costs_its_line_alone() -> None:
    rows = [f"{md5(number)},name" for number in range(200)]
    result = table("MD5,Name", f'{md5(999)},"open', *rows)
    assert len(result.entries) == 200
    assert [refused.locator for refused in result.refused] == ["line 2"]
    assert "quote never closes" in result.reasons


def test_a_bad_digest_costs_the_row_and_a_bad_field_the_field() -> None:
    result = table("MD5,Size,PhotoDNA", f"{md5(1)},x,AAAA", "zz,3,", f"{md5(2)},4,")
    assert result.md5s == [md5(1), md5(2)]
    assert result.entries[0].size is None
    assert [refused.locator for refused in result.refused] == ["line 2", "line 2", "line 3"]


def test_quality_of_pdq_is_read_and_its_absence_is_none() -> None:
    result = table("PDQ,PDQ Quality", f"{sha256(1)},40", f"{sha256(2)},")
    assert [entry.hashes[0].quality for entry in result.entries] == [40, None]


def test_rows_with_the_same_digest_are_kept_each_and_counted() -> None:
    result = table("MD5,Category", f"{md5(1)},1", f"{md5(1)},5")
    assert [entry.category for entry in result.entries] == ["1", "5"]
    assert len({entry.id for entry in result.entries}) == 2
    assert "1 rows repeat" in result.notes


def test_withdrawn_rows_keep_the_id_that_they_withdraw() -> None:
    result = table("ID,MD5,Withdrawn", f"a,{md5(1)},no", "a,,yes")
    assert [entry.id for entry in result.entries] == ["a", "a"]
    assert [entry.deleted for entry in result.entries] == [False, True]


def test_cells_beyond_the_header_and_double_names_survive() -> None:
    entry = table("MD5,Note,Note", f"{md5(1)},a,b,c").entries[0]
    assert entry.record == {"MD5": md5(1), "Note": "a", "Note (3)": "b", "column 4": "c"}


def test_columns_that_no_profile_knows_are_named() -> None:
    result = table("foo;bar baz", f"1;{md5(1)}")
    assert result.entries == []
    assert result.refused[0].reason == (
        "no column profile fits; the columns found are: foo, bar baz"
    )


def test_a_saved_profile_maps_columns_words_and_categories(tmp_path: Path) -> None:
    (tmp_path / "office.toml").write_text(
        'required = ["md5"]\nnamespace = "office"\n[fields]\nmd5 = ["foo"]\ncategory = ["bar"]\n'
        'identified = ["known"]\n[truth]\ntrue = ["ja"]\nfalse = ["nein"]\n'
        '[categories]\n1 = "first"\n'
    )
    data = f"foo;bar;known\n{md5(1)};1;Ja\n{md5(2)};2;nein\n".encode()
    result = read(ADAPTER, data, {"profiles": str(tmp_path)})
    assert [entry.identified for entry in result.entries] == [True, False]
    assert result.entries[0].namespace == "office"
    assert result.facts[0].categories == {"1": "first"}
    path = str(tmp_path / "office.toml")
    assert len(read(ADAPTER, data, {"profile": path}).entries) == 2


def test_a_profile_by_numbers_needs_no_header(tmp_path: Path) -> None:
    path = tmp_path / "bare.toml"
    path.write_text("header = false\n[fields]\nmd5 = [2]\ncategory = [3]\n")
    result = read(ADAPTER, f"a,{md5(1)},7\nb,{md5(2)},8\n".encode(), {"profile": str(path)})
    assert [entry.category for entry in result.entries] == ["7", "8"]
    assert result.entries[0].record == {"column 1": "a", "column 2": md5(1), "column 3": "7"}


def test_a_wanted_profile_that_does_not_fit_says_what_it_needs() -> None:
    result = read(ADAPTER, f"MD5,Name\n{md5(1)},a\n".encode(), {"profile": "icse"})
    assert "icse does not fit: it needs md5, id; the columns found are: MD5, Name" in result.reasons


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[fields]\nnothing = ['x']",
        "required = ['md5']\n[fields]\nsha1 = ['x']",
        "header = false\n[fields]\nmd5 = ['x']",
        "header = false\n[fields]\nmd5 = [0]",
        "not toml",
        "[fields]\nmd5 = 7",
    ],
)
def test_a_profile_that_says_nothing_usable_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"bad\.toml"):
        _profiles.load(path)


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        read(ADAPTER, b"MD5\n", {"profile": "nothing"})
    assert "icse, caid" in caught.value.hint


@pytest.mark.parametrize(
    "head", [b"", b"name,age\nx,3\n", b'{"a,b": 1}', b"<a,b>", f"md5 {md5(1)}\n".encode(), b"\0,\0"]
)
def test_other_files_are_not_taken_for_tables(head: bytes) -> None:
    assert not ADAPTER.recognises(head, "list.csv")


SAMPLE = "\n".join(
    (
        ICSE,
        f'17,{md5(1)},{sha1(1)},{b64(photodna(1))},True,False,"Al ""p"" ha",3,Yes',
        f'18,{md5(2)},,,,,"é\nb",,',
        f"19,{md5(3)},,,,,,,",
    )
)


@settings(max_examples=400)
@given(
    st.one_of(
        damaged(SAMPLE.encode()),
        damaged(SAMPLE.encode("utf-16")),
        damaged(f"hash\n{md5(1)}\n{sha256(1)}\n".encode()),
        st.binary(max_size=200),
    )
)
def test_no_damage_raises(raw: bytes) -> None:
    ADAPTER.recognises(raw, "x")
    for entry in read(ADAPTER, raw).entries:
        canonical(entry.record)
        assert entry.id
