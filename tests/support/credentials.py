"""The c2pa examiner over signed pictures, as its tests use it.

The SDK signs only with a certificate that is valid today, so what runs out here runs out later, and
the case is judged later still: the evaluation date is the only "today" that an examiner knows.
"""

from __future__ import annotations

from datetime import UTC, datetime

from assay.core.contract import Settings
from assay.core.facts import Observation
from assay.core.vocab import Level
from assay.examiners._c2pa_products import Products
from assay.examiners.c2pa import C2paExaminer
from assay.trust.anchors import AnchorTable
from tests.support.authority import TIME_STAMPING, authority, intermediate, signer, table
from tests.support.views import make_view

DAY = "2047-06-01"
PAST, THEN = datetime(2045, 1, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)
ROOT, CLOCK_ROOT = authority(), authority("TSA")
GENERATOR = signer(intermediate(ROOT))
OLD = signer(ROOT, "Example Old Generator", end=PAST)
CLOCK = signer(CLOCK_ROOT, "TSU", uses=(TIME_STAMPING,))
SELF_MADE = signer(authority("Self-made"), "Google LLC")
LISTED = table(ROOT, tsa=[CLOCK_ROOT])


def ready(
    anchors: AnchorTable = LISTED, products: Products | None = None, day: str = DAY
) -> C2paExaminer:
    """Return the examiner of a case that trusts these anchors."""
    examiner = C2paExaminer(products)
    rows = anchors.to_json()
    examiner.prepare(Settings(evaluation_date=day, options={"c2pa": {"anchors": rows}}))
    return examiner


def seen(
    data: bytes,
    anchors: AnchorTable = LISTED,
    media_type: str = "image/jpeg",
    products: Products | None = None,
) -> list[Observation]:
    """Return what the examiner observes."""
    examiner = ready(anchors, products)
    return list(examiner.examine(make_view(examiner, data, media_type)))


def credential(
    data: bytes, anchors: AnchorTable = LISTED, products: Products | None = None
) -> Observation:
    """Return the one observation of the credential."""
    found = [o for o in seen(data, anchors, products=products) if o.kind == "c2pa"]
    assert len(found) == 1
    return found[0]


def flags(observations: list[Observation]) -> list[object]:
    """Return the words of the findings."""
    return [o.value["flag"] for o in observations if o.kind == "finding"]


def tier_and_level(
    data: bytes, anchors: AnchorTable = LISTED, products: Products | None = None
) -> tuple[object, Level]:
    """Return what a credential is worth."""
    found = credential(data, anchors, products)
    return found.value["tier"], found.level
