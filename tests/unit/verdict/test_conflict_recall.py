"""The safety figure: beside a camera's text, no generator's text lets a file leave lane 1.

Every kind of camera text (C1 and C2) times every writer of ``tests.support.generators`` whose
container can hold both, through the real examiners, to an origin and a lane.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from assay.core.contract import Settings
from assay.core.facts import Observation
from assay.core.vocab import Lane, Level, Origin, Polarity
from assay.examiners.camera import CameraExaminer
from assay.examiners.genparams import GenparamsExaminer
from assay.verdict.judge import judge
from assay.verdict.place import place
from assay.verdict.policy import shipped_policy
from assay.verdict.signals import ItemFacts
from tests.support import facts as f
from tests.support.ciff_blocks import ciff
from tests.support.containers import box, chunk
from tests.support.generators import WRITERS
from tests.support.photos import exif_block
from tests.support.views import make_view

POLICY = shipped_policy()
CAMERA = CameraExaminer()
CAMERA.prepare(Settings(evaluation_date="2026-01-01"))
_XMP = (
    b"http://ns.adobe.com/xap/1.0/\0"
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    b'tiff:Make="Example Corp" tiff:Model="Model 7"/></rdf:RDF></x:xmpmeta>'
)


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.size


def c2(data: bytes) -> bytes:
    return exif_block(stated=size_of(data))


def c1(_data: bytes) -> bytes:
    return exif_block(stated=None, exposure=(), taken=())


def early(data: bytes) -> bytes:
    wide, high = size_of(data)
    return (
        b"EXAMPLE CO.\0 713\r\n[picture info]\r\nTimeDate=909698819\r\nShutter=33363\r\n"
        b"ImageSize=%d-%d\r\n[camera info]\r\nType=SR99\r\n" % (wide, high)
    )


def in_jpeg(marker: int, payload: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Put a segment in front of all others but JFIF's."""

    def put(data: bytes) -> bytes:
        body = payload(data)
        segment = bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
        return data[:20] + segment + data[20:]

    return put


def in_png(block: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda data: data[:33] + chunk(b"eXIf", block(data)) + data[33:]


def in_video(data: bytes) -> bytes:
    """Give the movie box the user data of a phone."""
    at = data.index(b"moov") - 4
    (length,) = struct.unpack(">I", data[at : at + 4])
    named = (box(b"\xa9mak", b"\0\7\x15\xc7Example"), box(b"\xa9mod", b"\0\7\x15\xc7Model 7"))
    movie = box(b"moov", data[at + 8 : at + length], box(b"udta", *named))
    return data[:at] + movie + data[at + length :]


Kind = tuple[str, Level, Callable[[bytes], bytes]]
KINDS: dict[str, tuple[Kind, ...]] = {
    "image/jpeg": (
        ("EXIF, complete", Level.C2, in_jpeg(0xE1, lambda data: b"Exif\0\0" + c2(data))),
        ("EXIF, a name alone", Level.C1, in_jpeg(0xE1, lambda data: b"Exif\0\0" + c1(data))),
        ("CIFF", Level.C2, in_jpeg(0xE0, lambda data: ciff(size=size_of(data)))),
        ("picture info", Level.C2, in_jpeg(0xEC, early)),
        ("XMP", Level.C1, in_jpeg(0xE1, lambda _data: _XMP)),
    ),
    "image/png": (
        # no camera writes PNG: never C2
        ("EXIF, complete", Level.C1, in_png(c2)),
        ("EXIF, a name alone", Level.C1, in_png(c1)),
    ),
    "video/mp4": (("user data", Level.C1, in_video),),
}


def files() -> Iterator[tuple[str, str, bytes]]:
    """Yield name, media type and bytes of every pair."""
    for writer in WRITERS:
        media_type = writer.container.media_type
        for name, _, put in KINDS.get(media_type, ()):
            yield f"{writer.name} beside {name}", media_type, put(writer.build())
        if writer.container.picture:
            yield f"{writer.name} in one block", media_type, writer.build(camera=True)


def observed(data: bytes, media_type: str) -> list[Observation]:
    """Run the two checks that read a file's own texts."""
    generators = GenparamsExaminer()
    said = list(generators.examine(make_view(generators, data, media_type)))
    return [*said, *CAMERA.examine(make_view(CAMERA, data, media_type, said))]


def placed(*observations: Observation) -> tuple[Origin, Lane | None]:
    facts = ItemFacts(
        item=f.item(),
        observations=(f.PICTURE, *observations),
        place_checks=f.CHECKS,
        path="a.jpg",
    )
    verdict = judge(facts, POLICY)
    return verdict.origin, place(facts, verdict, POLICY).lane


PAIRS = tuple(files())


@pytest.mark.parametrize(("name", "media_type", "data"), PAIRS, ids=[name for name, *_ in PAIRS])
def test_a_camera_s_text_beside_a_generator_s_is_doubt_in_lane_1(
    name: str, media_type: str, data: bytes
) -> None:
    origin, lane = placed(*observed(data, media_type))
    assert origin in (Origin.CONFLICT, Origin.EDITED)
    assert lane is Lane.POSSIBLE_NEW_VICTIM


def _plain(media_type: str) -> bytes:
    """Return a file that says nothing of how it came to be."""
    picture = Image.effect_mandelbrot((160, 120), (-1.6, -0.9, 0.6, 0.9), 60).convert("RGB")
    out = io.BytesIO()
    picture.save(out, media_type.removeprefix("image/"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [(m, kind) for m, kinds in KINDS.items() if m != "video/mp4" for kind in kinds],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_each_kind_of_camera_text_alone_has_the_level_that_the_pairs_are_made_of(
    media_type: str, kind: Kind
) -> None:
    _, level, put = kind
    rows = observed(put(_plain(media_type)), media_type)
    assert [o.level for o in rows if o.kind == "camera"] == [level]


STATEMENTS = [
    f.LABEL,
    f.RECORD,
    f.EXPIRED,
    f.seen("watermark", Level.S3, Polarity.SYNTHETIC),
    f.seen("signature", Level.S4, Polarity.SYNTHETIC),
    f.SIGNED,
]


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda o: f"{o.kind} {o.level}")
@pytest.mark.parametrize("media_type", KINDS)
def test_no_statement_however_strong_outweighs_a_camera_s_text(
    statement: Observation, media_type: str
) -> None:
    base = next(w for w in WRITERS if w.container.media_type == media_type).build()
    for _, _, put in KINDS[media_type]:
        camera = [o for o in observed(put(base), media_type) if o.kind == "camera"]
        assert camera
        assert placed(*camera, statement) == (Origin.CONFLICT, Lane.POSSIBLE_NEW_VICTIM)


def test_the_pairs_hold_every_writer_whose_container_can_name_a_camera() -> None:
    told = {name.split(" beside ")[0].split(" in one block")[0] for name, *_ in PAIRS}
    able = {w.name for w in WRITERS if w.container.picture or w.container.media_type in KINDS}
    assert told == able
