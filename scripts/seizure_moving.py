"""Moving pictures for the generated seizure: videos with cuts, animations, pages, Live Photos."""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from scripts.seizure_pictures import Size, draw, jpeg, saved
from scripts.seizure_plan import Dice, File, plain, row

from tests.support.containers import segment
from tests.support.nested import container, insert
from tests.support.tiffs import block

SIZE = (320, 240)
RATE = 10  # frames a second
_KEY = b"com.apple.quicktime.content.identifier"


def video(
    scenes: Sequence[int], suffix: str, code: str, *, each: int = 8, size: Size = SIZE
) -> bytes:
    """Return a video that shows each scene for ``each`` frames, then cuts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"made.{suffix}"
        fourcc = cv2.VideoWriter_fourcc(*code)  # type: ignore[attr-defined]
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, RATE, size)
        if not writer.isOpened():
            raise RuntimeError(f"no encoder for {code} in .{suffix}")
        for scene in scenes:
            wide = np.asarray(draw(scene, (size[0] + each, size[1])))[:, :, ::-1]
            for step in range(each):  # the camera moves a pixel a frame
                writer.write(np.ascontiguousarray(wide[:, step : step + size[0]]))
        writer.release()
        return path.read_bytes()


def phone_video(number: int, dice: Dice) -> list[File]:
    scenes = [dice.scene(str(cut)) for cut in range(3)]
    data = video(scenes, "mp4", "mp4v")
    folder = ("DCIM/100EXMPL", "WhatsApp/Media/WhatsApp Video")[number % 2]
    return [plain(f"phone/{folder}/VID_{number:04}.mp4", data, "video (MP4)", shows=True)]


def laptop_video(number: int, dice: Dice) -> list[File]:
    scenes = [dice.scene(str(cut)) for cut in range(4)]
    suffix, code = (("avi", "MJPG"), ("mov", "mp4v"), ("3gp", "mp4v"))[number % 3]
    path = f"laptop/Users/example/Videos/clip {number:03}.{suffix}"
    return [plain(path, video(scenes, suffix, code), f"video ({suffix.upper()})", shows=True)]


def motion_photo(number: int, dice: Dice) -> list[File]:
    """A photograph with a second of video behind its end (Google's container format)."""
    film = video([dice.scene("film")], "mp4", "mp4v", each=10, size=(160, 120))
    still = jpeg(dice.scene(), (1024, 768)).data
    listed = container(("image/jpeg", "Primary", 0), ("video/mp4", "MotionPhoto", len(film)))
    data = insert(still, listed) + film
    path = f"phone/DCIM/Camera/PXL_20240601_{100000 + number}.MP.jpg"
    top = row((path,), data, "motion photo", "file", True, dice.scene())
    return [File(path, data, [top]).inside(film, kind="video of a motion photo", role="motion")]


def live_photo(number: int, dice: Dice) -> list[File]:
    """The two halves of a Live Photo, which state the same identifier."""
    identifier = f"0A1B2C3D-0000-4000-8000-{dice.seed % 10**6:06}{number:06}"
    stem = f"phone/DCIM/101APPLE/IMG_{number:04}"
    still = insert(
        jpeg(dice.scene(), (1024, 768)).data,
        segment(
            0xE1, b"Exif\0\0" + block([(271, 2, "Apple")], exif=[(0x927C, 7, _note(identifier))])
        ),
    )
    film = _identified(video([dice.scene("film")], "mov", "mp4v", each=12), identifier)
    top = row((f"{stem}.JPG",), still, "Live Photo, still", "file", True, dice.scene())
    return [
        File(f"{stem}.JPG", still, [top]),
        plain(f"{stem}.MOV", film, "Live Photo, video", shows=True),
    ]


def _note(identifier: str) -> bytes:
    """Return Apple's maker note with a content identifier (tag 17)."""
    raw = identifier.encode() + b"\0"
    entry = struct.pack(">HHII", 17, 2, len(raw), 14 + 2 + 12 + 4)
    return b"Apple iOS\0\0\1MM" + struct.pack(">H", 1) + entry + bytes(4) + raw


def _box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def _identified(movie: bytes, identifier: str) -> bytes:
    """Put the identifier into the movie box, which ends the file, so that no offset moves."""
    keys = _box(b"keys", bytes(4), struct.pack(">II", 1, 8 + len(_KEY)), b"mdta", _KEY)
    value = _box(b"data", struct.pack(">II", 1, 0), identifier.encode())
    ilst = _box(b"ilst", _box(struct.pack(">I", 1), value))
    meta = _box(b"meta", _box(b"hdlr", bytes(8), b"mdta", bytes(13)), keys, ilst)
    at = movie.rindex(b"moov") - 4
    (size,) = struct.unpack_from(">I", movie, at)
    assert at + size == len(movie)
    return movie[:at] + struct.pack(">I", size + len(meta)) + movie[at + 4 :] + meta


def animation(number: int, dice: Dice) -> list[File]:
    kind, suffix = (("GIF", "gif"), ("WEBP", "webp"), ("PNG", "png"))[number % 3]
    size = (200, 150)
    first, *rest = (draw(dice.scene(str(at)), size) for at in range(4))
    if kind == "GIF":
        first, *rest = (p.quantize(64, dither=Image.Dither.NONE) for p in (first, *rest))
    data = saved(first, kind, save_all=True, append_images=rest, duration=300, loop=0)
    path = f"phone/Android/media/com.example.chat/Stickers/anim{number:03}.{suffix}"
    return [plain(path, data, f"animation ({kind})", shows=True)]


def pages(number: int, dice: Dice) -> list[File]:
    """A scan of three pages."""
    first, *rest = (draw(dice.scene(str(at)), (300, 400)) for at in range(3))
    out = io.BytesIO()
    first.save(out, "TIFF", save_all=True, append_images=rest, compression="jpeg")
    path = f"laptop/Users/example/Documents/Scans/scan{number:03}.tif"
    return [plain(path, out.getvalue(), "pages (TIFF)", shows=True)]
