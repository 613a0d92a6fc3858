"""The few facts about a video's tracks that headers give, whatever the container."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Track:
    """One stream as its header describes it."""

    kind: str  # "video", "sound", or empty for anything else
    codec: str = ""  # the container's own name of it
    frames: int | None = None  # samples as claimed
    duration: float | None = None  # seconds as claimed
    listed: bool = False  # each sample has its own entry, so the claim took bytes to make


@dataclass(slots=True)
class Header:
    """What a header says, and what must be corrected before a decoder may believe it."""

    container: str
    tracks: list[Track] = field(default_factory=list)
    missing: int = 0  # bytes that the file should have beyond its end
    lies: list[str] = field(default_factory=list)  # claims that cannot be true, in words
    patches: dict[int, bytes] = field(default_factory=dict)  # offset -> bytes to read instead
    partial: bool = False  # tracks may exist that the header does not name
    fragmented: bool = False  # samples are counted elsewhere
    flipped: bool = False  # a patch makes the decoder give the frames upside down

    @property
    def videos(self) -> list[Track]:
        return [track for track in self.tracks if track.kind == "video"]

    @property
    def sound(self) -> bool | None:
        """Whether there is sound; None where the header does not tell."""
        if any(track.kind == "sound" for track in self.tracks):
            return True
        return None if self.partial or not self.tracks else False
