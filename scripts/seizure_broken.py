"""The broken part of the generated seizure: cut, empty, mislabelled, lying, looping, swelling."""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import replace

from scripts.seizure_documents import text, written, zipped
from scripts.seizure_moving import video
from scripts.seizure_pictures import draw, jpeg, photo, png, saved, shot_of
from scripts.seizure_plan import Dice, File, broken, pictured, row
from scripts.seizure_stores import database

from tests.support.containers import chunk
from tests.support.ole_files import blip, compound

PHONE, LAPTOP = "phone/DCIM/100EXMPL", "laptop/Users/example/Downloads"
LEVELS = 16  # containers inside containers that Assay opens unless told otherwise
_PNG = b"\x89PNG\r\n\x1a\n"


def cut_photo(path: str, dice: Dice) -> File:
    whole = photo(dice.scene(), (1024, 768), shot_of(40_000 + dice.number))
    cut = whole.data[: len(whole.data) * 6 // 10]
    file = broken(f"{path}.jpg", cut, "cut JPEG", "truncated", shows=True)
    return file.inside(whole.thumbnail, kind="thumbnail of a cut JPEG", role="preview")


def cut_png(path: str, dice: Dice) -> File:
    data = png(dice.scene(), (480, 360)).data
    return broken(f"{path}.png", data[: len(data) // 2], "cut PNG", "truncated", shows=True)


def cut_gif(path: str, dice: Dice) -> File:
    data = saved(draw(dice.scene(), (320, 240)).quantize(64), "GIF")
    return broken(
        f"{path}.gif", data[: len(data) // 2], "cut GIF", "truncated", "malformed", shows=True
    )


def cut_video(path: str, dice: Dice) -> File:
    """Without its second half a video of OpenCV has no index of its frames."""
    data = video([dice.scene(str(at)) for at in range(2)], "mp4", "mp4v")
    signs = ("truncated", "malformed", "frames_unread")
    return broken(f"{path}.mp4", data[: len(data) // 2], "cut video", *signs, shows=True)


def zeros(path: str, dice: Dice) -> File:
    data = bytes(10_000 + dice.number)
    return broken(f"{path}.jpg", data, "zero bytes under a picture's name", "type_mismatch")


def scribble(path: str, dice: Dice) -> File:
    data = dice.noise(40_000)
    signs = ("type_mismatch", "high_entropy", "encrypted")
    return broken(f"{path}.jpg", data, "random bytes under a picture's name", *signs)


def wrong_name(path: str, dice: Dice) -> File:
    suffix = ("dll", "txt", "docx", "dat2.exe")[dice.number % 4]
    data = jpeg(dice.scene(), (480, 360)).data
    return broken(
        f"{path}.{suffix}", data, "picture under another name", "type_mismatch", shows=True
    )


def words(path: str, dice: Dice) -> File:
    return broken(f"{path}.png", text(dice.number), "text under a picture's name", "type_mismatch")


def giant(path: str, dice: Dice) -> File:
    """A PNG that claims 3.6 billion pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(20_000)))
    data = (
        _PNG
        + chunk(b"IHDR", header)
        + body
        + chunk(b"tEXt", b"n\0%d" % dice.number)
        + chunk(b"IEND", b"")
    )
    return broken(f"{path}.png", data, "claims 3.6 billion pixels", "pixel_limit", shows=True)


def text_bomb(path: str, dice: Dice) -> File:
    """A PNG whose text block inflates to 64 MiB."""
    packed = zlib.compress(bytes(64 << 20), 9)
    data = png(dice.scene(), (120, 90)).data
    at = 8 + 25
    note = chunk(b"zTXt", b"parameters\0\0" + packed)
    return broken(
        f"{path}.png",
        data[:at] + note + data[at:],
        "text bomb in a PNG",
        "metadata_bomb",
        shows=True,
    )


def bomb(path: str, dice: Dice) -> File:
    """64 MiB of zeros in 64 KiB, as ZIP or gzip."""
    swollen = bytes(64 << 20)
    if dice.number % 2:
        data, suffix = gzip.compress(swollen, 9, mtime=0), "gz"
    else:
        data, suffix = zipped({"zeros.bin": swollen}), "zip"
    return broken(f"{path}.{suffix}", data + b"", f"bomb (.{suffix})", "decompression_bomb")


def russian_doll(path: str, dice: Dice) -> File:
    """Twenty archives inside each other; the one 16 levels down is not opened any more."""
    data = jpeg(dice.scene(), (64, 48)).data
    names, inside = [], {}
    for depth in range(20):
        name = f"{depth}.zip" if depth else "end.jpg"
        names.append(name)
        inside[name] = data
        data = zipped({name: data}, (name,))
    kind = "archives nested 20 deep"
    last = names[20 - LEVELS]
    chain = (f"{path}.zip", *reversed(names[20 - LEVELS :]))
    found = replace(row(chain, inside[last], kind, "member"), signs=("nesting_limit",))
    return File(f"{path}.zip", data, [row((f"{path}.zip",), data, kind), found])


def headless(path: str, dice: Dice) -> File:
    """A ZIP without its directory; the first picture is still whole."""
    held = photo(dice.scene("0"), (480, 360), shot_of(41_000 + dice.number))
    data = zipped({"first.jpg": held.data, "second.png": png(dice.scene("1")).data})
    cut = data[: data.index(b"PK\3\4", 30) + 2000]
    file = broken(
        f"{path}.zip", cut, "ZIP without a directory", "salvaged", "truncated", "malformed"
    )
    return file.inside(held, "first.jpg", kind="picture in a damaged archive")


def overlapping(path: str, dice: Dice) -> File:
    """A ZIP whose directory names the same bytes twice."""
    data = zipped({"a.txt": text(dice.number), "b.txt": text(dice.number + 1)})
    first = data.index(b"PK\1\2")
    second = data.index(b"PK\1\2", first + 4)
    end = data.index(b"PK\5\6")
    listed = data[first:second] + data[first:second].replace(b"a.txt", b"c.txt")
    tail = struct.pack("<HHHHIIH", 0, 0, 2, 2, len(listed), first, 0)
    assert end > second
    signs = ("overlapping_entries", "header_mismatch")
    swapped = data[:first] + listed + b"PK\5\6" + tail
    file = broken(f"{path}.zip", swapped, "overlapping members", *signs)
    second_name = row((f"{path}.zip", "c.txt"), b"", "second name of the same bytes", "link")
    file.rows.append(replace(second_name, sha256=""))
    return file


def looping(path: str, dice: Dice) -> File:
    """A JPEG whose EXIF directory points at itself."""
    plain_ = jpeg(dice.scene(), (320, 240)).data
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    block = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry + struct.pack("<I", 8)
    body = b"Exif\0\0" + block
    data = plain_[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + plain_[2:]
    return broken(f"{path}.jpg", data, "EXIF that loops", "metadata_loop", "malformed", shows=True)


def ole_loop(path: str, dice: Dice) -> File:
    """A .doc whose sectors run in a circle; the picture before the circle is whole."""
    held = jpeg(dice.scene(), (200, 150))
    made = bytearray(
        compound({"Data": blip(0xF01D, 0x46A, held.data), "WordDocument": bytes(9000)})
    )
    table = struct.unpack_from("<I", made, 76)[0]
    sectors = -(-(len(held.data) + 25) // 512)
    struct.pack_into("<I", made, (table + 1) * 512 + 4 * (sectors + 3), sectors)
    file = broken(f"{path}.doc", bytes(made), "compound file that loops", "malformed", "truncated")
    return file.inside(held, kind="picture in a damaged document")


def torn_database(path: str, dice: Dice) -> File:
    rows = [(at, "s", jpeg(dice.scene(str(at)), (320, 240)).data) for at in range(4)]
    data = database(rows, (9, "s", dice.noise(9000)), [(10, "s", b"x")])[0]
    cut = data[: len(data) * 6 // 10]
    return broken(f"{path}.db", cut, "cut database", "truncated", "malformed")


def torn_pdf(path: str, dice: Dice) -> File:
    held = jpeg(dice.scene(), (320, 240))
    image = "/Type /XObject /Subtype /Image /ColorSpace /DeviceRGB /BitsPerComponent 8"
    data = written((f"{image} /Width 320 /Height 240 /Filter /DCTDecode", held.data))
    cut = data[: data.index(b"endstream") + 12]
    file = broken(f"{path}.pdf", cut, "cut PDF", "truncated", "malformed", "salvaged")
    return file.inside(held, kind="picture in a damaged PDF")


def empty(path: str, dice: Dice) -> File:
    """No bytes at all: nothing is in it, so it may leave the lanes."""
    found = row((f"{path}.jpg",), b"", "empty file")
    return File(f"{path}.jpg", b"", [replace(found, flags=("empty",))])


_KINDS = (
    cut_photo, cut_png, cut_gif, cut_video, zeros, scribble, wrong_name, words, giant, text_bomb,
    bomb, russian_doll, headless, overlapping, looping, ole_loop, torn_database, torn_pdf, empty,
)  # fmt: skip
COUNT = len(_KINDS)


def broken_file(number: int, dice: Dice) -> list[File]:
    make = _KINDS[number % COUNT]
    folder = PHONE if number // COUNT % 3 == 0 and make in (cut_photo, cut_video) else LAPTOP
    return [make(f"{folder}/{make.__name__}{number:04}", dice)]


def strange_names(number: int, dice: Dice) -> list[File]:
    """Names that no screen shows as they are, and links that lead nowhere or round."""
    names = (
        ("caf\udce9 \udcff.jpg", "undecodable_name"),
        ("two\nlines\t.jpg", "control_name"),
        ("gpj.\u202egnp.jpg", "bidi_name"),
        (" leading and trailing .jpg", ""),
        ("Ω 日本 é.jpg", ""),
    )
    files = []
    for at, (name, flag) in enumerate(names):
        made = jpeg(dice.scene(str(at)), (320, 240))
        file = pictured(f"{LAPTOP}/names{number:02}/{name}", made, "strange name")
        file.rows = [replace(r, flags=(flag,) if flag else ()) for r in file.rows]
        files.append(file)
    for name, target in (("round", "."), ("nowhere", "../no such file"), ("out", "/")):
        path = f"{LAPTOP}/names{number:02}/{name}"
        link = replace(row((path,), b"", "link", "link"), sha256="")
        files.append(File(path, b"", [link], link=target))
    return files
