"""What a person asks for: told by its form or by the algorithm named before it."""

from __future__ import annotations

import base64
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UsageError
from assay.lists import query
from assay.lists.library import Library
from assay.lists.model import Perceptual
from tests.support.listing import entry, imported, known, near, pdq


@pytest.mark.parametrize(
    ("text", "digests", "algorithms"),
    [
        ("AB" * 16, ["md5"], []),
        ("ab" * 20, ["sha1"], []),
        ("ab" * 32, ["sha256"], ["pdq"]),
        ("A" * 192, [], ["photodna"]),
        ("sha-256:" + "AB" * 32, ["sha256"], []),
        ("PDQ:" + "ab" * 32, [], ["pdq"]),
        ("pdna:" + "ab" * 144, [], ["photodna"]),
    ],
)
def test_a_value_is_told_by_its_form_or_by_its_name(
    text: str, digests: list[str], algorithms: list[str]
) -> None:
    found = query.parse(text)
    assert found is not None
    assert list(found.digests) == digests
    assert all(value == value.lower() for value in found.digests.values())
    assert [each.algorithm for each in found.hashes] == algorithms


@pytest.mark.parametrize("text", ["picture.jpg", "C:\\md5.txt", "ab" * 17, "nonsense:ab", ""])
def test_what_is_no_hash_may_be_a_file(text: str) -> None:
    assert query.parse(text) is None


@pytest.mark.parametrize("text", ["md5:zz", "pdq:ab", "photodna:AAAA", "tmk:AAAA", "netclean:x"])
def test_a_named_value_that_cannot_be_looked_up_says_so(text: str) -> None:
    with pytest.raises(UsageError, match=text[:4]):
        query.parse(text)


@given(st.one_of(st.text(), st.from_regex(r"(md5|sha-1|pdq|photodna|tmk):[0-9a-f,=]*")))
def test_any_text_is_a_hash_a_name_or_an_error_of_use(text: str) -> None:
    with suppress(UsageError):
        query.parse(text)


def test_many_are_asked_at_once_and_answered_in_order(tmp_path: Path) -> None:
    dna = bytes(range(144))
    imported(tmp_path, "list", [entry(1), entry(2, hashes=(Perceptual("photodna", dna),))])
    texts = [
        known(1)["sha256"],
        "pdq:" + near(1, 9).tobytes().hex(),
        "sha1:" + "00" * 20,
        "photodna:" + base64.b64encode(dna).decode(),
        known(2)["md5"],
        pdq(1).hex(),
    ]
    asked = [found for text in texts if (found := query.parse(text))]
    library = Library.open(tmp_path)
    found = [
        [(h.entry.id, h.algorithm, h.distance) for h in hits] for hits in query.ask(library, asked)
    ]
    assert found == [
        [("e1", "sha256", 0)], [("e1", "pdq", 9)], [], [("e2", "photodna", 0)],
        [("e2", "md5", 0)], [("e1", "pdq", 0)],
    ]  # fmt: skip
    assert query.ask(library, asked[1:2], radius=8) == [[]]
