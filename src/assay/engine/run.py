"""One run: list the sources, hand files to the sealed pool, commit what comes back, keep order.

Resume needs no state of its own: a file whose entry is committed and unchanged is skipped, a
content whose checks are in the ledger is not examined again, so a killed run loses at most what was
in flight.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assay.core.errors import SourceError, SourceVanishedError
from assay.core.facts import Failure, Item, Sha256, SourceId
from assay.core.jsonvalue import Json, JsonObject
from assay.core.medium import let_go
from assay.core.vocab import EntryKind, FailureReason
from assay.engine import messages
from assay.engine.ahead import TASK
from assay.engine.batch import Batch, Committer
from assay.engine.family import owner_of
from assay.engine.feed import Feed, Listed, Vanished, occurrence_of, path_of
from assay.engine.intake import Asked, Parcel, RefusedError, read_parcel
from assay.engine.ledger import Ledger
from assay.engine.plan import Plan, seconds_for
from assay.engine.progress import Watcher
from assay.engine.settled import Settled
from assay.sandbox.headstart import HeadStart
from assay.sandbox.platform import WorkerLimits
from assay.sandbox.pool import Pool
from assay.sandbox.task import Asked as Question
from assay.sandbox.task import Died, Finished, Message, OpenSource
from assay.sources.folder import FolderSource
from assay.sources.found import Found as Listing
from assay.store import queries
from assay.store.records import Entry, EntryState, Found, LedgerRow, LedgerState

COMMIT_ITEMS = 256
COMMIT_SECONDS = 1.0
CRASHES = 2  # crashes of one check on one content before it is recorded and left out
RETURNS = 8  # times that a file is read anew after its source was back at once
DEATHS = 40  # workers that one top-level file may kill before it is given up
UPDATE_SECONDS = 0.2
WHOLE = "open:file"  # the check that a top-level file was gone through to its end
BREATH = 0.005  # seconds between two looks at the listing while no file is in work


@dataclass(frozen=True, slots=True)
class RunOptions:
    workers: int = 0  # 0 = one per core
    memory: int = 4 << 30  # bytes of address space per worker
    wait_for_source: float = 3600.0  # seconds to wait for a source that went away
    retry_locked: bool = False  # open again what a missing password had locked
    retry_failed: bool = False  # repeat every check that had failed, and read damaged files again


@dataclass(slots=True)
class Ticket:
    """One top-level file in flight."""

    source: FolderSource
    found: Listing
    poison: dict[str, Json] = field(default_factory=dict)
    crashes: dict[str, int] = field(default_factory=dict)
    deaths: int = 0
    top: Sha256 | None = None
    claimed: set[Sha256] = field(default_factory=set)
    unread: str = ""
    gone: bool = False  # its source was away while it was read
    returns: int = 0  # times that it was read anew for that
    refused: str = ""  # why what its worker says is no longer listened to
    asked: Asked = field(init=False)

    def __post_init__(self) -> None:
        self.asked = Asked(self.source.id, self.found.key, flags=self.found.beside)


class Run:
    """A run over listed sources into one case. ``go`` may be interrupted at any time."""

    def __init__(
        self,
        committer: Committer,
        ledger: Ledger,
        plan: Plan,
        options: RunOptions,
        watcher: Watcher,
        ahead: HeadStart | None = None,
        check_interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        self.committer = committer
        self.case = committer.case
        self.progress = committer.progress
        self.ledger = ledger
        self.plan = plan
        self.options = options
        self.watcher = watcher
        self.ahead = ahead
        self.check_interrupt = check_interrupt
        self.batch = Batch()
        self.tickets: dict[int, Ticket] = {}
        self.again: deque[Ticket] = deque()
        self.settled: dict[SourceId, Settled] = {}
        self.digest = plan.digest()
        self.failed: set[Sha256] = set()
        self._committed_at = time.monotonic()
        self._updated_at = 0.0

    # -- the loop ------------------------------------------------------------------------------

    def go(self, sources: Sequence[FolderSource]) -> None:
        """Run to the end of all sources; on any exception what is finished is committed."""
        feed = Feed(sources)
        # else at the first file, so that a run with nothing to do needs none
        pool = self.open_pool() if self.ahead is not None else None
        try:
            for ticket in self.wanted(feed):
                if ticket is not None:
                    if pool is None:
                        pool = self.open_pool()
                    self.submit(pool, ticket)
                if pool is not None:
                    self.turn(pool, busy=ticket is None)
                elif ticket is None:
                    time.sleep(BREATH)
                self.tick(feed)
                self.check_interrupt()
        finally:
            feed.stop()
            if pool is not None:
                pool.close()
            self.commit()
            known = self.case.reader.count_items()
            self.progress.skipped = max(0, known - self.progress.examined)
            self.tick(feed, force=True)

    def open_pool(self) -> Pool:
        return Pool(
            TASK,
            self.plan.to_wire(),
            workers=self.options.workers or os.cpu_count() or 1,
            limits=WorkerLimits(
                memory=self.options.memory, seconds=seconds_for(0, self.plan.seconds)
            ),
            ahead=self.ahead,
        )

    def wanted(self, feed: Feed) -> Iterator[Ticket | None]:
        """Yield files to submit, and None whenever the loop should turn without a new one."""
        ended = False
        while not ended or self.again or self.tickets:
            while self.again:
                yield self.again.popleft()
            entries = iter(()) if ended else feed.ready()
            for entry in entries:
                if entry is None:
                    ended = True
                elif isinstance(entry, Vanished):
                    self.wait_for(entry.source)
                elif (ticket := self.take(entry)) is not None:
                    yield ticket
                while self.again:
                    yield self.again.popleft()
            if not ended or self.tickets:
                yield None

    def take(self, entry: Listed) -> Ticket | None:
        """Record a listed entry; returns a ticket where there is a file still to be read."""
        source, found = entry.source, entry.found
        if found.kind is not EntryKind.FILE:
            self.record_entry(source, found)
            return None
        if found not in self.settled_in(source):
            return Ticket(source, found)
        self.progress.files_done += 1
        self.progress.bytes_done += found.size or 0
        return None

    def settled_in(self, source: FolderSource) -> Settled:
        """Return what needs no look in a source; loaded once, when its first file is listed."""
        known = self.settled.get(source.id)
        if known is None:
            unfinished: set[Sha256] = set()
            if self.options.retry_locked or self.options.retry_failed:
                alone = not self.options.retry_failed
                unfinished = queries.unfinished_tops(self.case.connection, openers_alone=alone)
            known = Settled(self.case, source.id, self.digest, unfinished)
            self.settled[source.id] = known
        return known

    def submit(self, pool: Pool, ticket: Ticket) -> None:
        """Open a file read-only and send it to a worker, once one has room."""
        while pool.capacity() <= 0:
            self.turn(pool, busy=True)
        found = ticket.found
        try:
            fd = ticket.source.open_entry(found)
        except SourceVanishedError:
            self.again.append(ticket)
            self.wait_for(ticket.source)
            return
        except OSError as error:
            self.record_unread(ticket, error.strerror or str(error))
            return
        path = path_of(ticket.source, found)
        beside = self.open_owner(ticket, path)
        try:
            number = pool.submit(self.request(ticket), OpenSource(fd, path), *beside)
        finally:
            for source in (OpenSource(fd), *beside):
                let_go(source.fd or fd)
        self.tickets[number] = ticket

    def open_owner(self, ticket: Ticket, path: str) -> tuple[OpenSource, ...]:
        """Open the file that a database's journal belongs to, where it stands beside it."""
        owner = owner_of(ticket.found.key)
        if owner is None:
            return ()
        try:
            fd = ticket.source.open_entry(replace(ticket.found, key=owner))
        except (OSError, SourceVanishedError):
            return ()
        return (OpenSource(fd, path[: len(owner) - len(ticket.found.key)]),)

    def request(self, ticket: Ticket) -> JsonObject:
        found = ticket.found
        return {
            "chain": [found.key],
            "times": messages.stamps_to_wire(found.times),
            "mode": found.mode,
            "inode": found.inode,
            "poison": ticket.poison,
        }

    def turn(self, pool: Pool, *, busy: bool) -> None:
        """Handle what the workers said; waits a moment where there is nothing else to do."""
        pause = (0.05 if self.tickets else BREATH) if busy else 0.0
        for event in pool.poll(pause):
            if isinstance(event, Question):
                pool.reply(event.ticket, self.answer(event.ticket, event.body))
            elif isinstance(event, Message):
                self.message(self.tickets[event.ticket], event.body, pool)
            elif isinstance(event, Finished):
                self.finished(self.tickets.pop(event.ticket))
            elif isinstance(event, Died):
                self.died(self.tickets.pop(event.ticket), event)
        old = time.monotonic() - self._committed_at > COMMIT_SECONDS
        if len(self.batch) >= COMMIT_ITEMS or (old and self.batch):
            self.commit()

    # -- what workers say ----------------------------------------------------------------------

    def answer(self, number: int, body: Mapping[str, Json]) -> JsonObject:
        """Tell a worker which checks are wanted on a content, or that its source is gone."""
        ticket = self.tickets[number]
        # An unplugged disk gives the same error as a bad sector; nothing of it is damage.
        if body.get("damaged") and (ticket.gone or not ticket.source.alive()):
            return {"gone": True}
        sha256 = Sha256(str(body.get("sha256")))
        wanted: list[str] = []
        if not any(sha256 in t.claimed for t in self.tickets.values() if t is not ticket):
            wanted = self.ledger.wanted(sha256, str(body.get("media_type")), self.plan)
        if wanted:
            ticket.claimed.add(sha256)
        known = ticket.asked.wanted.get(sha256, frozenset())
        ticket.asked.wanted[sha256] = known | frozenset(wanted)
        return {"run": list(wanted)}

    def message(self, ticket: Ticket, body: Mapping[str, Json], pool: Pool) -> None:
        """Take the facts of a message into the batch, or refuse the rest of the file."""
        if ticket.refused:
            return
        try:
            parcel = read_parcel(body, ticket.asked, self.plan, pool.level)
        except RefusedError as error:
            ticket.refused = f"its worker sent {error}"
            return
        if parcel.unread is not None and parcel.is_top:
            ticket.unread, ticket.gone = parcel.unread, ticket.gone or parcel.gone
            return
        if parcel.unread is not None:
            self.progress.unread += 1
        if parcel.place is not None:
            self.batch.occurrences.append(parcel.place)
        if parcel.about is not None:
            self.batch.dirty[parcel.about] = None
        self.batch.observations += parcel.observations
        self.batch.ledger += parcel.ledger
        self.ledger.mark(parcel.ledger)
        if parcel.item is not None:
            self.item(ticket, parcel.item, parcel)
        self.note_failures(parcel.failures)

    def item(self, ticket: Ticket, item: Item, parcel: Parcel) -> None:
        if parcel.is_top:
            ticket.top = item.sha256
        if parcel.ledger and item.sha256 in ticket.claimed:
            self.progress.examined += 1
        ticket.claimed.discard(item.sha256)
        self.batch.items.append(item)

    def note_failures(self, failures: Sequence[Failure]) -> None:
        self.batch.failures += failures
        for failure in failures:
            self.batch.dirty[failure.item] = None
            if failure.item not in self.failed:
                self.failed.add(failure.item)
                self.progress.failed += 1

    def finished(self, ticket: Ticket) -> None:
        if ticket.refused:
            self.give_up(ticket, ticket.refused)
            return
        if ticket.unread:
            there = ticket.source.alive()
            if not there or (ticket.gone and ticket.returns < RETURNS):
                returns = ticket.returns + 1
                self.again.append(Ticket(ticket.source, ticket.found, returns=returns))
                if not there:
                    self.wait_for(ticket.source)
                return
            self.record_unread(ticket, ticket.unread)
            return
        self.progress.files_done += 1
        self.progress.bytes_done += ticket.found.size or 0
        if self.options.retry_failed and ticket.top is not None and not ticket.refused:
            self.batch.ledger.append(_read_to_its_end(ticket.top))
        self.batch.entries.append(
            _entry(ticket.source, ticket.found, EntryState.DONE, ticket.top, plan=self.digest)
        )

    def died(self, ticket: Ticket, event: Died) -> None:
        """Try the file again; leave out a check that hung once or crashed twice on a content."""
        if event.reason is FailureReason.UNREADABLE:  # the fallback opens paths in the worker
            ticket.unread = event.detail
            self.finished(ticket)
            return
        ticket.deaths += 1
        ticket.claimed.clear()
        trace = event.trace or "0|digest"
        crashes = ticket.crashes[trace] = ticket.crashes.get(trace, 0) + 1
        if ticket.deaths >= DEATHS:
            dead = f"given up after {ticket.deaths} workers died on it; last: {event.detail}"
            self.give_up(ticket, dead)
            return
        if event.reason is not FailureReason.CRASH or crashes >= CRASHES:
            ticket.poison[trace] = {
                "reason": event.reason.value,
                "detail": event.detail,
                "attempts": crashes,
            }
        self.again.append(ticket)

    def give_up(self, ticket: Ticket, detail: str) -> None:
        """Record that a file was not examined to its end, and go on with the others."""
        if ticket.top is None:
            self.record_unread(ticket, detail)
            return
        self.note_failures([_given_up(ticket.top, detail)])
        self.batch.ledger.append(_read_to_its_end(ticket.top, LedgerState.FAILED))
        self.progress.files_done += 1
        self.progress.bytes_done += ticket.found.size or 0
        self.batch.entries.append(
            _entry(ticket.source, ticket.found, EntryState.DONE, ticket.top, plan=self.digest)
        )

    # -- what is recorded without a worker -----------------------------------------------------

    def record_entry(self, source: FolderSource, found: Listing) -> None:
        """Record a link, special file, excluded or unreadable entry, once."""
        state = _STATES.get(found.kind, EntryState.LINK)
        if found.kind is EntryKind.UNREADABLE:
            self.progress.unread += 1
        if found.kind is EntryKind.EXCLUDED:
            self.progress.excluded += 1
        known = self.case.reader.entry(source.id, found.key)
        if known is None or known.state is not state:
            self.batch.entries.append(_entry(source, found, state, None))
            self.batch.occurrences.append(Found(occurrence_of(source, found)))

    def record_unread(self, ticket: Ticket, detail: str) -> None:
        self.progress.unread += 1
        self.progress.files_done += 1
        found = ticket.found
        entry = _entry(ticket.source, found, EntryState.FAILED, None, detail)
        known = self.case.reader.entry(ticket.source.id, found.key)
        if known is None or known.state is not EntryState.FAILED:
            self.batch.entries.append(entry)
            place = replace(occurrence_of(ticket.source, found), kind=EntryKind.UNREADABLE)
            self.batch.occurrences.append(Found(place))

    def wait_for(self, source: FolderSource) -> None:
        """Pause until a source is back. Nothing of it becomes a failure meanwhile."""
        self.commit()
        for ticket in self.tickets.values():  # what they met meanwhile may be its absence
            ticket.gone = ticket.gone or ticket.source is source
        self.progress.waiting_for = source.uri
        deadline = time.monotonic() + self.options.wait_for_source
        while not source.alive():
            self.check_interrupt()
            if time.monotonic() > deadline:
                raise SourceError(
                    f"{source.uri} is no longer there; everything read so far is kept",
                    hint="reconnect it and run the same command again",
                )
            self.watcher.update(self.progress)
            time.sleep(min(1.0, self.options.wait_for_source))
        self.progress.waiting_for = ""

    def commit(self) -> None:
        self._committed_at = time.monotonic()
        if self.batch:
            batch, self.batch = self.batch, Batch()
            self.committer.commit(batch, f"{len(batch.occurrences)} occurrences")
            self.ledger.committed()

    def tick(self, feed: Feed, *, force: bool = False) -> None:
        """Tell the watcher how things stand, a few times a second."""
        now = time.monotonic()
        if not force and now - self._updated_at < UPDATE_SECONDS:
            return
        self._updated_at = now
        self.progress.listing = feed.listing
        self.progress.files_found = feed.files
        self.progress.bytes_found = feed.size
        self.watcher.update(self.progress)


_STATES = {EntryKind.EXCLUDED: EntryState.EXCLUDED, EntryKind.UNREADABLE: EntryState.FAILED}


def _entry(
    source: FolderSource,
    found: Listing,
    state: EntryState,
    sha256: Sha256 | None,
    detail: str = "",
    plan: str = "",
) -> Entry:
    return Entry(
        source=source.id,
        key=found.key,
        kind=found.kind,
        size=found.size,
        mtime_ns=found.mtime_ns,
        inode=found.inode,
        mode=found.mode,
        sha256=sha256,
        state=state,
        detail=detail or found.detail,
        plan=plan,
    )


def _read_to_its_end(sha256: Sha256, state: LedgerState = LedgerState.DONE) -> LedgerRow:
    return LedgerRow(sha256, WHOLE, "1", "", state)


def _given_up(sha256: Sha256, detail: str) -> Failure:
    return Failure(
        item=sha256,
        examiner=WHOLE,
        version="1",
        stage="given up",
        reason=FailureReason.CRASH,
        detail=detail[:500],
        attempts=DEATHS,
    )
