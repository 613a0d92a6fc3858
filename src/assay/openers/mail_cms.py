"""Takes the message out of an S/MIME part that is signed or compressed, and names a locked one.

Source: RFC 5652 (CMS), RFC 3274 (compressed), RFC 8551 (S/MIME). BER, since mail programs write
indefinite lengths and octet strings in pieces. No signature is checked.
"""

from __future__ import annotations

import zlib

from assay.core.errors import Encrypted, LimitReached, Malformed

MAX_CMS = 64 << 20  # bytes held in memory
_SIGNED = bytes.fromhex("2a864886f70d010702")
_COMPRESSED = bytes.fromhex("2a864886f70d0109100109")
_LOCKED = (
    bytes.fromhex("2a864886f70d010703"),  # enveloped
    bytes.fromhex("2a864886f70d010706"),  # encrypted
    bytes.fromhex("2a864886f70d0109100117"),  # authenticated-enveloped
)
_SEQUENCE, _OID, _EXPLICIT, _OCTETS, _OCTETS_IN_PIECES = 0x30, 0x06, 0xA0, 0x04, 0x24
_MAX_PIECES = 1 << 20


def inner_message(data: bytes) -> bytes | None:
    """Return the content of a CMS message; None where it is signed beside its signature.

    Raises Encrypted where it is locked, Malformed where it is no CMS, LimitReached where it
    expands beyond ``MAX_CMS``.
    """
    at = _inside(data, 0, _SEQUENCE)
    kind, at = _oid(data, at)
    if kind in _LOCKED:
        raise Encrypted("an encrypted S/MIME message")
    if kind not in (_SIGNED, _COMPRESSED):
        raise Malformed("no signed, compressed or encrypted S/MIME message")
    at = _inside(data, _inside(data, at, _EXPLICIT), _SEQUENCE)
    at = _skip(data, _skip(data, at))  # version, algorithms
    _, at = _oid(data, _inside(data, at, _SEQUENCE))
    if data[at : at + 1] != bytes([_EXPLICIT]):
        return None
    content = _octets(data, _inside(data, at, _EXPLICIT))
    return _inflated(content) if kind == _COMPRESSED else content


def _element(data: bytes, at: int) -> tuple[int, int, int | None]:
    """Return tag, start and end of the content at ``at``; the end is None where indefinite."""
    head = data[at : at + 10]
    if len(head) < 2 or head[0] & 31 == 31:
        raise Malformed("the S/MIME message breaks off or is none", offset=at)
    length, start = head[1], at + 2
    if length == 0x80:
        return head[0], start, None
    if length > 0x80:
        count = length & 127
        if count > 8:
            raise Malformed("a length of more than 8 bytes", offset=at)
        start += count
        length = int.from_bytes(data[at + 2 : start], "big")
    if start + length > len(data):
        raise Malformed("the S/MIME message breaks off", offset=at)
    return head[0], start, start + length


def _inside(data: bytes, at: int, tag: int) -> int:
    found, start, _ = _element(data, at)
    if found != tag:
        raise Malformed("not the structure of an S/MIME message", offset=at)
    return start


def _oid(data: bytes, at: int) -> tuple[bytes, int]:
    tag, start, end = _element(data, at)
    if tag != _OID or end is None:
        raise Malformed("not the structure of an S/MIME message", offset=at)
    return data[start:end], end


def _skip(data: bytes, at: int) -> int:
    """Return where the element at ``at`` ends, whatever is nested in it."""
    depth = 0
    for _ in range(_MAX_PIECES):
        tag, start, end = _element(data, at)
        if end is None:
            depth, at = depth + 1, start
        else:
            depth, at = depth - (tag == 0), end
        if depth <= 0:
            return at
    raise Malformed("too many elements in an S/MIME message")


def _octets(data: bytes, at: int) -> bytes:
    pieces: list[bytes] = []
    ends: list[int | None] = []
    for _ in range(_MAX_PIECES):
        tag, start, end = _element(data, at)
        if tag == _OCTETS_IN_PIECES:
            ends.append(end)
            at = start
        elif tag == _OCTETS and end is not None:
            pieces.append(data[start:end])
            at = end
        elif tag == 0 and ends and ends[-1] is None:
            ends.pop()
            at = start
        else:
            raise Malformed("the content of an S/MIME message is no octet string", offset=at)
        while ends and ends[-1] == at:
            ends.pop()
        if not ends:
            return b"".join(pieces)
    raise Malformed("too many pieces in an S/MIME message")


def _inflated(data: bytes) -> bytes:
    try:
        inflater = zlib.decompressobj()
        content = inflater.decompress(data, MAX_CMS)
    except zlib.error as error:
        raise Malformed(f"a compressed S/MIME message: {error}") from None
    if inflater.unconsumed_tail:
        raise LimitReached(f"expands beyond {MAX_CMS} bytes", flag="decompression_bomb")
    return content
