"""Texts in FLAC, MP3 and WebM, where generators keep their record."""

from __future__ import annotations

from assay.media.slots import walk
from tests.support.containers import flac, id3, webm


def test_vorbis_comments_of_a_flac() -> None:
    found = walk(flac(b"prompt={}", b"TITLE=song"), "audio/flac")
    assert {s.key: s.data for s in found.slots} == {"prompt": b"{}", "TITLE": b"song"}
    assert found.troubles == ()


def test_texts_of_an_id3_tag_in_any_encoding() -> None:
    data = id3(
        (b"TXXX", b"\0AIGC\0{}"),
        (b"TIT2", b"\1" + "Stück".encode("utf-16")),
        (b"COMM", b"\0eng\0a comment"),
    )
    found = {s.key: s.data.decode() for s in walk(data, "audio/mpeg").slots}
    assert found == {"AIGC": "{}", "TIT2": "Stück", "COMM": "a comment"}


def test_tags_and_size_of_a_webm() -> None:
    found = walk(webm((b"COMMENT", b'{"prompt": 1}')), "video/webm")
    assert [(s.key, s.data) for s in found.slots] == [("COMMENT", b'{"prompt": 1}')]
    assert (found.width, found.height) == (320, 240)
    assert found.troubles == ()
