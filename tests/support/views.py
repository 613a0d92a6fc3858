"""A view over bytes in memory, for the unit tests of examiners."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.core.contract import Examiner, PictureInfo
from assay.core.facts import Observation, Sha256
from assay.core.jsonvalue import Json, JsonObject
from assay.core.slots import Walk
from assay.core.vocab import Level, Need, Polarity


class MemoryView:
    """Implements ``assay.core.contract.View`` over real bytes; refuses what was not asked for."""

    def __init__(
        self, examiner: Examiner, data: bytes, media_type: str, earlier: Iterable[Observation] = ()
    ) -> None:
        self._examiner = examiner.info
        self._data = data
        self.media_type = media_type
        self._earlier = tuple(earlier)
        self.sha256 = Sha256(hashlib.sha256(data).hexdigest())

    @property
    def size(self) -> int:
        return len(self._data)

    def _need(self, need: Need) -> None:
        assert need in self._examiner.needs, f"{self._examiner.name} did not ask for {need}"

    def data(self) -> bytes:
        self._need(Need.BYTES)
        return self._data

    def stream(self) -> Iterator[bytes]:
        self._need(Need.BYTES)
        yield self._data

    def head(self) -> bytes:
        self._need(Need.HEAD)
        return self._data[: 1 << 16]

    @cached_property
    def _walk(self) -> Walk:
        from assay.media.slots import walk

        return walk(self._data, self.media_type)

    def walk(self) -> Walk:
        self._need(Need.SLOTS)
        return self._walk

    @cached_property
    def _picture(self) -> Any:
        from assay.media.decode import open_picture

        return open_picture(self._data, self.media_type)

    def picture(self) -> PictureInfo:
        self._need(Need.PLANES)
        info: PictureInfo = self._picture.info
        return info

    def luma(self) -> NDArray[np.uint8]:
        self._need(Need.PLANES)
        luma: NDArray[np.uint8] = self._picture.luma()
        return luma

    def rgb(self, max_side: int | None = None) -> NDArray[np.uint8]:
        self._need(Need.PLANES)
        rgb: NDArray[np.uint8] = self._picture.rgb(max_side)
        return rgb

    def variants(self) -> Any:
        self._need(Need.PLANES)
        return self._picture.variants()

    def picture_troubles(self) -> Any:
        self._need(Need.PLANES)
        return self._picture.troubles

    def earlier(self, kind: str) -> tuple[Observation, ...]:
        self._need(Need.EARLIER)
        return tuple(
            o for o in self._earlier if o.kind == kind and o.examiner in self._examiner.after
        )

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
        return Observation(
            item=self.sha256,
            examiner=self._examiner.name,
            version=self._examiner.version,
            kind=kind,
            value=value,
            level=level,
            polarity=polarity,
            basis=basis,
            llr=llr,
            locator=locator,
            model=model,
        )

    def finding(self, flag: str, *, locator: str = "", **params: Json) -> Observation:
        return self.observe("finding", {"flag": flag, **params}, locator=locator)


def make_view(
    examiner: Examiner, data: bytes, media_type: str, earlier: Iterable[Observation] = ()
) -> MemoryView:
    """Return a view of ``data`` for one examiner."""
    return MemoryView(examiner, data, media_type, earlier)
