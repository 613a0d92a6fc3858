"""NCMEC hash sharing: saved pages, deletions, feedback, hostile XML."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.jsonvalue import canonical
from assay.lists.adapters.ncmec import NcmecAdapter
from assay.lists.model import Perceptual
from tests.support.list_files import (
    b64,
    damaged,
    md5,
    ncmec,
    ncmec_image,
    photodna,
    read,
    sha1,
    sha256,
)

ADAPTER = NcmecAdapter()


def test_an_image_is_read_field_by_field() -> None:
    prints = f"<pdq>{sha256(1)}</pdq><pdna>{b64(photodna(1))}</pdna><netclean>00ff</netclean>"
    image = ncmec_image(1).replace("</fingerprints>", f"{prints}</fingerprints>")
    entry = read(ADAPTER, ncmec(image)).entries[0]
    assert (entry.id, entry.md5, entry.sha1) == ("42/image/image1", md5(1), sha1(1))
    assert (entry.category, entry.namespace) == ("A1", "ncmec")
    assert entry.updated == "2020-10-24T15:00:00Z"
    assert set(entry.hashes) == {
        Perceptual("pdq", bytes.fromhex(sha256(1))),
        Perceptual("photodna", photodna(1)),
        Perceptual("netclean", b"\x00\xff"),
    }
    assert entry.record["member"] == {"@id": "42", "#text": "Member"}
    assert not entry.disputed


def test_a_deletion_withdraws_the_entry_that_it_names() -> None:
    gone = '<deletedImage><member id="42">M</member><id>image1</id></deletedImage>'
    video = '<deletedVideo><member id="42">M</member><id>image1</id></deletedVideo>'
    data = ncmec(ncmec_image(1) + gone, videos=video)
    given_, withdrawn, other = read(ADAPTER, data).entries
    assert withdrawn.deleted
    assert withdrawn.id == given_.id
    assert not given_.deleted
    assert other.deleted
    assert other.id != given_.id


def test_negative_feedback_disputes_and_is_kept() -> None:
    feedback = (
        '<feedback><affirmativeFeedback type="MD5"><members><member id="1">A</member></members>'
        '</affirmativeFeedback><negativeFeedback type="SHA1"><reasons><reason guid="g" name="n">'
        '<members><member id="2">B</member></members></reason></reasons>'
        "</negativeFeedback></feedback>"
    )
    entry = read(ADAPTER, ncmec(ncmec_image(1, feedback))).entries[0]
    assert entry.disputed
    kept = canonical(entry.record).decode()
    assert '"@guid":"g"' in kept
    assert '"affirmativeFeedback"' in kept
    positive = feedback[: feedback.index("<negative")] + "</feedback>"
    assert not read(ADAPTER, ncmec(ncmec_image(1, positive))).entries[0].disputed


def test_a_page_says_that_others_belong_to_it() -> None:
    link = "/v2/entries?from=a&amp;to=b&amp;start=2001&amp;size=1000&amp;max=3000"
    more = f"<paging><next>{link}</next></paging>"
    result = read(ADAPTER, ncmec(ncmec_image(1), after=more))
    assert "one page of several" in result.notes
    assert "from entry 2001 of 3000" in result.notes
    assert "one page" not in read(ADAPTER, ncmec(ncmec_image(1))).notes


def test_a_count_that_does_not_hold_is_noted() -> None:
    assert "says 7 images and holds 1" in read(ADAPTER, ncmec(ncmec_image(1), count=7)).notes
    assert "says" not in read(ADAPTER, ncmec(ncmec_image(1), count=1)).notes


def test_what_only_has_a_link_is_kept_without_a_hash() -> None:
    image = ncmec_image(1).replace(
        f"<md5>{md5(1)}</md5><sha1>{sha1(1)}</sha1>", '<tmk-pdqf rel="self" href="/x"/>'
    )
    entry = read(ADAPTER, ncmec(image)).entries[0]
    assert entry.hashes == ()
    assert entry.record["fingerprints"] == {"tmk-pdqf": {"@rel": "self", "@href": "/x"}}


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (ncmec_image(2).replace(md5(2), "12"), "md5 has 2 characters"),
        (ncmec_image(2).replace("<id>image2</id>", ""), "without an id"),
        (ncmec_image(2).replace("</id>", "</ID>"), "mismatched tag"),
        (ncmec_image(2).replace("<id>", "<id<>"), "not well-formed"),
        (ncmec_image(2).replace("image2", "&nothing;"), "undefined entity"),
        ("<image><id>2</id><fingerprints/></image>", "without fingerprints"),
        (f"<image>{'<a>' * 60}{'</a>' * 60}</image>", "nested too deeply"),
    ],
)
def test_a_bad_entry_is_refused_with_its_byte_and_the_next_is_read(
    broken: str, reason: str
) -> None:
    data = ncmec(ncmec_image(1) + broken + ncmec_image(3), videos=ncmec_image(4))
    result = read(ADAPTER, data)
    assert result.md5s == [md5(1), md5(3), md5(4)]
    assert reason in result.reasons
    assert result.refused[0].locator == f"byte {data.index(broken.encode())}"
    assert len(result.refused) == 1


def test_a_cut_page_keeps_what_came_before() -> None:
    data = ncmec(ncmec_image(1) + ncmec_image(2))
    result = read(ADAPTER, data[: data.rindex(b"<sha1>")])
    assert result.md5s == [md5(1)]
    assert len(result.refused) == 1
    between = read(ADAPTER, data[: data.rindex(b"<image>")])
    assert between.md5s == [md5(1)]
    assert "the file ends before" in between.reasons


def test_a_prefix_changes_nothing() -> None:
    data = ncmec(ncmec_image(1) + ncmec_image(2).replace("</id>", "</x>") + ncmec_image(3)).decode()
    data = data.replace("</", "\0").replace("<?", "\1").replace("<", "<n:")
    data = data.replace("\0", "</n:").replace("\1", "<?").replace("xmlns=", "xmlns:n=")
    assert ADAPTER.recognises(data.encode(), "x")
    assert read(ADAPTER, data.encode()).md5s == [md5(1), md5(3)]


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://example.invalid/x.dtd"> %p;]>',
    ],
)
def test_a_document_type_declaration_ends_the_reading(doctype: str) -> None:
    data = ncmec(ncmec_image(1)).decode().replace("?>\n", f"?>\n{doctype}", 1)
    result = read(ADAPTER, data.encode())
    assert result.entries == []
    assert "document type declaration" in result.reasons


def test_a_page_with_endless_text_is_bounded() -> None:
    data = ncmec("<image><id>" + "x" * (9 << 20) + "</id></image>" + ncmec_image(1))
    result = read(ADAPTER, data)
    assert result.md5s == [md5(1)]
    assert "longer than" in result.reasons


def test_many_nested_beginnings_cost_bounded_work() -> None:
    result = read(ADAPTER, ncmec("<image>" * 200_000))
    assert result.entries == []
    assert result.refused


@pytest.mark.parametrize(
    "head", [b"", b"<html><images/></html>", b"{}", b"<queryResult/>", b"\xff"]
)
def test_other_files_are_not_taken_for_pages(head: bytes) -> None:
    assert not ADAPTER.recognises(head, "entries.xml")


SAMPLE = ncmec(
    ncmec_image(1) + ncmec_image(2, "<feedback><negativeFeedback/></feedback>") + ncmec_image(3),
    videos='<deletedVideo><member id="4">é</member><id>v</id></deletedVideo>',
    after="<paging><next>/v2?start=1</next></paging>",
)


@settings(max_examples=400)
@given(
    st.one_of(damaged(SAMPLE), damaged(SAMPLE.decode().encode("utf-16")), st.binary(max_size=200))
)
def test_no_damage_raises(raw: bytes) -> None:
    ADAPTER.recognises(raw, "x")
    for entry in read(ADAPTER, raw).entries:
        canonical(entry.record)
        assert entry.id


@settings(max_examples=200)
@given(st.data())
def test_damage_in_one_entry_leaves_the_last(data: st.DataObject) -> None:
    broken = data.draw(damaged(ncmec_image(2).encode()))
    raw = ncmec(ncmec_image(1) + "HERE" + ncmec_image(3) + ncmec_image(4)).replace(b"HERE", broken)
    found = read(ADAPTER, raw).md5s
    assert found[0] == md5(1)
    assert md5(4) in found or b"<!" in broken
