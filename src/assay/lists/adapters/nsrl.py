"""NIST's National Software Reference Library, RDS version 3: the SQLite database and its deltas.

Schema: FILE, PKG, OS, MFG, VERSION and DISTINCT_HASH, each a table in the minimal sets and a view
in the full ones, so they are only ever asked for by name. What stands there is known software,
not good software.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from assay.lists.adapters import _nsrl_db, _nsrl_sql
from assay.lists.adapters._lines import decoded
from assay.lists.model import ListEntry, ListFacts, Refused

_SQLITE = b"SQLite format 3\0"
_STATEMENT = re.compile(
    r"^\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|DELETE\s+FROM|UPDATE|"
    r"CREATE\s+(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?)"
    r"\s*[\"\[`]?(?:FILE|PKG|MFG|OS|VERSION|METADATA)\b",
    re.IGNORECASE | re.MULTILINE,
)


class NsrlAdapter:
    """Reads RDS v3 databases and delta SQL.

    Options: ``view`` (FILE or DISTINCT_HASH) of a database. A database is read where it lies, so
    its file needs a path (``file.name``).
    """

    name = "nsrl"

    def recognises(self, head: bytes, name: str) -> bool:
        if head.startswith(_SQLITE):
            # the schema stands on the first page; a page of 512 bytes may hold only part of it
            return any(word in head for word in (b"DISTINCT_HASH", b"FILE", b"sha256"))
        return _STATEMENT.search(decoded(head)) is not None

    def read(
        self, file: BinaryIO, options: Mapping[str, str]
    ) -> Iterator[ListFacts | ListEntry | Refused]:
        head = b""
        if file.seekable():  # a stream that is not has no path either, so it is no database
            start = file.tell()
            head = file.read(len(_SQLITE))
            file.seek(start)
        if head != _SQLITE:
            yield from _nsrl_sql.read(file)
            return
        name = getattr(file, "name", None)
        if not isinstance(name, str) or not Path(name).is_file():
            reason = "a database is read where it lies, and this one has no path: unpack it"
            yield Refused("the database", reason)
            return
        yield from _nsrl_db.read(Path(name), options)
