"""Locked things are named with what locks them; what is open is left alone."""

from __future__ import annotations

import hashlib
import io
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import NotApplicable
from assay.core.slots import Trouble
from assay.media.sniff import sniff
from assay.openers.locked import LockedOpener
from assay.openers.registry import openers_for
from tests.support.containers import picture
from tests.support.members import contents, damaged, keeps_the_contract


def noise(size: int, seed: int = 0) -> bytes:
    return hashlib.shake_256(b"locked %d" % seed).digest(size)


def said(data: bytes) -> Trouble:
    seen = contents(LockedOpener(), data)
    assert seen.members == []
    [trouble] = seen.troubles
    media_type = sniff(data[:65536], len(data))
    assert any(o.name == "locked" for o in openers_for(media_type)), media_type
    return trouble


def luks1() -> bytes:
    name = b"aes".ljust(32, b"\0") + b"xts-plain64".ljust(32, b"\0") + b"sha256".ljust(32, b"\0")
    return b"LUKS\xba\xbe\0\1" + name + bytes(400) + noise(20_000)


def luks2() -> bytes:
    head = (b"LUKS\xba\xbe\0\2" + struct.pack(">Q", 16384)).ljust(4096, b"\0")
    table = b'{"segments":{"0":{"type":"crypt","encryption":"aes-xts-plain64"}}}'
    return head + table.ljust(12288, b"\0") + noise(20_000)


NAMED = [
    (luks1(), "LUKS1 volume, aes-xts-plain64"),
    (luks2(), "LUKS2 volume, aes-xts-plain64"),
    (b"\xeb\x58\x90-FVE-FS-" + bytes(600), "BitLocker"),
    (b"encrcdsa" + struct.pack(">IIIII", 2, 16, 5, 128, 256) + bytes(99), "Apple disk image"),
    (b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5" + struct.pack("<HH", 1, 4) + bytes(99), "format 4"),
    (b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5" + bytes(99), "KeePass 1"),
    (b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n", "PGP"),
    (b"age-encryption.org/v1\n-> scrypt abc 18\nxyz\n--- mac\n" + noise(99), "for scrypt"),
    (b"Salted__" + noise(800), "openssl"),
    (b"ANDROID BACKUP\n5\n1\nAES-256\n00\n00\n10000\n" + noise(500), "Android device, AES-256"),
    (b"\x2d\x06\x52\x6d" + noise(9000), "UFDR"),
]


@pytest.mark.parametrize(("data", "words"), NAMED)
def test_what_has_a_header_is_named_by_it(data: bytes, words: str) -> None:
    trouble = said(data)
    assert trouble.flag == "encrypted"
    assert words in trouble.detail


def test_a_backup_without_a_password_is_not_locked() -> None:
    with pytest.raises(NotApplicable):
        said(b"ANDROID BACKUP\n5\n1\nnone\n" + zlib.compress(bytes(500)))


# -- RAR -------------------------------------------------------------------------------------------


def vint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | value & 0x7F)
        value >>= 7
    return bytes(out) + bytes([value])


def rar5(*blocks: tuple[int, bytes, bytes, bytes]) -> bytes:
    """Make blocks of (type, fields, extra area, data) as technote.htm has them."""
    out = bytearray(b"Rar!\x1a\x07\1\0")
    for kind, fields, extra, data in blocks:
        flags = (1 if extra else 0) | (2 if data else 0)
        body = vint(kind) + vint(flags) + (vint(len(extra)) if extra else b"")
        body += (vint(len(data)) if data else b"") + fields + extra
        head = vint(len(body)) + body
        out += struct.pack("<I", zlib.crc32(head)) + head + data
    return bytes(out)


def file5(name: bytes, *, locked: bool) -> tuple[int, bytes, bytes, bytes]:
    fields = vint(0) + vint(9) + vint(32) + vint(0) + vint(1) + vint(len(name)) + name
    lock = vint(1) + vint(0) + vint(0) + b"\x0f" + noise(32)
    return 2, fields, (vint(len(lock)) + lock if locked else b""), noise(16)


def rar4(*files: tuple[bytes, int], main: int = 0) -> bytes:
    out = b"Rar!\x1a\x07\0" + struct.pack("<HBHHHI", 0, 0x73, main, 13, 0, 0)
    for name, flags in files:
        size = 32 + len(name)
        head = struct.pack(
            "<HBHHIIBIIBBHI", 0, 0x74, 0x8000 | flags, size, 8, 8, 3, 0, 0, 29, 48, len(name), 32
        )
        out += head + name + noise(8)
    return out + struct.pack("<HBHH", 0, 0x7B, 0, 7)


def test_rar_says_which_files_are_locked() -> None:
    archive = rar5(
        (1, vint(0), b"", b""), file5(b"a.jpg", locked=False), file5(b"b.jpg", locked=True)
    )
    assert said(archive).detail == "a RAR 5 archive, 1 of 2 files: b.jpg"
    assert said(rar4((b"a.jpg", 4), (b"b.jpg", 4))).detail == "a RAR 4 archive, 2 of 2 files: a.jpg"


def test_rar_says_where_even_the_names_are_locked() -> None:
    assert "names and contents" in said(rar5((4, vint(0) * 3 + noise(17), b"", b""))).detail
    assert "names and contents" in said(rar4(main=0x80)).detail


def test_an_open_rar_is_left_to_others() -> None:
    for data in (rar4((b"a.jpg", 0)), rar5(file5(b"a.jpg", locked=False)), rar5()):
        with pytest.raises(NotApplicable):
            said(data)


# -- documents -------------------------------------------------------------------------------------


def document(kind: bytes, **members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", kind)
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), data)
    return out.getvalue()


ODT = b"application/vnd.oasis.opendocument.text"
ENTRY = b'<manifest:file-entry manifest:full-path="%s">%s</manifest:file-entry>'
LOCKED = b"<manifest:encryption-data><manifest:algorithm/></manifest:encryption-data>"


def test_a_document_with_a_password_is_said_to_be_locked() -> None:
    manifest = ENTRY % (b"content.xml", LOCKED) + ENTRY % (b"Pictures/1.png", LOCKED)
    data = document(ODT, content_xml=noise(99), **{"META-INF__manifest_xml": manifest})
    assert said(data).detail == "2 members of a document with a password"
    with pytest.raises(NotApplicable):
        said(document(ODT, **{"META-INF__manifest_xml": ENTRY % (b"content.xml", b"")}))


def test_a_book_is_locked_where_more_than_its_fonts_are() -> None:
    row = (
        b'<EncryptedData><EncryptionMethod Algorithm="%s"/>'
        b'<CipherData><CipherReference URI="a"/></CipherData></EncryptedData>'
    )
    font, content = (
        b"http://www.idpf.org/2008/embedding",
        b"http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    )
    kind = b"application/epub+zip"
    data = document(kind, **{"META-INF__encryption_xml": row % font + row % content})
    assert said(data).detail == "1 members of an electronic book"
    with pytest.raises(NotApplicable):
        said(document(kind, **{"META-INF__encryption_xml": row % font}))


def test_an_office_document_with_a_password_is_named(office: bytes) -> None:
    assert said(office).detail == "an Office document with a password, AES of 256 bits"


@pytest.fixture
def office() -> bytes:
    """Make an OLE file with the two streams of MS-OFFCRYPTO, each in sectors of its own."""
    info = (
        b"\4\0\4\0\x40\0\0\0" + b'<keyData saltSize="16" keyBits="256" cipherAlgorithm="AES"/>'
    ).ljust(4096, b" ")
    package = noise(4096)

    def entry(name: str, kind: int, start: int, size: int, child: int, right: int) -> bytes:
        text = name.encode("utf-16-le")
        links = struct.pack("<III", 0xFFFFFFFF, right, child)
        head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text) + 2, kind, 1) + links
        return head + bytes(36) + struct.pack("<IQ", start, size)

    none = 0xFFFFFFFF
    directory = (
        entry("Root Entry", 5, 0xFFFFFFFE, 0, 1, none)
        + entry("EncryptionInfo", 2, 2, 4096, none, 2)
        + entry("EncryptedPackage", 2, 10, 4096, none, none)
        + bytes(128)
    )
    chain = [0xFFFFFFFD, 0xFFFFFFFE]
    for first in (2, 10):
        chain += [*range(first + 1, first + 8), 0xFFFFFFFE]
    table = struct.pack("<128I", *chain, *[none] * (128 - len(chain)))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[none] * 108)
    return header + table + directory + info + package


# -- no header at all ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (1 << 20, "VeraCrypt or an SQLCipher"),
        ((1 << 20) + 512, "whole sectors"),
        ((1 << 20) + 16, "encrypted backup"),
        ((1 << 20) + 3, "packed data is as likely"),
    ],
)
def test_what_looks_random_throughout_is_a_doubt_with_its_size(size: int, words: str) -> None:
    trouble = said(noise(size))
    assert trouble.flag == "high_entropy"
    assert words in trouble.detail
    assert f"{size} bytes" in trouble.detail


def test_what_has_structure_or_is_small_is_no_doubt() -> None:
    for data in (
        noise(16_000),
        b"\x01\x80" + bytes(50_000),
        picture("JPEG", size=(300, 300))[700:],
    ):
        with pytest.raises(NotApplicable):
            said(data)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(
        [data for data, _ in NAMED] + [rar4((b"a", 4)), rar5(file5(b"a", locked=True))]
    ),
    st.integers(0, 400),
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(LockedOpener(), damaged(data, cut, flips))


SEALED = """
import sys
from assay.core.blob import MemoryBlob
from assay.core.errors import NotApplicable
from assay.core.opening import Member, OpenContext
from assay.openers.carve import CarveOpener
from assay.openers.locked import LockedOpener
from tests.unit.openers.test_carve import JPEG
from tests.unit.openers.test_locked import NAMED, noise, rar4
data = [data for data, _ in NAMED] + [noise(1 << 20), rar4((b"a", 4)), noise(70) + JPEG]
openers = (LockedOpener(), CarveOpener())
for opener in openers:
    opener.warm()

def sealed(event, arguments):
    if event in ("open", "import", "os.listdir", "os.scandir", "socket.__new__"):
        raise RuntimeError(f"{event} {arguments[0]} after the seal")

sys.addaudithook(sealed)
said = 0
for one in data:
    for opener in openers:
        try:
            for entry in opener.open(MemoryBlob(one), OpenContext()):
                said += 1
                if isinstance(entry, Member):
                    entry.open().read()
        except NotApplicable:
            continue
print(said == len(data) + 1)
"""


def test_nothing_is_imported_or_opened_after_the_warm_up() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SEALED],
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr[-3000:]


def test_rar_headers_that_lie_end() -> None:
    for data in (
        b"Rar!\x1a\x07\1\0" + b"\0\0\0\0" + b"\xff" * 60,
        b"Rar!\x1a\x07\1\0" + b"\0\0\0\0\x80\0" * 20,
        b"Rar!\x1a\x07\0" + struct.pack("<HBHHI", 0, 0x74, 0x8000, 7, 0xFFFFFFFF) * 9,
    ):
        keeps_the_contract(LockedOpener(), data)
