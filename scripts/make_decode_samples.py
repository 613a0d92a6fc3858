"""Print src/assay/media/decode_samples.py: one tiny picture per decoder, as base64.

Run with ``pip install pillow-heif`` in an environment of its own: it holds an HEVC encoder (GPL),
which Assay does not ship.
"""

from __future__ import annotations

import base64
import io

import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
y, x = np.mgrid[0:16, 0:24]
PICTURE = Image.fromarray(np.stack([x * 10, y * 15, (x + y) * 6], -1).astype(np.uint8))
FORMATS = (
    ("image/jpeg", "JPEG", {"quality": 50}),
    ("image/png", "PNG", {"optimize": True}),
    ("image/webp", "WEBP", {"quality": 50}),
    ("image/gif", "GIF", {}),
    ("image/tiff", "TIFF", {"compression": "tiff_adobe_deflate"}),
    ("image/bmp", "BMP", {}),
    ("image/x-icon", "ICO", {}),
    ("image/heic", "HEIF", {"quality": 50}),
    ("image/avif", "AVIF", {"quality": 50}),
    ("image/jp2", "JPEG2000", {}),
)

print('"""One tiny picture per decoder; made by scripts/make_decode_samples.py."""\n')
print("from __future__ import annotations\n\nfrom base64 import b64decode\n")
print("# (media type, bytes): a 24×16 colour ramp\nSAMPLES: tuple[tuple[str, bytes], ...] = (")
for media_type, name, options in FORMATS:
    image = (
        PICTURE.convert("P", palette=Image.Palette.ADAPTIVE, colors=8) if name == "GIF" else PICTURE
    )
    image = image.resize((16, 16)) if name == "ICO" else image
    if name == "BMP":
        image = image.resize((6, 4))
    out = io.BytesIO()
    image.save(out, name, **options)
    text = base64.b64encode(out.getvalue()).decode()
    print(f'    (\n        "{media_type}",\n        b64decode(')
    for at in range(0, len(text), 80):
        print(f'            "{text[at : at + 80]}"')
    print("        ),\n    ),")
print(")")
