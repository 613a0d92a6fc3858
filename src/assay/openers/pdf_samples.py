"""Small PDFs made here, so that a worker has parsed, decrypted and drawn before it is sealed."""

from __future__ import annotations

import io
import zlib
from base64 import a85encode
from collections.abc import Iterator

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject, NumberObject, StreamObject

_ROWS = 4
_GRAY = bytes(range(16))
_LOCKS = ("RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256")


def plain(*streams: tuple[str, bytes], trailer: str = "") -> bytes:
    """Return a PDF of one page and these streams (dictionary entries, stored bytes) from 4 on."""
    parts = [
        b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n",
        b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n",
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << >> >>\nendobj\n",
    ]
    for number, (entries, stored) in enumerate(streams, 4):
        head = f"{number} 0 obj\n<< {entries} /Length {len(stored)} >>\nstream\n".encode("latin-1")
        parts.append(head + stored + b"\nendstream\nendobj\n")
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for part in parts:
        offsets.append(len(out))
        out += part
    start = len(out)
    out += f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += f"trailer\n<< /Size {len(parts) + 1} /Root 1 0 R {trailer} >>\n".encode("latin-1")
    return bytes(out + f"startxref\n{start}\n%%EOF\n".encode())


def samples() -> Iterator[bytes]:
    """Yield PDFs with one picture of each coding, and one locked in each way with "pw"."""
    image = f"/Type /XObject /Subtype /Image /Width 4 /Height {_ROWS} /ColorSpace /DeviceGray"
    flate = zlib.compress(_GRAY)
    filtered = zlib.compress(b"".join(b"\4" + _GRAY[at : at + 4] for at in range(0, 16, 4)))
    params = "/DecodeParms << /Predictor 15 /Columns 4 >>"
    fax = "/DecodeParms << /K -1 /Columns 4 >>"
    page = b"q BI /W 2 /H 2 /BPC 8 /CS /G ID \1\2\3\4 EI Q"
    yield plain(
        (f"{image} /BitsPerComponent 8 /Filter /FlateDecode", flate),
        (f"{image} /BitsPerComponent 8 /Filter /FlateDecode {params}", filtered),
        (f"{image} /BitsPerComponent 1 /Filter /CCITTFaxDecode {fax}", b"\xf0\x01\x00\x10"),
        (f"{image} /BitsPerComponent 8 /Filter /ASCII85Decode", a85encode(_GRAY) + b"~>"),
        (f"{image} /BitsPerComponent 8 /Filter /LZWDecode", _lzw(_GRAY)),
        ("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", zlib.compress(b"9 0 << /A 1 >>")),
        ("", page),
    )
    yield b"%PDF-1.4\n1 0 obj\n<< /Length 4 >>\nstream\nBI /\nendstream\nendobj\n"
    for lock in _LOCKS:
        yield _locked(lock)


def _lzw(data: bytes) -> bytes:
    """Code fewer than 250 bytes one by one, 9 bits each, between "clear" and "end"."""
    bits = "".join(format(code, "09b") for code in (256, *data, 257))
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _locked(lock: str) -> bytes:
    writer = PdfWriter()
    page = writer.add_blank_page(9, 9)
    picture: StreamObject = DecodedStreamObject()
    picture.set_data(_GRAY)
    for key, value in (("/Width", 4), ("/Height", _ROWS), ("/BitsPerComponent", 8)):
        picture[NameObject(key)] = NumberObject(value)
    picture[NameObject("/Subtype")] = NameObject("/Image")
    picture[NameObject("/ColorSpace")] = NameObject("/DeviceGray")
    page[NameObject("/Thumb")] = writer._add_object(picture)
    writer.encrypt("pw", algorithm=lock)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
