"""Thumbs.db: names from the catalog, thumbnails of every Windows, deleted ones, lies."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from assay.core.errors import Malformed, NotApplicable
from assay.core.vocab import Allocation, Role
from assay.media.sniff import sniff
from assay.openers.thumbsdb import ThumbsDbOpener
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.ole_files import (
    blip,
    catalog,
    compound,
    old_thumbnail,
    picture,
    thumbnail,
    without_tables,
)
from tests.unit.openers.test_ole import sealed

JPEG, OTHER, PNG = picture("JPEG"), picture("JPEG", (96, 72), 5), picture("PNG")
TICKS = 133_617_000_000_000_000  # 2024-06-01 07:20 UTC


def read(data: bytes) -> Contents:
    return contents(ThumbsDbOpener(), data)


def store(**more: bytes) -> bytes:
    listed = catalog([(1, "boat.jpg", TICKS), (12, "harbour \u00e9.png", 0)])
    return compound({"Catalog": listed, "1": thumbnail(JPEG), "21": thumbnail(OTHER), **more})


def test_the_catalog_names_each_thumbnail_by_its_reversed_number() -> None:
    seen = read(store())
    assert seen.data == {
        "boat.jpg/thumbnail 1": JPEG,
        "harbour \u00e9.png/thumbnail 21": OTHER,
    }
    assert {member.role for member in seen.members} == {Role.THUMBNAIL}
    (stamp,) = seen.members[0].times
    assert (stamp.raw, stamp.utc) == (str(TICKS), "2024-06-01T07:20:00Z")
    assert seen.members[1].times == ()


def test_the_type_is_known_by_its_catalog() -> None:
    data = store()
    assert sniff(data[:65536], len(data)) == "application/x-thumbs-db"


def test_large_sectors_have_a_number_more_in_the_catalog() -> None:
    listed = catalog([(1, "boat.jpg", TICKS)], wide=True)
    data = compound({"Catalog": listed, "1": thumbnail(JPEG)}, version=4)
    assert read(data).data == {"boat.jpg/thumbnail 1": JPEG}


def test_a_store_without_a_catalog_is_known_by_its_names() -> None:
    data = compound(
        {"256_8a1c2f3e4d5b6a79": thumbnail(JPEG), "96_11aa22bb33cc44dd": thumbnail(PNG)}
    )
    assert read(data).data == {"256_8a1c2f3e4d5b6a79": JPEG, "96_11aa22bb33cc44dd": PNG}


def test_an_old_thumbnail_is_shown_with_the_tables_it_lacks() -> None:
    original = Image.open(io.BytesIO(picture("PNG", (96, 64), 7))).convert("RGB")
    stored = without_tables(original)
    seen = read(
        compound({"Catalog": catalog([(1, "old.bmp", 0)]), "1": old_thumbnail(stored, (96, 64))})
    )
    (member,) = seen.members
    assert (member.role, member.media_type) == (Role.STREAM, "image/x-thumbs-jpeg")
    assert list(seen.data.values()) == [stored]
    assert member.rendering is not None
    with Image.open(member.rendering()) as shown:
        assert shown.size == original.size
        apart = np.asarray(shown, np.int16) - np.asarray(original, np.int16)
    assert np.abs(apart).mean() < 12  # as far as JPEG at quality 75 lies from this drawing


def test_an_old_thumbnail_that_is_noise_has_no_rendering() -> None:
    stored = b"\xff\xd8\xff\xc0" + os.urandom(300)
    (member,) = read(compound({"Catalog": catalog([]), "1": old_thumbnail(stored, (9, 9))})).members
    assert member.rendering is not None
    with pytest.raises(Malformed):
        member.rendering()


def test_an_unknown_header_is_searched() -> None:
    seen = read(store(**{"3": os.urandom(99) + PNG + bytes(9)}))
    assert PNG in seen.data.values()


def test_what_is_no_picture_is_given_and_not_dropped() -> None:
    rest = b"\0" * 200 + b"?"
    assert rest in read(store(**{"3": rest})).data.values()


def test_deleted_thumbnails_are_carved() -> None:
    data = compound(
        {"Catalog": catalog([(1, "a.jpg", 0)]), "1": thumbnail(JPEG)},
        free=[thumbnail(OTHER)],
        unlinked={"7": thumbnail(PNG)},
    )
    seen = read(data)
    assert {JPEG, OTHER, PNG} <= set(seen.data.values())
    assert seen.member("7").state is Allocation.DELETED
    carved = [member for member in seen.members if member.state is Allocation.CARVED]
    assert [member.role for member in carved] == [Role.THUMBNAIL]


def test_another_compound_file_is_not_applicable() -> None:
    for streams in ({"Pictures": blip(0xF01D, 0x46A, JPEG)}, {"Catalog": b"x", "Book": b"y"}, {}):
        with pytest.raises(NotApplicable):
            read(compound(streams))


def test_a_catalog_that_leads_nowhere_ends() -> None:
    for size in (0, 1, 15, 0xFFFFFFFF):
        listed = bytearray(catalog([(1, "a", 0)] * 50))
        struct.pack_into("<I", listed, 16, size)
        data = compound({"Catalog": bytes(listed), "1": thumbnail(JPEG)})
        assert read(data).data == {"1": JPEG}


def test_nothing_is_imported_or_opened_after_the_warm_up(tmp_path: Path) -> None:
    original = Image.open(io.BytesIO(picture("PNG", (96, 64), 7)))
    path = tmp_path / "Thumbs.db"
    path.write_bytes(store(**{"3": old_thumbnail(without_tables(original), (96, 64))}))
    assert sealed("thumbsdb", "ThumbsDbOpener", path) == "3 1"


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 12_000),
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 255)), max_size=8),
)
def test_damage_never_raises_past_the_contract(cut: int, flips: list[tuple[int, int]]) -> None:
    keeps_the_contract(ThumbsDbOpener(), damaged(store(), cut, flips))
