"""Names of exported files are ours; extensions follow the content, and never make a file run."""

from __future__ import annotations

import pytest

from assay.core.errors import CaseError
from assay.core.jsonvalue import Json
from assay.exports.names import MediaNames, extension_of


@pytest.mark.parametrize(
    ("media_type", "extension"),
    [
        ("image/jpeg", "jpg"),
        ("image/png", "png"),
        ("image/x-adobe-dng", "dng"),
        ("image/x-nikon-nef", "nef"),
        ("video/webm", "mkv"),
        ("application/zip", "zip"),
        ("image/svg+xml", "bin"),
        ("application/vnd.microsoft.portable-executable", "bin"),
        ("application/msword", "bin"),
        ("text/html", "bin"),
        ("../../etc", "bin"),
    ],
)
def test_extension(media_type: str, extension: str) -> None:
    assert extension_of(media_type) == extension


def test_contents_without_a_rank_and_with_one_beginning_get_two_names() -> None:
    names = MediaNames()
    rows: list[dict[str, Json]] = [
        {"sha256": "ab" * 16 + end * 32, "lane": None, "rank": None, "media_type": kind}
        for end, kind in (("c", "image/jpeg"), ("d", "image/png"))
    ]
    assert [names.name(row) for row in rows] == [
        "inventory-unranked-abababababab.jpg",
        f"inventory-unranked-{rows[1]['sha256']}.png",
    ]
    ranked = {**rows[0], "lane": 1, "rank": 7}
    assert names.name(ranked) == "1-0000007-abababababab.jpg"


def test_what_is_no_digest_becomes_no_name() -> None:
    row: dict[str, Json] = {"sha256": "../x", "lane": 1, "rank": 1, "media_type": "image/png"}
    with pytest.raises(CaseError):
        MediaNames().name(row)
