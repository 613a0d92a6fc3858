"""Products that write no source type: a row of the table with its anchor and days, or words."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest

from assay.core.vocab import Level, Polarity
from assay.examiners._c2pa_products import Products, parse_products, shipped_products
from assay.examiners.c2pa import C2paExaminer
from assay.trust.anchors import Role
from assay.trust.listfile import key_digest
from assay.trust.lists import table as installed_table
from tests.support.authority import (
    OPENED,
    Input,
    Step,
    anchors,
    authority,
    picture,
    sign,
    signer,
    stamped,
    table,
)
from tests.support.credentials import (
    CLOCK,
    CLOCK_ROOT,
    GENERATOR,
    ROOT,
    SELF_MADE,
    THEN,
    credential,
    tier_and_level,
)

OTHER_ROOT = authority("Another Vendor")
OTHER = signer(OTHER_ROOT)
BOTH = table(ROOT, OTHER_ROOT, tsa=[CLOCK_ROOT])
KEY = key_digest(anchors(ROOT)[0])
MADE = Step("c2pa.created", agent="Example Image Creator", description="AI Generated Image")


def rows(since: str = "2024-01-01", until: str = "2047-12-31") -> Products:
    return parse_products(
        f"""
        date = 2047-01-01
        [[product]]
        name = "Example Image Creator"
        generator = '(?i)^Example_Responsible_AI\\b'
        agent = '^Example Image Creator$'
        description = '^AI Generated Image$'
        keys = ["{KEY}"]
        since = {since}
        until = {until}
        source = "example.org/credentials"
        """
    )


def made(by: object = GENERATOR, step: Step = MADE, **more: object) -> bytes:
    """Return a picture signed as such products do, in claims of the first version."""
    more = {"generator": "Example_Responsible_AI", "claim_version": 1, **more}
    return sign(picture(), "image/jpeg", by, [step], **more)  # type: ignore[arg-type]


def test_a_product_that_only_generates_is_s5_by_its_row_and_its_own_anchor() -> None:
    found = credential(made(), BOTH, rows())
    assert (found.value["tier"], found.level) == ("operator", Level.S5)
    assert found.polarity is Polarity.SYNTHETIC
    assert found.value["ai"] is True
    assert found.value["product"] == found.value["tool"] == "Example Image Creator"
    assert "2047-01-01" in found.basis
    assert "example.org/credentials" in found.basis


def test_without_a_row_it_says_nothing() -> None:
    assert tier_and_level(made(), BOTH, Products("2047-01-01")) == ("operator", Level.N)


def test_the_same_words_by_another_listed_signer_are_a_mere_statement() -> None:
    assert tier_and_level(made(OTHER), BOTH, rows()) == ("operator", Level.S1)


def test_the_same_words_by_a_self_made_signer_are_a_mere_statement() -> None:
    assert tier_and_level(made(SELF_MADE), BOTH, rows()) == ("untrusted", Level.S1)


@pytest.mark.parametrize(
    "step",
    [
        Step("c2pa.created", agent="Example Image Creator"),
        Step("c2pa.created", agent="Example Camera", description="AI Generated Image"),
        Step("c2pa.created", agent="Not Example Image Creator", description="AI Generated Image"),
    ],
)
def test_other_words_are_not_the_row_s(step: Step) -> None:
    assert tier_and_level(made(step=step), BOTH, rows()) == ("operator", Level.N)


def test_a_row_holds_between_its_days_alone() -> None:
    """Judged at the evaluation date of 2047-06-01, or at the time that a token proves."""
    assert tier_and_level(made(), BOTH, rows(until="2047-05-31")) == ("operator", Level.S1)
    assert tier_and_level(made(), BOTH, rows(since="2047-06-02")) == ("operator", Level.S1)
    then = stamped(made(), THEN, CLOCK)
    assert tier_and_level(then, BOTH, rows(until="2024-06-01")) == ("operator", Level.S5)
    assert tier_and_level(then, BOTH, rows(until="2024-05-31")) == ("operator", Level.S1)


def test_a_picture_that_it_took_in_makes_it_an_edit() -> None:
    inputs = [Input(picture(), "image/jpeg", "componentOf", "input.jpg")]
    assert tier_and_level(made(inputs=inputs), BOTH, rows()) == ("operator", Level.E)


def test_a_chain_may_end_in_such_a_picture() -> None:
    inputs = [Input(made(), "image/jpeg", "parentOf", "made.jpg")]
    steps = [OPENED, Step("c2pa.resized")]
    over = sign(picture(), "image/jpeg", GENERATOR, steps, inputs=inputs)
    assert tier_and_level(over, BOTH, rows()) == ("operator", Level.S5)
    inputs = [Input(made(OTHER), "image/jpeg", "parentOf", "made.jpg")]
    over = sign(picture(), "image/jpeg", GENERATOR, steps, inputs=inputs)
    assert tier_and_level(over, BOTH, rows()) == ("operator", Level.E)


def test_every_shipped_row_leads_to_an_anchor_that_assay_ships_and_has_its_source() -> None:
    table_ = shipped_products()
    known = {key_digest(a) for a in installed_table().anchors if a.role is Role.SIGNER}
    assert table_.rows
    for row in table_.rows:
        assert row.keys
        assert row.keys <= known
        assert row.source
        assert row.since < row.until <= date.fromisoformat(table_.date)


def test_a_changed_table_of_products_is_another_version_of_the_check() -> None:
    """The two go together, so that a case made with the old rows is run again."""
    from importlib.resources import files

    text = (files("assay.examiners") / "data" / "c2pa_products.toml").read_bytes()
    assert (C2paExaminer.info.version, hashlib.sha256(text).hexdigest()[:16]) == (
        "2",
        "4d4006e61c6fdd54",
    )


@pytest.mark.parametrize("text", ["", "date = 1", "date = 2026-01-01\n[[product]]\nname = 'x'"])
def test_a_table_that_is_none_is_refused(text: str) -> None:
    with pytest.raises((KeyError, ValueError, TypeError, AttributeError)):
        parse_products(text)
