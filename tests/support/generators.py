"""Files as image generators write them, made in code: one writer per tool and container.

``WRITERS`` is the coverage table: what each tool writes (``records``), where it stands, and what a
reader should say of it. ``build`` makes the bytes, with a camera's EXIF beside it if asked.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from assay.core.vocab import Level
from tests.support import records
from tests.support.containers import box, flac, full_box, id3, mp4, opus, riff_chunk, webm
from tests.support.pdfs import flate, pdf
from tests.support.photos import EXPOSURE, TAKEN, scene
from tests.support.records import Size, Texts
from tests.support.stealth import hide
from tests.support.tiffs import ASCII, LONG, UNDEFINED, Row, block

SIZE: Size = (64, 48)
_TAGS = {"ImageDescription": 0x010E, "Make": 0x010F, "Model": 0x0110, "Software": 0x0131,
         "Artist": 0x013B, "DocumentName": 0x010D}  # fmt: skip
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/">{}</rdf:Description></rdf:RDF></x:xmpmeta>'
)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def xmp(texts: Texts) -> str:
    return _XMP.format("".join(f"<{k}>{_escaped(v)}</{k}>" for k, v in texts.items()))


def exif(texts: Texts, size: Size, *, camera: bool) -> bytes:
    """Return an EXIF block; a camera's own fields give way to a tool that occupies them."""
    named = ({"Make": "Example Corp", "Model": "Model 7"} if camera else {}) | {
        name: text for name, text in texts.items() if name in _TAGS
    }
    inner: list[Row] = []
    if camera:
        inner += [*EXPOSURE, TAKEN, (0xA002, LONG, size[0]), (0xA003, LONG, size[1])]
    if "UserComment" in texts:
        coded = b"UNICODE\0" + texts["UserComment"].encode("utf-16-le")
        inner.append((0x9286, UNDEFINED, coded))
    return block([(_TAGS[name], ASCII, text) for name, text in named.items()], exif=inner)


def png(texts: Texts, size: Size, *, camera: bool = False) -> bytes:
    info, out = PngInfo(), io.BytesIO()
    for key, text in texts.items():
        info.add_itxt(key, text)
    more = {"exif": b"Exif\0\0" + exif({}, size, camera=True)} if camera else {}
    scene(size=size).save(out, "PNG", pnginfo=info, **more)
    return out.getvalue()


def png_xmp(texts: Texts, size: Size, *, camera: bool = False) -> bytes:
    return png({"XML:com.adobe.xmp": xmp(texts)}, size, camera=camera)


def png_hidden(texts: Texts, size: Size, *, camera: bool = False) -> bytes:
    """Hide the record in the alpha channel, as an add-on of several tools does."""
    size = (max(size[0], 160), max(size[1], 160))
    pixels = hide(np.asarray(scene(size=size).convert("RGBA")), texts["parameters"])
    out = io.BytesIO()
    more = {"exif": b"Exif\0\0" + exif({}, size, camera=True)} if camera else {}
    Image.fromarray(pixels).save(out, "PNG", **more)
    return out.getvalue()


def _photo(
    kind: str, texts: Texts, size: Size, *, camera: bool, more: dict[str, object] | None = None
) -> bytes:
    out = io.BytesIO()
    data = exif(texts, size, camera=camera)
    scene(size=size).save(out, kind, exif=b"Exif\0\0" + data, **(more or {}))
    return out.getvalue()


def jpeg_exif(texts: Texts, size: Size, *, camera: bool = False) -> bytes:
    return _photo("JPEG", texts, size, camera=camera)


def webp_exif(texts: Texts, size: Size, *, camera: bool = False) -> bytes:
    return _photo("WEBP", texts, size, camera=camera)


def jpeg_xmp(texts: Texts, size: Size, *, camera: bool = False) -> bytes:
    return _photo("JPEG", {}, size, camera=camera, more={"xmp": xmp(texts).encode()})


def jpeg_comment(texts: Texts, size: Size, *, camera: bool = False) -> bytes:
    comment = next(iter(texts.values())).encode()
    return _photo("JPEG", {}, size, camera=camera, more={"comment": comment})


def gif_comment(texts: Texts, size: Size, *, camera: bool = False) -> bytes:
    out = io.BytesIO()
    scene(size=size).save(out, "GIF", comment=next(iter(texts.values())).encode())
    return out.getvalue()


def _value(text: str) -> bytes:
    return box(b"data", struct.pack(">II", 1, 0), text.encode())


def _hdlr() -> bytes:
    return full_box(b"hdlr", bytes(4), b"mdir", bytes(13))


def mp4_comment(texts: Texts, _size: Size, *, camera: bool = False) -> bytes:
    ilst = box(b"ilst", box(b"\xa9cmt", _value(next(iter(texts.values())))))
    return mp4(box(b"moov", box(b"udta", full_box(b"meta", _hdlr(), ilst))))


def mp4_keys(texts: Texts, _size: Size, *, camera: bool = False) -> bytes:
    keys = [box(b"mdta", key.encode()) for key in texts]
    rows = [box(struct.pack(">I", i), _value(t)) for i, t in enumerate(texts.values(), 1)]
    table = full_box(b"keys", struct.pack(">I", len(keys)), *keys)
    return mp4(box(b"moov", full_box(b"meta", _hdlr(), table, box(b"ilst", *rows))))


def webm_tags(texts: Texts, _size: Size, *, camera: bool = False) -> bytes:
    return webm(*((key.upper().encode(), text.encode()) for key, text in texts.items()))


def flac_comments(texts: Texts, _size: Size, *, camera: bool = False) -> bytes:
    return flac(*(f"{key}={text}".encode() for key, text in texts.items()))


def ogg_comments(texts: Texts, _size: Size, *, camera: bool = False) -> bytes:
    return opus(*(f"{key}={text}".encode() for key, text in texts.items()))


def pdf_xmp(texts: Texts, _size: Size, *, camera: bool = False) -> bytes:
    """Write the packet as most programs do: packed, so that no search finds it."""
    entries = "/Type /Metadata /Subtype /XML /Filter /FlateDecode"
    return pdf((entries, flate(xmp(texts).encode())))


def pdf_info(texts: Texts, _size: Size, *, camera: bool = False) -> bytes:
    rows = " ".join(f"/{key} <FEFF{text.encode('utf-16-be').hex()}>" for key, text in texts.items())
    return pdf(trailer="/Info 4 0 R") + f"\n4 0 obj\n<< {rows} >>\nendobj\n".encode()


def mp3_frames(texts: Texts, _size: Size, *, camera: bool = False) -> bytes:
    return id3(*((b"TXXX", b"\3" + f"{key}\0{text}".encode()) for key, text in texts.items()))


def wav_info(texts: Texts, _size: Size, *, camera: bool = False) -> bytes:
    fmt = riff_chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8))
    info = b"INFO" + riff_chunk(b"ICMT", next(iter(texts.values())).encode() + b"\0")
    body = b"WAVE" + fmt + riff_chunk(b"LIST", info) + riff_chunk(b"data", bytes(100))
    return b"RIFF" + struct.pack("<I", len(body)) + body


Carrier = Callable[..., bytes]


@dataclass(frozen=True, slots=True)
class Container:
    name: str
    media_type: str
    carry: Carrier
    picture: bool = True  # can carry a camera's EXIF


_CONTAINERS = {
    row.name: row
    for row in (
        Container("png", "image/png", png),
        Container("png xmp", "image/png", png_xmp),
        Container("png pixels", "image/png", png_hidden),
        Container("jpeg exif", "image/jpeg", jpeg_exif),
        Container("jpeg xmp", "image/jpeg", jpeg_xmp),
        Container("jpeg comment", "image/jpeg", jpeg_comment),
        Container("webp exif", "image/webp", webp_exif),
        Container("gif comment", "image/gif", gif_comment, picture=False),
        Container("mp4 ilst", "video/mp4", mp4_comment, picture=False),
        Container("mp4 keys", "video/mp4", mp4_keys, picture=False),
        Container("webm", "video/webm", webm_tags, picture=False),
        Container("flac", "audio/flac", flac_comments, picture=False),
        Container("mp3", "audio/mpeg", mp3_frames, picture=False),
        Container("ogg", "audio/ogg", ogg_comments, picture=False),
        Container("pdf xmp", "application/pdf", pdf_xmp, picture=False),
        Container("pdf info", "application/pdf", pdf_info, picture=False),
        Container("wav", "audio/wav", wav_info, picture=False),
    )
}


@dataclass(frozen=True, slots=True)
class Writer:
    """One tool's record in one container, and what a reader should say of it."""

    tool: str
    container: Container
    texts: Callable[[Size], Texts]
    level: Level  # of the strongest statement
    source: str  # of the format
    kind: str = "generator"  # the observation that tells it

    @property
    def name(self) -> str:
        return f"{self.tool} ({self.texts.__name__}) in {self.container.name}"

    def build(self, size: Size = SIZE, *, camera: bool = False) -> bytes:
        return self.container.carry(self.texts(size), size, camera=camera)


def _user_comment(texts: Callable[[Size], Texts]) -> Callable[[Size], Texts]:
    """Return the same record as one EXIF UserComment, as tools write it into JPEG and WebP."""

    def moved(size: Size) -> Texts:
        return {"UserComment": next(iter(texts(size).values()))}

    moved.__name__ = f"{texts.__name__}_comment"
    return moved


def _rows(
    tool: str,
    texts: Callable[[Size], Texts],
    source: str,
    *places: tuple[str, Level],
    kind: str = "generator",
) -> tuple[Writer, ...]:
    exif_like = ("jpeg exif", "webp exif")
    sample = texts(SIZE)
    in_exif = sample.keys() <= _TAGS.keys() | {"UserComment"}
    return tuple(
        Writer(tool, _CONTAINERS[place],
               texts if in_exif or place not in exif_like else _user_comment(texts),
               level, source, kind)
        for place, level in places
    )  # fmt: skip


_S1, _S2, _E = Level.S1, Level.S2, Level.E
_PICTURES = (("png", _S2), ("jpeg exif", _S2), ("webp exif", _S2))
_WEBUI = "AUTOMATIC1111/stable-diffusion-webui, modules/processing.py (create_infotext)"
_COMFY = "comfyanonymous/ComfyUI, nodes.py (SaveImage) and comfy_extras/nodes_images.py"
_INVOKE = "invoke-ai/InvokeAI, invokeai/app/invocations/metadata.py and ldm/invoke/args.py"

WRITERS: tuple[Writer, ...] = (
    *_rows("AUTOMATIC1111", records.a1111, _WEBUI, *_PICTURES, ("gif comment", _S2),
           ("png pixels", _S1), ("jpeg comment", _S1)),
    *_rows("Forge", records.forge, "lllyasviel/stable-diffusion-webui-forge", *_PICTURES),
    *_rows("reForge", records.reforge, "Panchovix/stable-diffusion-webui-reForge", *_PICTURES),
    *_rows("Forge Neo", records.forge_neo, "Haoming02/sd-webui-forge-classic, neo", *_PICTURES),
    *_rows("SD.Next", records.sdnext, "vladmandic/sdnext, modules/processing_info.py", *_PICTURES),
    *_rows("ComfyUI", records.comfyui, _COMFY, ("png", _S2), ("webm", _S1), ("flac", _S1),
           ("mp3", _S1), ("mp4 keys", _S1), ("ogg", _S1)),
    *_rows("ComfyUI", records.comfyui_webp, _COMFY, ("webp exif", _S2)),
    *_rows("ComfyUI", records.comfyui_comment, "Kosinkadink/ComfyUI-VideoHelperSuite, nodes.py",
           ("mp4 ilst", _S1), ("webm", _S1), ("jpeg exif", _S1), ("jpeg comment", _S1)),
    *_rows("SwarmUI", records.swarmui, "mcmonkeyprojects/SwarmUI, T2IParamInput.cs", *_PICTURES),
    *_rows("NovelAI", records.novelai, "NovelAI/novelai-image-metadata", ("png", _S2)),
    *_rows("NovelAI", records.novelai_webp, "NovelAI/novelai-image-metadata", ("webp exif", _S2),
           ("jpeg exif", _S1)),
    *_rows("InvokeAI", records.invokeai, _INVOKE, ("png", _S2), ("mp4 keys", _S1)),
    *_rows("InvokeAI", records.invokeai_graph, _INVOKE, ("png", _S1)),
    *_rows("InvokeAI", records.invokeai_2, _INVOKE, ("png", _S2)),
    *_rows("InvokeAI", records.invokeai_1, _INVOKE, ("png", _S1)),
    *_rows("InvokeAI", records.invokeai_0, _INVOKE, ("png", _S2)),
    *_rows("Fooocus", records.fooocus, "lllyasviel/Fooocus, modules/meta_parser.py", *_PICTURES),
    *_rows("RuinedFooocus", records.ruinedfooocus, "runew0lf/RuinedFooocus, async_worker.py",
           *_PICTURES),
    *_rows("Civitai", records.civitai, "civitai/civitai, src/utils/metadata", ("jpeg exif", _S2)),
    *_rows("Tensor.Art", records.tensorart, "enslo/sd-metadata, parsers/tensorart.ts",
           ("png", _S2)),
    *_rows("Stability Matrix", records.stability_matrix,
           "LykosAI/StabilityMatrix, GenerationParameters.cs", ("png", _S2)),
    *_rows("Stability Matrix", records.stability_matrix_json,
           "LykosAI/StabilityMatrix, GenerationParameters.cs", ("png", _S2)),
    *_rows("Stability Matrix", records.stability_matrix_webp,
           "LykosAI/StabilityMatrix, LocalImageFile.cs", ("webp exif", _S2)),
    *_rows("Hugging Face Space", records.hf_space, "enslo/sd-metadata, parsers/hf-space.ts",
           ("png", _S2), ("jpeg exif", _S1)),
    *_rows("Draw Things", records.drawthings, "enslo/sd-metadata, parsers/draw-things.ts",
           ("png xmp", _S2), ("jpeg xmp", _S2)),
    *_rows("Easy Diffusion", records.easydiffusion,
           "easydiffusion/easydiffusion, utils/save_utils.py", ("png", _S2)),
    *_rows("Easy Diffusion", records.easydiffusion_json,
           "easydiffusion/sdkit, utils/image_utils.py", ("jpeg exif", _S2), ("webp exif", _S2)),
    *_rows("AI Horde", records.horde, "Haidra-Org/AI-Horde, /v2/generate/async",
           ("jpeg exif", _S1), ("webp exif", _S1)),
    *_rows("Midjourney", records.midjourney, "docs.midjourney.com, parameter list", ("png", _S1)),
    *_rows("Midjourney", records.midjourney_xmp, "docs.midjourney.com, parameter list",
           ("jpeg xmp", _S1), ("png xmp", _S1)),
    *_rows("unknown generator", records.unknown, "no tool: common words", ("jpeg exif", _S1),
           ("webp exif", _S1), ("jpeg comment", _S1), ("mp4 ilst", _S1)),
    *_rows("unknown generator", records.unknown_keys, "no tool: common words", ("png", _S1),
           ("webm", _S1), ("mp3", _S1), ("ogg", _S1)),
    *_rows("unknown generator", records.unknown_lines, "no tool: common words",
           ("jpeg exif", _S1)),
    *_rows("Dreamina", records.dreamina, "exiftool listings of public files", ("jpeg exif", _S1),
           ("mp4 ilst", _S1), kind="label"),
    *_rows("CapCut", records.capcut, "exiftool listings of public files", ("jpeg exif", _E),
           ("mp4 ilst", _E), kind="label"),
    *_rows("ExampleGen", records.tc260, "GB 45438-2025, annex E", ("mp4 keys", _S1),
           ("mp3", _S1), ("flac", _S1), ("ogg", _S1), ("webm", _S1), ("png", _S1), kind="label"),
    *_rows("Adobe Firefly", records.firefly_producer, "ISO 32000-2 14.3.3, the producer's name",
           ("pdf info", _S1), kind="label"),
    *_rows("xAI Grok", records.grok, "public code that reads these fields", ("jpeg exif", _S1),
           kind="label"),
    *_rows("", records.source_type, "cv.iptc.org/newscodes/digitalsourcetype", ("jpeg xmp", _S1),
           ("png xmp", _S1), ("pdf xmp", _S1), kind="label"),
)  # fmt: skip


def coverage() -> str:
    """Return the table of tools and containers as docs/methods/generators.md holds it."""
    labels = {"": "IPTC digital source type", "ExampleGen": "TC260 AIGC label"}
    rows: dict[str, tuple[list[str], dict[str, None]]] = {}
    for writer in WRITERS:
        places, sources = rows.setdefault(labels.get(writer.tool, writer.tool), ([], {}))
        place = f"{writer.container.name} {writer.level.value}"
        places += [place] if place not in places else []
        sources.setdefault(writer.source)
    lines = ["| tool | container and strongest level | format |", "|---|---|---|"]
    lines += [
        f"| {tool} | {', '.join(places)} | {'; '.join(sources)} |"
        for tool, (places, sources) in rows.items()
    ]
    return "\n".join(lines)
