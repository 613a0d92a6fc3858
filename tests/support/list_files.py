"""Small known-hash lists in every format, made of neutral values."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from assay.lists.model import Adapter, ListEntry, ListFacts, Refused

CONTEXT_20 = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/{}/$metadata#{}"
CONTEXT_13 = "http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#{}"
NCMEC_NS = "https://hashsharing.ncmec.org/hashsharing/v2"


def md5(number: int) -> str:
    return hashlib.md5(b"%d" % number).hexdigest()


def sha1(number: int) -> str:
    return hashlib.sha1(b"%d" % number).hexdigest()


def sha256(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def photodna(number: int) -> bytes:
    return (hashlib.sha512(b"%d" % number).digest() * 3)[:144]


def media(number: int, **more: Any) -> dict[str, Any]:
    """A VICS media record; a field given as None is null."""
    return {
        "MediaID": number,
        "Category": number % 6,
        "MD5": md5(number).upper(),
        "SHA1": sha1(number).upper(),
        "MediaSize": 1000 + number,
        "MediaFiles": [
            {"MD5": md5(number).upper(), "FileName": f"p{number}.jpg", "FilePath": "a\\b"}
        ],
        **more,
    }


def vics(
    records: Iterable[object], *, version: str = "2.0", country: str = "US", bom: bool = False
) -> bytes:
    key, context = (
        ("@odata.context", CONTEXT_20.format(country, "Media"))
        if version == "2.0"
        else ("odata.metadata", CONTEXT_13.format("Media"))
    )
    data = json.dumps({key: context, "value": list(records)}).encode()
    return (b"\xef\xbb\xbf" if bom else b"") + data


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


NSRL_SCHEMA = """
CREATE TABLE FILE(sha256 VARCHAR NOT NULL, sha1 VARCHAR NOT NULL, md5 VARCHAR NOT NULL,
  crc32 VARCHAR NOT NULL, file_name VARCHAR NOT NULL, file_size INTEGER NOT NULL,
  package_id INTEGER NOT NULL,
  CONSTRAINT PK_FILE PRIMARY KEY (sha256, sha1, md5, crc32, file_name, file_size, package_id));
CREATE TABLE MFG(manufacturer_id INTEGER, name VARCHAR);
CREATE TABLE OS(operating_system_id INTEGER, name VARCHAR, version VARCHAR,
  manufacturer_id INTEGER);
CREATE TABLE PKG(package_id INTEGER, name VARCHAR, version VARCHAR, operating_system_id INTEGER,
  manufacturer_id INTEGER, language VARCHAR, application_type VARCHAR);
CREATE TABLE VERSION(version VARCHAR, build_set VARCHAR, build_date TIMESTAMP,
  release_date TIMESTAMP, description VARCHAR);
CREATE VIEW DISTINCT_HASH AS SELECT DISTINCT sha256, sha1, md5, crc32 FROM FILE;
INSERT INTO MFG VALUES(1,'Maker');
INSERT INTO OS VALUES(7,'System','11',1);
INSERT INTO PKG VALUES(100,'Drawing','2.0',7,1,'English','Graphics');
INSERT INTO VERSION VALUES('2026.03.1','modern_minimal','2026-02-01','2026-03-01','test');
"""


def nsrl_row(number: int, name: str = "", package: int = 100) -> tuple[Any, ...]:
    digests = (sha256(number), sha1(number), md5(number))
    upper = tuple(digest.upper() for digest in digests)
    return (*upper, "0000ABCD", name or f"file{number}.dll", 10 + number, package)


def nsrl_database(path: Path, rows: Sequence[tuple[Any, ...]], more: str = "") -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(NSRL_SCHEMA)
    connection.executemany("INSERT INTO FILE VALUES(?,?,?,?,?,?,?)", rows)
    connection.executescript(more)
    connection.commit()
    connection.close()
    return path


def nsrl_insert(row: Sequence[Any]) -> str:
    told = ",".join(
        str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
        for value in row
    )
    return f"INSERT INTO FILE VALUES({told});"


def ncmec(images: str, *, videos: str = "", after: str = "", count: int = 1) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<queryResult xmlns="{NCMEC_NS}">'
        f'<images count="{count}" maxTimestamp="2020-10-24T15:10:00Z">{images}</images>'
        f"<videos>{videos}</videos>{after}</queryResult>"
    ).encode()


def ncmec_image(number: int, more: str = "") -> str:
    return (
        f'<image><member id="42">Member</member><timestamp>2020-10-24T15:00:00Z</timestamp>'
        f"<id>image{number}</id><classification>A1</classification><fingerprints>"
        f"<md5>{md5(number)}</md5><sha1>{sha1(number)}</sha1></fingerprints>{more}</image>"
    )


class Read:
    """What an adapter gave, sorted by kind."""

    def __init__(self, parts: Iterable[ListFacts | ListEntry | Refused]) -> None:
        self.facts: list[ListFacts] = []
        self.entries: list[ListEntry] = []
        self.refused: list[Refused] = []
        for part in parts:
            if isinstance(part, ListEntry):
                self.entries.append(part)
            elif isinstance(part, Refused):
                self.refused.append(part)
            else:
                assert isinstance(part, ListFacts)
                self.facts.append(part)

    @property
    def notes(self) -> str:
        return "; ".join(note for facts in self.facts for note in facts.notes)

    @property
    def reasons(self) -> str:
        return "; ".join(refused.reason for refused in self.refused)

    @property
    def md5s(self) -> list[str]:
        return [entry.md5 for entry in self.entries]


def read(adapter: Adapter, data: bytes, options: Mapping[str, str] | None = None) -> Read:
    return Read(adapter.read(io.BytesIO(data), options or {}))


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Cut, flipped, doubled or overwritten bytes of a valid file."""
    raw = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(raw) - 1, 0)))
        kind = draw(st.sampled_from(("cut", "flip", "drop", "double", "put")))
        if kind == "cut":
            del raw[at:]
        elif kind == "flip" and raw:
            raw[at] ^= draw(st.integers(1, 255))
        elif kind == "drop":
            del raw[at : at + draw(st.integers(1, 40))]
        elif kind == "double":
            raw[at:at] = raw[at : at + draw(st.integers(1, 80))]
        else:
            raw[at:at] = draw(
                st.binary(max_size=12) | st.sampled_from((b'"', b"{", b"}]", b"<", b"'"))
            )
    return bytes(raw)
