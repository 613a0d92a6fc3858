"""Make src/assay/validation/set: small files, and what is known about each without running Assay.

    .venv/bin/python scripts/make_known_answers.py

What is expected is written here by hand, from a standard, a reference implementation or from how
the file is made; nothing is copied from what Assay found. All pictures are procedural art. The two
signed pictures are those of the example case, because their keys were thrown away.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts import example_records as records
from scripts import procedural_art as art
from scripts.example_camera import Shot, exif, jpeg, label
from scripts.known_answer import CONTAINER, INVENTORY, TEXT, UNKNOWN, Fields, Known, sha, vector
from scripts.known_inside import deflated, documents, moving
from scripts.make_example import DUSK, PALE, chime, png, profile, saved, tarred, zipped

from tests.support.containers import chunk, png_with
from tests.support.planes import encoded, make

ROOT = Path(__file__).resolve().parents[1]
SET = ROOT / "src" / "assay" / "validation" / "set"
EXAMPLES = ROOT / "examples"
LIMIT = 300_000  # bytes of the whole set


def main() -> None:
    """Write the set and say how large it is."""
    shutil.rmtree(SET, ignore_errors=True)
    lines = []
    parts = (
        *(digests, perceptual, moving, cameras, generators, credentials),
        *(archives, documents, hostile, inventory),
    )
    for known in (row for part in parts for row in part()):
        path = SET / known.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(known.data)
        inner = {f"{known.file}!/{name}": rows for name, rows in known.inside.items()}
        line = {
            "name": known.name,
            "area": known.area,
            "file": known.file,
            "sha256": sha(known.data),
            "basis": known.basis,
            "expect": {known.file: known.own, **inner},
        }
        lines.append(json.dumps(line, ensure_ascii=True) + "\n")
    (SET / "answers.jsonl").write_text("".join(lines), "ascii")
    shutil.copyfile(EXAMPLES / "example-authority.pem", SET / "example-authority.pem")
    size = sum(path.stat().st_size for path in SET.rglob("*") if path.is_file())
    print(f"{len(lines)} known answers, {size} bytes in {SET}")
    if size > LIMIT:
        raise SystemExit(f"more than {LIMIT} bytes")


def digests() -> Iterator[Known]:
    """Published digests; the constants are those of the documents named."""
    fips = "FIPS 180-4 examples (NIST); RFC 1321 appendix A.5"
    yield Known(
        "digests of abc",
        "digests",
        "digests/abc.txt",
        b"abc",
        fips,
        {
            "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",
            "md5": "900150983cd24fb0d6963f7d28e17f72",
            "size": 3,
            **TEXT,
        },
    )
    yield Known(
        "digests of nothing",
        "digests",
        "digests/empty.bin",
        b"",
        fips,
        {
            "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "md5": "d41d8cd98f00b204e9800998ecf8427e",
            "size": 0,
            "findings": ["empty"],
            **INVENTORY,
        },
    )
    two = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    yield Known(
        "digests of a message of two blocks",
        "digests",
        "digests/two-blocks.txt",
        two,
        "FIPS 180-4 examples (NIST), 448 bits",
        {
            "sha256": "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            "sha1": "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
            "size": 56,
        },
    )
    letters = b"abcdefghijklmnopqrstuvwxyz"
    yield Known(
        "MD5 of the alphabet",
        "digests",
        "digests/alphabet.txt",
        letters,
        "RFC 1321 appendix A.5",
        {"md5": "c3fcd3d76192e4007dfb496cca67e13b", "size": 26},
    )
    yield Known(
        "digests of a million letters a, compressed",
        "digests",
        "digests/million-a.gz",
        _gzip("million-a.txt", b"a" * 1_000_000),
        "FIPS 180-4 examples (NIST)",
        {"media_type": "application/gzip", **CONTAINER},
        {
            "million-a.txt": {
                "sha256": "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
                "sha1": "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
                "size": 1_000_000,
            }
        },
    )


# Vectors of the reference implementation that compress well: name, width, height, channels.
PDQ = (
    ("noise", 16, 16, 1),
    ("noise", 64, 64, 1),
    ("rings", 63, 64, 3),
    ("rings", 65, 127, 1),
    ("blocks", 16, 16, 3),
    ("blocks", 300, 200, 1),
    ("blocks", 300, 200, 3),
    ("blocks", 512, 512, 3),
    ("ramp", 300, 200, 3),
    ("ramp", 512, 512, 1),
    ("edges", 300, 200, 1),
    ("flat", 64, 64, 3),
)


def perceptual() -> Iterator[Known]:
    """PDQ of lossless pictures, from the reference implementation (tests/data/pdq_vectors.json)."""
    for name, width, height, channels in PDQ:
        row = vector(name, width, height, channels)
        colour = "colour" if channels == 3 else "grey"
        yield Known(
            f"PDQ of {name}, {width} x {height}, {colour}",
            "perceptual hash",
            f"pdq/{name}-{width}x{height}-{colour}.png",
            encoded(make(name, row["seed"], width, height, channels), "PNG", optimize=True),
            "pdqhash 0.2.8, which wraps the authors' reference implementation",
            {
                "pdq.hash": row["hash"],
                "pdq.quality": row["quality"],
                "picture.width": width,
                "picture.height": height,
                "picture.decoded": "full",
                "media_type": "image/png",
                **UNKNOWN,
            },
        )


SHOT = Shot("2024:05:18 09:12:44", (1, 60), (20, 10), 400, "+02:00", (52.5, 4.75))
CAMERA: Fields = {
    "camera.make": "Example Optics",
    "camera.model": "EO-1",
    "camera.serial": "EX0012345",
    "camera.lens": "EO 28mm F2",
    "camera.taken_at": "2024-05-18T09:12:44",
    "camera.zone": "+02:00",
}


def cameras() -> Iterator[Known]:
    """EXIF as a camera writes it, and the same beside a statement that contradicts it."""
    picture = art.lake(9, 320, 240, DUSK)
    basis = "the EXIF block is written field by field; origin and lane: evidence policy"
    yield Known(
        "a camera's record",
        "camera",
        "camera/lake.jpg",
        jpeg(picture, 80, exif(picture, SHOT)),
        basis,
        {
            **CAMERA,
            "camera.level": "C2",
            "claims": ["C2 camera"],
            "origin": "camera",
            "lane": 1,
            "band": "a",
            "picture.width": 320,
            "picture.height": 240,
            "failures": [],
        },
        {"EXIF thumbnail": _thumbnail(picture)},
    )
    yield Known(
        "a camera's record beside an unsigned AI label",
        "camera",
        "camera/labelled.jpg",
        jpeg(picture, 70, exif(picture, SHOT), label("trainedAlgorithmicMedia")),
        basis,
        {
            **CAMERA,
            "claims": ["C2 camera", "S1 synthetic"],
            "origin": "conflict",
            "lane": 1,
            "band": "a",
        },
        {"EXIF thumbnail": _thumbnail(picture)},
    )
    other = art.dunes(5, 320, 240)
    yield Known(
        "a thumbnail of another picture",
        "camera",
        "camera/other-thumbnail.jpg",
        jpeg(picture, 60, exif(picture, SHOT, thumbnail=other)),
        basis,
        {**CAMERA, "camera.level": "C1", "origin": "conflict", "lane": 1, "band": "a"},
        {"EXIF thumbnail": _thumbnail(other)},
    )


def generators() -> Iterator[Known]:
    """Records as image generators write them."""
    size = (128, 96)
    text = records.automatic1111("a lighthouse at dusk", 2741905313, size)
    basis = "the record is written word by word; origin and lane: evidence policy"
    yield Known(
        "an AUTOMATIC1111 record",
        "generator records",
        "generators/automatic1111.png",
        png(art.lighthouse(4, *size).quantize(48), parameters=text),
        basis,
        {
            "generator.tool": "AUTOMATIC1111",
            "generator.seed": 2741905313,
            "generator.sampler": "DPM++ 2M",
            "generator.steps": 28,
            "generator.width": 128,
            "generator.height": 96,
            "generator.complete": True,
            "claims": ["S2 synthetic"],
            "origin": "unknown",
            "lane": 1,
            "band": "b",
        },
    )
    prompt, workflow = records.comfyui("a lighthouse", 99, size, opened="sketch.png")
    yield Known(
        "a ComfyUI graph that began with a picture",
        "generator records",
        "generators/comfyui-input.png",
        png(art.lighthouse(31, *size).quantize(48), prompt=prompt, workflow=workflow),
        basis,
        {
            "generator.tool": "ComfyUI",
            "generator.seed": 99,
            "generator.input_pictures": ["sketch.png"],
            "claims": ["E edited"],
            "origin": "edited",
            "lane": 1,
            "band": "a",
        },
    )


def credentials() -> Iterator[Known]:
    """C2PA: by an authority that is trusted here, by one that is not, and tampered with."""
    downloads = EXAMPLES / "mixed-case" / "Downloads"
    signed = (downloads / "fruit-bowl.jpg").read_bytes()
    basis = "signed with the keys of scripts/make_example.py; origin and lane: evidence policy"
    yield Known(
        "a credential that leads to a trusted authority",
        "content credentials",
        "credentials/trusted.jpg",
        signed,
        basis,
        {
            "c2pa.tier": "operator",
            "c2pa.ai": True,
            "claims": ["S5 synthetic"],
            "origin": "synthetic",
            "lane": 4,
            "band": None,
            "failures": [],
        },
    )
    yield Known(
        "the same statement by an authority on no list",
        "content credentials",
        "credentials/untrusted.jpg",
        (downloads / "harbour.jpg").read_bytes(),
        basis,
        {
            "c2pa.tier": "untrusted",
            "claims": ["S1 synthetic"],
            "origin": "unknown",
            "lane": 1,
            "band": "b",
        },
    )
    # of another look: beside a changed copy the trusted picture itself would be near lane 1
    yield Known(
        "a trusted credential on another picture",
        "content credentials",
        "credentials/moved.jpg",
        _with_credential_of(signed, jpeg(art.night(6, 240, 160), 80)),
        basis,
        {
            "c2pa.tier": "invalid",
            "claims": ["S1 synthetic"],
            "origin": "unknown",
            "lane": 1,
            "band": "b",
        },
    )


def archives() -> Iterator[Known]:
    """Archives read to their last member, nested, locked, and with names that point outside."""
    small = encoded(make("blocks", 1, 24, 16, 3), "PNG")
    other = encoded(make("rings", 5, 24, 16, 3), "PNG")
    photo = jpeg(art.dunes(2, 64, 48), 70)
    basis = "the archive is written member by member"
    picture = {"media_type": "image/png", **UNKNOWN}
    yield Known(
        "a ZIP with three members",
        "archives",
        "archives/three.zip",
        zipped({"a/blocks.png": small, "a/note.txt": b"a list of fruit\n", "dunes.jpg": photo}),
        basis,
        {"media_type": "application/zip", **CONTAINER},
        {
            "a/blocks.png": {**picture, "sha256": sha(small), "picture.width": 24},
            "a/note.txt": {**TEXT, "sha256": sha(b"a list of fruit\n")},
            "dunes.jpg": {"media_type": "image/jpeg", "sha256": sha(photo), **UNKNOWN},
        },
    )
    inner = zipped({"rings.png": other})
    yield Known(
        "a ZIP in a compressed tar in a ZIP",
        "archives",
        "archives/nested.zip",
        zipped({"outer.tar.gz": tarred({"inner.zip": inner})}),
        basis,
        {"media_type": "application/zip", **CONTAINER},
        {
            "outer.tar.gz": CONTAINER,
            "outer.tar.gz!/inner.zip": {"media_type": "application/zip", **CONTAINER},
            "outer.tar.gz!/inner.zip!/rings.png": {**picture, "sha256": sha(other)},
        },
    )
    yield Known(
        "a locked ZIP",
        "archives",
        "archives/locked.zip",
        _locked(zipped({"hidden.png": small})),
        basis + "; both headers say that it is encrypted",
        {
            "media_type": "application/zip",
            "origin": "unknown",
            "lane": 1,
            "band": "e",
            "failures": ["open:zip encrypted"],
        },
    )
    yield Known(
        "a member whose name points outside",
        "archives",
        "archives/outside.zip",
        zipped({"../../outside.png": other}),
        basis,
        {"media_type": "application/zip", "lane": None},
        {"../../outside.png": {"sha256": sha(other), "findings": ["path_traversal"]}},
    )


def hostile() -> Iterator[Known]:
    """Files made to break a reader: each is recorded, none is lost, none leaves lane 1."""
    whole = jpeg(art.harbour(27, 160, 120), 80)
    early: Fields = {"origin": "unknown", "lane": 1}
    yield Known(
        "a JPEG that ends too early",
        "hostile files",
        "hostile/truncated.jpg",
        whole[: len(whole) * 6 // 10],
        "cut at six tenths of its length",
        {
            "media_type": "image/jpeg",
            "picture.decoded": "partial",
            "findings": ["truncated"],
            "band": "b",
            **early,
        },
    )
    yield Known(
        "a ZIP that expands a thousand times",
        "hostile files",
        "hostile/bomb.zip",
        deflated("zeros.bin", bytes(24 << 20)),
        "24 MiB of zeros; the limit is 200 times beyond 8 MiB",
        {"failures": ["open:zip limit"], "findings": ["decompression_bomb"], "band": "e", **early},
    )
    yield Known(
        "a PNG that promises 2.5 thousand million pixels",
        "hostile files",
        "hostile/pixels.png",
        _huge_png(),
        "IHDR says 50,000 x 50,000; the limit on pixels is far below",
        {
            # whatever looks at pixels has to say that it did not
            "failures": ["pdq limit", "picture limit", "signature limit", "watermark limit"],
            "findings": ["pixel_limit"],
            **early,
        },
    )
    yield Known(
        "EXIF directories in a circle",
        "hostile files",
        "hostile/exif-loop.jpg",
        jpeg(art.dunes(3, 96, 64), 70, _looped()),
        "the second directory's link points back at the first",
        {"findings": ["metadata_loop"], "picture.decoded": "full", **early},
    )


def inventory() -> Iterator[Known]:
    """Kinds that hold no pictures, and sound, which is examined last."""
    basis = "evidence policy, lane rules; docs/reference/formats.md"
    yield Known(
        "a colour profile holds no pictures",
        "order of work",
        "inventory/display.icc",
        profile(),
        basis,
        {"media_type": "application/vnd.iccprofile", **INVENTORY},
    )
    yield Known(
        "a shell script holds no pictures",
        "order of work",
        "inventory/copy.sh",
        b'#!/bin/sh\ncp -rn "$1" "$2"\n',
        basis,
        {"media_type": "text/x-shellscript", **INVENTORY},
    )
    yield Known(
        "sound alone stands at the end of lane 1",
        "order of work",
        "inventory/chime.wav",
        chime(),
        basis,
        {"media_type": "audio/wav", "origin": "unknown", "lane": 1, "band": "f"},
    )
    yield Known(
        "a picture under a false name is still a picture",
        "order of work",
        "inventory/notes.txt",
        saved(art.mountains(3, 96, 64, PALE), "WEBP", quality=80),
        basis,
        {"media_type": "image/webp", "findings": ["type_mismatch"], **UNKNOWN},
    )


def _thumbnail(picture: Image.Image) -> Fields:
    """Return what is known of the thumbnail that ``example_camera.exif`` writes."""
    small = picture.copy()
    small.thumbnail((160, 120), Image.Resampling.LANCZOS)
    data = jpeg(small, quality=75)
    return {
        "media_type": "image/jpeg",
        "sha256": sha(data),
        "picture.width": 160,
        "picture.height": 120,
        "lane": 1,
    }


def _with_credential_of(signed: bytes, other: bytes) -> bytes:
    """Return another JPEG with the APP11 segments of a signed one behind its start."""
    at, segments = 2, b""
    while signed[at + 1] != 0xDA:
        length = 2 + int.from_bytes(signed[at + 2 : at + 4], "big")
        segments += signed[at : at + length] if signed[at + 1] == 0xEB else b""
        at += length
    return other[:2] + segments + other[2:]


def _gzip(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(name, "wb", fileobj=out, mtime=0) as stream:
        stream.write(data)
    return out.getvalue()


def _locked(archive: bytes) -> bytes:
    """Set the flag of encryption in both headers of a ZIP's only member."""
    data = bytearray(archive)
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def _huge_png() -> bytes:
    data = bytearray(png_with())
    head = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    data[8 : 8 + 25] = chunk(b"IHDR", head[4:])
    return bytes(data)


def _looped() -> bytes:
    """Return a TIFF block of two directories, the second of which leads back to the first."""
    entry = struct.pack("<HHI4s", 0x010F, 2, 4, b"Abc\0")
    first = struct.pack("<H", 1) + entry + struct.pack("<I", 26)
    second = struct.pack("<H", 1) + entry + struct.pack("<I", 8)
    return b"II*\0\x08\0\0\0" + first + second


if __name__ == "__main__":
    main()
