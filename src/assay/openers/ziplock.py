"""Locked ZIP members: ZipCrypto and WinZip AES, with passwords tried in order.

Traditional encryption: PKWARE APPNOTE 6.3.10 §6.1. AES: winzip.com/en/support/aes-encryption
(through pyzipper). The 8 or 16 check bits before the data let a wrong password through once in
256 or 65536 tries, so a caller must still check what it decoded.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Protocol

from assay.core.errors import Encrypted, Malformed

ZIPCRYPTO_HEADER = 12  # bytes before the data
AES_SALT = {1: 8, 2: 12, 3: 16}  # bytes, by strength
AES_TAG = 10  # bytes of authentication code after the data
MAX_TRIES = 5_000  # key derivations for one archive, about 4 s


class Cipher(Protocol):
    def decrypt(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Lock:
    """What a member's headers say about its encryption."""

    strength: int  # 0 = ZipCrypto, 1-3 = AES 128, 192, 256
    check: int  # ZipCrypto: the byte that must end the decrypted header

    @property
    def header(self) -> int:
        """Bytes before the data."""
        return AES_SALT[self.strength] + 2 if self.strength else ZIPCRYPTO_HEADER

    @property
    def tag(self) -> int:
        """Bytes after the data."""
        return AES_TAG if self.strength else 0


class Keys:
    """The passwords of a run; one that opened a member is tried first on the next."""

    def __init__(self, passwords: tuple[bytes, ...]) -> None:
        self._passwords = list(passwords)
        self._proved = 0  # how many at the front have opened something
        self._tries = 0

    def fitting(self, lock: Lock, header: bytes) -> Iterator[tuple[bytes, Cipher]]:
        """Yield passwords that pass a member's own check; raises Encrypted where tries run out."""
        for number, password in enumerate(tuple(self._passwords)):
            if lock.strength and number >= self._proved:
                self._tries += 1
                if self._tries > MAX_TRIES:
                    raise Encrypted(f"stopped after {MAX_TRIES} tries on one archive")
            cipher = _cipher(lock, header, password)
            if cipher is not None:
                yield password, cipher

    def proved(self, password: bytes) -> None:
        """Move a password that opened a member to the front."""
        at = self._passwords.index(password)
        if at >= self._proved:
            self._passwords.insert(0, self._passwords.pop(at))
            self._proved += 1


def _cipher(lock: Lock, header: bytes, password: bytes) -> Cipher | None:
    if not lock.strength:
        cipher = ZipCrypto(password)
        return cipher if cipher.decrypt(header)[-1:] == bytes([lock.check]) else None
    info = SimpleNamespace(filename="", wz_aes_strength=lock.strength)
    aes = import_module("pyzipper.zipfile_aes")
    try:
        return _Aes(aes.AESZipDecrypter(info, password, header))
    except RuntimeError:  # pyzipper's word for a wrong password
        return None


class _Aes:
    def __init__(self, decrypter: Any) -> None:
        self._decrypter = decrypter

    def decrypt(self, data: bytes) -> bytes:
        return bytes(self._decrypter.decrypt(data))

    def check(self, tag: bytes) -> bool:
        try:
            self._decrypter.check_hmac(tag)
        except Exception:  # pyzipper's BadZipFile
            return False
        return True


def authentic(cipher: Cipher, tag: bytes) -> bool:
    """Tell whether all that was decrypted is what was encrypted; ZipCrypto cannot say: True."""
    return cipher.check(tag) if isinstance(cipher, _Aes) else True


_TABLE = tuple(zlib.crc32(bytes([n]), 0xFFFFFFFF) ^ 0xFFFFFFFF for n in range(256))


class ZipCrypto:
    """The traditional PKWARE stream cipher; about 3 MB/s, enough within a file's time limit."""

    __slots__ = ("_keys",)

    def __init__(self, password: bytes) -> None:
        self._keys = (0x12345678, 0x23456789, 0x34567890)
        self._turn(password, encrypting=True)

    def decrypt(self, data: bytes) -> bytes:
        return self._turn(data, encrypting=False)

    def encrypt(self, data: bytes) -> bytes:
        """Return the cipher text; for tests, since no library writes it any more."""
        return self._turn(data, encrypting=True)

    def _turn(self, data: bytes, *, encrypting: bool) -> bytes:
        table = _TABLE
        key0, key1, key2 = self._keys
        out = bytearray(len(data))
        for at, byte in enumerate(data):
            word = key2 | 2
            turned = byte ^ ((word * (word ^ 1)) >> 8 & 0xFF)
            out[at] = turned
            plain = byte if encrypting else turned
            key0 = (key0 >> 8) ^ table[(key0 ^ plain) & 0xFF]
            key1 = ((key1 + (key0 & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
            key2 = (key2 >> 8) ^ table[(key2 ^ (key1 >> 24)) & 0xFF]
        self._keys = (key0, key1, key2)
        return bytes(out)


def aes_lock(extra: bytes) -> tuple[Lock, int]:
    """Return the lock and the real compression method of an AES extra field (0x9901)."""
    if len(extra) < 7 or extra[4] not in AES_SALT:
        raise Malformed("the AES field of a locked member is damaged")
    return Lock(extra[4], 0), int.from_bytes(extra[5:7], "little")


def sample(password: bytes) -> bytes:
    """Return a tiny archive locked with AES; reading it once loads all that the cipher needs."""
    pyzipper = import_module("pyzipper")
    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password)
        archive.writestr("a", b"a")
    return out.getvalue()
