"""Makes entries and lists of known hashes: neutral, and the same every time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.lists import changing
from assay.lists.importing import Summary
from assay.lists.model import ListEntry, ListFacts, Perceptual, Refused

Piece = ListFacts | ListEntry | Refused


def content(number: int) -> bytes:
    """Return the bytes of a file; its size is 16 + ``number`` % 1000."""
    return hashlib.md5(str(number).encode()).digest() + bytes(number % 1000)


def pdq(number: int) -> bytes:
    return hashlib.sha256(f"pdq {number}".encode()).digest()


def entry(number: int, **changes: Any) -> ListEntry:
    """Return an entry that states everything about ``content(number)``."""
    data = content(number)
    made = ListEntry(
        id=f"e{number}",
        md5=hashlib.md5(data).hexdigest(),
        sha1=hashlib.sha1(data).hexdigest(),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        hashes=(Perceptual("pdq", pdq(number), 80),),
        category="1",
        namespace="vics:US",
        record={"MediaID": number, "Comment": f"record {number}"},
        locator=f"line {number}",
    )
    return replace(made, **changes)


def near(number: int, bits: int = 0) -> NDArray[np.uint8]:
    """Return the PDQ hash of an entry, so many bits away, as 1×32 bytes."""
    value = int.from_bytes(pdq(number), "big") ^ ((1 << bits) - 1)
    return np.frombuffer(value.to_bytes(32, "big"), np.uint8)[None, :].copy()


def imported(
    home: Path, name: str, pieces: Iterable[Piece], source: str = "", **more: Any
) -> Summary:
    """Import pieces into a list, as if an adapter had found them in a file of that content."""
    given: Sequence[Piece] = list(pieces)
    path = home / f"{name}.src"
    path.write_text(source or repr(given))
    return changing.add(home / "lists" / name, path, pieces=lambda _: iter(given), **more)


def known(number: int) -> dict[str, Any]:
    """Return what is asked of a library about ``content(number)``."""
    data = content(number)
    return {
        "md5": hashlib.md5(data).hexdigest(),
        "sha1": hashlib.sha1(data).hexdigest(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
    }
