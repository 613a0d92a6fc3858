"""Measures what each stage of the pipeline costs alone: one process, one thread, warm caches.

Every stage calls the code that the pipeline runs, on files that all earlier stages have prepared,
so that nothing is counted twice. CPU time is taken, which other processes disturb least.
Run as ``python -m benchmarks._stages CORPUS --scale N``; prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assay.core.blob import DescriptorBlob
from assay.core.jsonvalue import Json, JsonObject
from assay.core.vocab import EntryKind, SealLevel
from assay.engine.batch import Committer
from assay.engine.job import Job, Place, Tools
from assay.engine.ledger import Ledger
from assay.engine.plan import Plan, make_plan
from assay.engine.progress import Progress, Silent
from assay.engine.registry import installed
from assay.engine.run import COMMIT_ITEMS, Run, RunOptions, Ticket
from assay.engine.session import CaseOptions, Session, create
from assay.engine.stage import run_examiner
from assay.engine.unit import Unit
from assay.engine.view import Shared
from assay.media import sniff
from assay.media.decode import hash_plane
from assay.sandbox import wire
from assay.sources.folder import FolderSource
from assay.sources.found import Found
from benchmarks._corpus import Corpus, make

PASS = 1  # the last pass measured

DIGESTS, WALK, DECODE = "read, digests", "type, container walk", "decode"
THUMBNAIL = "EXIF, camera"
INSIDE = "look inside, behind the end"
WIRE, STORE = "to the coordinator (IPC)", "judge, store"
_STAGE_OF = {
    "content": WALK,
    "pdq": "PDQ",
    "exif": THUMBNAIL,
    "camera": THUMBNAIL,
    "picture": DECODE,
    "genparams": "generation records",
    "c2pa": "C2PA",
}
OTHER = "other examiners"
STAGES = (
    DIGESTS,
    WALK,
    DECODE,
    "PDQ",
    THUMBNAIL,
    "generation records",
    "C2PA",
    OTHER,
    INSIDE,
    WIRE,
    STORE,
)


@dataclass(slots=True)
class Times:
    """CPU seconds by stage, of all files of one kind."""

    files: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    def ms(self) -> dict[str, float]:
        """Return milliseconds a file."""
        return {stage: 1000 * s / max(self.files, 1) for stage, s in self.seconds.items()}


@dataclass(slots=True)
class Sample:
    """One file between two stages."""

    found: Found
    fd: int
    shared: Shared


class Recorder:
    """Implements ``assay.sandbox.task.Link``: wants every check, keeps what the unit says."""

    seal = SealLevel.NONE
    beside = ()

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.frames: list[Json] = []

    def send(self, message: JsonObject) -> None:
        self.frames.append(["send", message])

    def ask(self, message: JsonObject) -> JsonObject:
        self.frames.append(["ask", message])
        infos = self._plan.applicable(str(message["media_type"]))
        answer: JsonObject = {"run": [i.name for i in infos if self._plan.in_passes(i)]}
        self.frames.append(["answer", answer])
        return answer

    def trace(self, text: str) -> None:
        """Nothing to leave behind: this process is not sealed."""

    def budget(self, seconds: float) -> None:
        self.frames.append(["budget", seconds])


class Bench:
    """The prepared checks and a throw-away case, as a run has them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.plan = make_plan(
            [e for e in installed() if e.info.cost <= PASS],
            session.plan().settings,
            limits=session.plan().limits,
        )
        self.unit = Unit()
        self.unit.preload()
        self.unit.prepare(self.plan.to_wire())

    def run(self, found: Sequence[tuple[str, Found, Path]]) -> dict[str, Times]:
        """Take every stage over the files and return what each cost, by kind of file."""
        times: dict[str, Times] = {}
        rows: list[tuple[Found, list[Json]]] = []
        for label in dict.fromkeys(kind for kind, _, _ in found):
            mine = times[label] = Times()
            for kind, listed, path in found:
                if kind != label:
                    continue
                sample = self._open(listed, path)
                mine.files += 1
                for stage, work in self._stages():
                    started = time.process_time()
                    work(sample)
                    mine.seconds[stage] += time.process_time() - started
                rows.append((listed, self._said(sample)))
                os.close(sample.fd)
            mine.seconds[WIRE] = _wire_seconds([frames for _, frames in rows[-mine.files :]])
        store = self._store_seconds(rows) / max(len(rows), 1)
        for mine in times.values():
            mine.seconds[STORE] = store * mine.files
        return times

    def _open(self, found: Found, path: Path) -> Sample:
        fd = os.open(path, os.O_RDONLY)
        return Sample(found, fd, Shared(DescriptorBlob(fd), self.plan.whole_file))

    def _stages(self) -> Iterator[tuple[str, Callable[[Sample], None]]]:
        yield DIGESTS, self._examiner("digest")
        yield WALK, _walk
        yield DECODE, _decode
        for name in self.unit.examiners:
            if name != "digest":
                yield _STAGE_OF.get(name, OTHER), self._examiner(name)
        yield INSIDE, self._look_inside

    def _examiner(self, name: str) -> Callable[[Sample], None]:
        examiner = self.unit.examiners[name]
        config = self.plan.config(name, "image/jpeg")

        def work(sample: Sample) -> None:
            seen, failed = run_examiner(examiner, sample.shared, config)
            if failed is not None:
                raise RuntimeError(f"{sample.found.key}: {name}: {failed.detail}")
            sample.shared.observations.extend(seen)

        return work

    def _look_inside(self, sample: Sample) -> None:
        job = Job(Tools(self.unit.plan, self.unit.examiners), {}, Recorder(self.plan))
        job.look_inside(sample.shared, Place((sample.found.key,), "0", []), 0)

    def _said(self, sample: Sample) -> list[Json]:
        """Return the frames that the unit of work exchanges with the coordinator for a file."""
        link = Recorder(self.plan)
        request: JsonObject = {"chain": [sample.found.key], "times": [], "poison": {}}
        self.unit.handle(request, DescriptorBlob(sample.fd), link)
        return [["do", 1, request, 1, []], *link.frames, ["done"]]

    def _store_seconds(self, rows: Sequence[tuple[Found, list[Json]]]) -> float:
        """Return what taking in, judging and committing all files costs the coordinator."""
        source = FolderSource.open(self.session.case.folder.parent)
        with self.session.case.transaction("benchmark", "source.added", source.uri) as tx:
            tx.add_source(source.record(opened_at=tx.at, operator="benchmark"))
        session = self.session
        committer = Committer(session.case, session.pinned, session.policy, Progress(), "benchmark")
        run = Run(committer, Ledger(session.case), self.plan, RunOptions(), Silent())
        started = time.process_time()
        for number, (found, frames) in enumerate(rows):
            ticket = run.tickets[number] = Ticket(source, found)
            for frame in frames:
                match frame:
                    case ["ask", Mapping() as body]:
                        run.answer(number, body)
                    case ["send", Mapping() as body]:
                        run.message(ticket, body, _Level())  # type: ignore[arg-type]
            run.finished(run.tickets.pop(number))
            if len(run.batch) >= COMMIT_ITEMS:
                run.commit()
        run.commit()
        spent = time.process_time() - started
        source.close()
        placed = len(list(session.case.reader.placements()))
        if placed < len(rows):  # previews are items besides
            raise RuntimeError(f"{placed} of {len(rows)} files were taken in and judged")
        return spent


class _Level:
    """Stands for the pool, of which the coordinator only asks the level of the seal."""

    level = SealLevel.FULL


def _walk(sample: Sample) -> None:
    shared = sample.shared
    shared.media_type = sniff.sniff(shared.head(), shared.blob.size)
    sniff.disagrees(sample.found.key, shared.media_type)
    shared.walk()


def _decode(sample: Sample) -> None:
    """Decode the plane that is hashed; a further one that an examiner asks for is its own cost."""
    picture = sample.shared.picture()
    if hash_plane(picture.info) == "Y":
        picture.luma()


def _wire_seconds(files: Sequence[Sequence[Json]]) -> float:
    """Return what the frames of files cost both sides: written, passed by a socket, read."""
    ours, theirs = socket.socketpair()
    decoder = wire.Decoder()
    started = time.process_time()
    for frames in files:
        for frame in frames:
            left = wire.encode(frame)
            values: list[Json] = []
            while not values:
                left = left[ours.send(left[: 1 << 16]) :]
                values = decoder.feed(theirs.recv(1 << 16))
    spent = time.process_time() - started
    ours.close()
    theirs.close()
    return spent


def list_corpus(corpus: Corpus) -> list[tuple[str, Found, Path]]:
    """Return every file of the corpus as the pipeline lists it, with its kind."""
    kinds = {path: label for label, paths in corpus.files.items() for path in paths}
    source = FolderSource.open(corpus.folder)
    rows = [
        (kinds[corpus.folder / found.key], found, corpus.folder / found.key)
        for found in source.walk()
        if found.kind is EntryKind.FILE
    ]
    source.close()
    return rows


def measure(corpus: Corpus, most: int) -> dict[str, Times]:
    """Return the stages over at most about ``most`` files, after a few that warm every cache."""
    found = list_corpus(corpus)
    times: dict[str, Times] = {}
    for files in (40, most):
        some = found[:: max(1, len(found) // files)]  # they are listed kind by kind
        with (
            tempfile.TemporaryDirectory() as scratch,
            create(Path(scratch) / "case", CaseOptions(), "benchmark") as session,
        ):
            times = Bench(session).run(some)
    return times


def main() -> None:
    """Measure and print kind -> stage -> CPU ms a file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--files", type=int, default=300, help="measured, about, of all kinds")
    asked = parser.parse_args()
    times = measure(make(asked.corpus, asked.scale), asked.files)
    json.dump({kind: row.ms() for kind, row in times.items()}, sys.stdout)


if __name__ == "__main__":
    main()
