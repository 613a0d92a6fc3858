"""ZIP archives: members, names, times, locks, damage and tricks."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
import pyzipper
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import Encrypted, Malformed
from assay.core.opening import Limits
from assay.core.vocab import Allocation, EntryKind
from assay.openers import ziplock
from assay.openers.ziplock import ZipCrypto
from assay.openers.zips import ZipOpener
from tests.support.members import Contents, contents, damaged, keeps_the_contract

PICTURE = b"\xff\xd8" + bytes(range(256)) * 20 + b"\xff\xd9"
NOISE = os.urandom(3000)


def make(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10)), data, method)
    return out.getvalue()


def read(data: bytes, **options: object) -> Contents:
    return contents(ZipOpener(), data, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", [0, 8, 12, 14], ids=["stored", "deflate", "bzip2", "lzma"])
def test_a_member_of_every_common_method_comes_out_as_it_went_in(method: int) -> None:
    seen = read(make({"a.jpg": PICTURE}, method))
    assert seen.data == {"a.jpg": PICTURE}
    assert seen.flags == set()


def test_zstandard_and_xz_members_are_read() -> None:
    import lzma

    from backports import zstd

    plain = make({"a.jpg": NOISE}, 0)
    for number, packed in ((93, zstd.compress(NOISE)), (95, lzma.compress(NOISE))):
        seen = read(_with_method(plain, NOISE, packed, number))
        assert seen.data == {"a.jpg": NOISE}
        assert seen.flags == set()


def _with_method(archive: bytes, data: bytes, packed: bytes, number: int) -> bytes:
    """Put other compressed bytes under another method into a one-member archive."""
    name = b"a.jpg"
    crc = zlib.crc32(data)
    local = struct.pack(
        "<4s5H3L2H", b"PK\3\4", 20, 0, number, 0, 0x58A6, crc, len(packed), len(data), len(name), 0
    )
    central = struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, number, 0, 0x58A6, crc, len(packed), len(data),
        len(name), 0, 0, 0, 0, 0, 0,
    )  # fmt: skip
    body = local + name + packed
    size = len(central + name)
    return (
        body + central + name + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, size, len(body), 0)
    )


def test_an_unknown_method_is_one_unreadable_member_beside_a_good_one() -> None:
    seen = read(_with_method(b"", NOISE, b"whatever", 97))
    assert isinstance(seen.errors["a.jpg"], OSError)
    assert "WavPack" in str(seen.errors["a.jpg"])


def test_names_are_kept_byte_for_byte() -> None:
    data = make({"xx\\..\\win.jpg": PICTURE, "../up.jpg": PICTURE, "qqqq": PICTURE})
    data = data.replace(b"qqqq", b"b\xff\xfed")
    assert read(data).names == ["xx\\..\\win.jpg", "../up.jpg", "b\udcff\udcfed"]


def test_dos_times_have_no_zone_until_the_case_assumes_one() -> None:
    data = make({"a": b"x"})
    unknown = read(data).members[0].times[0]
    assumed = read(data, timezone="Europe/Amsterdam").members[0].times[0]
    assert (unknown.raw, unknown.zone, unknown.utc) == ("2024-05-06 07:08:10", "unknown", None)
    assert (assumed.zone, assumed.utc) == ("assumed Europe/Amsterdam", "2024-05-06T05:08:10Z")


def test_extended_and_ntfs_times_are_utc() -> None:
    info = zipfile.ZipInfo("a", (2024, 5, 6, 7, 8, 10))
    ntfs = struct.pack("<LHH3Q", 0, 1, 24, 133593412900000000, 0, 0)
    info.extra = struct.pack("<HHBl", 0x5455, 5, 1, 1717400000)
    info.extra += struct.pack("<HH", 0x000A, len(ntfs)) + ntfs
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, b"x")
    times = {stamp.field: stamp.utc for stamp in read(out.getvalue()).members[0].times}
    assert times["ZIP extended mtime"] == "2024-06-03T07:33:20Z"
    assert times["ZIP NTFS mtime"] is not None


def test_an_impossible_dos_time_is_kept_raw() -> None:
    data = _with_method(b"", b"x", b"x", 0).replace(b"\xa6\x58", b"\xff\xff")
    assert read(data).members[0].times[0].raw == "0xffff 0x0000"


# -- locks ------------------------------------------------------------------------------------


def aes(password: bytes, files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", zipfile.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password)
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def zipcrypto(password: bytes, data: bytes) -> bytes:
    """Lock one deflated member the traditional way, which no library writes any more."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(data) + packer.flush()
    cipher = ZipCrypto(password)
    crc = zlib.crc32(data)
    locked = cipher.encrypt(os.urandom(11) + bytes([crc >> 24]) + packed)
    made = bytearray(_with_method(b"", data, locked, 8))
    made[6] |= 1
    made[made.index(b"PK\1\2") + 8] |= 1
    return bytes(made)


@pytest.mark.parametrize("lock", ["aes", "zipcrypto"])
def test_the_right_password_among_many_opens_a_member(lock: str) -> None:
    data = aes(b"right", {"a.jpg": PICTURE}) if lock == "aes" else zipcrypto(b"right", PICTURE)
    wrong = tuple(b"wrong%d" % n for n in range(600 if lock == "zipcrypto" else 20))
    seen = read(data, passwords=(*wrong, b"right"))
    assert seen.data == {"a.jpg": PICTURE}
    assert seen.flags == set()


@pytest.mark.parametrize("lock", ["aes", "zipcrypto"])
def test_without_the_password_a_member_is_named_and_locked(lock: str) -> None:
    data = aes(b"right", {"a.jpg": PICTURE}) if lock == "aes" else zipcrypto(b"right", PICTURE)
    seen = read(data, passwords=tuple(b"wrong%d" % n for n in range(600 if lock != "aes" else 5)))
    assert seen.names == ["a.jpg"]
    assert isinstance(seen.errors["a.jpg"], Encrypted)


def test_members_with_different_passwords_all_open() -> None:
    first, second = aes(b"one", {"a": PICTURE}), aes(b"two", {"b": NOISE})
    joined = first + second
    seen = read(joined, passwords=(b"one", b"two"))
    assert seen.data["b"] == NOISE  # the first archive comes out as bytes of its own
    assert read(seen.data[seen.names[1]], passwords=(b"one", b"two")).data == {"a": PICTURE}


def test_a_changed_byte_in_an_aes_member_is_reported() -> None:
    data = bytearray(aes(b"pw", {"a": NOISE}))
    data[1500] ^= 1
    assert "malformed" in read(bytes(data), passwords=(b"pw",)).flags


def test_tries_on_one_archive_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ziplock, "MAX_TRIES", 50)
    data = aes(b"right", {f"{n}": b"x" for n in range(4)})
    passwords = tuple(b"%d" % n for n in range(30))
    seen = read(data, passwords=passwords)
    assert all(isinstance(error, Encrypted) for error in seen.errors.values())
    assert "stopped after" in str(seen.errors["3"])


# -- damage -----------------------------------------------------------------------------------


def test_a_truncated_archive_is_salvaged_by_the_members_own_headers() -> None:
    data = make({"a.jpg": PICTURE, "b.jpg": NOISE})
    seen = read(data[: data.rindex(b"PK\5\6") - 20])
    assert seen.data == {"a.jpg": PICTURE, "b.jpg": NOISE}
    assert {"truncated", "salvaged"} <= seen.flags


def test_half_a_member_is_given_with_a_finding() -> None:
    data = make({"a.bin": NOISE}, 0)
    seen = read(data[:2000])
    assert NOISE.startswith(seen.data["a.bin"])
    assert len(seen.data["a.bin"]) > 1900
    assert any(t.flag == "truncated" and "a.bin" in t.detail for t in seen.troubles)


def test_a_wrong_checksum_is_reported_and_the_content_still_given() -> None:
    data = bytearray(make({"a.bin": NOISE}, 0))
    data[500] ^= 1
    seen = read(bytes(data))
    assert len(seen.data["a.bin"]) == len(NOISE)
    assert seen.flags == {"malformed"}


def test_streamed_members_without_a_directory_are_salvaged() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *args: int) -> int:
            raise OSError("a pipe")

        def tell(self) -> int:
            raise OSError("a pipe")

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", PICTURE)
        archive.writestr("b.jpg", NOISE)
    whole = out.getvalue()
    assert read(whole).flags == set()  # data descriptors are no unlisted bytes
    assert read(whole[: whole.index(b"PK\1\2")]).data == {"a.jpg": PICTURE, "b.jpg": NOISE}


def test_no_entry_at_all_is_malformed() -> None:
    with pytest.raises(Malformed):
        read(b"PK\3\4" + b"\xff" * 200)


def test_the_last_part_of_a_split_archive_says_so() -> None:
    data = bytearray(make({"a.jpg": PICTURE}))
    data[data.rindex(b"PK\5\6") + 4] = 2
    seen = read(bytes(data))
    assert "split into 3" in seen.troubles[0].detail
    assert seen.data == {"a.jpg": PICTURE}


# -- tricks -----------------------------------------------------------------------------------


def test_entries_that_share_bytes_are_reported_and_read_once() -> None:
    data = make({"a": b"\0" * 100_000})
    at = data.index(b"PK\1\2")
    end = data.rindex(b"PK\5\6")
    entry = data[at:end]
    many = b"".join(entry[:46] + bytes([97 + n]) for n in range(16))
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 16, 16, len(many), at, 0)
    seen = read(data[:at] + many + tail)
    assert "overlapping_entries" in seen.flags
    assert [m.kind for m in seen.members].count(EntryKind.FILE) == 1
    assert len(seen.members) == 16


def test_the_same_name_twice_keeps_both() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("same.jpg", PICTURE)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("same.jpg", NOISE)
    seen = read(out.getvalue())
    assert seen.names == ["same.jpg", "same.jpg"]
    assert seen.flags == {"duplicate_name"}


def test_a_header_that_tells_another_name_is_reported_and_read() -> None:
    data = make({"holiday.jpg": PICTURE})
    changed = b"innocent.md"
    data = data.replace(b"holiday.jpg", changed, 1)
    seen = read(data)
    assert seen.data == {"holiday.jpg": PICTURE}
    assert seen.flags == {"header_mismatch"}


def test_a_file_that_the_directory_leaves_out_is_a_member_of_its_own() -> None:
    data = make({"hidden.jpg": NOISE, "seen.txt": b"hello"})
    start, end = data.index(b"PK\1\2"), data.rindex(b"PK\5\6")
    second = data.index(b"PK\1\2", start + 4)
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, end - second, start, 0)
    seen = read(data[:start] + data[second:end] + tail)
    carved = next(m for m in seen.members if m.state is Allocation.CARVED)
    assert read(seen.data[carved.name]).data == {"hidden.jpg": NOISE}


def test_bytes_behind_the_end_record_are_a_member_of_their_own() -> None:
    seen = read(make({"a.txt": b"hello"}) + PICTURE)
    assert seen.data[seen.names[1]] == PICTURE


def test_an_end_record_that_counts_too_few_hides_nothing() -> None:
    data = bytearray(make({"a": PICTURE, "b": NOISE}))
    at = data.rindex(b"PK\5\6")
    data[at + 8 : at + 12] = b"\1\0\1\0"
    seen = read(bytes(data))
    assert set(seen.data) == {"a", "b"}
    assert seen.flags == {"header_mismatch"}


def test_a_link_is_recorded_with_its_target_and_a_large_one_is_a_file() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in (("link", b"/etc/passwd"), ("big", NOISE * 2)):
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, data)
    seen = read(out.getvalue())
    assert (seen.member("link").kind, seen.member("link").detail) == (
        EntryKind.SYMLINK,
        "/etc/passwd",
    )
    assert seen.data == {"big": NOISE * 2}


def test_a_bomb_is_read_lazily() -> None:
    data = make({"zeros": bytes(64 << 20)})
    opener = ZipOpener()
    from assay.core.blob import MemoryBlob
    from assay.core.opening import Member, OpenContext

    member = next(iter(opener.open(MemoryBlob(data), OpenContext())))
    assert isinstance(member, Member)
    assert member.open is not None
    with member.open() as stream:
        assert stream.read(1000) == bytes(1000)
    assert member.stored_size is not None
    assert member.stored_size < 100_000


def test_more_entries_than_the_limit_stop_just_behind_it() -> None:
    data = make({str(n): b"x" for n in range(50)})
    assert len(read(data, limits=Limits(members=10)).members) == 11


def test_zip64_archives_are_read() -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.jpg", "w", force_zip64=True) as member,
    ):
        member.write(PICTURE)
    data = out.getvalue()
    at = data.rindex(b"PK\5\6")
    start = data.index(b"PK\1\2")
    wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, at - start, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    seen = read(data[:at] + wide + locator + end)
    assert seen.data == {"a.jpg": PICTURE}
    assert seen.flags == set()


@pytest.mark.shared_data
def test_the_hostile_archives_give_what_is_expected_of_them(shared_data: Path) -> None:
    hostile = shared_data / "evidence" / "hostile"
    password = (b"assay-test",)
    assert len(read((hostile / "zip_slip.zip").read_bytes()).data) == 4
    assert "overlapping_entries" in read((hostile / "bomb_overlap16.zip").read_bytes()).flags
    assert len(read((hostile / "truncated.zip").read_bytes()).data) == 2
    for name in ("encrypted_aes.zip", "encrypted_zipcrypto.zip"):
        data = (hostile / name).read_bytes()
        assert len(read(data).errors) == 1
        assert len(read(data, passwords=password).data) == 1


SAMPLES = (
    make({"a.jpg": PICTURE, "b/c.txt": b"hello"}),
    make({"a.bin": NOISE}, 14),
    aes(b"pw", {"a": b"x" * 400}),
    zipcrypto(b"pw", b"x" * 400),
)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.integers(0, 2000),
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(ZipOpener(), damaged(data, cut, flips), (b"pw",))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_never_raise_past_the_contract(data: bytes) -> None:
    keeps_the_contract(ZipOpener(), b"PK\3\4" + data + b"PK\5\6" + data[:18])
