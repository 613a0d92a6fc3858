"""A name that promises another type than the content is said; an unknown one promises nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.media.sniff import disagrees

PE = "application/vnd.microsoft.portable-executable"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.jpg", "image/jpeg"),
        ("A.JPE", "image/jpeg"),
        ("a.tif", "image/tiff"),
        ("a.heif", "image/heic"),
        ("a.mov", "video/mp4"),
        ("a.m4v", "video/quicktime"),
        ("a.docx", DOCX),
        ("a.docx", "application/zip"),
        ("a.docx", "application/x-ole-encrypted"),
        ("a.zip", DOCX),
        ("a.jar", "application/java-archive"),
        ("a.nef", "image/tiff"),
        ("a.txt", "application/json"),
        ("a.dat", PE),
        ("a.dat", "application/octet-stream"),
        ("empty.txt", "inode/x-empty"),
        (".nomedia", "inode/x-empty"),
        ("noextension", "image/jpeg"),
        (".jpg", "text/plain"),
        ("a.xyz", "image/jpeg"),
        ("dir.jpg/file", "text/plain"),
    ],
)
def test_compatible_names_are_left_alone(name: str, media_type: str) -> None:
    assert disagrees(name, media_type) is None


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("empty.jpg", "inode/x-empty"),
        ("a.jpg", PE),
        ("a.jpg", "image/png"),
        ("a.jpg", "application/octet-stream"),
        ("readme.dat", "image/jpeg"),
        ("notes.txt", "image/png"),
        ("sys.dll", "image/jpeg"),
        ("settings.ini", "video/mp4"),
        ("a.pdf", "application/zip"),
        ("a.mp4", "video/x-matroska"),
        ("sub/dir\\photo.jpg ", PE),
    ],
)
def test_a_broken_promise_is_a_sentence_with_both_types(name: str, media_type: str) -> None:
    sentence = disagrees(name, media_type)
    assert sentence is not None
    assert "the name ends in ." in sentence
    if media_type != "application/octet-stream":
        assert media_type in sentence


@given(st.text(), st.sampled_from(["image/jpeg", "text/plain", "application/octet-stream"]))
def test_any_name_is_survived(name: str, media_type: str) -> None:
    disagrees(name, media_type)
