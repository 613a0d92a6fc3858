"""One file as examiners see it, inside the worker: read once, walked once, decoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from assay.core.blob import Blob, MemoryBlob
from assay.core.contract import ExaminerInfo, Frame, MotionInfo, PictureInfo, Rendering
from assay.core.errors import AssayError, LimitReached
from assay.core.facts import Observation, Sha256
from assay.core.jsonvalue import Json, JsonObject
from assay.core.slots import Trouble, Walk
from assay.core.vocab import Level, Need, Polarity, SealLevel
from assay.media import sniff
from assay.media.decode import open_picture
from assay.media.frames import Moving, open_moving
from assay.media.kinds import FIRST_LOOK
from assay.media.slots import walk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay.media.decode import Picture

HEAD = 1 << 16  # bytes
_PIECE = 4 << 20  # bytes read at a time from files too large to hold
T = TypeVar("T")
NO_ITEM = Sha256("")  # until the digest is known


@dataclass(slots=True)
class Shared:
    """What the views of all examiners of one file share."""

    blob: Blob
    whole_file: int  # bytes; a larger file is never held in memory
    media_type: str = "application/octet-stream"
    sha256: Sha256 = NO_ITEM
    seal: SealLevel = SealLevel.NONE
    observations: list[Observation] = field(default_factory=list)
    rendering: bytes | None = None  # a picture file made by us, where the stored bytes are none
    frames: int = FIRST_LOOK  # frames sampled of a moving picture
    _data: bytes | None = None
    _cache: dict[str, object] = field(default_factory=dict)

    def data(self) -> bytes:
        if self._data is None:
            if self.blob.size > self.whole_file:
                raise LimitReached(
                    f"{self.blob.size} bytes; a worker reads at most {self.whole_file} whole",
                    flag="size_limit",
                )
            self._data = self.blob.read(0, self.blob.size)
        return self._data

    def stream(self) -> Iterator[bytes]:
        if self.blob.size <= self.whole_file:
            yield self.data()
            return
        offset = 0
        while piece := self.blob.read(offset, _PIECE):
            offset += len(piece)
            yield piece

    def head(self) -> bytes:
        if self._data is not None:
            return self._data[:HEAD]
        return self.blob.read(0, HEAD)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Compute a thing once per file; an exception is kept and raised again."""
        if key not in self._cache:
            try:
                self._cache[key] = make()
            except MemoryError:
                raise
            except Exception as error:
                self._cache[key] = error
        kept = self._cache[key]
        if isinstance(kept, Exception):
            raise kept
        return kept  # type: ignore[return-value]

    def picture(self) -> Picture:
        return self.once("picture", self._picture)

    def _picture(self) -> Picture:
        if self.rendering is not None:
            made = open_picture(self.rendering, sniff.sniff(self.rendering, len(self.rendering)))
            return replace(made, troubles=(Trouble("derived", self.media_type), *made.troubles))
        return open_picture(self.data(), self.media_type)

    def moving(self) -> Moving:
        return self.once("moving", lambda: open_moving(self.held(), self.media_type, self.frames))

    def held(self) -> Blob:
        """Return the file in memory where it fits, so that no byte is read twice."""
        fits = self.blob.size <= self.whole_file
        return MemoryBlob(self.data()) if fits else self.blob

    def walk(self) -> Walk:
        return self.once("walk", lambda: walk(self.data(), self.media_type))


class FileView:
    """Implements ``assay.core.contract.View`` for one examiner of one file."""

    def __init__(
        self,
        shared: Shared,
        info: ExaminerInfo,
        config: str,
        frame: tuple[Frame, Picture] | None = None,
    ) -> None:
        self._shared = shared
        self._info = info
        self._config = config
        self._frame = frame

    @property
    def sha256(self) -> Sha256:
        return self._shared.sha256

    @property
    def size(self) -> int:
        return self._shared.blob.size

    @property
    def media_type(self) -> str:
        return self._shared.media_type

    def _need(self, need: Need) -> Shared:
        if need not in self._info.needs:
            raise AssayError(f"{self._info.name} asked for {need} without declaring it in needs")
        return self._shared

    def data(self) -> bytes:
        return self._need(Need.BYTES).data()

    def stream(self) -> Iterator[bytes]:
        return self._need(Need.BYTES).stream()

    def head(self) -> bytes:
        return self._need(Need.HEAD).head()

    def walk(self) -> Walk:
        return self._need(Need.SLOTS).walk()

    @property
    def frame(self) -> Frame | None:
        return self._frame[0] if self._frame is not None else None

    def _picture(self) -> Picture:
        shared = self._need(Need.PLANES)
        return self._frame[1] if self._frame is not None else shared.picture()

    def motion(self) -> MotionInfo:
        return self._need(Need.FRAMES).moving().info

    def motion_troubles(self) -> tuple[Trouble, ...]:
        return self._need(Need.FRAMES).moving().troubles

    def picture(self) -> PictureInfo:
        return self._picture().info

    def luma(self) -> NDArray[np.uint8]:
        return self._picture().luma()

    def rgb(self, max_side: int | None = None) -> NDArray[np.uint8]:
        return self._picture().rgb(max_side)

    def pixels(self, columns: int | None = None) -> NDArray[np.uint8] | None:
        return self._picture().pixels(columns)

    def variants(self) -> tuple[Rendering, ...]:
        return self._picture().variants()

    def picture_troubles(self) -> tuple[Trouble, ...]:
        return self._picture().troubles

    def earlier(self, kind: str) -> tuple[Observation, ...]:
        rows = self._need(Need.EARLIER).observations
        return tuple(o for o in rows if o.kind == kind and o.examiner in self._info.after)

    def observe(
        self,
        kind: str,
        value: JsonObject,
        *,
        level: Level = Level.N,
        polarity: Polarity = Polarity.NONE,
        basis: str = "",
        llr: float | None = None,
        locator: str = "",
        model: str = "",
    ) -> Observation:
        if kind != "finding" and kind not in self._info.kinds:
            raise AssayError(f"{self._info.name} yielded kind {kind!r} without declaring it")
        if self._frame is not None:
            locator = ", ".join(part for part in (self._frame[0].locator, locator) if part)
        return Observation(
            item=self._shared.sha256,
            examiner=self._info.name,
            version=self._info.version,
            kind=kind,
            value=value,
            level=level,
            polarity=polarity,
            basis=basis,
            config=self._config,
            llr=llr,
            locator=locator,
            model=model,
            seal=self._shared.seal,
        )

    def finding(self, flag: str, *, locator: str = "", **params: Json) -> Observation:
        return self.observe("finding", {"flag": flag, **params}, locator=locator)
