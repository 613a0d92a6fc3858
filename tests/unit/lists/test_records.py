"""The store of whole records: every field comes back, by number, in order."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.lists.model import ListEntry, Perceptual
from assay.lists.records import LONGEST, RecordFile, RecordWriter, decode, encode
from assay.lists.sealed import ListDamagedError
from tests.support.listing import entry

_TEXT = st.text(st.characters(), max_size=20)
_FLOAT = st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(_TEXT, _JSON, max_size=5), _TEXT, st.none() | _TEXT)
def test_every_field_survives(record: dict[str, object], text: str, code: str | None) -> None:
    whole = entry(
        3,
        id=text,
        record=record,
        label=text,
        series=text,
        category=code,
        identified=False,
        distributed=True,
        disputed=True,
        updated="2026-01-02T03:04:05Z",
        hashes=(Perceptual("photodna", bytes(144)), Perceptual("odd", b"\0x", 7)),
    )
    line, _ = encode(whole, 4)
    assert b"\n" not in line
    stored = decode(line, 9)
    assert stored.entry == whole
    assert (stored.number, stored.source) == (9, 4)


def test_where_a_record_stood_is_no_part_of_what_it_says() -> None:
    said = encode(entry(1), 0)[1]
    assert encode(entry(1, locator="line 77"), 5)[1] == said
    assert encode(entry(1, category="2"), 0)[1] != said


def test_numbers_that_json_lacks_become_text() -> None:
    stored = decode(encode(entry(1, record={"a": [math.nan, {"b": math.inf}]}), 0)[0], 0)
    assert stored.entry.record == {"a": ["nan", {"b": "inf"}]}


def test_fields_that_cannot_be_kept_are_refused() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for record in ({"a": deep}, {"a": object()}, {"a": "x" * LONGEST}):
        with pytest.raises(ValueError, match="record"):
            encode(ListEntry(id="x", record=record), 0)


def test_records_come_back_by_number_and_in_order(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path / "run")
    entries = [entry(n, label="x" * (n * 37 % 900)) for n in range(3000)]
    for each in entries:
        writer.add(*encode(each, 0))
    file = RecordFile(tmp_path / "run", 500, writer.close())
    assert file.count == 3000
    for number in (0, 1, 1499, 2998, 2999):
        assert file.record(500 + number).entry == entries[number]
    assert [stored.entry for stored in file.records()] == entries
    assert (tmp_path / "run.blocks").stat().st_size > 10 * (1 << 12)  # more than one block


def test_damage_is_told_and_what_is_whole_stays_readable(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path / "run")
    for number in range(3000):
        writer.add(*encode(entry(number), 0))
    seals = writer.close()
    blocks = tmp_path / "run.blocks"
    data = bytearray(blocks.read_bytes())
    data[-20] ^= 0xFF
    blocks.write_bytes(data)
    file = RecordFile(tmp_path / "run", 0, seals)
    assert file.record(0).entry == entry(0)
    with pytest.raises(ListDamagedError, match=r"run\.blocks"):
        file.record(2999)
    blocks.write_bytes(data[:-1])
    with pytest.raises(ListDamagedError, match="bytes instead of"):
        RecordFile(tmp_path / "run", 0, seals)
