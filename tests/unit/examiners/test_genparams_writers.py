"""Every tool in every container it writes: named, weighed, and never silent beside a camera."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.facts import Observation
from assay.core.jsonvalue import canonical
from assay.core.vocab import Level
from assay.engine.stage import MAX_VALUE
from assay.examiners.dialects.labels import labels
from assay.examiners.dialects.readings import readings
from assay.examiners.dialects.record import Bundle, Text
from assay.examiners.dialects.sidecar import sidecar_bundles
from assay.examiners.genparams import GenparamsExaminer
from tests.support.generators import SIZE, WRITERS, Writer, jpeg_comment, jpeg_exif
from tests.support.views import make_view

TYPES = {writer.container.media_type for writer in WRITERS} | {"application/pdf", "image/heic"}


def seen(data: bytes, media_type: str) -> list[Observation]:
    examiner = GenparamsExaminer()
    return list(examiner.examine(make_view(examiner, data, media_type)))


def told(writer: Writer, data: bytes) -> list[Observation]:
    return [o for o in seen(data, writer.container.media_type) if o.kind == writer.kind]


def by_name(writer: Writer) -> str:
    return writer.name


@pytest.mark.parametrize("writer", WRITERS, ids=by_name)
def test_a_tool_is_named_once_and_has_the_level_of_its_record(writer: Writer) -> None:
    rows = told(writer, writer.build())
    assert [(o.value["tool"], o.level) for o in rows] == [(writer.tool, writer.level)]


@pytest.mark.parametrize("writer", WRITERS, ids=by_name)
def test_no_two_slots_of_one_writer_disagree(writer: Writer) -> None:
    rows = seen(writer.build(), writer.container.media_type)
    assert [o.value for o in rows if o.kind == "finding"] == []


PICTURES = [w for w in WRITERS if w.container.picture]


@pytest.mark.parametrize("writer", PICTURES, ids=by_name)
def test_beside_a_cameras_exif_a_record_still_speaks_and_is_never_strong(writer: Writer) -> None:
    rows = told(writer, writer.build(camera=True))
    assert rows
    assert {o.level for o in rows} <= {Level.S1, Level.E}


RECORDS = {w.texts.__name__: w for w in WRITERS if w.kind == "generator"}


@pytest.mark.parametrize("carry", [jpeg_comment, jpeg_exif])
@pytest.mark.parametrize("writer", RECORDS.values(), ids=by_name)
def test_a_record_that_a_converter_wrapped_into_one_text_keeps_its_tool(
    writer: Writer, carry: Callable[..., bytes]
) -> None:
    data = carry({"UserComment": json.dumps(writer.texts(SIZE))}, SIZE, camera=True)
    rows = [o for o in seen(data, "image/jpeg") if o.kind == "generator"]
    assert [(o.value["tool"], o.level) for o in rows] == [(writer.tool, Level.S1)]


@pytest.mark.parametrize("writer", [w for w in WRITERS if w.level is Level.S2], ids=by_name)
def test_a_record_of_another_size_is_never_strong(writer: Writer) -> None:
    data = writer.container.carry(writer.texts((640, 480)), SIZE)
    rows = told(writer, data)
    assert [o.level for o in rows] == [Level.S1]


@settings(max_examples=150, deadline=None)
@given(writer=st.sampled_from(WRITERS), data=st.data())
def test_no_damage_to_a_writers_file_makes_it_raise(writer: Writer, data: st.DataObject) -> None:
    damaged = bytearray(writer.build())
    for _ in range(data.draw(st.integers(0, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    for row in seen(bytes(damaged[:cut]), writer.container.media_type):
        assert len(canonical(row.value)) < MAX_VALUE


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=600), media_type=st.sampled_from(sorted(TYPES)))
def test_no_bytes_make_it_raise(data: bytes, media_type: str) -> None:
    seen(data, media_type)


@settings(max_examples=100, deadline=None)
@given(
    params=st.dictionaries(
        st.sampled_from(["prompt", "seed", "steps", "sampler_name", "cfg_scale", "Model", "model",
                         "resolution", "use_upscaler", "params", "models", "loras", "c", "uc",
                         "strength", "extraMetadata", "extra", "baseModel", "PositivePrompt",
                         "generation_data", "Stable Diffusion model", "data", "product"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=6), inner, max_size=3),
            max_leaves=6,
        ),
        max_size=12,
    ),
    family=st.sampled_from(["png text", "exif", "xmp", "tag", "sidecar"]),
    key=st.sampled_from(["parameters", "usercomment", "generation_data", "parameters-json",
                         "software", "imagedescription", "invokeai", "note"]),
)  # fmt: skip
def test_no_record_makes_a_dialect_raise(params: dict[str, Any], family: str, key: str) -> None:
    texts = (Text(key, json.dumps(params), key), Text("xmp:creatortool", "Draw Things"))
    bundle = Bundle(family, texts)
    for reading in readings((bundle,)):
        assert reading.texts
    labels((bundle,))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace")))
def test_no_bytes_beside_a_picture_make_it_raise(data: bytes) -> None:
    bundles = sidecar_bundles(data)
    readings(bundles)
    labels(bundles)
