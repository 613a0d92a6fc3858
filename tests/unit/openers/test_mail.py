"""Mail and saved web pages: every part is given as it was attached, whatever the mail is."""

from __future__ import annotations

import base64
import binascii
import os
import quopri
import zlib
from email import policy
from email.message import EmailMessage

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.blob import MemoryBlob
from assay.core.errors import NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.vocab import EntryKind
from assay.openers.mail import MailOpener
from tests.support.authority import authority, signer
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.pictures import jpeg

PICTURE = jpeg(1)
NOISE = os.urandom(200_001)
DATE = "Tue, 02 Jan 2024 10:00:00 +0100"


def read(data: bytes, **options: str) -> Contents:
    return contents(MailOpener(), data, timezone=options.get("timezone"))


def message(body: str = "hello\n") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = "a@example.org", "b@example.org"
    mail["Subject"], mail["Date"] = "a note", DATE
    mail.set_content(body)
    return mail


def attach(mail: EmailMessage, data: bytes, name: str) -> EmailMessage:
    mail.add_attachment(data, maintype="image", subtype="jpeg", filename=name)
    return mail


def by_hand(body: bytes, kind: bytes = b'multipart/mixed; boundary="b"') -> bytes:
    return b"From: a@example.org\nTo: b@example.org\nContent-Type: " + kind + b"\n\n" + body


def part(content: bytes, name: bytes = b"a.jpg", coding: bytes = b"base64") -> bytes:
    return (
        b'Content-Type: image/jpeg; name="' + name + b'"\nContent-Transfer-Encoding: ' + coding
    ) + (b"\n\n" + content)


@pytest.mark.parametrize("ending", [policy.default, policy.SMTP], ids=["LF", "CRLF"])
def test_body_and_attachments_come_out_as_they_went_in(ending: policy.EmailPolicy) -> None:
    mail = attach(attach(message(), PICTURE, "one.jpg"), NOISE, "two.jpg")
    seen = read(mail.as_bytes(policy=ending))
    assert seen.names == ["part 1", "one.jpg", "two.jpg"]
    assert seen.data["one.jpg"] == PICTURE
    assert seen.data["two.jpg"] == NOISE
    assert seen.data["part 1"] in (b"hello\n", b"hello\r\n", b"hello")
    assert seen.troubles == []
    assert not seen.errors


def test_old_macintosh_line_ends_are_line_ends() -> None:
    mail = attach(message(), PICTURE, "one.jpg").as_bytes(policy=policy.default)
    assert read(mail.replace(b"\n", b"\r")).data["one.jpg"] == PICTURE


def test_mixed_line_ends() -> None:
    lines = attach(message(), PICTURE, "one.jpg").as_bytes().split(b"\n")
    mixed = b"".join(
        line + (b"\n", b"\r\n", b"\r")[number % 3] for number, line in enumerate(lines)
    )
    assert read(mixed).data["one.jpg"] == PICTURE


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b'; name="plain.jpg"', "plain.jpg"),
        (b"; name=bare.jpg; x=y", "bare.jpg"),
        (b'; name="a;b \\"c\\".jpg"', 'a;b "c".jpg'),
        (b"; name*=utf-8'en'caf%C3%A9.jpg", "caf\u00e9.jpg"),
        (b"; name*=iso-8859-5''%D4%D0.jpg", "\u0434\u0430.jpg"),
        (b'; name*0="long ";\n name*1="name";\n name*2=.jpg', "long name.jpg"),
        (b"; name*1*=%20b.jpg; name*0*=utf-8''%C3%A9", "\u00e9 b.jpg"),
        (b'; name="=?utf-8?B?Y2Fmw6k=?= =?utf-8?Q?_x.jpg?="', "caf\u00e9 x.jpg"),
        (b'; name="=?koi8-r?Q?=C6=CF=D4=CF?=.jpg"', "\u0444\u043e\u0442\u043e.jpg"),
        (b'; name="=?utf-8?B?4pg=?= =?utf-8?B?gy5qcGc=?="', "\u2603.jpg"),
        (b'; name="=?iso-2022-jp?B?GyRCPEw/PxsoQg==?=.jpg"', "\u5199\u771f.jpg"),
        (b'; name="=?no-such-charset?Q?caf=C3=A9?="', "caf\u00e9"),
        (b'; name="=?hex?Q?6162?="', "6162"),
        (b'; name="caf\xc3\xa9.jpg"', "caf\u00e9.jpg"),
        (b'; name="caf\xe9.jpg"', "caf\udce9.jpg"),  # kept as its byte
        (b'; name="../../etc/x.jpg"', "../../etc/x.jpg"),
        (b"\nContent-Disposition: attachment; filename=d.jpg", "d.jpg"),
        (b"\nContent-Location: https://example.org/a/b.jpg", "https://example.org/a/b.jpg"),
        (b"", "part 1"),
    ],
)
def test_names_are_decoded_and_stay_what_they_are(header: bytes, name: str) -> None:
    body = b"--b\nContent-Type: image/jpeg" + header + b"\n\nxyz\n--b--\n"
    seen = read(by_hand(body))
    assert seen.data == {name: b"xyz"}


def test_names_that_the_library_writes_come_back() -> None:
    name = "\u6587\u5b57 \u0444\u043e\u0442\u043e " + "long " * 30 + ".jpg"
    seen = read(attach(message(), PICTURE, name).as_bytes())
    assert seen.data[name] == PICTURE


@pytest.mark.parametrize("coding", ["base64", "quoted-printable", "7bit", "8bit"])
def test_text_in_every_coding(coding: str) -> None:
    text = "plain words = and more\n" * 50 + ("caf\u00e9\n" if coding != "7bit" else "")
    mail = EmailMessage()
    mail["From"] = mail["To"] = mail["Reply-To"] = "a@example.org"
    mail.set_content(text, cte=coding)
    assert list(read(mail.as_bytes()).data.values()) in ([text.encode()], [text.encode()[:-1]])


def test_quoted_printable_of_any_bytes() -> None:
    data = NOISE.replace(b"\r", b"")  # the encoder itself takes CR LF for a line end
    coded = quopri.encodestring(data)
    seen = read(by_hand(b"--b\n" + part(coded, coding=b"Quoted-Printable") + b"\n--b--\n"))
    assert seen.data["a.jpg"] == data


def test_eight_bit_and_binary_parts_are_the_bytes_as_stored() -> None:
    raw = NOISE.replace(b"\n--b", b"")
    seen = read(by_hand(b"--b\n" + part(raw, coding=b"binary") + b"\r\n--b--\n"))
    assert seen.data["a.jpg"] == raw


def uuencoded(data: bytes) -> bytes:
    rows = [binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45)]
    return b"begin 644 a.jpg\n" + b"".join(rows) + b"`\nend\n"


def test_uuencoded_part() -> None:
    seen = read(by_hand(b"--b\n" + part(uuencoded(NOISE), coding=b"x-uuencode") + b"\n--b--\n"))
    assert (seen.data["a.jpg"], seen.troubles) == (NOISE, [])
    cut = uuencoded(PICTURE)[:-20]
    seen = read(by_hand(b"--b\n" + part(cut, coding=b"x-uuencode") + b"\n--b--\n"))
    assert PICTURE.startswith(seen.data["a.jpg"][: len(PICTURE) - 60])
    assert seen.flags == {"malformed"}


def test_nested_multiparts_are_numbered_and_nested_messages_are_whole() -> None:
    inner = attach(message("inner\n"), PICTURE, "inner.jpg")
    mail = message("outer\n")
    mail.add_alternative("<p>outer</p>", subtype="html")
    mail.add_attachment(inner)
    attach(mail, NOISE, "n.jpg")
    seen = read(mail.as_bytes())
    assert seen.names == ["part 1.1", "part 1.2", "part 2", "n.jpg"]
    assert seen.data["n.jpg"] == NOISE
    again = read(seen.data["part 2"])
    assert again.data["inner.jpg"] == PICTURE


def test_times_of_the_message_and_of_the_file() -> None:
    body = (
        b"--b\nContent-Disposition: attachment; filename=a.jpg;\n"
        b' modification-date="Wed, 03 Jan 2024 12:00:00 -0500"\n\nxyz\n--b--\n'
    )
    member = read(b"Date: " + DATE.encode() + b"\n" + by_hand(body)).member("a.jpg")
    assert [(t.field, t.zone, t.utc) for t in member.times] == [
        ("mail modification-date", "-05:00", "2024-01-03T17:00:00Z"),
        ("mail Date", "+01:00", "2024-01-02T09:00:00Z"),
    ]


@pytest.mark.parametrize(
    ("raw", "zone", "utc"),
    [
        ("Tue, 2 Jan 2024 10:00:00 GMT", "UTC", "2024-01-02T10:00:00Z"),
        ("Tue, 2 Jan 2024 10:00:00 -0000", "UTC", "2024-01-02T10:00:00Z"),
        ("2 Jan 2024 10:00:00", "assumed Europe/Amsterdam", "2024-01-02T09:00:00Z"),
        ("2 Jan 2024 10:00:00 MEZ", "assumed Europe/Amsterdam", "2024-01-02T09:00:00Z"),
        ("yesterday", "unknown", None),
        ("Tue, 99 Jan 99999999999 10:00:00 +9999999", "unknown", None),
    ],
)
def test_dates_of_every_kind(raw: str, zone: str, utc: str | None) -> None:
    data = f"Date: {raw}\n".encode() + by_hand(b"--b\n\nx\n--b--\n")
    stamp = read(data, timezone="Europe/Amsterdam").members[0].times[0]
    assert (stamp.raw, stamp.zone, stamp.utc) == (raw, zone, utc)


# -- what a broken mail loses ----------------------------------------------------------------------


def test_a_missing_last_boundary_loses_nothing() -> None:
    seen = read(by_hand(b"--b\n" + part(base64.encodebytes(PICTURE))))
    assert seen.data["a.jpg"] == PICTURE
    assert seen.flags == {"truncated"}


def test_a_boundary_that_begins_another_is_not_taken_for_it() -> None:
    body = (
        b"--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\none\n--bbb\ntext\n"
        b"--bb\n\ntwo\n--bb--\n--b\n\nthree\n--b--\n"
    )
    seen = read(by_hand(body))
    assert list(seen.data.items()) == [
        ("part 1.1", b"one\n--bbb\ntext"),
        ("part 1.2", b"two"),
        ("part 2", b"three"),
    ]


def test_preamble_and_epilogue_are_members() -> None:
    seen = read(by_hand(b"before\n--b\n\none\n--b--\nbehind"))
    assert seen.data == {"preamble": b"before", "part 1": b"one", "epilogue": b"behind"}


def test_an_outer_boundary_ends_an_inner_multipart() -> None:
    body = b"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--b--\n"
    seen = read(by_hand(body))
    assert seen.data == {"part 1.1": b"one", "part 2": b"two"}
    assert seen.flags == {"truncated"}


@pytest.mark.parametrize("kind", [b"multipart/mixed", b"multipart/mixed; boundary=other"])
def test_an_undeclared_boundary_is_taken_where_parts_follow_it(kind: bytes) -> None:
    coded = base64.encodebytes(PICTURE)
    seen = read(by_hand(b"--b\n" + part(coded) + b"\n--b\n" + part(coded, b"b.jpg"), kind))
    assert seen.data["a.jpg"] == seen.data["b.jpg"] == PICTURE
    assert "malformed" in seen.flags


def test_a_multipart_without_any_boundary_gives_its_body() -> None:
    seen = read(by_hand(b"only words\n"))
    assert seen.data == {"preamble": b"only words\n"}
    assert seen.flags == {"truncated"}


def test_no_final_newline_and_no_empty_line_behind_a_header() -> None:
    assert read(by_hand(b"--b\n\none\n--b--")).data == {"part 1": b"one"}
    seen = read(by_hand(b"--b\nContent-Type: text/plain\n--b\n\ntwo\n--b--"))
    assert seen.data == {"part 2": b"two"}


def test_base64_damage_keeps_what_follows_it_in_place() -> None:
    coded = bytearray(base64.encodebytes(PICTURE))
    coded[800] = ord("!")
    seen = read(by_hand(b"--b\n" + part(bytes(coded)) + b"--b--\n"))
    content = seen.data["a.jpg"]
    assert len(content) == len(PICTURE)
    assert sum(a != b for a, b in zip(content, PICTURE, strict=True)) <= 2
    assert seen.flags == {"malformed"}


def test_letters_put_into_base64_are_left_out() -> None:
    coded = base64.encodebytes(PICTURE).replace(b"\n", b"!\n", 3)
    seen = read(by_hand(b"--b\n" + part(coded) + b"--b--\n"))
    assert seen.data["a.jpg"] == PICTURE


@pytest.mark.parametrize("rest", [b"\n--b--\n", b""])
@pytest.mark.parametrize("length", [300, 301, 302])
def test_base64_without_padding(rest: bytes, length: int) -> None:
    coded = base64.b64encode(NOISE[:length]).rstrip(b"=")
    assert read(by_hand(b"--b\n" + part(coded) + rest)).data["a.jpg"] == NOISE[:length]


def test_one_endless_line_of_base64() -> None:
    seen = read(by_hand(b"--b\n" + part(base64.b64encode(NOISE * 5)) + b"\n--b--\n"))
    assert seen.data["a.jpg"] == NOISE * 5


def test_what_a_list_server_adds_behind_base64_is_a_member_of_its_own() -> None:
    coded = base64.encodebytes(NOISE[:-1]) + b"\n____\nthe list's own words\n"
    seen = read(by_hand(b"--b\n" + part(coded[:-1]) + b"\n--b--\n"))
    assert seen.data["a.jpg"] == NOISE[:-1]
    assert seen.data["part 1 behind its base64"].strip() == b"____\nthe list's own words"


def test_an_unknown_coding_gives_the_bytes_and_says_so() -> None:
    seen = read(by_hand(b"--b\n" + part(b"abc", coding=b"x-odd") + b"\n--b--\n"))
    assert (seen.data, seen.flags) == ({"a.jpg": b"abc"}, {"malformed"})


def test_a_byte_order_mark_stands_before_the_header() -> None:
    data = b"\xef\xbb\xbf" + attach(message(), PICTURE, "a.jpg").as_bytes()
    seen = read(data)
    assert seen.data["a.jpg"] == PICTURE
    start, end = seen.member("a.jpg").locator.split()[-1].split("-")
    assert base64.b64decode(data[int(start) : int(end)]) == PICTURE


def test_a_file_never_comes_out_of_itself() -> None:
    for data in (by_hand(b"x").decode().encode("utf-16"), b"words alone\n", b"\n\nFrom: a\n\nb\n"):
        with pytest.raises(NotApplicable):
            read(data)


def test_a_header_alone_is_not_applicable() -> None:
    with pytest.raises(NotApplicable):
        read(b"From: a\nTo: b\nSubject: c\n\n \n")


# -- special parts ---------------------------------------------------------------------------------


def test_encrypted_mail_is_named_and_its_bytes_are_kept() -> None:
    kind = b'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b'
    body = b"--b\n\nVersion: 1\n--b\n\n-----BEGIN PGP MESSAGE-----\n--b--\n"
    seen = read(by_hand(body, kind))
    assert seen.flags == {"encrypted"}
    assert len(seen.data) == 2


def test_an_external_body_is_a_link_and_a_partial_message_is_not_whole() -> None:
    body = (
        b'--b\nContent-Type: message/external-body; access-type=URL; URL="https://example.org/a"\n'
        b"\nContent-Type: image/jpeg\n\n\n--b\nContent-Type: message/partial; id=x; number=2;"
        b" total=5\n\npiece\n--b--\n"
    )
    seen = read(by_hand(body))
    link = seen.members[0]
    assert (link.kind, link.detail) == (
        EntryKind.SYMLINK,
        "access-type=URL url=https://example.org/a",
    )
    assert seen.flags == {"not_opened"}
    assert seen.data["part 2"] == b"piece"


def signed(content: bytes, *options: pkcs7.PKCS7Options) -> bytes:
    identity = signer(authority())
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(identity.certificate, identity.key, hashes.SHA256())
    return builder.sign(serialization.Encoding.DER, list(options))


def as_smime(der: bytes) -> bytes:
    head = b"From: a\nTo: b\nContent-Type: application/pkcs7-mime; name=smime.p7m\n"
    return head + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(der)


def test_a_signed_message_is_opened_without_its_signature() -> None:
    content = b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n'
    content += part(base64.encodebytes(PICTURE)) + b"--b--\n"
    seen = read(as_smime(signed(content, pkcs7.PKCS7Options.Binary)))
    assert seen.data["a.jpg"] == PICTURE
    assert seen.names == ["smime.p7m", "a.jpg"]
    assert seen.flags == set()


def octets_in_pieces(content: bytes) -> bytes:
    pieces = b"".join(
        b"\x04\x82" + len(part).to_bytes(2, "big") + part
        for part in (content[at : at + 1000] for at in range(0, len(content), 1000))
    )
    return b"\x24\x80" + pieces + bytes(2)


def cms(oid: str, content: bytes) -> bytes:
    name = bytes.fromhex(oid)
    data = bytes.fromhex("06092a864886f70d010701")
    inner = b"\x30\x80" + data + b"\xa0\x80" + content + bytes(4)
    body = b"\x30\x80\x02\x01\x01\x31\0" + inner + bytes(2)
    return b"\x30\x80\x06" + bytes([len(name)]) + name + b"\xa0\x80" + body + bytes(4)


SIGNED, LOCKED, PACKED = "2a864886f70d010702", "2a864886f70d010703", "2a864886f70d0109100109"


def test_indefinite_lengths_and_octets_in_pieces() -> None:
    content = part(base64.encodebytes(PICTURE))
    seen = read(as_smime(cms(SIGNED, octets_in_pieces(content))))
    assert seen.data["a.jpg"] == PICTURE


def test_compressed_and_encrypted_smime() -> None:
    content = part(base64.encodebytes(PICTURE))
    seen = read(as_smime(cms(PACKED, octets_in_pieces(zlib.compress(content)))))
    assert seen.data["a.jpg"] == PICTURE
    assert read(as_smime(cms(LOCKED, octets_in_pieces(content)))).flags == {"encrypted"}
    assert read(as_smime(b"nothing of the kind")).flags == {"not_opened"}


def test_a_picture_in_the_header_itself() -> None:
    coded = base64.b64encode(PICTURE)
    lines = b"\n ".join(coded[at : at + 72] for at in range(0, len(coded), 72))
    data = b"X-Note: " + lines + b"\n" + by_hand(b"--b\n\nhello\n--b--\n")
    assert PICTURE in read(data).data.values()


def test_apple_mail_file() -> None:
    mail = attach(message(), PICTURE, "a.jpg").as_bytes()
    plist = b'<?xml version="1.0"?><plist version="1.0"><dict/></plist>\n'
    seen = read(str(len(mail)).encode() + b"       \n" + mail + plist)
    assert seen.data["a.jpg"] == PICTURE
    assert seen.data["properties"] == plist


# -- hostile -------------------------------------------------------------------------------------


def test_a_thousand_nested_multiparts_end_at_the_limit() -> None:
    body = b"".join(
        b"--%d\nContent-Type: multipart/mixed; boundary=%d\n\n" % (n, n + 1) for n in range(1000)
    )
    seen = read(by_hand(body + b"--1000\n" + part(b"QUJD"), b"multipart/mixed; boundary=0"))
    assert "nesting_limit" in seen.flags
    assert b"QUJD" in b"".join(seen.data.values())


def test_a_hundred_thousand_parts_are_walked_once() -> None:
    data = by_hand(b"--b\n\nx\n" * 100_000)
    entries = list(MailOpener().open(MemoryBlob(data), OpenContext()))
    assert sum(isinstance(entry, Member) for entry in entries) == 100_000


@pytest.mark.parametrize(
    "header",
    [
        b"X: " + b"a" * 2_000_000,
        b"X: a\n" + b" folded\n" * 300_000,
        b"Content-Type: " + b'a; name="' * 300_000,
        b"Content-Type: image/jpeg" + b"; name*%d=x" * 1 + b"; name*9999=x" * 100_000,
        b'Content-Type: image/jpeg; name="' + b"=?utf-8?q?a" * 100_000 + b'"',
        b"A:b\n" * 500_000,
    ],
)
def test_giant_headers_lose_nothing_behind_them(header: bytes) -> None:
    data = b"From: a\nTo: b\n" + header + b"\n\n" + base64.encodebytes(PICTURE)
    seen = read(data)
    assert any(b"/9j/" in content or content == PICTURE for content in seen.data.values())


def test_lines_of_hyphens_are_walked_once() -> None:
    seen = read(by_hand(b"--b\n\none\n" + b"--\n" * 300_000 + b"--b--\n"))
    assert len(seen.data["part 1"]) > 800_000


SAMPLES = [
    attach(attach(message(), PICTURE[:900], "one.jpg"), PICTURE[:300], "tw\u00f6.jpg").as_bytes(),
    by_hand(b"--b\n" + part(uuencoded(PICTURE[:500]), coding=b"x-uuencode") + b"\n--b--\n"),
    as_smime(cms(SIGNED, octets_in_pieces(part(base64.encodebytes(PICTURE[:400]))))),
]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.integers(0, 2000),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(MailOpener(), damaged(data, cut, flips))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600))
def test_any_attachment_comes_back_byte_for_byte(data: bytes) -> None:
    seen = read(attach(message(), data, "x.jpg").as_bytes())
    assert seen.data["x.jpg"] == data
