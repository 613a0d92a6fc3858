"""Make src/assay/examiners/data/c2pa-sample.jpg: a grey square with a self-made credential."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.signing import Step, authority, sign, signer

TARGET = Path(__file__).resolve().parents[1] / "src/assay/examiners/data/c2pa-sample.jpg"


def main() -> None:
    picture = io.BytesIO()
    Image.linear_gradient("L").resize((32, 32)).save(picture, "JPEG")
    steps = [Step("c2pa.created", "trainedAlgorithmicMedia", "Example Generator")]
    identity = signer(authority("Assay sample, trust nothing"), "Assay sample, trust nothing")
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(sign(picture.getvalue(), "image/jpeg", identity, steps))


if __name__ == "__main__":
    main()
