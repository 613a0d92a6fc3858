"""A second opinion on integrity by encypher-c2pa: offline, silent, and never a tier.

Two traps are closed before its import: it asks on a terminal whether telemetry may be sent, and
keeps the answer in the user's configuration. See https://pypi.org/project/encypher-c2pa/.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from assay.core.errors import LimitReached
from assay.examiners._c2pa_json import clip
from assay.examiners._c2pa_tier import Judged, Tier
from assay.trust.anchors import iso

MAX_SIZE = 128 << 20  # bytes; the library's own limit for files
_TRUSTED, _NOT_TRUSTED = "valid_for_supplied_material", "not_valid_for_supplied_material"
_CONFIG = "ENCYPHER_C2PA_CONFIG_DIR"
_private: str | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the second reader says; words are its own."""

    present: bool  # it found a manifest
    integrity: str  # "valid", "invalid", …
    trust: str  # "valid_for_supplied_material", "not_evaluated", …


@dataclass(frozen=True, slots=True)
class NoOpinion:
    reason: str


def prepare() -> None:
    """Close the traps and import the library; once per process, before the seal."""
    global _private
    if _private is None:
        # a folder of our own that is gone again: nothing is there to read or to leave behind
        _private = tempfile.mkdtemp(prefix="assay-c2pa-")
        Path(_private).rmdir()
    os.environ[_CONFIG] = _private
    os.environ["ENCYPHER_C2PA_TELEMETRY"] = "off"
    os.environ["ENCYPHER_C2PA_ONLINE"] = "off"
    import encypher_c2pa  # noqa: F401


def ask(data: bytes, media_type: str, evaluation: datetime) -> Opinion | NoOpinion:
    """Return the second opinion on a file that the first reader found a manifest in."""
    import encypher_c2pa

    if len(data) > MAX_SIZE:
        return NoOpinion(f"the file is larger than {MAX_SIZE >> 20} MiB")
    try:
        report = encypher_c2pa.verify(
            data, media_type, online=False, validation_time=iso(evaluation)
        )
        return Opinion(
            present=report["present"] is True,
            integrity=clip(str(report["integrity"])),
            trust=clip(str(report["trust"]["status"])),
        )
    except (MemoryError, LimitReached):
        raise
    except Exception as error:  # whatever it cannot do leaves us without a second opinion
        return NoOpinion(clip(f"{type(error).__name__}: {error}"))


def disagreement(opinion: Opinion, judged: Judged) -> str:
    """Return what the two readers disagree about, "" where nothing."""
    if not opinion.present:
        return "c2pa-python finds a credential, encypher-c2pa finds none"
    valid = judged.tier is not Tier.INVALID
    if opinion.integrity == ("invalid" if valid else "valid"):
        first = "verifies" if valid else "does not verify"
        return f"the credential {first} with c2pa-python, encypher-c2pa calls it " + (
            opinion.integrity
        )
    if judged.tier is Tier.OFFICIAL and opinion.trust == _NOT_TRUSTED:
        return "the signer is on the official list for Assay, not for encypher-c2pa"
    if judged.tier in (Tier.UNTRUSTED, Tier.EXPIRED) and opinion.trust == _TRUSTED:
        # it never says which list: the official one, IPTC's or its vendor's
        return f"the signer is on a list of encypher-c2pa, for Assay it is {judged.tier.value}"
    return ""
