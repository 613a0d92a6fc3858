"""Makes the benchmark's corpus: benign pictures from seeds, the same bytes wherever Pillow agrees.

Knows what files of the wild look like in size, container and metadata; nothing is taken from
anywhere. Grain is scaled so that the JPEGs weigh what web images and phone photographs weigh.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.support.tiffs import ASCII, LONG, RATIONAL, SHORT, UNDEFINED, Row, block

VERSION = 1  # of the recipe: a change of it makes a new corpus
_OCTAVES = (4, 9, 23, 61, 157)  # cells along the longer side, coarse to fine
_GAIN = (60.0, 38.0, 24.0, 13.0, 8.0)  # grey values of each: falls as in photographs


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: how many at scale 1, pixels, and how it is written."""

    folder: str
    count: int
    width: int
    height: int
    grain: float  # grey values (standard deviation) of the finest structure
    quality: int = 0  # of a JPEG; 0 = PNG
    label: str = ""  # as results name it


KINDS = (
    Kind("web", 200, 1280, 960, 9.0, 85, "web JPEG 1280x960"),
    Kind("photo", 20, 4032, 3024, 7.0, 90, "photo JPEG 4032x3024"),
    Kind("png", 40, 1024, 1024, 2.0, 0, "PNG 1024x1024"),
)


@dataclass(frozen=True, slots=True)
class Corpus:
    folder: Path
    files: dict[str, tuple[Path, ...]]  # by the kind's label

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for paths in self.files.values() for path in paths)

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(path.stat().st_size for path in self.paths)


def make(folder: Path, scale: float = 1.0, kinds: tuple[Kind, ...] = KINDS) -> Corpus:
    """Write the corpus below ``folder``, or take what an earlier run of this recipe left there."""
    files = {}
    for number, kind in enumerate(kinds):
        count = max(1, round(kind.count * scale))
        place = folder / f"recipe-{VERSION}" / kind.folder
        place.mkdir(parents=True, exist_ok=True)
        suffix = "jpg" if kind.quality else "png"
        paths = [place / f"{kind.folder}-{index:05}.{suffix}" for index in range(count)]
        missing = [(index, path) for index, path in enumerate(paths) if not path.exists()]
        if missing:
            scenes = [scene(kind, seed=1000 * number + i) for i in range(min(count, 5))]
            for index, path in missing:
                path.write_bytes(_file(kind, index, scenes))
        for extra in set(place.iterdir()) - set(paths):
            extra.unlink()  # of a larger scale: the pipeline is given the folder
        files[kind.label] = tuple(paths)
    return Corpus(folder / f"recipe-{VERSION}", files)


def scene(kind: Kind, seed: int) -> NDArray[np.float32]:
    """Return H×W×3 grey values around 128: clouds of five sizes, with edges as objects have."""
    rng = np.random.Generator(np.random.PCG64(seed))
    size = (kind.width, kind.height)
    out = np.full((kind.height, kind.width, 3), 128, np.float32)
    for cells, gain in zip(_OCTAVES, _GAIN, strict=True):
        rows = max(2, cells * kind.height // kind.width)
        small = rng.normal(0, 1, (rows, cells)).astype(np.float32)
        layer = np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))
        layer = np.where(layer > 0.6, layer + 0.5, layer)  # an edge
        for channel in range(3):
            out[..., channel] += gain * layer * np.float32(rng.uniform(0.7, 1.1))
    return out


def _file(kind: Kind, index: int, scenes: list[NDArray[np.float32]]) -> bytes:
    """Return one file: a shifted, maybe mirrored scene with light and grain of its own."""
    rng = np.random.Generator(np.random.PCG64([VERSION, kind.width, kind.count, index]))
    picture = scenes[index % len(scenes)]
    picture = np.roll(picture, tuple(int(n) for n in rng.integers(0, kind.height, 2)), (0, 1))
    if index % 2:
        picture = picture[:, ::-1]
    left, right = rng.uniform(-50, 50, 2)
    light = np.linspace(float(left), float(right), kind.width, dtype=np.float32)
    grain = rng.standard_normal((kind.height, kind.width), dtype=np.float32) * kind.grain
    picture = picture + (light + grain)[..., None]
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    out = io.BytesIO()
    if kind.quality:
        image.save(out, "JPEG", quality=kind.quality, exif=_exif(image, index))
    else:
        image.save(out, "PNG", pnginfo=_text(image, index), compress_level=6)
    return out.getvalue()


def _exif(image: Image.Image, index: int) -> bytes:
    """Return EXIF as a phone writes it: thumbnail, exposure, place and a maker note."""
    small = image.resize((160, 160 * image.height // image.width))
    thumbnail = io.BytesIO()
    small.save(thumbnail, "JPEG", quality=70)
    note = np.random.Generator(np.random.PCG64(index)).bytes(2048)
    rows: tuple[Row, ...] = (
        (0x010F, ASCII, "Example Corp"),
        (0x0110, ASCII, "Model 7"),
        (0x0112, SHORT, 1),
        (0x0131, ASCII, "1.02"),
        (0x0132, ASCII, _taken(index)),
    )
    details: tuple[Row, ...] = (
        (0x829A, RATIONAL, (1, 125)),
        (0x829D, RATIONAL, (28, 10)),
        (0x8827, SHORT, 200),
        (0x9003, ASCII, _taken(index)),
        (0x920A, RATIONAL, (50, 10)),
        (0x927C, UNDEFINED, note),
        (0xA002, LONG, image.width),
        (0xA003, LONG, image.height),
        (0xA431, ASCII, f"SN{index:06}"),
    )
    gps: tuple[Row, ...] = ((0x0001, ASCII, "N"), (0x0003, ASCII, "E"))
    return b"Exif\0\0" + block(rows, exif=details, gps=gps, thumbnail=thumbnail.getvalue())


def _taken(index: int) -> str:
    return f"2024:{index % 12 + 1:02}:{index % 28 + 1:02} {index % 24:02}:07:08"


def _text(image: Image.Image, index: int) -> PngInfo | None:
    """Return the text chunks of every second PNG: two dialects of generation records in turn."""
    if index % 2:
        return None
    info = PngInfo()
    if index % 4:
        graph = {
            number: {
                "class_type": kind,
                "inputs": {**inputs, "seed": index} if number == "3" else inputs,
            }
            for number, kind, inputs in _GRAPH
        }
        info.add_text("prompt", json.dumps(graph))
        return info
    info.add_text(
        "parameters",
        "a lighthouse on a rocky coast, morning light\nNegative prompt: blurry\n"
        f"Steps: 28, Sampler: Euler a, CFG scale: 7, Seed: {index}, "
        f"Size: {image.width}x{image.height}, Model hash: 0123456789, Model: example-model",
    )
    return info


_GRAPH: tuple[tuple[str, str, dict[str, object]], ...] = (
    (
        "3",
        "KSampler",
        {
            "seed": 0,
            "steps": 20,
            "cfg": 8,
            "sampler_name": "euler",
            "scheduler": "normal",
            "denoise": 1,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    ),
    ("4", "CheckpointLoaderSimple", {"ckpt_name": "example-model.safetensors"}),
    ("5", "EmptyLatentImage", {"width": 1024, "height": 1024, "batch_size": 1}),
    ("6", "CLIPTextEncode", {"text": "a lighthouse on a rocky coast", "clip": ["4", 1]}),
    ("7", "CLIPTextEncode", {"text": "blurry", "clip": ["4", 1]}),
    ("8", "VAEDecode", {"samples": ["3", 0], "vae": ["4", 2]}),
    ("9", "SaveImage", {"filename_prefix": "example", "images": ["8", 0]}),
)


def by_kind(corpus: Corpus) -> Iterator[tuple[str, Path]]:
    """Yield every file with its kind's label."""
    for label, paths in corpus.files.items():
        for path in paths:
            yield label, path
