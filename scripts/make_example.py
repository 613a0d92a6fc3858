"""Make examples/mixed-case, examples/example-authority.pem and examples/list-*.json.

    .venv/bin/python scripts/make_example.py

The same pictures and texts every time; the keys are new in every run and thrown away, so the
files are committed and a second run changes the signed ones. See examples/README.md.
"""

from __future__ import annotations

import io
import math
import shutil
import sys
import tarfile
import wave
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageCms, ImageFilter, ImageOps
from PIL.PngImagePlugin import PngInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts import example_records as records
from scripts import procedural_art as art
from scripts.example_camera import Shot, exif, jpeg, label, user_comment
from scripts.example_lists import write_lists
from scripts.signing import Identity, Input, Step, authority, sign, signer

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
CASE = EXAMPLES / "mixed-case"
ANCHOR = EXAMPLES / "example-authority.pem"

Files = Iterator[tuple[str, bytes]]  # path in the case, content
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels

DUSK = ((40, 70, 130), (220, 150, 140), (255, 214, 160))
DAY = ((70, 130, 190), (150, 200, 225), (235, 240, 225))
EMBER = ((20, 20, 60), (120, 70, 130), (250, 150, 110))
PALE = ((120, 150, 180), (190, 205, 215), (240, 232, 220))
CARD = "DCIM/100EXMPL"


def main() -> None:
    """Write the case, the authority's certificate and the lists beside the case."""
    root = authority("Assay Example Authority")
    ANCHOR.write_bytes(root.pem())
    shutil.rmtree(CASE, ignore_errors=True)
    files = dict(card())
    for part in (records_only(), signed(root, files), edited(files), contradicting(), bare()):
        files |= dict(part)
    files |= dict(others(files))
    for name, data in files.items():
        path = CASE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    write_lists(EXAMPLES, files, like_dunes())
    print(f"{len(files)} files, {sum(map(len, files.values()))} bytes in {CASE}")


def card() -> Files:
    """A camera's card: complete records, thumbnails and sizes that agree."""
    yield (
        f"{CARD}/EXMP0001.JPG",
        photo(COFFEE, Shot("2024:05:18 09:12:44", (1, 60), (20, 10), 400)),
    )
    yield f"{CARD}/EXMP0002.JPG", photo(CAT, Shot("2024:05:18 16:40:02", (1, 200), (28, 10), 320))
    yield f"{CARD}/EXMP0003.JPG", photo(WALL, Shot("2024:05:19 11:05:31", (1, 500), (56, 10), 100))
    yield f"{CARD}/EXMP0004.JPG", photo(GRASS, Shot("2024:05:19 11:07:10", (1, 320), (40, 10), 100))
    place = (28.5619, -80.5774)  # where the rocket started
    launch = Shot("2015:02:11 18:03:07", (1, 1000), (80, 10), 100, "-05:00", place)
    yield "DCIM/101EXMPL/EXMP0101.JPG", photo(ROCKET, launch)
    yield "DCIM/.nomedia", b""


def records_only() -> Files:
    """Unsigned statements of generators: none names an input picture."""
    size = (512, 384)
    text = records.automatic1111("a lighthouse on a green headland at dusk", 2741905313, size)
    yield "Downloads/00012-2741905313.png", png(art.lighthouse(4, *size), parameters=text)
    size = (384, 384)
    prompt, workflow = records.comfyui("layered mountains in mist, ember sky", 88120457, size)
    picture = art.mountains(11, *size, EMBER)
    yield "Downloads/ComfyUI_00041_.png", png(picture, prompt=prompt, workflow=workflow)
    size = (512, 320)
    block = user_comment(records.swarmui("sand dunes in evening light", 615233, size))
    yield "Downloads/0031-sand dunes.jpg", jpeg(art.dunes(2, *size), block=block)
    size = (384, 256)
    text = records.invokeai("northern lights over dark hills", 1290411, size)
    yield "Downloads/8c1d1e0f-example.png", png(art.night(6, *size), invokeai_metadata=text)
    packet = label("trainedAlgorithmicMedia")
    yield "Downloads/postcard.jpg", jpeg(art.lake(9, 480, 320, DUSK), xmp=packet)


def signed(root: Identity, files: Mapping[str, bytes]) -> Files:
    """Credentials: by the example authority, by one on no list, and for an edit of a photograph."""
    generator = signer(root, "Example Generator")
    made = Step("c2pa.created", "trainedAlgorithmicMedia", "Example Generator")
    bowl = art.fruit_bowl(1, 512, 384)
    first = sign(jpeg(bowl, 90), "image/jpeg", generator, [made])
    yield "Downloads/fruit-bowl.jpg", first
    enlarged = png(bowl.crop((64, 48, 448, 336)).resize((480, 360), Image.Resampling.LANCZOS))
    steps = [Step("c2pa.opened", ingredients=(0,)), Step("c2pa.cropped"), Step("c2pa.resized")]
    inputs = [Input(first, "image/jpeg", title="fruit-bowl.jpg")]
    yield (
        "Downloads/fruit-bowl-detail.png",
        sign(enlarged, "image/png", generator, steps, inputs=inputs),
    )
    stranger = signer(authority("Self-made Authority"), "Example Generator")
    harbour = jpeg(art.harbour(7, 480, 320), 88)
    yield "Downloads/harbour.jpg", sign(harbour, "image/jpeg", stranger, [made])
    photograph = files[f"{CARD}/EXMP0002.JPG"]
    changed = Step("c2pa.edited", "compositeWithTrainedAlgorithmicMedia", "Example Editor")
    steps = [Step("c2pa.opened", ingredients=(0,)), changed]
    inputs = [Input(photograph, "image/jpeg", title="EXMP0002.JPG")]
    night = art.night(21, *CAT.size)
    picture = jpeg(ImageChops.screen(CAT.point(lambda v: v * 5 // 8), night), 88)
    editor = signer(root, "Example Editor")
    yield (
        "Pictures/cat-under-northern-lights.jpg",
        sign(picture, "image/jpeg", editor, steps, inputs=inputs, generator="Example Editor"),
    )


def edited(files: Mapping[str, bytes]) -> Files:
    """Statements of a change or of an input picture, and a camera's photo saved again."""
    size = (384, 384)
    prompt = "a lake in the mountains, morning, oil painting"
    text = records.automatic1111(prompt, 402, size, extra=", Denoising strength: 0.55")
    yield "Downloads/00007-402.png", png(art.lake(5, *size, DAY), parameters=text)
    size = (384, 288)
    prompt, workflow = records.comfyui("a lighthouse, watercolour", 99, size, opened="sketch.png")
    picture = ImageOps.mirror(art.lighthouse(31, *size)).filter(ImageFilter.ModeFilter(7))
    yield "Downloads/ComfyUI_00042_.png", png(picture, prompt=prompt, workflow=workflow)
    contrast = ImageOps.autocontrast(WALL, cutoff=1)
    shot = Shot("2024:05:19 11:05:31", (1, 500), (56, 10), 100, software="GIMP 2.10.36")
    yield "Pictures/wall-contrast.jpg", photo(contrast, shot)
    taken = Image.open(io.BytesIO(files[f"{CARD}/EXMP0001.JPG"]))
    small = taken.resize((300, 200), Image.Resampling.LANCZOS)
    yield "Pictures/coffee-small.jpg", jpeg(small, block=taken.info["exif"][6:])


def contradicting() -> Files:
    """Camera data beside a statement of AI, and a thumbnail of another picture."""
    shot = Shot("2024:06:02 14:20:55", (1, 250), (56, 10), 100)
    packet = label("trainedAlgorithmicMedia")
    yield "Pictures/path.jpg", jpeg(GRAVEL, block=exif(GRAVEL, shot), xmp=packet)
    crop = COFFEE.crop((120, 60, 504, 316))
    text = records.automatic1111("a cup of coffee on a wooden table", 77, crop.size)
    shot = Shot("2024:05:18 09:13:20", (1, 60), (20, 10), 400, comment=text)
    yield "Pictures/morning.jpg", photo(crop, shot)
    crop = ROCKET.crop((140, 60, 540, 360))
    shot = Shot("2024:06:03 22:01:12", (1, 15), (20, 10), 800)
    yield "Pictures/launch.jpg", jpeg(crop, block=exif(crop, shot, thumbnail=CAT))


def bare() -> Files:
    """Pictures that say nothing about themselves, one per format."""
    yield "Pictures/deep-field.jpg", jpeg(SKY, 85)
    yield "Pictures/ridges.png", png(art.mountains(3, 384, 256, DUSK))
    yield "Pictures/banner.webp", saved(art.harbour(17, 480, 200), "WEBP", quality=80)
    hills = [art.mountains(40, 144, 96, sky) for sky in (EMBER, DUSK, DAY, DUSK)]
    yield (
        "Pictures/day-and-night.gif",
        saved(hills[0], "GIF", save_all=True, append_images=hills[1:], duration=500, loop=0),
    )
    yield "Pictures/icon.bmp", saved(art.fruit_bowl(3, 96, 72), "BMP")
    yield "Pictures/dunes.avif", saved(art.dunes(8, 480, 320), "AVIF", quality=70)
    deep = np.asarray(art.mountains(50, 240, 180, PALE).convert("L"), np.uint16) * 251
    yield "Scans/ridges-16bit.tif", saved(Image.fromarray(deep), "TIFF", compression="tiff_lzw")


def like_dunes() -> bytes:
    """Return the picture of ``Pictures/dunes.avif`` as another file: a list knows this one."""
    return jpeg(art.dunes(8, 480, 320), 80)


def others(files: Mapping[str, bytes]) -> Files:
    """A duplicate, archives, a damaged and a mislabelled file, and files that are no pictures."""
    first = files[f"{CARD}/EXMP0001.JPG"]
    yield "Backup/EXMP0001 (copy).JPG", first
    new = Shot("2024:05:20 19:30:00", (1, 100), (28, 10), 200)
    yield (
        "Backup/spring.zip",
        zipped(
            {
                "spring/EXMP0004.JPG": files[f"{CARD}/EXMP0004.JPG"],
                "spring/EXMP0009.JPG": photo(WALL.rotate(90, expand=True), new),
                "spring/ridges-pale.png": png(art.mountains(60, 320, 200, PALE)),
            }
        ),
    )
    yield (
        "Backup/old-phone.tar.gz",
        tarred(
            {
                "phone/IMG_0001.jpg": jpeg(art.lake(70, 400, 300, PALE)),
                "phone/IMG_0002.webp": saved(art.dunes(71, 400, 260), "WEBP", quality=80),
            }
        ),
    )
    whole = photo(GRAVEL.rotate(180), Shot("2024:06:02 14:22:08", (1, 250), (56, 10), 100))
    yield f"{CARD}/EXMP0005.JPG", whole[: len(whole) * 6 // 10]
    yield "Backup/cache0042.dat", jpeg(art.harbour(27, 400, 260))
    yield "Tools/copy-card.sh", b'#!/bin/sh\n# Copy the camera card.\ncp -rn "$1"/DCIM "$2"\n'
    yield "Tools/display.icc", profile()
    yield "Notes/shopping.txt", b"apples, pears, coffee\nnew card for the camera\n"
    yield "Notes/chime.wav", chime()


def photo(picture: Image.Image, shot: Shot) -> bytes:
    return jpeg(picture, block=exif(picture, shot))


def public_domain(name: str, box: Box | None = None, tint: str = "") -> Image.Image:
    """Return a picture of scikit-image (licences: examples/README.md), cut, grey ones tinted."""
    from skimage import data

    pixels = np.asarray(getattr(data, name)())
    picture = Image.fromarray(pixels)
    if tint:
        picture = ImageOps.colorize(picture.convert("L"), "#15110e", "#f6f0e4", mid=tint)
    return picture.crop(box) if box else picture


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def png(picture: Image.Image, **texts: str) -> bytes:
    """Return a PNG with one text chunk per name."""
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    return saved(picture, "PNG", pnginfo=info, optimize=True)


def zipped(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            row = zipfile.ZipInfo(name, (2024, 6, 10, 12, 0, 0))
            row.external_attr = 0o100644 << 16
            archive.writestr(row, data)
    return out.getvalue()


def tarred(members: Mapping[str, bytes]) -> bytes:
    import gzip

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            row = tarfile.TarInfo(name)
            row.size, row.mtime = len(data), 1_718_000_000
            archive.addfile(row, io.BytesIO(data))
    return gzip.compress(out.getvalue(), mtime=0)


def profile() -> bytes:
    """Return an sRGB profile, with its creation date fixed."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    data[24:36] = b"".join(n.to_bytes(2, "big") for n in (2024, 1, 1, 0, 0, 0))
    return bytes(data)


def chime() -> bytes:
    """Return a second of three notes, 8 kHz, 8 bits."""
    samples = bytearray()
    for i in range(8000):
        note = (523.25, 659.25, 783.99)[min(2, i * 3 // 8000)]
        fade = 1 - (i * 3 % 8000) / 8000
        samples.append(128 + round(70 * fade * math.sin(2 * math.pi * note * i / 8000)))
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes(samples))
    return out.getvalue()


COFFEE = public_domain("coffee")
CAT = public_domain("chelsea")
ROCKET = public_domain("rocket")
SKY = public_domain("hubble_deep_field").resize((500, 436), Image.Resampling.LANCZOS)
WALL = public_domain("brick", (0, 64, 512, 448), "#a05a40")
GRASS = public_domain("grass", (0, 0, 512, 384), "#6a8a3c")
GRAVEL = public_domain("gravel", (0, 128, 512, 512), "#8c8478")

if __name__ == "__main__":
    main()
