"""Databases and caches for the generated seizure, byte for byte the same every time."""

from __future__ import annotations

import sqlite3
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.seizure_pictures import jpeg, small_jpeg
from scripts.seizure_plan import Dice, File, row

from tests.support.ole_files import cache, cache_entry, catalog, compound, thumbnail

Row = tuple[int, str, bytes]
_TABLE = "CREATE TABLE messages (id INTEGER PRIMARY KEY, sender TEXT, picture BLOB)"
_INSERT = "INSERT INTO messages VALUES (?, ?, ?)"
_SALT = bytes(range(8))
_TICKS = 133_617_000_000_000_000  # 2024-06-01 07:20 UTC
_PROFILE = "laptop/Users/example/AppData/Local"


def _connect(path: Path, *pragmas: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("page_size=4096", "secure_delete=off", "synchronous=off", *pragmas):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def database(kept: Sequence[Row], deleted: Row, late: Sequence[Row]) -> tuple[bytes, bytes]:
    """Return a database and its write-ahead log: ``late`` rows are in the log alone.

    SQLite may overwrite a part of what is deleted when it joins pages; then other rows are used.
    """
    for pad in range(12):
        filler = (1000, "filler", b"f" * 9000)
        padding = [(500, "pad", b"p" * 300 * pad)] if pad else []
        data, log = _database([*kept, *padding, deleted], filler, late)
        if _holds(data, deleted[2]):
            return data, salted(log)
    raise RuntimeError("the deleted row is nowhere whole")


def _database(rows: Sequence[Row], filler: Row, late: Sequence[Row]) -> tuple[bytes, bytes]:
    """Delete the last of the rows, and before it the filler: its page becomes the free list."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.db"
        connection = _connect(path, "journal_mode=wal", "wal_autocheckpoint=0")
        connection.execute(_TABLE)
        connection.executemany(_INSERT, [*rows, filler])
        for gone in (filler, rows[-1]):
            connection.execute("DELETE FROM messages WHERE id = ?", gone[:1])
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.executemany(_INSERT, late)
        found = path.read_bytes(), Path(f"{path}-wal").read_bytes()
        connection.close()
    return found


def _holds(data: bytes, content: bytes) -> bool:
    """Tell whether all of a content stands in a database, in pieces as long as a page holds."""
    at = 0
    while at < len(content):
        best, place = 0, data.find(content[at : at + 400])
        while place >= 0:
            length = 0
            while (
                content[at + length : at + length + 1]
                == data[place + length : place + length + 1]
                != b""
            ):
                length += 1
            best, place = max(best, length), data.find(content[at : at + 400], place + 1)
        if best == 0:
            return False
        at += best
    return True


def salted(log: bytes) -> bytes:
    """Give a log a fixed salt and its checksums (SQLite file format, 4.2): SQLite draws it."""
    out = bytearray(log)
    size = struct.unpack_from(">I", log, 8)[0]
    order = ">" if struct.unpack_from(">I", log, 0)[0] & 1 else "<"
    out[16:24] = _SALT
    state = _checksum(bytes(out[:24]), (0, 0), order)
    struct.pack_into(">II", out, 24, *state)
    for at in range(32, len(out), 24 + size):
        out[at + 8 : at + 16] = _SALT
        state = _checksum(bytes(out[at : at + 8] + out[at + 24 : at + 24 + size]), state, order)
        struct.pack_into(">II", out, at + 16, *state)
    return bytes(out)


def _checksum(data: bytes, state: tuple[int, int], order: str) -> tuple[int, int]:
    one, two = state
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two


def journal(before: bytes, after: bytes) -> tuple[bytes, bytes]:
    """Return a database and the rollback journal of a change that was not finished."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.db"
        connection = _connect(path, "journal_mode=persist")
        connection.execute(_TABLE)
        connection.execute(_INSERT, (1, "sender", before))
        connection.execute("BEGIN")
        connection.execute("UPDATE messages SET picture = ? WHERE id = 1", (after,))
        connection.execute("PRAGMA cache_spill=on").fetchall()
        connection.execute("COMMIT")
        found = path.read_bytes(), Path(f"{path}-journal").read_bytes()
        connection.close()
    return found[0], _reset(found[1])


def _reset(log: bytes) -> bytes:
    """Write the header that COMMIT blanked, and a fixed nonce with its checksums.

    SQLite file format 3: a checksum is the nonce and every 200th byte of the page, from its end.
    """
    sector, page = 512, 4096
    count = (len(log) - sector) // (page + 8)
    while count and log[sector + (count - 1) * (page + 8) :][: page + 4].strip(b"\0") == b"":
        count -= 1
    head = bytes.fromhex("d9d505f920a163d7") + struct.pack(">IIIII", count, 77, 3, sector, page)
    out = bytearray(head.ljust(sector, b"\0"))
    for number in range(count):
        at = sector + number * (page + 8)
        body = log[at + 4 : at + 4 + page]
        total = 77
        place = page - 200
        while place > 0:
            total = (total + body[place]) & 0xFFFFFFFF
            place -= 200
        out += log[at : at + 4] + body + struct.pack(">I", total)
    return bytes(out)


def thumbs_db(number: int, dice: Dice) -> list[File]:
    """Windows XP's store: thumbnails of pictures that are there, and of some that are gone."""
    path = f"laptop/Users/example/Pictures/{2015 + number}/Thumbs.db"
    names, streams, planted = [], {}, []
    for at in range(1, 7):
        gone = at % 2 == 0
        scene = dice.scene(str(at)) if gone else dice.scene("", 6 * number + at, "picture")
        small = small_jpeg(scene, (96, 72))
        name = f"{'lost' if gone else 'picture'} {at}.jpg"
        names.append((at, name, _TICKS + at))
        streams[str(at)[::-1]] = thumbnail(small.data)
        planted.append((small, f"{name}/thumbnail {str(at)[::-1]}", gone))
    data = compound({"Catalog": catalog(names), **streams})
    file = File(path, data, [row((path,), data, "Thumbs.db")])
    for small, name, gone in planted:
        copy = "only_trace" if gone else "original"
        file.inside(small, name, kind="thumbnail of Windows", role="thumbnail", copy=copy)
    return [file]


def thumbcache(number: int, dice: Dice) -> list[File]:
    version = (32, 21, 20, 30)[number % 4]
    path = f"{_PROFILE}/Microsoft/Windows/Explorer/thumbcache_{96 + number}.db"
    entries, planted = [], []
    for at in range(8):
        gone = at % 4 != 0
        scene = dice.scene(str(at)) if gone else dice.scene("", 8 * number + at, "picture")
        small = small_jpeg(scene, (128, 96))
        entries.append(cache_entry(version, f"{scene:016x}", small.data))
        planted.append((small, f"{scene:016x}", "only_trace" if gone else "original"))
    data = cache(version, *entries)
    file = File(path, data, [row((path,), data, "thumbnail cache")])
    for small, name, copy in planted:
        file.inside(small, name, kind="thumbnail of Windows", role="thumbnail", copy=copy)
    return [file]


def _cached(body: bytes, url: str) -> bytes:
    """Return an entry of Chromium's simple cache (simple_entry_format.h)."""
    first, last = bytes.fromhex("305c72a71b6dfbfc"), bytes.fromhex("d8410d97456ffaf4")
    key, headers = f"1/0/_dk_https://example.org https://example.org {url}", b"HTTP/1.1 200 OK\0\0"

    def ends(flags: int, size: int) -> bytes:
        return last + struct.pack("<III4x", flags, 0, size)

    head = first + struct.pack("<III4x", 9, len(key), 0) + key.encode()
    return head + body + ends(1, 0) + headers + bytes(32) + ends(3, len(headers))


def browser(number: int, dice: Dice) -> list[File]:
    """A response that a browser kept: a picture, now and then a page."""
    folder = f"{_PROFILE}/Example/Browser/Default/Cache/Cache_Data"
    url = f"https://example.org/picture{number:04}.jpg"
    path = f"{folder}/{dice.scene():012x}_0"
    if number % 6 == 5:
        data = _cached(b"<html><body>words about boats</body></html>" * 9, url + ".html")
        return [File(path, data, [row((path,), data, "cached page")])]
    picture = jpeg(dice.scene(), (600, 450), 75)
    data = _cached(picture.data, url)
    file = File(path, data, [row((path,), data, "cache entry")])
    return [file.inside(picture, url, kind="picture in a browser's cache")]


def block_file(number: int, dice: Dice) -> list[File]:
    """A block file of Chromium's older cache with small pictures."""
    size, planted = 4096, []
    out = bytearray(bytes.fromhex("c3ca04c1") + struct.pack("<Ihhi", 0x30000, 2, 0, size))
    out += bytes(8192 - len(out))
    for at in range(0, 24, 4):
        small = small_jpeg(dice.scene(str(at)), (120, 90))
        assert len(small.data) <= 4 * size
        out += small.data.ljust(4 * size, b"\0")
        planted.append(small)
    path = f"{_PROFILE}/Example/Browser/Old Cache/data_{number}"
    file = File(path, bytes(out), [row((path,), bytes(out), "cache blocks")])
    for small in planted:
        file.inside(small, kind="picture in cache blocks")
    return [file]
