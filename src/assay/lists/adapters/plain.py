"""Plain local files: ``algorithm value`` or a bare value a line, ``#`` for comments.

Also read, because every system writes them: ``md5sum`` (``HASH  name``) and BSD ``MD5 (name) =
HASH``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import BinaryIO

from assay.lists.adapters import _fields as fields
from assay.lists.adapters._lines import decoded, lines
from assay.lists.model import ListEntry, ListFacts, Perceptual, Refused

_BARE = re.compile(r"([0-9A-Fa-f]{32,64}|[A-Za-z0-9+/]{192}|[0-9A-Fa-f]{288})(?:\s+\*?(.*))?")
_NAMED = re.compile(r"([A-Za-z][\w-]{0,31})[\s:=,]\s*(\S+)(?:[\s,]+(.*))?")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")  # "name#2.jpg" is no comment
_BSD = re.compile(r"([A-Za-z][\w-]{0,31}) ?\((.*)\) ?= ?(\S+)")


class PlainAdapter:
    """Reads lists that people keep in a text editor."""

    name = "plain"

    def recognises(self, head: bytes, name: str) -> bool:
        text = decoded(head)
        if "\0" in text:
            return False
        shown = text.split("\n")
        if len(shown) > 1 and len(head) >= 1 << 16:
            shown.pop()  # the last line is probably cut
        told = [line for line in map(_content, shown[:200]) if line]
        return bool(told) and 2 * sum(_readable(line) for line in told) >= len(told)

    def read(
        self, file: BinaryIO, options: Mapping[str, str]
    ) -> Iterator[ListFacts | ListEntry | Refused]:
        namespace = options.get("namespace", "plain")
        yield ListFacts("plain lines", namespace)
        for count, line, cut in lines(file):
            content = _content(line)
            if not content:
                continue
            place = f"line {count}"
            if cut:
                yield Refused(place, "the line is too long", fields.short(content))
                continue
            try:
                entry = _entry(fields.storable(content), place, namespace)
            except ValueError as error:
                yield Refused(place, str(error), fields.short(content))
                continue
            if comment := _COMMENT.search(line):
                told = {**entry.record, "comment": fields.storable(comment[0][1:].strip())}
                entry = replace(entry, record=told)
            yield entry


def _content(line: str) -> str:
    return _COMMENT.sub("", line).strip(" \t\f\v\ufeff")


def _readable(line: str) -> bool:
    try:
        _entry(line, "", "")
    except ValueError:
        return False
    return True


def _entry(line: str, place: str, namespace: str) -> ListEntry:
    if (match := _BARE.fullmatch(line)) and len(match[1]) in (32, 40, 64, 192, 288):
        digests, hashes = fields.by_form(match[1])
        label = (match[2] or "").strip()
        record = {"form": "bare", "value": match[1], **({"name": label} if label else {})}
    elif match := _BSD.fullmatch(line):
        label = match[2]
        digests, hashes = _named(match[1], match[3], "")
        record = {"algorithm": match[1], "value": match[3], "name": label}
    elif match := _NAMED.fullmatch(line):
        rest = (match[3] or "").strip()
        digests, hashes = _named(match[1], match[2], rest)
        is_quality = any(hash_.quality is not None for hash_ in hashes)
        label = "" if is_quality else rest
        record = {"algorithm": match[1], "value": match[2]}
        if rest:
            record["quality" if is_quality else "name"] = rest
    else:
        raise ValueError("neither a hash nor an algorithm and a hash")
    told = [f"{kind}:{value}" for kind, value in digests.items()]
    told += [f"{hash_.algorithm}:{hash_.value.hex()}" for hash_ in hashes]
    own = told[0] if len(told[0]) < 100 else sha256(told[0].encode()).hexdigest()
    return ListEntry(
        id=own,
        md5=digests.get("md5", ""),
        sha1=digests.get("sha1", ""),
        sha256=digests.get("sha256", ""),
        hashes=hashes,
        namespace=namespace,
        label=label,
        record=record,
        locator=place,
    )


def _named(algorithm: str, value: str, rest: str) -> tuple[dict[str, str], tuple[Perceptual, ...]]:
    plain = fields.plain_name(algorithm)
    kind = fields.ALGORITHMS.get(plain)
    if kind is None:
        raise ValueError(f"unknown algorithm {algorithm[:32]}")
    if kind in fields.HEX:
        return {kind: fields.digest(value, kind)}, ()
    quality = rest if kind == "pdq" and rest.isdigit() else None
    hash_ = fields.perceptual(kind, value, quality)
    return {}, (hash_,) if hash_ else ()
