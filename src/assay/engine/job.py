"""One top-level file on its way through a worker: digest, ask, examine, look inside, report.

For each content it asks the coordinator which checks are still wanted, so that nothing is examined
twice; results are sent as they arise, so that a crash loses one check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from assay.core.blob import Blob, DescriptorBlob, MemoryBlob, gone_of, unread_of
from assay.core.contract import Examiner
from assay.core.errors import LimitReached, Malformed, NotApplicable
from assay.core.facts import Failure, Observation, Sha256
from assay.core.jsonvalue import Json, JsonObject
from assay.core.names import bounded, display, duplicates, name_flags
from assay.core.opening import OpenContext, Opener
from assay.core.vocab import EntryKind, FailureReason, Reach, Role
from assay.engine import messages, previews
from assay.engine.family import Family
from assay.engine.plan import WorkerPlan, seconds_for
from assay.engine.stage import failure, run_examiner
from assay.engine.unfold import OPENED, Outcome, Read, Unfolded, unfold
from assay.engine.view import Shared
from assay.media import kinds, sniff
from assay.media.decode import open_picture
from assay.openers.registry import openers_for
from assay.sandbox.task import Link

DIGEST = "digest"
OPEN = "open"


class _Gone(BaseException):
    """The source went away during the job; no examiner and no opener may make it a failure."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every job of a worker uses."""

    plan: WorkerPlan
    examiners: Mapping[str, Examiner]  # prepared, in the order in which they run


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to examine, and what their container says about them."""

    blob: Blob
    rendering: bytes | None = None  # a picture made by us, where the bytes are none by themselves
    media_type: str = ""  # said by the opener where there is a rendering; else by content
    sibling: Blob | None = None  # the file that this one belongs to


@dataclass(slots=True)
class Place:
    """Where the content now being examined lies."""

    chain: tuple[str, ...]
    ordinals: str  # "0", "0/3", "0/3/1": stable address inside the top-level file
    times: list[Json]
    mode: int | None = None
    inode: str = ""
    flags: tuple[str, ...] = ()
    state: str = "allocated"
    parent: Sha256 | None = None
    role: Role = Role.MEMBER


@dataclass(slots=True)
class Job:
    """One top-level file on its way through the worker."""

    tools: Tools
    request: JsonObject
    link: Link
    unfolded: Unfolded = field(default_factory=Unfolded)
    file: Blob = field(default_factory=lambda: MemoryBlob(b""))  # the top-level one
    gone: bool = False  # its source went away

    def top(self, blob: Blob) -> None:
        self.file = blob
        if isinstance(blob, DescriptorBlob):  # a bad sector may take seconds; there are few
            blob.on_failed_read(lambda: self.budget(blob))
        chain = self.request["chain"]
        times = self.request.get("times", [])
        mode = self.request.get("mode")
        assert isinstance(chain, list)
        assert isinstance(times, list)
        name = str(chain[-1])
        beside = self.link.beside
        place = Place(
            chain=tuple(str(part) for part in chain),
            ordinals="0",
            times=times,
            mode=int(str(mode)) if mode is not None else None,
            inode=str(self.request.get("inode", "")),
            flags=name_flags(name),
        )
        try:
            self.item(Content(blob, sibling=beside[0] if beside else None), place, depth=0)
        except _Gone as gone:
            self.gone = True
            self.unread(place, str(gone), blob.size)

    def say(self, message: JsonObject) -> None:
        """Send facts, unless the source went away: then what was seen may be its doing."""
        if gone_of(self.file):
            raise _Gone(gone_of(self.file))
        self.link.send(message)

    def budget(self, blob: Blob) -> None:
        self.link.budget(seconds_for(blob.size, self.tools.plan.seconds))

    # -- one content ---------------------------------------------------------------------------

    def item(self, content: Content, place: Place, depth: int) -> Shared | None:
        """Digest, name the type, run what is wanted, then look inside; None where unread."""
        blob = content.blob
        self.budget(blob)
        shared = Shared(
            blob,
            self.tools.plan.whole_file,
            seal=self.link.seal,
            rendering=content.rendering,
            frames=self.tools.plan.frames,
        )
        try:
            digests = self.identify(shared, place)
        except (OSError, Malformed) as error:
            self.unread(place, str(error), blob.size)
            return None
        if unread_of(blob):
            place = replace(place, flags=(*place.flags, "unread_ranges"))
        if content.rendering is not None and is_whole_picture(shared):
            shared.rendering = None
        if shared.rendering is not None:
            shared.media_type = content.media_type or "image/x-derived"
        disagreement = sniff.disagrees(place.chain[-1], shared.media_type)
        if disagreement is not None and content.rendering is None:
            place = replace(place, flags=(*place.flags, "type_mismatch"))
        self.report(shared, place, digests)
        if self.request.get("contents") != "no":
            self.look_inside(shared, place, depth, content.sibling)
        return shared

    def report(self, shared: Shared, place: Place, digests: Observation) -> None:
        """Ask which checks are wanted, run them and send what they saw."""
        answer = self.link.ask(
            {
                "sha256": shared.sha256,
                "size": shared.blob.size,
                "media_type": shared.media_type,
                "ordinals": place.ordinals,
                # An unplugged disk also gives EIO: the coordinator looks whether it is there.
                "damaged": bool(unread_of(shared.blob)),
            }
        )
        if answer.get("gone"):
            raise _Gone("the source went away")
        wanted = answer.get("run", [])
        assert isinstance(wanted, list)
        failures, ran = self.examine(shared, place, [str(name) for name in wanted], digests)
        self.say(
            {
                "op": "item",
                "ordinals": place.ordinals,
                "item": {
                    "sha256": shared.sha256,
                    "md5": digests.value["md5"],
                    "sha1": digests.value["sha1"],
                    "size": shared.blob.size,
                    "media_type": shared.media_type,
                    "parent": place.parent,
                },
                "occurrence": _occurrence(place, EntryKind.FILE, shared.sha256, shared.blob.size),
                "observations": [messages.observation_to_wire(o) for o in shared.observations],
                "failures": [messages.failure_to_wire(f) for f in failures],
                "ran": list(ran),
            }
        )

    def identify(self, shared: Shared, place: Place) -> Observation:
        """Take all digests in one read and name the type by content; returns the digests."""
        poison = self.poison(place, DIGEST)
        if poison is not None:
            raise Malformed(f"reading it ended a worker: {poison['detail']}")
        self.stage(place, DIGEST)
        examiner = self.tools.examiners[DIGEST]
        seen, failed = run_examiner(examiner, shared, self.tools.plan.config(DIGEST, ""))
        digests = next((o for o in seen if o.kind == DIGEST), None)
        if digests is None:
            raise Malformed(failed.detail if failed is not None else "no digest was taken")
        if shared.blob.size and unread_of(shared.blob) == ((0, shared.blob.size),):
            raise Malformed("the medium gives none of its bytes")
        shared.sha256 = Sha256(str(digests.value["sha256"]))
        shared.media_type = sniff.sniff(shared.head(), shared.blob.size)
        return replace(digests, item=shared.sha256)

    def examine(
        self, shared: Shared, place: Place, wanted: list[str], digests: Observation
    ) -> tuple[list[Failure], dict[str, None]]:
        """Run the wanted examiners in order; returns failures and the names that were run."""
        failures: list[Failure] = []
        ran: dict[str, None] = {}
        for name, examiner in self.tools.examiners.items():
            if name not in wanted:
                continue
            ran[name] = None
            config = self.tools.plan.config(name, shared.media_type)
            if name == DIGEST:
                shared.observations.append(digests)
                failures += unread_ranges(shared, digests)
                continue
            poison = self.poison(place, name)
            if poison is not None:
                failures.append(_poisoned(shared, name, examiner.info.version, poison, config))
                continue
            self.stage(place, name)
            seen, failed = run_examiner(examiner, shared, config)
            shared.observations.extend(seen)
            if failed is not None:
                failures.append(failed)
        return failures, ran

    # -- containers ----------------------------------------------------------------------------

    def look_inside(
        self, shared: Shared, place: Place, depth: int, sibling: Blob | None = None
    ) -> None:
        """Open a container and examine its members; say so where a kind is not opened yet."""
        opened = shared.rendering is not None  # coded pixels alone: there is nothing else inside
        for opener in openers_for(shared.media_type):
            outcome = Outcome(f"{OPEN}:{opener.name}", opener.version)
            poison = self.poison(place, outcome.opener)
            if poison is not None:
                failed = _poisoned(
                    shared, outcome.opener, opener.version, poison, self.tools.plan.opener_config
                )
                self.container(shared, place, outcome, [failed], opener.reach)
                opened = opened or opener.reach is not Reach.BESIDE
                continue
            if opened and opener.reach is not Reach.BESIDE:
                continue
            try:
                self.open_with(opener, shared, place, outcome, depth, sibling)
            except NotApplicable:
                continue
            self.container(shared, place, outcome, [], opener.reach)
            locked = any(t.flag == "encrypted" for t in outcome.troubles)
            opened = opened or locked or opener.reach is not Reach.BESIDE
        if opened:
            return
        label = kinds.HOLDS_PICTURES.get(shared.media_type)
        if label is not None:
            outcome = Outcome(OPEN, "1")
            outcome.trouble("not_opened", label, FailureReason.UNSUPPORTED)
            self.container(shared, place, outcome, [], Reach.BESIDE)

    def open_with(
        self,
        opener: Opener,
        shared: Shared,
        place: Place,
        outcome: Outcome,
        depth: int,
        sibling: Blob | None,
    ) -> None:
        limits = self.tools.plan.limits
        context = OpenContext(
            passwords=self.tools.plan.passwords,
            timezone=self.tools.plan.settings.timezone,
            limits=limits,
            sibling=sibling,
        )
        self.stage(place, outcome.opener)
        names: list[str] = []
        family = Family()
        members = unfold(opener, shared.held(), context, self.unfolded, outcome)
        for number, read in enumerate(members):
            if depth >= limits.depth:
                raise_limit(outcome, limits.depth)
                return
            names.append(read.member.name)
            if not self.member(read, shared, place, outcome, number, depth, family):
                # A container with a member that is no item must never count as read to its end.
                outcome.trouble("unreadable_member", read.member.name, FailureReason.UNREADABLE)
            self.stage(place, outcome.opener)
        if duplicates(names) and not any(t.flag == "duplicate_name" for t in outcome.troubles):
            outcome.trouble("duplicate_name", display(sorted(duplicates(names))[0]))

    def member(
        self,
        read: Read,
        shared: Shared,
        place: Place,
        outcome: Outcome,
        number: int,
        depth: int,
        family: Family,
    ) -> bool:
        """Examine a member, or record an entry without content; False where it was not read."""
        member = read.member
        damage = ("unread_ranges",) if unread_of(self.file) else ()  # its bytes may be zeros
        chain = bounded((*place.chain, member.name))
        cut = ("long_name",) if chain[-1] != member.name else ()
        inner = Place(
            chain=chain,
            ordinals=f"{place.ordinals}/{outcome.prefix}{number}",
            times=messages.stamps_to_wire(member.times),
            mode=member.mode,
            inode=member.locator or f"member:{number}",
            flags=(*name_flags(member.name), *cut, *read.flags, *damage),
            state=member.state.value,
            parent=shared.sha256,
            role=member.role,
        )
        if read.data is None:
            entry = _occurrence(inner, member.kind, None, None)
            self.say({"op": "entry", "ordinals": inner.ordinals, "occurrence": entry})
            return True  # what was not read of it, ``unfold`` has put into the outcome
        sibling = family.of(member.name, read.data)
        content = Content(MemoryBlob(read.data), read.rendering, member.media_type, sibling)
        child = self.item(content, inner, depth + 1)
        if child is not None and member.role is Role.PREVIEW:
            relation = previews.relation(shared, child)
            if relation is not None:
                outcome.relations.append(relation)
        return child is not None

    def container(
        self,
        shared: Shared,
        place: Place,
        outcome: Outcome,
        failures: list[Failure],
        reach: Reach,
    ) -> None:
        """Send what opening found; only a true container's record can set it aside."""
        config = self.tools.plan.opener_config
        observations = [
            _by_opener(
                shared, outcome, config, "finding", {"flag": t.flag, "detail": t.detail[:500]}
            )
            for t in outcome.troubles
        ]
        if outcome.members or reach is not Reach.BESIDE:
            value: dict[str, Json] = {
                "opener": outcome.opener.partition(":")[2],
                "members": outcome.members,
                "complete": outcome.complete and not failures,
            }
            kind = OPENED[reach]
            observations.append(_by_opener(shared, outcome, config, kind, value))
        observations += [
            _by_opener(shared, outcome, config, "preview", relation)
            for relation in outcome.relations
        ]
        for reason, details in outcome.failures.items():
            more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
            failures.append(
                failure(
                    shared,
                    outcome.opener,
                    outcome.version,
                    reason,
                    display(details[0]) + more,
                    config,
                    stage=f"open ({reason.value})",
                )
            )
        self.say(
            {
                "op": "container",
                "ordinals": place.ordinals,
                "sha256": shared.sha256,
                "opener": outcome.opener,
                "version": outcome.version,
                "observations": [messages.observation_to_wire(o) for o in observations],
                "failures": [messages.failure_to_wire(f) for f in failures],
            }
        )

    # -- helpers -------------------------------------------------------------------------------

    def stage(self, place: Place, name: str) -> None:
        """Leave a breadcrumb: after a crash it says which check on which content did it."""
        self.link.trace(f"{place.ordinals}|{name}")

    def poison(self, place: Place, stage: str) -> Mapping[str, Json] | None:
        """Return why this check must not be tried again on this content, if so."""
        table = self.request.get("poison", {})
        assert isinstance(table, Mapping)
        entry = table.get(f"{place.ordinals}|{stage}")
        return entry if isinstance(entry, Mapping) else None

    def unread(self, place: Place, detail: str, size: int) -> None:
        entry = _occurrence(
            replace(place, flags=(*place.flags, "unreadable_member")),
            EntryKind.UNREADABLE,
            None,
            size,
        )
        self.link.send(
            {
                "op": "unread",
                "ordinals": place.ordinals,
                "occurrence": entry,
                "detail": detail[:500],
                "gone": self.gone or bool(gone_of(self.file)),
            }
        )


def is_whole_picture(shared: Shared) -> bool:
    """Tell whether stored bytes that came with a rendering are a picture file by themselves.

    One content has one set of facts. A document that calls a photograph's bytes raw pixels must
    not have its noise examined in the photograph's place, wherever that lies.
    """
    if not kinds.is_picture(shared.media_type):
        return False
    try:
        return open_picture(shared.data(), shared.media_type).info.decoded == "full"
    except (NotApplicable, Malformed, LimitReached, MemoryError):
        return False


def raise_limit(outcome: Outcome, depth: int) -> None:
    outcome.trouble("nesting_limit", f"more than {depth} levels", FailureReason.LIMIT)


def _occurrence(
    place: Place, kind: EntryKind, sha256: Sha256 | None, size: int | None
) -> dict[str, Json]:
    return {
        "chain": list(place.chain),
        "kind": kind.value,
        "sha256": sha256,
        "container": place.parent,
        "size": size,
        "times": place.times,
        "mode": place.mode,
        "state": place.state,
        "inode": place.inode,
        "flags": list(dict.fromkeys(place.flags)),
        "role": place.role.value,
    }


def unread_ranges(shared: Shared, digests: Observation) -> list[Failure]:
    """Record what the medium did not give; such bytes count as zeros in the digests."""
    ranges = unread_of(shared.blob)
    if not ranges:
        return []
    size = sum(stop - start for start, stop in ranges)
    shown = ", ".join(f"{start}-{stop}" for start, stop in ranges[:20])
    more = f" and {len(ranges) - 20} more ranges" if len(ranges) > 20 else ""
    detail = f"{size} bytes of {shared.blob.size} read as zeros: bytes {shown}{more}"
    value: dict[str, Json] = {
        "flag": "unread_ranges",
        "detail": detail,
        "ranges": [[start, stop] for start, stop in ranges[:1000]],
    }
    shared.observations.append(replace(digests, kind="finding", value=value))
    reason = FailureReason.UNREADABLE
    return [failure(shared, DIGEST, digests.version, reason, detail, digests.config, stage="read")]


def _by_opener(
    shared: Shared, outcome: Outcome, config: str, kind: str, value: JsonObject
) -> Observation:
    return Observation(
        item=shared.sha256,
        examiner=outcome.opener,
        version=outcome.version,
        kind=kind,
        value=value,
        config=config,
        seal=shared.seal,
    )


def _poisoned(
    shared: Shared, name: str, version: str, poison: Mapping[str, Json], config: str
) -> Failure:
    return failure(
        shared,
        name,
        version,
        FailureReason(str(poison["reason"])),
        str(poison["detail"]),
        config,
        attempts=int(str(poison["attempts"])),
    )
