"""The known-answer set: small files, and what is known about each without running Assay.

``set/answers.jsonl`` has one JSON object a line; ``scripts/make_known_answers.py`` makes it. Fields
are those of items.jsonl (docs/reference/items.md), with dots for inner ones, and three sums over
lists: ``claims`` ("C2 camera"), ``failures`` ("open:zip limit") and ``findings`` (words).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from assay.core.errors import AssayError
from assay.core.jsonvalue import Json

ANSWERS = "answers.jsonl"
AUTHORITY = "example-authority.pem"  # trusted as a signer in the validation's own case
EVALUATION_DATE = "2026-01-01"  # the day at which its certificates are judged
PASSWORD = b"known answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """One file and what must be found of it and of everything inside."""

    name: str  # a claim: "PDQ of a colour picture of rings"
    area: str  # "digests", "perceptual hash", …
    file: str  # path inside the set
    sha256: str
    basis: str  # why it is known: a standard, a reference implementation, how it was made
    expect: Mapping[str, Mapping[str, Json]]  # path ("a.zip!/b.png") → field → value; complete


def load() -> tuple[Answer, ...]:
    """Return the set as it is shipped; raises AssayError where a line cannot be read."""
    text = folder().joinpath(ANSWERS).read_text("utf-8")
    try:
        return tuple(Answer(**json.loads(line)) for line in text.splitlines() if line)
    except (ValueError, TypeError) as error:
        raise AssayError(
            f"{ANSWERS}: the known-answer set cannot be read: {error}", hint="install Assay again"
        ) from error


def data_of(answer: Answer) -> bytes:
    """Return the bytes of an answer's file; raises AssayError where they are not those expected."""
    try:
        data = folder().joinpath(answer.file).read_bytes()
    except OSError as error:
        raise AssayError(
            f"{answer.file}: {error.strerror}: the known-answer set is not complete",
            hint="install Assay again",
        ) from error
    if hashlib.sha256(data).hexdigest() != answer.sha256:
        raise AssayError(
            f"{answer.file}: differs from the file that answers.jsonl names",
            hint="install Assay again",
        )
    return data


def set_digest() -> str:
    """Return the SHA-256 of ``answers.jsonl``, which holds the digest of every file."""
    return hashlib.sha256(folder().joinpath(ANSWERS).read_bytes()).hexdigest()


def folder() -> Traversable:
    return resources.files("assay.validation").joinpath("set")
