"""The phone of the generated seizure: camera, screenshots, messengers and their databases."""

from __future__ import annotations

import plistlib
import struct
from base64 import b64encode

from PIL import Image, ImageDraw
from scripts.seizure_pictures import (
    Picture,
    draw,
    jpeg,
    landscape,
    photo,
    saved,
    shot_of,
    small_jpeg,
)
from scripts.seizure_plan import Dice, File, pictured, plain, row
from scripts.seizure_stores import Row, database, journal

SIZES = ((1024, 768), (1024, 768), (768, 1024), (1600, 1200))
CAMERA = "phone/DCIM/100EXMPL"
CHAT = "phone/data/data/com.example.chat"
_MEDIA = "phone/WhatsApp/Media/WhatsApp Images"


def camera_picture(number: int, dice: Dice) -> Picture:
    """Return photograph ``number`` of the phone; other makers take it to make copies."""
    mine = Dice(dice.seed, "photo", number)
    random = mine.random()
    size = SIZES[random.randrange(len(SIZES))]
    place = (52.0 + random.random(), 4.0 + random.random()) if number % 3 == 0 else None
    drawn = landscape(mine.scene(), size) if number % 25 == 7 else None
    return photo(mine.scene(), size, shot_of(number, random.random(), place), drawn=drawn)


def camera_photo(number: int, dice: Dice) -> list[File]:
    name = f"{CAMERA}/IMG_{number:04}.JPG"
    return [pictured(name, camera_picture(number, dice), "photograph with EXIF")]


def burst(number: int, dice: Dice) -> list[File]:
    """Five exposures of one scene, the camera moving a little."""
    wide = draw(dice.scene(), (840, 600))
    files = []
    for step in range(5):
        view = wide.crop((8 * step, 0, 800 + 8 * step, 600))
        picture = photo(dice.scene(), view.size, shot_of(20_000 + number), drawn=view)
        name = f"phone/DCIM/Camera/BURST{number:03}_{step:02}.jpg"
        files.append(pictured(name, picture, "burst"))
    return files


def screenshot(number: int, dice: Dice) -> list[File]:
    random = dice.random()
    picture = Image.new("RGB", (540, 960), (246, 246, 248))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, 540, 84), fill=(30, 90, 140 + number % 90))
    pen.text((20, 30), f"Notes of day {number}", fill=(255, 255, 255))
    for line in range(9):
        left, width = random.choice((20, 160)), random.randrange(160, 340)
        box = (left, 110 + 84 * line, left + width, 170 + 84 * line)
        pen.rounded_rectangle(box, 14, fill=(255, 255, 255) if left == 20 else (214, 236, 208))
        pen.text((left + 14, 132 + 84 * line), "harbour at noon", fill=(40, 40, 40))
    picture.paste(draw(dice.scene(), (160, 120)), (340, 300))
    name = f"phone/Pictures/Screenshots/Screenshot_{number:05}.png"
    return [plain(name, saved(picture, "PNG", compress_level=3), "screenshot", shows=True)]


def received(number: int, dice: Dice) -> list[File]:
    """Pictures of a messenger: new ones, byte copies of photographs, and smaller copies."""
    name = f"{_MEDIA}/IMG-2024{1 + number % 12:02}01-WA{number:04}.jpg"
    if number % 10 == 4:
        return [
            pictured(
                f"{_MEDIA}/Sent/SENT{number:04}.jpg", camera_picture(number // 10, dice), "copy"
            )
        ]
    if number % 10 == 8:
        scene = Dice(dice.seed, "photo", number // 10).scene()
        if (number // 10) % 25 != 7:  # those are landscapes
            return [pictured(name, jpeg(scene, (800, 600), 70), "smaller copy of a photograph")]
    return [pictured(name, jpeg(dice.scene(), (640, 480), 75), "messenger picture")]


def modern(number: int, dice: Dice) -> list[File]:
    kind, suffix = (("AVIF", "avif"), ("WEBP", "webp"))[number % 2]
    # more than one thread would make the bytes of an AVIF depend on the load of the machine
    options = {"max_threads": 1} if kind == "AVIF" else {}
    data = saved(draw(dice.scene(), (640, 480)), kind, quality=70, **options)
    path = f"phone/Download/picture{number:03}.{suffix}"
    return [pictured(path, Picture(data, dice.scene()), f"picture ({kind})")]


def chat(number: int, dice: Dice) -> list[File]:
    """A messenger's database: pictures in rows, deleted rows, rows only in its journal."""
    kept = [jpeg(dice.scene(f"row{at}"), (320, 240)) for at in range(4)]
    gone = jpeg(dice.scene("deleted"), (300, 225))
    late = [jpeg(dice.scene(f"late{at}"), (320, 240)) for at in range(2)]
    own = small_jpeg(Dice(dice.seed, "photo", number).scene(), (200, 150))
    rows: list[Row] = [
        (at, f"sender {at}", picture.data) for at, picture in enumerate((*kept, own))
    ]
    data, log = database(
        rows, (90, "sender", gone.data), [(100 + at, "s", p.data) for at, p in enumerate(late)]
    )
    base = f"{CHAT}/databases/msgstore{number:02}.db"
    main = File(base, data, [row((base,), data, "database")])
    for picture in kept:
        main.inside(picture, kind="picture in a row", copy="only_trace")
    main.inside(gone, kind="picture in a deleted row", copy="only_trace")
    copy = "" if number % 25 == 7 else "original"
    main.inside(own, kind="small copy in a row", copy=copy)
    wal = File(f"{base}-wal", log, [row((f"{base}-wal",), log, "journal of a database")])
    for picture in late:
        wal.inside(picture, kind="picture in a row of the journal", copy="only_trace")
    return [main, wal]


def rolled_back(number: int, dice: Dice) -> list[File]:
    """A database whose journal holds the page of a picture that was overwritten."""
    before, after = (jpeg(dice.scene(part), (280, 210)) for part in ("before", "after"))
    base = f"{CHAT}/databases/stickers{number:02}.db"
    data, log = journal(before.data, after.data)
    main = File(base, data, [row((base,), data, "database")])
    main.inside(after, kind="picture in a row", copy="only_trace")
    path = f"{base}-journal"
    old = File(path, log, [row((path,), log, "rollback journal")])
    old.inside(before, kind="picture that the journal keeps", copy="only_trace")
    return [main, old]


def settings(number: int, dice: Dice) -> list[File]:
    """Property lists with a picture: binary, or as XML with base64."""
    avatar = jpeg(dice.scene(), (180, 180))
    value = {"name": f"person {number}", "avatar": avatar.data, "count": number}
    binary = number % 2 == 0
    fmt = plistlib.FMT_BINARY if binary else plistlib.FMT_XML
    data = plistlib.dumps(value, fmt=fmt, sort_keys=True)
    path = f"phone/var/mobile/Containers/com.example.contacts/card{number:03}.plist"
    file = File(path, data, [row((path,), data, "property list")])
    copy = "only_trace" if binary else ""
    return [file.inside(avatar, kind="picture in a property list", copy=copy)]


def thumbdata(number: int, dice: Dice) -> list[File]:
    """Android's thumbnail file: small copies of photographs, and of some that are gone."""
    path = f"phone/DCIM/.thumbnails/.thumbdata3--{1967290299 + number}"
    out, planted = bytearray(), []
    for place in range(12):
        out += bytes(10_000 * place - len(out))
        if place % 3 == 0:
            continue
        photo_number = 12 * number + place
        gone = place % 3 == 2 or photo_number % 25 == 7
        scene = dice.scene(str(place)) if gone else Dice(dice.seed, "photo", photo_number).scene()
        small = small_jpeg(scene, (128, 96))
        assert len(small.data) < 9_900
        out += struct.pack(">Bqi", 1, 7, len(small.data)) + small.data
        planted.append((small, "only_trace" if gone else "original"))
    data = bytes(out).ljust(120_000, b"\0")
    file = File(path, data, [row((path,), data, "thumbnails of Android")])
    for small, copy in planted:
        file.inside(small, kind="thumbnail of Android", role="thumbnail", copy=copy)
    return [file]


def contact(number: int, dice: Dice) -> list[File]:
    face = jpeg(dice.scene(), (140, 140), 70)
    text = b64encode(face.data).decode()
    folded = "\r\n ".join(text[at : at + 74] for at in range(0, len(text), 74))
    photo_line = f"PHOTO;ENCODING=b;TYPE=JPEG:{folded}\r\n\r\n"
    card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Person {number}\r\n{photo_line}END:VCARD\r\n"
    path = f"phone/Download/contacts/person{number:03}.vcf"
    data = card.encode()
    return [File(path, data, [row((path,), data, "card")]).inside(face, kind="picture on a card")]
