"""EXIF as a camera writes it, and XMP labels: for the example case. The camera is invented."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

from PIL import Image

from tests.support.tiffs import ASCII, LONG, RATIONAL, SHORT, UNDEFINED, Row, block

MAKE, MODEL, LENS = "Example Optics", "EO-1", "EO 28mm F2"
FIRMWARE = "Ver.1.04"
_DIGITAL_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
Degrees = tuple[float, float]  # north, east


@dataclass(frozen=True, slots=True)
class Shot:
    """The settings of one exposure."""

    taken: str  # "2024:05:18 09:12:44", local time
    shutter: tuple[int, int] = (1, 125)  # seconds
    aperture: tuple[int, int] = (28, 10)
    iso: int = 200
    zone: str = "+02:00"
    place: Degrees | None = None
    serial: str = "EX0012345"
    software: str = FIRMWARE
    comment: str = ""  # UserComment


def exif(picture: Image.Image, shot: Shot, thumbnail: Image.Image | None = None) -> bytes:
    """Return the TIFF block of a photograph; the thumbnail is of the picture unless given."""
    small = (thumbnail or picture).copy()
    small.thumbnail((160, 120), Image.Resampling.LANCZOS)
    width, height = picture.size
    comment: list[Row] = []
    if shot.comment:
        comment = [(0x9286, UNDEFINED, b"UNICODE\0" + shot.comment.encode("utf-16-le"))]
    return block(
        [
            (0x010F, ASCII, MAKE),
            (0x0110, ASCII, MODEL),
            (0x0112, SHORT, 1),
            (0x011A, RATIONAL, (72, 1)),
            (0x011B, RATIONAL, (72, 1)),
            (0x0128, SHORT, 2),
            (0x0131, ASCII, shot.software),
            (0x0132, ASCII, shot.taken),
        ],
        exif=[
            (0x829A, RATIONAL, shot.shutter),
            (0x829D, RATIONAL, shot.aperture),
            (0x8827, SHORT, shot.iso),
            (0x9000, UNDEFINED, b"0232"),
            (0x9003, ASCII, shot.taken),
            (0x9004, ASCII, shot.taken),
            (0x9010, ASCII, shot.zone),
            (0x9011, ASCII, shot.zone),
            (0x9207, SHORT, 5),
            (0x9209, SHORT, 16),
            (0x920A, RATIONAL, (28, 1)),
            *comment,
            (0xA001, SHORT, 1),
            (0xA002, LONG, width),
            (0xA003, LONG, height),
            (0xA431, ASCII, shot.serial),
            (0xA434, ASCII, LENS),
        ],
        gps=_gps(shot.place) if shot.place else (),
        ifd1=[
            (0x0103, SHORT, 6),
            (0x011A, RATIONAL, (72, 1)),
            (0x011B, RATIONAL, (72, 1)),
            (0x0128, SHORT, 2),
        ],
        thumbnail=jpeg(small, quality=75),
    )


def user_comment(text: str) -> bytes:
    """Return a TIFF block that holds a UserComment alone, as generators write it."""
    return block([], exif=[(0x9286, UNDEFINED, b"UNICODE\0" + text.encode("utf-16-le"))])


def jpeg(picture: Image.Image, quality: int = 88, block: bytes = b"", xmp: bytes = b"") -> bytes:
    """Return a JPEG file with the metadata given."""
    out = io.BytesIO()
    more = {"exif": b"Exif\0\0" + block} if block else {}
    more |= {"xmp": xmp} if xmp else {}
    picture.save(out, "JPEG", quality=quality, **more)
    return out.getvalue()


def label(term: str, tool: str = "") -> bytes:
    """Return an XMP packet with an unsigned IPTC DigitalSourceType."""
    creator = f' xmp:CreatorTool="{tool}"' if tool else ""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f' Iptc4xmpExt:DigitalSourceType="{_DIGITAL_SOURCE}{term}"{creator}/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _gps(place: Degrees) -> list[Row]:
    north, east = place
    return [
        (0x0000, 1, b"\2\3\0\0"),
        (0x0001, ASCII, "N" if north >= 0 else "S"),
        (0x0002, RATIONAL, _sexagesimal(north)),
        (0x0003, ASCII, "E" if east >= 0 else "W"),
        (0x0004, RATIONAL, _sexagesimal(east)),
    ]


def _sexagesimal(degrees: float) -> bytes:
    hundredths = round(abs(degrees) * 360_000)
    whole, rest = divmod(hundredths, 360_000)
    minutes, seconds = divmod(rest, 6_000)
    return struct.pack("<6I", whole, 1, minutes, 1, seconds, 100)
