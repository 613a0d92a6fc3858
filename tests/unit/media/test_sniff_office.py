"""The plumbing of Office packages is told by content, and text never passes for it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.vocab import Reach
from assay.examiners.content import ContentExaminer
from assay.media.kinds import NO_PICTURES
from assay.media.sniff import sniff
from assay.media.sniff_office import BOOK_PART, PART, office_part
from assay.openers.registry import openers_for
from tests.support.ole_files import picture
from tests.support.views import make_view

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
OOXML = "http://schemas.openxmlformats.org/"
W = OOXML + "wordprocessingml/2006/main"
ODF = "urn:oasis:names:tc:opendocument:xmlns:"
WORDS = "Shall we meet at the harbour at noon? "

PLUMBING = {
    "relationships": (
        f'<Relationships xmlns="{OOXML}package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{OOXML}officeDocument/2006/relationships/styles" Target="styles.xml"/>'
        "</Relationships>"
    ),
    "content types": (
        f'<Types xmlns="{OOXML}package/2006/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/></Types>'
    ),
    "core": (
        f'<cp:coreProperties xmlns:cp="{OOXML}package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>Somebody</dc:creator>'
        "</cp:coreProperties>"
    ),
    "word styles": f'<w:styles xmlns:w="{W}"><w:style w:styleId="a"><w:b/></w:style></w:styles>',
    "strict styles": (
        '<w:styles xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"><w:b/></w:styles>'
    ),
    "settings": f"<w:settings xmlns:w='{W}' xmlns:o='urn:x'><w:zoom w:percent='100'/></w:settings>",
    "theme": f'<a:theme xmlns:a="{OOXML}drawingml/2006/main" name="Office"><a:b/></a:theme>',
    "sheet styles": f'<styleSheet xmlns="{OOXML}spreadsheetml/2006/main"><fonts/></styleSheet>',
    "slides": f'<p:presentation xmlns:p="{OOXML}presentationml/2006/main"/>',
    "ODF manifest": (
        f'<manifest:manifest xmlns:manifest="{ODF}manifest:1.0"><manifest:file-entry '
        'manifest:full-path="/"/></manifest:manifest>'
    ),
    "ODF settings": (
        f'<office:document-settings xmlns:office="{ODF}office:1.0"><config:config-item '
        f'xmlns:config="{ODF}config:1.0">true</config:config-item></office:document-settings>'
    ),
}
BOOK = {
    "container": (
        f'<container version="1.0" xmlns="{ODF}container"><rootfiles><rootfile '
        'full-path="OEBPS/content.opf"/></rootfiles></container>'
    ),
    "package": (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata><title>Boats</title></metadata>'
        "</package>"
    ),
    "contents": (
        '<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/'
        'ncx-2005-1.dtd"><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>'
        "<text>Chapter one</text></navMap></ncx>"
    ),
}


def kind(text: str, encoding: str = "utf-8") -> str:
    data = text.encode(encoding)
    return sniff(data[:65536], len(data))


@pytest.mark.parametrize("name", PLUMBING)
def test_plumbing_is_recognised_by_root_and_namespace(name: str) -> None:
    assert kind(HEAD + PLUMBING[name]) == PART
    assert kind(HEAD + PLUMBING[name], "utf-16") == PART
    assert PART in NO_PICTURES


@pytest.mark.parametrize("name", BOOK)
def test_plumbing_of_a_book_is_recognised(name: str) -> None:
    assert kind(HEAD + BOOK[name]) == BOOK_PART
    assert BOOK_PART in NO_PICTURES


@pytest.mark.parametrize(
    "text",
    [
        f'<w:document xmlns:w="{W}"><w:body/></w:document>',
        f'<w:ftr xmlns:w="{W}"/>',
        f'<w:comments xmlns:w="{W}"/>',
        f'<worksheet xmlns="{OOXML}spreadsheetml/2006/main"/>',
        f'<sst xmlns="{OOXML}spreadsheetml/2006/main"/>',
        f'<p:sld xmlns:p="{OOXML}presentationml/2006/main"/>',
        f'<office:document-content xmlns:office="{ODF}office:1.0"/>',
        f'<Properties xmlns="{OOXML}officeDocument/2006/custom-properties"/>',
        '<styles xmlns="urn:somebody"/>',
        "<Relationships/>",
        '<x:styles xmlns:w="{W}" xmlns:x="urn:y"/>',
        "<notes/>",
    ],
)
def test_parts_with_text_and_strangers_stay_what_they_are(text: str) -> None:
    assert kind(HEAD + text) == "text/xml"


@pytest.mark.parametrize("name", [*PLUMBING, *BOOK])
@pytest.mark.parametrize("how", ["text", "comment", "cdata", "attribute", "behind", "instruction"])
def test_a_chat_inside_plumbing_keeps_it_plain_xml(name: str, how: str) -> None:
    whole = {**PLUMBING, **BOOK}[name]
    words = WORDS * 40
    hidden = {
        "text": f"<x>{words}</x>",
        "comment": f"<!-- {words} -->",
        "cdata": f"<![CDATA[{words}]]>",
        "attribute": f'<x y="{words}"/>',
        "instruction": f"<?x {words}?>",
        "behind": "",
    }[how]
    close = whole.rfind("</")
    if close < 0:
        close = len(whole)
    text = whole + words if how == "behind" else whole[:close] + hidden + whole[close:]
    assert kind(HEAD + text) == "text/xml"


def test_a_short_line_inside_a_kind_without_any_text_keeps_it_plain_xml() -> None:
    text = PLUMBING["word styles"].replace("<w:b/>", f"<w:b>{WORDS}</w:b>")
    assert kind(HEAD + text) == "text/xml"


def test_many_short_lines_are_a_chat_too() -> None:
    lines = "".join(f"<x>{WORDS}</x>" for _ in range(300))
    text = BOOK["contents"].replace("<text>", lines + "<text>")
    assert kind(HEAD + text) == "text/xml"


@pytest.mark.parametrize("size", [20, 60, 100, 200])
@pytest.mark.parametrize("how", ["picture", "chat"])
def test_what_is_cut_into_many_attributes_keeps_it_plain_xml(size: int, how: str) -> None:
    hidden = base64.b64encode(picture("PNG") * 20).decode()[:12_000]
    if how == "chat":
        hidden = " ".join(f"at {n * 7919} by the harbour" for n in range(600))
    cut = "".join(f'<x y="{hidden[i : i + size]}"/>' for i in range(0, len(hidden), size))
    text = PLUMBING["relationships"].replace("</Rel", cut + "</Rel")
    assert len(text) < 65_536
    assert kind(HEAD + text) == "text/xml"


def test_a_part_that_is_not_seen_whole_stays_plain_xml() -> None:
    text = PLUMBING["word styles"].replace("<w:b/>", "<w:b/>" * 20_000)
    assert kind(HEAD + text) == "text/xml"


def test_a_picture_as_base64_inside_plumbing_is_found_by_the_content_examiner() -> None:
    hidden = base64.b64encode(picture("PNG"))[:4096].decode()
    data = (HEAD + PLUMBING["ODF settings"].replace("true", hidden)).encode()
    assert kind(data.decode()) == PART
    examiner = ContentExaminer()
    seen = list(examiner.examine(make_view(examiner, data, PART)))
    assert seen[0].value["no_pictures"] is None
    assert any(observation.value.get("flag") == "embedded" for observation in seen)


def test_clean_plumbing_holds_no_pictures() -> None:
    examiner = ContentExaminer()
    data = (HEAD + PLUMBING["theme"]).encode()
    seen = list(examiner.examine(make_view(examiner, data, PART)))
    assert seen[0].value["no_pictures"] == NO_PICTURES[PART]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("application/epub+zip", BOOK_PART),
        ("application/vnd.oasis.opendocument.text", PART),
        ("application/epub+zip, as agreed", "text/plain"),
        ("application/json", "text/plain"),
    ],
)
def test_the_member_that_names_the_package_is_plumbing(text: str, expected: str) -> None:
    assert kind(text) == expected


def test_no_opener_takes_plumbing() -> None:
    assert all(opener.reach is Reach.BESIDE for opener in openers_for(PART))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_behind_a_root_never_raise(data: bytes) -> None:
    start = f'<Relationships xmlns="{OOXML}package/2006/relationships"'.encode()
    assert office_part(start + data) in ("", PART)
