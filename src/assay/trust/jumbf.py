"""Manifests in a JUMBF store: the claim and the signature of each, as bytes.

Reads the tree and nothing else; whether hashes match is c2pa-python's work. Sources:
ISO/IEC 19566-5 (boxes), C2PA 2.2 §11.1 (labels).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assay.core.errors import Malformed

MAX_BOXES = 5_000
_CLAIMS = ("c2pa.claim", "c2pa.claim.v2")
_SIGNATURE = "c2pa.signature"


@dataclass(frozen=True, slots=True)
class ManifestBytes:
    """What of one manifest is signed, and the signature."""

    claim: bytes  # CBOR, exactly as it was signed
    signature: bytes  # COSE_Sign1


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes  # four bytes
    start: int  # of the content
    end: int


@dataclass(slots=True)
class _Tree:
    data: bytes
    boxes: int = 0

    def inside(self, start: int, end: int) -> Iterator[_Box]:
        """Yield the boxes that lie side by side between two offsets."""
        while start + 8 <= end:
            self.boxes += 1
            if self.boxes > MAX_BOXES:
                raise Malformed(f"more than {MAX_BOXES} JUMBF boxes")
            length = int.from_bytes(self.data[start : start + 4], "big")
            kind, content = self.data[start + 4 : start + 8], start + 8
            if length == 1:
                length = int.from_bytes(self.data[start + 8 : start + 16], "big")
                content += 8
            elif length == 0:
                length = end - start
            if start + length > end or start + length < content:
                raise Malformed("a JUMBF box runs past its parent", offset=start)
            yield _Box(kind, content, start + length)
            start += length

    def superbox(self, box: _Box) -> tuple[str, tuple[_Box, ...]]:
        """Return the label of a superbox and the boxes after its description."""
        inside = tuple(self.inside(box.start, box.end))
        if not inside or inside[0].kind != b"jumd":
            raise Malformed("a JUMBF superbox without a description", offset=box.start)
        label = self.data[inside[0].start + 17 : inside[0].end].split(b"\0", 1)[0]
        return label.decode("utf-8", "replace"), inside[1:]


def read_store(data: bytes) -> Mapping[str, ManifestBytes]:
    """Return claim and signature by manifest label.

    A manifest whose label, claim or signature occurs twice is left out: two readers could each
    take another one. Raises Malformed where the tree is broken.
    """
    tree = _Tree(data)
    found: dict[str, ManifestBytes | None] = {}
    for store in tree.inside(0, len(data)):
        if store.kind != b"jumb":
            continue
        for manifest in tree.superbox(store)[1]:
            if manifest.kind == b"jumb":
                label, boxes = tree.superbox(manifest)
                found[label] = None if label in found else _manifest(tree, boxes)
    return {label: parts for label, parts in found.items() if parts is not None}


def _manifest(tree: _Tree, boxes: tuple[_Box, ...]) -> ManifestBytes | None:
    claims: list[bytes] = []
    signatures: list[bytes] = []
    for box in boxes:
        if box.kind != b"jumb":
            continue
        label, inside = tree.superbox(box)
        content = [tree.data[b.start : b.end] for b in inside if b.kind == b"cbor"]
        if label in _CLAIMS:
            claims += content
        elif label == _SIGNATURE:
            signatures += content
    if len(claims) != 1 or len(signatures) != 1:
        return None
    return ManifestBytes(claims[0], signatures[0])
