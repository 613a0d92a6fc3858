"""Extensions of exported files follow the content, and never make a file run."""

from __future__ import annotations

import pytest

from assay.exports.names import extension_of


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
