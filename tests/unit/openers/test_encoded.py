"""Pictures written as text come out of every kind of text with exactly their bytes."""

from __future__ import annotations

import base64
import binascii
import json
import os
import plistlib
import textwrap
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.blob import MemoryBlob
from assay.core.errors import NotApplicable
from assay.core.opening import Member, OpenContext
from assay.openers import encoded
from assay.openers.encoded import EncodedOpener
from assay.openers.registry import openers_for
from tests.support.containers import picture
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.pictures import jpeg

PICTURE = jpeg(3)
SMALL = jpeg(4, (16, 12))
PLAIN = base64.b64encode(PICTURE).decode()
NOISE = os.urandom(9001)


def read(text: bytes | str) -> Contents:
    return contents(EncodedOpener(), text.encode() if isinstance(text, str) else text)


def rows(data: bytes, width: int, before: str = "", end: str = "\n") -> str:
    return end.join(before + row for row in textwrap.wrap(base64.b64encode(data).decode(), width))


def python_source(data: bytes) -> str:
    return "data = (\n" + "\n".join(f'    "{r}"' for r in rows(data, 72).split("\n")) + "\n)\n"


def vcard(data: bytes, head: str = "PHOTO;ENCODING=b;TYPE=JPEG:") -> str:
    text = head + base64.b64encode(data).decode()
    folded = text[:75] + "".join("\r\n " + text[at : at + 74] for at in range(75, len(text), 74))
    return f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A B\r\n{folded}\r\nEND:VCARD\r\n"


def uu(data: bytes) -> bytes:
    lines = [binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45)]
    return b"begin 644 a b.jpg\n" + b"".join(lines) + b"`\nend\n"


def yenc(data: bytes) -> bytes:
    out = []
    for at in range(0, len(data), 128):
        line = bytearray()
        for byte in data[at : at + 128]:
            code = (byte + 42) & 255
            line += bytes([61, (code + 64) & 255]) if code in (0, 10, 13, 61) else bytes([code])
        out.append(bytes(line))
    head = b"=ybegin line=128 size=%d name=a b.jpg\r\n" % len(data)
    return head + b"\r\n".join(out) + b"\r\n=yend size=%d\r\n" % len(data)


FORMS: dict[str, Callable[[bytes], str]] = {
    "one line": lambda d: base64.b64encode(d).decode(),
    "mail lines": lambda d: "words before\n\n" + rows(d, 76) + "\n\nwords behind it\n",
    "CRLF": lambda d: rows(d, 64, end="\r\n") + "\r\n",
    "quoted": lambda d: rows(d, 76, "> ") + "\n",
    "python": python_source,
    "javascript": lambda d: "x = '" + "' +\n  '".join(rows(d, 60).split("\n")) + "';",
    "json": lambda d: json.dumps({"a": base64.b64encode(d).decode(), "b": "text"}),
    "json with line ends": lambda d: json.dumps({"a": base64.encodebytes(d).decode()}),
    "json with slashes": lambda d: (
        '{"a":"' + base64.b64encode(d).decode().replace("/", "\\/") + '"}'
    ),
    "json with plus": lambda d: (
        '{"a":"' + base64.b64encode(d).decode().replace("+", "\\u002B") + '"}'
    ),
    "json list of lines": lambda d: json.dumps({"image/png": rows(d, 76).split("\n")}),
    "address": lambda d: "x?img=" + quote(base64.b64encode(d).decode(), safe="") + "&y=1",
    "url-safe": lambda d: base64.urlsafe_b64encode(d).decode(),
    "hexadecimal": lambda d: d.hex(),
    "HEX lines": lambda d: "\n".join(textwrap.wrap(d.hex().upper(), 64)),
    "html": lambda d: f'<img src="data:image/jpeg;base64,{base64.b64encode(d).decode()}" alt="x">',
    "css": lambda d: (
        f"a {{ background: url(data:image/jpeg;base64,{base64.b64encode(d).decode()}) }}"
    ),
    "svg": lambda d: (
        f'<svg><image xlink:href="data:image/jpeg;base64,\n{rows(d, 70, "   ")}\n"/></svg>'
    ),
    "no type": lambda d: f"x = 'data:;base64,{base64.b64encode(d).decode()}';",
    "quoted address": lambda d: (
        "url('data:image/jpeg;base64," + quote(base64.b64encode(d).decode(), safe="") + "')"
    ),
    "markdown": lambda d: f"![x](data:image/jpeg;base64,{base64.b64encode(d).decode()}) more",
    "plist": lambda d: plistlib.dumps({"a": {"b": {"c": {"d": {"e": {"f": d}}}}}}).decode(),
    "word 2003": lambda d: f'<w:binData w:name="a.jpg">{rows(d, 76)}</w:binData>',
    "flat odf": lambda d: (
        f"<office:binary-data>{rows(d, 72, '     ' * 4)}\n    </office:binary-data>"
    ),
    "fb2": lambda d: f'<binary id="a.jpg" content-type="image/jpeg">{rows(d, 80)}</binary>',
    "entities": lambda d: f"<a>{rows(d, 76, end='&#10;')}</a>",
    "vcard": vcard,
    "long parameters": lambda d: vcard(d, "item1.PHOTO;X-A=1&2&3&4&5&6&7&8;TYPE=JPEG;ENCODING=b:"),
    "vcard 2.1": lambda d: f"PHOTO;JPEG;ENCODING=BASE64:\r\n{rows(d, 72, ' ', chr(10))}\r\n\r\nX:",
    "ical": lambda d: vcard(d, "ATTACH;FMTTYPE=image/jpeg;ENCODING=BASE64;VALUE=BINARY:"),
    "ldif": lambda d: vcard(d, "jpegPhoto:: "),
}


_NEEDS_LENGTH = frozenset({"hexadecimal", "HEX lines"})  # no mark tells a short one
_SIZES = (PICTURE, PICTURE[:-1], PICTURE[:-2], SMALL)


@pytest.mark.parametrize(
    ("form", "size"),
    [(form, size) for form in FORMS for size in _SIZES[: -1 if form in _NEEDS_LENGTH else None]],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
def test_exactly_the_bytes_come_out(form: str, size: bytes) -> None:
    seen = read(FORMS[form](size))
    assert list(seen.data.values()) == [size]
    assert seen.troubles == []


@pytest.mark.parametrize("form", ["html", "json", "vcard", "plist", "mail lines"])
@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_wide_texts_and_their_places(form: str, coding: str) -> None:
    text = "caf\u00e9 \u4e16\n" + "plain words\n" * 500 + FORMS[form](PICTURE)
    data = text.encode(coding)
    seen = read(data)
    assert list(seen.data.values()) == [PICTURE]
    start, end = (int(part) for part in seen.members[0].locator.split()[1].split("-"))
    place = data[start:end]
    assert "/9j/" in place.decode("utf-16-be" if coding == "utf-16-be" else coding[:9], "replace")


def test_several_in_a_list_stay_apart() -> None:
    files = [jpeg(number) for number in range(5)] + [picture("PNG"), picture("GIF", "P")]
    texts = [base64.b64encode(file).decode() for file in files]
    for text in (json.dumps(texts), "\n".join(texts), ",".join(texts), "; ".join(texts)):
        assert list(read(text).data.values()) == files


def test_address_books_with_a_thousand_contacts() -> None:
    files = [jpeg(number, (16, 12)) for number in range(300)]
    seen = read("".join(vcard(file) for file in files))
    assert list(seen.data.values()) == files


def test_names_and_places() -> None:
    text = "x" * 10 + " " + FORMS["html"](PICTURE)
    member = read(text).members[0]
    start = text.index("data:")
    assert member.name == f"data URI at byte {start}"
    assert member.locator == f"bytes {start}-{text.index(chr(34), start)} (written as text)"


def test_uuencode_and_yenc_carry_names() -> None:
    seen = read(b"words\n\n" + uu(PICTURE) + b"\nmore\n" + uu(NOISE))
    assert [len(m.locator) > 0 for m in seen.members] == [True, True]
    assert seen.names == ["a b.jpg", "a b.jpg"]
    assert seen.data["a b.jpg"] == NOISE
    assert read(yenc(PICTURE)).data == {"a b.jpg": PICTURE}
    assert read(b"text\r\n" + yenc(NOISE)).data == {"a b.jpg": NOISE}
    coded = b"begin-base64 644 a.jpg\n" + base64.encodebytes(PICTURE) + b"====\n"
    assert read(coded).data == {"a.jpg": PICTURE}


def test_an_address_without_base64() -> None:
    svg = "<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0'/></svg>"
    for written in (f'"data:image/svg+xml;utf8,{svg}"', f"url(data:image/svg+xml,{quote(svg)})"):
        assert list(read(f"a {written} b").data.values()) == [svg.encode()]


def test_what_is_not_known_comes_out_from_four_kilobytes_on() -> None:
    assert list(read(FORMS["json"](NOISE)).data.values()) == [NOISE]
    with pytest.raises(NotApplicable):
        read(FORMS["json"](NOISE[:2000]))
    with pytest.raises(NotApplicable):
        read("\n".join(os.urandom(32).hex() for _ in range(500)))  # a list of digests


def test_too_many_unknown_runs_are_counted() -> None:
    text = json.dumps([base64.b64encode(os.urandom(3072) + b"x").decode() for _ in range(3)] * 400)
    seen = 0
    troubles = []
    for entry in EncodedOpener().open(MemoryBlob(text.encode()), OpenContext()):
        if isinstance(entry, Member):
            seen += 1
        else:
            troubles.append(entry)
    assert seen == 1000
    assert [trouble.flag for trouble in troubles] == ["count_limit"]


@pytest.mark.parametrize(
    "text",
    [
        "plain words in ordinary lines of text\n" * 2000,
        "a, b; c: d\n" * 5000,
        "-" * 50_000,
        "<p>" + "text " * 5000 + "</p>",
        json.dumps([{"name": f"n{i}", "id": i} for i in range(2000)]),
        "data: 5\nmetadata:x,y\n" * 500,
        "begin 644 nothing\nof the kind\n" * 500,
        ">" * 40_000,
        "=ybegin \n" * 4000,
    ],
)
def test_ordinary_text_gives_nothing(text: str) -> None:
    with pytest.raises(NotApplicable):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        b"/9j/4AAA" * 40_000,
        (b"/9j/4" + b"A" * 45 + b"\n") * 8000,
        b"begin-base64 644 a\n" * 20_000,
        b"begin 644 a\n#0V%T\n" * 20_000,
        b"data:;base64,AAAA\n" * 20_000,
        b"=ybegin line=128 name=a\r\nx\r\n" * 20_000,
        b"A:: " + b"A" * 70 + b"\n " * 200_000,
        b">" + b"A" * 60 + b"<" * 200_000,
        b"data:image/png;base64," * 20_000,
        b'"data:image/svg+xml,' * 20_000,
    ],
)
def test_hostile_repetition_is_read_once(text: bytes) -> None:
    keeps_the_contract(EncodedOpener(), text)


def test_a_run_across_windows_is_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded, "_WINDOW", 10_000)
    words = "plain words\n" * 700
    text = words + rows(NOISE * 9, 76) + "\n\n" + words + FORMS["html"](PICTURE) + words
    assert list(read(text).data.values()) == [NOISE * 9, PICTURE]


def test_a_run_beyond_the_largest_window_is_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded, "_WINDOW", 10_000)
    monkeypatch.setattr(encoded, "_MAX_WINDOW", 40_000)
    seen = read("x: " + base64.b64encode(NOISE * 9).decode())
    assert "size_limit" in seen.flags
    assert (NOISE * 9).startswith(next(iter(seen.data.values()))[:20_000])


def test_it_is_asked_about_texts_and_not_about_pictures() -> None:
    def asked(kind: str) -> bool:
        return any(opener.name == "encoded" for opener in openers_for(kind))

    texts = ("text/html", "application/json", "image/svg+xml", "text/x-python", "text/vcard")
    assert all(map(asked, texts))
    assert not any(map(asked, ("image/jpeg", "video/mp4", "application/zip", "application/pdf")))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(FORMS)),
    st.integers(0, 3000),
    st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(
    form: str, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(EncodedOpener(), damaged(FORMS[form](PICTURE).encode(), cut, flips))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600), st.sampled_from(["html", "css", "no type"]))
def test_any_data_uri_comes_back_byte_for_byte(data: bytes, form: str) -> None:
    if data:
        assert list(read(FORMS[form](data)).data.values()) == [data]
