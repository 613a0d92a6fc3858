"""Fingerprints: what stays from picture to picture makes the key, what changes does not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.core.jsonvalue import Json, digest_of
from assay.core.vocab import Level
from assay.examiners._fingerprints import camera_print, generator_print, model_name, serial_of
from assay.examiners.fingerprint import key_of
from tests.support import records
from tests.support.generators import SIZE, WRITERS, jpeg_xmp, png
from tests.support.prints import LENS_SERIAL, comfyui, phone, prints_of
from tests.support.tiffs import ASCII


def only(data: bytes, media_type: str = "image/png") -> dict[str, Any]:
    [found] = prints_of(data, media_type)
    assert found.level is Level.N
    return dict(found.value)


def key(data: bytes, media_type: str = "image/png") -> str:
    return str(only(data, media_type)["key"])


def photo_key(*words: Any, **more: Any) -> str:
    return key(phone(*words, **more), "image/jpeg")


def a1111(**changed: str) -> bytes:
    text = records.a1111(SIZE)["parameters"]
    for old, new in changed.items():
        assert f"{old}" in text
        text = text.replace(old, new)
    return png({"parameters": text}, SIZE)


def test_one_workflow_with_other_seeds_and_prompts_has_one_key() -> None:
    made = [comfyui(1, "a lighthouse"), comfyui(2, "a harbour"), comfyui(3, "an island, at noon")]
    assert len({key(data) for data in made}) == 1
    assert only(made[0])["kind"] == "generator"
    assert only(made[0])["text"].startswith("ComfyUI; model base.safetensors; workflow ")


@pytest.mark.parametrize(
    "other",
    [comfyui(lora="calm.safetensors"), comfyui(steps=30), comfyui(sampler_name="dpmpp_2m")],
    ids=["a LoRA", "other steps", "another sampler"],
)
def test_another_lora_or_setting_has_another_key(other: bytes) -> None:
    assert key(other) != key(comfyui())


def test_two_loras_are_two_keys_and_a_lora_keeps_its_own() -> None:
    calm, warm = comfyui(lora="calm.safetensors"), comfyui(lora="warm.safetensors")
    assert key(calm) != key(warm)
    assert key(calm) == key(comfyui(9, "a bridge", lora="calm.safetensors"))


def test_settings_stand_for_the_workflow_where_there_is_none() -> None:
    base = key(a1111())
    assert base == key(a1111(**{"Seed: 1234": "Seed: 99", "lighthouse": "tower", "blurry": "dark"}))
    assert base == key(a1111(**{"Size: 64x48": "Size: 48x64"}))
    for old, new in (
        ("Euler a", "DDIM"),
        ("Model hash: 6", "Model hash: 7"),
        ("Steps: 20", "Steps: 21"),
        ("0123456789ab", "ba9876543210"),
        ("VAE: soft", "VAE: hard"),
    ):
        assert key(a1111(**{old: new})) != base


def test_a_model_counts_by_its_digest_whatever_its_file_is_called() -> None:
    assert key(a1111()) == key(a1111(**{"Model: base": "Model: renamed"}))
    full = {"tool": "SwarmUI", "models": ["base"], "model_hashes": [["base", records.DIGEST]]}
    short = {**full, "model_hashes": [["", f"sha256:{records.DIGEST}"]], "models": []}
    one, two = generator_print(full), generator_print(short)
    assert one is not None
    assert two is not None
    assert one.parts == two.parts
    assert one.parts["models"] == [records.DIGEST[:10]]


def test_a_model_without_digest_counts_by_its_name_alone() -> None:
    assert {
        model_name(n) for n in ("SDXL\\Base.safetensors", "sdxl/base", "base [6ce0161689]")
    } == {"base"}


def test_a_tool_alone_is_no_fingerprint() -> None:
    assert prints_of(png({"Software": "Midjourney"}, SIZE), "image/png") == []
    assert generator_print({"tool": "X", "models": [], "loras": [], "steps": 20}) is None
    assert generator_print({"tool": "", "models": ["base"]}) is None


def test_no_prompt_and_no_seed_stands_in_a_fingerprint() -> None:
    for writer in WRITERS:
        if writer.kind == "generator":
            for found in prints_of(writer.build(), writer.container.media_type):
                said = json.dumps(dict(found.value))
                assert "lighthouse" not in said
                assert not re.search(rf"\b{records.SEED}\b", said)


def test_a_key_is_the_digest_of_its_parts() -> None:
    for data, media_type in ((comfyui(), "image/png"), (phone("SN-12345"), "image/jpeg")):
        value = only(data, media_type)
        again = digest_of({"kind": value["kind"], "parts": value["parts"]})
        assert value["key"] == again[:32] == key_of(value["kind"], value["parts"])


def test_two_phones_of_one_model_have_two_keys_by_their_serial_numbers() -> None:
    one, two = photo_key("SN-12345"), photo_key("SN-67890")
    assert one != two
    assert photo_key("SN-12345", scene="coffee", quality=60) == one
    assert photo_key("sn-12345 ", make="EXAMPLE", model="Example Model 7") == one
    assert only(phone("SN-12345"), "image/jpeg") | {"key": ""} == {
        "kind": "camera_serial",
        "key": "",
        "parts": {"maker": "example", "model": "model 7", "serial": "sn-12345"},
        "text": "Example Corp Model 7; serial SN-12345",
    }


def test_one_serial_number_of_two_makers_is_two_cameras() -> None:
    assert photo_key("12345678", make="Canon") != photo_key("12345678", make="NIKON CORPORATION")


@pytest.mark.parametrize("serial", ["0000000", "", "0", "-----", "None", "1111111", "00012", "n/a"])
def test_a_placeholder_is_no_serial_number(serial: str) -> None:
    assert serial_of(serial) == ""
    assert only(phone(serial, firmware="1.02"), "image/jpeg")["kind"] == "camera"


def test_without_a_serial_number_the_firmware_stands_whatever_the_tables_are() -> None:
    value = only(phone(firmware="1.02"), "image/jpeg")
    assert value["kind"] == "camera"
    assert value["text"] == "Example Corp Model 7; firmware 1.02; no serial number"
    assert photo_key(firmware="1.02", quality=60) == value["key"] != photo_key(firmware="1.03")


def test_without_firmware_the_tables_stand() -> None:
    value = only(phone(quality=85), "image/jpeg")
    assert value["text"] == "Example Corp Model 7; tables of IJG quality 85; no serial number"
    assert photo_key(quality=85, scene="coffee") == value["key"] != photo_key(quality=60)


def test_make_and_model_alone_are_no_fingerprint() -> None:
    camera = {"make": "Example Corp", "model": "Model 7", "firmware": None, "serial": "0000"}
    assert camera_print(camera, note="", blocks=[], tables={}) is None
    assert (
        camera_print({"make": "Example", "serial": "123456"}, note="", blocks=[], tables={}) is None
    )


def test_the_serial_number_of_the_lens_stands_for_that_of_the_body() -> None:
    value = only(phone(exif=[(LENS_SERIAL, ASCII, "L-98765")]), "image/jpeg")
    assert (value["kind"], value["parts"]["serial"]) == ("camera_serial", "lens l-98765")
    both = phone("SN-12345", exif=[(LENS_SERIAL, ASCII, "L-98765")])
    assert key(both, "image/jpeg") == photo_key("SN-12345")


def test_a_serial_number_that_an_editor_moved_to_xmp_is_read() -> None:
    blocks: list[dict[str, Json]] = [{"properties": {"aux:SerialNumber": ["SN-12345"]}}]
    found = camera_print({"make": "Example", "model": "Model 7"}, note="", blocks=blocks, tables={})
    assert found is not None
    assert key_of("camera_serial", found.parts) == photo_key("SN-12345")


def test_a_photo_with_a_record_beside_it_has_both_keys() -> None:
    data = jpeg_xmp({"exif:UserComment": records.a1111(SIZE)["parameters"]}, SIZE, camera=True)
    kinds = {str(o.value["kind"]) for o in prints_of(data, "image/jpeg")}
    assert kinds == {"generator", "camera"}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = st.sampled_from(
    ["tool", "model", "models", "loras", "model_hashes", "lora_hashes", "graph", "steps", "cfg",
     "make", "serial", "firmware", "sampler", "vae", "quantisation", "ijg_quality",
     "tags", "properties"]
)  # fmt: skip


@given(st.dictionaries(_FIELDS, _JSON, max_size=5), st.dictionaries(_FIELDS, _JSON, max_size=5))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_value_gives_parts_or_nothing(value: dict[str, Json], other: dict[str, Json]) -> None:
    named = {**value, "tool": "X", "model": "Y"}
    for found in (
        generator_print(value),
        generator_print(named),
        camera_print(named, note="", blocks=[other, value], tables=other),
    ):
        assert found is None or (
            len(found.text) <= 300 and len(key_of("camera", found.parts)) == 32
        )
