"""What the examiner says about whole files: levels, fits, labels, disagreements."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from assay.core.facts import Observation
from assay.core.jsonvalue import canonical
from assay.core.vocab import Level, Polarity
from assay.engine.stage import MAX_VALUE
from assay.examiners.genparams import MAX_RAW, GenparamsExaminer
from tests.support.views import make_view

SETTINGS = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, Size: 64x48, Model: base"
TEXT = f"a lighthouse at noon\nNegative prompt: blurry\n{SETTINGS}"
MAKE, MODEL, SOFTWARE, DESCRIPTION, ARTIST = 0x010F, 0x0110, 0x0131, 0x010E, 0x013B
EXPOSURE, COMMENT = 0x829A, 0x9286
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
    'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" {}/></rdf:RDF></x:xmpmeta>'
)
DST = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def picture(width: int = 64, height: int = 48) -> Image.Image:
    return Image.linear_gradient("L").resize((width, height)).convert("RGB")


def exif(**fields: Any) -> Image.Exif:
    block = Image.Exif()
    ids = {"make": MAKE, "model": MODEL, "software": SOFTWARE, "description": DESCRIPTION,
           "artist": ARTIST}  # fmt: skip
    for name, tag in ids.items():
        if name in fields:
            block[tag] = fields[name]
    inner = block.get_ifd(0x8769)
    if "comment" in fields:
        inner[COMMENT] = b"UNICODE\0" + fields["comment"].encode(fields.get("order", "utf-16-be"))
    if "exposure" in fields:
        inner[EXPOSURE] = fields["exposure"]
    return block


def png(texts: dict[str, str], size: tuple[int, int] = (64, 48), **fields: Any) -> bytes:
    info, out = PngInfo(), io.BytesIO()
    for key, text in texts.items():
        info.add_itxt(key, text) if not text.isascii() else info.add_text(key, text)
    if "xmp" in fields:
        info.add_itxt("XML:com.adobe.xmp", XMP.format(fields["xmp"]))
    more = {"exif": exif(**fields).tobytes()} if fields.keys() - {"xmp"} else {}
    picture(*size).save(out, "PNG", pnginfo=info, **more)
    return out.getvalue()


def photo(kind: str = "JPEG", xmp: str = "", **fields: Any) -> bytes:
    out = io.BytesIO()
    more = {"xmp": XMP.format(xmp).encode()} if xmp else {}
    picture().save(out, kind, exif=exif(**fields), **more)
    return out.getvalue()


def seen(data: bytes, media_type: str) -> list[Observation]:
    examiner = GenparamsExaminer()
    return list(examiner.examine(make_view(examiner, data, media_type)))


def levels(data: bytes, media_type: str = "image/png") -> list[Level]:
    return [o.level for o in seen(data, media_type) if o.kind == "generator"]


def one(data: bytes, media_type: str = "image/png", kind: str = "generator") -> Observation:
    rows = [o for o in seen(data, media_type) if o.kind == kind]
    assert len(rows) == 1, rows
    return rows[0]


def raw_texts(o: Observation) -> list[dict[str, Any]]:
    rows: Any = o.value["texts"]
    return list(rows)


def test_a_complete_record_that_fits_its_file_is_s2() -> None:
    record = one(png({"parameters": TEXT}))
    assert (record.level, record.polarity) == (Level.S2, Polarity.SYNTHETIC)
    assert record.value["fits"] == {"size": True, "container": True, "camera_free": True}
    assert record.value["seed"] == 1234
    assert record.value["input_pictures"] == []
    assert record.locator.startswith("bytes ")


def test_a_record_of_another_size_stays_s1() -> None:
    record = one(png({"parameters": TEXT}, size=(65, 48)))
    assert record.level is Level.S1
    assert record.value["fits"]["size"] is False  # type: ignore[index,call-overload]


def test_a_record_with_a_part_missing_stays_s1() -> None:
    record = one(png({"parameters": TEXT.replace(", Model: base", "")}))
    assert (record.level, record.value["complete"]) == (Level.S1, False)


@pytest.mark.parametrize("fields", [{"make": "Nikon"}, {"exposure": 0.01}])
def test_a_record_beside_a_camera_trace_stays_s1(fields: dict[str, Any]) -> None:
    record = one(png({"parameters": TEXT}, **fields))
    assert record.level is Level.S1
    assert record.value["fits"]["camera_free"] is False  # type: ignore[index,call-overload]


@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_the_user_comment_is_read_in_either_byte_order(kind: str, order: str) -> None:
    record = one(photo(kind, comment=TEXT, order=order), f"image/{kind.lower()}")
    assert (record.level, record.value["prompt"]) == (Level.S2, "a lighthouse at noon")


def test_a_record_that_names_an_input_picture_is_an_edit() -> None:
    record = one(png({"parameters": f"{TEXT}, Denoising strength: 0.5"}))
    assert (record.level, record.polarity) == (Level.E, Polarity.EDITED)


def test_two_mechanisms_that_agree_on_tool_and_seed_are_s2_though_neither_is_complete() -> None:
    text = TEXT.replace("Sampler: Euler a, ", "")
    data = png({"parameters": text}, comment=text)
    assert levels(data) == [Level.S2, Level.S2]
    first, second = (o for o in seen(data, "image/png") if o.kind == "generator")
    assert (first.value["agrees_with"], second.value["agrees_with"]) == (
        ["PNG eXIf"], ["PNG tEXt"],
    )  # fmt: skip


def test_two_mechanisms_do_not_help_where_the_size_contradicts() -> None:
    data = png({"parameters": TEXT}, size=(20, 20), comment=TEXT)
    assert levels(data) == [Level.S1, Level.S1]


def test_two_keys_of_one_writer_count_once() -> None:
    graph = {"3": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 2}}}
    record = one(png({"prompt": json.dumps(graph), "workflow": json.dumps({"nodes": []})}))
    assert record.level is Level.S1


def test_two_seeds_in_two_slots_are_a_finding() -> None:
    other = TEXT.replace("1234", "99")
    rows = seen(png({"parameters": TEXT}, comment=other), "image/png")
    assert [o.value["flag"] for o in rows if o.kind == "finding"] == ["slots_disagree"]


def test_a_contradiction_names_both_slots() -> None:
    other = TEXT.replace("1234", "99").replace("Model: base", "Model: other")
    finding = one(png({"parameters": TEXT}, comment=other), kind="finding")
    assert finding.value["detail"] == (
        "seed 1234 (AUTOMATIC1111) and seed 99 (AUTOMATIC1111), in PNG tEXt parameters "
        "and PNG eXIf UserComment"
    )


def test_another_generator_named_as_software_contradicts_a_record() -> None:
    graph = {"3": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 2}}}
    texts = {"prompt": json.dumps(graph), "Software": "Midjourney"}
    finding = one(png(texts), kind="finding")
    assert "ComfyUI and Midjourney both claim the picture" in str(finding.value["detail"])
    assert [o for o in seen(png({**texts, "Software": "ComfyUI 0.3"}), "image/png")
            if o.kind == "finding"] == []  # fmt: skip


def test_the_raw_text_of_a_record_is_kept_with_its_digest_and_place() -> None:
    graph = json.dumps({"1": {"class_type": "KSampler", "inputs": {"seed": 1}}})
    data = png({"prompt": graph})
    record, raw = one(data), one(data, kind="record_text")
    (row,) = raw_texts(raw)
    digest = hashlib.sha256(graph.encode()).hexdigest()
    assert row == {"field": "prompt", "text": graph, "sha256": digest, "bytes": len(graph),
                   "locator": record.locator}  # fmt: skip
    start, end = record.locator.split()[1].split("-")
    assert graph.encode() in data[int(start) : int(end)]
    assert raw.level is Level.N
    assert record.value["graph"]["sha256"] == digest  # type: ignore[index, call-overload]


def test_a_raw_text_beyond_the_bound_is_named_by_its_digest_alone() -> None:
    graph = {str(i): {"class_type": "Note", "inputs": {"text": "∞" * 900}} for i in range(300)}
    data = png({"prompt": json.dumps(graph, ensure_ascii=False)})
    (row,) = raw_texts(one(data, kind="record_text"))
    assert row["text"] is None
    assert row["bytes"] > MAX_RAW
    assert len(canonical(one(data).value)) < MAX_VALUE


def test_a_text_in_exif_is_cited_by_its_own_bytes() -> None:
    data = photo("JPEG", comment=TEXT, order="utf-16-le")
    start, end = one(data, "image/jpeg").locator.split()[1].split("-")
    cited = data[int(start) : int(end)]
    assert cited.startswith(b"UNICODE\0")
    assert cited[8:].decode("utf-16-le") == TEXT


def test_the_make_that_comfyui_occupies_is_claimed_and_a_real_one_is_not() -> None:
    graph = json.dumps({"1": {"class_type": "KSampler", "inputs": {"seed": 1}}})
    claimed = one(photo("WEBP", model=f"prompt:{graph}"), "image/webp")
    beside = one(photo("WEBP", make="Canon", model=f"prompt:{graph}"), "image/webp")
    assert claimed.value["claimed_fields"] == ["Model"]
    assert claimed.value["fits"]["camera_free"] is True  # type: ignore[index,call-overload]
    assert beside.value["fits"]["camera_free"] is False  # type: ignore[index,call-overload]


def test_a_camera_photo_without_records_says_nothing() -> None:
    data = photo(
        make="Nikon", model="D70", software="Ver.1.03", exposure=0.01, comment="by the sea"
    )
    assert seen(data, "image/jpeg") == []


@pytest.mark.parametrize(
    ("xmp", "level", "term"),
    [
        (f'Iptc4xmpExt:DigitalSourceType="{DST}trainedAlgorithmicMedia"', Level.S1,
         "trainedAlgorithmicMedia"),
        (f'Iptc4xmpExt:DigitalSourceType="{DST}compositeWithTrainedAlgorithmicMedia"', Level.E,
         "compositeWithTrainedAlgorithmicMedia"),
        (f'Iptc4xmpExt:DigitalSourceType="{DST}digitalCapture"', Level.N, "digitalCapture"),
        ('Iptc4xmpExt:AISystemUsed="ExampleGen"', Level.S1, "aisystemused"),
        ('photoshop:Credit="Made with Google AI"', Level.S1, "Made with Google AI"),
        ('photoshop:Credit="Edited with Google AI"', Level.E, "Edited with Google AI"),
        ("TC260:AIGC='{&quot;Label&quot;:&quot;1&quot;}'", Level.S1, "1"),
    ],
)  # fmt: skip
def test_a_label_has_the_level_of_its_vocabulary(xmp: str, level: Level, term: str) -> None:
    label = one(photo(xmp=xmp), "image/jpeg", kind="label")
    assert (label.level, label.value["term"]) == (level, term)


def test_grok_and_software_are_labels() -> None:
    artist = "0b8c4a5e-1111-2222-3333-444455556666"
    grok = one(photo(artist=artist, description="Signature: abc="), "image/jpeg", kind="label")
    named = one(png({"Software": "NovelAI"}), kind="label")
    assert [o.value["tool"] for o in (grok, named)] == ["xAI Grok", "NovelAI"]
    assert {o.level for o in (grok, named)} == {Level.S1}


@settings(max_examples=60, deadline=None)
@given(
    key=st.sampled_from(["parameters", "prompt", "workflow", "Comment", "sd-metadata", "Dream",
                         "invokeai_metadata", "Software", "AIGC", "Description"]),
    text=st.text(max_size=300) | st.recursive(
        st.none() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner,
                                                                   max_size=4), max_leaves=20,
    ).map(json.dumps),
)  # fmt: skip
def test_no_text_makes_it_raise(key: str, text: str) -> None:
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    for row in seen(png({key: text}, size=(4, 4)), "image/png"):
        canonical(row.value)
        assert len(str(row.value.get("text", ""))) <= 300


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "tool", "level", "inputs"),
    [
        ("d3x-at/automatic1111_cropped.jpg", "AUTOMATIC1111", Level.S1, []),
        ("d3x-at/text_after_idat.png", "AUTOMATIC1111", Level.S1, []),
        ("d3x-at/fooocus1_cropped.png", "Fooocus", Level.S1, []),
        ("d3x-at/img2img_cropped.png", "ComfyUI", Level.E, ["example.png"]),
        ("d3x-at/unclip_2pass_cropped.png", "ComfyUI", Level.E, ["mountains.png", "sunset.png"]),
        ("d3x-at/novelai1_cropped.png", "NovelAI", Level.E, []),
        ("d3x-at/invokeai_imeta1.png", "InvokeAI", Level.E,
         ["21b3ddb9-089b-49fd-b074-0b9fdac3ab3e.png"]),
        ("mcmonkeyprojects/sdxl.jpg", "SwarmUI", Level.S1, []),
        ("comfyanonymous/sdxl_simple_example.png", "ComfyUI", Level.S2, []),
        ("comfyanonymous/sdxlturbo_example.png", "ComfyUI", Level.S2, []),
        ("comfyanonymous/flux_schnell_example.png", "ComfyUI", Level.S2, []),
        ("comfyanonymous/text_to_video_wan.webp", "ComfyUI", Level.S2, []),
        ("derived/comfy_vhs_comment.mp4", "ComfyUI", Level.S1, []),
        ("derived/conflict_camera_plus_a1111_usercomment.jpg", "AUTOMATIC1111", Level.S1, []),
    ],
)  # fmt: skip
def test_a_real_file_gives_its_tool_level_and_input_pictures(
    shared_data: Path, name: str, tool: str, level: Level, inputs: list[str]
) -> None:
    types = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".mp4": "video/mp4"}
    path = shared_data / "provenance" / "files" / name
    record = one(path.read_bytes(), types[path.suffix])
    assert (record.value["tool"], record.level) == (tool, level)
    assert record.value["input_pictures"] == inputs
