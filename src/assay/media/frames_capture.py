"""Frames of a video by OpenCV's FFmpeg, one after another, from memory or a descriptor.

One thread, no network, no playlists, orientation not applied, edit lists ignored: frames that a
player would skip are decoded too. OpenCV's own seeking decodes everything from the key frame
before, so a whole pass is often cheaper.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile

import cv2
import numpy as np
from numpy.typing import NDArray

from assay.core.blob import Blob
from assay.media.frames_choice import SIDE
from assay.media.frames_source import Source
from assay.media.frames_tracks import Header

cv2.setNumThreads(1)  # one worker, one core; nothing may start a thread before the seal
# Both libraries print what they meet in hostile bytes. OpenCV reads the word when it first opens.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET

DECODER = f"OpenCV {cv2.__version__} FFmpeg"
_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
# Demuxers that read one file and name no other: no playlist can make FFmpeg open something.
_FORMATS = "mov,matroska,webm,flv,mpegts,mpeg,mpegvideo,ogg,asf,rm,h264,hevc,m4v,ivf,mxf,dv"
_SAFE = "protocol_whitelist;none|ignore_editlist;1|format_whitelist;"
_KEYS_ONLY = "avdiscard;nonkey"
_TRIES = 64  # packets in a row that give no frame, after which the end is taken as reached
# Layouts whose first plane is brightness, 8 bits, one byte per pixel.
_PLANAR = {b"I420", b"YV12", b"NV12", b"NV21", b"Y42B", b"444P", b"Y800", b"GREY"}
_TURNS = {90: 6, 180: 3, 270: 8}  # degrees clockwise -> EXIF orientation


@dataclass(slots=True)
class Capture:
    """An opened video; ``frames`` runs once through it."""

    video: cv2.VideoCapture
    source: Source
    width: int  # pixels, as stored
    height: int
    rate: float | None  # frames per second as claimed, where believable
    claimed: int | None  # frames as claimed or guessed from the duration
    orientation: int  # EXIF 1–8
    broken: int = 0  # packets in the middle that gave no frame
    index: int = -1  # of the frame now at hand, in the order of decoding
    time: float | None = None  # of that frame, in seconds

    def frames(self) -> Iterator[int]:
        """Go from frame to frame, yielding the index of each; nothing is converted yet."""
        missed = 0
        while missed < _TRIES:
            if not self.video.grab():
                missed += 1
                continue
            self.broken += missed
            missed = 0
            self.index += 1
            self.time = self._seconds()
            yield self.index

    def jump(self, index: int) -> bool:
        """Go near the frame with this index, and read its real place from its time."""
        self.video.set(cv2.CAP_PROP_POS_FRAMES, index)
        if not self.video.grab():
            return False
        self.index, self.time = index, None
        self.time = self._seconds()
        self.index = self.place()
        return True

    def place(self) -> int:
        """Return the number of the frame at hand as its time tells it, where it has one."""
        if self.time is None or self.rate is None:
            return self.index
        return round(self.time * self.rate)

    def _seconds(self) -> float | None:
        seconds = self.video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if not -1e9 < seconds < 1e9:
            return None
        if seconds <= 0 < self.index and (self.time is None or self.time <= 0):
            return self.index / self.rate if self.rate else None  # a stream without times
        return max(0.0, seconds)

    def picture(self) -> NDArray[np.uint8] | None:
        """Return the frame at hand: H×W×3 in BGR, or the raw plane; None where it is broken."""
        good, picture = self.video.retrieve()
        return np.asarray(picture, np.uint8) if good and picture is not None else None


def open_capture(
    blob: Blob, header: Header, *, keys: bool = False, raw: bool = False
) -> Capture | None:
    """Open a video; None where FFmpeg finds none in it.

    With ``keys`` only key frames are decoded; with ``raw`` frames come as their brightness plane
    where the layout has one, which saves the conversion.
    """
    source = Source(blob, header.patches)
    # an AVI under another name would come without the patches of its header
    formats = "avi" if header.container == "avi" else _FORMATS
    with _options(_SAFE + formats + (f"|{_KEYS_ONLY}" if keys else "")):
        try:
            video = cv2.VideoCapture(source, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])  # type: ignore[call-overload]
        except cv2.error:
            return None
    source.check()
    if not video.isOpened():
        return None
    video.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    layout = (int(video.get(cv2.CAP_PROP_CODEC_PIXEL_FORMAT)) & 0xFFFFFFFF).to_bytes(4, "little")
    if raw and layout in _PLANAR:
        video.set(cv2.CAP_PROP_CONVERT_RGB, 0)
    rate, claimed = video.get(cv2.CAP_PROP_FPS), video.get(cv2.CAP_PROP_FRAME_COUNT)
    return Capture(
        video,
        source,
        width=int(video.get(cv2.CAP_PROP_FRAME_WIDTH)),
        height=int(video.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        rate=rate if 0.001 <= rate <= 10_000 else None,
        claimed=int(claimed) if 0 < claimed < 1e15 else None,
        orientation=_TURNS.get(int(video.get(cv2.CAP_PROP_ORIENTATION_META)), 1),
    )


def thumb(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the SIDE×SIDE means of brightness of a BGR frame or a brightness plane.

    Of a large frame every n-th pixel is averaged, at least 8×8 per cell: a tenth of the time.
    """
    step = max(1, min(picture.shape[:2]) // (8 * SIDE))
    some = np.ascontiguousarray(picture[::step, ::step])
    small = cv2.resize(some, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    if small.ndim == 3:
        small = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return np.asarray(small, np.uint8)


def pictures(
    capture: Capture, wanted: Sequence[int], *, jump: bool = False
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the frames with these ascending indices, as BGR; others are passed over."""
    if jump:
        reached: Iterator[int] = (index for index in wanted if capture.jump(index))
    else:
        left = set(wanted)
        last = max(left, default=-1)
        reached = (i for i in takewhile(lambda i: i <= last, capture.frames()) if i in left)
    for index in reached:
        picture = capture.picture()
        if picture is not None:
            yield index, picture


@contextmanager
def _options(words: str) -> Iterator[None]:
    """Hand FFmpeg its options in the only way that OpenCV passes them on."""
    before = os.environ.get(_OPTIONS)
    os.environ[_OPTIONS] = words
    try:
        yield
    finally:
        if before is None:
            del os.environ[_OPTIONS]
        else:
            os.environ[_OPTIONS] = before
