"""A hash that a person asks for: which algorithm it is, and what the lists say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from assay.core.errors import UsageError
from assay.lists.adapters import _fields as fields
from assay.lists.columns import WIDTHS
from assay.lists.model import Perceptual

if TYPE_CHECKING:
    from assay.lists.library import Library
    from assay.lists.matching import Hit

_NAMED = re.compile(r"([A-Za-z][\w-]{0,31}):(.+)")
_BARE = re.compile(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[0-9A-Za-z+/]{192}")
FORMS = "32, 40 or 64 hexadecimal digits, or ALGORITHM:VALUE"


@dataclass(frozen=True, slots=True)
class Query:
    """One value and all that it can be: 64 digits are a SHA-256 or a PDQ hash."""

    text: str  # as it was given
    digests: Mapping[str, str] = field(default_factory=dict)  # lower-case hex, by algorithm
    hashes: tuple[Perceptual, ...] = ()


def parse(text: str) -> Query | None:
    """Return what a text asks for; None where it is no hash and may name a file.

    ``md5:``, ``sha1:``, ``sha256:``, ``pdq:`` and ``photodna:`` say what the value is; bare ones
    are told by their form. Raises UsageError where the value is none of its algorithm, or where
    lists keep hashes of that algorithm and do not compare them.
    """
    value = text.strip()
    if _BARE.fullmatch(value):
        return Query(text, *fields.by_form(value))
    named = _NAMED.fullmatch(value)
    kind = fields.ALGORITHMS.get(fields.plain_name(named[1])) if named else None
    if named is None or kind is None:
        return None
    try:
        if kind in fields.HEX:
            return Query(text, {kind: fields.digest(named[2], kind)})
        hash_ = fields.perceptual(kind, named[2])
    except ValueError as error:
        raise UsageError(f"{text!r}: {error}", hint=f"hashes are {FORMS}") from None
    if hash_ is None or len(hash_.value) != WIDTHS.get(kind):
        raise UsageError(
            f"{text!r}: lists keep {kind} hashes with their records and do not compare them",
            hint=f"compared are md5, sha1, sha256, {', '.join(sorted(WIDTHS))}",
        )
    return Query(text, hashes=(hash_,))


def ask(library: Library, queries: Sequence[Query], radius: int | None = None) -> list[list[Hit]]:
    """Return for each query what the lists say: digests first, then perceptual hashes.

    ``radius`` (0-63 bits) takes the place of each list's own distance for PDQ.
    """
    found = [_exact(library, query.digests) for query in queries]
    for algorithm, width in WIDTHS.items():
        asked = [
            (at, each.value)
            for at, query in enumerate(queries)
            for each in query.hashes
            if each.algorithm == algorithm
        ]
        if not asked:
            continue
        values = np.frombuffer(b"".join(value for _, value in asked), np.uint8)
        values = values.reshape(-1, width)
        if algorithm == "pdq":
            hits = library.match_pdq(values, radius=radius)
        else:
            hits = library.match_other(algorithm, values)
        for (at, _), new in zip(asked, hits, strict=True):
            found[at] += new
    return found


def _exact(library: Library, digests: Mapping[str, str]) -> list[Hit]:
    md5, sha1, sha256 = (digests.get(name, "") for name in ("md5", "sha1", "sha256"))
    return library.match_exact(md5, sha1, sha256)
