"""Known answers about frames of moving pictures and about pictures inside other files."""

from __future__ import annotations

import base64
import io
import sqlite3
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scripts import procedural_art as art
from scripts.example_camera import jpeg
from scripts.known_answer import CONTAINER, TEXT, UNKNOWN, Fields, Known, sha, vector
from scripts.make_example import zipped

from tests.support.pdfs import image as pdf_image
from tests.support.pdfs import pdf
from tests.support.planes import encoded, make

REFERENCE = "pdqhash 0.2.8, which wraps the authors' reference implementation; stored losslessly"


def moving() -> Iterator[Known]:
    """Frames stored without loss, so that PDQ of each is known bit for bit."""
    shapes = [("blocks", 64, 64, 3), ("rings", 64, 64, 3)]
    yield Known(
        "frames of an uncompressed video",
        "moving pictures",
        "moving/two-frames.avi",
        avi([_pixels(shape) for shape in shapes]),
        REFERENCE,
        {
            "media_type": "video/x-msvideo",
            "motion.width": 64,
            "motion.height": 64,
            "motion.counted_frames": 2,
            "motion.complete": True,
            "motion.sound": False,
            "frames": [_frame(index, index / 2, shape) for index, shape in enumerate(shapes)],
            "findings": ["frames_sampled"],
            **UNKNOWN,
        },
    )
    shapes = [("blocks", 300, 200, 3), ("blocks", 300, 200, 1)]
    pages = [Image.fromarray(_pixels(shape)).convert("RGB") for shape in shapes]
    out = io.BytesIO()
    pages[0].save(out, "PNG", save_all=True, append_images=pages[1:], duration=500, optimize=True)
    yield Known(
        "frames of an animation",
        "moving pictures",
        "moving/two-frames.apng",
        out.getvalue(),
        REFERENCE,
        {
            "motion.width": 300,
            "motion.height": 200,
            "motion.counted_frames": 2,
            "motion.complete": True,
            "frames": [_frame(index, index / 2, shape) for index, shape in enumerate(shapes)],
            "pdq.hash": vector(*shapes[0])["hash"],
            **UNKNOWN,
        },
    )


def documents() -> Iterator[Known]:
    """Pictures inside documents, mail and databases: the bytes as stored, and where they were."""
    photo = jpeg(art.dunes(2, 200, 150), 70)
    drawing = encoded(make("blocks", 1, 96, 72, 3), "PNG")
    basis = "the file is written part by part around the picture"
    whole: Fields = {"media_type": "image/jpeg", "sha256": sha(photo), **UNKNOWN}
    drawn: Fields = {"media_type": "image/png", "sha256": sha(drawing), **UNKNOWN}
    kept: Fields = {"origin": "unknown", "lane": 1, "failures": []}  # its text stays unread
    text: Fields = {"origin": "unknown", "lane": 1, "band": "e"}
    pixels = make("rings", 5, 64, 48, 3)
    coded = zlib.compress(pixels.tobytes(), 9)
    more = "/ColorSpace /DeviceRGB /BitsPerComponent 8"
    yield Known(
        "pictures of a PDF",
        "pictures in other files",
        "documents/two-pictures.pdf",
        pdf(
            (pdf_image(200, 150, f"{more} /Filter /DCTDecode"), photo),
            (pdf_image(64, 48, f"{more} /Filter /FlateDecode"), coded),
        ),
        basis,
        {"media_type": "application/pdf", **kept},
        {
            "object 4 0": whole,
            "object 5 0": {
                "sha256": sha(coded),
                "picture.width": 64,
                "picture.height": 48,
            },
        },
    )
    yield Known(
        "an attachment of an e-mail",
        "pictures in other files",
        "documents/letter.eml",
        _mail(photo),
        basis,
        {"media_type": "message/rfc822", **CONTAINER},
        {"part 1": {**TEXT, "sha256": sha(_WORDS)}, "dunes.jpg": whole},
    )
    yield Known(
        "a picture in a text document",
        "pictures in other files",
        "documents/letter.docx",
        zipped(
            {
                "[Content_Types].xml": b'<?xml version="1.0"?><Types/>',
                "word/document.xml": b'<?xml version="1.0"?><document/>',
                "word/media/image1.png": drawing,
            }
        ),
        basis,
        CONTAINER,
        {
            "[Content_Types].xml": text,
            "word/document.xml": text,
            "word/media/image1.png": drawn,
        },
    )
    yield Known(
        "a picture in a database",
        "pictures in other files",
        "documents/messages.db",
        _database(photo),
        basis + " by SQLite itself",
        {"media_type": "application/vnd.sqlite3", **kept},
        {"messages/photo/7": whole},
    )
    yield Known(
        "an archive behind the end of a picture",
        "pictures in other files",
        "documents/dunes-and-more.jpg",
        photo + deflated("blocks.png", drawing),
        basis,
        {"media_type": "image/jpeg", "findings": ["trailing_data"], **kept},
        {"blocks.png": drawn},
    )


def deflated(name: str, data: bytes) -> bytes:
    """Return a ZIP of one compressed member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        row = zipfile.ZipInfo(name, (2024, 6, 10, 12, 0, 0))
        archive.writestr(row, data, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def avi(frames: Sequence[NDArray[np.uint8]], rate: int = 2) -> bytes:
    """Return an uncompressed AVI of H×W×3 frames, top row first; ``rate`` in frames a second."""
    height, width, _ = frames[0].shape
    rows = [np.ascontiguousarray(frame[:, :, ::-1]).tobytes() for frame in frames]
    size = len(rows[0])
    main = struct.pack(
        "<14I", 1_000_000 // rate, size * rate, 0, 0x10, len(rows), 0, 1, size, width, height,
        0, 0, 0, 0,
    )  # fmt: skip
    stream = struct.pack(
        "<4s4sIHHIIIIIIII4H", b"vids", b"DIB ", 0, 0, 0, 0, 1, rate, 0, len(rows), size, 0, size,
        0, 0, width, height,
    )  # fmt: skip
    bitmap = struct.pack("<IiiHHIIiiII", 40, width, -height, 1, 24, 0, size, 0, 0, 0, 0)
    header = _list(
        b"hdrl",
        _chunk(b"avih", main),
        _list(b"strl", _chunk(b"strh", stream), _chunk(b"strf", bitmap)),
    )
    movie = _list(b"movi", *(_chunk(b"00db", row) for row in rows))
    places = [4 + number * (size + 8) for number in range(len(rows))]
    index = b"".join(struct.pack("<4sIII", b"00db", 0x10, at, size) for at in places)
    body = b"AVI " + header + movie + _chunk(b"idx1", index)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)


def _list(name: bytes, *chunks: bytes) -> bytes:
    return _chunk(b"LIST", name + b"".join(chunks))


Shape = tuple[str, int, int, int]  # name, width, height, channels


def _pixels(shape: Shape) -> NDArray[np.uint8]:
    name, width, height, channels = shape
    seed = vector(*shape)["seed"]
    assert isinstance(seed, int)
    return make(name, seed, width, height, channels)


def _frame(index: int, time: float, shape: Shape) -> dict[str, object]:
    row = vector(*shape)
    return {
        "index": index,
        "time": time,
        "pdq": {"hash": row["hash"], "quality": row["quality"]},
    }


_WORDS = b"A picture of dunes."


def _mail(photo: bytes) -> bytes:
    coded = base64.encodebytes(photo).replace(b"\n", b"\r\n")
    head = (
        "From: one@example.org\r\nTo: two@example.org\r\nSubject: dunes\r\n"
        "Date: Tue, 02 Jun 2026 10:00:00 +0200\r\nMessage-ID: <1@example.org>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="part"\r\n\r\n'
        f"--part\r\nContent-Type: text/plain\r\n\r\n{_WORDS.decode()}\r\n"
        '--part\r\nContent-Type: image/jpeg; name="dunes.jpg"\r\n'
        'Content-Disposition: attachment; filename="dunes.jpg"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + coded + b"--part--\r\n"


def _database(photo: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "messages.db"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA page_size=1024")
        connection.execute(
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, sender TEXT, photo BLOB)"
        )
        connection.execute("INSERT INTO messages VALUES (7, 'one', ?)", (photo,))
        connection.close()
        return path.read_bytes()
