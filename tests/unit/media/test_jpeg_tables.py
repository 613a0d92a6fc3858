"""Quantisation and Huffman tables: exact, equal to the walker's digest, and never a crash."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.media.jpeg_tables import ijg_table, read_tables
from assay.media.slots import walk
from tests.support.photos import scene


def saved(**options: object) -> bytes:
    out = io.BytesIO()
    scene(size=(64, 48)).save(out, "JPEG", **options)
    return out.getvalue()


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 75, 92, 99, 100])
def test_the_quality_of_an_ijg_encoder_is_exact(quality: int) -> None:
    tables = read_tables(saved(quality=quality))
    assert tables.ijg_quality == quality
    assert tables.quantisation[0] == ijg_table(quality)


def test_other_tables_are_no_ijg_quality() -> None:
    own = [min(255, 3 + n) for n in range(64)]
    assert read_tables(saved(qtables=[own, own])).ijg_quality is None
    # the luma table of one quality beside the chroma table of another is no IJG file either
    mixed = [list(ijg_table(90)), list(ijg_table(70, chroma=True))]
    assert read_tables(saved(qtables=mixed)).ijg_quality is None


def test_the_digest_is_that_of_the_walker() -> None:
    data = saved(quality=83)
    assert read_tables(data).digest == walk(data, "image/jpeg").facts["dqt"] != ""


def test_standard_and_own_huffman_tables_are_told_apart() -> None:
    assert read_tables(saved(quality=80)).standard_huffman
    assert not read_tables(saved(quality=80, optimize=True)).standard_huffman
    grey = io.BytesIO()
    scene(size=(64, 48)).convert("L").save(grey, "JPEG")
    assert read_tables(grey.getvalue()).standard_huffman


def test_the_order_of_segments_and_the_sampling_are_kept() -> None:
    tables = read_tables(saved(quality=80, subsampling=2))
    assert tables.segments == "APP0 DQT DQT SOF0 DHT DHT DHT DHT SOS"
    assert (tables.subsampling, tables.progressive) == ("2x2", False)
    assert read_tables(saved(progressive=True)).progressive


def test_sixteen_bit_tables_are_read() -> None:
    data = saved(quality=75)
    wide = b"\xff\xdb\x00\x83\x10" + b"".join(v.to_bytes(2, "big") for v in ijg_table(75))
    at = data.index(b"\xff\xdb")
    made = data[:at] + wide + data[at + 69 :]
    assert read_tables(made).digest == read_tables(data).digest


@given(st.binary(max_size=600), st.integers(0, 700), st.integers(0, 255))
def test_damage_never_raises(noise: bytes, at: int, value: int) -> None:
    read_tables(noise)
    data = bytearray(saved(quality=60))
    data[at % len(data)] = value
    read_tables(bytes(data[: max(2, len(noise))]))
    read_tables(bytes(data))
