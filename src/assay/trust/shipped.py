"""The lists that come with Assay: official, time-stamp and the frozen interim ones, as facts.

``data/anchors.json`` is made by ``scripts/make_trust_table.py``. Of an allowed leaf it holds the
SHA-256 alone, of an authority what a path needs; certificates themselves are not in it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from assay.core.errors import PolicyError
from assay.trust.anchors import Anchor
from assay.trust.listfile import TrustList, from_json

TABLE = "anchors.json"


@cache
def shipped() -> tuple[tuple[TrustList, tuple[Anchor, ...]], ...]:
    """Return every shipped list with its anchors; raises PolicyError where the file is damaged."""
    try:
        text = (files("assay.trust") / "data" / TABLE).read_text("utf-8")
        return tuple(from_json(row) for row in json.loads(text)["lists"])
    except (OSError, ValueError, KeyError, TypeError, PolicyError) as error:
        raise PolicyError(
            f"the trust table that comes with Assay cannot be read: {error}",
            hint="install Assay again",
        ) from error
