# ruff: noqa: TRY004 - a wrong type in a record is a wrong value like any other
"""Reading the values of a record: digests, perceptual hashes, truth values, numbers, times.

Every function takes what a source wrote, of any type, and raises ``ValueError`` with a sentence
for people where that is no value of its kind. Blank is never an error: it says nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from assay.lists.model import Perceptual

HEX = {"md5": 32, "sha1": 40, "sha256": 64}  # hex digits of a digest
PHOTODNA_BYTES = 144
PDQ_BYTES = 32
SIZE_LIMIT = 1 << 63  # no file is larger; a store keeps sizes as signed 64-bit numbers
_LABEL = 400  # characters of a name that a label shows
EXCERPT = 240  # characters of a refused piece that are kept

_TRUE = frozenset(("true", "1", "yes", "y", "t"))
_FALSE = frozenset(("false", "0", "no", "n", "f"))
_NOT_HEX = re.compile(r"[^0-9a-f]")
_MS_DATE = re.compile(r"/Date\((-?\d{1,17})([+-]\d{4})?\)/")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def blank(value: object) -> bool:
    """Tell whether a field says nothing: absent, null, or spaces."""
    return value is None or (isinstance(value, str) and not value.strip())


def digest(value: object, kind: str) -> str:
    """Return an MD5, SHA-1 or SHA-256 in lower case, "" where blank."""
    if blank(value):
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{kind} is not text")
    text = value.strip().lower()
    if len(text) != HEX[kind]:
        raise ValueError(f"{kind} has {len(text)} characters instead of {HEX[kind]}")
    if _NOT_HEX.search(text):
        raise ValueError(f"{kind} holds characters that are not hex digits")
    return text


def photodna(value: object) -> Perceptual | None:
    """Return a PhotoDNA hash: 144 bytes as base64 (192 characters), hex (288) or numbers."""
    if blank(value):
        return None
    if not isinstance(value, str):
        raise ValueError("PhotoDNA is not text")
    text = value.strip()
    raw = _bytes_of(text, PHOTODNA_BYTES)
    if raw is None and "," in text:
        raw = _numbers(text)
    if raw is None or len(raw) != PHOTODNA_BYTES:
        raise ValueError(f"PhotoDNA is not {PHOTODNA_BYTES} bytes in base64 or hex")
    return Perceptual("photodna", raw)


def pdq(value: object, quality: object = None) -> Perceptual | None:
    """Return a PDQ hash of 64 hex digits; ``quality`` 0-100, blank where the list states none."""
    if blank(value):
        return None
    if not isinstance(value, str):
        raise ValueError("PDQ is not text")
    text = value.strip().lower()
    if len(text) != 2 * PDQ_BYTES or _NOT_HEX.search(text):
        raise ValueError("PDQ is not 64 hex digits")
    stated = number(quality, "PDQ quality")
    if stated is not None and stated > 100:
        raise ValueError("PDQ quality is above 100")
    return Perceptual("pdq", bytes.fromhex(text), stated)


def other_hash(algorithm: str, value: object) -> Perceptual | None:
    """Return a hash that Assay only keeps: its bytes if hex or base64, else its text as UTF-8."""
    if blank(value):
        return None
    if not isinstance(value, str):
        raise ValueError(f"{algorithm} is not text")
    text = value.strip()
    raw = _bytes_of(text, None)
    return Perceptual(algorithm, text.encode() if raw is None else raw)


def perceptual(algorithm: str, value: object, quality: object = None) -> Perceptual | None:
    """Return a perceptual hash by the name that a source gives its algorithm."""
    kind = ALGORITHMS.get(plain_name(algorithm), "")
    if kind == "pdq":
        return pdq(value, quality)
    if kind == "photodna":
        return photodna(value)
    return other_hash(kind or plain_name(algorithm), value)


ALGORITHMS: Mapping[str, str] = {
    "md5": "md5",
    "sha1": "sha1",
    "sha256": "sha256",
    "pdq": "pdq",
    "pdqf": "pdq",
    "photodna": "photodna",
    "pdna": "photodna",
    "tmk": "tmk",
    "tmkpdqf": "tmk",
    "netclean": "netclean",
    "videntifier": "videntifier",
}


@lru_cache(maxsize=1024)
def plain_name(text: str) -> str:
    """Return a name without case, spaces and punctuation, so that "SHA-1" is "sha1"."""
    return re.sub(r"[^0-9a-z]", "", text.lower())


def truth(value: object, name: str) -> bool | None:
    """Return a truth value also where it is text ("true", "no") or a number (0, 1)."""
    if isinstance(value, bool) or value is None:
        return value
    text = str(value).strip().lower() if isinstance(value, str | int) else "?"
    if not text:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"{name} is neither true nor false")


def number(value: object, name: str) -> int | None:
    """Return a whole number from 0 to 2^63 - 1, also where it is text."""
    if blank(value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str):
        text = value.strip()
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise ValueError(f"{name} is not a whole number")
        value = int(text)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} is not a whole number")
    if not 0 <= value < SIZE_LIMIT:
        raise ValueError(f"{name} is outside 0 to 2^63")
    return value


def code(value: object, name: str) -> str | None:
    """Return a category as its source writes it; 0 stays "0", null and blank are None."""
    if blank(value):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{name} is neither a number nor text")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def moment(value: object) -> str:
    """Return a time as ISO 8601, with Z where the zone is known; other text as it stands.

    ``/Date(1388534400000+0100)/`` is milliseconds of UTC; its offset only says where it was
    written (Microsoft, "Stand-Alone JSON Serialization").
    """
    if not isinstance(value, str) or blank(value):
        return ""
    text = value.strip()
    if text.endswith("Z") and _ISO.match(text):
        return text
    if match := _MS_DATE.fullmatch(text.replace("\\/", "/")):
        try:
            return _iso(_EPOCH + timedelta(milliseconds=int(match[1])))
        except OverflowError:
            return text
    if not _ISO.match(text):
        return text
    try:
        parsed = datetime.fromisoformat(text)
        return text if parsed.tzinfo is None else _iso(parsed.astimezone(UTC))
    except (ValueError, OverflowError):
        return text


def base_name(path: object) -> str:
    """Return the last part of a path of any system, "" where it is none."""
    if not isinstance(path, str):
        return ""
    name = path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return " ".join(name[:_LABEL].split())


def short(text: str) -> str:
    """Return the beginning of a refused piece, on one line."""
    line = " ".join(text[: EXCERPT * 2].split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"


def by_form(value: str) -> tuple[dict[str, str], tuple[Perceptual, ...]]:
    """Return what a bare value can be, by its length: digests by kind, and perceptual hashes.

    64 hex digits are a SHA-256 and a PDQ hash in the same form: both are looked up. Raises
    ValueError where the value is none of the known forms.
    """
    text = value.strip()
    for kind, length in HEX.items():
        if len(text) == length:
            found = {kind: digest(text, kind)}
            same = pdq(text) if kind == "sha256" else None
            return found, (same,) if same else ()
    if len(text) in (192, 288) and (hash_ := photodna(text)):
        return {}, (hash_,)
    raise ValueError(f"{len(text)} characters are neither a digest nor a known perceptual hash")


def storable(value: Any) -> Any:
    """Return JSON whose texts all are valid Unicode: what is none stands there as ``\\udc80``.

    Broken UTF-8 and half surrogate pairs are kept readable instead of refusing the record.
    """
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "backslashreplace").decode()
        return value
    if isinstance(value, dict):
        return {storable(key): storable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [storable(part) for part in value]
    return value


def _iso(time: datetime) -> str:
    spec = "microseconds" if time.microsecond else "seconds"
    return time.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def _bytes_of(text: str, size: int | None) -> bytes | None:
    """Return what hex or base64 text stands for; hex first unless ``size`` bytes rule it out."""
    if len(text) % 2 == 0 and (size is None or len(text) == 2 * size):
        try:
            return bytes.fromhex(text)
        except ValueError:
            pass
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _numbers(text: str) -> bytes | None:
    """PhotoDNA as "12,34,…", the way the spreadsheets of some tools write it."""
    try:
        return bytes(int(part) for part in text.split(",")[: PHOTODNA_BYTES + 1])
    except ValueError:
        return None
