"""What a list says as a whole: changed by commands and by people, without harm to each other."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UsageError
from assay.lists import changing, properties
from assay.lists.library import Library
from assay.lists.model import ListFacts, Polarity
from assay.lists.toml_rows import string, with_row
from tests.support.listing import entry, imported, known

TEXTS = st.text(st.characters(codec="utf-8"))
EDITED = '''\
# Weekly file of the office.
# Ask Kim before changing it.

owner = "the office"   # until spring
notes = """
first line
distance = 3
[not a table]
"""
"distance" = 20

[categories."csv:own"] # their words
# the worst
1 = { name = "one", polarity = "positive" }  # sure
2 = { name = "two", polarity = "none" }

# of another file
[categories.other]
x = { name = "x", polarity = "none" }'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    imported(tmp_path, "list", [entry(1, namespace="csv:own", category=None)])
    folder = tmp_path / "lists" / "list"
    (folder / "list.toml").write_text(EDITED, "utf-8")
    return folder


def differences(folder: Path) -> tuple[list[str], list[str]]:
    """Return the lines that went and those that came."""
    before, after = EDITED.splitlines(), (folder / "list.toml").read_text("utf-8").splitlines()
    return [x for x in before if x not in after], [x for x in after if x not in before]


def test_a_command_changes_its_rows_and_no_other_line(folder: Path) -> None:
    found = changing.set_properties(
        folder, owner="another", distance=12, valid_until="2026-12-31", handling="TLP:RED"
    )
    assert properties.load(folder) == found
    gone, new = differences(folder)
    assert gone == ['owner = "the office"   # until spring', '"distance" = 20']
    assert new == [
        'owner = "another"   # until spring',
        "distance = 12",
        'handling = "TLP:RED"',
        'valid_until = "2026-12-31"',
    ]
    assert "first line\ndistance = 3\n[not a table]\n" in found.notes


def test_the_polarity_of_a_list_is_one_row_in_the_table_of_each_namespace(folder: Path) -> None:
    changing.set_properties(folder, polarity=Polarity.GENERATED)
    assert differences(folder) == ([], ['"*" = { name = "listed", polarity = "generated" }'])
    changing.set_properties(folder, polarity=Polarity.NONE)
    assert differences(folder) == ([], ['"*" = { name = "listed", polarity = "none" }'])
    found = properties.load(folder)
    assert found.own_rows(["csv:own", "plain"]) == {"csv:own": ["1", "2"]}
    assert found.polarity("csv:own", "1") == Polarity.POSITIVE


def test_a_file_with_inline_tables_is_written_anew(folder: Path) -> None:
    path = folder / "list.toml"
    path.write_text('categories = { own = { 1 = { name = "one", polarity = "positive" } } }')
    found = changing.set_properties(folder, polarity=Polarity.POSITIVE, notes="new")
    assert properties.load(folder) == found
    assert found.polarity("csv:own", None) == Polarity.POSITIVE
    assert found.polarity("own", "1") == Polarity.POSITIVE


@given(TEXTS, TEXTS, st.integers(0, 63))
def test_any_text_comes_back_and_the_rest_of_the_file_stays(
    owner: str, name: str, distance: int
) -> None:
    text = with_row(EDITED, (), "owner", string(owner))
    text = with_row(text, ("categories", name), "*", str(distance))
    expected = tomllib.loads(EDITED)
    expected["owner"] = owner
    expected["categories"].setdefault(name, {})["*"] = distance
    assert tomllib.loads(text) == expected
    assert "# Ask Kim before changing it." in text
    assert "# the worst" in text


def test_wrong_values_are_errors_of_use_and_change_nothing(folder: Path) -> None:
    for wrong, said in (
        ({"distance": 64}, "0-63 bits"),
        ({"valid_from": "2026-02-30"}, "2026-02-30"),
        ({"valid_until": "tomorrow"}, "tomorrow"),
        ({"valid_from": "2026-02-01", "valid_until": "2026-01-31"}, "is before"),
        ({"nonsense": 1}, "nonsense"),
    ):
        with pytest.raises(UsageError, match=said):
            changing.set_properties(folder, **wrong)
    assert differences(folder) == ([], [])


def test_what_is_set_changes_what_a_case_pins(tmp_path: Path) -> None:
    imported(tmp_path, "list", [entry(1)])
    folder = tmp_path / "lists" / "list"
    seen = {Library.open(tmp_path).digest_text()}
    for count, change in enumerate(
        (
            {"owner": "the office"},
            {"handling": "TLP:AMBER"},
            {"distance": 20},
            {"valid_from": "2026-01-01"},
            {"valid_until": "2026-12-31"},
            {"polarity": Polarity.POSITIVE},
        ),
        start=2,
    ):
        changing.set_properties(folder, **change)  # type: ignore[arg-type]
        seen.add(Library.open(tmp_path).digest_text())
        assert len(seen) == count, change
    changing.set_properties(folder, notes="for people only")
    assert Library.open(tmp_path).digest_text() in seen


def polarity_of(home: Path, number: int) -> Polarity:
    (hit,) = Library.open(home).match_exact(**known(number))
    return hit.polarity


def test_a_list_without_categories_means_what_a_person_says(tmp_path: Path) -> None:
    path = tmp_path / "hashes.txt"
    path.write_text(f"{known(5)['md5']}\n")
    folder = tmp_path / "lists" / "plain"
    changing.add(folder, path)
    assert polarity_of(tmp_path, 5) == Polarity.NONE
    for polarity in (Polarity.POSITIVE, Polarity.NEGATIVE):
        changing.set_properties(folder, polarity=polarity)
        assert polarity_of(tmp_path, 5) == polarity


def test_a_table_of_hashes_without_categories_means_what_a_person_says(tmp_path: Path) -> None:
    path = tmp_path / "hashes.csv"
    path.write_text(f"MD5,Note\n{known(5)['md5']},one\n")
    changing.add(tmp_path / "lists" / "list", path)
    changing.set_properties(tmp_path / "lists" / "list", polarity=Polarity.POSITIVE)
    assert polarity_of(tmp_path, 5) == Polarity.POSITIVE


def test_where_a_scheme_has_categories_no_category_and_category_0_place_nothing(
    tmp_path: Path,
) -> None:
    codes = {1: "0", 2: None, 3: "7", 4: "1"}
    imported(tmp_path, "list", [entry(n, category=code) for n, code in codes.items()])
    changing.set_properties(tmp_path / "lists" / "list", polarity=Polarity.NEGATIVE)
    found = [polarity_of(tmp_path, number) for number in codes]
    assert found == [Polarity.NONE, Polarity.NONE, Polarity.NEGATIVE, Polarity.POSITIVE]


def test_categories_that_come_later_place_nothing_until_someone_says(tmp_path: Path) -> None:
    path = tmp_path / "first.csv"
    path.write_text(f"MD5,Note\n{known(1)['md5']},one\n")
    folder = tmp_path / "lists" / "list"
    assert changing.add(folder, path).new_codes == 0
    changing.set_properties(folder, polarity=Polarity.NEGATIVE)
    path.write_text(f"MD5,Category\n{known(2)['md5']},A\n{known(3)['md5']},0\n{known(4)['md5']},\n")
    assert changing.add(folder, path).new_codes == 1
    # The list has categories now, and what those without one mean nobody has said.
    assert [polarity_of(tmp_path, n) for n in (1, 2, 3, 4)] == [Polarity.NONE] * 4
    assert properties.load(folder).polarity("csv:hashes", "B") == Polarity.NEGATIVE


def test_known_software_stays_negative_import_after_import(tmp_path: Path) -> None:
    for number in (1, 2):
        imported(tmp_path, "list", [entry(number, namespace="nsrl", category="known software")])
    assert [polarity_of(tmp_path, n) for n in (1, 2)] == [Polarity.NEGATIVE] * 2
    found = properties.load(tmp_path / "lists" / "list")
    assert list(found.categories["nsrl"]) == ["*"]


def test_every_namespace_that_the_imports_used_gets_the_row(tmp_path: Path) -> None:
    facts = ListFacts("made", "first")
    imported(tmp_path, "list", [facts, entry(1, namespace="second", category=None)])
    found = changing.set_properties(tmp_path / "lists" / "list", polarity=Polarity.POSITIVE)
    assert sorted(found.categories) == ["first", "second"]
    assert polarity_of(tmp_path, 1) == Polarity.POSITIVE


def test_a_list_that_holds_no_record_has_no_polarity(tmp_path: Path) -> None:
    imported(tmp_path, "list", [ListFacts("made")])
    with pytest.raises(UsageError, match="whose categories"):
        changing.set_properties(tmp_path / "lists" / "list", polarity=Polarity.POSITIVE)
