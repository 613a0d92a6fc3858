"""7z archives: members, passwords, methods, damage."""

from __future__ import annotations

import io
import os
from pathlib import Path

import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import Encrypted, LimitReached, Malformed
from assay.core.opening import Limits
from assay.openers.sevenzip import SevenZipOpener
from tests.support.members import Contents, contents, damaged, keeps_the_contract

PICTURE = b"\xff\xd8" + bytes(range(256)) * 20 + b"\xff\xd9"
NOISE = os.urandom(3000)
FILES = {"a.jpg": PICTURE, "b/c.bin": NOISE}

METHODS = {
    "lzma2": [{"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "lzma": [{"id": py7zr.FILTER_LZMA, "preset": 1}],
    "copy": [{"id": py7zr.FILTER_COPY}],
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "zstd": [{"id": py7zr.FILTER_ZSTD, "level": 3}],
    "bcj": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
}
LOCKED_COPY = [{"id": py7zr.FILTER_COPY}, {"id": py7zr.FILTER_CRYPTO_AES256_SHA256}]


def make(files: dict[str, bytes], **options: object) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", **options) as archive:
        for name, data in files.items():
            archive.writestr(data, name)
    return out.getvalue()


def read(data: bytes, **options: object) -> Contents:
    return contents(SevenZipOpener(), data, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", METHODS)
def test_members_of_every_method_come_out_as_they_went_in(method: str) -> None:
    seen = read(make(FILES, filters=METHODS[method]))
    assert seen.data == FILES
    assert seen.flags == set()
    assert seen.member("a.jpg").times[0].zone == "UTC"


@pytest.mark.parametrize("filters", [None, LOCKED_COPY], ids=["lzma", "copy"])
def test_the_right_password_among_wrong_ones_opens_it(filters: list[dict[str, int]] | None) -> None:
    data = make(FILES, password="right", filters=filters)
    assert read(data, passwords=(b"wrong", b"right")).data == FILES


def test_locked_members_are_named_where_the_header_is_open() -> None:
    seen = read(make(FILES, password="right"), passwords=(b"wrong",))
    assert seen.names == list(FILES)
    assert all(isinstance(error, Encrypted) for error in seen.errors.values())


def test_a_locked_header_opens_with_its_password_only() -> None:
    data = make(FILES, password="right", header_encryption=True)
    assert read(data, passwords=(b"wrong", b"right")).data == FILES
    with pytest.raises(Encrypted):
        read(data, passwords=(b"wrong",))
    with pytest.raises(Encrypted):
        read(data)


def test_a_truncated_archive_says_so() -> None:
    assert read(make(FILES)[:200]).flags == {"truncated"}


def test_a_changed_byte_in_stored_data_is_reported() -> None:
    data = bytearray(make({"a": NOISE}, filters=METHODS["copy"]))
    data[100] ^= 1
    seen = read(bytes(data))
    assert seen.flags == {"malformed"}
    assert len(seen.data["a"]) == len(NOISE)


def test_bytes_behind_the_archive_are_a_member_of_their_own() -> None:
    seen = read(make({"a": b"x"}) + PICTURE)
    assert seen.data[seen.names[1]] == PICTURE


def test_a_bomb_that_must_be_decoded_past_stops() -> None:
    data = make({"zeros": bytes(32 << 20), "b": b"x"}, filters=METHODS["lzma2"])
    seen = read(data, limits=Limits(ratio=2, ratio_floor=1 << 20))
    assert isinstance(seen.errors["b"], LimitReached)


def test_what_is_no_7z_is_malformed() -> None:
    with pytest.raises(Malformed):
        read(b"7z\xbc\xaf\x27\x1c" + bytes(200))


@pytest.mark.shared_data
def test_the_hostile_archive_opens_with_its_password(shared_data: Path) -> None:
    data = (shared_data / "evidence" / "hostile" / "encrypted_headers.7z").read_bytes()
    with pytest.raises(Encrypted):
        read(data)
    assert list(read(data, passwords=(b"assay-test",)).data) == ["encsrc/secret.jpg"]


SAMPLES = (make(FILES, filters=METHODS["lzma2"]), make(FILES, filters=METHODS["copy"]))


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.sampled_from([0, 0, 0, 1, 40, 300]),
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), max_size=4),
)
def test_damage_never_raises_past_the_contract(
    data: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    keeps_the_contract(SevenZipOpener(), damaged(data, cut, flips))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), min_size=1, max_size=3))
def test_a_damaged_header_with_sound_checksums_keeps_the_contract(
    flips: list[tuple[int, int]],
) -> None:
    keeps_the_contract(SevenZipOpener(), _reseal(flips))


def _reseal(flips: list[tuple[int, int]]) -> bytes:
    """Change an uncompressed header and make its checksums hold again."""
    import zlib

    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", filters=METHODS["copy"]) as archive:
        archive.set_encoded_header_mode(False)
        archive.writestr(NOISE, "a.bin")
        archive.writestr(b"x", "b")
    data = bytearray(out.getvalue())
    start = 32 + int.from_bytes(data[12:20], "little")
    for place, value in flips:
        data[start + place % (len(data) - start)] ^= value
    data[28:32] = zlib.crc32(data[start:]).to_bytes(4, "little")
    data[8:12] = zlib.crc32(data[12:32]).to_bytes(4, "little")
    return bytes(data)
