"""The pool's books on one worker: which requests it holds, and until when it may work on them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from assay.core.medium import let_go
from assay.sandbox.platform import WorkerLimits


@dataclass(slots=True)
class Request:
    """A submitted request; the pool's own descriptor lives as long as the request may be sent."""

    ticket: int
    frame: bytes  # as it is sent
    fds: tuple[int, ...]
    tries: int = 0  # workers that ended while they held it

    def close(self) -> None:
        for fd in self.fds:
            let_go(fd)
        self.fds = ()


@dataclass(slots=True, eq=False)
class Place:
    """A request in a worker's queue; ``dropped`` once it was taken back for another worker."""

    request: Request
    dropped: bool = False


@dataclass(slots=True)
class Slot:
    """Times are seconds of the monotonic clock."""

    ready: bool = False
    places: deque[Place] = field(default_factory=deque)  # the first is in work
    since: float = math.inf  # when the first began
    deadline: float = math.inf
    ceiling: float = math.inf  # no budget moves the deadline past this
    asking: bool = False
    left: float = math.inf  # until the deadline, kept while the worker waits for an answer
    served: int = 0

    @property
    def head(self) -> Place:
        return self.places[0]

    def waiting(self) -> list[Place]:
        """Return the places behind the first that were not taken back."""
        return [place for place in list(self.places)[1:] if not place.dropped]

    def add(self, request: Request, now: float, limits: WorkerLimits) -> None:
        self.places.append(Place(request))
        if len(self.places) == 1:
            self._begin(now, limits)

    def next(self, now: float, limits: WorkerLimits) -> None:
        """The first is done with."""
        self.places.popleft()
        self.served += 1
        if self.places:
            self._begin(now, limits)
        else:
            self.since = self.deadline = self.ceiling = math.inf

    def _begin(self, now: float, limits: WorkerLimits) -> None:
        self.since = now
        self.ceiling = now + limits.total
        self.deadline = min(now + limits.seconds, self.ceiling)

    def budget(self, seconds: float, now: float) -> None:
        self.deadline = min(now + seconds, self.ceiling)

    def asked(self, now: float) -> None:
        self.asking = True
        self.left = self.deadline - now
        self.deadline = math.inf

    def answered(self, now: float) -> None:
        self.asking = False
        self.deadline = now + self.left

    def postpone(self, seconds: float) -> None:
        """Do not count time in which nobody listened to the worker."""
        self.since += seconds
        self.deadline += seconds
        self.ceiling += seconds
