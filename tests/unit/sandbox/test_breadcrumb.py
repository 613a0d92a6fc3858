"""The last note of a worker can be read after its death, and never harms the reader."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.sandbox.breadcrumb import SIZE, Breadcrumb, Reader, Writer


@pytest.fixture
def reader() -> Iterator[Reader]:
    slot = Reader()
    yield slot
    slot.close()


def test_the_note_names_ticket_and_stage(reader: Reader) -> None:
    writer = Writer(reader.fd)
    writer.start(7)
    writer.note("0/3|exif")

    assert reader.read() == Breadcrumb(7, "0/3|exif")


def test_a_new_ticket_wipes_the_note_of_the_last(reader: Reader) -> None:
    writer = Writer(reader.fd)
    writer.start(7)
    writer.note("0/3|exif")
    writer.start(8)

    assert reader.read() == Breadcrumb(8, "")


def test_nothing_noted_is_ticket_zero(reader: Reader) -> None:
    assert reader.read() == Breadcrumb(0, "")


def test_a_long_or_undecodable_note_is_cut_and_shown(reader: Reader) -> None:
    writer = Writer(reader.fd)
    writer.start(1)
    writer.note("name\udcff " + "ü" * 1000)

    text = reader.read().text

    assert text.startswith("name\\udcff üü")
    assert len(text) <= SIZE


def test_a_file_cut_short_by_the_worker_is_still_read(reader: Reader) -> None:
    Writer(reader.fd).start(9)
    os.truncate(reader.path, 3)

    assert reader.read().text == ""


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=SIZE + 20))
def test_any_bytes_can_be_read(reader: Reader, data: bytes) -> None:
    os.lseek(reader.fd, 0, os.SEEK_SET)
    os.write(reader.fd, data)

    assert len(reader.read().text) <= SIZE
