"""A worker's word is taken only about its own file and the checks it was asked for."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.facts import SourceId
from assay.core.vocab import SealLevel
from assay.engine.intake import Asked, RefusedError, read_parcel
from tests.support.containers import zip_named
from tests.support.pictures import jpeg
from tests.support.unit import Recorder, examine

OTHER = "f" * 64


def recorded() -> tuple[Recorder, Asked]:
    """Return everything an honest worker says about one archive, and what it was asked."""
    link = examine("box.zip", zip_named(("a.jpg", jpeg(1))))
    asked = Asked(SourceId("s"), "box.zip")
    for message in link.of("item"):
        asked.wanted[message["item"]["sha256"]] = frozenset(message["ran"])  # type: ignore[index, call-overload, arg-type]
    return link, asked


def test_what_an_honest_worker_says_is_taken_whole() -> None:
    link, asked = recorded()
    parcels = [read_parcel(m, asked, link.plan, SealLevel.FULL) for m in link.sent]  # type: ignore[arg-type]
    assert [p.item is not None for p in parcels] == [True, True, False]
    assert all(o.seal is SealLevel.FULL for p in parcels for o in p.observations)
    assert {row.examiner for row in parcels[-1].ledger} == {"open:zip"}


def _nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"in": value}
    return value


LIES: dict[str, Callable[[Any], None]] = {
    "another content": lambda m: m["item"].update(sha256=OTHER),
    "an observation about another content": lambda m: m["observations"][0].update(item=OTHER),
    "a check that was not asked for": lambda m: m["ran"].append("c2pa-of-mine"),
    "a fact of a check that did not run": lambda m: m["observations"][0].update(
        examiner="open:zip"
    ),
    "other settings": lambda m: m["observations"][0].update(config="0" * 16),
    "a place elsewhere": lambda m: m["occurrence"].update(chain=["other.jpg"]),
    "a foreign container": lambda m: m["occurrence"].update(container=OTHER),
    "no list": lambda m: m.update(observations="none"),
    "an unknown level": lambda m: m["observations"][0].update(level="S9"),
    "a missing field": lambda m: m.pop("occurrence"),
    "an unknown operation": lambda m: m.update(op="decide"),
    "a kind that the check never states": lambda m: m["observations"][0].update(kind="c2pa"),
    "a place of another content": lambda m: m["occurrence"].update(sha256=OTHER),
    "a place of no content": lambda m: m["occurrence"].update(sha256=None, kind="symlink"),
    "a top-level place inside something": lambda m: m["occurrence"]["chain"].append("inner.jpg"),
    "a value nested too deep to write": lambda m: m["observations"][0].update(value=_nested(300)),
    "a path for a digest": lambda m: m["item"].update(md5="../../../../etc/passwd"),
    "a digest of another length": lambda m: m["item"].update(sha1="ab"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_refused_whole(lie: str) -> None:
    link, asked = recorded()
    message = copy.deepcopy(dict(link.sent[0]))
    LIES[lie](message)
    with pytest.raises(RefusedError):
        read_parcel(message, asked, link.plan, SealLevel.FULL)


FALSE_OPENINGS: dict[str, Callable[[Any], None]] = {
    "of a content that was never announced": lambda m: m.update(sha256=OTHER),
    "by no opener": lambda m: _rename(m, "open:mine", "1"),
    "that ends a failure to read the whole file": lambda m: _rename(m, "open:file", "1"),
    "by another version": lambda m: _rename(m, "open:zip", "99"),
    "by a version of a million digits": lambda m: _rename(m, "open:zip", "9" * 1_000_000),
    "that signs": lambda m: m["observations"][0].update(kind="c2pa", level="S5"),
    "that raises its level": lambda m: m["observations"][0].update(level="S5"),
    "that takes sides": lambda m: m["observations"][0].update(polarity="synthetic"),
    "that weighs": lambda m: m["observations"][0].update(llr=9.0),
    "by an opener that reads no whole container": lambda m: _rename(m, "open:pdf", "1"),
    "by an opener that looks beside": lambda m: _rename(m, "open:previews", "1"),
}


def _rename(message: Any, opener: str, version: str) -> None:
    message.update(opener=opener, version=version)
    for made in (*message["observations"], *message["failures"]):
        made.update(examiner=opener, version=version)


@pytest.mark.parametrize("lie", FALSE_OPENINGS)
def test_a_worker_cannot_say_what_no_opener_says(lie: str) -> None:
    """Whatever its digest, a content that was announced could else be set aside or called made."""
    link, asked = recorded()
    message = copy.deepcopy(dict(link.of("container")[0]))
    FALSE_OPENINGS[lie](message)
    with pytest.raises(RefusedError):
        read_parcel(message, asked, link.plan, SealLevel.FULL)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_message_raises_anything_but_a_refusal(data: st.DataObject) -> None:
    link, asked = recorded_once()
    message = copy.deepcopy(dict(data.draw(st.sampled_from(link.sent))))
    for key in data.draw(st.lists(st.sampled_from(sorted(message)), max_size=3)):
        message[key] = data.draw(_json)
    try:
        read_parcel(message, asked, link.plan, SealLevel.FULL)
    except RefusedError as error:
        assert str(error)  # noqa: PT017 - either answer is fine


_kept: list[tuple[Recorder, Asked]] = []


def recorded_once() -> tuple[Recorder, Asked]:
    if not _kept:
        _kept.append(recorded())
    return _kept[0]
