"""Texts in the lowest bits are found whatever the channel, cut ones say so, noise holds none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from assay.media import stealth
from assay.media.stealth import Columns, Hidden, hidden_texts
from tests.support.stealth import hide, write

TEXT = "a lighthouse at noon, größer\nSteps: 20, Seed: 1"
NOISE = np.random.default_rng(3).integers(0, 256, (61, 47, 4), dtype=np.uint8)


def columns_of(pixels: NDArray[np.uint8], asked: list[int] | None = None) -> Columns:
    def columns(count: int) -> NDArray[np.uint8]:
        if asked is not None:
            asked.append(count)
        return pixels[:, :count]

    return columns


@pytest.mark.parametrize("channel", ["alpha", "RGB"])
@pytest.mark.parametrize("packed", [True, False])
def test_a_text_comes_back_from_either_channel_packed_or_plain(channel: str, packed: bool) -> None:
    pixels = hide(NOISE, TEXT, channel, packed=packed)
    (found,) = hidden_texts(columns_of(pixels))
    assert (found.channel, found.text, found.complete) == (channel, TEXT, True)
    assert found.form.endswith("comp" if packed else "info")


def test_both_channels_are_read() -> None:
    pixels = hide(hide(NOISE, "in alpha"), "in colour", "RGB")
    assert [t.text for t in hidden_texts(columns_of(pixels))] == ["in alpha", "in colour"]


def test_a_picture_without_alpha_has_the_colour_channel_alone() -> None:
    pixels = hide(NOISE, TEXT, "RGB")[..., :3]
    (found,) = hidden_texts(columns_of(pixels))
    assert found.text == TEXT
    assert not list(hidden_texts(columns_of(hide(NOISE, TEXT)[..., :3])))


@pytest.mark.parametrize("height", [1, 2, 151, 152, 153])
def test_any_height_is_read(height: int) -> None:
    pixels = hide(np.full((height, 900, 4), 255, np.uint8), "short", packed=False)
    (found,) = hidden_texts(columns_of(pixels))
    assert (found.text, found.complete) == ("short", True)


def test_noise_holds_nothing_and_only_its_first_columns_are_asked_for() -> None:
    asked: list[int] = []
    assert not list(hidden_texts(columns_of(NOISE, asked)))
    assert max(asked) == 3  # 152 bits in columns of 61


def test_a_kind_that_stores_no_pixels_holds_none() -> None:
    assert not list(hidden_texts(lambda _: None))


def test_a_length_beyond_the_picture_gives_what_is_there_and_says_so() -> None:
    head = b"stealth_pnginfo" + (1 << 31).to_bytes(4, "big")
    (found,) = hidden_texts(columns_of(write(NOISE, head + b"Steps: 20")))
    assert found.text.startswith("Steps: 20")
    assert not found.complete


def test_a_cut_stream_gives_its_beginning() -> None:
    whole = hide(NOISE, TEXT * 3)
    (found,) = hidden_texts(columns_of(whole[:, : (19 + 40) * 8 // 61]))
    assert not found.complete
    assert TEXT.startswith(found.text[:5])


def test_a_bomb_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stealth, "MAX_TEXT", 1 << 12)
    (found,) = hidden_texts(columns_of(hide(np.tile(NOISE, (4, 4, 1)), "a" * (1 << 20))))
    assert (len(found.text), found.complete) == (1 << 12, False)


@given(st.binary(max_size=300), st.sampled_from(["alpha", "RGB"]), st.integers(0, 1 << 32))
@settings(deadline=None)
def test_hostile_payloads_never_raise(body: bytes, channel: str, length: int) -> None:
    for form in ("info", "comp"):
        word = f"stealth_{'png' if channel == 'alpha' else 'rgb'}{form}".encode()
        data = word + (length % (1 << 32)).to_bytes(4, "big") + body
        for found in hidden_texts(columns_of(write(NOISE, data, channel))):
            assert isinstance(found, Hidden)


def test_the_payload_of_a_real_file_is_read(shared_data: Path) -> None:
    path = shared_data / "provenance/files/d3x-at/automatic1111_stealth.png"
    (found,) = hidden_texts(columns_of(np.asarray(Image.open(path))))
    assert found.channel == "alpha"
    assert "Steps: " in found.text
    assert found.complete
