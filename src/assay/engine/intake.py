"""What a worker sends, checked before any of it becomes a fact.

A worker parses hostile bytes, so its word is worth as much as its seal. It may speak only about
contents of the file that it was given, and only of checks that it was asked for; anything else is
refused whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from assay.core.facts import Failure, Item, Observation, Sha256, SourceId
from assay.core.jsonvalue import Json
from assay.core.vocab import EntryKind, Level, Polarity, SealLevel
from assay.engine import messages
from assay.engine.checks import OPENER
from assay.engine.plan import Plan
from assay.engine.unfold import OPENED
from assay.openers.registry import all_openers
from assay.store.records import Found, LedgerRow, LedgerState

_DEPTH = 200  # lists and tables inside one another in a value
TOP = "0"  # the ordinals of a top-level file


class RefusedError(Exception):
    """A message that no honest worker sends; says why in one sentence."""


@dataclass(slots=True)
class Asked:
    """What a worker was given: one top-level file, and the checks wanted on its contents."""

    source: SourceId
    key: str  # path of the file inside its source
    wanted: dict[Sha256, frozenset[str]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()  # finding words that the listing has for it


@dataclass(frozen=True, slots=True)
class Parcel:
    """The facts of one message."""

    place: Found | None = None
    item: Item | None = None
    is_top: bool = False
    observations: tuple[Observation, ...] = ()
    failures: tuple[Failure, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    unread: str | None = None  # why a content could not be read at all
    gone: bool = False  # because its source was away: it is to be read anew
    about: Sha256 | None = None  # the content whose placement may change


def read_parcel(body: Mapping[str, Json], asked: Asked, plan: Plan, seal: SealLevel) -> Parcel:
    """Return the facts of a message; raises RefusedError where it breaks a rule."""
    try:
        return _READERS[str(body["op"])](body, asked, plan, seal)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise RefusedError(
            f"a message of a wrong shape: {type(error).__name__}: {error}"
        ) from error


@cache
def _openings() -> Mapping[tuple[str, str], frozenset[str]]:
    """Return the kinds of fact that each opener, by name and version, may state."""
    beside = {(OPENER, "1"): frozenset({"finding"})}  # a kind that is not opened yet
    return beside | {
        (f"{OPENER}:{o.name}", o.version): frozenset({"finding", "preview", OPENED[o.reach]})
        for o in all_openers()
    }


def _entry(body: Mapping[str, Json], asked: Asked, plan: Plan, seal: SealLevel) -> Parcel:
    return Parcel(place=_place(body, asked, None))


def _unread(body: Mapping[str, Json], asked: Asked, plan: Plan, seal: SealLevel) -> Parcel:
    is_top = body["ordinals"] == TOP
    place = None if is_top else _place(body, asked, None)
    gone = body.get("gone") is True
    return Parcel(place=place, is_top=is_top, unread=str(body["detail"]), gone=gone)


def _item(body: Mapping[str, Json], asked: Asked, plan: Plan, seal: SealLevel) -> Parcel:
    item = messages.item_from_wire(_table(body["item"]))
    wanted = asked.wanted.get(item.sha256)
    if wanted is None:
        raise RefusedError("facts about a content that was never announced")
    ran = frozenset(str(name) for name in _list(body["ran"]))
    if not ran <= wanted:
        raise RefusedError("checks that were not asked for")
    observations, failures = _facts(body, item.sha256, seal)
    kind = item.media_type
    for made in _both(observations, failures):
        if made.examiner not in ran or made.config != plan.config(made.examiner, kind):
            raise RefusedError(f"a fact in the name of {made.examiner}, which was not run")
    for seen in observations:
        if seen.kind != "finding" and seen.kind not in plan.info(seen.examiner).kinds:
            raise RefusedError(f"a fact that {seen.examiner} never states")
    failed = {f.examiner for f in failures}
    ledger = tuple(
        LedgerRow(
            item.sha256,
            name,
            plan.info(name).version,
            plan.config(name, kind),
            LedgerState.FAILED if name in failed else LedgerState.DONE,
        )
        for name in sorted(ran)
    )
    return Parcel(
        place=_place(body, asked, item.sha256),
        item=item,
        is_top=body["ordinals"] == TOP,
        observations=observations,
        failures=failures,
        ledger=ledger,
        about=item.sha256,
    )


def _container(body: Mapping[str, Json], asked: Asked, plan: Plan, seal: SealLevel) -> Parcel:
    sha256, opener = Sha256(str(body["sha256"])), str(body["opener"])
    version = str(body["version"])
    kinds = _openings().get((opener, version))
    if sha256 not in asked.wanted:
        raise RefusedError("an opening of something that was never announced")
    if kinds is None:
        raise RefusedError("an opening by something that is no opener")
    observations, failures = _facts(body, sha256, seal)
    for made in _both(observations, failures):
        if (made.examiner, made.version) != (opener, version):
            raise RefusedError(f"a fact in the name of {made.examiner} from an opener")
        if made.config != plan.opener_config():
            raise RefusedError("a fact of an opener under other settings")
    for seen in observations:
        speaks = seen.level is not Level.N or seen.polarity is not Polarity.NONE
        if seen.kind not in kinds or speaks or seen.llr is not None:
            raise RefusedError("a fact that no opener states")
    state = LedgerState.FAILED if failures else LedgerState.DONE
    row = LedgerRow(sha256, opener, version, plan.opener_config(), state)
    return Parcel(observations=observations, failures=failures, ledger=(row,), about=sha256)


_READERS = {"entry": _entry, "unread": _unread, "item": _item, "container": _container}


def _place(body: Mapping[str, Json], asked: Asked, item: Sha256 | None) -> Found:
    """Return where something lies; ``item`` is the content there, None where none was read."""
    place = messages.occurrence_from_wire(_table(body["occurrence"]), asked.source)
    occurrence = place.occurrence
    if occurrence.chain[:1] != (asked.key,):
        raise RefusedError("a place outside the file that was given")
    if occurrence.sha256 != item or (item is not None and occurrence.kind is not EntryKind.FILE):
        raise RefusedError("a place of another content")
    top = body["ordinals"] == TOP
    if top != (len(occurrence.chain) == 1) or top != (place.container is None):
        raise RefusedError("a place at another depth")
    if place.container is not None and place.container not in asked.wanted:
        raise RefusedError("a place inside something that was never announced")
    if top and asked.flags:
        flags = tuple(dict.fromkeys((*occurrence.flags, *asked.flags)))
        return replace(place, occurrence=replace(occurrence, flags=flags))
    return place


def _facts(
    body: Mapping[str, Json], item: Sha256, seal: SealLevel
) -> tuple[tuple[Observation, ...], tuple[Failure, ...]]:
    observations = tuple(
        messages.observation_from_wire(_table(row), seal) for row in _list(body["observations"])
    )
    failures = tuple(messages.failure_from_wire(_table(row)) for row in _list(body["failures"]))
    for seen in observations:
        _shallow(seen.value)
    if any(made.item != item for made in _both(observations, failures)):
        raise RefusedError("a fact about another content")
    return observations, failures


def _shallow(value: Json, depth: int = 0) -> None:
    """Raise ValueError for JSON nested so deep that writing it could fail where reading did not."""
    if depth > _DEPTH:
        raise ValueError("a value nested too deep")
    if isinstance(value, Mapping):
        for inner in value.values():
            _shallow(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _shallow(inner, depth + 1)


def _both(
    observations: tuple[Observation, ...], failures: tuple[Failure, ...]
) -> list[Observation | Failure]:
    return [*observations, *failures]


def _table(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise TypeError("a table was expected")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value
