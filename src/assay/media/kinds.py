"""Which kinds of file hold no pictures, sound or chats, and which hold them without being pictures.

``NO_PICTURES`` is the table of DESIGN §5, lane rule c: doubt keeps a kind out of it. The content
examiner still looks inside such a file for something appended or embedded.
"""

from __future__ import annotations

from collections.abc import Mapping

from assay.media.sniff import EMPTY

# Plain text, JSON, HTML, XML, CSV, mail and databases are not here: each can be a chat, and a note
# is as often a chat log as a manual. Nor are property lists and registry hives. A script with a
# "#!" line is: whoever runs it sees a program; source code without that line is plain text to us.
# Archives of code (JAR, APK, static libraries) are containers and judged by their members.
NO_PICTURES: Mapping[str, str] = {
    EMPTY: "an empty file",
    "application/vnd.microsoft.portable-executable": "a Windows program or library",
    "application/x-dosexec": "a DOS program",
    "application/x-elf": "a Linux program or library",
    "application/x-mach-binary": "a macOS program or library",
    "application/java-vm": "a Java class",
    "application/x-python-bytecode": "compiled Python code",
    "application/x-lua-bytecode": "compiled Lua code",
    "application/x-dex": "compiled Android code",
    "application/x-llvm-bitcode": "compiled code",
    "application/wasm": "a WebAssembly module",
    "application/x-pdb": "debugging symbols of a program",
    "application/x-prefetch": "a Windows record of a program start",
    "application/x-gettext-translation": "the translated texts of a program",
    "application/tzif": "a time-zone table",
    "application/x-sqlite-shm": "the index of a SQLite journal",
    "application/vnd.iccprofile": "a colour profile",
    "application/x-office-part": "a part of an Office package that holds no text or pictures",
    "application/x-epub-part": "a part of an electronic book that holds no text or pictures",
    "application/x-thumbcache-index": "the index of a Windows thumbnail cache",
    "font/ttf": "a font",
    "font/otf": "a font",
    "font/collection": "a collection of fonts",
    "font/woff": "a font",
    "font/woff2": "a font",
    "text/x-python": "a Python script",
    "text/x-perl": "a Perl script",
    "text/x-ruby": "a Ruby script",
    "text/x-shellscript": "a shell script",
    "text/x-tcl": "a Tcl script",
    "text/x-script": "a script",
}

_RAW = "a raw photo; its full picture is not decoded yet"
_DISK = "an image of a disk"
_LOCKED = "a locked store"
_DOCUMENT = "a document"
_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."

HOLDS_PICTURES: Mapping[str, str] = {
    # pictures that are not decoded
    "image/svg+xml": "a vector picture; it is not drawn",
    "image/vnd.adobe.photoshop": "the layers of a Photoshop picture",
    "image/jxl": "a JPEG XL picture",
    "image/x-ani": "an animated cursor",
    "image/bpg": "a BPG picture",
    "image/jxr": "a JPEG XR picture",
    "image/x-xcf": "a GIMP picture",
    "image/vnd.djvu": "a DjVu document",
    "image/x-exr": "an OpenEXR picture",
    "image/vnd.radiance": "a Radiance picture",
    "image/emf": "a Windows metafile",
    "image/wmf": "a Windows metafile",
    "image/x-ilbm": "an ILBM picture",
    "image/x-adobe-dng": _RAW,
    "image/x-canon-cr2": _RAW,
    "image/x-canon-cr3": _RAW,
    "image/x-canon-crw": _RAW,
    "image/x-nikon-nef": _RAW,
    "image/x-sony-arw": _RAW,
    "image/x-pentax-pef": _RAW,
    "image/x-samsung-srw": _RAW,
    "image/x-olympus-orf": _RAW,
    "image/x-panasonic-rw2": _RAW,
    "image/x-fuji-raf": _RAW,
    "image/x-sigma-x3f": _RAW,
    # documents, mail and stores
    "application/pdf": "a PDF document",
    "application/postscript": "a PostScript document",
    "application/rtf": _DOCUMENT,
    "application/msword": _DOCUMENT,
    "application/vnd.ms-excel": "a spreadsheet",
    "application/vnd.ms-powerpoint": "a presentation",
    "application/x-ole-storage": "a compound document",
    "application/x-indesign": _DOCUMENT,
    "application/onenote": "a notebook",
    "application/vnd.ms-htmlhelp": "a help file",
    "application/x-mobipocket-ebook": "an electronic book",
    "application/epub+zip": "an electronic book",
    _OOXML + "wordprocessingml.document": _DOCUMENT,
    _OOXML + "spreadsheetml.sheet": "a spreadsheet",
    _OOXML + "presentationml.presentation": "a presentation",
    _ODF + "text": _DOCUMENT,
    _ODF + "spreadsheet": "a spreadsheet",
    _ODF + "presentation": "a presentation",
    _ODF + "graphics": "a drawing",
    "application/vnd.android.package-archive": "an Android app",
    "application/java-archive": "a Java archive",
    "application/x-ios-app": "an iOS app",
    "message/rfc822": "an e-mail",
    "application/mbox": "a mailbox",
    "application/x-mimearchive": "a saved web page",
    "application/vnd.ms-outlook": "an Outlook message",
    "message/x-emlx": "an e-mail",
    "application/vnd.ms-tnef": "the attachments of an Outlook message",
    "application/vnd.ms-outlook-pst": "an Outlook mailbox",
    "application/x-thumbs-db": "a Windows thumbnail store",
    "application/x-thumbcache": "a Windows thumbnail cache",
    "application/vnd.sqlite3": "a SQLite database",
    "application/x-sqlite-wal": "the journal of a SQLite database",
    "application/x-sqlite-journal": "the journal of a SQLite database",
    "application/x-chromium-cache-entry": "an entry of a browser's cache",
    "application/x-chromium-cache-block": "a part of a browser's cache",
    "application/x-ese-database": "an ESE database",
    "application/x-msaccess": "an Access database",
    "application/x-bplist": "a binary property list",
    "application/x-segb": "an Apple event stream",
    # archives and packages
    "application/zip": "an archive",
    "application/vnd.rar": "a RAR archive",
    "application/x-7z-compressed": "an archive",
    "application/x-tar": "an archive",
    "application/gzip": "a compressed file",
    "application/x-bzip2": "a compressed file",
    "application/x-xz": "a compressed file",
    "application/zstd": "a compressed file",
    "application/x-lzma": "a compressed file",
    "application/x-lz4": "a compressed file",
    "application/x-lzip": "a compressed file",
    "application/x-compress": "a compressed file",
    "application/vnd.ms-cab-compressed": "a cabinet archive",
    "application/x-archive": "an ar archive or static library",
    "application/vnd.debian.binary-package": "a software package",
    "application/x-rpm": "a software package",
    "application/x-xar": "an archive",
    "application/x-cpio": "an archive",
    "application/x-arj": "an archive",
    "application/x-lzh": "an archive",
    "application/x-stuffit": "an archive",
    "application/x-android-backup": "a backup of an Android device",
    # disks
    "application/x-raw-disk-image": _DISK,
    "application/x-iso9660-image": "an image of an optical disc",
    "application/x-ms-wim": _DISK,
    "application/x-squashfs": "a file system image",
    "application/x-ewf": _DISK,
    "application/x-aff": _DISK,
    "application/x-aff4": _DISK,
    "application/x-ad1": "a logical evidence image",
    "application/x-vhd": _DISK,
    "application/x-vhdx": _DISK,
    "application/x-vmdk": _DISK,
    "application/x-qcow2": _DISK,
    "application/x-vdi": _DISK,
    # locked
    "application/x-luks": _LOCKED,
    "application/x-bitlocker": _LOCKED,
    "application/x-apple-encrypted-image": _LOCKED,
    "application/x-keepass": "a password store",
    "application/pgp-encrypted": _LOCKED,
    "application/x-age-encrypted": _LOCKED,
    "application/x-openssl-encrypted": _LOCKED,
    "application/x-ole-encrypted": "an encrypted Office document",
}

# Raw photographs: only their previews are decoded.
RAWS = frozenset(t for t, label in HOLDS_PICTURES.items() if label == _RAW)

# Everything that is a ZIP file underneath, whatever it is called.
ZIP_BASED = frozenset(
    {
        "application/zip",
        "application/epub+zip",
        "application/vnd.android.package-archive",
        "application/java-archive",
        "application/x-ios-app",
        "application/x-aff4",
        *(t for t in HOLDS_PICTURES if t.startswith((_OOXML, _ODF))),
    }
)
# Kinds whose content a person reads as text, where a picture may hide as base64.
TEXTS = frozenset(
    {"application/json", "application/x-plist", "application/rdf+xml", "application/x-pem-file"}
)


def is_picture(media_type: str) -> bool:
    """Tell whether a type is a still or animated picture."""
    return media_type.startswith("image/")


def is_video(media_type: str) -> bool:
    """Tell whether a type is a video."""
    return media_type.startswith("video/") or media_type == "application/vnd.rn-realmedia"


FIRST_LOOK = 16  # frames sampled of a moving picture unless the operator asks for more
_CAN_MOVE = frozenset(
    {
        "image/gif",
        "image/webp",
        "image/apng",
        "image/png",
        "image/tiff",
        "image/heic",
        "image/heif",
        "image/heic-sequence",
        "image/heif-sequence",
        "image/avif",
        "image/avif-sequence",
    }
)


def can_move(media_type: str) -> bool:
    """Tell whether a type can hold several frames or pages that are sampled."""
    return is_video(media_type) or media_type in _CAN_MOVE


def is_audio(media_type: str) -> bool:
    """Tell whether a type is sound alone."""
    return media_type.startswith("audio/")


def is_text(media_type: str) -> bool:
    """Tell whether a type is read as text."""
    return media_type.startswith("text/") or media_type in TEXTS
