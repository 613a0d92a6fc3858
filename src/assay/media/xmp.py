"""Reads an XMP packet into flat properties; it knows RDF's forms and judges no property.

Forms: ISO 16684-1 clause 7 (attributes, elements, Bag/Seq/Alt, structures, qualifiers). The packet
is hostile: no DTD, no entities, bounded size, depth and number of elements. A packet that breaks
off still gives the properties before the break.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from assay.core.slots import Trouble
from assay.media.xmp_names import META, PREFIXES, RDF, XML

MAX_PACKET = 32 << 20  # bytes; depth maps in extended XMP reach some 10 MiB
_MAX_ELEMENTS = 100_000
_MAX_DEPTH = 64
_CACHED = 1 << 20  # bytes
_ARRAYS = frozenset({f"{{{RDF}}}Bag", f"{{{RDF}}}Seq", f"{{{RDF}}}Alt"})
_DESCRIPTION = f"{{{RDF}}}Description"
_KNOWN = frozenset(PREFIXES.values())


@dataclass(frozen=True, slots=True)
class Xmp:
    """Properties keyed ``Prefix:Name`` (``a:B/c:D`` inside structures), in document order."""

    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()

    def first(self, name: str) -> str | None:
        """Return the first value that is not blank."""
        return next((v for v in self.properties.get(name, ()) if v), None)


@dataclass(slots=True)
class _Node:
    tag: str  # "{namespace}name"
    attributes: Mapping[str, str]
    children: list[_Node] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


class _LimitError(Exception):
    """The packet has more elements or levels than any XMP needs."""


class _Builder:
    """The parser's target: builds nodes within bounds and remembers the file's prefixes."""

    def __init__(self) -> None:
        self.root = _Node("", {})
        self.prefixes: dict[str, str] = {}
        self._open = [self.root]
        self._count = 0

    def start_ns(self, prefix: str, uri: str) -> None:
        self.prefixes.setdefault(uri, prefix or "")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._count += 1
        if self._count > _MAX_ELEMENTS or len(self._open) > _MAX_DEPTH:
            raise _LimitError(f"more than {_MAX_ELEMENTS} elements or {_MAX_DEPTH} levels")
        node = _Node(tag, attributes)
        self._open[-1].children.append(node)
        self._open.append(node)

    def data(self, text: str) -> None:
        self._open[-1].text.append(text)

    def end(self, _tag: str) -> None:
        self._open.pop()

    def close(self) -> None:
        """The parser asks for a result; the root is read directly."""


def read_xmp(data: bytes) -> Xmp:
    """Return the properties of a packet of XML; never raises."""
    return _read_cached(data) if len(data) <= _CACHED else _read(data)


@lru_cache(maxsize=4)
def _read_cached(data: bytes) -> Xmp:
    return _read(data)


def _read(data: bytes) -> Xmp:
    if len(data) > MAX_PACKET:
        return Xmp(troubles=(Trouble("metadata_bomb", f"an XMP packet of {len(data)} bytes"),))
    packet = _trimmed(data)
    if not packet:  # writers reserve space and leave it blank
        return Xmp()
    builder, trouble = _parse(packet)
    if trouble is not None and b"invalid token" in trouble.detail.encode():
        # A packet that claims UTF-8 and is not: read it with the bad bytes replaced
        again, worse = _parse(_recoded(packet))
        if worse is None:
            builder, trouble = again, Trouble("malformed", "the XMP packet is not valid UTF-8")
    properties: dict[str, list[str]] = {}
    for name, value in _properties(builder):
        properties.setdefault(name, []).append(value)
    return Xmp(
        MappingProxyType({name: tuple(values) for name, values in properties.items()}),
        () if trouble is None else (trouble,),
    )


def _trimmed(data: bytes) -> bytes:
    """Drop NULs and blanks around the packet and whatever follows its last bracket."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace").strip("\0 \r\n\t").encode()
    start, end = data.find(b"<"), data.rfind(b">")
    return data[start : end + 1].strip(b"\0") if 0 <= start < end else b""


def _recoded(packet: bytes) -> bytes:
    text = packet.decode("utf-8", "replace")
    return "".join(c for c in text if c >= " " or c in "\t\r\n").encode()


def _parse(packet: bytes) -> tuple[_Builder, Trouble | None]:
    builder = _Builder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    try:
        parser.feed(packet)
        parser.close()
    except _LimitError as error:
        return builder, Trouble("metadata_bomb", f"an XMP packet with {error}")
    except DefusedXmlException as error:
        return builder, Trouble("malformed", f"the XMP packet declares {type(error).__name__}")
    except (ParseError, ValueError, LookupError) as error:  # LookupError: unknown encoding
        return builder, Trouble("malformed", f"the XMP packet is not XML: {error}"[:200])
    return builder, None


def _properties(builder: _Builder) -> Iterator[tuple[str, str]]:
    prefixes = builder.prefixes
    for node in _descendants(builder.root):
        if node.tag == f"{{{META}}}xmpmeta":
            for name, value in node.attributes.items():
                yield _short(name, prefixes), value.strip()
        elif node.tag == f"{{{RDF}}}RDF":
            for description in node.children:
                yield from _fields(description, "", prefixes)


def _descendants(root: _Node) -> Iterator[_Node]:
    """Walk down to the first RDF on each branch."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        if node.tag != f"{{{RDF}}}RDF":
            pending.extend(reversed(node.children))


def _fields(node: _Node, path: str, prefixes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the fields of a description or structure: attributes first, then elements."""
    for name, value in node.attributes.items():
        if not _is_syntax(name):
            yield path + _short(name, prefixes), value.strip()
    for child in node.children:
        yield from _values(child, path + _short(child.tag, prefixes), prefixes)


def _values(node: _Node, path: str, prefixes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the values of a property or array item. Depth is bounded by the builder."""
    resource = node.attributes.get(f"{{{RDF}}}resource")
    if resource is not None:
        yield path, resource.strip()
    # Shorthand structures carry their fields as attributes of the property (clause 7.9.2.3)
    for name, value in node.attributes.items():
        if not _is_syntax(name):
            yield f"{path}/{_short(name, prefixes)}", value.strip()
    for child in node.children:
        if child.tag in _ARRAYS:
            for item in child.children:
                yield from _values(item, path, prefixes)
        elif child.tag == _DESCRIPTION:
            yield from _fields(child, f"{path}/", prefixes)
        elif child.tag == f"{{{RDF}}}value":
            yield from _values(child, path, prefixes)
        else:
            yield from _values(child, f"{path}/{_short(child.tag, prefixes)}", prefixes)
    text = "".join(node.text).strip()
    if text or not (node.children or node.attributes):
        yield path, text


def _is_syntax(name: str) -> bool:
    return name.startswith((f"{{{RDF}}}", f"{{{XML}}}")) or name in ("about", "ID")


def _short(name: str, prefixes: Mapping[str, str]) -> str:
    """Return ``prefix:name``; a file's own prefix never passes for a well-known one."""
    if not name.startswith("{"):
        return name
    uri, _, local = name[1:].rpartition("}")
    known = PREFIXES.get(uri)
    if known is not None:
        return f"{known}:{local}"
    prefix = prefixes.get(uri, "")
    return f"{{{uri}}}{local}" if not prefix or prefix in _KNOWN else f"{prefix}:{local}"
