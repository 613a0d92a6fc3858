"""Names what is locked: encrypted volumes, stores, documents, archives, and what looks like one.

Opens nothing. What is known by its header is reported as encrypted with its kind and cipher; what
has no known kind and looks random throughout, as a doubt. How often packed data is taken for
random is in docs/methods/locked.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from assay.core.blob import Blob, MemoryBlob
from assay.core.errors import Encrypted, LimitReached, Malformed, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.slots import Trouble
from assay.core.vocab import Reach
from assay.media.entropy import MIN_SIZE, randomness
from assay.media.sniff import BINARY, HEAD, sniff
from assay.openers.locked_rar import rar_lock
from assay.openers.ole_storage import Compound
from assay.openers.zips import ZipOpener

_ODF = "application/vnd.oasis.opendocument."
_DOCUMENTS = (*(_ODF + k for k in ("text", "spreadsheet", "presentation", "graphics")),)
_EPUB = "application/epub+zip"
_MANIFEST = {"META-INF/manifest.xml": b"encryption-data", "META-INF/encryption.xml": b"CipherData"}
_FONT = re.compile(rb"http://(?:www\.idpf\.org/2008/embedding|ns\.adobe\.com/pdf/enc#RC)")
_MAX_MANIFEST = 4 << 20  # bytes
_OFFICE = ("application/x-ole-encrypted", "application/x-ole-storage")
_PROTECTED_UFDR = b"\x2d\x06\x52\x6d"
_SECTOR = 512


class LockedOpener:
    name = "locked"
    version = "1"
    reach = Reach.BESIDE
    media_types: tuple[str, ...] = (
        "application/x-luks",
        "application/x-bitlocker",
        "application/x-apple-encrypted-image",
        "application/x-keepass",
        "application/pgp-encrypted",
        "application/x-age-encrypted",
        "application/x-openssl-encrypted",
        "application/x-ole-encrypted",
        "application/x-ole-storage",  # where the directory lies behind the head
        "application/x-android-backup",
        "application/x-raw-disk-image",
        "application/vnd.rar",
        *_DOCUMENTS,
        _EPUB,
        BINARY,
    )

    def open(self, blob: Blob, context: OpenContext) -> Iterator[Member | Trouble]:
        """Yield one trouble that says what is locked; NotApplicable where nothing is."""
        head = blob.read(0, HEAD)
        media_type = sniff(head, blob.size)
        found: Trouble | None = None
        if media_type == BINARY:
            found = _unknown(blob, head)
        elif media_type in _NAMED:
            words = _NAMED[media_type](head)
            found = Trouble("encrypted", words) if words else None
        elif media_type in _OFFICE:
            words = _office(blob)
            found = Trouble("encrypted", words) if words else None
        elif media_type == "application/vnd.rar":
            lock = rar_lock(blob)
            found = Trouble("encrypted", str(lock)) if lock is not None else None
        elif media_type in (*_DOCUMENTS, _EPUB):
            words = _document(blob, context)
            found = Trouble("encrypted", words) if words else None
        if found is None:
            raise NotApplicable
        yield found

    def warm(self) -> None:
        """Sample once, so that nothing of numpy is loaded later."""
        randomness(MemoryBlob(bytes(range(256)) * (MIN_SIZE // 256)))


# -- what a header says ----------------------------------------------------------------------------


def _text(data: bytes) -> str:
    return "".join(c for c in data.split(b"\0")[0].decode("latin-1") if c.isprintable())[:40]


def _luks(head: bytes) -> str:
    """LUKS 1 (cryptsetup on-disk format 1.2.3) and 2 (its JSON names the cipher)."""
    version = int.from_bytes(head[6:8], "big")
    if version == 1:
        cipher = f"{_text(head[8:40])}-{_text(head[40:72])}"
    else:
        named = re.search(rb'"encryption"\s*:\s*"([\w:.-]{1,40})"', head[4096:])
        cipher = _text(named[1]) if named else "cipher not named"
    return f"a LUKS{version} volume, {cipher}"


def _bitlocker(head: bytes) -> str:
    return "a BitLocker volume"


def _apple(head: bytes) -> str:
    bits = int.from_bytes(head[24:28], "big")
    return f"an encrypted Apple disk image{f', AES-{bits}' if bits in (128, 256) else ''}"


def _keepass(head: bytes) -> str:
    second = head[4:8]
    if second == b"\x65\xfb\x4b\xb5":
        return "a KeePass 1 password store"
    major = int.from_bytes(head[10:12], "little")
    return f"a KeePass 2 password store, format {major}"


def _pgp(head: bytes) -> str:
    return "a PGP message"


def _age(head: bytes) -> str:
    kinds = sorted({_text(m) for m in re.findall(rb"^-> (\S{1,40})", head[:4096], re.MULTILINE)})
    return f"an age file{' for ' + ', '.join(kinds[:4]) if kinds else ''}"


def _openssl(head: bytes) -> str:
    return "a file of openssl enc (Salted__)"


def _android(head: bytes) -> str:
    lines = head[:256].split(b"\n")
    scheme = _text(lines[3]) if len(lines) > 3 else ""
    return f"a backup of an Android device, {scheme}" if scheme not in ("", "none") else ""


def _disk(head: bytes) -> str:
    """BitLocker To Go looks like FAT; its volume is named by a GUID (libbde, BDE format §2.2)."""
    guid = bytes.fromhex("3bd67b4929 2ed84a8399f6a339e3d001".replace(" ", ""))
    return "a BitLocker To Go volume" if guid in (head[160:176], head[424:440]) else ""


_NAMED: Mapping[str, Callable[[bytes], str]] = {
    "application/x-luks": _luks,
    "application/x-bitlocker": _bitlocker,
    "application/x-apple-encrypted-image": _apple,
    "application/x-keepass": _keepass,
    "application/pgp-encrypted": _pgp,
    "application/x-age-encrypted": _age,
    "application/x-openssl-encrypted": _openssl,
    "application/x-android-backup": _android,
    "application/x-raw-disk-image": _disk,
}


# -- what lies inside ------------------------------------------------------------------------------


def _document(blob: Blob, context: OpenContext) -> str:
    """Say what the manifest of a document or book lists as locked; its members are ciphertext.

    OpenDocument 1.3 part 2 §3.4; EPUB OCF 3.3 §4.2.6.3.
    """
    try:
        for entry in ZipOpener().open(blob, context):
            if not isinstance(entry, Member) or entry.open is None or entry.name not in _MANIFEST:
                continue
            with entry.open() as stream:
                text = stream.read(_MAX_MANIFEST)
            if entry.name == "META-INF/encryption.xml":
                count = text.count(b"CipherReference") - len(_FONT.findall(text))
                return f"{count} members of an electronic book" if count > 0 else ""
            count = len(re.findall(rb"<(?:\w+:)?encryption-data\b", text))
            return f"{count} members of a document with a password" if count else ""
    except (Encrypted, Malformed, LimitReached, OSError):
        return ""  # the ZIP opener reports it
    return ""


def _office(blob: Blob) -> str:
    """Say how an Office document with a password is locked (MS-OFFCRYPTO 2.3.4)."""
    try:
        compound = Compound(blob)
        names = compound.names()
        if "encryptedpackage" not in names:
            return ""
        entry = names.get("encryptioninfo")
        info = compound.stream(entry).read(0, 1 << 14) if entry is not None else b""
    except (Malformed, LimitReached):
        return ""
    cipher = re.search(rb'<keyData [^>]{0,400}?cipherAlgorithm="(\w{1,20})"', info)
    bits = re.search(rb'<keyData [^>]{0,400}?keyBits="(\d{1,4})"', info)
    if cipher and bits:
        return f"an Office document with a password, {_text(cipher[1])} of {_text(bits[1])} bits"
    scheme = "agile" if info[:4] == b"\4\0\4\0" else "standard" if info[2:4] == b"\2\0" else ""
    return f"an Office document with a password{f', {scheme} encryption' if scheme else ''}"


def _unknown(blob: Blob, head: bytes) -> Trouble | None:
    if head.startswith(_PROTECTED_UFDR):
        return Trouble("encrypted", "a protected extraction of a phone (UFDR)")
    if blob.size < MIN_SIZE:
        return None
    seen = randomness(blob)
    if not seen.looks_random:
        return None
    return Trouble(
        "high_entropy",
        f"{blob.size} bytes, {seen.entropy:.4f} bits a byte, chi-square {seen.chi_square:.0f}; "
        + _shape(blob.size),
    )


def _shape(size: int) -> str:
    """Say which locked kinds without a header a size allows."""
    if size % 4096 == 0:
        return "a size of whole pages: a volume of VeraCrypt or an SQLCipher database fits"
    if size % _SECTOR == 0:
        return "a size of whole sectors: a volume of VeraCrypt or TrueCrypt fits"
    if size % 16 == 0:
        return "a size of whole cipher blocks: a file of an encrypted backup fits"
    return "no size of a block cipher: packed data is as likely"
