"""Ogg: comments of every codec, over page borders, in chains and mixtures; damage is told."""

from __future__ import annotations

import pytest

from assay.core.slots import SlotKind
from assay.media.slots import walk
from assay.media.sniff import sniff
from tests.support.containers import OPUS_HEAD, ogg_page, ogg_pages, opus, vorbis_block

BLOCK = vorbis_block(b"prompt={}", b"TITLE=song")
WANTED = {"prompt": b"{}", "TITLE": b"song"}
VORBIS = b"\x01vorbis" + bytes(23)
FLAC = b"\x7fFLAC\1\0\0\1fLaC\0\0\0\x22" + bytes(34)
FLAC_BLOCK = b"\x84" + len(BLOCK).to_bytes(3, "big") + BLOCK
THEORA = b"\x80theora\3\2\1\0\x14\0\x0f\0\1\x40\0\0\xf0" + bytes(22)


@pytest.mark.parametrize(
    ("head", "comments", "media_type", "codec"),
    [
        (OPUS_HEAD, b"OpusTags" + BLOCK, "audio/ogg", "opus"),
        (VORBIS, b"\x03vorbis" + BLOCK + b"\1", "audio/ogg", "vorbis"),
        (FLAC, FLAC_BLOCK, "audio/ogg", "flac"),
        (b"Speex   " + bytes(72), BLOCK, "audio/ogg", "speex"),
        (THEORA, b"\x81theora" + BLOCK, "video/ogg", "theora"),
    ],
)
def test_comments_of_every_codec(head: bytes, comments: bytes, media_type: str, codec: str) -> None:
    data = b"".join(ogg_pages(1, head, comments, b"sound"))
    assert sniff(data, len(data)) == media_type
    found = walk(data, media_type)
    assert {s.key: s.data for s in found.slots} == WANTED
    assert {data[s.offset : s.offset + s.length] for s in found.slots} == set(WANTED.values())
    assert (found.facts["codec"], found.troubles, found.end) == (codec, (), len(data))
    assert (found.width, found.height) == ((320, 240) if codec == "theora" else (None, None))


def test_a_comment_that_goes_on_over_many_pages_is_joined() -> None:
    text = bytes(range(97, 123)) * 100
    data = opus(b"A=before", b"workflow=" + text, b"Z=after", segments=2)
    slots = {s.key: s for s in walk(data, "audio/ogg").slots}
    assert {k: s.data for k, s in slots.items()} == {
        "A": b"before", "workflow": text, "Z": b"after"
    }  # fmt: skip
    whole = slots["workflow"]
    stored = data[whole.offset : whole.offset + whole.length]
    assert stored.startswith(text[:20])
    assert stored.endswith(text[-20:])
    assert whole.length > len(text)  # the heads of pages lie between


def test_chained_and_interleaved_streams_are_all_read() -> None:
    one = ogg_pages(1, OPUS_HEAD, b"OpusTags" + vorbis_block(b"a=1"), b"x")
    two = ogg_pages(2, VORBIS, b"\x03vorbis" + vorbis_block(b"b=2"), b"x")
    mixed = b"".join((one[0], two[0], one[1], two[1], *one[2:], *two[2:]))
    chained = mixed + opus(b"c=3")
    assert {s.key: s.data for s in walk(chained, "audio/ogg").slots} == {
        "a": b"1", "b": b"2", "c": b"3"
    }  # fmt: skip


def test_a_cover_picture_is_kept_as_data_and_not_as_a_text() -> None:
    (slot,) = walk(opus(b"METADATA_BLOCK_PICTURE=AAAA"), "audio/ogg").slots
    assert (slot.kind, slot.data) == (SlotKind.OTHER, b"AAAA")


def test_a_stream_of_an_unknown_codec_says_nothing_and_is_no_damage() -> None:
    data = b"".join(ogg_pages(1, b"fishead\0" + bytes(56), b"x"))
    assert (walk(data, "audio/ogg").slots, walk(data, "audio/ogg").troubles) == ((), ())


@pytest.mark.parametrize(
    ("data", "flag"),
    [
        (opus(b"a=1")[:-2], "truncated"),
        (ogg_pages(1, OPUS_HEAD)[0], "truncated"),
        (b"".join(ogg_pages(1, OPUS_HEAD, b"no tags")), "malformed"),
        (b"".join(ogg_pages(1, OPUS_HEAD, b"OpusTags" + BLOCK[:-3])), "malformed"),
        (b"".join(ogg_pages(1, OPUS_HEAD, b"OpusTags\xff\xff\xff\xff")), "malformed"),
        (b"junk".join(ogg_pages(1, OPUS_HEAD, b"OpusTags" + BLOCK)), "malformed"),
        (b"".join(ogg_page(n, 0, 2, b"\x08", b"OpusHead") for n in range(70)), "malformed"),
    ],
)
def test_damage_is_told(data: bytes, flag: str) -> None:
    assert flag in {t.flag for t in walk(data, "audio/ogg").troubles}


def test_junk_between_pages_hides_no_comment() -> None:
    data = b"junk".join(ogg_pages(1, OPUS_HEAD, b"OpusTags" + BLOCK))
    assert {s.key for s in walk(data, "audio/ogg").slots} == set(WANTED)


def test_a_packet_without_end_is_a_bomb_and_costs_no_memory() -> None:
    full = ogg_page(1, 1, 0, b"\xff" * 255, bytes(255 * 255))
    data = ogg_page(1, 0, 2, bytes([len(OPUS_HEAD)]), OPUS_HEAD) + full * 300
    found = walk(data, "audio/ogg")
    assert "metadata_bomb" in {t.flag for t in found.troubles}
    assert found.slots == ()


def test_what_lies_behind_the_last_page_is_a_trailer() -> None:
    found = walk(opus(b"a=1") + b"PK hidden", "audio/ogg")
    assert [s.data for s in found.slots if s.kind is SlotKind.TRAILER] == [b"PK hidden"]


def test_a_stream_that_begins_again_before_its_comments_is_told() -> None:
    def page(flags: int, body: bytes, length: int) -> bytes:
        return b"OggS\0" + bytes([flags, *[0] * 8]) + b"abcd" + bytes([*[0] * 8, 1, length]) + body

    head = page(2, b"OpusHead" + b"\0" * 11, 19)
    whole = page(0, b"OpusTags" + b"\0" * 8, 16)
    cut = page(0, b"OpusTags" + b"\0" * 247, 255)  # goes on in a page that never comes
    assert not walk(head + whole + head + whole, "audio/ogg").troubles
    found = walk(head + cut + head + whole, "audio/ogg")
    assert [t.flag for t in found.troubles] == ["truncated"]
