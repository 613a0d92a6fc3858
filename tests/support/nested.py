"""Makers of files with pictures and videos inside: MPF, trailers, HEIF items, raw photos."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from tests.support.containers import box, ftyp, full_box, segment
from tests.support.pictures import jpeg
from tests.support.tiffs import ASCII, LONG, SHORT, Row, block, directory

SMALL, OTHER, THIRD = jpeg(11, (64, 48)), jpeg(12, (80, 60)), jpeg(13, (48, 64))
VIDEO = ftyp(b"mp42", b"isom") + box(b"moov", bytes(40)) + box(b"mdat", bytes(range(200)))
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
LARGE, ANGLE = 0x010002, 0x020003  # kinds of MPF images


def insert(picture: bytes, *segments: bytes) -> bytes:
    """Put segments behind the first marker of a JPEG."""
    return picture[:2] + b"".join(segments) + picture[2:]


def xmp(body: str, names: str = "") -> bytes:
    """Return an APP1 segment with an XMP packet of one description."""
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" {names}>'
        f"{body}</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    return segment(0xE1, XMP_HEAD + packet.encode())


def container(*items: tuple[str, str, int]) -> bytes:
    """Return XMP that lists (mime, meaning, bytes) of the items in the file, the primary first."""
    rows = "".join(
        '<rdf:li rdf:parseType="Resource"><Container:Item '
        f'Item:Mime="{mime}" Item:Semantic="{what}" Item:Length="{size}"/></rdf:li>'
        for mime, what, size in items
    )
    return xmp(
        f"<Container:Directory><rdf:Seq>{rows}</rdf:Seq></Container:Directory>",
        'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
        'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"',
    )


def mpf(main: bytes, *more: tuple[int, bytes], gap: bytes = b"") -> bytes:
    """Return a JPEG with an MPF index of itself and of (kind, JPEG) behind it."""

    def index(places: Sequence[tuple[int, int, int]]) -> bytes:
        rows = b"".join(struct.pack("<IIIHH", kind, size, at, 0, 0) for kind, size, at in places)
        entries: list[Row] = [(0xB000, 7, b"0100"), (0xB001, LONG, len(places)), (0xB002, 7, rows)]
        return segment(0xE2, b"MPF\0" + block(entries))

    size = len(main) + len(index([(0, 0, 0)] * (1 + len(more))))
    base = 2 + 4 + 4  # of the index's TIFF header in the file
    places = [(0x030000, size, 0)]
    at = size + len(gap)
    for kind, picture in more:
        places.append((kind, len(picture), at - base))
        at += len(picture)
    return insert(main, index(places)) + gap + b"".join(picture for _, picture in more)


def samsung(*entries: tuple[str, bytes]) -> bytes:
    """Return a Samsung trailer: blocks, their directory, its size and mark."""
    blocks = [struct.pack("<HHI", 0, 1, len(n)) + n.encode() + data for n, data in entries]
    head = b"SEFH" + struct.pack("<II", 107, len(blocks))
    rows, left = b"", sum(map(len, blocks))
    for one in blocks:
        rows += struct.pack("<HHII", 0, 1, left, len(one))
        left -= len(one)
    directory_ = head + rows
    return b"".join(blocks) + directory_ + struct.pack("<I", len(directory_)) + b"SEFT"


def heif_with(
    *items: tuple[bytes, str, bytes], references: Sequence[tuple[bytes, int, int]] = ()
) -> bytes:
    """Return an HEIF of items (type, "hidden" or auxiliary type, bytes), numbered from 1.

    The first is the picture; references are (kind, from, to).
    """
    infe, assigned, properties = [], b"", b""
    count = 0
    for number, (kind, note, _) in enumerate(items, 1):
        hidden = bytes([2, 0, 0, note == "hidden"])
        infe.append(box(b"infe", hidden + struct.pack(">HH", number, 0) + kind + b"\0"))
        own = []
        if note and note != "hidden":
            count += 1
            properties += full_box(b"auxC", note.encode() + b"\0")
            own = [count]
        assigned += struct.pack(">HB", number, len(own)) + bytes(own)
    refs = b"".join(box(k, struct.pack(">HHH", a, 1, b)) for k, a, b in references)
    iprp = box(
        b"iprp",
        box(b"ipco", properties),
        full_box(b"ipma", struct.pack(">I", len(items)), assigned),
    )

    def meta(first: int) -> bytes:
        rows, at = b"", first
        for number, (*_, data) in enumerate(items, 1):
            rows += struct.pack(">HHHHII", number, 0, 0, 1, at, len(data))
            at += len(data)
        return full_box(
            b"meta",
            full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", struct.pack(">H", 1)),
            full_box(b"iinf", struct.pack(">H", len(items)), *infe),
            full_box(b"iref", refs),
            iprp,
            full_box(b"iloc", b"\x44\0", struct.pack(">H", len(items)), rows, version=1),
        )

    head = ftyp(b"heic", b"mif1", b"heic")
    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", *(data for *_, data in items))


# -- raw photos ---------------------------------------------------------------------------------


def tiff_of(*chain: Sequence[Row], sub: Sequence[Sequence[Row]] = (), magic: bytes = b"") -> bytes:
    """Return a little-endian TIFF of a chain of directories, ``sub`` below the first one.

    A value that is ``bytes`` for a LONG tag 273 or 513 is data: it is put at the end of the file
    and the tag points at it; 279 or 514 must be given by the caller.
    """
    dirs = [list(rows) for rows in (*chain, *sub)]
    if sub:
        dirs[0].append((330, LONG, bytes(4 * len(sub))))
    sizes = [len(directory([_placed(row, 0) for row in sorted(d, key=_tag)], 0)) for d in dirs]
    starts = [8 + sum(sizes[:i]) for i in range(len(dirs))]
    at, tail = 8 + sum(sizes), b""
    body = b""
    for number, rows in enumerate(dirs):
        placed = []
        for row in sorted(rows, key=_tag):
            if row[0] == 330:
                row = (330, LONG, struct.pack(f"<{len(sub)}I", *starts[len(chain) :]))
            elif _is_data(row):
                data = row[2]
                assert isinstance(data, bytes)
                row, tail = _placed(row, at + len(tail)), tail + data
            placed.append(row)
        following = starts[number + 1] if number + 1 < len(chain) else 0
        body += directory(placed, starts[number], following)
    return b"II" + (magic or b"*\0") + struct.pack("<I", 8) + body + tail


def _tag(row: Row) -> int:
    return row[0]


def _is_data(row: Row) -> bool:
    return row[0] in (273, 324, 513) and isinstance(row[2], bytes)


def _placed(row: Row, at: int) -> Row:
    return (row[0], LONG, at) if _is_data(row) else row


def strip(data: bytes, compression: int, photometric: int, size: tuple[int, int]) -> list[Row]:
    """Return the rows of a picture in one strip."""
    return [
        (256, SHORT, size[0]),
        (257, SHORT, size[1]),
        (258, SHORT, struct.pack("<HHH", 8, 8, 8)),
        (259, SHORT, compression),
        (262, SHORT, photometric),
        (273, LONG, data),
        (277, SHORT, 3),
        (278, SHORT, size[1]),
        (279, LONG, len(data)),
    ]


def cr2(preview: bytes = OTHER, thumbnail: bytes = SMALL, sensor: bytes = b"") -> bytes:
    """Return the skeleton of a Canon CR2: preview strip, thumbnail, lossless sensor data."""
    sensor = sensor or b"\xff\xd8\xff\xc4\x00\x04\0\0\xff\xc3" + bytes(300)
    data = tiff_of(
        [*strip(preview, 6, 6, (80, 60)), (271, ASCII, "Canon")],
        [(513, LONG, thumbnail), (514, LONG, len(thumbnail))],
        [(259, SHORT, 6), (273, LONG, sensor), (279, LONG, len(sensor))],
    )
    # Canon's mark stands behind the header, where this maker's first directory is
    shift = 8
    return data[:4] + struct.pack("<I", 8 + shift) + b"CR\2\0" + bytes(4) + _shifted(data, shift)


def _shifted(data: bytes, shift: int) -> bytes:
    """Return what follows the header with every offset moved."""
    out = bytearray(data)
    at = 8
    while at:
        (count,) = struct.unpack_from("<H", out, at)
        for row in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind, number, value = struct.unpack_from("<HHII", out, row)
            size = {2: 1, 3: 2, 4: 4, 5: 8, 7: 1}[kind] * number
            if size > 4 or tag in (273, 513):
                struct.pack_into("<I", out, row + 8, value + shift)
        end = at + 2 + 12 * count
        (following,) = struct.unpack_from("<I", out, end)
        if following:
            struct.pack_into("<I", out, end, following + shift)
        at = following
    return bytes(out[8:])


def raf(preview: bytes = OTHER, sensor: bytes = bytes(400)) -> bytes:
    head = b"FUJIFILMCCD-RAW 0201FF000000Test".ljust(84, b"\0")
    return head + struct.pack(">II", 160, len(preview)) + bytes(68) + preview + sensor


def crw(preview: bytes = OTHER, thumbnail: bytes = SMALL) -> bytes:
    """Return a CIFF of one heap inside the root."""

    def heap(rows: Sequence[tuple[int, bytes]]) -> bytes:
        body, table = b"", struct.pack("<H", len(rows))
        for tag, data in rows:
            table += struct.pack("<HII", tag, len(data), len(body))
            body += data
        return body + table + struct.pack("<I", len(body))

    inner = heap([(0x2008, thumbnail)])
    head = b"II" + struct.pack("<I", 26) + b"HEAPCCDR" + bytes(12)
    return head + heap([(0x2007, preview), (0x300A, inner)])


def x3f(preview: bytes = OTHER) -> bytes:
    head = b"FOVb" + struct.pack("<I", 0x20002) + bytes(32)
    section = b"SECi" + struct.pack("<IIIIII", 0x20000, 2, 18, 80, 60, 0) + preview
    rows = struct.pack("<II", len(head), len(section)) + b"IMA2"
    table = b"SECd" + struct.pack("<II", 0x20000, 1) + rows
    return head + section + table + struct.pack("<I", len(head) + len(section))


def cr3(preview: bytes = OTHER, thumbnail: bytes = SMALL, full: bytes = THIRD) -> bytes:
    """Return the skeleton of a Canon CR3: thumbnail, preview and a track of one JPEG."""
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    own = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
    thmb = box(b"THMB", bytes(4), struct.pack(">HHIHH", 64, 48, len(thumbnail), 1, 0), thumbnail)
    prvw = box(b"PRVW", bytes(6), struct.pack(">HHHHI", 1, 80, 60, 1, len(preview)), preview)

    def movie(at: int) -> bytes:
        stbl = box(
            b"stbl",
            full_box(b"stsz", struct.pack(">III", len(full), 1, 0)),
            full_box(b"co64", struct.pack(">IQ", 1, at)),
        )
        track = box(b"trak", box(b"mdia", box(b"minf", stbl)))
        return box(b"moov", box(b"uuid", canon, thmb), track)

    head = ftyp(b"crx ", b"crx ", b"isom")
    middle = box(b"uuid", own, bytes(8), prvw)
    at = len(head) + len(movie(0)) + len(middle) + 8
    return head + movie(at) + middle + box(b"mdat", full, bytes(300))
