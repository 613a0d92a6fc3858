"""Well-known XMP namespaces and the prefix that Assay shows for each.

A file may bind any prefix to a namespace; the namespace decides, not the prefix.
Sources: ISO 16684-1 and Adobe's XMP specification parts 1-3; IPTC Photo Metadata 2025.1;
exiftool.org/TagNames/XMP.html for vendors' own; GB 45438-2025 for TC260.
"""

from __future__ import annotations

from collections.abc import Mapping

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML = "http://www.w3.org/XML/1998/namespace"
META = "adobe:ns:meta/"

PREFIXES: Mapping[str, str] = {
    RDF: "rdf",
    XML: "xml",
    META: "x",
    # ISO 16684-1
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://ns.adobe.com/xap/1.0/bj/": "xmpBJ",
    "http://ns.adobe.com/xap/1.0/t/pg/": "xmpTPg",
    "http://ns.adobe.com/xap/1.0/g/": "xmpG",
    "http://ns.adobe.com/xap/1.0/g/img/": "xmpGImg",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
    "http://ns.adobe.com/xap/1.0/sType/ResourceRef#": "stRef",
    "http://ns.adobe.com/xap/1.0/sType/Dimensions#": "stDim",
    "http://ns.adobe.com/xap/1.0/sType/Font#": "stFnt",
    "http://ns.adobe.com/xap/1.0/sType/ManifestItem#": "stMfs",
    "http://ns.adobe.com/xmp/sType/Area#": "stArea",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://ns.adobe.com/xmp/1.0/DynamicMedia/": "xmpDM",
    "http://ns.adobe.com/xmp/identifier/qual/1.0/": "xmpidq",
    # Adobe
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/camera-raw-settings/1.0/": "crs",
    "http://ns.adobe.com/camera-raw-saved-settings/1.0/": "crss",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
    "http://ns.adobe.com/pdfx/1.3/": "pdfx",
    "http://ns.adobe.com/creatorAtom/1.0/": "creatorAtom",
    "http://ns.adobe.com/swf/1.0/": "swf",
    "http://ns.adobe.com/illustrator/1.0/": "illustrator",
    "http://ns.adobe.com/album/1.0/": "album",
    "http://ns.adobe.com/hdr-metadata/1.0/": "hdr_metadata",
    "http://ns.adobe.com/hdr-gain-map/1.0/": "hdrgm",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://cipa.jp/exif/1.0/exifEX": "exifEX",
    "http://cipa.jp/exif/1.0/exifEX/": "exifEX",
    # IPTC, PLUS, C2PA
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://ns.useplus.org/ldf/xmp/1.0/": "plus",
    "http://purl.org/dc/terms/": "dcterms",
    "http://prismstandard.org/namespaces/basic/2.0/": "prism",
    "http://ns.google.com/photos/1.0/container/": "Container",
    "http://ns.google.com/photos/1.0/container/item/": "Item",
    # Google, Apple, Microsoft, Samsung
    "http://ns.google.com/photos/1.0/camera/": "GCamera",
    "http://ns.google.com/photos/1.0/image/": "GImage",
    "http://ns.google.com/photos/1.0/audio/": "GAudio",
    "http://ns.google.com/photos/1.0/depthmap/": "GDepth",
    "http://ns.google.com/photos/1.0/focus/": "GFocus",
    "http://ns.google.com/photos/1.0/panorama/": "GPano",
    "http://ns.google.com/photos/1.0/creations/": "GCreations",
    "http://ns.google.com/photos/dd/1.0/device/": "Device",
    "http://ns.google.com/videos/1.0/spherical/": "GSpherical",
    "http://ns.apple.com/HDRGainMap/1.0/": "HDRGainMap",
    "http://ns.apple.com/pixeldatainfo/1.0/": "apdi",
    "http://ns.apple.com/faceinfo/1.0/": "apple_fi",
    "http://ns.apple.com/adjustment-settings/1.0/": "aas",
    "http://ns.microsoft.com/photo/1.0": "MicrosoftPhoto",
    "http://ns.microsoft.com/photo/1.0/": "MicrosoftPhoto",
    "http://ns.microsoft.com/photo/1.2/": "MP",
    "http://ns.microsoft.com/photo/1.2/t/RegionInfo#": "MPRI",
    "http://ns.microsoft.com/photo/1.2/t/Region#": "MPReg",
    # Applications
    "http://www.digikam.org/ns/1.0/": "digiKam",
    "http://www.digikam.org/ns/kipi/1.0/": "kipi",
    "http://darktable.sf.net/": "darktable",
    "http://www.gimp.org/ns/2.10/": "GIMP",
    "http://www.gimp.org/xmp/": "GIMP",
    "http://ns.acdsee.com/iptc/1.0/": "acdsee",
    "http://ns.acdsee.com/sType/rpp/1.0/": "acdsee_rpp",
    "http://ns.camerabits.com/photomechanic/1.0/": "photomechanic",
    "http://www.metadataworkinggroup.com/schemas/regions/": "mwg-rs",
    "http://www.metadataworkinggroup.com/schemas/keywords/": "mwg-kw",
    "http://www.metadataworkinggroup.com/schemas/collections/": "mwg-coll",
    "http://ns.nikon.com/nine/1.0/": "nine",
    "http://ns.nikon.com/microsoft/1.0": "nikon",
    "http://www.dji.com/drone-dji/1.0/": "drone-dji",
    "http://pix4d.com/camera/1.0": "Camera",
    "http://pix4d.com/camera/1.0/": "Camera",
    "http://ns.fastpictureviewer.com/fpv/1.0/": "fpv",
    "http://ns.attribution.com/ads/1.0/": "Attrib",  # Facebook and Canva exports
    "http://ns.exiftool.org/1.0/": "ExifTool",
    # Labels of generated content
    "http://www.tc260.org.cn/ns/AIGC/1.0/": "TC260",
    "http://www.tc260.org.cn/ns/AIGC/1.0": "TC260",
}
