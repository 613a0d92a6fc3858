"""Which frames of a video are looked at, within a budget of decoded pixels.

Short videos are decoded whole. Of long ones the key frames are, where encoders put scene changes;
where those are too few or too many, jumps to evenly spaced places add to them; where a jump would
cost too much, the beginning is decoded. Budgets count pixels and frames, never seconds.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.core.blob import Blob
from assay.core.contract import Frame, MotionInfo, PictureInfo, Rendering
from assay.core.errors import Malformed
from assay.core.slots import Trouble
from assay.media.decode_planes import Picture, check_size, scale_down
from assay.media.frames_capture import DECODER, Capture, open_capture, pictures, thumb
from assay.media.frames_choice import Candidates, choose, even_out
from assay.media.frames_headers import read_header
from assay.media.frames_tracks import Header

PASS_PIXELS = 1 << 28  # decoded in one run: 4 s of 1920×1080 at 30 frames per second
JUMP_PIXELS = 1 << 30  # decoded on the way to the places of all jumps
PASS_FRAMES = 20_000  # met in one run
_BEFORE = 16  # frames that OpenCV goes back, beyond the key frame, at each jump
_SLACK = 60.0  # seconds by which a claimed duration may exceed what was seen


@dataclass(frozen=True, slots=True)
class VideoPlanes:
    """One frame. Hashes are taken from RGB, as vPDQ does; FFmpeg's own Y plane is not kept."""

    bgr: NDArray[np.uint8]

    def luma(self) -> NDArray[np.uint8]:
        """Return Rec. 601 luma of the RGB frame."""
        return np.asarray(cv2.cvtColor(self.bgr, cv2.COLOR_BGR2GRAY), np.uint8)

    def rgb(self, max_side: int | None = None) -> NDArray[np.uint8]:
        rgb = np.asarray(cv2.cvtColor(self.bgr, cv2.COLOR_BGR2RGB), np.uint8)
        if max_side is None or max(rgb.shape[:2]) <= max_side:
            return rgb
        return scale_down(Image.fromarray(rgb), max_side)

    def pixels(self, columns: int | None = None) -> NDArray[np.uint8] | None:
        return None

    def variants(self) -> tuple[Rendering, ...]:
        return ()


class _Way(Enum):
    """How a frame was met, and is met again."""

    ALL = "all"  # every frame in its turn
    KEYS = "keys"  # every key frame in its turn
    JUMP = "jump"


@dataclass(frozen=True, slots=True)
class _Met:
    """A frame met, and how to meet it again."""

    frame: Frame
    way: _Way
    ordinal: int  # in that run; the frame asked for with JUMP


@dataclass(slots=True)
class _Run:
    """What one run through the file gave."""

    way: _Way
    seen: Candidates
    met: list[_Met] = field(default_factory=list)
    ended: bool = False  # the end was reached within the budget
    broken: int = 0
    spent: bool = False

    def take(self, capture: Capture, ordinal: int, index: int) -> None:
        """Keep the frame at hand as a thumbnail."""
        picture = capture.picture()
        if picture is None:
            capture.broken += 1
            return
        self.met.append(_Met(Frame(index, capture.time), self.way, ordinal))
        self.seen.add(thumb(picture), picture)

    def close(self, capture: Capture) -> _Run:
        """Note how it went; raises what the medium raised."""
        capture.source.check()
        self.broken, self.spent = capture.broken, capture.source.spent
        return self


@dataclass(frozen=True, slots=True)
class VideoFrames:
    """Decodes the chosen frames again, one at a time."""

    blob: Blob
    header: Header
    info: PictureInfo
    chosen: Sequence[_Met]

    def __call__(self) -> Iterator[tuple[Frame, Picture]]:
        runs = {way: self._run(way) for way in _Way}
        for met in self.chosen:
            for ordinal, bgr in runs[met.way]:
                if ordinal == met.ordinal:
                    stored = bgr[::-1].copy() if self.header.flipped else bgr
                    yield met.frame, Picture(self.info, (), VideoPlanes(stored))
                    break

    def _run(self, way: _Way) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        wanted = [met.ordinal for met in self.chosen if met.way is way]
        capture = open_capture(self.blob, self.header, keys=way is _Way.KEYS) if wanted else None
        if capture is not None:
            yield from pictures(capture, wanted, jump=way is _Way.JUMP)
            capture.source.check()


def choose_video(
    blob: Blob, media_type: str, limit: int
) -> tuple[MotionInfo, tuple[Trouble, ...], VideoFrames]:
    """Sample a video; raises Malformed where no frame decodes, LimitReached for its size."""
    header = read_header(blob, media_type)
    first = open_capture(blob, header, raw=True)
    if first is None:
        return _without_video(blob, header)
    check_size(first.width, first.height)
    runs = _runs(blob, header, first, limit)
    met, thumbs = _merged(runs, limit)
    if not met:
        raise Malformed(f"no frame of this video could be decoded ({_named(header, first)})")
    places = choose(thumbs, limit, [one.frame.index for one in met])
    chosen = [met[place] for place in places]
    whole = runs[0] if len(runs) == 1 and runs[0].way is _Way.ALL and runs[0].ended else None
    whole = None if whole is not None and whole.spent else whole
    complete = whole is not None and not whole.broken and whole.seen.covered(places)
    info = MotionInfo(
        container=header.container,
        codec=_codec(header, first),
        width=first.width,
        height=first.height,
        declared=_declared(header, first),
        counted=len(whole.met) if whole is not None else None,
        duration=header.videos[0].duration if header.videos else None,
        frames=tuple(m.frame for m in chosen),
        complete=complete and not header.missing,
        decoder=DECODER,
        sound=header.sound,
    )
    troubles = _troubles(header, info, runs, first)
    picture = PictureInfo(
        format=info.codec.upper() or "VIDEO",
        width=first.width,
        height=first.height,
        mode="RGB",
        bits=8,
        frames=1,
        orientation=first.orientation,
        decoded="full",
        decoder=DECODER,
    )
    return info, tuple(troubles), VideoFrames(blob, header, picture, chosen)


def _runs(blob: Blob, header: Header, first: Capture, limit: int) -> list[_Run]:
    """Run through the whole file where that is affordable, else through its key frames."""
    pixels = max(1, first.width * first.height)
    claimed = _declared(header, first)
    if claimed is None or claimed > blob.size or claimed * pixels <= PASS_PIXELS:
        full = _run(first, limit, _Way.ALL)
        if full.ended:
            return [full]
        return [full, _open(blob, header, limit, _Way.KEYS)]  # it claimed too few
    keys = _open(blob, header, limit, _Way.KEYS)
    few = len(choose(keys.seen.thumbs, limit)) < limit
    if keys.ended and not few:
        return [keys]
    jumps = _jumps(first, keys, claimed, limit)
    if jumps.met or not few:
        return [keys, jumps]
    full = _open(blob, header, limit, _Way.ALL)  # ``first`` stands wherever the last jump led
    return [full] if full.ended and full.met else [full, keys]


def _open(blob: Blob, header: Header, limit: int, way: _Way) -> _Run:
    capture = open_capture(blob, header, keys=way is _Way.KEYS, raw=True)
    return _run(capture, limit, way) if capture is not None else _Run(way, Candidates(limit))


def _run(capture: Capture, limit: int, way: _Way) -> _Run:
    """Meet every frame until the end or the budget, keeping thumbnails only."""
    found = _Run(way, Candidates(limit))
    most = min(PASS_FRAMES, max(1, PASS_PIXELS // max(1, capture.width * capture.height)))
    for ordinal in capture.frames():
        if ordinal >= most:
            break
        # where only key frames are decoded, only the time tells which frame it is
        found.take(capture, ordinal, ordinal if way is _Way.ALL else capture.place())
    else:
        found.ended = True
    return found.close(capture)


def _jumps(capture: Capture, keys: _Run, claimed: int, limit: int) -> _Run:
    """Jump into the middle of the widest gaps between key frames, as long as the budget lasts."""
    found = _Run(_Way.JUMP, Candidates(limit))
    targets = _targets([one.frame.index for one in keys.met] or [0], claimed, capture, limit)
    for target in sorted(targets):
        least = found.met[-1].frame.index if found.met else -1
        if capture.jump(target) and capture.index > least:
            found.take(capture, target, capture.index)
    return found.close(capture)


def _targets(known: list[int], claimed: int, capture: Capture, limit: int) -> list[int]:
    """Return where to jump to: each jump decodes everything from the key frame before it."""
    spacing = max(b - a for a, b in pairwise([*known, max(claimed, known[-1] + 1)]))
    if len(known) > 1:
        spacing = (known[-1] - known[0]) // (len(known) - 1)  # the end may lie far behind
    budget = JUMP_PIXELS // max(1, capture.width * capture.height)  # frames
    places, targets = [*known, max(claimed, known[-1] + 1)], list[int]()
    while len(targets) < 2 * limit:
        low, high = max(pairwise(places), key=lambda gap: gap[1] - gap[0])
        middle = (low + high) // 2
        budget -= _BEFORE + min(middle - known[bisect_right(known, middle) - 1], spacing)
        if budget < 0 or high - low < 2:
            break
        insort(places, middle)
        targets.append(middle)
    return targets


def _merged(runs: Sequence[_Run], limit: int) -> tuple[list[_Met], list[NDArray[np.uint8]]]:
    """Join the runs by frame number; what was decoded whole counts before any guess at numbers.

    Where a run ended in the middle, its part is thinned out to what is known of the rest.
    """
    last = -1
    numbered: dict[int, tuple[_Met, NDArray[np.uint8]]] = {}
    for run in runs:
        for one, small in zip(run.met, run.seen.thumbs, strict=True):
            if one.frame.index > last:
                numbered.setdefault(one.frame.index, (one, small))
        if run.way is _Way.ALL and run.met:
            last = run.met[-1].frame.index
    pairs = [numbered[index] for index in sorted(numbered)]
    met, thumbs = [one for one, _ in pairs], [small for _, small in pairs]
    if any(not run.ended and run.way is not _Way.JUMP for run in runs) and len(runs) > 1 and met:
        places = even_out(thumbs, [one.frame.index for one in met], 4 * limit)
        met, thumbs = [met[i] for i in places], [thumbs[i] for i in places]
    return met, thumbs


def _troubles(
    header: Header, info: MotionInfo, runs: Sequence[_Run], first: Capture
) -> Iterator[Trouble]:
    for lie in header.lies[:6]:
        yield Trouble("lying_header", lie)
    if header.missing:
        yield Trouble("truncated", f"{header.missing} bytes are missing")
    if not header.videos and not header.partial:
        yield Trouble("frames_unread", "no video is described; frames were found by their marks")
    if len(header.videos) > 1:
        yield Trouble("frames_unread", f"1 of {len(header.videos)} video tracks was read")
    broken = max(run.broken for run in runs)
    if broken:
        yield Trouble("frames_unread", f"{broken} packets gave no frame")
    if any(run.spent for run in runs):
        yield Trouble("frames_unread", "its index makes the decoder read the same bytes again")
    reached = any((run.ended or run.way is _Way.JUMP) and run.met for run in runs)
    if not reached:
        until = max((run.met[-1].frame for run in runs if run.met), key=lambda f: f.index)
        yield Trouble(
            "frames_unread",
            f"those after {until.locator}: more than {PASS_PIXELS:,} pixels or "
            f"{PASS_FRAMES:,} frames",
        )
    yield from _claims(header, info, runs[0], first)


def _claims(header: Header, info: MotionInfo, whole: _Run, first: Capture) -> Iterator[Trouble]:
    """Compare what the header claims with what was met from the first frame to the last."""
    if first.rate is None:
        yield Trouble("lying_header", "its frame rate is no rate")
    if info.counted is None:
        return
    track = header.videos[0] if header.videos else None
    claimed = track.frames if track is not None and not header.fragmented else None
    if track is not None and claimed is not None:
        words = f"{info.counted} frames decoded, {claimed} claimed"
        if info.counted < claimed and (track.listed or header.missing):
            yield Trouble("frames_unread", words)
        elif abs(claimed - info.counted) > 1 + info.counted // 50:
            yield Trouble("lying_header", words)
    end = whole.met[-1].frame.time
    if info.duration is not None and end is not None and info.duration > 2 * end + _SLACK:
        yield Trouble("lying_header", f"{info.duration:.6g} s claimed, frames end at {end:.3f} s")


def _without_video(
    blob: Blob, header: Header
) -> tuple[MotionInfo, tuple[Trouble, ...], VideoFrames]:
    """Return the facts of a file of sound alone; raises Malformed where a video was promised."""
    if not header.sound or header.videos or header.missing:
        names = ", ".join(track.codec for track in header.videos if track.codec)
        raise Malformed("no video in it could be decoded" + (f" ({names})" if names else ""))
    sound = next(track for track in header.tracks if track.kind == "sound")
    info = MotionInfo(
        container=header.container,
        codec="",
        width=0,
        height=0,
        declared=0,
        counted=0,
        duration=sound.duration,
        frames=(),
        complete=True,
        decoder=DECODER,
        sound=True,
    )
    nothing = PictureInfo("VIDEO", 0, 0, "RGB", 8, 0, 1, "none", DECODER)
    return info, (), VideoFrames(blob, header, nothing, ())


def _declared(header: Header, first: Capture) -> int | None:
    track = header.videos[0] if header.videos else None
    if track is not None and track.frames and not header.fragmented:
        return track.frames
    return first.claimed


def _codec(header: Header, capture: Capture) -> str:
    named = header.videos[0].codec if header.videos else ""
    if len(named) == 4:
        return named.lower()
    code = (int(capture.video.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF).to_bytes(4, "little")
    return code.decode("ascii", "replace").strip("\0 ").lower() if code.isascii() else ""


def _named(header: Header, capture: Capture) -> str:
    return f"{header.container}, {_codec(header, capture) or 'unknown coding'}"
