"""Archives appended to other files, and which opener a media type is given to."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import NotApplicable
from assay.core.vocab import Allocation
from assay.openers.appended import AppendedOpener
from assay.openers.registry import all_openers, openers_for
from tests.support.members import Contents, contents, damaged, keeps_the_contract

PICTURE = b"\xff\xd8" + bytes(range(256)) * 20 + b"\xff\xd9"
HIDDEN = os.urandom(2000)


def zipped(prefix: bytes = b"") -> bytes:
    out = io.BytesIO(prefix)
    out.seek(len(prefix))
    with zipfile.ZipFile(out, "a" if prefix else "w") as archive:
        archive.writestr("hidden.jpg", HIDDEN)
    return out.getvalue()


def sevened() -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        archive.writestr(HIDDEN, "hidden.jpg")
    return out.getvalue()


def read(data: bytes) -> Contents:
    return contents(AppendedOpener(), data)


def test_a_zip_behind_a_picture_is_opened_and_the_picture_is_no_member() -> None:
    assert read(PICTURE + zipped()).data == {"hidden.jpg": HIDDEN}


def test_a_zip_whose_offsets_count_the_picture_is_opened_too() -> None:
    assert read(zipped(PICTURE)).data == {"hidden.jpg": HIDDEN}


def test_a_7z_behind_a_program_is_opened() -> None:
    assert read(b"MZ" + bytes(3000) + sevened() + b"signature").data == {"hidden.jpg": HIDDEN}


def test_a_rar_is_named_as_what_cannot_be_opened_here() -> None:
    data = PICTURE + b"Rar!\x1a\x07\x01\x00" + HIDDEN
    seen = read(data)
    assert seen.members[0].state is Allocation.CARVED
    assert seen.data[seen.names[0]] == data[len(PICTURE) :]


@pytest.mark.parametrize("data", [PICTURE, b"", zipped(), b"7z\xbc\xaf\x27\x1c in a text"])
def test_files_without_one_are_not_applicable(data: bytes) -> None:
    with pytest.raises(NotApplicable):
        read(data)


@pytest.mark.shared_data
def test_the_polyglot_gives_its_hidden_picture(shared_data: Path) -> None:
    data = (shared_data / "evidence" / "hostile" / "polyglot_jpg_zip.jpg").read_bytes()
    assert list(read(data).data) == ["hidden.jpg"]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([PICTURE + zipped(), PICTURE + sevened()]),
    st.sampled_from([0, 0, 1, 30, 900]),
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), max_size=5),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(AppendedOpener(), damaged(data, cut, flips))


def test_every_opener_warms_and_has_a_name_of_its_own() -> None:
    openers = all_openers()
    for opener in openers:
        opener.warm()
    assert len({opener.name for opener in openers}) == len(openers)


@pytest.mark.parametrize(
    ("media_type", "names"),
    [
        ("application/zip", ["zip"]),
        ("application/gzip", ["tar", "single"]),
        ("application/x-7z-compressed", ["7z"]),
        ("image/jpeg", ["previews", "carve", "appended"]),
        ("application/octet-stream", ["thumbdata", "encoded", "locked", "carve", "appended"]),
        ("application/vnd.rar", ["locked"]),
        ("application/pdf", ["pdf", "carve", "appended"]),
    ],
)
def test_a_media_type_is_given_to_the_openers_of_its_kind(
    media_type: str, names: list[str]
) -> None:
    assert [opener.name for opener in openers_for(media_type)] == names
