"""Public watermark payloads: false alarms, what survives re-saving, and what looking costs.

python benchmarks/watermark.py [--images FOLDER] [--hosts N] [--json FILE]

FOLDER holds pictures without a mark in sub-folders ("real", "synthetic", …). Without it only
recall and cost are measured. Prints Markdown.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # run as a file, not as a module
    sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from cryptography.exceptions import InvalidSignature  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from PIL import Image  # noqa: E402
from skimage import data as pictures  # noqa: E402

from assay.core.errors import LimitReached, Malformed, NotApplicable  # noqa: E402
from assay.examiners.watermark import ENOUGH_BITS, FOUND, NEARLY_ALL, NOTED  # noqa: E402
from assay.media.decode import open_picture  # noqa: E402
from assay.media.dwtdct import MIN_PIXELS, PAYLOADS, Payload, agreeing, readings, scores  # noqa: E402
from assay.media.sniff import HEAD, sniff  # noqa: E402
from assay.media.stealth import hidden_texts  # noqa: E402
from tests.support.dwtdct import embed  # noqa: E402

Rgb = NDArray[np.uint8]
READINGS = 8  # ways in which every payload is looked for
FLOATING = frozenset({"SDXL", "FLUX"})  # whose scripts hand over floating point
SCENES = (
    *("astronaut", "brick", "camera", "chelsea", "coffee", "coins", "colorwheel", "grass"),
    *("gravel", "hubble_deep_field", "immunohistochemistry", "logo", "moon", "page", "retina"),
    *("rocket", "text"),
)


@dataclass(frozen=True, slots=True)
class Alarms:
    """What pictures without a mark gave for one payload."""

    group: str
    payload: str
    bits: int
    pictures: int  # large enough to be read
    most: int  # bits that agreed in the worst of them
    noted: int
    found: int
    bound: float  # upper 95 % bound of the rate of ``found``


@dataclass(frozen=True, slots=True)
class Recall:
    hosts: str
    payload: str
    change: str
    pictures: int
    found: int
    by_library: int  # found by the library's own reading alone


@dataclass(frozen=True, slots=True)
class Cost:
    what: str
    ms: float  # CPU, best of the rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--hosts", type=int, default=150, help="synthetic pictures to embed into")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    alarms: list[Alarms] = []
    small: dict[str, int] = {}
    hosts = {"scikit-image": dict(_scenes())}
    if options.images is not None:
        for folder in sorted(p for p in options.images.iterdir() if p.is_dir()):
            large, total = _alarms(folder, alarms)
            small[folder.name] = total - large
        hosts["generated"] = dict(_spread(options.images / "synthetic", options.hosts))
    recalls = [row for name, group in hosts.items() for row in _recall(name, group)]
    costs = list(_costs())
    print("\n".join(_markdown(alarms, small, recalls, costs)))
    if options.json is not None:
        rows = {
            "false_alarms": [asdict(row) for row in alarms],
            "too_small": small,
            "recall": [asdict(row) for row in recalls],
            "cost": [asdict(row) for row in costs],
        }
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


def needed(payload: Payload, share: float | None = None) -> int:
    """Return how many bits must agree for the payload to be named."""
    if share is None:
        share = FOUND if len(payload.bits) >= ENOUGH_BITS else NEARLY_ALL
    return math.ceil(share * len(payload.bits) - 1e-9)


def upper_bound(hits: int, trials: int, confidence: float = 0.95) -> float:
    """Return the one-sided exact (Clopper-Pearson) upper bound of a rate."""
    if hits >= trials:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        rate = (low + high) / 2
        at_most = sum(
            math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(hits + 1)
        )
        low, high = (rate, high) if at_most > 1 - confidence else (low, rate)
    return high


def by_chance(payload: Payload) -> float:
    """Return how likely fair coins agree in enough bits, in any of the readings."""
    bits = len(payload.bits)
    tail = sum(math.comb(bits, k) for k in range(needed(payload), bits + 1))
    return READINGS * tail / 2**bits


def _pictures(folder: Path) -> Iterator[tuple[str, Rgb]]:
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        try:
            yield str(path), open_picture(data, sniff(data[:HEAD], len(data))).rgb()
        except (NotApplicable, Malformed, LimitReached):
            continue


def _alarms(folder: Path, out: list[Alarms]) -> tuple[int, int]:
    total = large = 0
    counts: dict[str, list[int]] = {payload.name: [] for payload in PAYLOADS}
    for _, rgb in _pictures(folder):
        total += 1
        found = scores(rgb)
        large += bool(found)
        for score in found:
            counts[score.payload.name].append(score.agreeing)
    for payload in PAYLOADS:
        rows = counts[payload.name]
        hits = sum(row >= needed(payload) for row in rows)
        noted = sum(needed(payload, NOTED) <= row < needed(payload) for row in rows)
        bits, bound = len(payload.bits), upper_bound(hits, len(rows))
        most = max(rows, default=0)
        out.append(Alarms(folder.name, payload.name, bits, len(rows), most, noted, hits, bound))
    return large, total


def _scenes() -> Iterator[tuple[str, Rgb]]:
    for name in SCENES:
        rgb = np.asarray(Image.fromarray(np.asarray(getattr(pictures, name)())).convert("RGB"))
        if rgb.shape[0] * rgb.shape[1] >= MIN_PIXELS:
            yield name, rgb
    yield "motorcycle", np.asarray(pictures.stereo_motorcycle()[0])


def _spread(folder: Path, count: int) -> Iterator[tuple[str, Rgb]]:
    """Yield pictures spread evenly over a folder's large ones."""
    large = [row for row in _pictures(folder) if row[1].shape[0] * row[1].shape[1] >= MIN_PIXELS]
    step = max(1, len(large) // max(1, count))
    yield from large[::step][:count]


def _saved(rgb: Rgb, kind: str, **options: int) -> Rgb:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, kind, **options)
    return np.asarray(Image.open(out).convert("RGB"))


def _smaller(rgb: Rgb) -> Rgb:
    size = (rgb.shape[1] * 3 // 4, rgb.shape[0] * 3 // 4)
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))


CHANGES: dict[str, Callable[[Rgb], Rgb]] = {
    "PNG": lambda rgb: rgb,
    "WebP 90": lambda rgb: _saved(rgb, "WEBP", quality=90),
    "JPEG 95": lambda rgb: _saved(rgb, "JPEG", quality=95),
    "JPEG 85": lambda rgb: _saved(rgb, "JPEG", quality=85),
    "JPEG 75": lambda rgb: _saved(rgb, "JPEG", quality=75),
    "resized to 75 %": _smaller,
}


def _recall(name: str, hosts: dict[str, Rgb]) -> Iterator[Recall]:
    for payload in PAYLOADS:
        total = dict.fromkeys(CHANGES, 0)
        found, library = dict(total), dict(total)
        for rgb in hosts.values():
            marked = embed(rgb, payload.bits, floating=payload.name in FLOATING)
            for change, apply in CHANGES.items():
                votes = [vote for _, vote in readings(apply(marked))]
                counts = [agreeing(vote, payload.bits) for vote in votes]
                total[change] += bool(counts)
                found[change] += max(counts, default=0) >= needed(payload)
                library[change] += bool(counts) and counts[0] >= needed(payload)
        for change in CHANGES:
            yield Recall(name, payload.name, change, total[change], found[change], library[change])


def _costs() -> Iterator[Cost]:
    random = np.random.default_rng(1)
    for label, shape in (("1 MP", (1000, 1000)), ("12 MP", (3000, 4000))):
        small = random.integers(0, 256, (shape[0] // 20, shape[1] // 20, 3), dtype=np.uint8)
        image = Image.fromarray(small).resize(shape[::-1], Image.Resampling.BICUBIC)
        rgb = np.asarray(image)
        mega = rgb.shape[0] * rgb.shape[1] / 1e6
        yield Cost(f"watermark, {label}, a megapixel", _timed(lambda a=rgb: scores(a)) / mega)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=90)
        view = open_picture(out.getvalue(), "image/jpeg")
        both = _timed(lambda v=view: scores(v.rgb())) / mega
        yield Cost(f"the same with RGB of a JPEG, {label}, a megapixel", both)
    out = io.BytesIO()
    plain = random.integers(0, 256, (1000, 1000, 4), dtype=np.uint8)
    Image.fromarray(plain).save(out, "PNG", compress_level=1)
    picture = open_picture(out.getvalue(), "image/png")
    yield Cost(
        "hidden text, 1 MP PNG with alpha and none hidden",
        _timed(lambda: list(hidden_texts(picture.pixels))),
    )
    yield Cost("Ed25519 over 1 MP", _timed(lambda: _refused(plain)))


def _refused(pixels: NDArray[np.uint8]) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    signature = base64.b64decode("A" * 86 + "==")
    try:
        key.verify(signature, pixels[:, :, :3].tobytes())
    except InvalidSignature:
        return


def _timed(work: Callable[[], object], rounds: int = 7) -> float:
    best = math.inf
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best * 1000


def _markdown(
    alarms: list[Alarms], small: dict[str, int], recalls: list[Recall], costs: list[Cost]
) -> Iterator[str]:
    yield "| payload | bits | needed | by fair coins, all readings |"
    yield "|---|---|---|---|"
    for payload in PAYLOADS:
        bits = len(payload.bits)
        mark = "" if bits >= ENOUGH_BITS else " (a note only)"
        yield f"| {payload.name}{mark} | {bits} | {needed(payload)} | {by_chance(payload):.1e} |"
    yield ""
    if alarms:
        yield "| pictures without a mark | n | payload | most bits | ≥ 0.80 | found | 95 % bound |"
        yield "|---|---|---|---|---|---|---|"
    for row in alarms:
        share = row.most / row.bits
        yield (
            f"| {row.group} | {row.pictures:,} | {row.payload} | {row.most} of {row.bits} "
            f"({share:.3f}) | {row.noted} | {row.found} | {row.bound:.2%} |"
        )
    if small:
        told = ", ".join(f"{count} of {name}" for name, count in small.items())
        yield f"\nToo small to carry a mark and left out: {told}."
    yield ""
    yield "| embedded into | payload | " + " | ".join(CHANGES) + " |"
    yield "|---" * (len(CHANGES) + 2) + "|"
    for host, payload_name in dict.fromkeys((r.hosts, r.payload) for r in recalls):
        rows = [r for r in recalls if (r.hosts, r.payload) == (host, payload_name)]
        cells = [f"{r.found} ({r.by_library}) of {r.pictures}" for r in rows]
        yield f"| {host} | {payload_name} | " + " | ".join(cells) + " |"
    yield ""
    yield "| cost | CPU ms |"
    yield "|---|---|"
    for cost in costs:
        yield f"| {cost.what} | {cost.ms:.2f} |"


if __name__ == "__main__":
    main()
