"""Tiny benign clips and animations made on the spot: plain scenes that differ in brightness."""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = (64, 48)  # pixels
RATE = 10  # frames per second


def scene(number: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """Return an H×W×3 picture of soft fields that is unlike that of any other number."""
    random = np.random.default_rng(number)
    small = random.integers(0, 255, (3, 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC), np.uint8)


@lru_cache
def clip(
    suffix: str = "avi",
    code: str = "MJPG",
    scenes: tuple[int, ...] = tuple(range(12)),
    size: tuple[int, int] = SIZE,
    rate: float = RATE,
) -> bytes:
    """Return a video with one frame per number; OpenCV's writer only writes to a named file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.{suffix}"
        fourcc = cv2.VideoWriter_fourcc(*code)  # type: ignore[attr-defined]
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, rate, size)
        assert writer.isOpened()
        for number in scenes:
            writer.write(scene(number, size)[:, :, ::-1])
        writer.release()
        return path.read_bytes()


def animation(kind: str, scenes: Sequence[int] = range(5), **options: object) -> bytes:
    """Return an animation by Pillow, one frame per number."""
    out = io.BytesIO()
    first, *rest = (Image.fromarray(scene(number)) for number in scenes)
    first.save(out, kind, save_all=True, append_images=rest, **options)  # type: ignore[arg-type]
    return out.getvalue()


def box(name: bytes, *content: bytes) -> bytes:
    """Return an ISO base media box."""
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + name + body


def track(handler: bytes, code: bytes, duration: int = 4000) -> bytes:
    """Return a trak box without samples, 1000 units per second."""
    return box(
        b"trak",
        box(
            b"mdia",
            box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, 1000, duration, 0, 0)),
            box(b"hdlr", bytes(8), handler, bytes(13)),
            box(
                b"minf",
                box(
                    b"stbl",
                    box(b"stsd", struct.pack(">II", 0, 1), box(code, bytes(28))),
                    box(b"stts", bytes(8)),
                    box(b"stsz", bytes(12)),
                ),
            ),
        ),
    )


def mp4(*tracks: bytes) -> bytes:
    """Return an MP4 file of the given tracks, without media data."""
    header = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 4000), bytes(80))
    brand = box(b"ftyp", b"isom", bytes(4), b"isommp42")
    return brand + box(b"moov", header, *tracks)


def patched(data: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    """Write ``value`` ``offset`` bytes behind the first ``mark``."""
    at = data.index(mark) + len(mark) + offset
    return data[:at] + value + data[at + len(value) :]


def bare_avi(frames: list[bytes], width: int, height: int, *, bottom_up: bool) -> bytes:
    """Return an AVI of uncompressed 24-bit frames (BI_RGB), as cameras and old tools store them."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + bytes(len(body) & 1)

    size = width * height * 3
    stored = height if bottom_up else -height
    bitmap = struct.pack("<IiiHHIIiiII", 40, width, stored, 1, 24, 0, size, 0, 0, 0, 0)
    numbers = (0, 0, 0, 0, 1, 10, 0, len(frames), size, 0xFFFFFFFF, 0, 0, 0, width, height)
    stream = b"vidsDIB " + struct.pack("<IHHIIIIIIIIhhhh", *numbers)
    rates = (100_000, size * 10, 0, 16, len(frames), 0, 1, size, width, height, 0, 0, 0, 0)
    lists = chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", bitmap))
    head = chunk(b"LIST", b"hdrl" + chunk(b"avih", struct.pack("<14I", *rates)) + lists)
    movie = chunk(b"LIST", b"movi" + b"".join(chunk(b"00db", frame) for frame in frames))
    return chunk(b"RIFF", b"AVI " + head + movie)
