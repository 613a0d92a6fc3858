"""Documents for the generated seizure: Office old and new, PDF, RTF; pictures lie inside."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np
from scripts.seizure_pictures import Picture, draw, jpeg, photo, png, shot_of
from scripts.seizure_plan import Dice, File, row

from tests.support.ole_files import biff, blip, compound, dib, packaged

FOLDER = "laptop/Users/example/Documents"
_WORDS = "The harbour is quiet in the morning. Three boats leave for the lighthouse. "
_WHEN = (2024, 6, 1, 7, 20, 0)


def zipped(members: Mapping[str, bytes], stored: tuple[str, ...] = ()) -> bytes:
    """Return a ZIP whose members all have the same time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            packing = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            info = zipfile.ZipInfo(name, _WHEN)
            info.compress_type = packing
            archive.writestr(info, data)
    return out.getvalue()


def text(number: int, length: int = 900) -> bytes:
    return (f"Page {number}. " + _WORDS * (length // len(_WORDS) + 1))[:length].encode()


def pictures(dice: Dice, count: int = 2) -> list[Picture]:
    """Return the pictures of a document: the first as a camera wrote it."""
    made = [photo(dice.scene("0"), (640, 480), shot_of(30_000 + dice.number))]
    made += [jpeg(dice.scene(str(at)), (480, 360)) for at in range(1, count - 1)]
    return [*made, png(dice.scene("last"))]


def word(number: int, dice: Dice) -> list[File]:
    """A .docx, an .xlsx or a .pptx with its media."""
    kind, suffix, main = (
        ("word", "docx", "document"),
        ("xl", "xlsx", "workbook"),
        ("ppt", "pptx", "presentation"),
    )[number % 3]
    inside = pictures(dice)
    names = [f"{kind}/media/image1.jpeg", f"{kind}/media/image2.png"]
    part = "application/vnd.openxmlformats-officedocument"
    family = {"word": "wordprocessingml", "xl": "spreadsheetml", "ppt": "presentationml"}[kind]
    form = {"xl": "sheet"}.get(kind, main)
    types = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        f'content-types"><Override PartName="/{kind}/{main}.xml" '
        f'ContentType="{part}.{family}.{form}.main+xml"/></Types>'
    )
    members = {
        "[Content_Types].xml": types.encode(),
        "_rels/.rels": b'<?xml version="1.0"?><Relationships/>',
        f"{kind}/{main}.xml": b'<?xml version="1.0"?><document><p>'
        + text(number)
        + b"</p></document>",
        **{name: picture.data for name, picture in zip(names, inside, strict=True)},
    }
    path = f"{FOLDER}/report {number:03}.{suffix}"
    data = zipped(members)
    file = File(path, data, [row((path,), data, f"document (.{suffix})")])
    for name, picture in zip(names, inside, strict=True):
        file.inside(picture, name, kind="picture in a document")
    return [file]


def opened(number: int, dice: Dice) -> list[File]:
    """An .odt with its thumbnail, or an .epub."""
    inside = pictures(dice)
    if number % 3 == 2:
        path, kind = f"{FOLDER}/Books/book {number:03}.epub", "application/epub+zip"
        names = ["OEBPS/images/cover.jpg", "OEBPS/images/plate.png"]
        more = {
            "META-INF/container.xml": b'<?xml version="1.0"?><container/>',
            "OEBPS/chapter1.xhtml": b"<html><body><p>" + text(number) + b"</p></body></html>",
        }
    else:
        path, kind = f"{FOLDER}/letter {number:03}.odt", "application/vnd.oasis.opendocument.text"
        names = ["Pictures/10000000.jpg", "Pictures/10000001.png"]
        more = {
            "content.xml": b'<?xml version="1.0"?><office:document-content>'
            + text(number)
            + b"</office:document-content>",
            "META-INF/manifest.xml": b'<?xml version="1.0"?><manifest:manifest/>',
        }
    members = {"mimetype": kind.encode(), **more}
    members |= {name: picture.data for name, picture in zip(names, inside, strict=True)}
    data = zipped(members, ("mimetype",))
    file = File(path, data, [row((path,), data, f"document ({path[-4:]})")])
    for name, picture in zip(names, inside, strict=True):
        file.inside(picture, name, kind="picture in a document")
    return [file]


def legacy(number: int, dice: Dice) -> list[File]:
    """A .doc, .ppt or .xls: a compound file with pictures, one deleted, one attached."""
    one, two = jpeg(dice.scene("0"), (480, 360)), png(dice.scene("1"), (200, 150))
    gone, put = jpeg(dice.scene("2"), (320, 240)), jpeg(dice.scene("3"), (400, 300))
    blips = blip(0xF01D, 0x46A, one.data) + blip(0xF01E, 0x6E0, two.data)
    words = b"\xec\xa5\xc1\0" + text(number, 3000).decode().encode("utf-16-le")
    suffix, streams = (
        ("doc", {"WordDocument": words, "1Table": bytes(700), "Data": bytes(68) + blips}),
        ("ppt", {"PowerPoint Document": words[4:], "Current User": bytes(40), "Pictures": blips}),
        ("xls", {"Workbook": _workbook(blips)}),
    )[number % 3]
    streams["ObjectPool/_1/\1Ole10Native"] = packaged("attached.jpg", put.data)
    data = compound(streams, fragmented=number % 2 == 1, free=[gone.data])
    path = f"{FOLDER}/Old/file {number:03}.{suffix}"
    file = File(path, data, [row((path,), data, f"document (.{suffix})")])
    for picture, kind in (
        (one, "drawn in"),
        (two, "drawn in"),
        (put, "attached to"),
        (gone, "deleted from"),
    ):
        file.inside(picture, kind=f"picture {kind} a document")
    return [file]


def _workbook(blips: bytes) -> bytes:
    parts = [blips[at : at + 8224] for at in range(0, len(blips), 8224)]
    return biff(
        (0x809, bytes(16)), (0xEB, parts[0]), *((0x3C, part) for part in parts[1:]), (0x0A, b"")
    )


def bitmap_sheet(number: int, dice: Dice) -> list[File]:
    """A sheet with a bitmap that is no file by itself: it comes out as coded pixels."""
    pixels = dib((48, 36), dice.scene() % 1000)
    body = struct.pack("<HHI", 9, 1, len(pixels)) + pixels
    data = compound({"Workbook": biff((0x809, bytes(16)), (0xE9, body), (0x0A, b""))})
    path = f"{FOLDER}/Old/background {number:03}.xls"
    file = File(path, data, [row((path,), data, "document (.xls)")])
    return [file.inside(pixels, kind="bitmap without file header", role="stream")]


def pdf(number: int, dice: Dice) -> list[File]:
    """A PDF with a JPEG and with pixels that are packed alone."""
    held = photo(dice.scene("0"), (640, 480), shot_of(31_000 + number))
    drawn = np.asarray(draw(dice.scene("1"), (120, 90)))
    packed = zlib.compress(drawn.tobytes(), 6)
    image = "/Type /XObject /Subtype /Image /ColorSpace /DeviceRGB /BitsPerComponent 8"
    streams = (
        (f"{image} /Width 640 /Height 480 /Filter /DCTDecode", held.data),
        (f"{image} /Width 120 /Height 90 /Filter /FlateDecode", packed),
        ("", b"BT /F1 12 Tf 72 720 Td (" + text(number, 200) + b") Tj ET"),
    )
    path = f"{FOLDER}/paper {number:03}.pdf"
    data = written(*streams)
    file = File(path, data, [row((path,), data, "document (.pdf)")])
    file.inside(held, kind="picture in a PDF")
    return [file.inside(packed, kind="packed pixels in a PDF", role="stream")]


def written(*streams: tuple[str, bytes]) -> bytes:
    """Return a one-page PDF whose objects from 4 on are these streams (dictionary, bytes)."""
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> >>",
    ]
    for entries, data in streams:
        head = f"<< {entries} /Length {len(data)} >>\nstream\n".encode()
        parts.append(head + data + b"\nendstream")
    out, offsets = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for at, part in enumerate(parts, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (at, part)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(parts) + 1,
        start,
    )
    return bytes(out)


def rich(number: int, dice: Dice) -> list[File]:
    held = jpeg(dice.scene(), (320, 240))
    digits = held.data.hex()
    lines = "\n".join(digits[at : at + 128] for at in range(0, len(digits), 128))
    words = text(number, 300).decode()
    made = f"{{\\rtf1\\ansi {words}\\par {{\\pict\\picw320\\pich240\\jpegblip\n{lines}}}\\par end}}"
    path, data = f"{FOLDER}/note {number:03}.rtf", made.encode()
    file = File(path, data, [row((path,), data, "document (.rtf)")])
    return [file.inside(held, kind="picture in a document")]
