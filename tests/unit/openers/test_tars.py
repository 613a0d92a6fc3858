"""Tar archives, plain and compressed: members, links, sparse files, damage."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.blob import MemoryBlob
from assay.core.errors import Malformed, NotApplicable
from assay.core.opening import Member, OpenContext
from assay.core.vocab import EntryKind
from assay.openers.tars import TarOpener
from tests.support.members import Contents, contents, damaged, keeps_the_contract

PICTURE = b"\xff\xd8" + bytes(range(256)) * 20 + b"\xff\xd9"
NOISE = os.urandom(3000)


def make(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, errors="surrogateescape") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), 1717400000, 0o640
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def read(data: bytes) -> Contents:
    return contents(TarOpener(), data)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstd.compress])
def test_members_show_directly_however_the_tar_is_compressed(pack: Callable[..., bytes]) -> None:
    seen = read(pack(make({"a.jpg": PICTURE, "b/c.bin": NOISE, "empty": b""})))
    assert seen.data == {"a.jpg": PICTURE, "b/c.bin": NOISE, "empty": b""}
    assert seen.flags == set()
    member = seen.member("a.jpg")
    assert (member.times[0].utc, member.mode) == ("2024-06-03T07:33:20Z", 0o640)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_survive_in_every_format(form: int) -> None:
    names = ["a" * 60 + "/" + "b" * 80, "bad\udcff\udcfe.jpg", "new\nline.jpg"]
    if form != tarfile.USTAR_FORMAT:
        names.append("c" * 244 + ".jpg")
    assert read(make(dict.fromkeys(names, b"x"), form)).names == names


def test_links_and_devices_are_recorded_and_not_opened() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (
            ("soft", tarfile.SYMTYPE),
            ("hard", tarfile.LNKTYPE),
            ("pipe", tarfile.FIFOTYPE),
            ("disk", tarfile.BLKTYPE),
            ("folder", tarfile.DIRTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "../target"
            archive.addfile(info)
    seen = read(out.getvalue())
    assert {m.name: m.kind for m in seen.members} == {
        "soft": EntryKind.SYMLINK,
        "hard": EntryKind.HARDLINK,
        "pipe": EntryKind.SPECIAL,
        "disk": EntryKind.SPECIAL,
    }
    assert seen.member("soft").detail == "../target"
    assert all(member.open is None for member in seen.members)


def test_a_compressed_file_that_is_no_tar_is_left_to_another_opener() -> None:
    with pytest.raises(NotApplicable):
        read(gzip.compress(PICTURE))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_truncated_tar_gives_half_of_its_last_member(pack: Callable[[bytes], bytes]) -> None:
    data = pack(make({"a.jpg": PICTURE, "b.bin": NOISE}))
    seen = read(data[: 7168 + 1024] if pack is bytes else data[:-600])
    assert seen.data["a.jpg"] == PICTURE
    assert NOISE.startswith(seen.data["b.bin"])
    assert "truncated" in seen.flags


def test_members_behind_a_damaged_header_are_still_found() -> None:
    data = bytearray(make({"a": NOISE, "b": PICTURE, "c": NOISE}, tarfile.USTAR_FORMAT))
    data[512 + 3072 + 148] ^= 0xFF
    seen = read(bytes(data))
    assert seen.names == ["a", "c"]
    assert seen.flags == {"malformed"}


def test_archives_joined_behind_an_end_mark_are_read_to_the_last() -> None:
    seen = read(make({"a": PICTURE}) + make({"b": NOISE}))
    assert seen.data == {"a": PICTURE, "b": NOISE}


def test_bytes_behind_a_compressed_tar_are_a_member_of_their_own() -> None:
    seen = read(gzip.compress(make({"a": b"x"})) + PICTURE)
    assert seen.data[seen.names[1]] == PICTURE


def test_a_sparse_file_comes_out_with_its_holes() -> None:
    holes = [(1000, b"hello"), (70_000, b"end")]
    body = b"%d\n" % len(holes) + b"".join(b"%d\n%d\n" % (at, len(d)) for at, d in holes)
    stored = body.ljust(512, b"\0") + b"".join(d for _, d in holes)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("GNUSparseFile.1/a.bin")
        info.size = len(stored)
        info.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": "a.bin",
            "GNU.sparse.realsize": "80000",
        }
        archive.addfile(info, io.BytesIO(stored))
    wanted = bytearray(80_000)
    for at, data in holes:
        wanted[at : at + len(data)] = data
    assert read(out.getvalue()).data == {"a.bin": bytes(wanted)}


def test_an_extension_header_of_any_claimed_size_is_read_only_in_part() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 3 << 20
    seen = read(info.tobuf() + bytes(3 << 20) + make({"a": b"x"}))
    assert seen.data == {"a": b"x"}
    assert "malformed" in seen.flags


def test_a_compressed_tar_of_nothing_stops() -> None:
    data = gzip.compress(make({"a": b"x"}) + bytes(64 << 20))
    from assay.core.errors import LimitReached
    from assay.core.opening import Limits

    with pytest.raises(LimitReached):
        contents(TarOpener(), data, limits=Limits(ratio=2, ratio_floor=1 << 20))


def test_a_member_of_a_compressed_tar_cannot_be_read_later() -> None:
    data = gzip.compress(make({"a": PICTURE, "b": NOISE}))
    first, second = TarOpener().open(MemoryBlob(data), OpenContext())
    assert isinstance(first, Member)
    assert isinstance(second, Member)
    assert first.open is not None
    with pytest.raises(OSError, match="out of order"):
        first.open().read()


def test_members_of_a_plain_tar_can_be_read_at_any_time() -> None:
    first, _ = TarOpener().open(MemoryBlob(make({"a": PICTURE, "b": NOISE})), OpenContext())
    assert isinstance(first, Member)
    assert first.open is not None
    assert first.open().read() == PICTURE


def test_no_header_at_all_is_malformed() -> None:
    with pytest.raises(Malformed):
        read(b"\x01" * 2048)


@pytest.mark.shared_data
def test_the_hostile_tars_give_what_is_expected_of_them(shared_data: Path) -> None:
    hostile = shared_data / "evidence" / "hostile"
    assert len(read((hostile / "links_and_devices.tar").read_bytes()).data) == 4
    assert len(read((hostile / "weird_names.tar").read_bytes()).data) == 18
    assert read((hostile / "nonutf8_name.tar").read_bytes()).names == ["bad\udcff\udcfe.jpg"]


PLAIN = make({"a.jpg": PICTURE, "ü" * 120: b"hello"}, tarfile.PAX_FORMAT)
SAMPLES = (PLAIN, make({"n" * 150: NOISE}, tarfile.GNU_FORMAT), gzip.compress(PLAIN))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.integers(0, 12_000),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(TarOpener(), damaged(data, cut, flips))
