"""The XMP reader: every RDF form flattened, namespaces normalised, broken packets survived."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.media.xmp import read_xmp

HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Example 1">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
)
TAIL = "</rdf:RDF></x:xmpmeta>"
NAMES = (
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    ' xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"'
    ' xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"'
)


def packet(body: str, names: str = NAMES, attributes: str = "") -> bytes:
    return (
        f'{HEAD}<rdf:Description rdf:about=""{names}{attributes}>{body}</rdf:Description>{TAIL}'
    ).encode()


def test_attributes_and_elements_are_the_same_property() -> None:
    assert read_xmp(packet("", attributes=' xmp:CreatorTool="Tool 1"')).properties[
        "xmp:CreatorTool"
    ] == ("Tool 1",)
    assert read_xmp(packet("<xmp:CreatorTool>Tool 1</xmp:CreatorTool>")).properties[
        "xmp:CreatorTool"
    ] == ("Tool 1",)


@pytest.mark.parametrize("array", ["Bag", "Seq", "Alt"])
def test_arrays_give_all_their_values(array: str) -> None:
    body = (
        f"<dc:subject><rdf:{array}><rdf:li>one</rdf:li>"
        f"<rdf:li>two</rdf:li></rdf:{array}></dc:subject>"
    )
    assert read_xmp(packet(body)).properties["dc:subject"] == ("one", "two")


@pytest.mark.parametrize(
    "item",
    [
        '<rdf:li stEvt:action="saved" stEvt:softwareAgent="Tool 1"/>',
        (
            '<rdf:li rdf:parseType="Resource"><stEvt:action>saved</stEvt:action>'
            "<stEvt:softwareAgent>Tool 1</stEvt:softwareAgent></rdf:li>"
        ),
        (
            "<rdf:li><rdf:Description><stEvt:action>saved</stEvt:action>"
            "<stEvt:softwareAgent>Tool 1</stEvt:softwareAgent></rdf:Description></rdf:li>"
        ),
    ],
)
def test_structures_are_flattened_whatever_their_form(item: str) -> None:
    xmp = read_xmp(packet(f"<xmpMM:History><rdf:Seq>{item}</rdf:Seq></xmpMM:History>"))
    assert xmp.properties["xmpMM:History/stEvt:action"] == ("saved",)
    assert xmp.properties["xmpMM:History/stEvt:softwareAgent"] == ("Tool 1",)


def test_the_namespace_decides_and_not_the_files_prefix() -> None:
    names = (
        ' xmlns:a="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:dc="http://elsewhere.example/"'
    )
    xmp = read_xmp(packet("", names, ' a:DigitalSourceType="term" dc:creator="someone"'))
    assert xmp.properties["Iptc4xmpExt:DigitalSourceType"] == ("term",)
    assert "dc:creator" not in xmp.properties
    assert xmp.properties["{http://elsewhere.example/}creator"] == ("someone",)


def test_escaped_json_is_text() -> None:
    names = ' xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"'
    body = "<TC260:AIGC>{&quot;Label&quot;:&quot;1&quot;}</TC260:AIGC>"
    assert read_xmp(packet(body, names)).properties["TC260:AIGC"] == ('{"Label":"1"}',)


def test_padding_and_a_wrapper_are_no_trouble() -> None:
    wrapped = b'<?xpacket begin="\xef\xbb\xbf"?>' + packet("", attributes=' xmp:Rating="3"')
    xmp = read_xmp(wrapped + b" " * 400 + b'<?xpacket end="w"?>' + b"\0" * 9)
    assert xmp.properties["xmp:Rating"] == ("3",)
    assert xmp.troubles == ()


def test_a_packet_that_breaks_off_gives_what_stands_before_the_break() -> None:
    whole = packet("<dc:format>image/png</dc:format>", attributes=' xmp:CreatorTool="Tool 1"')
    xmp = read_xmp(whole[: whole.index(b"</dc:format>") + 18])
    assert xmp.properties["xmp:CreatorTool"] == ("Tool 1",)
    assert xmp.properties["dc:format"] == ("image/png",)
    assert [t.flag for t in xmp.troubles] == ["malformed"]


def test_bytes_that_are_not_utf_8_are_replaced_and_reported() -> None:
    xmp = read_xmp(packet("<dc:format>caf\xe9</dc:format>").decode().encode("latin-1"))
    assert xmp.properties["dc:format"] == ("caf\ufffd",)
    assert [t.flag for t in xmp.troubles] == ["malformed"]


def test_entities_and_document_types_are_refused() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;">]>' + packet(
        "<dc:format>&d;</dc:format>"
    )
    xmp = read_xmp(bomb)
    assert xmp.properties == {}
    assert [t.flag for t in xmp.troubles] == ["malformed"]


@pytest.mark.parametrize("body", ["<dc:a>" * 5000, "<dc:a/>" * 150_000])
def test_depth_and_number_of_elements_are_bounded(body: str) -> None:
    assert [t.flag for t in read_xmp(packet(body)).troubles] == ["metadata_bomb"]


@given(st.binary(max_size=300))
@settings(max_examples=80, deadline=None)
def test_random_bytes_never_raise(data: bytes) -> None:
    read_xmp(data)
    read_xmp(HEAD.encode() + data)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_damage_never_raises(data: st.DataObject) -> None:
    whole = bytearray(packet("<dc:subject><rdf:Bag><rdf:li>one</rdf:li></rdf:Bag></dc:subject>"))
    for _ in range(data.draw(st.integers(0, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    read_xmp(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
