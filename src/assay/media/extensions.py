"""What a file's extension promises, and whether its content keeps it.

Only extensions with one well-known meaning are listed; any other promises nothing. Names are
judged, never trusted: the type of a file comes from ``sniff``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_EMPTY = "inode/x-empty"
_BINARY = "application/octet-stream"
_MP4 = "video/mp4 video/quicktime video/3gpp video/3gpp2 audio/mp4"
_ZIP = "application/zip"
_OLE = "application/x-ole-storage application/x-ole-encrypted"
_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_PROGRAM = "application/vnd.microsoft.portable-executable application/x-dosexec"
_TIFF = "image/tiff"
_RAW = "image/tiff image/x-adobe-dng"
_EWF = "application/x-ewf"


@dataclass(frozen=True, slots=True)
class Promise:
    extensions: str  # separated by spaces, lower case
    label: str
    types: str  # what keeps the promise, separated by spaces


PROMISES = (
    Promise("jpg jpeg jpe jfif pjpeg", "a JPEG picture", "image/jpeg"),
    Promise("png apng", "a PNG picture", "image/png"),
    Promise("gif", "a GIF picture", "image/gif"),
    Promise("webp", "a WebP picture", "image/webp"),
    Promise("bmp dib", "a BMP picture", "image/bmp"),
    Promise("tif tiff", "a TIFF picture", f"{_RAW} image/x-nikon-nef image/x-sony-arw"),
    Promise("heic heif hif heics heifs", "an HEIF picture", "image/heic image/heif"),
    Promise("avif", "an AVIF picture", "image/avif image/heif"),
    Promise("jxl", "a JPEG XL picture", "image/jxl"),
    Promise("jp2 j2k jpx jpf", "a JPEG 2000 picture", "image/jp2 image/j2c"),
    Promise("psd psb", "a Photoshop picture", "image/vnd.adobe.photoshop"),
    Promise("ico cur", "an icon", "image/vnd.microsoft.icon image/png"),
    Promise("svg", "an SVG picture", "image/svg+xml text/xml application/gzip"),
    Promise("svgz", "a compressed SVG picture", "application/gzip image/svg+xml"),
    Promise("dng", "a raw photo", _RAW),
    Promise("cr2", "a raw photo", f"{_RAW} image/x-canon-cr2"),
    Promise("cr3", "a raw photo", "image/x-canon-cr3"),
    Promise("nef nrw", "a raw photo", f"{_RAW} image/x-nikon-nef"),
    Promise("arw sr2 srf", "a raw photo", f"{_RAW} image/x-sony-arw"),
    Promise("orf", "a raw photo", f"{_RAW} image/x-olympus-orf"),
    Promise("rw2", "a raw photo", f"{_RAW} image/x-panasonic-rw2"),
    Promise("raf", "a raw photo", "image/x-fuji-raf"),
    Promise("pef", "a raw photo", f"{_RAW} image/x-pentax-pef"),
    Promise("mp4 m4v mov qt 3gp 3g2 3gpp f4v m4a m4b insv", "an MP4 or QuickTime file", _MP4),
    Promise("mkv mka mks webm", "a Matroska file", "video/x-matroska video/webm"),
    Promise("avi", "an AVI video", "video/x-msvideo"),
    Promise("wmv wma asf", "a Windows Media file", "video/x-ms-asf"),
    Promise("flv", "a Flash video", f"video/x-flv {_MP4}"),
    Promise("mpg mpeg vob mpe", "an MPEG video", "video/mpeg video/mp2t"),
    Promise("m2ts mts", "an MPEG transport stream", "video/mp2t"),
    Promise("mp3", "an MP3 file", "audio/mpeg"),
    Promise("wav", "a WAV file", "audio/wav"),
    Promise("flac", "a FLAC file", "audio/flac"),
    Promise("ogg oga opus ogv", "an Ogg file", "audio/ogg video/ogg"),
    Promise("aac", "an AAC file", f"audio/aac audio/mpeg {_MP4}"),
    Promise("amr", "an AMR file", f"audio/amr audio/x-silk {_MP4}"),
    Promise("aif aiff aifc", "an AIFF file", "audio/aiff"),
    Promise("mid midi", "a MIDI file", "audio/midi"),
    Promise("pdf", "a PDF document", "application/pdf"),
    Promise("doc", "a Word document", f"application/msword {_OLE} application/rtf"),
    Promise("xls xlt", "an Excel document", f"application/vnd.ms-excel {_OLE}"),
    Promise("ppt pps", "a PowerPoint document", f"application/vnd.ms-powerpoint {_OLE}"),
    Promise("docx docm", "a Word document", f"{_OOXML}wordprocessingml.document {_ZIP} {_OLE}"),
    Promise("xlsx xlsm", "an Excel document", f"{_OOXML}spreadsheetml.sheet {_ZIP} {_OLE}"),
    Promise(
        "pptx pptm", "a PowerPoint document", f"{_OOXML}presentationml.presentation {_ZIP} {_OLE}"
    ),
    Promise("odt", "an OpenDocument text", f"{_ODF}text {_ZIP}"),
    Promise("ods", "an OpenDocument spreadsheet", f"{_ODF}spreadsheet {_ZIP}"),
    Promise("odp", "an OpenDocument presentation", f"{_ODF}presentation {_ZIP}"),
    Promise("epub", "an electronic book", f"application/epub+zip {_ZIP}"),
    Promise("msg", "an Outlook message", f"application/vnd.ms-outlook text/plain {_OLE}"),
    Promise("rtf", "an RTF document", "application/rtf"),
    Promise("rar", "a RAR archive", f"application/vnd.rar {_PROGRAM}"),
    Promise("7z", "a 7-Zip archive", "application/x-7z-compressed"),
    Promise("gz tgz", "a gzip file", "application/gzip"),
    Promise("bz2 tbz2", "a bzip2 file", "application/x-bzip2"),
    Promise("xz txz", "an xz file", "application/x-xz"),
    Promise("tar", "a tar archive", "application/x-tar"),
    Promise("cab", "a cabinet archive", "application/vnd.ms-cab-compressed"),
    Promise("sqlite sqlite3", "a SQLite database", "application/vnd.sqlite3"),
    Promise("e01 ex01 l01 lx01", "an evidence image", _EWF),
    Promise("exe dll sys ocx scr com", "a Windows program", _PROGRAM),
    Promise("so", "a Linux library", "application/x-elf text/plain"),
    Promise("class", "a Java class", "application/java-vm"),
    Promise("ttf otf ttc", "a font", "font/ttf font/otf font/collection"),
    Promise("woff", "a font", "font/woff font/ttf font/otf"),
    Promise("woff2", "a font", "font/woff2"),
)
# Extensions of data that is no picture: any content keeps the promise but pictures, video, sound.
_OTHER_DATA = "dat bin db log ini cfg conf sav lst idx inf reg lnk pf"
_TEXTS = "txt text csv tsv md json xml html htm js css py sh bat cmd ps1 c h cpp java sql yml yaml"
_ZIP_NAMES = "zip jar apk ipa ufdr kmz"
_TEXT_TYPES = frozenset(
    {
        "application/json",
        "application/x-plist",
        "application/x-office-part",
        "application/x-epub-part",
        "application/rdf+xml",
        "application/x-pem-file",
        "application/rtf",
        "application/mbox",
        "application/x-mimearchive",
        "application/pgp-encrypted",
        "application/postscript",
        "message/rfc822",
        "image/svg+xml",
        "application/octet-stream",
    }
)
_BY_EXTENSION = {
    extension: (promise.label, frozenset(promise.types.split()))
    for promise in PROMISES
    for extension in promise.extensions.split()
}


def disagrees(name: str, media_type: str) -> str | None:
    """Return a sentence where a name promises another type than ``media_type``; else None.

    A picture, video or sound under the name of text or other data is a disagreement, too: it is
    how they are hidden. Content that no type is known for breaks a promise as well.
    """
    extension = _extension(name)
    if not extension:
        return None
    if media_type == _EMPTY:
        return _empty(extension)
    if extension in _BY_EXTENSION:
        label, types = _BY_EXTENSION[extension]
        return None if media_type in types else _sentence(extension, label, media_type)
    for extensions, label, keeps in _GROUPS:
        if extension in extensions:
            return None if keeps(media_type) else _sentence(extension, label, media_type)
    return None


def _empty(extension: str) -> str | None:
    """An empty file keeps no promise of a picture, video or sound; other names promise none."""
    label, types = _BY_EXTENSION.get(extension, ("", frozenset()))
    promised = any(_is_media(media_type) for media_type in types)
    return _sentence(extension, label, _EMPTY) if promised else None


def _extension(name: str) -> str:
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    stem, dot, extension = base.rstrip(" .").rpartition(".")
    return extension.lower() if dot and stem and len(extension) <= 8 else ""


def _sentence(extension: str, label: str, media_type: str) -> str:
    content = "of no known type" if media_type == _BINARY else media_type
    return f"the name ends in .{extension} ({label}), the content is {content}"


def _is_media(media_type: str) -> bool:
    return media_type.partition("/")[0] in ("image", "video", "audio")


def _keeps_text(media_type: str) -> bool:
    return media_type.startswith("text/") or media_type in _TEXT_TYPES


def _keeps_zip(media_type: str) -> bool:
    return media_type.endswith(("zip", "-archive", "x-ios-app", "x-aff4")) or media_type.startswith(
        (_OOXML, _ODF)
    )


_GROUPS: tuple[tuple[frozenset[str], str, Callable[[str], bool]], ...] = (
    (frozenset(_TEXTS.split()), "a text", _keeps_text),
    (frozenset(_OTHER_DATA.split()), "other data", lambda kind: not _is_media(kind)),
    (frozenset(_ZIP_NAMES.split()), "a ZIP archive", _keeps_zip),
)
