"""Only a file that surely holds nothing is called so; whatever hides in it is said."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.facts import Observation
from assay.core.findings import KINDS
from assay.core.jsonvalue import canonical
from assay.examiners.content import ContentExaminer
from assay.media.sniff import sniff
from tests.support.containers import font, jpeg_with, picture, portable_executable, zip_of
from tests.support.views import make_view

JPEG = picture("JPEG", size=(64, 64))
SCRIPT = b"#!/bin/sh\nexit 0\n"


def examine(data: bytes, media_type: str = "") -> list[Observation]:
    examiner = ContentExaminer()
    view = make_view(examiner, data, media_type or sniff(data[: 1 << 16], len(data)))
    return list(examiner.examine(view))


def label(data: bytes) -> object:
    return examine(data)[0].value["no_pictures"]


def flags(seen: list[Observation]) -> list[object]:
    return [o.value["flag"] for o in seen if o.kind == "finding"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "an empty file"),
        (SCRIPT, "a shell script"),
        (font(), "a font"),
        (portable_executable(), "a Windows program or library"),
    ],
)
def test_kinds_of_the_table_hold_no_pictures(data: bytes, expected: str) -> None:
    assert label(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"benign test note\n" * 30,  # plain text may be a chat
        json.dumps({"from": "a", "text": "hi"}).encode(),
        b"<html><body>hi</body></html>",
        JPEG,
        zip_of(a=b"hello"),
        bytes(range(256)),
    ],
)
def test_everything_else_may_hold_something(data: bytes) -> None:
    assert label(data) is None


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (font(JPEG), "image/jpeg"),
        (portable_executable(zip_of(a=b"hello")), "application/zip"),
        (portable_executable(JPEG), "image/jpeg"),
        (SCRIPT + picture("PNG"), "image/png"),
        (SCRIPT + zip_of(a=b"hello"), "application/zip"),
    ],
)
def test_a_file_put_into_such_a_kind_keeps_it_out_of_the_inventory(
    data: bytes, media_type: str
) -> None:
    seen = examine(data)
    assert seen[0].value["no_pictures"] is None
    embedded = seen[0].value["embedded"]
    assert isinstance(embedded, list)
    assert embedded[0]["type"] == media_type
    assert "embedded" in flags(seen)


def test_something_unknown_behind_a_program_keeps_it_out_of_the_inventory() -> None:
    seen = examine(portable_executable(b"\x91\x17locked" * 40))
    assert seen[0].value["no_pictures"] is None
    assert flags(seen) == ["trailing_data"]


def test_a_script_with_locked_bytes_far_behind_its_text_is_no_inventory() -> None:
    data = SCRIPT + b"# more\n" * 10_000
    assert label(data) == "a shell script"
    assert label(data + b"\0\x91\x17locked" * 40) is None


def test_padding_behind_a_program_is_nothing() -> None:
    assert label(portable_executable(bytes(512))) == "a Windows program or library"


def test_a_picture_as_base64_is_found_in_text_and_in_a_script() -> None:
    text = base64.encodebytes(JPEG)
    for before in (b"dear all,\n", SCRIPT):
        seen = examine(before + text)
        assert seen[0].value["no_pictures"] is None
        assert seen[0].value["base64_at"] == len(before)
        assert flags(seen) == ["embedded"]


def test_a_long_run_that_decodes_to_nothing_known_is_no_inventory_either() -> None:
    seen = examine(SCRIPT + base64.b64encode(bytes(range(256)) * 8))
    assert seen[0].value["no_pictures"] is None
    assert seen[0].value["base64_at"] is None
    assert seen[0].value["long_run_at"] == len(SCRIPT)


def test_base64_in_utf16_text_is_found() -> None:
    data = ("note\n" + base64.b64encode(JPEG).decode()).encode("utf-16")
    assert examine(data)[0].value["base64_at"] is not None


def test_an_archive_behind_a_picture_is_named_with_size_and_place() -> None:
    tail = zip_of(hidden=b"hello")
    data = jpeg_with(tail=tail)
    (finding,) = [o for o in examine(data) if o.kind == "finding"]
    assert finding.value["flag"] == "trailing_data"
    start = len(data) - len(tail)
    assert finding.value["detail"] == f"{len(tail)} bytes at byte {start}, application/zip"


def test_a_picture_behind_unknown_bytes_behind_a_picture_is_named() -> None:
    (finding,) = [
        o for o in examine(jpeg_with(tail=b"\x01\x02\x9f" * 9 + JPEG)) if o.kind == "finding"
    ]
    assert "with image/jpeg at byte" in str(finding.value["detail"])


def test_the_thumbnail_inside_a_photo_is_not_embedded() -> None:
    assert flags(examine(jpeg_with())) == []


def test_active_content_of_svg_and_pdf() -> None:
    assert "active_content" in flags(examine(b"<svg><script/></svg>"))
    assert "active_content" in flags(examine(b"%PDF-1.7\n1 0 obj <</JavaScript (x)>> endobj"))
    assert "active_content" not in flags(examine(b"%PDF-1.7\n1 0 obj <</OpenAction 2>> endobj"))


def test_the_walk_s_troubles_become_findings_once() -> None:
    assert flags(examine(JPEG[:-2])) == ["truncated"]


def test_an_empty_file_is_said_to_be_empty_under_any_type() -> None:
    assert flags(examine(b"", "inode/x-empty")) == ["empty"]


@given(st.binary(max_size=500), st.sampled_from(["", "font/ttf", "text/plain", "image/png"]))
@settings(max_examples=80, deadline=None)
def test_any_bytes_give_one_content_and_known_findings(data: bytes, media_type: str) -> None:
    seen = examine(data, media_type)
    assert [o.kind for o in seen].count("content") == 1
    for o in seen:
        canonical(o.value)
        assert o.kind == "content" or o.value["flag"] in KINDS


def test_its_examples_give_what_they_promise() -> None:
    for sample in ContentExaminer().examples():
        kinds = {o.kind for o in examine(sample.data, sample.media_type)}
        assert set(sample.kinds) <= kinds


@pytest.mark.shared_data
def test_hostile_files_get_the_flags_expected_of_this_examiner(shared_data: Path) -> None:
    mine = {"trailing_data", "active_content", "empty", "metadata_bomb", "malformed"}
    folder = shared_data / "evidence" / "hostile"
    expected = json.loads((folder / "expected.json").read_text())
    for name, row in expected.items():
        found = set(flags(examine((folder / name).read_bytes())))
        wanted = mine & set(row["flags"])
        if name.endswith((".jpg", ".wav")):
            wanted |= {"truncated"} & set(row["flags"])
        assert wanted <= found, name
