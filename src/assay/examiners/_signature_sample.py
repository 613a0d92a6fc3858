"""A benign picture with a signature that nobody made, for the conformance suite."""

from __future__ import annotations

import io
import json
from functools import cache

from PIL import Image
from PIL.PngImagePlugin import PngInfo


@cache
def unverified() -> bytes:
    """Return a PNG, 32 by 32 pixels, whose record holds 64 bytes of zeros as its signature."""
    record = {"prompt": "a lighthouse at noon", "steps": 28, "signed_hash": "A" * 86 + "=="}
    texts = PngInfo()
    texts.add_text("Software", "NovelAI")
    texts.add_text("Comment", json.dumps(record))
    out = io.BytesIO()
    Image.linear_gradient("L").resize((32, 32)).convert("RGB").save(out, "PNG", pnginfo=texts)
    return out.getvalue()
