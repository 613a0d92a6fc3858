"""Inside a worker: walk a file again, only to hand over the bytes of named contents in it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from assay.core.blob import Blob
from assay.core.facts import Failure, Observation, Sha256
from assay.core.vocab import Reach
from assay.engine.job import Job, Place
from assay.engine.unfold import Outcome
from assay.engine.view import Shared

PIECE = 4 << 20  # bytes handed over at once


class EnoughError(Exception):
    """Everything asked for was handed over: the rest of the file need not be walked."""


@dataclass(slots=True)
class Giving(Job):
    """One top-level file and the contents wanted from inside it.

    Each piece is an ``ask``: the worker waits until it was written, so that neither side ever holds
    more than one piece. The bytes are those over which the item's SHA-256 was taken, and whoever
    receives them takes it again: a worker's word is not enough.
    """

    given: set[Sha256] = field(default_factory=set)

    def top(self, blob: Blob) -> None:
        try:
            Job.top(self, blob)
        except EnoughError:
            return

    def report(self, shared: Shared, place: Place, digests: Observation) -> None:
        """Hand the content over, if it was asked for."""
        wanted = self.request["originals"]
        assert isinstance(wanted, list)
        if shared.sha256 not in wanted or shared.sha256 in self.given:
            return
        self.stage(place, "hand over")
        offset = 0
        while True:
            data = shared.blob.read(offset, PIECE)
            last = not data or offset + len(data) >= shared.blob.size
            answer = self.link.ask(
                {
                    "op": "piece",
                    "sha256": shared.sha256,
                    "offset": offset,
                    "data": base64.b64encode(data).decode("ascii"),
                    "last": last,
                }
            )
            if answer.get("go") is not True:
                return
            offset += len(data)
            if last:
                break
        self.given.add(shared.sha256)
        if len(self.given) == len(wanted):
            raise EnoughError

    def container(
        self,
        shared: Shared,
        place: Place,
        outcome: Outcome,
        failures: list[Failure],
        reach: Reach,
    ) -> None:
        """Nothing to report: the facts are in the case already."""

    def unread(self, place: Place, detail: str, size: int) -> None:
        """Nothing to report: what is missing at the end is named by who asked."""
