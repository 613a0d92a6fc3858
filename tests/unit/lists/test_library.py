"""Lists as a whole: what is current, what is refused, what agrees, what a case pins."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import PolicyError, UsageError
from assay.core.facts import Sha256
from assay.core.jsonvalue import canonical
from assay.lists import changing, library
from assay.lists.held import Held
from assay.lists.importing import FLAT
from assay.lists.library import Library
from assay.lists.matching import flooded
from assay.lists.model import ListFacts, Perceptual, Polarity, Refused
from tests.support.listing import content, entry, imported, known, near, pdq


def opened(home: Path, *pieces: object, name: str = "list") -> Library:
    imported(home, name, pieces)  # type: ignore[arg-type]
    return Library.open(home)


def test_a_content_of_the_list_matches_with_its_whole_record(tmp_path: Path) -> None:
    found = opened(tmp_path, *(entry(n) for n in range(300)))
    (hit,) = found.match_exact(**known(7))
    assert hit.exact
    assert hit.entry == entry(7)
    assert (hit.algorithm, hit.distance, hit.agrees) == (
        "sha256",
        0,
        ("md5", "sha1", "sha256", "size"),
    )
    assert hit.fact(Sha256("0" * 64)).record == {"MediaID": 7, "Comment": "record 7"}
    canonical(hit.to_json())
    assert found.match_exact(**known(300)) == []


@pytest.mark.parametrize("stated", ["md5", "sha1", "sha256"])
def test_one_digest_is_enough_where_the_record_states_one(tmp_path: Path, stated: str) -> None:
    only = {name: "" for name in ("md5", "sha1", "sha256") if name != stated}
    found = opened(tmp_path, entry(1, size=None, **only))
    (hit,) = found.match_exact(**known(1))
    assert hit.exact
    assert hit.agrees == (stated,)


def test_a_digest_that_agrees_beside_one_that_differs_is_a_finding(tmp_path: Path) -> None:
    found = opened(tmp_path, entry(1, sha1="ab" * 20), entry(2, size=5))
    (hit,) = found.match_exact(**known(1))
    assert (hit.exact, hit.finding, hit.differs) == (False, True, ("sha1",))
    (hit,) = found.match_exact(**known(2))
    assert (hit.exact, hit.finding, hit.differs) == (False, True, ("size",))


def test_sixteen_equal_bytes_of_a_longer_digest_are_no_match(tmp_path: Path) -> None:
    other = known(1)["sha256"][:32] + "0" * 32
    found = opened(tmp_path, entry(1, md5="", sha1="", sha256=other))
    assert found.match_exact(**known(1)) == []


def test_the_last_version_of_an_entry_is_current_and_the_older_stay_readable(
    tmp_path: Path,
) -> None:
    imported(tmp_path, "list", [entry(1), entry(1, category="2"), entry(2)])
    imported(tmp_path, "list", [entry(1, category="3"), entry(3)])
    (hit,) = Library.open(tmp_path).match_exact(**known(1))
    assert hit.entry.category == "3"
    versions = library.history(tmp_path, "list", "e1")
    assert [each.entry.category for each in versions] == ["1", "2", "3"]
    assert [each.source for each in versions] == [0, 0, 1]


def test_a_withdrawn_entry_matches_nothing_until_it_comes_again(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(1), entry(2)])
    summary = imported(tmp_path, "list", [entry(1, deleted=True), entry(9, deleted=True)])
    assert (summary.changes.withdrawn, summary.changes.unknown) == (1, 1)
    found = Library.open(tmp_path)
    assert found.match_exact(**known(1)) == []
    assert found.match_pdq(near(1)) == [[]]
    assert len(found.match_exact(**known(2))) == 1
    imported(tmp_path, "list", [entry(1, label="again")])
    (hit,) = Library.open(tmp_path).match_exact(**known(1))
    assert hit.entry.label == "again"


def test_the_summary_accounts_for_every_record(tmp_path: Path) -> None:
    first = [entry(n) for n in range(10)]
    imported(tmp_path, "list", first)
    second = [
        *first[:4],  # said already
        entry(4, category="2"),  # replaced
        entry(5, category="2"),
        entry(6, deleted=True),
        *(entry(n) for n in range(10, 13)),  # added
        entry(12),  # twice in one file
        entry(11, category="2"),
        Refused("line 8", "not a record", "x" * 500),
        Refused("line 9", "not a record"),
    ]
    summary = imported(tmp_path, "list", second)
    changes = summary.changes
    assert summary.read == 12
    assert changes.added + changes.replaced + changes.withdrawn + changes.duplicates == 12
    assert (changes.added, changes.replaced, changes.withdrawn, changes.duplicates) == (3, 3, 1, 5)
    assert summary.refused == {"not a record": 2}
    counted = library.stats(tmp_path, "list")
    assert counted["records"] == 12
    refused, _ = library.quarantine(tmp_path, "list")
    rows = list(refused)
    assert [(file, row.locator) for file, row in rows] == [
        ("list.src", "line 8"),
        ("list.src", "line 9"),
    ]
    assert rows[0][1].excerpt == "x" * 200


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(1)], "source")
    before = Library.open(tmp_path).digest_text()
    assert imported(tmp_path, "list", [entry(1)], "source").unchanged
    assert Library.open(tmp_path).digest_text() == before


def test_wrong_fields_are_refused_and_the_rest_of_the_record_matches(tmp_path: Path) -> None:
    bad = entry(1, sha1="XYZ", size=-3, hashes=(Perceptual("pdq", b"short"),))
    summary = imported(tmp_path, "list", [bad, entry(2, md5="", sha1="", sha256="", hashes=())])
    assert sum(summary.refused.values()) == 4
    found = Library.open(tmp_path)
    (hit,) = found.match_exact(**known(1))
    assert hit.exact
    assert hit.entry.record == bad.record
    reasons = {row.reason for _, row in library.quarantine(tmp_path, "list")[0]}
    assert "the record states no digest and no hash" in reasons


def test_a_record_that_is_no_json_keeps_its_digests(tmp_path: Path) -> None:
    summary = imported(tmp_path, "list", [entry(1, record={"odd": object()})])
    assert sum(summary.refused.values()) == 1
    (hit,) = Library.open(tmp_path).match_exact(**known(1))
    assert hit.entry.record["fields"] == ["odd"]


def test_perceptual_hashes_match_within_the_lists_own_distance(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(n) for n in range(50)])
    found = Library.open(tmp_path)
    hits = found.match_pdq(np.concatenate([near(1, 31), near(2, 32), near(99)]))
    assert [[hit.entry.id for hit in each] for each in hits] == [["e1"], [], []]
    assert (hits[0][0].distance, hits[0][0].threshold) == (31, 31)
    assert [len(each) for each in found.match_pdq(near(1, 31), radius=30)] == [0]
    changing.set_properties(tmp_path / "lists" / "list", distance=10)
    assert Library.open(tmp_path).match_pdq(near(1, 11)) == [[]]


def test_poor_perceptual_hashes_are_kept_and_never_compared(tmp_path: Path) -> None:
    poor, unstated = (Perceptual("pdq", pdq(n), quality) for n, quality in ((1, 49), (2, None)))
    summary = imported(tmp_path, "list", [entry(1, hashes=(poor,)), entry(2, hashes=(unstated,))])
    assert summary.low_quality == 1
    found = Library.open(tmp_path)
    assert found.match_pdq(near(1)) == [[]]
    assert len(found.match_pdq(near(2))[0]) == 1
    assert found.match_pdq(near(2), np.array([49])) == [[]]
    assert len(found.match_pdq(near(2), np.array([-1]))[0]) == 1
    assert found.match_exact(**known(1))[0].entry.hashes == (poor,)


def test_the_hash_of_an_image_without_structure_is_quarantined(tmp_path: Path) -> None:
    flat = Perceptual("pdq", bytes(31) + b"\x0f")
    summary = imported(tmp_path, "list", [entry(1, hashes=(flat,)), entry(2)])
    assert summary.refused == {FLAT: 1}
    query = np.frombuffer(flat.value, np.uint8)[None, :]
    assert Library.open(tmp_path).match_pdq(query) == [[]]


def test_a_hash_that_too_many_records_share_is_held(tmp_path: Path) -> None:
    folder = tmp_path / "lists" / "list"
    imported(tmp_path, "list", [entry(0)])
    changing.set_properties(folder, flood=20)
    shared = (Perceptual("pdq", pdq(7)),)
    imported(tmp_path, "list", [entry(n, hashes=shared) for n in range(1, 22)])
    _, held = library.quarantine(tmp_path, "list")
    assert [(h.algorithm, h.value, h.reason) for h in held] == [
        ("pdq", pdq(7).hex(), "21 records share it")
    ]
    found = Library.open(tmp_path)
    assert found.match_pdq(near(7)) == [[]]
    assert len(found.match_exact(**known(7))) == 1
    changing.release(folder, "pdq", pdq(7).hex())
    assert len(Library.open(tmp_path).match_pdq(near(7))[0]) == 21


def test_the_digest_of_an_empty_file_is_held(tmp_path: Path) -> None:
    nothing = {name: hashlib.new(name, b"").hexdigest() for name in ("md5", "sha1", "sha256")}
    found = opened(tmp_path, entry(1, size=0, **nothing))
    assert found.match_exact(**nothing, size=0) == []
    assert len(library.quarantine(tmp_path, "list")[1]) == 3


def test_a_person_can_hold_a_hash_and_must_say_why(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(1)])
    folder = tmp_path / "lists" / "list"
    before = Library.open(tmp_path).digest_text()
    with pytest.raises(PolicyError, match="reason"):
        changing.hold(folder, Held("pdq", pdq(1).hex(), ""))
    for value, said in (("abcd", "32 bytes, not 2"), ("a logo", "not hex")):
        with pytest.raises(PolicyError, match=said):
            changing.hold(folder, Held("pdq", value, "a logo"))
    changing.hold(folder, Held("pdq", pdq(1).hex(), "a logo", "examiner"))
    found = Library.open(tmp_path)
    assert found.match_pdq(near(1)) == [[]]
    assert found.digest_text() != before
    with pytest.raises(PolicyError, match="not held"):
        changing.release(folder, "pdq", pdq(2).hex())


def test_hashes_that_match_too_much_of_a_case_are_named(tmp_path: Path) -> None:
    found = opened(tmp_path, entry(1), entry(2))
    (one,), (two,) = found.match_pdq(np.concatenate([near(1), near(2)]))
    items = [Sha256(f"{n:064x}") for n in range(5)]
    hits = [(item, one) for item in items] + [(items[0], two)] * 9
    assert list(flooded(hits, limit=4)) == [("list", "pdq", pdq(1).hex(), 5)]


def test_licensed_hashes_are_compared_as_supplied(tmp_path: Path) -> None:
    value = bytes(range(144))
    moved = bytes([3, *value[1:]])  # 3 apart
    found = opened(tmp_path, entry(1, hashes=(Perceptual("photodna", value),)))
    queries = np.frombuffer(value + moved, np.uint8).reshape(2, -1)
    hits = found.match_other("photodna", queries)
    assert [[hit.distance for hit in each] for each in hits] == [[0], []]
    changing.set_properties(tmp_path / "lists" / "list", distances={"photodna": 3})
    hits = Library.open(tmp_path).match_other("photodna", queries)
    assert [[hit.distance for hit in each] for each in hits] == [[0], [3]]


def test_polarity_is_the_records_and_comes_from_the_lists_own_table(tmp_path: Path) -> None:
    codes = ["0", "1", "2", "3", "4", "5", "9", None]
    found = opened(tmp_path, *(entry(n, category=code) for n, code in enumerate(codes)))
    hits = [found.match_exact(**known(n))[0] for n in range(len(codes))]
    none, positive = Polarity.NONE, Polarity.POSITIVE
    generated, negative = Polarity.GENERATED, Polarity.NEGATIVE
    expected = [none, positive, positive, generated, none, negative, none, none]
    assert [hit.polarity for hit in hits] == expected
    assert hits[1].category is not None
    assert hits[1].category.name == "category 1"
    before = found.digest_text()
    file = tmp_path / "lists" / "list" / "list.toml"
    text = file.read_text("utf-8")
    old = '1 = { name = "category 1", polarity = "positive" }'
    assert old in text
    file.write_text(text.replace(old, '1 = { name = "category 1", polarity = "none" }'), "utf-8")
    found = Library.open(tmp_path)
    assert found.match_exact(**known(1))[0].polarity == none
    assert found.digest_text() != before


def test_categories_of_an_unknown_scheme_place_nothing_until_someone_says(tmp_path: Path) -> None:
    facts = ListFacts("made", "csv:own", categories={"X": "their word"})
    found = opened(tmp_path, facts, entry(1, namespace="csv:own", category="X"))
    (hit,) = found.match_exact(**known(1))
    assert hit.polarity == Polarity.NONE
    assert hit.category is not None
    assert hit.category.name == "their word"
    file = tmp_path / "lists" / "list" / "list.toml"
    file.write_text(file.read_text("utf-8").replace('polarity = "none"', 'polarity = "positive"'))
    (hit,) = Library.open(tmp_path).match_exact(**known(1))
    assert hit.polarity == Polarity.POSITIVE


def test_known_software_is_negative_without_a_category(tmp_path: Path) -> None:
    found = opened(tmp_path, entry(1, namespace="nsrl", category=None))
    assert found.match_exact(**known(1))[0].polarity == Polarity.NEGATIVE


def test_every_list_that_knows_a_content_answers(tmp_path: Path) -> None:
    imported(tmp_path, "first", [entry(1, identified=True)])
    imported(tmp_path, "second", [entry(1, identified=False, disputed=True)])
    hits = Library.open(tmp_path).match_exact(**known(1))
    assert [(hit.list, hit.entry.identified, hit.entry.disputed) for hit in hits] == [
        ("first", True, False),
        ("second", False, True),
    ]


def test_what_a_case_pins_changes_with_what_is_matched_and_not_with_the_layout(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "lists" / "list"
    digests = []
    imported(tmp_path, "list", [entry(1)])
    digests.append(Library.open(tmp_path).digest_text())
    imported(tmp_path, "list", [entry(2), entry(1, category="2")])
    digests.append(Library.open(tmp_path).digest_text())
    changing.set_properties(folder, distance=20)
    digests.append(Library.open(tmp_path).digest_text())
    changing.set_properties(folder, valid_until="2026-01-31")
    digests.append(Library.open(tmp_path).digest_text())
    assert len(set(digests)) == 4
    changing.compact(folder)
    assert Library.open(tmp_path).digest_text() == digests[-1]


def test_validity_is_a_matter_of_days(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(1)])
    folder = tmp_path / "lists" / "list"
    table = changing.set_properties(folder, valid_from="2026-01-01", valid_until="2026-01-31")
    days = ["2025-12-31", "2026-01-01", "2026-01-31T23:00:00Z", "2026-02-01", ""]
    assert [table.in_force(day) for day in days] == [False, True, True, False, True]
    for wrong in ({"distance": 64}, {"valid_from": "soon"}, {"flood": 0}):
        with pytest.raises(UsageError):
            changing.set_properties(folder, **wrong)


def test_a_list_that_cannot_be_read_says_where(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(1)])
    file = tmp_path / "lists" / "list" / "list.toml"
    file.write_text(
        file.read_text("utf-8") + '\n[categories.x]\n1 = { name = "a", polarity = "b" }'
    )
    with pytest.raises(PolicyError, match=r"list\.toml.*'b' is none of"):
        Library.open(tmp_path)


def test_lists_are_named_shown_and_removed(tmp_path: Path) -> None:
    assert library.ls(tmp_path) == ()
    imported(tmp_path, "b", [entry(1)])
    imported(tmp_path, "a", [entry(1), entry(2)])
    rows = [listed.to_json() for listed in library.ls(tmp_path)]
    assert [(row["name"], row["records"]) for row in rows] == [("a", 2), ("b", 1)]
    still_open = Library.open(tmp_path)
    changing.remove(library.require(tmp_path, "a"))
    assert library.names(tmp_path) == ("b",)
    assert len(still_open.match_exact(**known(2))) == 1
    assert [path.name for path in (tmp_path / "lists").iterdir()] == ["b"]
    with pytest.raises(PolicyError, match="no list 'a'"):
        library.require(tmp_path, "a")
    with pytest.raises(PolicyError, match="cannot name a list"):
        library.folder_of(tmp_path, "../x")


def test_a_plain_file_of_hashes_becomes_a_list(tmp_path: Path) -> None:
    path = tmp_path / "hashes.txt"
    path.write_text(f"# mine\n{hashlib.sha1(content(5)).hexdigest()}\n")
    folder = library.folder_of(tmp_path, "mine")
    assert changing.add(folder, path).changes.added == 1
    assert len(Library.open(tmp_path).match_exact(sha1=known(5)["sha1"].upper())) == 1


def test_a_file_that_is_no_list_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("nothing to see\n" * 20)
    with pytest.raises(Exception, match="no known list format"):
        changing.add(library.folder_of(tmp_path, "none"), path)
    assert library.names(tmp_path) == ()
    assert list((tmp_path / "lists").iterdir()) == []
