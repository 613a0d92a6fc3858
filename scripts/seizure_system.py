"""What an operating system brings along: icons, programs, fonts, texts; most files of a seizure."""

from __future__ import annotations

import io
import json
import struct

from scripts.seizure_documents import text
from scripts.seizure_pictures import draw, saved
from scripts.seizure_plan import Dice, File, plain

from tests.support.containers import font, portable_executable

_FOLDERS = (
    "Windows/System32",
    "Windows/WinSxS/amd64_example",
    "Program Files/Example Editor/resources",
    "Program Files (x86)/Example Player/skins",
    "usr/share/icons/example",
    "usr/lib/example",
)


def _icon(dice: Dice, kind: str) -> bytes:
    side = (16, 24, 32, 48, 64)[dice.number % 5]
    made = draw(dice.scene(), (side, side))
    if kind == "ICO":
        out = io.BytesIO()
        made.save(out, "ICO", sizes=[(side, side)])
        return out.getvalue()
    return saved(made.quantize(16) if kind == "GIF" else made, kind)


def _elf(dice: Dice) -> bytes:
    """Return the head of a program for Linux, one empty section, and code that is none."""
    head = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHI", 3, 62, 1)
    body = b"\xc3" * 200 + text(dice.number, 600)
    at = 64 + len(body)
    head += struct.pack("<QQQIHHHHHH", 0, 0, at + -at % 8, 0, 64, 56, 0, 64, 1, 0)
    return head + body + bytes(-at % 8) + bytes(64)


def _text(dice: Dice) -> bytes:
    return text(dice.number, 300 + dice.number % 3000)


def _json(dice: Dice) -> bytes:
    row = {"id": dice.number, "name": "panel", "words": _text(dice).decode()}
    return json.dumps([row] * 3).encode()


def _page(dice: Dice) -> bytes:
    return b"<!DOCTYPE html><html><body><p>" + _text(dice) + b"</p></body></html>"


def _script(dice: Dice) -> bytes:
    return b"#!/usr/bin/env python3\n" + b"print('harbour')\n" * (1 + dice.number % 40)


def _style(dice: Dice) -> bytes:
    return b".panel%d { color: #204060; margin: 4px }\n" % dice.number * (5 + dice.number % 30)


def _translation(dice: Dice) -> bytes:
    pair = (b"harbour %d" % dice.number, b"haven %d" % dice.number)
    head = struct.pack("<IIIIIII", 0x950412DE, 0, 1, 28, 36, 0, 44)
    first = struct.pack("<II", len(pair[0]), 44)
    return (
        head
        + first
        + struct.pack("<II", len(pair[1]), 45 + len(pair[0]))
        + pair[0]
        + b"\0"
        + pair[1]
        + b"\0"
    )


_KINDS = (
    ("png", "icon", lambda d: _icon(d, "PNG")),
    ("txt", "text", _text),
    ("dll", "program", lambda d: portable_executable(b"%d" % d.number)),
    ("png", "icon", lambda d: _icon(d, "PNG")),
    ("json", "text", _json),
    ("ttf", "font", lambda d: font(b"") + bytes(d.number % 4)),
    ("ico", "icon", lambda d: _icon(d, "ICO")),
    ("so", "program", _elf),
    ("html", "text", _page),
    ("py", "script", _script),
    ("gif", "icon", lambda d: _icon(d, "GIF")),
    ("css", "text", _style),
    ("mo", "translation", _translation),
    ("bmp", "icon", lambda d: _icon(d, "BMP")),
)


def system(number: int, dice: Dice) -> list[File]:
    suffix, kind, make = _KINDS[number % len(_KINDS)]
    folder = _FOLDERS[number // len(_KINDS) % len(_FOLDERS)]
    path = f"laptop/{folder}/{number // 200:03}/{kind}{number:05}.{suffix}"
    return [plain(path, make(dice), f"system: {kind}", shows=kind == "icon")]
