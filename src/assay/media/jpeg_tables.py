"""The quantisation and Huffman tables of a JPEG, from the bytes before its picture data.

Every encoder brings its own tables, or scales the example tables of the standard; cutting a JPEG
without loss keeps the quantisation tables and rewrites the Huffman ones. Nothing is decoded.
Sources: ITU-T T.81 annexes B and K; jcparam.c of the Independent JPEG Group (IJG) for the scaling.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

Table = tuple[int, ...]  # 64 divisors in zigzag order, as stored

_MAX_SEGMENTS = 512  # before the picture data; real files have under 60
_MAX_TABLES = 64  # of one kind; the standard allows four places, which may be filled again
_MAX_NAMES = 64  # segments named
_NOT_FILL = re.compile(rb"[^\xff]")
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_SOF = {0xC0 + n for n in range(16)} - {0xC4, 0xC8, 0xCC}

ZIGZAG = (
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
)  # fmt: skip
# ITU-T T.81 tables K.1 and K.2, row by row
_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, *[99] * 32,
)  # fmt: skip
# SHA-256 over the example tables of annex K.3 in the order of their places: of a colour picture
# (four tables) and of a grey one (two)
STANDARD_HUFFMAN = frozenset(
    {
        "532fd667aa5541439e4fc89f189259b1b137993ca5dfcbb6970ab411aee79cdf",
        "a811c2965454c769a416476088df6e55c001719c05742209ab58b75b82215c25",
    }
)


@dataclass(frozen=True, slots=True)
class JpegTables:
    """What an encoder wrote before the first scan."""

    quantisation: dict[int, Table]  # by place, 0-15
    huffman: str = ""  # SHA-256 over the tables by class and place; blank where there are none
    progressive: bool = False
    subsampling: str = ""  # luma's sampling factors, "2x2"; blank without a frame header
    luma_place: int = 0  # place of the first component's table
    restart: int = 0  # blocks between restart markers
    segments: str = ""  # "APP0 APP1 DQT SOF0 DHT SOS", in order

    @property
    def digest(self) -> str:
        """SHA-256 over the quantisation tables; the same as ``Walk.facts["dqt"]``; or blank."""
        if not self.quantisation:
            return ""
        digest = hashlib.sha256()
        for place in sorted(self.quantisation):
            values = self.quantisation[place]
            digest.update(bytes([place]) + b"".join(v.to_bytes(2, "big") for v in values))
        return digest.hexdigest()

    @property
    def luma(self) -> Table | None:
        """The table of the first component: luma, unless the file stores RGB or CMYK."""
        return self.quantisation.get(self.luma_place)

    @property
    def standard_huffman(self) -> bool:
        """Whether the Huffman tables are the examples of ITU-T T.81 annex K.3."""
        return self.huffman in STANDARD_HUFFMAN

    @property
    def ijg_quality(self) -> int | None:
        """The IJG quality (1-100) whose tables these are exactly; None where they are others."""
        luma = self.luma
        quality = _qualities().get(luma) if luma is not None else None
        if quality is None:
            return None
        rest = [table for place, table in self.quantisation.items() if place != self.luma_place]
        known = (luma, ijg_table(quality, chroma=True))
        return quality if all(table in known for table in rest) else None


@lru_cache(maxsize=256)
def ijg_table(quality: int, *, chroma: bool = False) -> Table:
    """Return the IJG's table for a quality of 1-100, in zigzag order (jcparam.c, baseline)."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    base = _CHROMA if chroma else _LUMA
    return tuple(min(255, max(1, (base[at] * scale + 50) // 100)) for at in ZIGZAG)


@lru_cache(maxsize=1)
def _qualities() -> dict[Table, int]:
    return {ijg_table(quality): quality for quality in range(100, 0, -1)}


def read_tables(data: bytes) -> JpegTables:
    """Return the tables of a JPEG that starts at byte 0; what is damaged is left out, no raise."""
    state = _State()
    pos = 2
    for _ in range(_MAX_SEGMENTS):
        found = _NOT_FILL.search(data, pos, pos + 4096) if data[pos : pos + 1] == b"\xff" else None
        if found is None:
            break
        marker, pos = data[found.start()], found.end()
        if marker in _STANDALONE:
            continue
        state.name(marker)
        if marker in (0xD9, 0xDA):
            break
        length = int.from_bytes(data[pos : pos + 2], "big")
        if length < 2 or pos + length > len(data):
            break
        state.segment(marker, data[pos + 2 : pos + length])
        pos += length
    return state.tables()


class _State:
    def __init__(self) -> None:
        self.quantisation: dict[int, Table] = {}
        self.codes: dict[int, bytes] = {}
        self.names: list[str] = []
        self.sampling = ""
        self.progressive = False
        self.luma_place = 0
        self.restart = 0
        self.seen = 0

    def name(self, marker: int) -> None:
        if len(self.names) < _MAX_NAMES:
            self.names.append(_name(marker))

    def segment(self, marker: int, body: bytes) -> None:
        if marker == 0xDB:
            self._quantisation(body)
        elif marker == 0xC4:
            self._huffman(body)
        elif marker == 0xDD and len(body) >= 2:
            self.restart = int.from_bytes(body[:2], "big")
        elif marker in _SOF and len(body) >= 9 and not self.sampling:
            self.sampling = f"{body[7] >> 4}x{body[7] & 15}"
            self.luma_place = body[8] & 15
            self.progressive = marker in (0xC2, 0xC6, 0xCA, 0xCE)

    def _quantisation(self, body: bytes) -> None:
        pos = 0
        while pos < len(body) and self.seen < _MAX_TABLES:
            self.seen += 1
            width = 2 if body[pos] >> 4 else 1
            raw = body[pos + 1 : pos + 1 + 64 * width]
            if len(raw) < 64 * width:
                return
            self.quantisation[body[pos] & 15] = tuple(
                int.from_bytes(raw[at : at + width], "big") for at in range(0, len(raw), width)
            )
            pos += 1 + 64 * width

    def _huffman(self, body: bytes) -> None:
        pos = 0
        while pos + 17 <= len(body) and self.seen < _MAX_TABLES:
            self.seen += 1
            size = 17 + sum(body[pos + 1 : pos + 17])
            if pos + size > len(body):
                return
            self.codes[body[pos]] = body[pos : pos + size]
            pos += size

    def tables(self) -> JpegTables:
        joined = b"".join(self.codes[place] for place in sorted(self.codes))
        return JpegTables(
            quantisation=self.quantisation,
            huffman=hashlib.sha256(joined).hexdigest() if joined else "",
            progressive=self.progressive,
            subsampling=self.sampling,
            luma_place=self.luma_place,
            restart=self.restart,
            segments=" ".join(self.names),
        )


def _name(marker: int) -> str:
    if 0xE0 <= marker <= 0xEF:
        return f"APP{marker - 0xE0}"
    names = {0xC4: "DHT", 0xDA: "SOS", 0xDB: "DQT", 0xDD: "DRI", 0xFE: "COM", 0xD9: "EOI"}
    return names.get(marker) or (f"SOF{marker - 0xC0}" if marker in _SOF else f"{marker:02X}")
