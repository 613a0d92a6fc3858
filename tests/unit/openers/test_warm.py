"""After ``warm`` an opener needs nothing from the disk: sealed workers can open nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

MAKE = """
import bz2, gzip, io, lzma, sys, tarfile, zipfile
from pathlib import Path
import py7zr, pyzipper
from backports import zstd

out = Path(sys.argv[1])
aes = {"id": py7zr.FILTER_CRYPTO_AES256_SHA256}
chains = {
    "default": None,
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "zstd": [{"id": py7zr.FILTER_ZSTD, "level": 3}],
    "brotli": [{"id": py7zr.FILTER_BROTLI, "level": 3}],
    "ppmd": [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 20}],
    "locked": [{"id": py7zr.FILTER_LZMA2, "preset": 1}, aes],
}
for name, chain in chains.items():
    password = "pw" if name == "locked" else None
    with py7zr.SevenZipFile(out / f"{name}.7z", "w", filters=chain, password=password) as archive:
        archive.writestr(b"hello" * 100, "a")
for method in (0, 8, 12, 14):
    with zipfile.ZipFile(out / f"{method}.zip", "w", method) as archive:
        archive.writestr("a\\u00fc", b"hello" * 100)
with pyzipper.AESZipFile(
    out / "aes.zip", "w", zipfile.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
) as archive:
    archive.setpassword(b"pw")
    archive.writestr("a", b"hello" * 100)
tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode="w") as archive:
    info = tarfile.TarInfo("a\\u00fc")
    info.size = 500
    archive.addfile(info, io.BytesIO(b"hello" * 100))
for name, pack in (("gz", gzip), ("bz2", bz2), ("xz", lzma), ("zst", zstd)):
    (out / f"tar.{name}").write_bytes(pack.compress(tar.getvalue()))
    (out / f"single.{name}").write_bytes(pack.compress(b"hello" * 100))
(out / "joined.jpg").write_bytes(b"\\xff\\xd8" + bytes(500) + (out / "aes.zip").read_bytes())
"""

READ = """
import sys
from pathlib import Path
from assay.core.blob import MemoryBlob
from assay.core.errors import NotApplicable
from assay.core.opening import Member, OpenContext
from assay.openers.registry import all_openers, openers_for

TYPES = {"7z": "application/x-7z-compressed", "zip": "application/zip", "gz": "application/gzip",
         "bz2": "application/x-bzip2", "xz": "application/x-xz", "zst": "application/zstd",
         "jpg": "image/jpeg"}
samples = {path.name: path.read_bytes() for path in Path(sys.argv[1]).iterdir()}
for opener in all_openers():
    opener.warm()


def sealed(event, arguments):
    if event in ("open", "import", "os.listdir", "os.scandir", "socket.__new__"):
        raise RuntimeError(f"{event} {arguments[0]} after the seal")


def read(opener, data):
    context = OpenContext((b"wrong", b"pw"))
    return [
        (entry.name, entry.open().read())
        for entry in opener.open(MemoryBlob(data), context)
        if isinstance(entry, Member)
    ]


sys.addaudithook(sealed)
for name, data in samples.items():
    for opener in openers_for(TYPES[name.rsplit(".", 1)[1]]):
        try:
            contents = read(opener, data)
        except NotApplicable:
            continue
        assert [content for _, content in contents] == [b"hello" * 100], (name, contents)
        break
    else:
        raise AssertionError(name)
print(len(samples))
"""


def run(script: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def test_nothing_is_imported_or_opened_after_the_warm_up(tmp_path: Path) -> None:
    run(MAKE, tmp_path)
    assert run(READ, tmp_path) == "21"
