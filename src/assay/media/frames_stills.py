"""Which frames of an animation, or pages of a file of pictures, are looked at.

Within a budget of decoded pixels; knows no format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from assay.core.contract import Frame, MotionInfo
from assay.core.errors import Malformed
from assay.core.slots import Trouble
from assay.media.decode_planes import Picture
from assay.media.frames_choice import SIDE, Candidates, choose
from assay.media.frames_reel import Broken, Reel

PIXELS = 1 << 30  # decoded to choose from one file; about 250 frames of 2000×2000
FRAMES = 20_000
_COPIED = 1 << 32  # bytes: opening a page of a TIFF copies the file
_TOLD = 3  # broken frames named


@dataclass(frozen=True, slots=True)
class StillFrames:
    """Decodes the chosen frames again, one at a time."""

    reel: Reel
    chosen: frozenset[int]

    def __call__(self) -> Iterator[tuple[Frame, Picture]]:
        left = len(self.chosen)
        for one in self.reel.read(self.chosen) if left else ():
            if isinstance(one, Broken):
                continue
            yield one
            left -= 1
            if not left:
                return


@dataclass(slots=True)
class _Run:
    seen: Candidates
    frames: list[Frame]
    first: Picture | None = None
    broken: list[Broken] | None = None
    pixels: int = 0
    limited: str = ""  # which budget ended it


def choose_stills(
    reel: Reel, limit: int, size: int
) -> tuple[MotionInfo, tuple[Trouble, ...], StillFrames]:
    """Sample a reel over a file of ``size`` bytes; raises Malformed where nothing decodes."""
    wanted = _affordable(reel, limit, size)
    run = _run(reel, limit, wanted)
    if run.first is None:
        why = run.broken[0].why if run.broken else "no frame"
        raise Malformed(f"{reel.container}: {why}")
    places = choose(run.seen.thumbs, limit, [frame.index for frame in run.frames])
    chosen = tuple(run.frames[place] for place in places)
    whole = wanted is None and not run.limited
    troubles = [*reel.troubles, *_troubles(reel, run, wanted)]
    last = run.frames[-1]
    info = MotionInfo(
        container=reel.container,
        codec="",
        width=run.first.info.width,
        height=run.first.info.height,
        declared=reel.declared,
        counted=len(run.frames) if whole else None,
        duration=last.time if whole and not reel.pages else None,
        frames=chosen,
        complete=whole and not run.broken and run.seen.covered(places),
        decoder=run.first.info.decoder,
        sound=False,
        pages=reel.pages,
    )
    return info, tuple(troubles), StillFrames(reel, frozenset(f.index for f in chosen))


def _affordable(reel: Reel, limit: int, size: int) -> frozenset[int] | None:
    """Return which pages to open where opening them all costs too much; None for all."""
    most = max(4 * limit, _COPIED // max(1, size))
    if not reel.pages or reel.count <= most:
        return None
    return frozenset(number * reel.count // most for number in range(most))


def _run(reel: Reel, limit: int, wanted: frozenset[int] | None) -> _Run:
    run = _Run(Candidates(limit), [], broken=[])
    assert run.broken is not None
    for one in reel.read(wanted):
        if isinstance(one, Broken):
            run.broken.append(one)
            continue
        frame, picture = one
        run.pixels += picture.info.width * picture.info.height
        if run.first is not None and (run.pixels > PIXELS or len(run.frames) >= FRAMES):
            run.limited = f"{PIXELS:,} pixels" if run.pixels > PIXELS else f"{FRAMES:,} frames"
            break
        run.first = run.first or picture
        _meet(run, frame, picture)
    return run


def _meet(run: _Run, frame: Frame, picture: Picture) -> None:
    rgb = picture.rgb()
    small = Image.fromarray(rgb).resize((SIDE, SIDE), Image.Resampling.BOX).convert("L")
    run.frames.append(frame)
    run.seen.add(np.asarray(small, np.uint8), rgb)


def _troubles(reel: Reel, run: _Run, wanted: frozenset[int] | None) -> Iterator[Trouble]:
    broken = run.broken or []
    for one in broken[:_TOLD]:
        yield Trouble("frames_unread", f"{one.frame.locator} and what depends on it: {one.why}")
    if len(broken) > _TOLD:
        yield Trouble("frames_unread", f"{len(broken)} pictures in all")
    if run.limited:
        last = run.frames[-1].locator
        yield Trouble("frames_unread", f"those after {last} of {reel.count}: {run.limited}")
    if wanted is not None:
        yield Trouble("frames_unread", f"{len(wanted)} of {reel.count} pages were opened")
