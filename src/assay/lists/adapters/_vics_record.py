"""One VICS media record: its hashes and values, and what of it could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.lists.adapters import _fields as fields
from assay.lists.model import Perceptual


def without_records(record: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Take out of a record's lists what is a media record itself.

    With one closing bracket lost, all records behind it are elements of its last list.
    """
    swallowed: list[dict[str, Any]] = []
    kept = dict(record)
    for name, value in record.items():
        if isinstance(value, list):
            inner = [part for part in value if isinstance(part, dict) and "MediaID" in part]
            if inner:
                kept[name] = [
                    part for part in value if not (isinstance(part, dict) and "MediaID" in part)
                ]
                swallowed += inner
    return kept, swallowed


class Record:
    """One media record: its hashes and values, and what of it could not be read."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._record = record
        self.troubles: list[str] = []

    def take(self, read: Any, name: str) -> object:
        value = self._record.get(name)
        if value is None:
            return None
        try:
            return read(value, name)
        except ValueError as error:
            self.troubles.append(str(error))
            return None

    def digests(self) -> tuple[str, str, str]:
        """Return MD5, SHA-1, SHA-256; raises ValueError where one of them is broken."""
        record = self._record
        found = {
            "md5": fields.digest(record.get("MD5"), "md5"),
            "sha1": fields.digest(record.get("SHA1"), "sha1"),
            "sha256": fields.digest(record.get("SHA256"), "sha256"),
        }
        for name, value, _ in self._alternatives(found["md5"]):
            if name in found:
                other = fields.digest(value, name)
                if other and found[name] and other != found[name]:
                    raise ValueError(f"the record states two different {name}")
                found[name] = found[name] or other
        return found["md5"], found["sha1"], found["sha256"]

    def hashes(self, md5: str) -> tuple[Perceptual, ...]:
        """Return the perceptual hashes, from their own fields and from AlternativeHashes."""
        found: list[Perceptual] = []
        self._add(found, "photodna", self._record.get("PhotoDNA"))
        for name, value, quality in self._alternatives(md5, tell=True):
            if name not in fields.HEX:
                self._add(found, name, value, quality)
        return tuple(found)

    def _add(
        self, found: list[Perceptual], name: str, value: object, quality: object = None
    ) -> None:
        try:
            perceptual = fields.perceptual(name, value, quality)
        except ValueError as error:
            self.troubles.append(str(error))
            return
        if perceptual is not None and perceptual not in found:
            found.append(perceptual)

    def _alternatives(
        self, md5: str, *, tell: bool = False
    ) -> Iterator[tuple[str, object, object]]:
        """Yield name and value of each alternative hash that belongs to this file."""
        listed = self._record.get("AlternativeHashes")
        if listed is None:
            return
        if not isinstance(listed, list):
            if tell:
                self.troubles.append("AlternativeHashes is not a list")
            return
        for other in listed:
            name = other.get("HashName") if isinstance(other, dict) else None
            if not isinstance(name, str) or not fields.plain_name(name):
                if tell:
                    self.troubles.append("an alternative hash has no name")
                continue
            owner = other.get("MD5")
            if isinstance(owner, str) and owner.strip() and owner.strip().lower() != md5:
                if tell:
                    self.troubles.append(f"the alternative hash {name} names another MD5")
                continue
            plain = fields.plain_name(name)
            # no field of VICS: our own writer puts the quality of a PDQ hash there
            yield fields.ALGORITHMS.get(plain, plain), other.get("HashValue"), other.get("Quality")


def label_of(record: Mapping[str, Any]) -> str:
    files = record.get("MediaFiles")
    if isinstance(files, list):
        for file in files:
            if isinstance(file, dict) and (name := fields.base_name(file.get("FileName"))):
                return name
    return fields.base_name(record.get("RelativeFilePath"))
