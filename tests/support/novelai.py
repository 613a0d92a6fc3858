"""Signs a picture as NovelAI does, with a key of the test's own."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

RECORD: dict[str, Any] = {
    "prompt": "a lighthouse at noon, größer",
    "steps": 28,
    "height": 48,
    "width": 64,
    "scale": 5.0,
    "seed": 1234,
    "sampler": "k_euler_ancestral",
    "request_type": "PromptGenerateRequest",
}
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {"NovelAI": base64.b64encode(KEY.public_key().public_bytes_raw()).decode()}


def picture(channels: int = 3, size: tuple[int, int] = (64, 48)) -> NDArray[np.uint8]:
    """Return H×W×3 or ×4 of noise."""
    random = np.random.default_rng(7)
    return random.integers(0, 256, (size[1], size[0], channels), dtype=np.uint8)


def signed(pixels: NDArray[np.uint8], record: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the record with a signature over these pixels and itself."""
    record = dict(RECORD if record is None else record)
    message = pixels[:, :, :3].tobytes() + json.dumps(record).encode()
    return {**record, "signed_hash": base64.b64encode(KEY.sign(message)).decode()}


def png(pixels: NDArray[np.uint8], comment: str | None = None, **texts: str) -> bytes:
    """Return a PNG of the pixels with NovelAI's texts around the comment."""
    info, out = PngInfo(), io.BytesIO()
    if comment is not None:
        texts = {"Software": "NovelAI", "Source": "NovelAI Diffusion V4.5", **texts}
        info.add_text("Comment", comment)
    for key, text in texts.items():
        info.add_text(key, text)
    Image.fromarray(pixels).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def webp(pixels: NDArray[np.uint8], comment: str, *, lossless: bool = True) -> bytes:
    """Return a WebP whose EXIF holds the comment as NovelAI writes it: as ASCII."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0131] = "NovelAI Diffusion V4.5"
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + comment.encode("ascii")
    image = Image.fromarray(pixels)
    image.save(out, "WEBP", lossless=lossless, exact=True, quality=90, exif=exif.tobytes())
    return out.getvalue()
