"""Which programs change pictures, which only carry them, and where a file names them.

A name in a file is a claim of level E at best; a device's firmware or a transfer tool is none.
Names as these programs write them: exiftool.org/TagNames (Software, CreatorTool), the files of
ianare/exif-samples and drewnoakes/metadata-extractor-images, and each program's manual.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.slots import SlotKind, Walk
from assay.media.iptc import read_iptc
from assay.media.tiff import read_exif
from assay.media.xmp import read_xmp

_MAX_NAMED = 16


@dataclass(frozen=True, slots=True)
class Program:
    """A program by the pattern that its name follows (matched anywhere, ignoring case)."""

    pattern: str
    name: str


# They change pixels on the user's word. Windows Photo Editor, ACDSee and Bridge are listed with
# the editors by forensic practice. Picasa writes its name when it saves anything, a caption too
# (newbetuts.com/34839); an import leaves the bytes alone, so the name means at least a re-save.
EDITORS = (
    Program(r"photoshop", "Adobe Photoshop"),
    Program(r"lightroom", "Adobe Lightroom"),
    Program(r"adobe (camera raw|photo camera raw)", "Adobe Camera Raw"),
    Program(r"adobe bridge", "Adobe Bridge"),
    Program(r"adobe (express|spark|fireworks|illustrator|indesign|imageready)", "Adobe"),
    Program(r"\bgimp\b", "GIMP"),
    Program(r"\bkrita\b", "Krita"),
    Program(r"\binkscape\b", "Inkscape"),
    Program(r"darktable", "darktable"),
    Program(r"rawtherapee", "RawTherapee"),
    Program(r"\bufraw\b", "UFRaw"),
    Program(r"digikam|showfoto", "digiKam"),
    Program(r"paint\.net|\bpaint shop|paintshop|corel", "Paint program"),
    Program(r"photo-?paint|photoimpact|photodraw|photosuite|photostudio", "Photo program"),
    Program(r"affinity", "Affinity Photo"),
    Program(r"capture one|captureone|phase one", "Capture One"),
    Program(r"\bdxo|nik collection|silver efex|color efex", "DxO"),
    Program(r"luminar|skylum|aurora hdr", "Luminar"),
    Program(r"topaz", "Topaz"),
    Program(r"pixelmator", "Pixelmator"),
    Program(r"\bacorn\b|graphicconverter", "macOS editor"),
    Program(r"\baperture \d|\biphoto\b", "Apple Aperture or iPhoto"),
    Program(r"acdsee|acd systems", "ACDSee"),
    Program(r"windows photo editor|microsoft photo editor|microsoft office picture", "Microsoft"),
    Program(r"picasa", "Picasa"),
    Program(r"snapseed", "Snapseed"),
    Program(r"picsart", "PicsArt"),
    Program(r"\bvsco", "VSCO"),
    Program(r"facetune|lightricks", "Facetune"),
    Program(r"faceapp", "FaceApp"),
    Program(r"faceswap|face swap|reface\b|deepfacelab|facefusion|roop\b", "Face swap program"),
    Program(r"meitu|beautyplus|b612|\bfaceu\b|youcam|airbrush\b|remini", "Beauty program"),
    Program(r"photodirector|photolab|photoscape|photofiltre|photomator", "Photo program"),
    Program(r"canva\b", "Canva"),
    Program(r"fotor\b|befunky|pixlr|polarr|photopea|picmonkey|ribbet", "Web editor"),
    Program(r"\binshot|capcut|afterlight|prequel|lensa\b|photoroom", "Phone editor"),
    Program(r"helicon|zerene|photomatix|easyhdr|hdr efex|oloneo", "Stacking or HDR program"),
    Program(r"hugin|ptgui|autopano|image composite editor", "Panorama program"),
    Program(r"silkypix|nx studio|capture nx|viewnx|digital photo professional", "Raw developer"),
    Program(r"imagemagick|graphicsmagick", "ImageMagick"),
    Program(r"irfanview|xnview|gougelet|faststone|fsviewer|shotwell", "Viewer with editor"),
    Program(r"noise ninja|neat image|perfectly clear|athentech|imagenomic", "Enhancer"),
    Program(r"\bseashore\b|photoplus|zoner|magix|ashampoo|movavi|photoworks", "Photo program"),
)

# They copy, rotate without loss or only name the system: no statement that a picture was changed.
CARRIERS = (
    Program(r"quicktime", "QuickTime (import by Image Capture)"),
    Program(r"nikon transfer|camera ?window|zoombrowser|imagebrowser", "import tool"),
    Program(r"camedia|olympus (master|viewer)|finepix ?viewer", "import tool"),
    Program(r"pmb|picturemotion|picture ?project|ofotonow", "import tool"),
    Program(r"windows photo (viewer|gallery)|windows live photo", "Windows viewer"),
    Program(r"microsoft windows|windows (7|8|10|11)\b", "Windows"),
    Program(r"image capture|apple image", "Image Capture"),
)


@dataclass(frozen=True, slots=True)
class Named:
    """A program named in a file."""

    tool: str  # as the file writes it, shortened
    name: str  # the program's plain name
    field: str  # "EXIF Software", "XMP xmp:CreatorTool", …
    locator: str


_COMPILED = tuple((re.compile(row.pattern, re.IGNORECASE), row.name) for row in EDITORS)
_CARRIED = tuple(re.compile(row.pattern, re.IGNORECASE) for row in CARRIERS)
_EXIF_FIELDS = (
    "Software",
    "ProcessingSoftware",
    "ImageEditor",
    "ImageEditingSoftware",
    "RAWDevelopingSoftware",
)
_XMP_FIELDS = (
    "xmp:CreatorTool",
    "tiff:Software",
    "exif:Software",
    "exifEX:ImageEditingSoftware",
    "xmpMM:History/stEvt:softwareAgent",
    "photoshop:History",
    "creatorAtom:windowsAtom",
)
# PNG keyword (W3C PNG 11.3.3.2), QuickTime key and user data (QuickTime File Format)
_TEXT_KEYS = frozenset({"software", "com.apple.quicktime.software", "©swr"})
# JPEG comments and PNG keywords where programs sign: "Created with GIMP"
_VERSION = re.compile(r"^\d{1,2}(\.\d{1,2}){1,3}$", re.ASCII)  # "14.4.2": a system, no program
_SIGNED = re.compile(r"^(created with|edited with|made with|processed by)\b", re.IGNORECASE)


def editor_name(text: str) -> str | None:
    """Return the plain name of the editor that a text names; None for firmware and carriers."""
    text = text[:300]
    for pattern, name in _COMPILED:
        if pattern.search(text):
            return name
    return None


def is_carrier(text: str) -> bool:
    """Tell whether a text names a transfer tool or system rather than a device's firmware."""
    return any(pattern.search(text[:300]) for pattern in _CARRIED)


def editors(walk: Walk) -> tuple[Named, ...]:
    """Return the editors that a file names, each once, in the order of its slots."""
    found: dict[str, Named] = {}
    for field, text, locator in _statements(walk):
        name = editor_name(text)
        if name is not None and name not in found and len(found) < _MAX_NAMED:
            found[name] = Named(text.strip()[:120], name, field, locator)
    return tuple(found.values())


def gallery(walk: Walk) -> Named | None:
    """Return the phone's own gallery, where it names itself as the writer of a cut picture.

    XMP part 1, 8.4: ``xmp:CreatorTool`` is "the first known tool used to create the resource".
    In a picture that iOS renders anew (a crop or an adjustment in Photos) its image library turns
    the EXIF block into an XMP packet, the software version into CreatorTool and the time into
    ``xmp:ModifyDate``; a packet of the camera itself holds neither. An export without a change
    goes the same way, so this names an editor only beside a picture that looks cut: ask for it
    there alone.
    """
    exifs = [read_exif(slot.data) for slot in walk.slots if slot.kind is SlotKind.EXIF]
    exif = next((exif for exif in exifs if exif.text("Make", "IFD0") == "Apple"), None)
    version = exif.text("Software", "IFD0") if exif is not None else None
    if version is None or not _VERSION.match(version):
        return None
    for slot in walk.slots:
        if slot.kind is not SlotKind.XMP:
            continue
        xmp = read_xmp(slot.data)
        if xmp.first("xmp:CreatorTool") == version and xmp.first("xmp:ModifyDate"):
            return Named(f"iOS {version}", "Apple Photos", "XMP xmp:CreatorTool", slot.locator)
    return None


def _statements(walk: Walk) -> Iterator[tuple[str, str, str]]:
    for slot in walk.slots:
        if slot.kind is SlotKind.EXIF:
            exif = read_exif(slot.data)
            for name in _EXIF_FIELDS:
                if text := exif.text(name):
                    yield f"EXIF {name}", text, slot.locator
        elif slot.kind is SlotKind.XMP:
            properties = read_xmp(slot.data).properties
            for name in _XMP_FIELDS:
                for text in properties.get(name, ())[:64]:
                    yield f"XMP {name}", text, slot.locator
            if properties.get("crs:HasSettings", ("",))[0].lower() == "true":
                yield "XMP crs:HasSettings", "Adobe Camera Raw settings", slot.locator
        elif slot.kind is SlotKind.IPTC:
            for text in read_iptc(slot.data).get("OriginatingProgram", ()):
                yield "IPTC OriginatingProgram", text, slot.locator
        elif slot.kind in (SlotKind.TEXT, SlotKind.COMMENT):
            text = slot.data[:300].decode("utf-8", "replace").strip("\0 \r\n")
            if slot.key.lower() in _TEXT_KEYS or _SIGNED.match(text):
                yield slot.key or slot.mechanism, text, slot.locator
