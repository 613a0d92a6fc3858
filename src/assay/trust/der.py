"""A small DER reader: definite lengths only, bounded, no recursion, nothing interpreted.

It exists because RFC 3161 tokens (CMS) have no reader in ``cryptography``. Source: X.690.
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.errors import Malformed

SEQUENCE, SET, INTEGER, OCTETS, OID, NULL = 0x30, 0x31, 0x02, 0x04, 0x06, 0x05
GENERALIZED_TIME = 0x18
MAX_CHILDREN = 1000


@dataclass(frozen=True, slots=True)
class Node:
    """One value: its tag, its content and its whole encoding."""

    tag: int
    content: bytes
    whole: bytes

    def children(self) -> tuple[Node, ...]:
        """Return the values inside; raises Malformed where they do not fill it exactly."""
        found: list[Node] = []
        offset = 0
        while offset < len(self.content):
            if len(found) >= MAX_CHILDREN:
                raise Malformed(f"more than {MAX_CHILDREN} values in one DER value")
            node, offset = _read(self.content, offset)
            found.append(node)
        return tuple(found)

    def expect(self, tag: int) -> Node:
        """Return itself; raises Malformed where the tag is another one."""
        if self.tag != tag:
            raise Malformed(f"DER tag 0x{self.tag:02x} where 0x{tag:02x} was expected")
        return self


def parse(data: bytes) -> Node:
    """Return the one value that ``data`` begins with; what follows it is ignored."""
    return _read(data, 0)[0]


def _read(data: bytes, start: int) -> tuple[Node, int]:
    if start + 2 > len(data):
        raise Malformed("DER ends in a header", offset=start)
    tag, length, offset = data[start], data[start + 1], start + 2
    if tag & 0x1F == 0x1F:
        raise Malformed("DER tag of several bytes", offset=start)
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or offset + count > len(data):
            raise Malformed("DER length is indefinite or too large", offset=start)
        length = int.from_bytes(data[offset : offset + count], "big")
        offset += count
    end = offset + length
    if end > len(data):
        raise Malformed("DER value runs past its end", offset=start)
    return Node(tag, data[offset:end], data[start:end]), end


def oid_text(content: bytes) -> str:
    """Return the dotted form of an object identifier's content."""
    if not content or len(content) > 64:
        raise Malformed("object identifier of an impossible length")
    arcs: list[int] = []
    value = 0
    for byte in content:
        value = (value << 7) | (byte & 0x7F)
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    if not arcs or content[-1] & 0x80:
        raise Malformed("object identifier ends in the middle")
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))
