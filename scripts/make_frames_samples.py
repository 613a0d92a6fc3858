"""Write src/assay/media/frames_samples.py: one tiny moving picture per decoder of frames.

Run from the root of the repository: python scripts/make_frames_samples.py
"""

from __future__ import annotations

import base64
import io
import tempfile
import textwrap
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

TARGET = Path("src/assay/media/frames_samples.py")
SIZE = (32, 16)  # pixels; libavcodec's smallest for MPEG-4


def frames() -> list[np.ndarray]:
    """Return three plain frames of different brightness with a ramp."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    ramp = np.stack([x * 4, y * 4, x + y], -1)
    return [(ramp + 60 * number).astype(np.uint8) for number in range(3)]


def video(code: str, suffix: str) -> bytes:
    """Return a clip by OpenCV's writer, which can only write to a named file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.{suffix}"
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*code), 10, SIZE)
        for frame in frames():
            writer.write(frame)
        writer.release()
        return path.read_bytes()


def animation(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    first, *rest = (Image.fromarray(frame) for frame in frames())
    first.save(out, kind, save_all=True, append_images=rest, **options)
    return out.getvalue()


def main() -> None:
    samples = [
        ("video/mp4", video("mp4v", "mp4")),
        ("video/webm", video("VP80", "webm")),
        ("image/gif", animation("GIF", duration=100)),
        ("image/webp", animation("WEBP", duration=100, quality=10, method=6)),
        ("image/png", animation("PNG", duration=100)),
        ("image/tiff", animation("TIFF", compression="tiff_lzw")),
        ("image/avif", animation("AVIF", duration=100, quality=1)),
    ]
    lines = [
        '"""One tiny moving picture per decoder; made by scripts/make_frames_samples.py."""',
        "",
        "from __future__ import annotations",
        "",
        "from base64 import b64decode",
        "",
        f"# (media type, bytes): three frames of {SIZE[0]}×{SIZE[1]}",
        "SAMPLES: tuple[tuple[str, bytes], ...] = (",
    ]
    for media_type, data in samples:
        lines += ["    (", f'        "{media_type}",', "        b64decode("]
        for part in textwrap.wrap(base64.b64encode(data).decode("ascii"), 80):
            lines.append(f'            "{part}"')
        lines += ["        ),", "    ),"]
    lines.append(")")
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
