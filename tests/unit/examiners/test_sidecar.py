"""What a text file that could describe a picture says, read by itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import NotApplicable
from assay.core.facts import Observation
from assay.core.vocab import Level
from assay.examiners.dialects.sidecar import MAX_BYTES
from assay.examiners.sidecar import MAX_SAID, SidecarExaminer
from assay.media.sniff import sniff
from tests.support import records
from tests.support.generators import WRITERS, xmp
from tests.support.views import make_view

SIZE = (64, 48)


def seen(data: bytes, media_type: str = "") -> list[Observation]:
    examiner = SidecarExaminer()
    kind = media_type or sniff(data[:65536], len(data))
    return list(examiner.examine(make_view(examiner, data, kind)))


def says(data: bytes) -> list[tuple[str, str]]:
    return [(str(o.value["tool"]), str(o.value["says"])) for o in seen(data)]


A1111 = records.a1111(SIZE)["parameters"]
GRAPH = records.comfy_graph(SIZE)
LOADER = {"class_type": "LoadImage", "inputs": {"image": "harbour.png"}}
ENCODER = {"class_type": "VAEEncode", "inputs": {"pixels": ["90", 0], "vae": ["1", 2]}}
CHANGED = {
    **{
        key: {**node, "inputs": {**node["inputs"], "latent_image": ["91", 0]}}
        if "latent_image" in node["inputs"]
        else node
        for key, node in GRAPH.items()
    },
    "90": LOADER,
    "91": ENCODER,
}
SOURCE_TYPE = next(w for w in WRITERS if w.texts is records.source_type)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (A1111, [("AUTOMATIC1111", "S1")]),
        (A1111.replace("Model:", "Mask blur: 4, Model:"), [("AUTOMATIC1111", "E")]),
        (records.drawthings(SIZE)["exif:UserComment"], [("Draw Things", "S1")]),
        (json.dumps({"prompt": GRAPH}), [("ComfyUI", "S1")]),
        (json.dumps(GRAPH), [("ComfyUI", "S1")]),
        (json.dumps({"prompt": CHANGED}), [("ComfyUI", "E")]),
        (xmp(SOURCE_TYPE.texts(SIZE)), [("", "S1")]),
        (xmp({"Iptc4xmpExt:DigitalSourceType": "compositeSynthetic"}), [("", "E")]),
        (xmp({"Iptc4xmpExt:DigitalSourceType": "digitalCapture"}), []),
        ("Shopping: milk, bread", []),
    ],
)
def test_a_statement_is_one_of_a_change_or_an_unsigned_one(
    text: str, wanted: list[tuple[str, str]]
) -> None:
    assert says(text.encode()) == wanted


@pytest.mark.parametrize("writer", WRITERS, ids=lambda w: w.name)
def test_no_text_says_more_than_s1_and_none_has_a_level(writer: object) -> None:
    rows = seen(json.dumps(writer.texts(SIZE)).encode())  # type: ignore[attr-defined]
    assert {o.value["says"] for o in rows} <= {"S1", "E"}
    assert {o.level for o in rows} <= {Level.N}


@pytest.mark.parametrize(
    "data",
    [b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><broken', b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}"],
)
def test_what_cannot_be_read_is_told_without_a_finding(data: bytes) -> None:
    (row,) = seen(data, "application/rdf+xml" if data.startswith(b"<") else "application/json")
    assert row.kind == "sidecar"
    assert row.value["trouble"]


def test_a_long_text_is_no_record() -> None:
    with pytest.raises(NotApplicable):
        seen(b"a" * (MAX_BYTES + 1))


def test_a_flood_of_statements_keeps_the_change() -> None:
    keys = "".join(f"<xmp:CreatorTool>tool {n}</xmp:CreatorTool>" for n in range(MAX_SAID))
    rows = says(xmp({"Iptc4xmpExt:DigitalSourceType": "composite", "xmp:Label": keys}).encode())
    assert rows[0][1] == "E"
    assert len(rows) <= MAX_SAID


@given(
    st.binary(max_size=400),
    st.sampled_from(["text/plain", "application/json", "application/rdf+xml"]),
)
def test_any_bytes_are_survived(data: bytes, kind: str) -> None:
    for prefix in (b"", b'{"prompt": ', b"<rdf:RDF>", A1111.encode()):
        assert {o.kind for o in seen(prefix + data, kind)} <= {"sidecar"}


def test_every_value_of_a_list_in_xmp_is_read() -> None:
    terms = ["digitalCapture", *(f"term{n}" for n in range(9)), "compositeSynthetic"]
    items = "".join(f"<rdf:li>x/{term}</rdf:li>" for term in terms)
    packet = xmp({"Iptc4xmpExt:DigitalSourceType": "@"}).replace("@", f"<rdf:Bag>{items}</rdf:Bag>")
    examiner = SidecarExaminer()
    rows = examiner.examine(make_view(examiner, packet.encode(), "application/rdf+xml"))
    assert [o.value["says"] for o in rows] == ["E"]
