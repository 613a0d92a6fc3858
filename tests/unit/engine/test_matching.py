"""Items meet lists in the transaction that stores them; a list with too much stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assay.core.errors import UsageError
from assay.core.facts import Match, Observation
from assay.core.vocab import ListPolarity
from assay.engine import editions, matching
from assay.engine.batch import Batch, Committer
from assay.engine.progress import Progress
from assay.engine.session import CaseOptions, Session, create
from assay.lists import changing, library
from assay.lists.sealed import ListDamagedError
from assay.store.check import check_case
from assay.store.records import Found, Hash
from assay.trust.lists import home
from tests.support import cases, list_files

ACTOR = "A. Examiner"
PDQ = bytes(range(1, 33))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with create(tmp_path / "case", CaseOptions(), ACTOR) as session:
        yield session


def known(tmp_path: Path, *records: dict[str, Any], name: str = "known") -> None:
    file = tmp_path / f"{name}.json"
    file.write_bytes(list_files.vics(records))
    changing.add(home() / "lists" / name, file)


def record(number: int, **more: Any) -> dict[str, Any]:
    """Return a record of ``cases.item(1)``."""
    stated = {"MD5": cases.item(1).md5, "SHA1": None, "MediaSize": 1, "MediaFiles": None}
    return {**list_files.media(number), "Category": 1, **stated, **more}


def looks(number: int) -> dict[str, Any]:
    other = {"HashName": "PDQ", "HashValue": PDQ.hex(), "MD5": list_files.md5(number)}
    return {**list_files.media(number), "Category": 1, "AlternativeHashes": [other]}


def started(session: Session) -> matching.Matcher:
    matcher = matching.start(session, ACTOR)
    assert matcher is not None
    assert matcher.problem == ""
    return matcher


def commit(session: Session, matcher: matching.Matcher | None) -> None:
    committer = Committer(session.case, session.pinned, session.policy, Progress(), ACTOR, matcher)
    batch = Batch(
        items=[cases.item(1)], occurrences=[Found(cases.place(1))], dirty={cases.sha(1): None}
    )
    committer.commit(batch, "one occurrence")


def said(match: Match) -> tuple[bool | None, bool]:
    return match.identified, match.disputed


def test_without_lists_there_is_nothing_to_ask(session: Session) -> None:
    assert matching.start(session, ACTOR) is None
    assert "lists" not in session.case.settings


def test_an_item_is_placed_by_its_hit_in_the_same_transaction(
    session: Session, tmp_path: Path
) -> None:
    known(tmp_path, record(1, VictimIdentified=True))
    commit(session, started(session))
    head = session.case.reader.head()
    assert head is not None
    assert (head.action, head.detail["counts"]["matches"]) == ("facts.added", 1)  # type: ignore[index,call-overload]
    (match,) = session.case.reader.matches(cases.sha(1))
    assert match.edition == editions.editions_of(session.case.settings)["known"]
    placement = session.case.reader.placement(cases.sha(1))
    assert placement is not None
    assert placement.reasons[0].code == "lane.list_known"  # its checks have not run yet


def test_a_hash_of_a_frame_meets_a_list_and_a_flat_one_does_not(
    session: Session, tmp_path: Path
) -> None:
    known(tmp_path, looks(1))
    matcher = started(session)
    near = bytes([PDQ[0] ^ 0x07, *PDQ[1:]])
    good = Hash(cases.sha(1), near, 90, frame=3)
    (match,) = matcher.matches([], [good, replace(good, quality=49, frame=4)])
    assert (match.frame, match.distance, match.threshold, match.near) == (3, 3, 31, True)


def test_records_that_say_the_same_are_kept_a_few_times_and_others_are_not_lost(
    session: Session, tmp_path: Path
) -> None:
    same = [record(n, VictimIdentified=True) for n in range(1, 30)]
    known(tmp_path, *same, record(30, VictimIdentified=False))
    found = started(session).matches([cases.item(1)], [])
    assert [said(m) for m in found] == [(True, False)] * 4 + [(False, False)]


def test_records_that_were_not_read_matter_only_where_they_could_say_something_else(
    session: Session, tmp_path: Path
) -> None:
    many = [record(n, Category=5) for n in range(1, 1102)]
    known(tmp_path, *many, name="mixed")
    only = home() / "lists" / "only"
    known(tmp_path, *many, name="only")
    text = (only / "list.toml").read_text().replace('"positive"', '"negative"')
    text = text.replace('"none"', '"negative"').replace('"generated"', '"negative"')
    (only / "list.toml").write_text(text)
    found = started(session).matches([cases.item(1)], [])
    assert {m.polarity for m in found} == {ListPolarity.NEGATIVE}
    more = {m.list_id: m.more for m in found}
    assert more["mixed"] >= 100
    assert more["only"] == 0


def licensed(stored: bytes, **more: Any) -> Observation:
    said = {"algorithm": "photodna", "value": stored.hex(), **more}
    return Observation(cases.sha(1), "photodna", "1", "licensed_hash", said)


def test_a_licensed_hash_that_a_plug_in_computed_meets_the_lists(
    session: Session, tmp_path: Path
) -> None:
    value = list_files.photodna(3)
    known(tmp_path, {**list_files.media(3), "Category": 1, "PhotoDNA": list_files.b64(value)})
    matcher = started(session)
    (match,) = matcher.matches([], [], [licensed(value)])
    assert (match.algorithm, match.distance, match.near) == ("photodna", 0, True)
    other = bytes([value[0] ^ 1, *value[1:]])
    odd = [licensed(value[:-1]), licensed(value, value="zz"), licensed(value, algorithm=7)]
    assert matcher.matches([], [], [licensed(other), *odd]) == []
    # found again from what the case holds when lists change
    batch = Batch(
        items=[cases.item(1)], occurrences=[Found(cases.place(1))], observations=[licensed(value)]
    )
    Committer(session.case, session.pinned, session.policy, Progress(), ACTOR).commit(batch, "one")
    toml = home() / "lists" / "known" / "list.toml"
    toml.write_text(toml.read_text() + "\n[distances]\nphotodna = 40\n")
    started(session)
    (again,) = session.case.reader.matches(cases.sha(1))
    assert (again.algorithm, again.distance, again.threshold) == ("photodna", 0, 40)


class Damaged:
    """A list's file that goes bad after it was opened and checked."""

    def match_exact(self, *_words: object) -> object:
        raise ListDamagedError(Path("md5-1"), "block 7 has another checksum")


def test_a_list_that_fails_in_a_run_costs_no_item_and_is_made_up_for(
    session: Session, tmp_path: Path
) -> None:
    known(tmp_path, record(1))
    matcher = started(session)
    matcher.library = Damaged()  # type: ignore[assignment]
    commit(session, matcher)
    assert "another checksum" in matcher.problem
    assert session.case.reader.matches(cases.sha(1)) == ()
    assert editions.is_behind(session.case.settings)
    assert check_case(session.case).sound
    session.lists_pinned()
    started(session)
    assert not editions.is_behind(session.case.settings)
    placement = session.case.reader.placement(cases.sha(1))
    assert placement is not None
    assert placement.lane == 2
    assert check_case(session.case).sound


def test_a_new_owner_changes_no_edition_and_matches_nothing_again(
    session: Session, tmp_path: Path
) -> None:
    known(tmp_path, record(1))
    commit(session, started(session))
    path = home() / "lists" / "known" / "list.toml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith("owner")]
    path.write_text('owner = "Agency B"\n' + "\n".join(kept) + "\n")
    started(session)
    rows = editions.rows_of(session.case.settings)
    assert rows["known"]["owner"] == "Agency B"
    assert len(session.case.reader.matches(cases.sha(1))) == 1
    assert check_case(session.case).sound


@pytest.mark.parametrize("name", ["é", "лист", "...", "\udcff", "x" * 80, "-", "two words"])
def test_a_list_of_the_case_may_come_from_a_file_of_any_name(
    session: Session, tmp_path: Path, name: str
) -> None:
    files = [tmp_path / f"{name}.json", tmp_path / f"{name}ü.json"]
    for number, file in enumerate(files):
        file.write_bytes(list_files.vics([list_files.media(number + 1)]))
        for _ in range(2):  # the second time it is there already
            assert matching.keep_lists(session, [file], ACTOR) == []
    assert len(library.names(session.case.folder)) == 2


def test_a_list_with_the_name_of_one_of_the_user_is_refused_before_it_shuts_out_all(
    session: Session, tmp_path: Path
) -> None:
    known(tmp_path, looks(1), name="mine")
    with pytest.raises(UsageError, match="'mine' meets this case already"):
        matching.keep_lists(session, [tmp_path / "mine.json"], ACTOR)
    assert started(session).rows.keys() == {"mine"}


@pytest.mark.parametrize(("digits", "hits"), [("ab" * 144, 1), ("ab", 0), ("ab" * 143, 0), ("", 0)])
def test_a_licensed_hash_of_another_width_is_compared_with_nothing(
    session: Session, tmp_path: Path, digits: str, hits: int
) -> None:
    other = {"HashName": "PhotoDNA", "HashValue": "ab" * 144, "MD5": list_files.md5(3)}
    known(tmp_path, {**list_files.media(3), "Category": 1, "AlternativeHashes": [other]})
    value = {"algorithm": "photodna", "value": digits}
    seen = Observation(cases.sha(1), "a-plug-in", "1", matching.LICENSED, value)
    assert len(started(session).matches([], [], [seen])) == hits
