"""A benign signed picture that comes with Assay: to warm the readers, and as an example.

Made by ``scripts/make_c2pa_sample.py`` with a key that was thrown away; on no list.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def signed_sample() -> bytes:
    """Return a JPEG, 32 by 32 pixels, whose self-made credential says that a machine made it."""
    return (files("assay.examiners") / "data" / "c2pa-sample.jpg").read_bytes()
