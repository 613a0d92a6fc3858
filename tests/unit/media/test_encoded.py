"""Long base64 and hexadecimal runs are found, whatever lines and quotes break them."""

from __future__ import annotations

import base64
import json
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.media.encoded import runs
from tests.support.containers import picture, zip_of

JPEG = picture("JPEG", size=(64, 64))
PLAIN = base64.b64encode(JPEG).decode()


def python_source(text: str) -> str:
    return "data = (\n" + "\n".join(f'    "{row}"' for row in textwrap.wrap(text, 72)) + "\n)\n"


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        (PLAIN, "image/jpeg"),
        ("\n".join(textwrap.wrap(PLAIN, 76)), "image/jpeg"),
        ("\r\n".join("> " + row for row in textwrap.wrap(PLAIN, 76)), "image/jpeg"),
        (python_source(PLAIN), "image/jpeg"),
        (json.dumps({"a": PLAIN}), "image/jpeg"),
        (base64.urlsafe_b64encode(JPEG).decode(), "image/jpeg"),
        (JPEG.hex(), "image/jpeg"),
        (base64.b64encode(zip_of(a=bytes(range(256)) * 8)).decode(), "application/zip"),
    ],
)
def test_a_picture_written_as_text_is_found(text: str, media_type: str) -> None:
    before = "#!/bin/sh\n# a note\n"
    found = [run for run in runs((before + text).encode()) if run.media_type == media_type]
    assert found
    assert len(before) <= found[0].offset <= len(before) + 14


def test_a_data_uri_is_found_however_short() -> None:
    (run,) = runs(b'<img src="data:image/png;base64,iVBORw0KGgo=">')
    assert (run.offset, run.media_type) == (10, "image/png")


def test_a_run_of_nothing_known_is_still_a_run() -> None:
    (run,) = runs(b"key: " + base64.b64encode(bytes(range(256)) * 6))
    assert run.media_type == "application/octet-stream"


@pytest.mark.parametrize(
    "text",
    [
        "plain words in ordinary lines of text\n" * 200,
        "-" * 5000,
        "A" * 5000,
        ("0123456789abcdef" * 4 + "  some/file/name.txt\n") * 40,
        base64.b64encode(bytes(600)).decode(),
    ],
)
def test_ordinary_text_has_no_runs(text: str) -> None:
    assert list(runs(text.encode())) == []


@given(st.binary(max_size=3000))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_survived(data: bytes) -> None:
    list(runs(data))
    list(runs(base64.b64encode(data) + b"=" + data))
