"""What is written validates, and comes back as it was through our own adapters."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UsageError
from assay.lists.adapters.csv_ import CsvAdapter
from assay.lists.adapters.ncmec import NcmecAdapter
from assay.lists.adapters.vics import VicsAdapter
from assay.lists.model import ListEntry, Perceptual
from assay.lists.writers.csv_ import write_csv
from assay.lists.writers.vics import SOURCE_CATEGORY, SOURCE_RECORD, Written, write_vics
from tests.support.list_files import (
    CONTEXT_20,
    b64,
    md5,
    media,
    ncmec,
    ncmec_image,
    photodna,
    read,
    sha1,
    sha256,
    vics,
)

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/reference/lists/vics.schema.json").read_text()
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def written(
    entries: Iterable[ListEntry], context: str = "US", case: dict[str, Any] | None = None
) -> tuple[bytes, Written]:
    out = io.BytesIO()
    told = write_vics(entries, out, context, case)
    VALIDATOR.validate(json.loads(out.getvalue()))
    return out.getvalue(), told


def entries_of(data: bytes) -> list[ListEntry]:
    return read(VicsAdapter(), data).entries


def same(one: ListEntry) -> ListEntry:
    """An entry without what a round trip may change: the place, and how fields were spelt."""
    return replace(one, locator="", record={}, hashes=tuple(sorted(one.hashes, key=repr)))


OLD = vics(
    [
        media(
            1,
            Category="2",
            MediaSize="77",
            VictimIdentified="true",
            DateUpdated="/Date(1388534400000)/",
            AlternativeHashes=[
                {"MD5": md5(1), "HashName": "PhotoDNA", "HashValue": b64(photodna(1))},
                {"MD5": md5(1), "HashName": "SHA256", "HashValue": sha256(1)},
            ],
            **{"odata.id": "Media(1)", "Unknown": {"deep": [1, {"a": None}]}},
        ),
        media(2, Category=None, Series="ä", MediaFiles=[{"FileName": "only.jpg"}]),
        media(3, Exifs=[{"MD5": md5(3), "PropertyName": "Make", "PropertyValue": 7}]),
    ],
    version="1.3",
    bom=True,
)


def test_a_set_of_version_1_3_comes_back_whole_as_version_2() -> None:
    before = read(VicsAdapter(), OLD, {"namespace": "vics:US"}).entries
    data, told = written(before)
    after = read(VicsAdapter(), data)
    assert told.count == 3
    assert not after.refused
    assert [same(entry) for entry in after.entries] == [same(entry) for entry in before]
    record = after.entries[0].record
    assert record["Unknown"] == {"deep": [1, {"a": None}]}
    assert record["odata.id"] == "Media(1)"
    assert record["VictimIdentified"] is True
    assert record["MediaSize"] == 77
    assert json.loads(data)["@odata.context"] == CONTEXT_20.format("US", "Media")


def test_writing_what_was_written_changes_no_byte() -> None:
    first, _ = written(read(VicsAdapter(), OLD, {"namespace": "vics:US"}).entries)
    second, _ = written(entries_of(first))
    assert first == second


def test_a_category_of_another_namespace_is_never_taken_over() -> None:
    entry = entries_of(vics([media(1, Category=1)], country="UK"))[0]
    back = entries_of(written([entry], "US")[0])[0]
    assert back.category is None
    assert {"PropertyName": SOURCE_CATEGORY, "PropertyValue": "vics:UK 1"} in back.record[
        "MediaMetadata"
    ]  # type: ignore[operator]
    assert entries_of(written([entry], "UK")[0])[0].category == "1"


def test_entries_of_another_format_keep_their_whole_record() -> None:
    feedback = '<feedback><negativeFeedback type="MD5"/></feedback>'
    entry = read(NcmecAdapter(), ncmec(ncmec_image(1, feedback))).entries[0]
    entry = replace(entry, hashes=(Perceptual("pdq", bytes.fromhex(sha256(1)), 44),))
    back = entries_of(written([entry])[0])[0]
    assert (back.md5, back.sha1, back.category) == (md5(1), sha1(1), None)
    assert back.hashes == entry.hashes
    metadata: Any = back.record["MediaMetadata"]
    kept = {part["PropertyName"]: part["PropertyValue"] for part in metadata}
    assert json.loads(kept[SOURCE_RECORD]) == entry.record
    assert kept[SOURCE_CATEGORY] == "ncmec A1"


def test_a_value_that_version_2_cannot_hold_is_set_aside_and_not_lost() -> None:
    entry = entries_of(vics([media(1, VictimIdentified="perhaps", PhotoDNA="AAAA", Tags=[1])]))[0]
    record: Any = entries_of(written([entry])[0])[0].record
    kept = {part["PropertyName"]: part["PropertyValue"] for part in record["MediaMetadata"]}
    assert kept == {
        "assay:as read:VictimIdentified": "perhaps",
        "assay:as read:Tags": "[1]",
        "assay:as read:PhotoDNA": "AAAA",
    }


def test_what_cannot_be_written_is_counted() -> None:
    entries = [
        ListEntry("a", sha1=sha1(1)),
        ListEntry("b", md5=md5(1), deleted=True),
        ListEntry("c", md5=md5(2)),
    ]
    data, told = written(entries)
    assert told.count == 1
    assert sum(told.left_out.values()) == 2
    assert told.sample == ["a", "b"]
    assert [entry.md5 for entry in entries_of(data)] == [md5(2)]


@pytest.mark.parametrize("case", [{}, {"CaseID": "c1", "CaseNumber": "7", "Media": "never"}])
def test_a_case_is_written_with_its_media(case: dict[str, Any]) -> None:
    entries = entries_of(vics([media(1), media(2)]))
    data, _ = written(entries, case=case)
    result = read(VicsAdapter(), data)
    assert result.md5s == [md5(1), md5(2)]
    assert json.loads(data)["@odata.context"] == CONTEXT_20.format("US", "Cases")


@pytest.mark.parametrize("case", [None, {}])
def test_nothing_written_is_still_valid(case: dict[str, Any] | None) -> None:
    data, told = written([], case=case)
    assert told.count == 0
    assert not read(VicsAdapter(), data).refused


def test_an_unknown_context_is_an_error() -> None:
    with pytest.raises(UsageError, match="unknown VICS context"):
        write_vics([], io.BytesIO(), "XX")


@pytest.mark.parametrize(
    "record",
    [
        {"MediaID": 1, "Category": 1},
        {"MediaID": "1", "Category": 1, "MD5": md5(1).upper()},
        {"MediaID": 1, "Category": "1", "MD5": md5(1).upper()},
        {"MediaID": 1, "Category": 1, "MD5": md5(1)},
        {"MediaID": 1, "Category": 1, "MD5": md5(1).upper(), "VictimIdentified": "true"},
        {"MediaID": 1, "Category": 1, "MD5": md5(1).upper(), "PhotoDNA": "AAAA"},
        {"MediaID": 1, "Category": 1, "MD5": md5(1).upper(), "MediaFiles": [{}]},
    ],
)
def test_the_schema_is_strict_on_the_documented_fields(record: dict[str, Any]) -> None:
    document = {"@odata.context": CONTEXT_20.format("US", "Media"), "value": [record]}
    assert not VALIDATOR.is_valid(document)


texts = st.text(max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
KNOWN = (
    *("Category", "MediaSize", "VictimIdentified", "IsDistributed", "Series", "Tags", "SHA1"),
    *("PhotoDNA", "AlternativeHashes", "MediaFiles", "MediaMetadata", "Exifs", "DateUpdated"),
    *("MediaID", "Miniature", "Comments", "New"),
)
odd_fields = st.dictionaries(st.sampled_from(KNOWN), values, max_size=6)


@settings(max_examples=300)
@given(odd_fields)
def test_any_record_that_is_read_is_written_validly(fields: dict[str, Any]) -> None:
    before = read(VicsAdapter(), vics([media(1, **fields)])).entries
    data, told = written(before)
    assert told.count == len(before)
    assert [entry.md5 for entry in entries_of(data)] == [entry.md5 for entry in before]


# -- tables


def tabled(entries: Iterable[ListEntry]) -> list[ListEntry]:
    out = io.BytesIO()
    write_csv(entries, out)
    assert CsvAdapter().recognises(out.getvalue(), "x")
    result = read(CsvAdapter(), out.getvalue())
    assert not result.refused
    return result.entries


def test_a_table_brings_every_field_back() -> None:
    entry = ListEntry(
        id="=1+1",
        md5=md5(1),
        sha1=sha1(1),
        sha256=sha256(1),
        size=5,
        hashes=(
            Perceptual("pdq", bytes.fromhex(sha256(2)), 60),
            Perceptual("photodna", photodna(1)),
            Perceptual("pdq", bytes.fromhex(sha256(3))),
            Perceptual("netclean", b"\x01\x02"),
        ),
        category="1",
        namespace="vics:US",
        identified=False,
        distributed=True,
        series='\'quoted; "series"',
        disputed=True,
        updated="2020-01-01T00:00:00Z",
        label="-cmd|' /C calc'!A0",
        record={"MD5": md5(1), "a": [1, None, {"b": "ä\n"}]},
    )
    assert replace(tabled([entry])[0], locator="") == entry
    gone = ListEntry(id="x", deleted=True, namespace="n", record={"id": "x"})
    assert replace(tabled([entry, gone])[1], locator="") == gone


def test_no_cell_of_a_table_is_computed_by_a_spreadsheet() -> None:
    out = io.BytesIO()
    write_csv([ListEntry(id="@x", md5=md5(1), label="=1", series="+2")], out)
    cells = out.getvalue().decode().split("\n")[1].split(",")
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
