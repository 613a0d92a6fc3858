"""Mail for the generated seizure: messages, mailboxes, Outlook files; pictures are attached."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from email.message import EmailMessage, Message

from scripts.seizure_documents import text, zipped
from scripts.seizure_pictures import Picture, jpeg, photo, png, shot_of
from scripts.seizure_plan import Dice, File, row

from tests.support.ole_files import compound

FOLDER = "laptop/Users/example/Mail"
_TICKS = 133_617_000_000_000_000  # 2024-06-01 07:20 UTC


def _message(dice: Dice, part: str, *attached: tuple[str, bytes]) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = "a@example.org", "b@example.org"
    mail["Subject"] = f"Harbour {dice.number} {part}"
    mail["Date"] = f"Sat, 01 Jun 2024 {dice.number % 24:02}:20:00 +0200"
    mail["Message-ID"] = f"<{dice.maker}.{dice.number}.{part}@example.org>"
    mail.set_content(text(dice.number, 400).decode())
    for name, data in attached:
        kind = "png" if name.endswith("png") else "jpeg"
        if name.endswith("zip"):
            mail.add_attachment(data, "application", "zip", filename=name)
        else:
            mail.add_attachment(data, "image", kind, filename=name)
    return mail


def _bounded(mail: Message, label: str) -> Message:
    """Give every multipart a boundary that is the same each time."""
    for at, part in enumerate(mail.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            assert isinstance(part, Message)
            part.set_boundary(f"=_{label}_{at}")
    return mail


def message(number: int, dice: Dice) -> list[File]:
    """A message with two pictures; every third holds another message, every fourth a ZIP."""
    one = photo(dice.scene("0"), (640, 480), shot_of(32_000 + number))
    two = png(dice.scene("1"))
    mail = _message(dice, "outer", ("boat.jpg", one.data), ("plan.png", two.data))
    nested, packed = jpeg(dice.scene("2"), (400, 300)), jpeg(dice.scene("3"), (400, 300))
    if number % 3 == 0:
        mail.add_attachment(_message(dice, "inner", ("deep.jpg", nested.data)))
    if number % 4 == 0:
        mail.add_attachment(
            zipped({"in/packed.jpg": packed.data}), "application", "zip", filename="more.zip"
        )
    path = f"{FOLDER}/Local/{number:05}.eml"
    data = _bounded(mail, f"{dice.seed}_{number}").as_bytes()
    file = File(path, data, [row((path,), data, "message")])
    file.inside(one, "boat.jpg", kind="attached picture")
    file.inside(two, "plan.png", kind="attached picture")
    if number % 3 == 0:
        file.inside(nested, None, "deep.jpg", kind="picture attached to an attached message")
    if number % 4 == 0:
        file.inside(packed, "more.zip", "in/packed.jpg", kind="picture in an attached archive")
    return [file]


def mailbox(number: int, dice: Dice) -> list[File]:
    """Eight messages in one file, a picture in each second one."""
    out, held = bytearray(), []
    for at in range(8):
        attached: list[tuple[str, bytes]] = []
        if at % 2 == 0:
            picture = jpeg(dice.scene(str(at)), (480, 360))
            attached.append((f"photo{at}.jpg", picture.data))
            held.append((f"photo{at}.jpg", picture))
        mail = _bounded(_message(dice, str(at), *attached), f"{dice.seed}_{number}_{at}")
        out += b"From a@example.org Sat Jun  1 07:20:00 2024\n" + mail.as_bytes() + b"\n"
    path = f"{FOLDER}/Archive/box{number:02}.mbox"
    file = File(path, bytes(out), [row((path,), bytes(out), "mailbox")])
    for name, picture in held:
        file.inside(picture, None, name, kind="picture in a mailbox")
    return [file]


def outlook(number: int, dice: Dice) -> list[File]:
    """An Outlook message with two attachments, one of them behind a message inside."""
    one, two = jpeg(dice.scene("0"), (480, 360)), png(dice.scene("1"), (240, 180))
    at = "__attach_version1.0_#00000001/"
    inner = f"{at}__substg1.0_3701000D/"
    streams = {
        "__properties_version1.0": bytes(32),
        **_words(0x0037, f"harbour {number}"),
        **_words(0x1000, text(number, 500).decode()),
        **_attachment("", 0, "boat.jpg", one),
        **_words(0x3001, "attached message", at),
        f"{at}__properties_version1.0": bytes(8),
        f"{inner}__properties_version1.0": bytes(24),
        **_words(0x1000, "inner words", inner),
        **_attachment(inner, 0, "deep.png", two),
    }
    data = compound(streams)
    path = f"{FOLDER}/Outlook/message {number:03}.msg"
    file = File(path, data, [row((path,), data, "Outlook message")])
    file.inside(one, "boat.jpg", kind="attached picture")
    return [file.inside(two, None, kind="picture attached to an attached message")]


def _words(number: int, words: str, at: str = "") -> dict[str, bytes]:
    return {f"{at}__substg1.0_{number:04X}001F": words.encode("utf-16-le")}


def _attachment(at: str, number: int, name: str, picture: Picture) -> Mapping[str, bytes]:
    folder = f"{at}__attach_version1.0_#{number:08X}/"
    times = bytes(8) + b"".join(
        struct.pack("<IIQ", tag, 6, _TICKS) for tag in (0x30070040, 0x30080040)
    )
    return {
        f"{folder}__substg1.0_37010102": picture.data,
        f"{folder}__properties_version1.0": times,
        **_words(0x3707, name, folder),
    }
