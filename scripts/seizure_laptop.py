"""The laptop of the generated seizure: pictures, archives, locked things, a piece of a disk."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zlib
from base64 import b64encode
from collections.abc import Mapping
from unittest.mock import patch

import py7zr
from py7zr.helpers import ArchiveTimestamp
from scripts.seizure_documents import text, zipped
from scripts.seizure_pictures import (
    THUMBNAIL,
    Picture,
    draw,
    jpeg,
    landscape,
    photo,
    png,
    saved,
    shot_of,
    small_jpeg,
)
from scripts.seizure_plan import Dice, File, locked, pictured, plain, row

from tests.support.nested import cr2

HOME = "laptop/Users/example"
_TIME = 1_717_226_400  # 2024-06-01 07:20 UTC


def picture(number: int, dice: Dice) -> list[File]:
    """Pictures of four kinds; the thumbnail stores hold small copies of them."""
    path = f"{HOME}/Pictures/{2015 + number % 10}/picture {number:04}"
    scene = dice.scene()
    if number % 4 == 0:
        made = photo(scene, (1280, 960), shot_of(10_000 + number))
        return [pictured(f"{path}.jpg", made, "photograph with EXIF")]
    if number % 4 == 3 and number % 8 == 7:
        return [pictured(f"{path}.png", png(scene, (480, 360)), "picture (PNG)")]
    if number % 50 == 2:
        made = Picture(saved(landscape(dice.scene("art"), (960, 720)), "JPEG", quality=85), None)
        return [pictured(f"{path} art.jpg", made, "drawn landscape")]
    return [pictured(f"{path}.jpg", jpeg(scene, (960, 720)), "picture (JPEG)")]


def raw_photo(number: int, dice: Dice) -> list[File]:
    """The skeleton of a raw photo: its previews are pictures, its sensor data is not."""
    preview = saved(draw(dice.scene(), (320, 240)), "JPEG", quality=85)
    small = small_jpeg(dice.scene(), THUMBNAIL).data
    path = f"{HOME}/Pictures/Raw/_MG_{number:04}.CR2"
    data = cr2(preview, small)
    file = File(path, data, [row((path,), data, "raw photo", shows=True)])
    for part in (preview, small):
        file.inside(Picture(part, dice.scene()), kind="preview of a raw photo", role="preview")
    return [file]


def sample(number: int, dice: Dice) -> list[File]:
    """Public-domain photographs of scikit-image where it is installed; nothing where it is not."""
    names = ("coffee", "chelsea", "rocket", "astronaut", "moon", "camera", "grass", "gravel")
    try:
        from skimage import data as pictures
    except ImportError:
        return []
    from PIL import Image

    name = names[number % len(names)]
    image = Image.fromarray(getattr(pictures, name)()).convert("RGB")
    made = Picture(saved(image, "JPEG", quality=90 - number // len(names)), None)
    return [
        pictured(f"{HOME}/Pictures/samples/{name} {number}.jpg", made, "photograph, public domain")
    ]


# -- archives --------------------------------------------------------------------------------------


def _two(dice: Dice) -> dict[str, Picture]:
    return {
        "holiday/one.jpg": photo(dice.scene("0"), (640, 480), shot_of(33_000 + dice.number)),
        "holiday/two.png": png(dice.scene("1")),
    }


def _bytes(pictures: Mapping[str, Picture]) -> dict[str, bytes]:
    return {name: made.data for name, made in pictures.items()}


def tarred(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), _TIME
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def sevenzipped(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    fixed = ArchiveTimestamp(133_617_000_000_000_000)
    with (
        patch("py7zr.py7zr.ArchiveTimestamp.from_now", lambda: fixed),
        py7zr.SevenZipFile(out, "w") as archive,
    ):
        for name, data in members.items():
            archive.writestr(data, name)
    return out.getvalue()


def archive(number: int, dice: Dice) -> list[File]:
    """A ZIP, a compressed tar or a 7z; every fifth is a 7z in a tar in a ZIP."""
    pictures = _two(dice)
    suffix = ("zip", "tar.gz", "7z")[number % 3]
    inner = _bytes(pictures)
    names: tuple[str | None, ...] = ()
    if number % 5 == 4:
        suffix, names = "zip", ("old/backup.tar", "phone.7z")
        data = zipped({names[0]: tarred({"phone.7z": sevenzipped(inner)})})
    elif suffix == "zip":
        data = zipped(inner)
    elif suffix == "7z":
        data = sevenzipped(inner)
    else:
        data = gzip.compress(tarred(inner), 6, mtime=0)
    path = f"{HOME}/Documents/Backup/archive {number:03}.{suffix}"
    file = File(path, data, [row((path,), data, f"archive (.{suffix})")])
    for name, made in pictures.items():
        file.inside(made, *names, name, kind="picture in an archive")
    return [file]


# -- locked ----------------------------------------------------------------------------------------

PASSWORD = b"harbour"  # of the locked ZIP files


def _keys(byte: int, keys: list[int]) -> None:
    keys[0] = zlib.crc32(bytes([byte]), keys[0] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
    keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
    keys[2] = zlib.crc32(bytes([keys[1] >> 24]), keys[2] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def scrambled(data: bytes, password: bytes) -> bytes:
    """Encrypt bytes as PKZIP does (APPNOTE 6.1)."""
    keys = [0x12345678, 0x23456789, 0x34567890]
    for byte in password:
        _keys(byte, keys)
    out = bytearray()
    for byte in data:
        mask = (keys[2] | 2) & 0xFFFF
        out.append(byte ^ ((mask * (mask ^ 1) >> 8) & 0xFF))
        _keys(byte, keys)
    return bytes(out)


def locked_zip(number: int, dice: Dice) -> list[File]:
    """A ZIP with one locked and one open picture."""
    closed, clear = small_jpeg(dice.scene("0")), jpeg(dice.scene("1"), (320, 240))
    crc = zlib.crc32(closed.data)
    body = scrambled(dice.noise(11) + bytes([crc >> 24]) + closed.data, PASSWORD)
    parts = [
        ("locked.jpg", body, crc, len(closed.data), 1),
        ("open.jpg", clear.data, zlib.crc32(clear.data), len(clear.data), 0),
    ]
    out, listed = bytearray(), b""
    for name, stored, check, size, flag in parts:
        common = struct.pack(
            "<HHHHHIIIHH", 20, flag, 0, 0x3A80, 0x58C1, check, len(stored), size, len(name), 0
        )
        listed += (
            b"PK\1\2"
            + struct.pack("<H", 20)
            + common
            + struct.pack("<HHHII", 0, 0, 0, 0, len(out))
            + name.encode()
        )
        out += b"PK\3\4" + common + name.encode() + stored
    end = struct.pack("<HHHHIIH", 0, 0, 2, 2, len(listed), len(out), 0)
    path = f"{HOME}/Documents/Backup/private {number:02}.zip"
    file = locked(path, bytes(out) + listed + b"PK\5\6" + end, "locked archive")
    return [file.inside(clear, "open.jpg", kind="open picture in a locked archive")]


def volume(number: int, dice: Dice) -> list[File]:
    """The head of a LUKS volume, or bytes without any structure."""
    if number % 2:
        return [
            locked(f"{HOME}/Documents/data{number:02}.bin", dice.noise(200_000), "random bytes")
        ]
    head = b"LUKS\xba\xbe\0\1" + b"aes".ljust(32, b"\0") + b"xts-plain64".ljust(32, b"\0")
    head += b"sha256".ljust(32, b"\0") + struct.pack(">II", 4096, 64) + dice.noise(480)
    return [
        locked(
            f"{HOME}/Documents/vault{number:02}.img",
            head.ljust(4096, b"\0") + dice.noise(60_000),
            "LUKS volume",
        )
    ]


# -- text with pictures in it, a fragment of a disk ------------------------------------------------


def page(number: int, dice: Dice) -> list[File]:
    """A saved page, a record or a drawing with pictures written as text."""
    held = jpeg(dice.scene(), (320, 240), 75)
    coded = b64encode(held.data).decode()
    words = text(number, 700).decode()
    address = f"data:image/jpeg;base64,{coded}"
    link = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    shown = f'<p>{words}</p><img src="{address}">'
    drawn = f'<image xlink:href="{address}"/>'
    suffix, data = (
        ("html", f"<!DOCTYPE html><html><body>{shown}</body></html>"),
        ("json", json.dumps({"number": number, "note": words, "avatar": coded}, indent=1)),
        ("svg", f'<svg xmlns="http://www.w3.org/2000/svg" {link}>{drawn}</svg>'),
    )[number % 3]
    path = f"{HOME}/Downloads/page {number:03}.{suffix}"
    file = File(
        path, data.encode(), [row((path,), data.encode(), f"text with a picture (.{suffix})")]
    )
    return [file.inside(held, kind="picture written as text")]


def fragment(number: int, dice: Dice) -> list[File]:
    """A piece of a disk without a directory: pictures at sectors among other bytes."""
    out, held = bytearray(bytes(4096)), []
    for at in range(5):
        made = (
            photo(dice.scene(str(at)), (640, 480), shot_of(34_000 + at))
            if at % 2
            else png(dice.scene(str(at)))
        )
        held.append(made)
        out += made.data
        out += bytes(-len(out) % 512) + (text(at, 512 * 7) if at % 3 else bytes(512 * 9))
    path = f"{HOME}/Documents/Recovered/fragment{number:02}.raw"
    file = File(path, bytes(out), [row((path,), bytes(out), "fragment of a disk")])
    for made in held:
        file.inside(made, kind="carved picture")
    return [file]


def fox_cache(number: int, dice: Dice) -> list[File]:
    """Firefox keeps the body first and its own records behind it, without a name that tells."""
    made = jpeg(dice.scene(), (480, 360), 78)
    tail = struct.pack(">IIIIIIII", 0x12345678, 3, 1, _TIME, _TIME, 1, 0, 40)
    tail += b":https://example.org/fox.jpg\0request-method\0GET\0" + struct.pack(
        ">I", len(made.data)
    )
    path = f"{HOME}/AppData/Local/Mozilla/Profiles/x.default/cache2/entries/{dice.scene():040X}"
    data = made.data + tail
    return [plain(path, data, "picture in a browser's cache (Firefox)", shows=True)]
