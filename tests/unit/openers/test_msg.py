"""Outlook messages: texts, attachments, messages inside messages, damage."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.blob import MemoryBlob
from assay.core.errors import Malformed, NotApplicable
from assay.core.vocab import Allocation, Role
from assay.media.sniff import sniff
from assay.openers.msg import MsgOpener
from assay.openers.rtfpacked import unpacked
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.ole_files import blip, compound, dib, packaged, picture
from tests.unit.openers.test_ole import sealed

JPEG, PNG = picture("JPEG"), picture("PNG")
TICKS = 133_617_000_000_000_000  # 2024-06-01 07:20 UTC
# [MS-OXRTFCP] 4.1.1 and 4.2: the two examples of the specification, and what they hold
EXAMPLE = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af3"
    "2068656c090020627705b06c647d0a800fa0"
)
LOOPED = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")


def read(data: bytes) -> Contents:
    return contents(MsgOpener(), data)


def properties(*values: tuple[int, int], head: int = 8) -> bytes:
    return bytes(head) + b"".join(struct.pack("<IIQ", tag, 6, value) for tag, value in values)


def text(number: int, words: str) -> dict[str, bytes]:
    return {f"__substg1.0_{number:04X}001F": words.encode("utf-16-le")}


def attachment(number: int, content: bytes, name: str = "", at: str = "") -> dict[str, bytes]:
    folder = f"{at}__attach_version1.0_#{number:08X}/"
    streams = {f"{folder}__substg1.0_37010102": content}
    streams |= {folder + key: value for key, value in text(0x3707, name).items() if name}
    times = properties((0x30070040, TICKS), (0x30080040, TICKS + 10**10))
    return streams | {f"{folder}__properties_version1.0": times}


def message(*parts: dict[str, bytes], at: str = "") -> dict[str, bytes]:
    streams = {f"{at}__properties_version1.0": properties(head=32)}
    for part in parts:
        streams |= {key if key.startswith(at) else at + key: value for key, value in part.items()}
    return streams


FULL = message(
    text(0x0037, "harbour"),
    text(0x007D, "Received: from a\r\nSubject: harbour\r\n"),
    text(0x1000, "Look at the boats."),
    {"__substg1.0_10130102": b"<html><body>boats</body></html>", "__substg1.0_10090102": EXAMPLE},
    attachment(0, JPEG, "boat.jpg"),
    attachment(1, PNG, "plan.png"),
    {"__recip_version1.0_#00000000/__substg1.0_3001001F": "Someone".encode("utf-16-le")},
    {"__nameid_version1.0/__substg1.0_00020102": bytes(16)},
)


def test_the_texts_and_every_attachment_come_out() -> None:
    data = compound(FULL)
    seen = read(data)
    assert {name: content for name, content in seen.data.items() if "." in name} == {
        "headers.txt": "Received: from a\r\nSubject: harbour\r\n".encode("utf-16-le"),
        "body.txt": "Look at the boats.".encode("utf-16-le"),
        "body.html": b"<html><body>boats</body></html>",
        "body.rtf": b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n",
        "boat.jpg": JPEG,
        "plan.png": PNG,
    }
    assert len(seen.members) == 6
    assert sniff(data[:65536], len(data)) == "application/vnd.ms-outlook"
    assert seen.flags == set()


def test_an_attachment_states_its_times() -> None:
    created, modified = read(compound(FULL)).member("boat.jpg").times
    assert (created.field, created.utc) == ("MSG created", "2024-06-01T07:20:00Z")
    assert (modified.field, modified.utc) == ("MSG modified", "2024-06-01T07:36:40Z")


def test_the_subject_is_given_where_no_headers_hold_it() -> None:
    seen = read(compound(message(text(0x0037, "harbour"))))
    assert seen.data == {"subject.txt": "harbour".encode("utf-16-le")}


def test_an_attachment_without_a_name_has_its_storage_as_name() -> None:
    assert read(compound(message(attachment(0, JPEG)))).names == ["__attach_version1.0_#00000000"]


def test_a_message_inside_a_message_is_read_in_place() -> None:
    at = "__attach_version1.0_#00000000/__substg1.0_3701000D/"
    inner = message(text(0x1000, "inner"), attachment(0, PNG, "deep.png", at), at=at)
    outer = message(text(0x1000, "outer"), inner)
    outer |= {f"__attach_version1.0_#00000000/{k}": v for k, v in text(0x3001, "note").items()}
    seen = read(compound(outer))
    assert seen.data == {
        "body.txt": "outer".encode("utf-16-le"),
        "note/body.txt": "inner".encode("utf-16-le"),
        "note/deep.png": PNG,
    }


def test_messages_nested_without_end_are_reported() -> None:
    streams: dict[str, bytes] = {}
    at = ""
    for _ in range(20):
        streams |= message(at=at)
        at += "__attach_version1.0_#00000000/__substg1.0_3701000D/"
    assert read(compound(streams)).flags == {"nesting_limit"}


def test_an_object_in_the_text_gives_its_pictures() -> None:
    at = "__attach_version1.0_#00000000/__substg1.0_3701000D/"
    streams = message({f"{at}CONTENTS": dib(), f"{at}\1Ole10Native": packaged("a.jpg", JPEG)})
    streams |= {f"{at}sub/Pictures": blip(0xF01E, 0x6E0, PNG)}
    seen = read(compound(streams))
    assert set(seen.data.values()) == {dib(), JPEG, PNG}
    assert seen.member(f"{at}CONTENTS").role is Role.STREAM


def test_a_picture_in_any_other_property_is_given() -> None:
    streams = message({"__substg1.0_80010102": JPEG, "__substg1.0_80020102": bytes(20)})
    assert read(compound(streams)).data == {"__substg1.0_80010102": JPEG}


def test_a_long_text_in_any_other_property_is_given() -> None:
    streams = message(text(0x8003, "w" * 600))
    assert len(read(compound(streams)).members) == 1


def test_a_deleted_attachment_is_carved() -> None:
    seen = read(compound(FULL, free=[bytes(20) + picture("JPEG", seed=8)]))
    carved = [member for member in seen.members if member.state is Allocation.CARVED]
    assert [seen.data[member.name] for member in carved] == [picture("JPEG", seed=8)]


def test_a_picture_behind_a_stream_in_its_last_sector_is_carved() -> None:
    """The message counts as read to its end, so nothing may lie in it unseen."""
    hidden, body = picture("JPEG", (16, 12), seed=9), b"attached" * 600
    data = compound(message(attachment(0, body, "list.bin")), version=4)
    at = data.index(body) + len(body)
    assert not data[at : at + len(hidden)].strip(b"\0")
    seen = read(data[:at] + hidden + data[at + len(hidden) :])
    carved = [member for member in seen.members if member.state is Allocation.CARVED]
    assert [seen.data[member.name] for member in carved] == [hidden]


def test_a_message_whose_directory_lies_far_behind_is_still_one() -> None:
    data = compound(message(attachment(0, os.urandom(200_000), "large.bin")))
    assert sniff(data[:65536], len(data)) == "application/x-ole-storage"
    assert read(data).names == ["large.bin"]


def test_another_compound_file_is_not_applicable() -> None:
    with pytest.raises(NotApplicable):
        read(compound({"WordDocument": b"x"}))


# -- compressed RTF --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("packed", "expected"),
    [
        (EXAMPLE, b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"),
        (LOOPED, b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"),
        (struct.pack("<IIII", 16, 4, 0x414C454D, 0) + b"{\\r}", b"{\\r}"),
    ],
)
def test_the_examples_of_the_specification_unpack(packed: bytes, expected: bytes) -> None:
    assert b"".join(unpacked(MemoryBlob(packed))) == expected


def test_rtf_that_is_none_is_an_error_of_its_member_alone() -> None:
    seen = read(compound(message({"__substg1.0_10090102": b"no" * 20}, text(0x1000, "words"))))
    assert isinstance(seen.errors["body.rtf"], Malformed)
    assert "body.txt" in seen.data


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_packed_text_is_bounded_by_its_stored_bytes(data: bytes) -> None:
    packed = struct.pack("<IIII", len(data) + 12, 1 << 31, 0x75465A4C, zlib.crc32(data)) + data
    assert sum(map(len, unpacked(MemoryBlob(packed)))) <= 17 * len(data)


# -- hostile ---------------------------------------------------------------------------------------


def test_nothing_is_imported_or_opened_after_the_warm_up(tmp_path: Path) -> None:
    path = tmp_path / "a.msg"
    path.write_bytes(compound(FULL))
    assert sealed("msg", "MsgOpener", path) == "6 0"


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 12_000),
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 255)), max_size=8),
)
def test_damage_never_raises_past_the_contract(cut: int, flips: list[tuple[int, int]]) -> None:
    keeps_the_contract(MsgOpener(), damaged(compound(FULL), cut, flips))
