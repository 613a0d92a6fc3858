"""VICS 1.2 to 2.0: what is read, what is refused, and that reading goes on."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.jsonvalue import canonical
from assay.lists.adapters.vics import VicsAdapter
from assay.lists.model import ListEntry, Perceptual
from tests.support.list_files import (
    CONTEXT_13,
    CONTEXT_20,
    b64,
    damaged,
    md5,
    media,
    photodna,
    read,
    sha1,
    sha256,
    vics,
)

ADAPTER = VicsAdapter()
FIRST, SECOND = b'{"MediaID"', b'{"MediaID": 2'


def one(record: object, **options: str) -> ListEntry:
    return read(ADAPTER, vics([record]), options).entries[0]


def test_a_record_of_version_2_is_read_field_by_field() -> None:
    record = media(
        4,
        PhotoDNA=b64(photodna(4)),
        VictimIdentified=False,
        IsDistributed=True,
        Series="Alpha",
        DateUpdated="2020-01-02T03:04:05.1234567Z",
        SomethingNew={"a": [1, None]},
        AlternativeHashes=[
            {"MD5": md5(4).upper(), "HashName": "PDQ", "HashValue": sha256(9).upper()},
            {"MD5": md5(4).upper(), "HashName": "SHA-256", "HashValue": sha256(4).upper()},
        ],
    )
    entry = one(record)
    assert (entry.md5, entry.sha1, entry.sha256) == (md5(4), sha1(4), sha256(4))
    assert entry.size == 1004
    assert entry.category == "4"
    assert entry.namespace == "vics:US"
    assert entry.identified is False
    assert entry.distributed is True
    assert entry.series == "Alpha"
    assert entry.updated == "2020-01-02T03:04:05.1234567Z"
    assert entry.label == "p4.jpg"
    assert entry.hashes == (
        Perceptual("photodna", photodna(4)),
        Perceptual("pdq", bytes.fromhex(sha256(9))),
    )
    assert entry.record == record


@pytest.mark.parametrize("country", ["US", "UK", "Default", "CUSTOM"])
def test_the_context_gives_the_namespace(country: str) -> None:
    result = read(ADAPTER, vics([media(1)], country=country))
    assert result.entries[0].namespace == f"vics:{country}"
    assert result.facts[0].namespace == f"vics:{country}"
    assert result.facts[0].version == "2.0"


def test_version_1_does_not_say_whose_categories_it_uses() -> None:
    data = vics([media(1)], version="1.3")
    assert read(ADAPTER, data).entries[0].namespace == "vics:1.x"
    assert read(ADAPTER, data, {"namespace": "vics:US"}).entries[0].namespace == "vics:US"


def test_text_booleans_text_numbers_ms_dates_and_a_mark_are_read() -> None:
    record = media(
        2,
        Category="2",
        MediaSize="77",
        VictimIdentified="true",
        IsDistributed="False",
        DateUpdated="/Date(1388534400000+0100)/",
        AlternativeHashes=[{"MD5": md5(2), "HashName": "PhotoDNA", "HashValue": b64(photodna(2))}],
    )
    data = vics([record], version="1.3", bom=True)
    result = read(ADAPTER, data)
    entry = result.entries[0]
    assert (entry.category, entry.size, entry.identified, entry.distributed) == (
        "2",
        77,
        True,
        False,
    )
    assert entry.updated == "2014-01-01T00:00:00Z"
    assert entry.hashes == (Perceptual("photodna", photodna(2)),)
    assert entry.locator == f"byte {data.index(FIRST)}"
    assert not result.refused


def test_offsets_of_a_time_lead_to_utc() -> None:
    assert one(media(1, DateUpdated="2020-01-01T01:30:00+01:00")).updated == "2020-01-01T00:30:00Z"
    assert one(media(1, DateUpdated="2020-01-01T01:30:00")).updated == "2020-01-01T01:30:00"
    assert one(media(1, DateUpdated="/Date(99999999999999999)/")).updated.startswith("/Date(")


def test_category_null_is_not_category_0() -> None:
    assert one(media(1, Category=None)).category is None
    assert one(media(1, Category=0)).category == "0"
    assert one(media(1, Category="")).category is None


def test_rows_that_repeat_an_md5_are_kept_each_and_counted() -> None:
    rows = [media(1), media(1, Category=5), media(1, MediaID=9)]
    result = read(ADAPTER, vics(rows))
    assert [entry.category for entry in result.entries] == ["1", "5", "1"]
    assert len({entry.id for entry in result.entries}) == 3
    assert "2 records repeat an MD5" in result.notes


def test_an_id_stays_when_the_category_changes() -> None:
    assert one(media(3, Category=1)).id == one(media(3, Category=2)).id


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (media(2, MD5="ABC"), "md5 has 3 characters"),
        (media(2, MD5="Z" * 32), "not hex digits"),
        (media(2, SHA1="AB"), "sha1 has 2 characters"),
        (media(2, MD5=12), "md5 is not text"),
        ("text", "not an object"),
        ([1], "not an object"),
        (17, "not an object"),
        ({"Category": 1}, "without any hash"),
        (
            media(2, AlternativeHashes=[{"HashName": "SHA1", "HashValue": sha1(7)}]),
            "two different sha1",
        ),
    ],
)
def test_a_bad_record_is_refused_with_its_byte_and_the_next_is_read(
    record: object, reason: str
) -> None:
    data = vics([media(1), record, media(3)])
    result = read(ADAPTER, data)
    assert result.md5s == [md5(1), md5(3)]
    assert len(result.refused) == 1
    assert reason in result.refused[0].reason
    assert result.refused[0].locator == f"byte {data.index(json.dumps(record).encode())}"


@pytest.mark.parametrize(
    "more",
    [
        {"PhotoDNA": "AAAA"},
        {"VictimIdentified": "perhaps"},
        {"MediaSize": -3},
        {"Category": [1]},
        {"AlternativeHashes": [{"HashName": "PDQ", "HashValue": "12"}]},
        {"AlternativeHashes": "none"},
        {"AlternativeHashes": [7]},
        {"AlternativeHashes": [{"MD5": md5(8), "HashName": "PDQ", "HashValue": sha256(1)}]},
    ],
)
def test_a_bad_field_costs_that_field_and_says_so(more: dict[str, object]) -> None:
    result = read(ADAPTER, vics([media(2, **more)]))
    assert result.md5s == [md5(2)]
    assert result.entries[0].hashes == ()
    assert len(result.refused) == 1
    assert "kept without it" in result.refused[0].reason


@pytest.mark.parametrize(
    "broken",
    [
        b'{"MediaID": 2, "MD5": nonsense, "MediaFiles": [{"MD5": "1"}]}',
        b'{"MediaID": 2, "MD5": "' + b"AB" * 16 + b', "Category": 1}',  # a quote is missing
        b'{"MediaID": 2, "MD5": "AB", "MediaFiles": [{"MD5": "' + b"AB" * 16 + b'"}',  # a bracket
        b'"MediaID": 2, "MD5": "AB"}',
        b"\x00\x00\xff\xfe",
        b'{"MediaID": ' + b"9" * 5000 + b"}",
        b'{"MediaID": ' + b"[" * 100_000 + b"}",
        b"",
    ],
)
def test_reading_goes_on_behind_broken_json(broken: bytes) -> None:
    data = vics([media(1), "HERE", media(3), media(4)]).replace(b'"HERE"', broken)
    result = read(ADAPTER, data)
    assert result.md5s == [md5(1), md5(3), md5(4)]
    assert result.refused
    start = int(result.refused[0].locator.removeprefix("byte "))
    end = data.index(broken) if broken else data.index(b", , ") + 2
    assert abs(start - end) <= 2


def test_a_missing_comma_is_reported_and_loses_nothing() -> None:
    data = vics([media(1), media(2)]).replace(b'}, {"MediaID"', b'} {"MediaID"')
    result = read(ADAPTER, data)
    assert result.md5s == [md5(1), md5(2)]
    assert "unexpected text" in result.reasons


def test_a_file_cut_inside_a_record_keeps_what_came_before() -> None:
    whole = vics([media(1), media(2)])
    result = read(ADAPTER, whole[: whole.rindex(b"MediaFiles")])
    assert result.md5s == [md5(1)]
    assert "the file ends inside it" in result.reasons
    assert result.refused[0].locator == f"byte {whole.index(SECOND)}"


def test_a_file_cut_between_records_says_that_it_is_cut() -> None:
    whole = vics([media(1), media(2)])
    result = read(ADAPTER, whole[: whole.index(b', {"MediaID": 2')])
    assert result.md5s == [md5(1)]
    assert "the file ends before the document does" in result.reasons


def test_offsets_count_bytes_behind_other_alphabets() -> None:
    records = [media(1, Series="Ünïcödé 🌲"), {"MediaID": 2, "MD5": "short"}]
    text = json.dumps(
        {"@odata.context": CONTEXT_20.format("US", "Media"), "value": records}, ensure_ascii=False
    )
    for data in (text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        result = read(ADAPTER, data)
        assert result.entries[0].series == "Ünïcödé 🌲"
        at = int(result.refused[0].locator.removeprefix("byte "))
        assert data[at:].startswith(
            '{"MediaID"'.encode("utf-16-le" if data[1:2] == b"\xfe" else "utf-8")
        )


def test_broken_unicode_stays_readable_and_storable() -> None:
    data = vics([media(1, Series="HERE"), media(2, Series="\ud800")])
    entries = read(ADAPTER, data.replace(b"HERE", b"a\xffb")).entries
    assert entries[0].series == "a\\udcffb"
    assert entries[1].series == "\\ud800"
    for entry in entries:
        canonical(entry.record)
        entry.series.encode()


def test_numbers_that_are_none_have_a_canonical_form() -> None:
    data = vics([media(1, X="HERE")]).replace(b'"HERE"', b"[NaN, -Infinity, 1e999]")
    entry = read(ADAPTER, data).entries[0]
    assert entry.record["X"] == ["NaN", "-Infinity", "1e999"]
    canonical(entry.record)


def test_a_case_gives_its_media_and_says_which_case_it_is() -> None:
    cases = [
        {
            "CaseID": f"case-{at}",
            "CaseNumber": f"N{at}",
            "ContactOrganization": "Office",
            "SeizureDate": "2020-05-06T00:00:00Z",
            "CaseMetadata": [{"CaseID": "x", "PropertyName": "p", "PropertyValue": "v"}],
            "Media": [media(1), media(2)],
        }
        for at in (1, 2)
    ]
    data = json.dumps({"@odata.context": CONTEXT_20.format("UK", "Cases"), "value": cases}).encode()
    assert ADAPTER.recognises(data[:65536], "x")
    result = read(ADAPTER, data)
    assert result.md5s == [md5(1), md5(2), md5(1), md5(2)]
    assert len({entry.id for entry in result.entries}) == 4
    assert result.entries[0].id.startswith("case-1/")
    told = [facts for facts in result.facts if facts.owner]
    assert [facts.owner for facts in told] == ["Office", "Office"]
    assert "CaseNumber N1" in result.notes
    assert told[0].created == "2020-05-06T00:00:00Z"


@pytest.mark.parametrize("kind", ["Media", "Cases"])
def test_the_context_may_stand_behind_the_records(kind: str) -> None:
    value = [media(1)] if kind == "Media" else [{"CaseNumber": "7", "Media": [media(1)]}]
    data = json.dumps({"value": value, "odata.metadata": CONTEXT_13.format(kind)}).encode()
    assert ADAPTER.recognises(data, "x")
    assert read(ADAPTER, data).md5s == [md5(1)]


def test_records_spread_over_many_reads_of_a_file_come_whole() -> None:
    class Dripping(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(7)

    data = vics([media(number, Series="ß") for number in range(50)])
    parts = list(ADAPTER.read(Dripping(data), {}))
    found = [part for part in parts if isinstance(part, ListEntry)]
    assert [entry.md5 for entry in found] == [md5(number) for number in range(50)]
    assert [int(entry.locator.removeprefix("byte ")) for entry in found] == [
        data.index(b'{"MediaID": %d,' % number) for number in range(50)
    ]


def test_two_thousand_records_with_damage_in_every_hundredth() -> None:
    records = [json.dumps(media(number)) for number in range(2000)]
    for number in range(0, 2000, 100):
        records[number] = records[number].replace('"MD5": "', '"MD5": ', 1)
    head = json.dumps({"@odata.context": CONTEXT_20.format("US", "Media")})[:-1]
    result = read(ADAPTER, f'{head}, "value": [{", ".join(records)}]}}'.encode())
    assert len(result.entries) == 1980
    assert len(result.refused) == 20


def test_broken_records_in_a_row_are_counted_each() -> None:
    records = [json.dumps(media(number)) for number in range(40)]
    for number in range(10, 30):
        records[number] = records[number].replace('"MD5": "', '"MD5": ', 1)
    head = json.dumps({"@odata.context": CONTEXT_20.format("US", "Media")})[:-1]
    data = f'{head}, "value": [{", ".join(records)}]}}'.encode()
    result = read(ADAPTER, data)
    assert len(result.entries) == 20
    assert [refused.locator for refused in result.refused] == [
        f"byte {data.index(records[number].encode())}" for number in range(10, 30)
    ]


def test_a_record_that_never_ends_is_given_up() -> None:
    data = vics([media(1)])[:-2] + b', {"MediaID": 2, "MD5": "' + b"A" * (9 << 20) + b'"}]}'
    result = read(ADAPTER, data)
    assert result.md5s == [md5(1)]
    assert result.refused


def test_nested_brackets_without_end_cost_bounded_work() -> None:
    data = vics([media(1)])[:-2] + b", " + b'{"a":' * 400_000
    result = read(ADAPTER, data)
    assert result.md5s == [md5(1)]
    assert result.refused


@pytest.mark.parametrize(
    "head", [b"{}", b'{"value": []}', b"[]", b"md5 " + b"ab" * 16, b"<xml/>", b"", b"\x00" * 99]
)
def test_other_files_are_not_taken_for_vics(head: bytes) -> None:
    assert not ADAPTER.recognises(head, "list.vics.json")


SAMPLE = vics(
    [
        media(1, PhotoDNA=b64(photodna(1)), Series="ä\U0001f332"),
        media(2, AlternativeHashes=[{"HashName": "PDQ", "HashValue": sha256(2)}]),
        media(3),
    ]
)
CASES = json.dumps(
    {
        "@odata.context": CONTEXT_20.format("US", "Cases"),
        "value": [{"CaseID": "c", "Media": [media(1), media(2)]}],
    }
).encode()


@settings(max_examples=400)
@given(st.data())
def test_no_damage_raises(data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from((SAMPLE, CASES, SAMPLE.decode().encode("utf-16"))))
    raw = data.draw(damaged(sample))
    ADAPTER.recognises(raw, "x")
    for entry in read(ADAPTER, raw).entries:
        canonical(entry.record)
        assert entry.md5 or entry.sha1 or entry.hashes
        assert entry.id


@given(st.binary(max_size=300))
def test_no_bytes_raise(raw: bytes) -> None:
    read(ADAPTER, raw)


@settings(max_examples=200)
@given(st.data())
def test_damage_in_one_record_leaves_the_others(data: st.DataObject) -> None:
    inner = json.dumps(media(2)).encode()
    broken = data.draw(damaged(inner))
    raw = vics([media(1), "HERE", media(3), media(4)]).replace(b'"HERE"', broken)
    found = read(ADAPTER, raw).md5s
    assert found[0] == md5(1)
    assert md5(4) in found
